"""How near to neutral a composition can be."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.charges import total_charges, whole_amounts
from formation_mlp.chemistry.oxidation_states import load_oxidation_states
from formation_mlp.features.base import FeatureBlock, Preset
from formation_mlp.features.citations import ONG_2013

if TYPE_CHECKING:
    from formation_mlp.materials.records import Materials

_SETS = ("common", "icsd")


def charge_balance() -> Preset:
    """Return how well the oxidation states of the elements balance, for common states and for all of the ICSD.

    Every atom may have any oxidation state of its element, so that Fe3O4 is neutral with Fe2+ and Fe3+. The amounts
    are reduced to the smallest whole numbers first: the numbers of Fe2O3, Fe4O6 and Fe0.4O0.6 are equal. For either
    set of oxidation states (of the ICSD: those pymatgen lists as found there, the common ones where it lists none):

    - ``smallest charge per atom``: the smallest total charge, regardless of sign, over the number of atoms;
    - ``balanced charge per atom``: the positive charge if all elements had their highest states, or the negative
      charge if they had their lowest, whichever is less: what the cations can give and the anions can take;
    - ``neutral``: 1 if the smallest charge is 0, else 0.

    An element without a known oxidation state makes NaN. A feature of this package; oxidation states of pymatgen.
    """
    names = tuple(
        f"{name} {what}"
        for name in _SETS
        for what in ("smallest charge per atom", "balanced charge per atom", "neutral")
    )

    def compute(materials: Materials) -> FeatureBlock:
        compositions = materials.compositions
        tables = load_oxidation_states()
        icsd = [some or other for some, other in zip(tables["icsd"], tables["common"], strict=True)]
        z, amounts = compositions.z.tolist(), compositions.amount.tolist()
        X = np.full((len(compositions), len(names)), np.nan)
        for row, (start, stop) in enumerate(pairwise(compositions.row_ptr.tolist())):
            n_atoms = whole_amounts(amounts[start:stop])
            divisor = math.gcd(*n_atoms)
            n_atoms = [n // divisor for n in n_atoms]
            for column, states in ((0, tables["common"]), (3, icsd)):
                of_elements = [states[element] for element in z[start:stop]]
                if all(of_elements):
                    X[row, column : column + 3] = _balance(of_elements, n_atoms)
        counts = np.isnan(X).sum(axis=0).tolist()
        return FeatureBlock(X, missing={name: n for name, n in zip(names, counts, strict=True) if n})

    return Preset(names, compute, needs_structure=False, citation=ONG_2013)


def _balance(states: list[tuple[int, ...]], n_atoms: list[int]) -> tuple[float, float, float]:
    """Return smallest and balanced charge per atom, and whether the formula can be neutral."""
    smallest = total_charges(states, n_atoms).nearest_to_zero()
    positive = sum(n * max(0, *charges) for n, charges in zip(n_atoms, states, strict=True))
    negative = sum(n * max(0, *(-charge for charge in charges)) for n, charges in zip(n_atoms, states, strict=True))
    total = sum(n_atoms)
    return smallest / total, min(positive, negative) / total, float(smallest == 0)
