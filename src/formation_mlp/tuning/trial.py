"""One network of a search: what it needs, and its training."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from formation_mlp.config.schema import Config, TuneConfig
from formation_mlp.config.search_space import Parameter, with_values
from formation_mlp.data.records import Dataset
from formation_mlp.errors import ConfigError, DataError, TrainingError
from formation_mlp.runs.prepare import Prepared, network_training
from formation_mlp.splits.methods import Split
from formation_mlp.training.state import EpochRecord
from formation_mlp.tuning.store import Trial, TrialStore


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """A trial to be trained.

    Attributes
    ----------
    trial : with its values
    config : of its network
    tune : section of the search
    rows : which of the tables of `prepare_rows` it needs
    store : the file where its epochs are written
    """

    trial: Trial
    config: Config
    tune: TuneConfig
    rows: str
    store: Path


def prepare_rows(
    config: Config, parameters: Sequence[Parameter], prepare: Callable[[Config], Prepared]
) -> dict[str, Prepared]:
    """Return rows and features for each list of presets that a trial can have, by its JSON.

    Parameters
    ----------
    config : of the search
    parameters : what is searched
    prepare : returns the rows for the features of a configuration

    Raises
    ------
    DataError
        If one list featurizes rows that another one cannot: their scores would not compare.
    """
    lists = [config.features, *(value for p in parameters if p.key == "features" for value in p.values)]
    configs = {_key(features): with_values(config, {"features": features}) for features in lists}
    found = {key: without_test_rows(prepare(own)) for key, own in configs.items()}
    first, *others = found.items()
    for key, prepared in others:
        differing = set(first[1].dataset.ids) ^ set(prepared.dataset.ids)
        if differing:
            raise DataError(
                f"tune.parameters.features: {len(differing)} rows, such as {min(differing)}, can be featurized by one "
                f"of {first[0]} and {key} only. Scores of different rows do not compare: leave these rows out first."
            )
    return found


def without_test_rows(prepared: Prepared) -> Prepared:
    """Return what a trial may see; structures are featurized already, and would travel for nothing."""
    split, dataset = prepared.split, prepared.dataset
    kept = np.sort(np.concatenate([split.train, split.val]))
    own: Dataset = dataset.take(kept)
    own = replace(own, materials=replace(own.materials, structures=None))
    table = replace(prepared.table, X=prepared.table.X[kept], ids=own.ids)
    train, val = np.searchsorted(kept, split.train), np.searchsorted(kept, split.val)
    split = Split(train, val, np.empty(0, np.int64))
    return replace(prepared, dataset=own, table=table, split=split, y=prepared.y[kept])


def plan_trial(config: Config, tune: TuneConfig, trial: Trial, store: Path) -> TrialPlan:
    """Return a trial with all that its training needs, but for the rows."""
    own = with_values(config, trial.values)
    return TrialPlan(trial, own, tune, _key(own.features), store)


def train_trial(plan: TrialPlan, prepared: Prepared) -> Iterator[EpochRecord]:
    """Train one network, write its epochs to the storage as they come, and yield them.

    The training is that of ``formation-mlp train``. A network that cannot be trained is a failed trial, unless it
    has the values of the configuration.

    Raises
    ------
    ConfigError
        If the configuration itself asks for a network that cannot be.
    """
    from torch import OutOfMemoryError

    store = TrialStore(plan.store, plan.tune, (), plan.config.seed)
    number, scores, pruned, error = plan.trial.number, list[float](), False, None
    try:
        for record in network_training(replace(prepared, config=plan.config)).epochs():
            scores.append(record.val_score)
            pruned = store.report(number, scores) and record.epoch < plan.config.training.max_epochs
            yield record
            if pruned:
                break
    except (ConfigError, TrainingError, OutOfMemoryError) as reason:
        if number == 0 and isinstance(reason, ConfigError):
            raise
        error = str(reason)
    if not any(map(math.isfinite, scores)):
        error = error or "no epoch has a finite validation score"
    store.end(number, scores, pruned=pruned, error=error)


def _key(features: Sequence[Any]) -> str:
    return json.dumps(features)
