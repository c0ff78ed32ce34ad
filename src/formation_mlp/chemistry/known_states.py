"""Whether a compound needs an oxidation state that no known compound of that element has with that ligand.

Mn has +7 in Mn2O7 and KMnO4, and at most +4 in fluorides: MnF7 would be new chemistry. The table ``known_states.csv``,
written by ``scripts/build_known_states.py``, tells the lowest and the highest state of each element beside each ligand.
States are formal ones, the charge of an atom if each ligand has its full one (O -2), so that the same numbers bound the
anion-to-cation ratio: K has up to +6, in KO3.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.element_data import read_element_csv
from formation_mlp.chemistry.elements import ATOMIC_NUMBER, SYMBOLS
from formation_mlp.chemistry.plausible import ELECTRONEGATIVITY
from formation_mlp.typing import Bools, Floats, Ints

if TYPE_CHECKING:
    from formation_mlp.chemistry.compositions import Compositions

LIGANDS = ("F", "O", "Cl", "N", "Br", "I", "S", "Se", "H", "Te")
"""Elements whose compounds are judged, where no other one is more electronegative; from the most electronegative."""
CHARGE = (
    dict.fromkeys(("F", "Cl", "Br", "I", "At", "H"), 1)
    | dict.fromkeys(("O", "S", "Se", "Te"), 2)
    | dict.fromkeys(("N", "P", "As", "Sb", "B"), 3)
    | dict.fromkeys(("C", "Si", "Ge"), 4)
)
"""Full negative charge of an atom of the elements that can be anions."""

_TWO_FACED = tuple(ATOMIC_NUMBER[symbol] for symbol in ("O", "Cl", "Br", "I"))
"""Beside a stronger ligand all their atoms have the full negative charge, or all give electrons."""
TOLERANCE = 1e-3
"""Share by which charges may differ, of compositions that are rounded."""


def _by_atomic_number(values: dict[str, float]) -> Floats:
    column = np.zeros(len(SYMBOLS))
    for symbol, value in values.items():
        column[ATOMIC_NUMBER[symbol]] = value
    return column


_CHARGE = _by_atomic_number({symbol: float(charge) for symbol, charge in CHARGE.items()})
_PULL = _by_atomic_number(
    {SYMBOLS[z]: value + 0.001 * (SYMBOLS[z] in LIGANDS) for z, value in ELECTRONEGATIVITY.items()}
)
"""Pauling's electronegativity, zero of metals and noble gases; of two equal elements the ligand comes first."""
_SOFT = tuple(ATOMIC_NUMBER[symbol] for symbol in ("S", "Se", "Te"))
"""Ligands that are bonded to one another in many compounds of three elements (K2PdSe10) that no count bounds them."""
_LIGANDS = [ATOMIC_NUMBER[symbol] for symbol in LIGANDS]
_PLACE = np.zeros(len(SYMBOLS), np.int64)
_PLACE[_LIGANDS] = np.arange(len(LIGANDS))


def ligand_rank(symbol: str) -> float:
    """Return a number that is the lower, the more electronegative an element is; zero of metals and noble gases."""
    return -float(_PULL[ATOMIC_NUMBER[symbol]])


