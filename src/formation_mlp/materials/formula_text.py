"""The complete parser of one formula."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from formation_mlp.materials.elements import ATOMIC_NUMBER
from formation_mlp.materials.formula_adducts import split_adduct
from formation_mlp.materials.formula_atoms import (
    HYDROGEN,
    NUMBER,
    FormulaError,
    check_amount,
    count_atoms,
    read_number,
)
from formation_mlp.materials.formula_blanks import check_blanks
from formation_mlp.materials.formula_doubts import doubt_of
from formation_mlp.materials.formula_signs import clean
from formation_mlp.materials.formula_states import refuse_oxidation_states
from formation_mlp.quoting import shortened

_COEFFICIENT = re.compile(rf"\s*(?:([0-9]+)\s*[/⁄]\s*([0-9]+)|({NUMBER})?([½⅓⅔¼¾⅕-⅞])?)\s*(?=[A-Z\[({{])")
_ZERO_WATER = re.compile(r"[(\[]?[HD]20[)\]]?")
_MISSING = {"", "nan", "none", "null", "n/a", "<na>"}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a formula says: the amount of each atomic number, in the order of the formula, and a note or ``""``."""

    amounts: dict[int, float]
    note: str


def read_formula(formula: object) -> Reading:
    """Read one formula, in a time that grows with its length and no faster.

    Flat formulas, the three kinds of brackets, nesting, fractional amounts, exponents (``Mn1e-3O``) and blanks
    between symbols and amounts are read as by pymatgen's ``Composition``; besides them unicode subscripts,
    adducts (see :mod:`formation_mlp.materials.formula_adducts`), and deuterium and tritium as hydrogen. What is
    valid to the letter and hardly meant has a note (see :mod:`formation_mlp.materials.formula_doubts`).

    Raises
    ------
    FormulaError
        Whatever else is found. Nothing is guessed. What may be meant is named only if it can be read itself.
    """
    try:
        return _read(formula)
    except FormulaError as error:
        from formation_mlp.materials.formula_hints import explained

        raise explained(error, formula) from None


def _read(formula: object) -> Reading:
    text = clean(formula) if isinstance(formula, str) else ""
    if text != "NaN" and text.lower() in _MISSING:
        raise FormulaError("the formula is missing. Fill it in or leave the row out.")
    refuse_oxidation_states(text)
    split = split_adduct(text)
    parts = [_split_coefficient(part) if len(split) > 1 else (1.0, part) for part in split]
    amounts: dict[int, float] = {}
    notes: dict[str, None] = {}
    if len(parts) > 1:
        notes["read as the adduct " + shortened(" + ".join(_spell(*part) for part in parts))] = None
    for coefficient, part in parts:
        if len(parts) > 1 and _ZERO_WATER.fullmatch(part.strip()):
            raise FormulaError(
                f"'{part.strip()}' holds the digit 0. Write water with the letter: H2O.",
                (text.replace(part.strip(), part.strip().replace("0", "O")),),
            )
        check_blanks(part)
        atoms = count_atoms(part)
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


def _split_coefficient(part: str) -> tuple[float, str]:
    """Return the number before a part of an adduct, such as 2.5, 1/2 or 1½, and what it counts."""
    match = _COEFFICIENT.match(part)
    if match is None:
        return 1.0, part
    above, below, number, fraction = match.groups()
    if below is not None:
        if not float(below):
            raise FormulaError(f"'{shortened(above + '/' + below)}' divides by 0. Write a plain decimal number.")
        coefficient = read_number(above) / read_number(below)
    else:
        value = unicodedata.numeric(fraction) if fraction else 0.0
        coefficient = (read_number(number) if number or not fraction else 0.0) + value
    check_amount(coefficient)
    return coefficient, part[match.end() :]


def _spell(coefficient: float, part: str) -> str:
    part = part.strip()[:100]
    return part if coefficient == 1 else f"{coefficient:g} {part}"
