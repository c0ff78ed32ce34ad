"""The table of descriptors: one row per material, one named column per number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from formation_mlp.config import Part
from formation_mlp.errors import FeatureError
from formation_mlp.features.presets import build_presets
from formation_mlp.materials.records import Materials


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """Descriptors of ``n`` materials.

    Attributes
    ----------
    X : float64 ``[n, d]``; NaN where an element has no value, and in the whole row of a failure
    names : column names, ``[d]``
    failures : row to the reason why it could not be described
    missing : column to the number of rows without a value of their own there
    """

    X: NDArray[np.float64]
    names: tuple[str, ...]
    failures: dict[int, str] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.X.ndim != 2 or self.X.shape[1] != len(self.names):
            raise ValueError(f"{self.X.shape} numbers for {len(self.names)} names")
        if len(set(self.names)) != len(self.names):
            twice = sorted({name for name in self.names if self.names.count(name) > 1})
            raise FeatureError(f"features: columns occur twice: {', '.join(twice[:5])}. Drop one of the presets.")

    def __len__(self) -> int:
        return len(self.X)


def featurize(materials: Materials, features: Sequence[Part]) -> FeatureTable:
    """Describe materials by the named presets, side by side.

    A row that a preset cannot describe is NaN throughout and its reason is kept; the other rows are
    not touched. No row of ``materials`` may be empty.

    Raises
    ------
    ConfigError
        If a preset or option is unknown.
    FeatureError
        If a preset needs structures and there are none.
    """
    presets = build_presets(features)
    if materials.structures is None and any(preset.needs_structure for preset in presets):
        raise FeatureError(
            "features: some presets describe crystal structures, but the rows have formulas only. "
            "Give structures, or use composition presets such as magpie."
        )
    blocks = [preset.compute(materials) for preset in presets]
    X = np.concatenate([np.empty((len(materials), 0)), *(block.X for block in blocks)], axis=1)
    failures: dict[int, str] = {}
    missing: dict[str, int] = {}
    for block in blocks:
        failures = block.failures | failures
        missing |= block.missing
    X[list(failures)] = np.nan
    names = tuple(name for preset in presets for name in preset.names)
    return FeatureTable(X, names, dict(sorted(failures.items())), missing)