@dataclass(frozen=True, slots=True)
class KnownStates:
    """Bounds of the formal oxidation states of known compounds, each ``[119, 10]``: element and place in `LIGANDS`.

    Attributes
    ----------
    lowest, highest : NaN in ``highest`` where no compound is known; zero in ``lowest`` where there is no lower bound
    chain_lowest, chain_highest : higher formal states of compounds whose ligands bond to one another, as in KO2 and
        CsI3; NaN where none are known
    """

    lowest: Floats
    highest: Floats
    chain_lowest: Floats
    chain_highest: Floats

    def tables(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Return all bounds."""
        return self.lowest, self.highest, self.chain_lowest, self.chain_highest

    def reach(self, z: Ints, ligand: int) -> Floats:
        """Return the highest formal state of each element beside a ligand, zero where none is known."""
        highest: Floats = np.fmax(np.fmax(self.highest[z, ligand], self.chain_highest[z, ligand]), 0)
        return highest


@cache
def load_known_states() -> KnownStates:
    """Read ``tables/known_states.csv``."""
    _, *lines = read_element_csv("known_states")
    symbols, ligands, *columns = zip(*lines, strict=True)
    place = [ATOMIC_NUMBER[symbol] for symbol in symbols], [LIGANDS.index(symbol) for symbol in ligands]
    bounds = np.full((4, len(SYMBOLS), len(LIGANDS)), np.nan)
    for table, cells in zip(bounds, columns, strict=False):  # the formulas that show the bounds stand behind
        table[place] = [float(cell or "nan") for cell in cells]
    return KnownStates(np.nan_to_num(bounds[0]), *bounds[1:])


def most_electronegative(compositions: Compositions) -> Bools:
    """Return which entry is the most electronegative element of its row, ``[m]``; of two equal ones the ligand is."""
    pull, filled = _PULL[compositions.z], np.flatnonzero(compositions.n_elements)
    most = np.maximum.reduceat(pull, compositions.row_ptr[filled])
    is_most: Bools = pull == np.repeat(most, compositions.n_elements[filled])
    return is_most


def unknown_states(compositions: Compositions) -> list[str]:
    """Return, of each formula, the oxidation state that is beyond those of known compounds, or an empty text, ``[n]``.

    The ligand is the most electronegative element of a formula, and has its full negative charge. A formula of two
    elements is known if the state of the other one lies between the lowest and the highest of its known compounds with
    that ligand. One of more elements is known if some assignment balances it in which no element has more than its
    highest state beside any more electronegative ligand of the formula; so a flag there is certain, and its absence
    says less. Nothing is said of elements, of compounds without a ligand of `LIGANDS` (intermetallics, borides,
    carbides, silicides, phosphides), and of those of three elements and more whose ligand is bonded to something that
    the formula does not tell: S, Se and Te to one another (K2PdSe10), H to B (Zr(BH4)4).

    Examples
    --------
    >>> from formation_mlp.materials.inputs import read_materials
    >>> formulas = ["MnF4", "MnF7", "KMnO4", "KO2", "Os3F", "K2MnF7", "Ni3Al"]
    >>> for text in unknown_states(read_materials(formulas).materials.compositions):
    ...     print(text or "-")
    -
    Mn+7 with F (known: +2 to +4)
    -
    -
    Os+0.33 with F (known: +4 to +6)
    Mn+5 with F (known: up to +4)
    -
    """
    texts = [""] * len(compositions)
    compounds = np.flatnonzero(compositions.n_elements > 1)
    if not len(compounds):
        return texts
    part = compositions.take(compounds)
    is_asked = _are_asked(part)
    for judge, is_of_kind in ((_are_known, part.n_elements == 2), (_can_balance, part.n_elements > 2)):
        rows = compounds[is_asked & is_of_kind]
        if len(rows):
            for row in rows[~judge(compositions.take(rows))].tolist():
                texts[row] = _in_words(compositions.take([row]))
    return texts


def _are_asked(compositions: Compositions) -> Bools:
    """Return which compounds have a ligand that bounds the states of the other elements, ``[n]``."""
    z, starts = compositions.z, compositions.row_ptr[:-1]
    most = np.maximum.reduceat(_PULL[z], starts)
    has_boron = np.logical_or.reduceat(z == ATOMIC_NUMBER["B"], starts)
    is_bonded = np.isin(most, _PULL[list(_SOFT)]) | ((most == _PULL[ATOMIC_NUMBER["H"]]) & has_boron)
    is_asked: Bools = np.isin(most, _PULL[_LIGANDS]) & ~(is_bonded & (compositions.n_elements > 2))
    return is_asked


def _are_known(compositions: Compositions) -> Bools:
    """Return whether formulas of two elements have a known state, ``[n]``."""
    known, rows = load_known_states(), np.arange(len(compositions))
    z, amount = compositions.z.reshape(-1, 2), compositions.amount.reshape(-1, 2)
    last = np.argmax(_PULL[z], axis=1)
    element, ligand = z[rows, 1 - last], _PLACE[z[rows, last]]
    state = _CHARGE[z[rows, last]] * amount[rows, last] / amount[rows, 1 - last]
    place = element, ligand
    return _between(state, known.lowest[place], known.highest[place]) | _between(
        state, known.chain_lowest[place], known.chain_highest[place]
    )


def _between(state: Floats, low: Floats, high: Floats) -> Bools:
    is_between: Bools = (state >= low * (1 - TOLERANCE)) & (state <= high * (1 + TOLERANCE))  # not beside NaN
    return is_between


def _can_balance(compositions: Compositions) -> Bools:
    """Return whether the ligand's charge can be matched by the other elements, ``[n]``."""
    n, z, amount = len(compositions), compositions.z, compositions.amount
    row = np.repeat(np.arange(n), compositions.n_elements)
    highest, is_ligand = _highest_beside_ligands(compositions, row)

    def total(charges: Floats) -> Floats:
        return np.bincount(row, amount * charges, n).astype(np.float64)

    demand = total(np.where(is_ligand, _CHARGE[z], 0))
    is_two_faced = np.isin(z, _TWO_FACED) & ~is_ligand
    is_free = ~is_ligand & ~is_two_faced
    low, high = total(np.where(is_free, -_CHARGE[z], 0)), total(np.where(is_free, highest, 0))
    balances = np.zeros(n, np.bool_)
    present = [element for element in _TWO_FACED if (z[is_two_faced] == element).any()]
    for gives in product((True, False), repeat=len(present)):
        more_low, more_high = np.zeros(n), np.zeros(n)
        for element, is_giver in zip(present, gives, strict=True):
            own = is_two_faced & (z == element)
            more_low += total(np.where(own, 1.0 if is_giver else -_CHARGE[z], 0))
            more_high += total(np.where(own, highest if is_giver else -_CHARGE[z], 0))
        balances |= (low + more_low <= demand * (1 + TOLERANCE)) & (demand <= (high + more_high) * (1 + TOLERANCE))
    return balances


def _highest_beside_ligands(compositions: Compositions, row: Ints) -> tuple[Floats, Bools]:
    """Return the highest state of each entry beside the more electronegative ligands of its row, and which ligands are.

    Both are ``[m]``; the second says which entry is the most electronegative one of its row.
    """
    z, known = compositions.z, load_known_states()
    pull = _PULL[z]
    highest = np.zeros(len(z))
    for place, ligand in enumerate(_LIGANDS):
        has_ligand = np.zeros(len(compositions), np.bool_)
        has_ligand[row[z == ligand]] = True
        beside = np.flatnonzero(has_ligand[row] & (pull < _PULL[ligand]))
        highest[beside] = np.maximum(highest[beside], known.reach(z[beside], place))
    return highest, most_electronegative(compositions)


def _in_words(compositions: Compositions) -> str:
    """Return the state that one formula would need, and those that are known.

    Of several elements it is that of the one with the most states, when the others have their highest.
    """
    known, z, amount = load_known_states(), compositions.z, compositions.amount
    highest, is_ligand = _highest_beside_ligands(compositions, np.zeros(len(z), np.int64))
    n_states = np.nanmax(known.highest[z], axis=1, initial=0)

    def needed(takes: Bools) -> tuple[int, float]:
        others = np.flatnonzero(~takes)
        entry = int(others[np.argmax(n_states[others])])
        supply = float((highest * amount)[others].sum() - highest[entry] * amount[entry])
        return entry, (float((_CHARGE[z] * amount)[takes].sum()) - supply) / float(amount[entry])

    entry, state = needed(is_ligand)
    takers = is_ligand | np.isin(z, _TWO_FACED)
    if len(z) > 2 and state <= highest[entry] and not takers.all():
        entry, state = needed(takers)
    ligand = int(z[is_ligand][0])
    text = f"{SYMBOLS[z[entry]]}{_signed(state)} with {SYMBOLS[ligand]}"
    if len(z) > 2:
        return f"{text} (known: up to {_signed(highest[entry])})"
    low, high, chain_low, chain_high = (float(table[z[entry], _PLACE[ligand]]) for table in known.tables())
    ranges = " or ".join(filter(None, (_range(low, high), _range(chain_low, chain_high))))
    return f"{text} (known: {ranges or 'no compound'})"


def _range(low: float, high: float) -> str:
    if np.isnan(high):
        return ""
    if low == high:
        return f"{_signed(high)}"
    return f"{_signed(low)} to {_signed(high)}" if low > 0 else f"up to {_signed(high)}"


def _signed(state: float) -> str:
    return f"{state:+.2f}".rstrip("0").rstrip(".")
