"""Lattices, and the neighbours of a site in a periodic structure."""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np

from formation_mlp.system.kernels import kernel
from formation_mlp.typing import Floats, Ints

Array = TypeVar("Array", Floats, Ints)

IMAGE_BASE = 1 << 16  # the translation (a, b, c) has the code (a * base + b) * base + c


@kernel
def neighbours_within(radius: float, i: int, basis: Floats, reciprocal: Floats, frac: Floats) -> tuple[Ints, Floats]:
    """Return the neighbours of site ``i``, in no order.

    They come as sites and image codes, ``[k, 2]``, and as vectors from site ``i`` with their lengths,
    ``[k, 4]``.
    """
    ha = radius * math.sqrt(dot(reciprocal[0], reciprocal[0]))
    hb = radius * math.sqrt(dot(reciprocal[1], reciprocal[1]))
    hc = radius * math.sqrt(dot(reciprocal[2], reciprocal[2]))
    sites, points = np.empty((128, 2), np.int64), np.empty((128, 4))
    k = 0
    for j in range(len(frac)):
        da, db, dc = frac[j, 0] - frac[i, 0], frac[j, 1] - frac[i, 1], frac[j, 2] - frac[i, 2]
        for a in range(math.ceil(-ha - da), math.floor(ha - da) + 1):
            for b in range(math.ceil(-hb - db), math.floor(hb - db) + 1):
                for c in range(math.ceil(-hc - dc), math.floor(hc - dc) + 1):
                    x = (da + a) * basis[0, 0] + (db + b) * basis[1, 0] + (dc + c) * basis[2, 0]
                    y = (da + a) * basis[0, 1] + (db + b) * basis[1, 1] + (dc + c) * basis[2, 1]
                    z = (da + a) * basis[0, 2] + (db + b) * basis[1, 2] + (dc + c) * basis[2, 2]
                    length = math.sqrt(x * x + y * y + z * z)
                    if length > radius or (i == j and a == 0 and b == 0 and c == 0):
                        continue
                    if k == len(points):
                        sites, points = doubled(sites), doubled(points)
                    sites[k, 0], sites[k, 1] = j, (a * IMAGE_BASE + b) * IMAGE_BASE + c
                    points[k, 0], points[k, 1], points[k, 2], points[k, 3] = x, y, z, length
                    k += 1
    return sites[:k], points[:k]


@kernel
def doubled(array: Array) -> Array:
    """Return the rows with as much room again behind them."""
    longer = np.empty((2 * array.shape[0], array.shape[1]), array.dtype)
    for i in range(array.shape[0]):
        for j in range(array.shape[1]):
            longer[i, j] = array[i, j]
    return longer


@kernel
def dot(a: Floats, b: Floats) -> float:
    """Return the scalar product of two vectors."""
    product: float = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    return product


@kernel
def reduced_lattice(lattice: Floats) -> Floats:
    """Return a basis of the same lattice in which adding one vector to another shortens none."""
    basis = lattice.copy()
    shorter = True
    while shorter:
        shorter = False
        for i in range(3):
            for j in range(3):
                overlap = dot(basis[i], basis[j]) / dot(basis[j], basis[j])
                if i != j and abs(overlap) > 0.5 + 1e-9:
                    for x in range(3):
                        basis[i, x] -= round(overlap) * basis[j, x]
                    shorter = True
    return basis


@kernel
def reciprocal_lattice(basis: Floats) -> Floats:
    """Return the rows ``g`` with ``g_a . basis_b = delta_ab``."""
    reciprocal = np.empty((3, 3))
    volume = determinant(basis)
    for a in range(3):
        b, c = (a + 1) % 3, (a + 2) % 3
        for x in range(3):
            y, z = (x + 1) % 3, (x + 2) % 3
            reciprocal[a, x] = (basis[b, y] * basis[c, z] - basis[b, z] * basis[c, y]) / volume
    return reciprocal


@kernel
def determinant(basis: Floats) -> float:
    """Return the volume of the cell, negative if the basis is left-handed."""
    volume = 0.0
    for x in range(3):
        y, z = (x + 1) % 3, (x + 2) % 3
        volume += basis[0, x] * (basis[1, y] * basis[2, z] - basis[1, z] * basis[2, y])
    return volume


@kernel
def coordinates_in(basis: Floats, reciprocal: Floats, lattice: Floats, frac: Floats) -> Floats:
    """Return fractional coordinates of another basis of the same lattice, in [0, 1)."""
    converted = np.zeros((len(frac), 3))
    for b in range(3):
        for i in range(len(frac)):
            for a in range(3):
                converted[i, b] += round(dot(lattice[a], reciprocal[b])) * (frac[i, a] - math.floor(frac[i, a]))
            converted[i, b] -= math.floor(converted[i, b])
    return converted
