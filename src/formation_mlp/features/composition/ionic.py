"""Whether the elements can form a neutral ionic compound, and how ionic it would be."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.charges import total_charges, whole_amounts
from formation_mlp.chemistry.element_data import select_properties
from formation_mlp.chemistry.oxidation_states import load_oxidation_states
from formation_mlp.features.base import FeatureBlock, Preset
from formation_mlp.features.citations import WARD_2016
from formation_mlp.features.composition.element_columns import columns_of_elements
from formation_mlp.system.compiled import kernel_for
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from formation_mlp.chemistry.compositions import Compositions
    from formation_mlp.materials.records import Materials


def ion_property(impute_nan: bool = False) -> Preset:
    """Return whether a neutral compound is possible, and the largest and the mean ionic character of two elements.

    matminer's ``IonProperty`` with ``fast=False``, whose enumeration of oxidation states takes hours for some
    formulas; here the same answer takes microseconds (:func:`formation_mlp.chemistry.charges.total_charges`).

    - ``compound possible``: 1 if the atoms can have common oxidation states (those of the ICSD for an element
      without common ones) that add up to zero, each atom its own; also 1 for an element alone. 0 if an element has
      none; such rows are counted as missing data. Amounts that are not whole, for which matminer raises, are scaled
      by :func:`formation_mlp.chemistry.charges.whole_amounts`.
    - ``max ionic char``: the largest ``c = 1 - exp(-(Xa - Xb)^2 / 4)`` of two elements, X the Pauling
      electronegativity; ``avg ionic char``: the sum of ``fa fb c`` over the pairs, f the atomic fraction.
    """
    names = ("compound possible", "max ionic char", "avg ionic char")

    def columns(compositions: Compositions, values: Floats) -> Floats:
        characters = np.empty((len(compositions), 2))
        kernel = kernel_for(len(compositions), _ionic_characters)
        kernel(compositions.row_ptr, compositions.z, compositions.amount, values[:, 0], characters)
        return characters

    def compute(materials: Materials) -> FeatureBlock:
        compositions = materials.compositions
        characters = columns_of_elements(
            compositions, select_properties("pymatgen", ("X",)), names[1:], columns, impute_nan
        )
        possible = _compound_possible(compositions)
        n_unknown = int(np.isnan(possible).sum())
        missing = {names[0]: n_unknown} if n_unknown else {}
        X = np.column_stack([np.nan_to_num(possible, nan=0.0), characters.X])
        return FeatureBlock(X, missing=missing | characters.missing)

    return Preset(names, compute, needs_structure=False, citation=WARD_2016)


def _compound_possible(compositions: Compositions) -> Floats:
    """Return 1 or 0 for each row, NaN where an element has no oxidation state."""
    tables = load_oxidation_states()
    states = [common or icsd for common, icsd in zip(tables["common"], tables["icsd"], strict=True)]
    z, amounts = compositions.z.tolist(), compositions.amount.tolist()
    possible = np.ones(len(compositions))
    for row, (start, stop) in enumerate(pairwise(compositions.row_ptr.tolist())):
        if stop - start > 1:
            of_elements = [states[element] for element in z[start:stop]]
            if all(of_elements):
                possible[row] = total_charges(of_elements, whole_amounts(amounts[start:stop])).has_zero()
            else:
                possible[row] = np.nan
    return possible


def _ionic_characters(row_ptr, z, amount, electronegativity, out):  # type: ignore[no-untyped-def]
    """Fill ``out [n, 2]`` with the largest and the mean ionic character of two elements."""
    for row in range(len(row_ptr) - 1):
        start, stop = row_ptr[row], row_ptr[row + 1]
        total, largest, mean = 0.0, 0.0, 0.0
        for entry in range(start, stop):
            total += amount[entry]
        for a in range(start, stop):
            for b in range(a + 1, stop):
                difference = electronegativity[z[a]] - electronegativity[z[b]]
                character = 1.0 - math.exp(-0.25 * difference * difference)
                mean += amount[a] / total * (amount[b] / total) * character
                largest = max(largest, character)
        out[row, 0] = largest + (mean - mean)  # NaN where an electronegativity is missing
        out[row, 1] = mean
