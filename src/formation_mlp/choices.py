"""The names that a configuration may use, gathered from the tables of parts."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from formation_mlp.baselines import BASELINES
from formation_mlp.data.dataset import INVALID
from formation_mlp.data.duplicates import DUPLICATES
from formation_mlp.features.presets import PRESETS
from formation_mlp.models.activations import ACTIVATIONS
from formation_mlp.models.mlp import NORMALIZATIONS
from formation_mlp.models.networks import ARCHITECTURES
from formation_mlp.search_space import PRUNERS, SAMPLERS
from formation_mlp.selection import SELECTIONS
from formation_mlp.split import GROUPS, SPLITS
from formation_mlp.tasks import TASKS
from formation_mlp.training.batches import DEVICES
from formation_mlp.training.optim import OPTIMIZERS, SCHEDULES
from formation_mlp.training.precision import PRECISIONS
from formation_mlp.units import UNITS

CHOICES: Mapping[str, Collection[str]] = {
    "data.unit": UNITS,
    "data.duplicates": DUPLICATES,
    "data.invalid": INVALID,
    "task.type": TASKS,
    "features": PRESETS,
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
    "ensemble.weights": SELECTIONS,
    "tune.sampler": SAMPLERS,
    "tune.pruner": PRUNERS,
    "benchmark.baselines": {name for table in BASELINES.values() for name in table},
}
"""Key of the configuration to the names allowed there."""
