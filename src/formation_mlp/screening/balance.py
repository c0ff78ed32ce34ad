"""Which compositions can be charge-balanced, and with which oxidation states.

An element is a cation or an anion in a compound, not both. Either its atoms have any oxidation states that the ICSD
knows, of one sign, as in Fe3O4; or all atoms of an element have the same state, and that of one element may be rarer,
as in Li2O2 and NaClO4.
This lies between two rules in use. SMACT (Davies et al., J. Open Source Softw. 4, 1361, 2019) gives all atoms of an
element one state, which leaves out Fe3O4; to give each atom any state of either sign, as the warning of `predict` does,
lets most compositions of Li, Fe, P and O pass, with phosphide beside phosphate.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise, product

import numpy as np

from formation_mlp.chemistry.charges import total_charges
from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.chemistry.neutrality import icsd_states, smallest_charges
from formation_mlp.chemistry.oxidation_states import load_oxidation_states
from formation_mlp.screening.compositions import electronegativity
from formation_mlp.typing import Bools


def is_balanced(compositions: Compositions) -> Bools:
    """Return whether each formula can be neutral with every element a cation or an anion, ``[n]``.

    A formula with an element without known oxidation states cannot.

    Examples
    --------
    >>> from formation_mlp.materials.formula.reading import parse_formulas
    >>> is_balanced(parse_formulas(["Fe3O4", "FePO4", "Li2O2", "FeP5O", "LiO2"]).compositions).tolist()
    [True, True, True, False, False]
    """
    found = np.zeros(len(compositions), np.bool_)
    for states in _choices_of_signs(compositions.elements().tolist()):
        open_ = np.flatnonzero(~found)
        found[open_] = smallest_charges(compositions.take(open_), states) == 0
    rest = np.flatnonzero(~found)
    found[rest] = [bool(charges) for charges in _charges_of_all(compositions.take(rest), mixed=False)]
    return found


def _choices_of_signs(elements: list[int]) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Yield the usual oxidation states of all atomic numbers, once for each choice of cations among some elements."""
    usual = [[_of_sign(icsd_states()[z], sign) for sign in (1, -1)] for z in elements]
    for choice in product(*([states for states in both if states] or [()] for both in usual)):
        table: list[tuple[int, ...]] = [()] * len(SYMBOLS)
        for z, states in zip(elements, choice, strict=True):
            table[z] = states
        yield tuple(table)


def _of_sign(states: tuple[int, ...], sign: int) -> tuple[int, ...]:
    return tuple(state for state in states if sign * state > 0)


def oxidation_states(compositions: Compositions) -> list[str]:
    """Return the mean oxidation states that balance each formula, as in ``Li+1 Fe+3 O-2``; empty where none do.

    Of several ways the first is told that has no rare state, no mixed valence, the most electronegative element as an
    anion and the least as a cation, common states: in this order.

    Examples
    --------
    >>> from formation_mlp.materials.formula.reading import parse_formulas
    >>> oxidation_states(parse_formulas(["LiFePO4", "Fe3O4", "NaClO4", "LiO2"]).compositions)
    ['Li+1 Fe+2 P+5 O-2', 'Fe+2.67 O-2', 'Na+1 Cl+7 O-2', '']
    """
    texts = []
    for start, charges in zip(compositions.row_ptr, _charges_of_all(compositions, mixed=True), strict=False):
        entries = slice(start, start + len(charges))
        atoms = zip(compositions.z[entries].tolist(), compositions.amount[entries].tolist(), charges, strict=True)
        texts.append(" ".join(f"{SYMBOLS[z]}{_signed(charge / n)}" for z, n, charge in atoms))
    return texts


def _charges_of_all(compositions: Compositions, *, mixed: bool) -> Iterator[tuple[int, ...]]:
    """Yield the total charge of each element at the least cost, for each formula; nothing if none make zero."""
    z, amount = compositions.z.tolist(), compositions.amount.astype(int).tolist()
    for start, stop in pairwise(compositions.row_ptr.tolist()):
        yield _charges(z[start:stop], amount[start:stop], mixed=mixed)


def _charges(elements: list[int], amounts: list[int], *, mixed: bool) -> tuple[int, ...]:
    least, most = (end(elements, key=electronegativity) for end in (min, max))
    best: dict[int, tuple[int, tuple[int, ...]]] = {0: (0, ())}
    for z, n in zip(elements, amounts, strict=True):
        costs = _costs(z, n, (z == least) - (z == most), mixed=mixed)
        reached: dict[int, tuple[int, tuple[int, ...]]] = {}
        for total, (cost, charges) in best.items():
            for charge, more in costs.items():
                known = reached.get(total + charge)
                if cost + more < RARE + MIXED and (known is None or cost + more < known[0]):
                    reached[total + charge] = (cost + more, (*charges, charge))
        best = reached
    return best.get(0, (0, ()))[1]


RARE, MIXED, CONTRARY, UNCOMMON = 100_000, 1_000, 10, 1
"""Costs of the oxidation states of an element: a rare one excludes a second one and several of an element."""


@cache
def _costs(z: int, n: int, expected: int, *, mixed: bool) -> dict[int, int]:
    """Return the total charges that ``n`` atoms can hold, and their costs; ``expected`` is the sign they should have.

    The most electronegative element of a formula, from which -1 is expected, has no rare positive states.
    """
    tables, usual, costs = load_oxidation_states(), icsd_states()[z], dict[int, int]()
    for state in set(tables["known"][z]) - set(usual):
        if state * expected > 0 or (state and expected >= 0):
            costs[n * state] = RARE + CONTRARY * (state * expected < 0)
    for sign in (1, -1):
        states, wrong = _of_sign(usual, sign), CONTRARY * (sign * expected < 0)
        if states and mixed:
            possible = total_charges([states], [n])
            totals = [possible.lowest + i for i in range(possible.bits.bit_length()) if possible.bits >> i & 1]
            costs |= dict.fromkeys(totals, MIXED + wrong)
        costs |= {n * state: wrong + UNCOMMON * (state not in tables["common"][z]) for state in states}
    return costs


def _signed(state: float) -> str:
    return f"{state:+.2f}".rstrip("0").rstrip(".")
