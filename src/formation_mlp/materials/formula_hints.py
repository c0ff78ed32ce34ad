"""Say what is wrong with a formula and what its writer may have meant."""

from __future__ import annotations

import re
from functools import cache

from formation_mlp.materials.elements import ATOMIC_NUMBER

_LONGEST = 60  # signs of a formula for which other spellings are sought
_VARIABLES = "xyznδₓ"


def explain_sign(text: str, position: int) -> str:
    """Return why the sign at ``position`` cannot be read, and what to try."""
    sign = text[position]
    if sign in "+-−⁺⁻^⁰¹²³⁴⁵⁶⁷⁸⁹":
        return (
            f"'{sign}' cannot be read: charges (Fe3+) and variable amounts (Li1-xCoO2) have no place in a formula "
            "here. Leave the charge out, write each amount as a number."
        )
    if sign in "0123456789.":
        return f"no element stands before '{text[position:]}'. Write a number after what it counts, as in (H2O)2."
    if sign in "/,":
        return f"'{sign}' cannot be read. Write a plain decimal number, as in Fe0.333O2."
    if label := re.match(r"\((s|l|g|aq)\)", text[max(position - 1, 0) :]):
        return f"'{label[0]}' is a label of state. Leave it out."
    if sign in _VARIABLES and not text[position + 1 : position + 2].islower():
        return f"'{sign}' is a variable amount. Write it as a number."
    if spellings := respell(text):
        return f"'{sign}' begins no element. Did you mean {' or '.join(spellings)}?"
    return f"'{sign}' cannot be read. Write element symbols, amounts and brackets only."


def explain_symbol(symbol: str, text: str) -> str:
    """Return why ``symbol`` is no element, and what to try."""
    if symbol[-1] in _VARIABLES and symbol[:-1] in ATOMIC_NUMBER:
        return f"'{symbol[-1]}' after {symbol[:-1]} is a variable amount. Write it as a number."
    if spellings := respell(text):
        return f"'{symbol}' is no element. Did you mean {' or '.join(spellings)}?"
    return f"'{symbol}' is no element. Write the symbols of the periodic table."


def respell(text: str) -> list[str]:
    """Return up to two formulas that differ from ``text`` in upper and lower case alone.

    Spellings with fewer elements come first: ``NACL`` gives ``NaCl``, ``co`` gives ``Co`` and ``CO``.
    """
    if len(text) > _LONGEST:
        return []
    choices = [""]
    for run in re.findall(r"[A-Za-z]+|[^A-Za-z]+", text):
        spelled = _spell_letters(run.lower()) if run.isascii() and run.isalpha() else (run,)
        choices = [choice + letters for choice in choices for letters in spelled][:2]
    return [choice for choice in choices if choice != text]


@cache
def _spell_letters(letters: str) -> tuple[str, ...]:
    if not letters:
        return ("",)
    found = []
    for length in (2, 1):
        symbol = letters[:length].capitalize()
        if len(symbol) == length and symbol in ATOMIC_NUMBER:
            found += [symbol + rest for rest in _spell_letters(letters[length:])]
    return tuple(sorted(found, key=lambda spelling: sum(map(str.isupper, spelling)))[:2])
