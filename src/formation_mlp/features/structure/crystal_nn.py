"""Which Voronoi neighbours are bonded: pymatgen's ``CrystalNN``.

This module is imported on use, since it imports numba.
"""

from __future__ import annotations

import math

import numpy as np

from formation_mlp.system.kernels import kernel
from formation_mlp.typing import Bools, Floats, Ints

CLOSE, FAR = 0.5, 1.0  # angstrom beyond the sum of the radii, where a neighbour begins and ends to fade
LARGEST_DIFFERENCE = 3.3  # of two electronegativities


@kernel
def bond_fractions_of(
    ptr: Ints, target: Ints, face: Floats, z: Ints, electronegativity: Floats, radius: Floats, column: Ints
) -> Floats:
    """Return the share of each kind of bond in a structure.

    Parameters
    ----------
    ptr, target, face : as `voronoi_faces` returns them
    z : ``[n]``, atomic number of each site
    electronegativity, radius : ``[119]``, by atomic number
    column : ``[119, 119]``, column of the bonds between two elements, or -1 to count them in the total only
    """
    share = np.zeros(column.max() + 1)
    total = 0
    for i in range(len(z)):
        first, end = ptr[i], ptr[i + 1]
        neighbours = z[target[first:end, 0]]
        bonded = bonded_neighbours(z[i], neighbours, face[first:end], electronegativity, radius)
        for a in range(len(neighbours)):
            if bonded[a]:
                total += 1
                if column[z[i], neighbours[a]] >= 0:
                    share[column[z[i], neighbours[a]]] += 1
    return share / max(total, 1)


@kernel
def bonded_neighbours(element: int, neighbours: Ints, face: Floats, electronegativity: Floats, radius: Floats) -> Bools:
    """Return which neighbours belong to the most probable coordination of a site."""
    weight = neighbour_weights(element, neighbours, face, electronegativity, radius)
    level = np.sort(weight)[::-1]
    nothing = 1 - quarter_circle(level[0])
    best, threshold, k = -1.0, 0.0, 0
    while k < len(level) and level[k] > 0:
        end = k
        while end < len(level) and level[end] == level[k]:
            end += 1
        probability = quarter_circle(level[k]) - (quarter_circle(level[end]) if end < len(level) else 0.0)
        if probability > best:
            best, threshold = probability, level[k]
        k = end
    if nothing > best:
        return weight > 1
    return weight >= threshold


@kernel
def neighbour_weights(
    element: int, neighbours: Ints, face: Floats, electronegativity: Floats, radius: Floats
) -> Floats:
    """Return how much of a bonded neighbour each is, to three digits.

    Solid angle squared by area (the square corrects for voids), more for unlike electronegativities, relative
    to the largest; then less for neighbours farther than the sum of the radii.
    """
    n = len(neighbours)
    weight = np.zeros(n)
    for a in range(n):
        if face[a, 1] > 0:
            weight[a] = face[a, 2] ** 2 / face[a, 1]
        difference = abs(electronegativity[neighbours[a]] - electronegativity[element])
        if not math.isnan(difference):
            weight[a] *= 1 + 3 * math.sqrt(difference / LARGEST_DIFFERENCE)
    largest = weight.max()
    for a in range(n):
        beyond = face[a, 0] - radius[element] - radius[neighbours[a]]
        fade = min(max((beyond - CLOSE) / (FAR - CLOSE), 0.0), 1.0)
        weight[a] = np.rint(1000 * weight[a] / largest * 0.5 * (1 + math.cos(math.pi * fade))) / 1000
    return weight


@kernel
def quarter_circle(x: float) -> float:
    """Return the part of a quarter of the unit disk that lies left of ``x``."""
    if x >= 1:
        return 1.0
    return (x * math.sqrt(1 - x * x) + math.asin(x)) / (0.5 * math.pi)
