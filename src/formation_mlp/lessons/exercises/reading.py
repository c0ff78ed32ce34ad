"""Numbers as people write them: ``2,5``, ``1/2``, ``85 %``, ``0.5 eV/atom``."""

from __future__ import annotations

import math
import re
from typing import SupportsFloat

from formation_mlp.errors import DataError

SPELLINGS = {"−": "-", "–": "-", "\u00a0": "", "\u202f": "", "'": "", "_": ""}
"""What is replaced before reading: other minus signs; narrow blanks, apostrophes and underscores group digits."""
POWER_OF_TEN = re.compile(r"\s*(?:[x×*·]\s*)?(?<![\d.])10\s*(?:\^|\*\*)\s*\{?([+-]?\d+)\}?")
NUMBER = r"[+-]?(?:\d[\d.,]*|[.,]\d+)(?:[eE][+-]?\d+)?"
WRITTEN = re.compile(rf"({NUMBER})(?:\s*/\s*({NUMBER}))?\s*(.*)", re.DOTALL)
PREFIXES = {"m": 1e-3, "k": 1e3}
UNIT = re.compile(r"[A-Za-zÅµ%][A-Za-zÅµ/ ]*")


def read_number(given: object, unit: str = "") -> float:
    """Read a number that somebody gives as an answer.

    Parameters
    ----------
    given
        A number, an array of one number, or a text: a decimal comma or point, a fraction such as ``1/2``, a power of
        ten, a percentage, and the unit, if it is the one that is asked for.
    unit
        The unit of the answer, such as ``eV/atom``; nothing for a pure number. A text may leave it out, and may have
        the prefix m (milli) or k (kilo) before it.

    Returns
    -------
    float
        The number, in ``unit``.

    Raises
    ------
    DataError
        If it is no finite number, can be read in two ways as ``1,000`` can, or has another unit.

    Examples
    --------
    >>> [read_number(text) for text in ("2,5", "1/2", "85 %", "1e-5", "−3")]
    [2.5, 0.5, 0.85, 1e-05, -3.0]
    >>> read_number("500 meV/atom", "eV/atom")
    0.5
    """
    if isinstance(given, str):
        value = _from_text(given.strip(), unit)
    elif isinstance(given, bool) or not isinstance(given, SupportsFloat):
        raise DataError(f"{_shown(given)} is no number. Give a number such as 0.5, or a text such as '0.5'.")
    else:
        value = _from_object(given)
    if not math.isfinite(value):
        raise DataError(f"{_shown(given)} is not finite. Give a number such as 0.5.")
    return value


def _from_object(given: SupportsFloat) -> float:
    try:
        return float(given)
    except (TypeError, ValueError, OverflowError, RuntimeError):  # an array of several numbers, or a huge number
        raise DataError(f"{_shown(given)} is not one number. Give a number such as 0.5.") from None


def _from_text(text: str, unit: str) -> float:
    plain = text
    for before, after in SPELLINGS.items():
        plain = plain.replace(before, after)
    plain = re.sub(r"(?<=\d) (?=\d{3}(?!\d))", "", plain)  # 10 000
    plain = POWER_OF_TEN.sub(lambda found: ("" if found.start() else "1") + f"e{found[1]}", plain)
    found = WRITTEN.fullmatch(plain.strip())
    if not found:
        raise DataError(f"{_shown(text)} is no number. Write it as 0.5, 1/2, 50 % or 5e-1.")
    value = _decimal(found[1])
    if found[2]:
        below = _decimal(found[2])
        if below == 0:
            raise DataError(f"{_shown(text)} divides by zero.")
        value /= below
    return value * _factor(found[3].strip(), unit, text)


def _decimal(digits: str) -> float:
    """Read digits with points and commas, one kind of which may group thousands.

    >>> [_decimal(digits) for digits in ("2,5", "0,125", "1,234.5", "1.234,5", "1,234,567")]
    [2.5, 0.125, 1234.5, 1234.5, 1234567.0]
    """
    mantissa, exponent = re.split(r"(?=[eE])", digits, maxsplit=1) if "e" in digits.lower() else (digits, "")
    n_commas, n_points = mantissa.count(","), mantissa.count(".")
    if n_commas == 1 and n_points == 0 and re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", mantissa):
        whole, part = mantissa.split(",")
        raise DataError(
            f"{mantissa!r} can be read as {whole}{part} and as {whole}.{part}. Write {whole}{part} or {whole}.{part}."
        )
    decimal = "," if (n_commas == 1 and (n_points == 0 or mantissa.rfind(",") > mantissa.rfind("."))) else "."
    grouping = "." if decimal == "," else ","
    whole, _, part = mantissa.partition(decimal)
    if grouping in whole and not re.fullmatch(rf"[+-]?\d{{1,3}}(?:{re.escape(grouping)}\d{{3}})+", whole):
        raise DataError(f"{digits!r} is no number: its points and commas do not group three digits each.")
    if grouping in part or decimal in part:
        raise DataError(f"{digits!r} is no number: it has more than one decimal point.")
    return float(f"{whole.replace(grouping, '')}.{part}{exponent}" if part else whole.replace(grouping, "") + exponent)


def _factor(written: str, unit: str, text: str) -> float:
    """Return what a unit after the number multiplies it by."""
    if not written or written == unit:
        return 1.0
    if written in ("%", "percent"):
        return 0.01
    if unit and written[1:] == unit and written[0] in PREFIXES:
        return PREFIXES[written[0]]
    if unit.partition("/")[0] == written and "/" in unit:  # "eV" for "eV/atom"
        raise DataError(f"{_shown(text)}: {written} of what? The answer is in {unit}.")
    if not UNIT.fullmatch(written):
        raise DataError(f"{_shown(text)} is no number. Write it as 0.5, 1/2, 50 % or 5e-1.")
    asked = f"The answer is in {unit}." if unit else "The answer is a number without a unit."
    raise DataError(f"{_shown(text)} has the unit {written!r}. {asked}")


def _shown(given: object) -> str:
    shown = repr(given)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
