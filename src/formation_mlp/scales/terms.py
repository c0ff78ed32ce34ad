"""The terms of which the difference of two energy scales is the sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.elements import ATOMIC_NUMBER, SYMBOLS
from formation_mlp.scales.ions import OXYGEN_KINDS
from formation_mlp.typing import Floats, Ints

if TYPE_CHECKING:
    from formation_mlp.chemistry.compositions import Compositions
    from formation_mlp.scales.ions import Ions

ANIONS = ("H", "B", "C", "N", "Si", "P", "S", "Cl", "Ge", "As", "Se", "Br", "Sb", "Te", "I")
"""Elements that are anions in some compounds and cations in others; O and F are anions in all."""
METALS_WITH_U = ("V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Mo", "W", "Th", "U", "Np", "Pu")
"""Metals to which one of the databases gives a Hubbard U in oxides or fluorides."""

TERMS = {
    "element": tuple(SYMBOLS[1:]),
    "anion": ANIONS,
    "cation": ANIONS,
    "in oxides": METALS_WITH_U,
    "in fluorides": METALS_WITH_U,
    "oxygen": OXYGEN_KINDS[2:],
}
"""Group to its terms: each counts a share of the atoms, such as that of N if it is an anion."""
NAMES = tuple((group, name) for group, names in TERMS.items() for name in names)
"""All terms, in the order of the columns of `term_values`."""

_PLACE = {name: i for i, name in enumerate(NAMES)}


def term_values(compositions: Compositions, ions: Ions) -> tuple[Ints, Ints, Floats]:
    """Return the terms of each row that are not zero: rows, columns (places in `NAMES`) and values, ``[k]`` each.

    A metal with U is ``in fluorides`` if the compound has F, and ``in oxides`` if it has O and no F: the most
    electronegative element decides, as in the corrections of Jain et al., Phys. Rev. B 84, 045115 (2011). A single
    element has no terms: it is the zero of every scale.
    """
    n_elements = compositions.n_elements
    row = np.repeat(np.arange(len(compositions)), n_elements)
    z, share = compositions.z, compositions.fractions()
    is_compound = n_elements[row] > 1
    has_f = _has(compositions, row, "F")
    has_o = _has(compositions, row, "O") & ~has_f
    parts = {
        "element": is_compound,
        "anion": ions.sign < 0,
        "cation": ions.sign > 0,
        "in oxides": has_o[row],
        "in fluorides": has_f[row],
    }
    found = []
    for group, is_in in parts.items():
        place = _places(group)[z]
        chosen = np.flatnonzero(is_in & is_compound & (place >= 0))
        found.append((row[chosen], place[chosen], share[chosen]))
    oxygen = np.array([_PLACE.get(("oxygen", kind), -1) for kind in ions.oxygen], np.int64)
    chosen = np.flatnonzero((z == ATOMIC_NUMBER["O"]) & (oxygen[row] >= 0) & is_compound)
    found.append((row[chosen], oxygen[row[chosen]], share[chosen]))
    rows, columns, values = (np.concatenate(part) for part in zip(*found, strict=True))
    return rows, columns, values


def _has(compositions: Compositions, row: Ints, symbol: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    has = np.zeros(len(compositions), bool)
    has[row[compositions.z == ATOMIC_NUMBER[symbol]]] = True
    return has


def _places(group: str) -> Ints:
    """Return the column of each atomic number in a group, -1 where it has none, ``[119]``."""
    return np.array([_PLACE.get((group, symbol), -1) for symbol in SYMBOLS], np.int64)
