"""The signs of a formula: those that are known, those that only look so, and those that nobody sees."""

from __future__ import annotations

import unicodedata

from formation_mlp.materials.formula.atoms import FormulaError

JOINING_SIGNS = "·•⋅∙‧・*∗×"
SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"
_OTHERS = "−⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹αβγδεζηθκλμσφχψωₓ⁄"  # the parser says what is wrong with them, or reads them
_KNOWN = frozenset(JOINING_SIGNS + SUBSCRIPTS + _OTHERS)

_LOOK_ALIKES = dict(zip("АВЕЅІЈКМНОРСТУХЁаеѕіјорсухһԁ", "ABESIJKMHOPCTYXEaesijopcyxhd", strict=True)) | dict(
    zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧνοιρτυ", "ABEZHIKMNOPTYXvoipiu", strict=True)
)
"""Letters of other alphabets that look like those of element symbols."""

_CONTROLS = (
    "NULL, START OF HEADING, START OF TEXT, END OF TEXT, END OF TRANSMISSION, ENQUIRY, ACKNOWLEDGE, ALERT, "
    "BACKSPACE, CHARACTER TABULATION, LINE FEED, LINE TABULATION, FORM FEED, CARRIAGE RETURN, SHIFT OUT, "
    "SHIFT IN, DATA LINK ESCAPE, DEVICE CONTROL ONE, DEVICE CONTROL TWO, DEVICE CONTROL THREE, "
    "DEVICE CONTROL FOUR, NEGATIVE ACKNOWLEDGE, SYNCHRONOUS IDLE, END OF TRANSMISSION BLOCK, CANCEL, "
    "END OF MEDIUM, SUBSTITUTE, ESCAPE, FILE SEPARATOR, GROUP SEPARATOR, RECORD SEPARATOR, UNIT SEPARATOR"
)
"""Unicode's aliases of the first 32 signs, which have no names."""


def clean(text: str) -> str:
    """Return a text without the mark of byte order before it and blanks around it, others as one plain blank.

    Raises
    ------
    FormulaError
        If there is a sign that no formula has: the message gives its place (from 1) and its Unicode name.
    """
    text = text.removeprefix("\ufeff")
    if text.isascii() and text.isprintable():
        return _with_single_blanks(text)
    for position, sign in enumerate(text):
        if not (" " <= sign <= "~" or sign in _KNOWN or _is_blank(sign) or _is_fraction(sign)):
            raise FormulaError(_explain(sign, position), (_in_plain_signs(text),))
    return _with_single_blanks("".join(" " if _is_blank(sign) else sign for sign in text))


def _with_single_blanks(text: str) -> str:
    """Return a text without blanks around it and several in a row, in which patterns would search long."""
    return " ".join(filter(None, text.split(" "))) if " " in text else text


def _is_blank(sign: str) -> bool:
    return sign in "\t\n\r" or unicodedata.category(sign) == "Zs"


def _is_fraction(sign: str) -> bool:
    """Tell ½ and its like."""
    return unicodedata.category(sign) == "No" and "fraction" in unicodedata.decomposition(sign)


def _explain(sign: str, position: int) -> str:
    named = f"{_name(sign)} (U+{ord(sign):04X})"
    if not sign.isprintable():
        return f"sign {position + 1} is {named}, which is not seen and cannot be read. Take it out."
    letter = _plain_sign(sign)
    if letter:
        return f"'{sign}' cannot be read: sign {position + 1} is {named} and not '{letter}'. Write '{letter}'."
    return f"'{sign}' cannot be read: sign {position + 1} is {named}. Write element symbols, amounts and brackets only."


def _name(sign: str) -> str:
    if sign < " ":
        return _CONTROLS.split(", ")[ord(sign)]
    return unicodedata.name(sign, "DELETE" if sign == "\x7f" else "a sign without a name")


def _plain_sign(sign: str) -> str:
    """Return the ASCII signs that a sign looks like or stands for, or an empty text."""
    plain = _LOOK_ALIKES.get(sign) or unicodedata.normalize("NFKC", sign)
    return plain if plain.isascii() and plain.isprintable() else ""


def _in_plain_signs(text: str) -> str:
    """Return a text with every look-alike replaced and every invisible sign left out."""
    signs = (
        sign if " " <= sign <= "~" or sign in _KNOWN else " " if _is_blank(sign) else _plain_sign(sign)
        for sign in text[:200]
    )
    return "".join(signs).strip(" ")
