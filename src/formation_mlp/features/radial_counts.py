"""Counts of atom pairs by distance.

This module is imported on use, since it imports numba.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from formation_mlp.features.compiled import compiled
from formation_mlp.features.neighbours import (
    Floats,
    Ints,
    coordinates_in,
    neighbours_within,
    reciprocal_lattice,
    reduced_lattice,
)

EDGE_TOLERANCE = 1e-6
"""A distance nearer to the next bin than this part of a bin counts there, so that rounding cannot move it."""


@compiled
def pair_counts(
    site_ptr: Ints, lattice: Floats, frac: Floats, bin_size: float, n_bins: int, usable: NDArray[np.bool_]
) -> Floats:
    """Return the mean number of neighbours of an atom in each bin of distance, ``[n, n_bins]``."""
    n = len(site_ptr) - 1
    counts = np.zeros((n, n_bins))
    for row in range(n):
        if not usable[row]:
            continue
        basis = reduced_lattice(lattice[row])
        reciprocal = reciprocal_lattice(basis)
        coordinates = coordinates_in(basis, reciprocal, lattice[row], frac[site_ptr[row] : site_ptr[row + 1]])
        share = 1 / len(coordinates)
        for i in range(len(coordinates)):
            _, points = neighbours_within(bin_size * n_bins, i, basis, reciprocal, coordinates)
            for k in range(len(points)):
                b = int(points[k, 3] / bin_size + EDGE_TOLERANCE)
                if b < n_bins:
                    counts[row, b] += share
    return counts
