"""Whether a formula is one that a chemist would write: the question behind remarks and suggestions."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import TYPE_CHECKING

from formation_mlp.chemistry.charges import total_charges, whole_amounts
from formation_mlp.chemistry.elements import ATOMIC_NUMBER, NO_METALS
from formation_mlp.chemistry.oxidation_states import load_oxidation_states

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PAULING = (2.20, 2.04, 2.55, 3.04, 3.44, 3.98, 1.90, 2.19, 2.58, 3.16, 2.01, 2.18, 2.55, 2.96, 2.05, 2.10, 2.66, 2.20)

ELECTRONEGATIVITY = {ATOMIC_NUMBER[symbol]: value for symbol, value in zip(NO_METALS, _PAULING, strict=True)}
"""Pauling's scale of the elements that are anions in some compounds; all others are metals or noble gases."""

_NEARLY_EQUAL = 0.15
_MOST_NONMETALS = 6
_CARBON = ATOMIC_NUMBER["C"]
_AMERICIUM = ATOMIC_NUMBER["Am"]


def is_charge_balanced(amounts: Mapping[int, float]) -> bool:
    """Return whether a compound is neutral with oxidation states that a chemist would give it.

    Each atom of a metal may have any positive state that the ICSD lists, or pymatgen knows where it lists none (Fe3O4,
    Co3O4). All atoms of another element
    have one state, of the common ones, and none is positive beside a less electronegative element that is negative:
    N in NIO cannot give to I.

    Parameters
    ----------
    amounts
        Atomic number to atoms per formula unit; a single element is no compound, and not balanced.

    Examples
    --------
    >>> [is_charge_balanced(amounts) for amounts in ({14: 1, 8: 2}, {16: 1, 53: 1, 8: 2})]  # SiO2, SIO2
    [True, False]
    """
    states = {z: states_of(z) for z in amounts}
    others = [z for z in amounts if z in ELECTRONEGATIVITY]
    if len(amounts) < 2 or not all(states.values()) or len(others) > _MOST_NONMETALS:
        return False
    n = dict(zip(amounts, whole_amounts([float(amount) for amount in amounts.values()]), strict=True))
    metals = [z for z in amounts if z not in ELECTRONEGATIVITY]
    reachable = total_charges([states[z] for z in metals], [n[z] for z in metals])
    for choice in product(*(states[z] for z in others)):
        wanted = -sum(n[z] * state for z, state in zip(others, choice, strict=True)) - reachable.lowest
        if wanted >= 0 and reachable.bits >> wanted & 1 and follows_electronegativity(others, choice):
            return True
    return False


def is_plausible(amounts: Mapping[int, float]) -> bool:
    """Return whether a formula may be offered as what somebody meant.

    So may elements, compounds of two elements, alloys, and what is charge-balanced, all of elements of which there is
    enough to form a compound.
    """
    if len(amounts) > 1 and max(amounts) > _AMERICIUM:
        return False
    has_states = all(states_of(z) for z in amounts)
    is_alloy = not any(z in ELECTRONEGATIVITY for z in amounts)
    return len(amounts) == 1 or (has_states and (len(amounts) == 2 or is_alloy)) or is_charge_balanced(amounts)


@cache
def states_of(z: int) -> tuple[int, ...]:
    """Return the states that a chemist would give an element: common ones of a nonmetal, positive ones of a metal."""
    if z == _CARBON:
        return (-4, 4)
    tables = load_oxidation_states()
    if z in ELECTRONEGATIVITY:
        return tables["common"][z]
    return tuple(state for state in tables["icsd"][z] or tables["known"][z] if state > 0)


def follows_electronegativity(elements: Sequence[int], states: Sequence[int]) -> bool:
    """Return whether no nonmetal is positive beside a clearly less electronegative one that is negative."""
    pairs = [(ELECTRONEGATIVITY[z], state) for z, state in zip(elements, states, strict=True)]
    givers = [value for value, state in pairs if state > 0]
    takers = [value for value, state in pairs if state < 0]
    return not givers or not takers or max(givers) <= min(takers) + _NEARLY_EQUAL
