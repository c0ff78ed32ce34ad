"""Sums over neighbours for the radial distributions in units of radii."""

from __future__ import annotations

import math

import numpy as np

from formation_mlp.features.structure.neighbours import (
    coordinates_in,
    neighbours_within,
    reciprocal_lattice,
    reduced_lattice,
)
from formation_mlp.system.kernels import kernel
from formation_mlp.typing import Floats, Ints

CUTOFF = 7.5
"""Angstrom."""
REACH = 4.0
"""Standard deviations of a Gaussian beyond which it counts as zero."""


@kernel
def scaled_rdf_values(
    lattice: Floats, frac: Floats, z: Ints, radii: Floats, grids: Floats, n_bins: int, chi: Floats, properties: Floats
) -> Floats:
    """Return the values in the order of `formation_mlp.features.structure.scaled_rdf.NAMES`.

    Parameters
    ----------
    lattice, frac, z : ``[3, 3]`` (angstrom), ``[n, 3]``, ``[n]``
    radii : ``[k, 119]``, angstrom, by atomic number; the first are those with all weights
    grids : ``[k, 2]``, first centre and spacing
    n_bins : centres for each radius and weight
    chi : ``[119]``, electronegativity
    properties : ``[119, p]``, whose products are weights
    """
    n, k, n_weights = len(frac), len(radii), 3 + properties.shape[1]
    basis = reduced_lattice(lattice)
    reciprocal = reciprocal_lattice(basis)
    coordinates = coordinates_in(basis, reciprocal, lattice, frac)
    x = np.zeros((n_weights + k - 1) * n_bins)
    weight = np.ones(n_weights)
    for i in range(n):
        sites, points = neighbours_within(CUTOFF, i, basis, reciprocal, coordinates)
        for a in range(len(points)):
            zi, zj, d = z[i], z[sites[a, 0]], points[a, 3]
            damping = 0.5 * (1 + math.cos(math.pi * d / CUTOFF)) / n
            weight[1] = (chi[zi] - chi[zj]) * (chi[zi] - chi[zj])
            weight[2] = 1.0 if zi == zj else 0.0
            for p in range(properties.shape[1]):
                weight[3 + p] = properties[zi, p] * properties[zj, p]
            for r in range(k):
                ratio = d / (radii[r, zi] + radii[r, zj])
                first = 0 if r == 0 else (n_weights + r - 1) * n_bins
                used = n_weights if r == 0 else 1
                add_gaussians(ratio, damping / (ratio * ratio), grids[r], n_bins, weight[:used], x[first:])
    return x


@kernel
def add_gaussians(ratio: float, height: float, grid: Floats, n_bins: int, weight: Floats, x: Floats) -> None:
    """Add a pair of atoms to all bins near its relative distance; NaN reaches every bin."""
    if math.isnan(ratio):
        x[: len(weight) * n_bins] = math.nan
        return
    low = math.ceil((ratio - grid[0]) / grid[1] - REACH)
    high = math.floor((ratio - grid[0]) / grid[1] + REACH)
    for b in range(max(low, 0), min(high, n_bins - 1) + 1):
        u = (ratio - grid[0]) / grid[1] - b
        value = height * math.exp(-0.5 * u * u)
        for p in range(len(weight)):
            x[p * n_bins + b] += weight[p] * value
