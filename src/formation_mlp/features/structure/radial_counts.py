"""Counts of atom pairs by distance.

This module is imported on use, since it imports numba.
"""

from __future__ import annotations

import numpy as np

from formation_mlp.features.structure.neighbours import (
    coordinates_in,
    neighbours_within,
    reciprocal_lattice,
    reduced_lattice,
)
from formation_mlp.system.kernels import kernel
from formation_mlp.typing import Floats

EDGE_TOLERANCE = 1e-6
"""A distance nearer to the next bin than this part of a bin counts there, so that rounding cannot move it."""


@kernel
def neighbour_counts(lattice: Floats, frac: Floats, bin_size: float, n_bins: int) -> Floats:
    """Return the mean number of neighbours of an atom in each bin of distance, ``[n_bins]``."""
    basis = reduced_lattice(lattice)
    reciprocal = reciprocal_lattice(basis)
    coordinates = coordinates_in(basis, reciprocal, lattice, frac)
    counts = np.zeros(n_bins)
    for i in range(len(coordinates)):
        _, points = neighbours_within(bin_size * n_bins, i, basis, reciprocal, coordinates)
        for k in range(len(points)):
            b = int(points[k, 3] / bin_size + EDGE_TOLERANCE)
            if b < n_bins:
                counts[b] += 1
    return counts / len(coordinates)
