"""Densities of structures beside those that similar training rows let expect."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.materials.structures import Structures
from formation_mlp.typing import Floats

Singles = NDArray[np.float32]

ROWS_AT_ONCE = 65_536
"""Structures whose shares of elements are in memory at a time."""


def _volumes_per_atom(structures: Structures) -> Floats:
    volumes: Floats = np.abs(np.linalg.det(structures.lattice)) / structures.n_sites
    return volumes


def atomic_volumes(compositions: Compositions, structures: Structures) -> Singles:
    """Return the volumes of elements (cubic angstrom, ``[119]``) whose mean over the atoms is nearest to the actual.

    Elements of few rows are drawn to the mean of all.
    """
    volume = _volumes_per_atom(structures)
    usable = np.flatnonzero(volume > 0)
    mean = float(volume[usable].mean())
    normal, right = np.zeros((len(SYMBOLS), len(SYMBOLS))), np.zeros(len(SYMBOLS))
    for start in range(0, len(usable), ROWS_AT_ONCE):
        rows = usable[start : start + ROWS_AT_ONCE]
        part = compositions.take(rows)
        shares = np.zeros((len(rows), len(SYMBOLS)))
        shares[np.repeat(np.arange(len(rows)), part.n_elements), part.z] = part.fractions()
        shares *= mean / volume[rows, None]
        normal += shares.T @ shares
        right += shares.sum(axis=0)
    identity = np.eye(len(SYMBOLS))
    return (mean * np.linalg.solve(normal + identity, right + 1)).astype(np.float32)


def density_ratios(volumes: Singles, compositions: Compositions, structures: Structures) -> Floats:
    """Return the densities in units of the expected ones, ``[n]``."""
    weighted = compositions.fractions() * volumes[compositions.z]
    with np.errstate(divide="ignore"):
        ratios: Floats = np.add.reduceat(weighted, compositions.row_ptr[:-1]) / _volumes_per_atom(structures)
    return ratios
