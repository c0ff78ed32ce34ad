"""Features of the amounts alone: norms, and fractions of elements."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.elements import ATOMIC_NUMBER, SYMBOLS
from formation_mlp.features.base import FeatureBlock, Preset
from formation_mlp.features.citations import DEML_2016, MATMINER_2018, WARD_2016
from formation_mlp.system.compiled import kernel_for

if TYPE_CHECKING:
    from formation_mlp.materials.records import Materials

MAGNETIC_METALS = (
    "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Ta", "W", "Re", "Os",
    "Ir", "Pt",
)  # fmt: skip
"""The transition metals that matminer's ``TMetalFraction`` counts."""


def stoichiometry() -> Preset:
    """Return the p-norms of the atomic fractions, ``sum(fraction^p)^(1/p)``; p = 0 counts the elements.

    matminer's ``Stoichiometry``: p = 0, 2, 3, 5, 7, 10.
    """

    def compute(materials: Materials) -> FeatureBlock:
        compositions = materials.compositions
        X = np.empty((len(compositions), 6))
        kernel_for(len(X), _norms)(compositions.row_ptr, compositions.amount, X)
        return FeatureBlock(X)

    return Preset(tuple(f"{p}-norm" for p in (0, 2, 3, 5, 7, 10)), compute, needs_structure=False, citation=WARD_2016)


def element_fraction() -> Preset:
    """Return the atomic fraction of each of the 118 elements; matminer's ``ElementFraction``."""

    def compute(materials: Materials) -> FeatureBlock:
        compositions = materials.compositions
        X = np.zeros((len(compositions), len(SYMBOLS) - 1))
        row = np.repeat(np.arange(len(compositions)), compositions.n_elements)
        X[row, compositions.z - 1] = compositions.fractions()
        return FeatureBlock(X)

    return Preset(SYMBOLS[1:], compute, needs_structure=False, citation=MATMINER_2018)


def tm_fraction() -> Preset:
    """Return the atomic fraction of magnetic transition metals; matminer's ``TMetalFraction``."""
    is_magnetic = np.zeros(len(SYMBOLS))
    is_magnetic[[ATOMIC_NUMBER[symbol] for symbol in MAGNETIC_METALS]] = 1.0

    def compute(materials: Materials) -> FeatureBlock:
        compositions = materials.compositions
        share = compositions.fractions() * is_magnetic[compositions.z]
        return FeatureBlock(np.add.reduceat(share, compositions.row_ptr[:-1])[:, None])

    return Preset(("transition metal fraction",), compute, needs_structure=False, citation=DEML_2016)


def _norms(row_ptr, amount, out):  # type: ignore[no-untyped-def]
    """Fill ``out [n, 6]`` with the 0-, 2-, 3-, 5-, 7- and 10-norm."""
    for row in range(len(row_ptr) - 1):
        start, stop = row_ptr[row], row_ptr[row + 1]
        total = 0.0
        for entry in range(start, stop):
            total += amount[entry]
        p2 = p3 = p5 = p7 = p10 = 0.0
        for entry in range(start, stop):
            fraction = amount[entry] / total
            square = fraction * fraction
            fifth = square * square * fraction
            p2 += square
            p3 += square * fraction
            p5 += fifth
            p7 += fifth * square
            p10 += fifth * fifth
        out[row, 0] = stop - start
        out[row, 1] = math.sqrt(p2)
        out[row, 2] = p3 ** (1 / 3)
        out[row, 3] = p5 ** (1 / 5)
        out[row, 4] = p7 ** (1 / 7)
        out[row, 5] = p10 ** (1 / 10)
