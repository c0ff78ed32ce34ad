"""The table of features: one row per material, one named column per number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formation_mlp.config.schema import Entry
from formation_mlp.data.records import Dataset
from formation_mlp.errors import FeatureError
from formation_mlp.features.engine.cache import FeatureCache, cache_folder
from formation_mlp.features.engine.costly import featurize_in_chunks
from formation_mlp.features.presets import choose_presets
from formation_mlp.materials.records import Materials
from formation_mlp.system.compiled import remarks
from formation_mlp.system.compute import HERE, Compute
from formation_mlp.typing import Progress


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """Features of ``n`` materials.

    Attributes
    ----------
    X : float64, or float32 if asked for, ``[n, d]``; NaN where an element has no value, and in the whole row of a
        failure
    names : column names, ``[d]``
    failures : row to the reason why it could not be featurized
    missing : column to the number of rows without a value of their own there
    ids : of the materials, ``[n]``, where they have any
    notes : remarks for the reader, such as on a cache that is damaged or cannot be written
    """

    X: NDArray[Any]
    names: tuple[str, ...]
    failures: dict[int, str] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    ids: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.X.ndim != 2 or self.X.shape[1] != len(self.names):
            raise ValueError(f"{self.X.shape} numbers for {len(self.names)} names")
        _require_once(self.names)

    def __len__(self) -> int:
        return len(self.X)


def featurize(
    rows: Materials | Dataset,
    features: Sequence[Entry],
    *,
    dtype: type[np.floating[Any]] = np.float64,
    compute: Compute = HERE,
    cache: str | Path | None = None,
    progress: Progress | None = None,
) -> FeatureTable:
    """Describe materials, or the rows of a data set, by the named presets, side by side.

    A row that a preset cannot describe is NaN throughout and its reason is kept; the other rows are
    not touched. No row may be empty.

    Presets of compositions take microseconds a row and run here, at once. The costly ones (those of structures,
    and matminer's own) run in chunks: each finished chunk is kept in the cache folder, so that a second run reads
    it, and an interrupted one goes on where it stopped.

    Parameters
    ----------
    rows
        ``n`` of them.
    features
        Presets by name, or ``{name: {option: value}}``.
    dtype
        ``numpy.float64`` or ``numpy.float32``, of the numbers that are returned; they are computed in float64.
    compute
        Where the costly presets are computed.
    cache
        Folder for finished chunks, or ``off``; see `formation_mlp.system.caching.cache_root`.
    progress
        Called after each chunk with the number of rows done, and of all.

    Raises
    ------
    ConfigError
        If a preset or option is unknown.
    FeatureError
        If a preset needs structures and there are none, two presets have a column in common, or a cluster
        does not answer.

    Examples
    --------
    >>> from formation_mlp.materials.inputs import read_materials
    >>> table = featurize(read_materials(["NaCl", "Fe2O3"]).materials, ["magpie", "stoichiometry"])
    >>> table.X.shape, table.names[-1]
    ((2, 138), '10-norm')
    """
    materials = replace(rows.materials, ids=rows.ids) if isinstance(rows, Dataset) else rows
    chosen = choose_presets(features)
    presets = [one.preset for one in chosen]
    names = tuple(chain.from_iterable(preset.names for preset in presets))
    _require_once(names)
    if materials.structures is None and any(preset.needs_structure for preset in presets):
        raise FeatureError(
            "features: some presets need crystal structures, but the rows have formulas only. "
            "Give structures, or use composition presets such as magpie."
        )
    costly = {i: one for i, one in enumerate(chosen) if one.is_costly}
    blocks = {i: preset.compute(materials) for i, preset in enumerate(presets) if i not in costly}
    notes: tuple[str, ...] = ()
    if costly:
        store = FeatureCache(cache_folder(cache))
        found = featurize_in_chunks(
            materials, list(costly.values()), compute, store, progress or (lambda _done, _total: None)
        )
        blocks |= dict(zip(costly, found, strict=True))
        notes = tuple(store.notes)
    notes += tuple(remarks())
    X = np.concatenate([np.empty((len(materials), 0)), *(blocks[i].X for i in range(len(presets)))], axis=1)
    failures: dict[int, str] = {}
    missing: dict[str, int] = {}
    for i in range(len(presets)):
        failures = blocks[i].failures | failures
        missing |= blocks[i].missing
    X[list(failures)] = np.nan
    X = X.astype(dtype, copy=False)
    return FeatureTable(X, names, dict(sorted(failures.items())), missing, notes, materials.ids)


def _require_once(names: Sequence[str]) -> None:
    if len(set(names)) != len(names):
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        raise FeatureError(f"features: columns occur twice: {', '.join(twice[:5])}. Drop one of the presets.")
