"""Read a cell as a number: what is written as everybody writes it, and nothing else."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from decimal import Decimal
from numbers import Real

import numpy as np

from formation_mlp.quoting import counted, quoted
from formation_mlp.typing import Bools, Floats

_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_WORDS = ("nan", "inf", "infinity")
NO_VALUE = frozenset(
    ("", "nan", "n/a", "#n/a", "na", "<na>", "n.a.", "n.d.", "n.b.", "k.a.", "none", "null", "-", "--", "–", "—")
)
"""Texts in small letters by which people and programs say that a cell of numbers has none."""


MINUS = "\u2212\u2013\ufe63\uff0d"
"""Signs that papers and word processors print for a minus before a number."""
_PRINTED_MINUS = re.compile(rf"(?:^|(?<=[0-9.][eE]))[{MINUS}](?=[0-9.])")


def number(cell: object) -> float:
    """Return the number of a cell; NaN and infinity come as such, and it is the caller who refuses them.

    A text is a number if it is written with the digits 0 to 9, a point, and perhaps an exponent: ``-1.5``, ``1e-3``; a
    minus may be printed as one of `MINUS`.

    Raises
    ------
    ValueError
        If the cell holds no number; the message says what it holds, and where it is clear what to change.

    Examples
    --------
    >>> number(" -1.5 ")
    -1.5
    >>> number("1,5")
    Traceback (most recent call last):
    ...
    ValueError: '1,5' is no number: write a point, not a comma, before the decimals, and no sign between thousands
    """
    if isinstance(cell, str):
        text = _with_plain_minus(cell)
        if _NUMBER.fullmatch(text) or text.lower().lstrip("+-") in _WORDS:
            return float(text)
        raise ValueError(f"{quoted(cell)} is no number{_advice(text)}")
    if isinstance(cell, bool) or not isinstance(cell, Real | Decimal):
        raise ValueError(f"{quoted(cell)} is no number")
    try:
        return float(cell)
    except OverflowError:
        return float("inf")


def numbers_of_cells(cells: Iterable[object], words: Mapping[str, float] = {}) -> tuple[Floats, Bools, dict[int, str]]:
    """Read a column.

    Parameters
    ----------
    cells
        ``[n]``; None, NaN and the texts of `NO_VALUE` are blank.
    words
        Texts in small letters that stand for numbers, such as ``true``.

    Returns
    -------
    values : ``[n]``, NaN where there is none
    present : ``[n]``, which cells are not blank
    wrong : row to the reason why its cell is no finite number

    Examples
    --------
    >>> values, present, wrong = numbers_of_cells(["-2.1", "n/a", "inf"])
    >>> present.tolist(), wrong
    ([True, False, True], {2: "'inf' is not finite"})
    """
    values, present, wrong = list[float](), list[bool](), dict[int, str]()
    for row, cell in enumerate(cells):
        present.append(not _is_blank(cell))
        value = np.nan
        if present[-1]:
            try:
                known = words.get(str(cell).strip().lower()) if words else None
                value = number(cell) if known is None else known
                if not np.isfinite(value):
                    wrong[row] = f"{quoted(cell)} is not finite"
            except ValueError as error:
                wrong[row] = str(error)
        values.append(value if np.isfinite(value) else np.nan)
    return np.array(values, float), np.array(present, bool), wrong


def is_number_otherwise(cell: object) -> bool:
    """Tell whether a cell holds a number in a form that `number` refuses, and says how to write.

    Examples
    --------
    >>> is_number_otherwise("-1,675,700"), is_number_otherwise("-1'675.7"), is_number_otherwise("-1.5")
    (True, True, False)
    >>> is_number_otherwise("NaCl")
    False
    """
    return isinstance(cell, str) and _NUMBER.fullmatch(cell.strip()) is None and bool(_advice(cell.strip()))


def remark_on_minus(cells: Iterable[object], column: str) -> str:
    """Return how many numbers of a column have a printed minus; nothing if none has.

    Examples
    --------
    >>> remark_on_minus(["\u22122.1", "-3", "\u2013"], "Hf")
    "column 'Hf': 1 number begins with another sign than '-', which is read as minus"
    """
    n = sum(isinstance(cell, str) and _with_plain_minus(cell) != cell.strip(" \t\r\n") for cell in cells)
    if not n:
        return ""
    begin = counted(n, "number begins", "numbers begin")
    return f"column {column!r}: {begin} with another sign than '-', which is read as minus"


def _with_plain_minus(cell: str) -> str:
    """Return a cell without blanks around it, in which a printed minus before a number is '-'."""
    text = cell.strip(" \t\r\n")
    return text if text.isascii() else _PRINTED_MINUS.sub("-", text)


def _is_blank(cell: object) -> bool:
    """Tell whether a cell has no number and says so."""
    if isinstance(cell, str):
        return cell.strip().lower() in NO_VALUE
    return cell is None or (isinstance(cell, float) and np.isnan(cell))


def _advice(text: str) -> str:
    """Return what to change in a text that holds a number in another form, or nothing."""
    for form, advice in _OTHER_FORMS:
        if form.fullmatch(text):
            return f": {advice}"
    odd = next((sign for sign in text if not sign.isascii()), None)
    if odd is not None and (unicodedata.category(odd) in ("Pd", "Nd", "Zs") or odd in "−±×·≈≤≥"):
        name = unicodedata.name(odd, "a sign without a name")
        return f": it holds U+{ord(odd):04X} ({name}). Write digits, a point and '-' as on a keyboard"
    return ""


_DIGITS = r"[-+]?[0-9]*\.?[0-9]+"
_OTHER_FORMS = [
    (re.compile(form), advice)
    for form, advice in (
        (r"[-+]?[0-9]{1,3}(,[0-9]{3})+\.[0-9]+", "leave out the comma between thousands"),
        (
            r"[-+]?[0-9]{1,3}(\.[0-9]{3})+,[0-9]+",
            "leave out the point between thousands, and write one before the decimals",
        ),
        (r"[-+]?[0-9]{1,3}(,[0-9]{3}){2,}", "leave out the commas between thousands"),
        (r"[-+]?[0-9.]*,[0-9.,]*", "write a point, not a comma, before the decimals, and no sign between thousands"),
        (r"[-+]?[0-9.]*_[0-9._]*", "write the digits without '_'"),
        (r"[-+]?[0-9]+( [0-9]+)+(\.[0-9]*)?", "write one number without blanks"),
        (r"[-+]?[0-9]{1,3}(['’][0-9]{3})+(\.[0-9]*)?", "leave out the sign between thousands"),
        (r"[-+]?0[xXbBoO][0-9a-fA-F]+", "write it in decimal digits"),
        (rf"{_DIGITS}[dD][-+]?[0-9]+", "write the exponent with 'e'"),
        (rf"{_DIGITS}\([0-9]+\)", "leave out the uncertainty in parentheses"),
        (rf"{_DIGITS} ?(\+/-|\+-|±).*", "leave out the uncertainty"),
        (rf"[~<>=]+ ?{_DIGITS}", "leave out the sign before it, or the row"),
        (rf"{_DIGITS} ?%", "leave out '%'"),
        (
            rf"{_DIGITS} ?[a-zA-Z/]+[a-zA-Z/ ]*",
            "leave the unit out, and declare that of the column",
        ),
        (r"- [0-9.]+", "leave out the blank after '-'"),
    )
]
