"""Tell the dot of an adduct (``CuSO4.5H2O``) from a decimal point (``LiNi0.5Mn1.5O4``).

The signs ``·``, ``•``, ``*`` and their like always separate the parts of an adduct, and so does a dot that no
digit follows (``MgCl2.H2O``). A number right after such a sign is a coefficient with a decimal point (``·2.5H2O``) or a
fraction (``·1/2H2O``, ``·½H2O``). Another dot before a digit is read by the first of these rules that fits:

1. the number ends the formula, or is 0 before the dot, or has a 0 or more than two digits after it: a decimal
   point;
2. water follows to the end or to the next dot (``.5H2O``, ``.2(H2O)``, ``.D2O``): an adduct, unless the
   number before it is 1, which an adduct does not need, or there is none and one element alone before it: refused;
3. no number stands before the dot (``LiNi.5Mn1.5O4``, ``K2O.3Al2O3``): refused, unless a blank ends the number, as in
   sum formulas (``Mg1.8 Fe.2 Si O4``): a decimal point;
4. an element occurs on both sides of the dot (``Al2O3.2SiO2``) and the number before it is not 1: refused;
5. a molecule follows (``NiCl2.6NH3``), water with a zero for its O, or a charge-balanced compound after another one
   (``CaCl2.2KBr``): refused;
6. otherwise a decimal point.

Of three numbers in a row one of the first two must be 0 (``CaSO4.0.5H2O``): it begins the decimal number.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cached_property

from formation_mlp.materials.formula.atoms import FormulaError
from formation_mlp.materials.formula.molecules import is_compound, is_molecule
from formation_mlp.materials.formula.signs import JOINING_SIGNS, SUBSCRIPTS
from formation_mlp.quoting import shortened

JOIN = "·"
_SIGNS = dict.fromkeys(map(ord, JOINING_SIGNS), JOIN) | {ord(sign): str(i) for i, sign in enumerate(SUBSCRIPTS)}
_SUBSCRIPT_THEN_NUMBER = re.compile(r"(?<=[₀-₉])\.(?=[0-9])")
_TWO_KINDS = re.compile(r"[₀-₉][0-9]|[0-9]\.?[₀-₉]")
_DOT_AND_BLANK = re.compile(r"(?<!\s)\s*\.\s+")  # each run of blanks is tried once
_NUMBERS_AND_DOTS = re.compile(r"(?<![0-9])[0-9]*(?:\.[0-9]*)+")  # a long number is not tried from each of its digits
_WATER = re.compile(r"(?:[HD]2O|\([HD]2O\)|\[[HD]2O\])\s*\Z")
_ZERO_WATER = re.compile(r"[(\[]?[HD]20[)\]]?\s*\Z")
_EXPONENT = re.compile(r"e-?[0-9]")
_SYMBOL = re.compile(r"[A-Z][a-z]?")
_LONGEST_PART = 60  # signs; a longer part is neither a molecule nor the head of an adduct


def split_adduct(text: str) -> list[str]:
    """Return the parts of an adduct, or the formula alone: ``CuSO4.5H2O`` gives ``CuSO4`` and ``5H2O``.

    Unicode subscripts come back as digits. The time is linear in the length.

    Raises
    ------
    FormulaError
        If a dot could mean either, or joins nothing, or stands inside brackets, or a number has two kinds of digits.
    """
    if not text.isascii():
        text = _in_ascii(text)
    if "." in text:
        text = _DOT_AND_BLANK.sub(JOIN, text.replace("*", JOIN))
        text = _Dots(text).read()
    else:
        text = text.replace("*", JOIN)
    parts = text.split(JOIN)
    if len(parts) > 1:
        _check_parts(parts)
    return parts


def _in_ascii(text: str) -> str:
    """Return a text with one sign for all that join, and digits for subscripts."""
    if two_kinds := _TWO_KINDS.search(text):
        raise FormulaError(
            f"'{two_kinds[0]}' holds a subscript beside an ordinary digit. Write one kind, and '·' to join the parts "
            "of an adduct.",
            (re.sub("(?<=[₀-₉])(?=[0-9]+[HD][₂2]O)", JOIN, text[: 2 * _LONGEST_PART]),),
        )
    text = _SUBSCRIPT_THEN_NUMBER.sub(JOIN, text)  # CuSO₄.5H₂O: two kinds of digits, two numbers
    return text.translate(_SIGNS)


class _Dots:
    """The dots of one text, read from the end: what follows a dot is read before it.

    Whatever a dot is found to be, it stays one sign, so that places in the text do not change.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.joins: list[int] = []  # places of the dots that join, from the end
        self.next_join = len(text)  # of either kind

    def read(self) -> str:
        """Return the text with a sign of an adduct for each dot that joins."""
        next_sign = len(self.text)
        for match in reversed(list(_NUMBERS_AND_DOTS.finditer(self.text))):
            start, end = match.span()
            next_sign = self.text.find(JOIN, end, next_sign)
            if next_sign >= 0:
                self.next_join = min(self.next_join, next_sign)
            next_sign = end
            for place in self._joining(start, end):
                self.joins.append(place)
                self.next_join = place
        signs = list(self.text)
        for place in self.joins:
            signs[place] = JOIN
        return "".join(signs)

    def _joining(self, start: int, end: int) -> list[int]:
        """Return the places of the dots that join in one run of numbers and dots, from the last one."""
        numbers = self.text[start:end].split(".")
        last: list[int] = []
        if numbers[-1] == "":
            numbers, end = numbers[:-1], end - 1
            last, self.next_join = [end], end
        if len(numbers) <= 2 and self._is_coefficient(start):
            return last
        match numbers:
            case [_]:
                return last
            case [whole, fraction] if last or not self._joins(start, end, whole, fraction):
                return last
            case [left, _]:
                return [*last, start + len(left)]
            case [whole, fraction, _] if _is_zero(whole) and not last:
                return [start + len(whole) + 1 + len(fraction)]
            case [left, whole, _] if _is_zero(whole) and not last:
                return [start + len(left)]
        raise _ambiguous(self.text[start : end + 100])

    def _is_coefficient(self, start: int) -> bool:
        """Return whether a sign of an adduct stands right before a number."""
        place = start - 1
        while place >= 0 and self.text[place] == " ":
            place -= 1
        return place >= 0 and self.text[place] == JOIN

    def _joins(self, start: int, end: int, before: str, after: str) -> bool:
        """Apply the rules at the top of this module to one dot before a digit."""
        if _is_zero(before) or after.startswith("0") or len(after) > 2:
            return False
        stop = self._end_of_part(end)
        follows = self.text[end : min(stop, end + _LONGEST_PART)].strip()
        if not follows or _EXPONENT.match(follows):
            return False
        found = f"{before}.{after}{follows}"
        is_water, is_one = _WATER.match(follows), before.lstrip("0") == "1"
        head = self._head(start)
        if is_water and not is_one and (before or not _SYMBOL.fullmatch(head)):
            return True
        if _ZERO_WATER.match(follows):
            raise FormulaError(
                f"the dot of '{found}' may be a decimal point or join water with the digit 0 for the letter O. "
                "Write '·5H2O', with the letter.",
                (f"{self.text[:start]}{before}{JOIN}{after}{follows.replace('0', 'O')}",),
            )
        if not before and self.text[end] == " " and not is_water:
            return False
        is_repeated = not is_one and self._is_repeated(start, end, stop)
        if is_water or not before or is_repeated:
            raise _ambiguous(found)
        if stop - end < _LONGEST_PART and (
            is_molecule(follows) or (is_compound(follows) and is_compound(head + before))
        ):
            raise _ambiguous(found)
        return False

    def _head(self, start: int) -> str:
        """Return what stands before a number in its part, or an empty text if that is long."""
        head = self.text[max(start - _LONGEST_PART, 0) : start].rpartition(JOIN)[2].strip()
        return "" if len(head) >= _LONGEST_PART else head

    def _end_of_part(self, end: int) -> int:
        """Return where the part ends: at the next sign of an adduct, or at the end of the bracket it stands in."""
        return min(self.next_join, self._closing.get(end, len(self.text)) if self._closing else len(self.text))

    @cached_property
    def _closing(self) -> dict[int, int]:
        """The place at which the innermost bracket around the end of each run of numbers and dots closes."""
        if not re.search(r"[\[({]", self.text):
            return {}
        ends = {match.end() for match in _NUMBERS_AND_DOTS.finditer(self.text)}
        closing: list[int] = []
        found: dict[int, int] = {}
        for match in reversed(list(re.finditer(r"[\[({\])}]|\.[0-9]*(?![0-9.])", self.text))):
            if match[0][0] in "])}":
                closing.append(match.start())
            elif match[0][0] in "[({":
                if closing:
                    closing.pop()
            elif closing and match.end() in ends:
                found[match.end()] = closing[-1]
        return found

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        """Where each symbol stands."""
        places: dict[str, list[int]] = {}
        for match in _SYMBOL.finditer(self.text):
            places.setdefault(match[0], []).append(match.start())
        return places

    def _is_repeated(self, start: int, end: int, stop: int) -> bool:
        """Return whether a symbol of the part after a number occurs before it, too."""
        for places in self._places.values():
            after = bisect_left(places, end)
            if places[0] < start and after < len(places) and places[after] < stop:
                return True
        return False


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
        f"the dot of '{shortened(found)}' may be a decimal point or join the parts of an adduct. Write '·' to join "
        "(Al2O3·2SiO2), or a plain decimal (Ni0.5) with each element named once."
    )
