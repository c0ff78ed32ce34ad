"""How messages quote what they found."""

from __future__ import annotations

from collections.abc import Sequence

MOST_SIGNS = 80
"""A message quotes at most this many signs of what it found."""
MOST_ROWS = 5
"""A message names at most this many rows."""


def shortened(text: str) -> str:
    """Return a text of at most `MOST_SIGNS`: the middle of a longer one is left out.

    Examples
    --------
    >>> shortened("NaCl")
    'NaCl'
    >>> len(shortened("NaCl" * 1000))
    80
    """
    if len(text) <= MOST_SIGNS:
        return text
    end = MOST_SIGNS // 4
    return f"{text[: MOST_SIGNS - end - 5]} ... {text[-end:]}"


def quoted(found: object) -> str:
    r"""Return what was found as a message shows it: in quotation marks if it is text, at most `MOST_SIGNS` long.

    Signs that a terminal does not show, line breaks among them, are spelled as escapes.

    Examples
    --------
    >>> print(quoted("NaCl"), quoted("Na\nCl"), quoted(7))
    'NaCl' 'Na\nCl' 7
    """
    if isinstance(found, str) and len(found) > MOST_SIGNS:
        found = f"{found[:MOST_SIGNS]}{found[-MOST_SIGNS:]}"  # enough to cut from, and no megabytes to spell
    try:
        return shortened(repr(found))
    except Exception as error:
        return shortened(f"<{type(found).__name__} that cannot be shown: {type(error).__name__}>")


def counted(n: int, one: str, many: str = "") -> str:
    """Return a number with what is counted.

    Parameters
    ----------
    n
        The number.
    one
        What there is one of.
    many
        The same for any other number; by default ``one`` with an s.

    Examples
    --------
    >>> counted(1, "row"), counted(2000, "row"), counted(0, "row is read", "rows are read")
    ('1 row', '2,000 rows', '0 rows are read')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def first_of(rows: Sequence[tuple[object, str]], more: str = "") -> str:
    """Return one line for each of the first `MOST_ROWS` rows, and how many more there are.

    Parameters
    ----------
    rows
        Names of rows, and what is said of each.
    more
        What is said after the number of others.

    Examples
    --------
    >>> print("cannot be read:" + first_of([(i, "no formula") for i in range(1, 8)]))
    cannot be read:
      row 1: no formula
      row 2: no formula
      row 3: no formula
      row 4: no formula
      row 5: no formula
      ... and 2 more
    """
    lines = [f"\n  row {name}: {reason}" for name, reason in rows[:MOST_ROWS]]
    n = len(rows) - MOST_ROWS
    return "".join([*lines, f"\n  ... and {n:,} more{more}"] if n > 0 else lines)


def encodable(text: str) -> str:
    r"""Return a text that any file can hold: a lone surrogate, as in a name of unknown encoding, becomes its escape.

    Examples
    --------
    >>> print(encodable("Fe₂O₃"), encodable("a\udcff"))
    Fe₂O₃ a\udcff
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def is_encodable(text: str) -> bool:
    r"""Return whether a file can hold a text: whether it is free of lone surrogates.

    Examples
    --------
    >>> is_encodable("Fe₂O₃"), is_encodable("a\udcff")
    (True, False)
    """
    return encodable(text) == text
