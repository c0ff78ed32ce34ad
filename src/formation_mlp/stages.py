"""The stages before training: rows, descriptors, parts, scalers. And after it: the model that is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formation_mlp.checkpoint import Checkpoint, package_versions
from formation_mlp.config import Config
from formation_mlp.data.dataset import invalid_rows, load_dataset
from formation_mlp.data.records import Dataset, LeftOut
from formation_mlp.errors import ConfigError, DataError
from formation_mlp.features.costly import Progress
from formation_mlp.features.table import FeatureTable, featurize
from formation_mlp.materials.elements import SYMBOLS
from formation_mlp.scaler import FeatureScaler
from formation_mlp.split import Split, make_split
from formation_mlp.tasks import Task, labels
from formation_mlp.training.network import NetworkTraining

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Rows, descriptors, parts and what was fitted on the train rows.

    ``y`` are the labels: eV/atom, or 0 and 1.
    """

    config: Config
    dataset: Dataset
    table: FeatureTable
    split: Split
    scaler: FeatureScaler
    task: Task
    y: Floats

    def part(self, name: str) -> tuple[Floats, Floats]:
        """Return descriptors and labels of ``train``, ``val`` or ``test``."""
        rows = getattr(self.split, name)
        return self.table.X[rows], self.y[rows]


def prepare(
    config: Config,
    dataset: Dataset,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Prepared:
    """Describe, divide and scale the rows; everything that is fitted sees train rows only.

    The keywords are those of `formation_mlp.features.table.featurize`.
    """
    table = featurize(dataset.materials, config.features, workers=workers, scheduler=scheduler, progress=progress)
    dataset, table = _without_failures(dataset, table, config)
    split = make_split(dataset, config.split, config.seed)
    y = labels(config.task, dataset.y)
    scaler = FeatureScaler.fit(table.X[split.train], table.names)
    task = Task.fit(config.task, y[split.train])
    return Prepared(config, dataset, table, split, scaler, task, y)


def load_rows(config: Config) -> Dataset:
    """Read the rows of a configuration."""
    if (config.split.method == "column") != (config.split.column is not None):
        raise ConfigError("split: the method 'column' and the key split.column belong together; give both or neither.")
    return load_dataset(config.data, config.task, config.split.column)


def network_training(prepared: Prepared) -> NetworkTraining:
    """Return the network of the configuration, ready to be trained on the prepared rows."""
    config = prepared.config
    (X, y), (X_val, y_val) = prepared.part("train"), prepared.part("val")
    scaler, task = prepared.scaler, prepared.task
    return NetworkTraining(X, y, X_val, y_val, scaler, task, config.model, config.training, config.seed)


def checkpoint(prepared: Prepared, job: NetworkTraining, part_scores: Mapping[str, Any]) -> Checkpoint:
    """Return the best model so far with all that prediction needs."""
    compositions = prepared.dataset.materials.compositions.take(prepared.split.train)
    counts = np.bincount(compositions.z, minlength=len(SYMBOLS))
    elements = {SYMBOLS[z]: int(counts[z]) for z in np.flatnonzero(counts)}
    return Checkpoint(
        prepared.config.model_dump(),
        prepared.dataset.target,
        prepared.scaler,
        prepared.task.target_scaler,
        job.best_weights,
        elements,
        dict(part_scores),
        package_versions(),
    )


def _without_failures(dataset: Dataset, table: FeatureTable, config: Config) -> tuple[Dataset, FeatureTable]:
    if not table.failures:
        return dataset, table
    rows = [(dataset.ids[i], reason) for i, reason in table.failures.items()]
    if config.data.invalid == "error":
        raise DataError(invalid_rows(config.data.path, rows))
    keep = [i for i in range(len(dataset)) if i not in table.failures]
    if not keep:
        raise DataError(f"{config.data.path}: no row can be described; the first: {rows[0][1]}")
    note = f"{len(rows)} rows cannot be described and are left out; the report names them"
    dataset = dataset.take(keep, [LeftOut(*row) for row in rows], [note])
    return dataset, replace(table, X=table.X[keep], failures={}, ids=dataset.ids)
