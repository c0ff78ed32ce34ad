"""The names that a configuration may hold are those of the tables of parts, key by key."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from formation_mlp.baselines import BASELINES
from formation_mlp.config.names import NAMES
from formation_mlp.config.search_space import PRUNERS, SAMPLERS
from formation_mlp.data.dataset import INVALID
from formation_mlp.data.duplicates import DUPLICATES
from formation_mlp.features.presets import preset_table
from formation_mlp.models.activations import ACTIVATIONS
from formation_mlp.models.mlp import NORMALIZATIONS
from formation_mlp.models.networks import ARCHITECTURES
from formation_mlp.runs.ensemble.weighting import SELECTIONS
from formation_mlp.runs.loggers import LOGGERS
from formation_mlp.splits.methods import GROUPS, SPLITS
from formation_mlp.targets.task import TASKS
from formation_mlp.training.batches import DEVICES
from formation_mlp.training.optim import OPTIMIZERS, SCHEDULES
from formation_mlp.training.precision import PRECISIONS
from formation_mlp.units import UNITS

TABLES: dict[str, Collection[str]] = {
    "data.unit": UNITS,
    "data.duplicates": DUPLICATES,
    "data.invalid": INVALID,
    "task.type": TASKS,
    "features": preset_table(),
    "split.method": SPLITS,
    "split.by": GROUPS,
    "model.architecture": ARCHITECTURES,
    "model.activation": ACTIVATIONS,
    "model.normalization": NORMALIZATIONS,
    "training.loss": {name for losses in TASKS.values() for name in losses},
    "training.optimizer": OPTIMIZERS,
    "training.schedule": SCHEDULES,
    "training.device": DEVICES,
    "training.precision": PRECISIONS,
    "training.loggers": LOGGERS,
    "ensemble.weights": SELECTIONS,
    "tune.sampler": SAMPLERS,
    "tune.pruner": PRUNERS,
    "benchmark.baselines": {name for table in BASELINES.values() for name in table},
}


@pytest.mark.parametrize("key", TABLES)
def test_the_names_of_a_key_are_those_of_its_table(key: str) -> None:
    assert set(NAMES[key]) == set(TABLES[key])
    assert len(NAMES[key]) == len(TABLES[key])


def test_every_list_of_names_has_its_table() -> None:
    assert NAMES.keys() == TABLES.keys()
