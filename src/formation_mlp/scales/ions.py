"""Which elements of a compound are anions, from the formula alone: corrections of energies depend on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.charges import total_charges, whole_amounts
from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.chemistry.oxidation_states import load_oxidation_states
from formation_mlp.chemistry.plausible import ELECTRONEGATIVITY, follows_electronegativity, states_of
from formation_mlp.typing import Bools, Ints

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from formation_mlp.chemistry.compositions import Compositions

OXYGEN_KINDS = ("none", "oxide", "peroxide", "superoxide", "ozonide", "mixed")
"""What oxygen is; ``mixed`` has fewer electrons from the other elements than an oxide needs, in no simple ratio."""

USUAL_ANIONS = frozenset(ATOMIC_NUMBER[symbol] for symbol in ("N", "F", "S", "Cl", "Se", "Br", "Te", "I"))
"""They are taken as anions where the formula leaves it open; other elements are then taken as cations."""

_O = ATOMIC_NUMBER["O"]
_MOST_NONMETALS = 6
_ELECTRONS_OF_OXYGEN = {1.0: "peroxide", 0.5: "superoxide", 1 / 3: "ozonide"}


@dataclass(frozen=True, slots=True)
class Ions:
    """What the elements of ``n`` compounds are.

    Attributes
    ----------
    sign : int64 ``[m]``, for each entry of the compositions: -1 anion, 1 cation, 0 metal, element, or not known
    balanced : bool ``[n]``, whether known oxidation states of its elements add up to zero
    ambiguous : bool ``[n]``, whether an element may be anion or cation
    oxygen : ``[n]``, one of `OXYGEN_KINDS`
    doubtful : row to the atomic numbers that may be either
    """

    sign: Ints
    balanced: Bools
    ambiguous: Bools
    oxygen: list[str]
    doubtful: dict[int, list[int]]


def ions_of(compositions: Compositions) -> Ions:
    """Find the anions of compounds, some 60 microseconds for each.

    Every atom of a metal may have any positive state of the ICSD; all atoms of a nonmetal have one of its common
    states, and none is positive beside a less electronegative one that is negative. Where several choices are neutral
    and disagree on an element, it is doubtful.

    Examples
    --------
    >>> from formation_mlp.materials.inputs import read_materials
    >>> compositions = read_materials(["NaCl", "NaClO4", "BaO2", "FeAl"]).materials.compositions
    >>> ions = ions_of(compositions)
    >>> ions.sign.tolist(), ions.oxygen, ions.balanced.tolist()
    ([0, -1, 0, 1, -1, 0, -1, 0, 0], ['none', 'oxide', 'peroxide', 'none'], [True, True, False, False])
    """
    n = len(compositions)
    sign, balanced, oxygen = np.zeros(len(compositions.z), np.int64), np.zeros(n, bool), ["none"] * n
    doubtful: dict[int, list[int]] = {}
    z, amount = compositions.z.tolist(), compositions.amount.tolist()
    for row, (start, stop) in enumerate(pairwise(compositions.row_ptr.tolist())):
        if stop - start < 2:
            continue
        atoms = dict(zip(z[start:stop], whole_amounts(amount[start:stop]), strict=True))
        oxygen[row] = _oxygen(atoms)
        signs = [*_neutral_signs(atoms)]
        balanced[row] = bool(signs)
        if not signs:
            sign[start:stop] = _of_the_most_electronegative(atoms)
            continue
        seen = {element: {choice[element] for choice in signs} for element in signs[0]}
        open_ones = [element for element, found in seen.items() if len(found) > 1]
        if open_ones:
            doubtful[row] = open_ones
        for entry in range(start, stop):
            found = seen.get(z[entry], {0})
            sign[entry] = found.copy().pop() if len(found) == 1 else (-1 if z[entry] in USUAL_ANIONS else 1)
    ambiguous = np.zeros(n, bool)
    ambiguous[list(doubtful)] = True
    return Ions(sign, balanced, ambiguous, oxygen, doubtful)


def _neutral_signs(atoms: Mapping[int, int]) -> Iterator[dict[int, int]]:
    """Yield, for each neutral choice of states, the sign of each nonmetal."""
    nonmetals = [z for z in atoms if z in ELECTRONEGATIVITY]
    metals = [z for z in atoms if z not in ELECTRONEGATIVITY]
    states = {z: states_of(z) for z in atoms}
    if not nonmetals or len(nonmetals) > _MOST_NONMETALS or not all(states.values()):
        return
    given = total_charges([states[z] for z in metals], [atoms[z] for z in metals])
    for choice in product(*(states[z] for z in nonmetals)):
        wanted = -sum(atoms[z] * state for z, state in zip(nonmetals, choice, strict=True)) - given.lowest
        if wanted >= 0 and given.bits >> wanted & 1 and follows_electronegativity(nonmetals, choice):
            yield {z: (state > 0) - (state < 0) for z, state in zip(nonmetals, choice, strict=True)}


def _of_the_most_electronegative(atoms: Mapping[int, int]) -> list[int]:
    """Return -1 for the most electronegative element, if it is a nonmetal, as the corrections of 2020 do; else 0."""
    nonmetals = [z for z in atoms if z in ELECTRONEGATIVITY]
    top = max(nonmetals, key=ELECTRONEGATIVITY.__getitem__, default=0)
    return [-1 if z == top else 0 for z in atoms]


def _oxygen(atoms: Mapping[int, int]) -> str:
    """Return what oxygen is, from the most electrons that the others can give to each of its atoms."""
    if _O not in atoms:
        return "none"
    electrons = 0
    for z, n in atoms.items():
        is_taker = ELECTRONEGATIVITY.get(z, 0.0) > ELECTRONEGATIVITY[_O]
        electrons += 0 if z == _O else -n if is_taker else n * _highest(z)
    each = electrons / atoms[_O]
    if each >= 2:
        return "oxide"
    return next((kind for ratio, kind in _ELECTRONS_OF_OXYGEN.items() if abs(each - ratio) < 1e-9), "mixed")


@cache
def _highest(z: int) -> int:
    tables = load_oxidation_states()
    return max(0, *(tables["known"][z] if z in ELECTRONEGATIVITY else tables["icsd"][z] or tables["known"][z]), 0)
