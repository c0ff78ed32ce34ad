"""Numbers of a tessellation that measure its contacts by the radii and electronegativities of the elements."""

from __future__ import annotations

import math

import numpy as np

from formation_mlp.system.kernels import kernel
from formation_mlp.typing import Floats, Ints

DECAYS = (0.2, 0.37, 0.7)
"""Angstrom over which a bond order falls to 1/e; 0.37 is that of the bond-valence model."""
CLASS_WIDTH = 0.5
N_CLASSES = 5
SCREENING = 2.0
"""Angstrom, of the Coulomb energy of neighbours."""
N_OF_RADIUS = 4 * (2 + 2 * len(DECAYS))
N_OF_CLASS = 3
N_OF_CHARGES = 4 * 4 + 6


@kernel
def contact_attributes(ptr: Ints, target: Ints, face: Floats, z: Ints, radii: Floats, chi: Floats) -> Floats:
    """Return the attributes of a structure, ``[32 k + 37]``, in the order of ``NAMES`` in ``contacts.py``.

    Parameters
    ----------
    ptr, target, face : as `formation_mlp.features.structure.tessellation.voronoi_faces` returns them
    z : ``[n]``, atomic number of each site
    radii : ``[k, 119]``, angstrom, by atomic number
    chi : ``[119]``, electronegativity (Pauling)
    """
    k = len(radii)
    x = np.zeros(N_OF_RADIUS * k + N_OF_CLASS * N_CLASSES + N_OF_CHARGES)
    share = area_shares(ptr, face)
    for r in range(k):
        first = N_OF_RADIUS * r
        relative_distances(ptr, target, face, share, z, radii[r], x[first : first + N_OF_RADIUS])
    first = N_OF_RADIUS * k
    classes(ptr, target, face, share, z, radii[0], chi, x[first : first + N_OF_CLASS * N_CLASSES])
    charges(ptr, target, face, share, z, radii[0], chi, x[first + N_OF_CLASS * N_CLASSES :])
    return x


@kernel
def area_shares(ptr: Ints, face: Floats) -> Floats:
    """Return the area of each face divided by that of all faces of its site."""
    share = np.empty(len(face))
    for i in range(len(ptr) - 1):
        total = 0.0
        for a in range(ptr[i], ptr[i + 1]):
            total += face[a, 1]
        for a in range(ptr[i], ptr[i + 1]):
            share[a] = face[a, 1] / total
    return share


@kernel
def relative_distances(
    ptr: Ints, target: Ints, face: Floats, share: Floats, z: Ints, radius: Floats, x: Floats
) -> None:
    """Write statistics of mean and shortest distance over sum of radii, and of bond orders."""
    n = len(z)
    mean, shortest = np.zeros(n), np.full(n, np.inf)
    for i in range(n):
        for a in range(ptr[i], ptr[i + 1]):
            ratio = face[a, 0] / (radius[z[i]] + radius[z[target[a, 0]]])
            mean[i] += share[a] * ratio
            shortest[i] = min(shortest[i], ratio)
    four_statistics(mean, x[0:4])
    four_statistics(shortest, x[4:8])
    at = 8
    root, logarithm = np.empty(n), np.empty(n)
    for decay in DECAYS:
        for i in range(n):
            order = 0.0
            for a in range(ptr[i], ptr[i + 1]):
                order += math.exp((radius[z[i]] + radius[z[target[a, 0]]] - face[a, 0]) / decay)
            root[i], logarithm[i] = math.sqrt(order), math.log(order + 1e-6)
        four_statistics(root, x[at : at + 4])
        four_statistics(logarithm, x[at + 4 : at + 8])
        at += 8


@kernel
def classes(
    ptr: Ints, target: Ints, face: Floats, share: Floats, z: Ints, radius: Floats, chi: Floats, x: Floats
) -> None:
    """Write share, relative distance and bond order per site of contacts by difference in electronegativity."""
    n = len(z)
    for i in range(n):
        for a in range(ptr[i], ptr[i + 1]):
            j = target[a, 0]
            touching, difference = radius[z[i]] + radius[z[j]], abs(chi[z[i]] - chi[z[j]])
            if math.isnan(difference):
                x[:] = math.nan
                return
            # The tolerance keeps differences of tabulated numbers, such as 2.0 - 1.5, on one side.
            which = min(int((difference + 1e-9) / CLASS_WIDTH), N_CLASSES - 1)
            x[3 * which] += share[a] / n
            x[3 * which + 1] += share[a] * face[a, 0] / touching / n
            x[3 * which + 2] += math.exp((touching - face[a, 0]) / 0.37) / n


@kernel
def charges(
    ptr: Ints, target: Ints, face: Floats, share: Floats, z: Ints, radius: Floats, chi: Floats, x: Floats
) -> None:
    """Write statistics of what differences in electronegativity do to the sites, and sums over pairs of charges."""
    n = len(z)
    by_area, by_order, ionic, inverse = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    for i in range(n):
        for a in range(ptr[i], ptr[i + 1]):
            j = target[a, 0]
            difference = chi[z[j]] - chi[z[i]]
            by_area[i] += share[a] * difference
            by_order[i] += math.exp((radius[z[i]] + radius[z[j]] - face[a, 0]) / 0.37) * difference
            ionic[i] += share[a] * difference * difference / face[a, 0]
            inverse[i] += share[a] / face[a, 0]
    four_statistics(by_area, x[0:4])
    four_statistics(by_order, x[4:8])
    four_statistics(ionic, x[8:12])
    four_statistics(inverse, x[12:16])
    for i in range(n):
        for a in range(ptr[i], ptr[i + 1]):
            j, d, part = target[a, 0], face[a, 0], face[a, 2] / (4 * math.pi)
            x[16] += by_order[i] * by_order[j] * math.exp(-d / SCREENING) / d / n
            x[17] += by_area[i] * by_area[j] * part / d / n
            x[18] += (by_area[i] - by_area[j]) * (by_area[i] - by_area[j]) * part / n
        x[19] += abs(by_order[i]) / n
        x[20] += abs(by_area[i]) / n
        x[21] += by_area[i] * by_area[i] / n


@kernel
def four_statistics(values: Floats, x: Floats) -> None:
    """Write minimum, maximum, mean and mean absolute deviation; all NaN if a value is."""
    n = len(values)
    low, high, mean, deviation = values[0], values[0], 0.0, 0.0
    for value in values:
        low, high, mean = min(low, value), max(high, value), mean + value / n
    for value in values:
        deviation += abs(value - mean) / n
    unknown = 0.0 * mean
    x[0], x[1], x[2], x[3] = low + unknown, high + unknown, mean, deviation
