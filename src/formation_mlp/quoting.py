"""How messages quote what they found."""

from __future__ import annotations

MOST_SIGNS = 80
"""A message quotes at most this many signs of what it found."""


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
