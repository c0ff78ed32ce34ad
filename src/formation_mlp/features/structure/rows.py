"""Featurize structures one after another, with the reason for each that cannot be featurized."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.errors import FeatureError
from formation_mlp.features.base import FeatureBlock
from formation_mlp.typing import Floats, Ints

if TYPE_CHECKING:
    from formation_mlp.materials.records import Materials
    from formation_mlp.materials.structures import Structures

Featurize = Callable[[Floats, Ints, Floats], Sequence[float] | Floats]


def structures_of(materials: Materials) -> Structures:
    """Return the structures of the materials.

    Raises
    ------
    FeatureError
        If the materials have no structures.
    """
    if materials.structures is None:
        raise FeatureError(
            "features: this preset needs crystal structures, and the data has compositions only. "
            "Give structures, or choose composition presets."
        )
    return materials.structures


def broken_cells(structures: Structures) -> dict[int, str]:
    """Return the rows whose lattice or coordinates featurize no crystal, with the reason."""
    lattice = structures.lattice
    finite = np.array(np.isfinite(lattice).all(axis=(1, 2)))
    row_of_site = np.repeat(np.arange(len(structures)), structures.n_sites)
    finite[row_of_site[~np.isfinite(structures.frac).all(axis=1)]] = False
    lengths = np.linalg.norm(np.where(np.isfinite(lattice), lattice, 0.0), axis=2)
    with np.errstate(invalid="ignore"):
        flat = np.abs(np.linalg.det(lattice)) <= 1e-6 * lengths.prod(axis=1)
    reasons = {int(row): "the lattice vectors span no volume" for row in np.flatnonzero(flat)}
    reasons |= {int(row): "a lattice vector or coordinate is not a finite number" for row in np.flatnonzero(~finite)}
    reasons |= {int(row): "the structure has no sites" for row in np.flatnonzero(structures.n_sites == 0)}
    return reasons


def failed_rows(X: Floats, failures: dict[int, str]) -> FeatureBlock:
    """Return the block of ``X [n, d]`` in which every failed row is NaN."""
    X[list(failures)] = np.nan
    return FeatureBlock(X, dict(sorted(failures.items())))


def featurize_each(structures: Structures, n_columns: int, featurize: Featurize) -> FeatureBlock:
    """Call ``featurize(lattice [3, 3], z [k], frac [k, 3])`` for each structure.

    A `FeatureError` that it raises becomes the reason why its row failed.
    """
    X = np.full((len(structures), n_columns), np.nan)
    failures = broken_cells(structures)
    ptr = structures.site_ptr.tolist()
    for row, (first, end) in enumerate(pairwise(ptr)):
        if row in failures:
            continue
        try:
            X[row] = featurize(structures.lattice[row], structures.z[first:end], structures.frac[first:end])
        except FeatureError as error:
            failures[row] = str(error)
    return failed_rows(X, failures)
