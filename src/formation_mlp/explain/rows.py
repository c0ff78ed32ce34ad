"""The rows of a finished run, featurized again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.features.engine.table import featurize
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.targets.task import labels
from formation_mlp.typing import Floats, Progress


@dataclass(frozen=True, slots=True)
class RunRows:
    """``n`` rows of a run with their features.

    Attributes
    ----------
    formulas : as written, ``[n]``
    compositions : ``[n]``
    X : features in the order of the model's feature names, ``[n, d]``
    y : labels, eV/atom, or 0 and 1, ``[n]``
    """

    formulas: tuple[str, ...]
    compositions: Compositions
    X: Floats
    y: Floats

    def __len__(self) -> int:
        return len(self.y)

    def sample(self, most: int, seed: int) -> RunRows:
        """Return ``most`` of the rows, drawn without replacement, or all if there are no more."""
        if len(self) <= most:
            return self
        rows = np.sort(np.random.default_rng(seed).choice(len(self), most, replace=False))
        formulas = tuple(self.formulas[i] for i in rows)
        return RunRows(formulas, self.compositions.take(rows), self.X[rows], self.y[rows])


def featurized_rows(
    folder: str | Path,
    predictor: Predictor,
    parts: Sequence[str] = ("train", "val"),
    progress: Progress | None = None,
) -> dict[str, RunRows]:
    """Read the rows of a finished run where its configuration says they are, and describe some parts of them.

    Parameters
    ----------
    folder
        Of the run.
    predictor
        The model of the run.
    parts
        Of ``train``, ``val`` and ``test``.
    progress
        As in `formation_mlp.features.engine.table.featurize`.

    Raises
    ------
    CheckpointError
        If the folder is no finished run, or its rows have changed since.
    DataError
        If the rows are no longer where the configuration says.
    """
    from formation_mlp.runs.finished_rows import rows_of_run  # it brings torch

    config, dataset, rows = rows_of_run(folder, predictor.checkpoint.config)
    index = np.array([row for part in parts for row in rows[part]], np.int64)
    chosen = dataset.take(index)
    table = featurize(chosen, config.features, progress=progress)
    y = labels(config.task, chosen.y)
    found, start = {}, 0
    for part in parts:
        own = np.arange(start, start := start + len(rows[part]))
        formulas = tuple(chosen.formulas[i] for i in own)
        found[part] = RunRows(formulas, chosen.materials.compositions.take(own), table.X[own], y[own])
    return found
