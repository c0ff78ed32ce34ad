"""Tell the dot of an adduct (``CuSO4.5H2O``) from a decimal point (``LiNi0.5Mn1.5O4``).

The signs ``·``, ``•``, ``*`` and their like always separate the parts of an adduct, and so does a dot that no
digit follows (``MgCl2.H2O``). A dot before a digit is read by the first of these rules that fits:

1. the number ends the formula, or is 0 before the dot, or has a 0 or more than two digits after it: a decimal
   point;
2. water follows to the end or to the next dot (``.5H2O``, ``.2(H2O)``, ``.D2O``): an adduct, unless the
   number before it is 1, which an adduct does not need: refused;
3. no number stands before the dot (``LiNi.5Mn1.5O4``, ``K2O.3Al2O3``): refused;
4. an element occurs on both sides of the dot (``Al2O3.2SiO2``) and the number before it is not 1: refused;
5. otherwise a decimal point.

Of three numbers in a row one of the first two must be 0 (``CaSO4.0.5H2O``): it begins the decimal number.
"""

from __future__ import annotations

import re


class FormulaError(ValueError):
    """A formula cannot be read; the text says why and what to try."""


_JOIN = "·"
_JOINING_SIGNS = dict.fromkeys(map(ord, "•⋅∙‧・*∗×"), _JOIN)
_SUBSCRIPTS = {ord("₀") + digit: str(digit) for digit in range(10)}
_SUBSCRIPT_THEN_NUMBER = re.compile(r"(?<=[₀-₉])\.(?=[0-9])")
_NUMBERS_AND_DOTS = re.compile(r"[0-9]*(?:\.[0-9]*)+")
_WATER = re.compile(r"(?:[HD]2O|\([HD]2O\)|\[[HD]2O\])\s*\Z")
_EXPONENT = re.compile(r"e-?[0-9]")
_SYMBOL = re.compile(r"[A-Z][a-z]?")


def split_adduct(text: str) -> list[str]:
    """Return the parts of an adduct, or the formula alone: ``CuSO4.5H2O`` gives ``CuSO4`` and ``5H2O``.

    Unicode subscripts come back as digits.

    Raises
    ------
    FormulaError
        If a dot could mean either, or joins nothing, or stands inside brackets.
    """
    text = _SUBSCRIPT_THEN_NUMBER.sub(_JOIN, text)  # CuSO₄.5H₂O: two kinds of digits, two numbers
    text = text.translate(_JOINING_SIGNS).translate(_SUBSCRIPTS)
    text = re.sub(r"\s*\.\s+", _JOIN, text)
    for match in reversed(list(_NUMBERS_AND_DOTS.finditer(text))):  # what follows a dot is read before it
        head, tail = text[: match.start()], text[match.end() :]
        text = head + _read_dots(head, match[0].split("."), tail) + tail
    parts = text.split(_JOIN)
    if len(parts) > 1:
        _check_parts(parts)
    return parts


def _read_dots(head: str, numbers: list[str], tail: str) -> str:
    """Return the numbers of one run, joined again by decimal points and signs of an adduct."""
    end = ""
    if numbers[-1] == "":
        numbers, end = numbers[:-1], _JOIN
    match numbers:
        case [number]:
            return number + end
        case [whole, fraction] if end or not _joins(head, whole, fraction, tail):
            return f"{whole}.{fraction}{end}"
        case [left, right]:
            return f"{left}{_JOIN}{right}"
        case [whole, fraction, factor] if _is_zero(whole) and not end:
            return f"{whole}.{fraction}{_JOIN}{factor}"
        case [left, whole, fraction] if _is_zero(whole) and not end:
            return f"{left}{_JOIN}{whole}.{fraction}"
    raise _ambiguous(".".join(numbers) + end.replace(_JOIN, ".") + tail)


def _joins(head: str, before: str, after: str, tail: str) -> bool:
    """Apply the rules at the top of this module to one dot before a digit."""
    if _is_zero(before) or after.startswith("0") or len(after) > 2:
        return False
    follows = _rest_of_part(tail)
    if not follows or _EXPONENT.match(follows):
        return False
    is_water, is_one = _WATER.match(follows), before.lstrip("0") == "1"
    if is_water and not is_one:
        return True
    is_repeated = not set(_SYMBOL.findall(head)).isdisjoint(_SYMBOL.findall(follows))
    if is_water or not before or (is_repeated and not is_one):
        raise _ambiguous(f"{before}.{after}{follows}")
    return False


def _rest_of_part(tail: str) -> str:
    """Return ``tail`` up to the next sign of an adduct or the end of the bracket it stands in."""
    depth = 0
    for position, sign in enumerate(tail):
        depth += (sign in "([{") - (sign in ")]}")
        if depth < 0 or sign == _JOIN:
            return tail[:position].strip()
    return tail.strip()


def _is_zero(digits: str) -> bool:
    return digits != "" and not digits.strip("0")


def _check_parts(parts: list[str]) -> None:
    depth = 0
    for part in parts:
        if not part.strip():
            raise FormulaError("nothing stands on one side of a dot. Complete the formula or leave the dot out.")
        if depth:
            raise FormulaError("an adduct stands inside brackets. Write its atoms out, as in (CuSO9H10)2.")
        depth += sum(map(part.count, "([{")) - sum(map(part.count, ")]}"))


def _ambiguous(found: str) -> FormulaError:
    return FormulaError(
        f"the dot of '{found}' may be a decimal point or join the parts of an adduct. Write '·' to join "
        "(Al2O3·2SiO2), or a plain decimal (Ni0.5) with each element named once."
    )
