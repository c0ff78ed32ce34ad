"""The parts of a formula that is more than letters and digits: signs, adducts, brackets and blanks are seen to here."""

from __future__ import annotations

import re
import unicodedata

from formation_mlp.materials.formula.adducts import split_adduct
from formation_mlp.materials.formula.atoms import NUMBER, FormulaError, check_amount, read_number
from formation_mlp.materials.formula.blanks import without_doubtful_blanks
from formation_mlp.materials.formula.states import refuse_oxidation_states
from formation_mlp.quoting import shortened

_COEFFICIENT = re.compile(rf"\s*(?:([0-9]++)\s*[/⁄]\s*([0-9]++)|({NUMBER})?([½⅓⅔¼¾⅕-⅞])?)\s*(?=[A-Z\[({{])")
_ZERO_WATER = re.compile(r"[(\[]?[HD]20[)\]]?")


def split_parts(text: str) -> list[tuple[float, str]]:
    """Return each part of an adduct with the number before it; another formula is one part, its number 1.

    The words of a salt (``K2 SO4``) are joined.

    Raises
    ------
    FormulaError
        If there is an oxidation state, a dot or a blank of several meanings, or a bracket without its like.
    """
    excess = [(text.count(a) - text.count(b), a, b) for a, b in ("()", "[]", "{}")]
    total = sum(more for more, _, _ in excess)
    if total > 0:
        raise FormulaError(f"'{max(excess)[1]}' is not closed. Check the brackets.")
    if total < 0:
        raise FormulaError(f"'{min(excess)[2]}' closes no bracket. Check the brackets.")
    refuse_oxidation_states(text)
    split = split_adduct(text)
    parts = []
    for piece in split:
        coefficient, part = _split_coefficient(piece) if len(split) > 1 else (1.0, piece)
        if len(split) > 1 and _ZERO_WATER.fullmatch(part.strip()):
            raise FormulaError(
                f"'{part.strip()}' holds the digit 0. Write water with the letter: H2O.",
                (text.replace(part.strip(), part.strip().replace("0", "O")),),
            )
        parts.append((coefficient, without_doubtful_blanks(part)))
    return parts


def spelled(parts: list[tuple[float, str]]) -> str:
    """Return the parts of an adduct as a remark shows them: ``CuSO4 + 5 H2O``."""
    return shortened(" + ".join(_spell(*part) for part in parts[:100]))


def _spell(coefficient: float, part: str) -> str:
    part = part.strip()[:100]
    return part if coefficient == 1 else f"{coefficient:g} {part}"


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
