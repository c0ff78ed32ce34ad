"""The complete parser of one formula."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.materials.formula.atoms import HYDROGEN, FormulaError, check_amount, count_atoms

_DOUBTFUL = ("0", "CI", "C1", "IV", "VI")
"""What a formula holds, besides capitals, that is worth a look at what may be meant."""
_MISSING = {"", "nan", "none", "null", "n/a", "#n/a", "n.a.", "<na>", "-", "--"}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a formula says: the amount of each atomic number, in the order of the formula, and a note or ``""``."""

    amounts: dict[int, float]
    note: str


def read_formula(formula: object) -> Reading:
    """Read one formula, in a time that grows with its length and no faster.

    Flat formulas, the three kinds of brackets, nesting, fractional amounts, exponents (``Mn1e-3O``) and blanks
    between symbols and amounts are read as by pymatgen's ``Composition``; besides them unicode subscripts,
    adducts (see :mod:`formation_mlp.materials.formula.adducts`), salts written as their ions (see
    :mod:`formation_mlp.materials.formula.blanks`), and deuterium and tritium as hydrogen. What is
    valid to the letter and hardly meant has a note (see :mod:`formation_mlp.materials.formula.doubts`).

    Raises
    ------
    FormulaError
        Whatever else is found. Nothing is guessed. What may be meant is named only if it can be read itself.
    """
    try:
        return _read(formula if isinstance(formula, str) else "")
    except FormulaError as error:
        from formation_mlp.materials.formula.hints import explained

        raise explained(error, formula) from None


def is_missing(formula: object) -> bool:
    """Tell whether a cell of formulas has none and says so.

    Examples
    --------
    >>> is_missing("n/a"), is_missing("NaN")
    (True, False)
    """
    return isinstance(formula, str) and formula.strip() != "NaN" and formula.strip().lower() in _MISSING


@lru_cache(maxsize=16)
def _read(text: str) -> Reading:
    """Read a formula; the last ones are kept, as the command line reads its first argument before all of them."""
    is_plain = True
    if not (text.isascii() and text.isalnum()):  # the rest of the parser is loaded for those that need it
        from formation_mlp.materials.formula.signs import clean

        text, is_plain = clean(text), False
    if is_missing(text):
        raise FormulaError("the formula is missing. Fill it in or leave the row out.")
    parts, notes = [(1.0, text)], dict[str, None]()
    if not is_plain:
        from formation_mlp.materials.formula.parts import spelled, split_parts

        parts = split_parts(text)
        if len(parts) > 1:
            notes["read as the adduct " + spelled(parts)] = None
        elif " " in text and " " not in parts[0][1]:
            notes["read as " + spelled(parts)] = None
    amounts: dict[int, float] = {}
    for coefficient, part in parts:
        atoms = count_atoms(part)
        if part.upper() == part or any(map(part.__contains__, _DOUBTFUL)):
            from formation_mlp.materials.formula.doubts import doubt_of

            if doubt := doubt_of(part.strip(), atoms):
                notes[doubt] = None
        for symbol, amount in atoms:
            z = ATOMIC_NUMBER[HYDROGEN.get(symbol, symbol)]
            amounts[z] = amounts.get(z, 0.0) + amount * coefficient
            if symbol in HYDROGEN:
                notes[f"{symbol} read as H"] = None
    if text == "NaN":
        notes["read as sodium nitride, one Na and one N; leave a missing formula blank"] = None
    for amount in amounts.values():
        check_amount(amount)
    return Reading(amounts, "; ".join(notes))
