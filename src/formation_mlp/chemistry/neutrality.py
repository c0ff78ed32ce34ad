"""Whether formulas can be neutral, for many at once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.charges import total_charges, whole_amounts
from formation_mlp.chemistry.elements import ATOMIC_NUMBER, SYMBOLS
from formation_mlp.chemistry.oxidation_states import load_oxidation_states
from formation_mlp.system.compiled import kernel_for
from formation_mlp.typing import Bools, Ints

if TYPE_CHECKING:
    from formation_mlp.chemistry.compositions import Compositions

UNKNOWN = -1
"""Where an element has no known oxidation state."""


ANIONS = tuple(ATOMIC_NUMBER[symbol] for symbol in ("O", "S", "Se", "Te", "F", "Cl", "Br", "I"))
"""Chalcogens and halogens; without one of them a compound need not be ionic, and charges say nothing."""
_IS_ANION = np.isin(np.arange(len(SYMBOLS)), ANIONS)


def charge_balance(compositions: Compositions) -> list[str]:
    """Return ``yes``, ``rare states`` or ``no`` for each formula, or an empty text where the question says nothing.

    A formula that holds a chalcogen or a halogen and another element is charge-balanced if the oxidation states that
    the ICSD knows of its elements, each atom its own, can add up to zero; with rare states if only those do which the
    ICSD does not list, as in peroxides and perchlorates, the same for all atoms of an element.

    Examples
    --------
    >>> from formation_mlp.materials.inputs import read_materials
    >>> charge_balance(read_materials(["Fe3O4", "Na2O2", "KO2", "Ni3Al"]).materials.compositions)
    ['yes', 'rare states', 'no', '']
    """
    is_ionic = np.logical_or.reduceat(_IS_ANION[compositions.z], compositions.row_ptr[:-1])
    asked = np.flatnonzero(is_ionic & (compositions.n_elements > 1))
    charges = np.full(len(compositions), UNKNOWN)
    charges[asked] = smallest_charges(compositions.take(asked), icsd_states())
    answers = ["" if charge == UNKNOWN else "no" if charge else "yes" for charge in charges.tolist()]
    unbalanced = np.flatnonzero(charges > 0)
    for row in unbalanced[can_be_neutral(compositions.take(unbalanced))].tolist():
        answers[row] = "rare states"
    return answers


@cache
def icsd_states() -> tuple[tuple[int, ...], ...]:
    """Return the oxidation states of each atomic number as seen in the ICSD, the common ones where it has none."""
    tables = load_oxidation_states()
    return tuple(seen or common for seen, common in zip(tables["icsd"], tables["common"], strict=True))


def smallest_charges(compositions: Compositions, states: tuple[tuple[int, ...], ...]) -> Ints:
    """Return the smallest total charge, regardless of sign, of each formula in smallest whole numbers, ``[n]``.

    Every atom may have any of the oxidation states of its element. The numbers are those of
    `formation_mlp.chemistry.charges.total_charges`, which answers for few formulas without numba, in 42 microseconds
    each. For many, as in screening, a compiled kernel does the same with bits in arrays in 0.7 microseconds each. 0
    means that the formula can be neutral; `UNKNOWN` stands where an element has no oxidation states.

    Examples
    --------
    >>> from formation_mlp.materials.inputs import read_materials
    >>> compositions = read_materials(["Fe3O4", "NaCl2", "KO3"]).materials.compositions
    >>> smallest_charges(compositions, icsd_states()).tolist()
    [0, 1, 5]
    """
    n_atoms = _smallest_whole(compositions)
    table, known = _table(states)
    found = np.full(len(compositions), UNKNOWN)
    rows = np.flatnonzero(np.logical_and.reduceat(known[compositions.z], compositions.row_ptr[:-1]))
    kernel = kernel_for(len(rows), _smallest)
    if kernel is not _smallest:
        width = table.max(axis=1) - table[:, 0]
        widths = np.add.reduceat(n_atoms * width[compositions.z], compositions.row_ptr[:-1])
        bits = np.zeros(int(widths[rows].max(initial=0)) // 64 + 2, np.uint64)
        kernel(rows, compositions.row_ptr, compositions.z, n_atoms, table, bits, found)
        return found
    z, ptr = compositions.z.tolist(), compositions.row_ptr.tolist()
    for row in rows.tolist():
        start, stop = ptr[row], ptr[row + 1]
        of_elements = [states[element] for element in z[start:stop]]
        found[row] = total_charges(of_elements, n_atoms[start:stop].tolist()).nearest_to_zero()
    return found


def can_be_neutral(compositions: Compositions) -> Bools:
    """Return whether known oxidation states, one per element, add up to zero, ``[n]``.

    All states are taken that pymatgen knows, but metals are no anions here. With a state of its own for each atom they
    would balance nearly everything.

    Examples
    --------
    >>> from formation_mlp.materials.inputs import read_materials
    >>> compositions = read_materials(["LiClO4", "Na2O2", "NaCl3", "KO2"]).materials.compositions
    >>> can_be_neutral(compositions).tolist()
    [True, True, False, False]
    """
    states, n_atoms = load_oxidation_states()["known"], _smallest_whole(compositions)
    found = np.zeros(len(compositions), bool)
    for row in range(len(compositions)):
        totals = {0}
        for entry in range(*compositions.row_ptr[row : row + 2].tolist()):
            n = int(n_atoms[entry])
            totals = {total + n * state for total in totals for state in states[compositions.z[entry]]}
        found[row] = 0 in totals
    return found


def _smallest_whole(compositions: Compositions) -> Ints:
    """Return the amounts as the smallest whole numbers of atoms, ``[m]``."""
    starts, amount = compositions.row_ptr[:-1], compositions.amount
    n_atoms = np.rint(np.minimum(amount, 20_000)).astype(np.int64)
    simple = np.logical_and.reduceat(n_atoms == amount, starts) & (compositions.n_atoms <= 10_000)
    for row in np.flatnonzero(~simple).tolist():
        start, stop = compositions.row_ptr[row : row + 2]
        n_atoms[start:stop] = whole_amounts(amount[start:stop].tolist())
    n_atoms //= np.repeat(np.gcd.reduceat(n_atoms, starts), compositions.n_elements)
    return n_atoms


@cache
def _table(states: tuple[tuple[int, ...], ...]) -> tuple[Ints, Bools]:
    """Return the states of each atomic number, rising, the last one repeated, ``[119, most]``; and who has any."""
    most = max(map(len, states))
    rows = [sorted(charges) or [0] for charges in states]
    table = np.array([[*charges, *[charges[-1]] * (most - len(charges))] for charges in rows])
    return table, np.array(list(map(bool, states)))


def _smallest(rows, row_ptr, z, n_atoms, table, bits, found):  # type: ignore[no-untyped-def]
    """Fill ``found`` at ``rows``; bit ``i`` of ``bits`` says whether a total of ``lowest + i`` is possible."""
    most = table.shape[1]
    for row in rows:
        lowest, reach = 0, 0  # of the totals so far
        bits[0] = np.uint64(1)
        for entry in range(row_ptr[row], row_ptr[row + 1]):
            states, n = table[z[entry]], n_atoms[entry]
            width = states[most - 1] - states[0]
            lowest += n * states[0]
            if width == 0:
                continue
            used = reach // 64 + 1
            reach += n * width
            for word in range(used, reach // 64 + 1):
                bits[word] = np.uint64(0)
            top = reach // 64
            n_free = min(n, width - 1)
            for _ in range(n_free):
                for word in range(top, -1, -1):  # from above, as a word takes from itself and the one below
                    here, below = bits[word], np.uint64(0)
                    if word > 0:
                        below = bits[word - 1]
                    new = here
                    for i in range(1, most):
                        shift = np.uint64(states[i] - states[0])
                        if shift > np.uint64(0):
                            new |= (here << shift) | (below >> (np.uint64(64) - shift))
                    bits[word] = new
            n_left, step = n - n_free, 1  # atoms in the lowest or the highest state, by doubling
            while n_left > 0:
                taken = min(step, n_left)
                words, shift = divmod(taken * width, 64)
                for word in range(top, words - 1, -1):
                    moved = bits[word - words] << np.uint64(shift)
                    if shift > 0 and word > words:
                        moved |= bits[word - words - 1] >> np.uint64(64 - shift)
                    bits[word] |= moved
                n_left -= taken
                step += taken
        if lowest >= 0:
            found[row] = lowest
        elif lowest + reach <= 0:
            found[row] = -(lowest + reach)
        else:
            for distance in range(reach + 1):
                is_possible = False
                for place in (-lowest - distance, -lowest + distance):
                    if 0 <= place <= reach and bits[place // 64] >> np.uint64(place % 64) & np.uint64(1):
                        is_possible = True
                if is_possible:
                    found[row] = distance
                    break
