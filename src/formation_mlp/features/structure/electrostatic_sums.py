"""Charges of sites from their Voronoi neighbours, and damped Coulomb sums over them."""

from __future__ import annotations

import math

import numpy as np

from formation_mlp.features.structure.contact_statistics import area_shares
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
BOND_ORDER_DECAY = 0.37
"""Angstrom, as in the bond-valence model."""


@kernel
def electrostatic_sums(
    lattice: Floats, frac: Floats, z: Ints, ptr: Ints, target: Ints, face: Floats, radius: Floats, chi: Floats
) -> Floats:
    """Return the numbers in the order of `formation_mlp.features.structure.electrostatics.NAMES`.

    Parameters
    ----------
    lattice, frac, z : ``[3, 3]`` (angstrom), ``[n, 3]``, ``[n]``
    ptr, target, face : as `formation_mlp.features.structure.tessellation.voronoi_faces` returns them
    radius : ``[119]``, angstrom, by atomic number
    chi : ``[119]``, electronegativity (Pauling)
    """
    n = len(z)
    charge = site_charges(z, ptr, target, face, radius, chi)
    basis = reduced_lattice(lattice)
    reciprocal = reciprocal_lattice(basis)
    coordinates = coordinates_in(basis, reciprocal, lattice, frac)
    x = np.zeros(8)
    for i in range(n):
        sites, points = neighbours_within(CUTOFF, i, basis, reciprocal, coordinates)
        for a in range(len(points)):
            j, d = sites[a, 0], points[a, 3]
            for kind in range(2):
                product = charge[kind, i] * charge[kind, j] / d / n
                x[kind] += product * math.erfc(0.2 * d)
                x[2 + kind] += product * math.erfc(0.4 * d)
        for kind in range(2):
            x[4 + kind] += charge[kind, i] * charge[kind, i] / n
            x[6 + kind] = max(x[6 + kind], abs(charge[kind, i]))
    x[6] += 0.0 * x[4]  # NaN where a charge is
    x[7] += 0.0 * x[4]
    return x


@kernel
def site_charges(z: Ints, ptr: Ints, target: Ints, face: Floats, radius: Floats, chi: Floats) -> Floats:
    """Return the charges by area and by bond order, ``[2, n]``, each less its mean."""
    n = len(z)
    share = area_shares(ptr, face)
    charge = np.zeros((2, n))
    for i in range(n):
        for a in range(ptr[i], ptr[i + 1]):
            j = target[a, 0]
            difference = chi[z[j]] - chi[z[i]]
            order = math.exp((radius[z[i]] + radius[z[j]] - face[a, 0]) / BOND_ORDER_DECAY)
            charge[0, i] += share[a] * difference
            charge[1, i] += order * difference
    for kind in range(2):
        mean = 0.0
        for i in range(n):
            mean += charge[kind, i] / n
        for i in range(n):
            charge[kind, i] -= mean
    return charge
