"""Blanks in a formula: harmless in a sum formula, in doubt elsewhere.

Crystallographic files write each element and its amount as a word: ``Mg1.8 Fe.2 Si O4``, ``Fe2 (S O4)3``,
``Al 2 O 3``. There a blank changes nothing, nor does it before a bracket with an amount: ``Fe2 (SO4)3``. Elsewhere it
may stand between two formulas (``NaCl MgO``), before a coefficient (``Na2O 2SiO2``) or before the number of a space
group (``NaCl 225``).

A salt written as its ions (``K2 SO4``, ``(NH4)2 SO4``) is one formula for certain: its words share no element, together
they are a charge-balanced compound, and no word of several elements is a substance by itself. So ``Li FePO4`` and
``Pt TiO2`` stay refused: FePO4 and TiO2 are compounds.
"""

from __future__ import annotations

import re

from formation_mlp.materials.formula.atoms import NUMBER, FormulaError, count_atoms
from formation_mlp.materials.formula.doubts import doubt_of
from formation_mlp.materials.formula.molecules import amounts_of, is_compound, is_molecule
from formation_mlp.quoting import shortened

_TOKEN = re.compile(
    rf"(?P<blank>\s+)|(?P<symbol>[A-Z][a-z]*)|(?P<number>{NUMBER})|(?P<open>[\[({{])|(?P<close>[\])}}])|(?P<other>.)",
    re.DOTALL,
)
_CHARGE = re.compile(r"\s([0-9]*[-+−])\Z")
_LARGEST_SPACED = 99  # a larger number after a blank is rather that of a space group
_TWO_DIGITS = 10
_LONGEST_SALT = 60  # signs of a formula whose words may be ions
_OXIDES = frozenset({"CO", "NO"})
"""Substances of which no usual oxidation states make a charge-balanced compound."""


class _Level:
    """What one pair of brackets, or the whole formula, holds so far."""

    __slots__ = ("after_blank", "atoms", "joined", "spaced")

    def __init__(self, after_blank: bool = False) -> None:
        self.after_blank = after_blank  # whether a blank stands before the bracket
        self.atoms = 0
        self.joined = False  # two atoms, or brackets, with nothing between them
        self.spaced = False  # a blank between two atoms, or brackets

    def add(self, is_after_blank: bool) -> None:
        if self.atoms:
            self.spaced |= is_after_blank
            self.joined |= not is_after_blank
        self.atoms += 1


def without_doubtful_blanks(text: str) -> str:
    """Return a formula in which each blank that is left changes nothing: a salt written as its ions is joined.

    Raises
    ------
    FormulaError
        If a blank stands between what could be two things.
    """
    if " " not in text:
        return text
    charge = _CHARGE.search(text)
    if charge is not None:
        raise FormulaError(
            f"'{shortened(charge[1])}' cannot be read: it is a charge, which has no place in a formula here. "
            "Leave it out.",
            (text[: charge.start()],),
        )
    levels = [_Level()]
    tokens = [(token.lastgroup or "", token[0]) for token in _TOKEN.finditer(text)]
    n_spaced_numbers = 0
    is_after_blank, before, word_is_one_atom = False, "", False
    for place, (kind, found) in enumerate(tokens):
        if kind == "symbol":
            word_is_one_atom = not levels[-1].atoms or is_after_blank
            levels[-1].add(is_after_blank)
        elif kind == "open":
            levels.append(_Level(is_after_blank))
        elif kind == "close" and len(levels) > 1:
            _close(levels, tokens[place + 1 : place + 2], text)
            word_is_one_atom = True
        elif kind == "number" and is_after_blank and before:
            n_spaced_numbers += 1
            follows = tokens[place + 1][0] if place + 1 < len(tokens) else ""
            _check_number(found, follows, word_is_one_atom or len(levels) > 1, text)
            if before == "number":
                raise FormulaError(f"two numbers stand side by side before and at '{shortened(found)}'. Leave one out.")
        is_after_blank = kind == "blank"
        before = before if kind == "blank" else kind
    if levels[0].spaced and levels[0].joined:
        if not _is_salt(text):
            raise _two_formulas(text)
        return "".join(text.split())
    is_last = [kind for kind, _ in tokens[-2:]] == ["blank", "number"]
    if is_last and n_spaced_numbers == 1 and levels[0].atoms > 1 and float(tokens[-1][1]) >= _TWO_DIGITS:
        raise _no_amount(tokens[-1][1], text)
    return text


def _is_salt(text: str) -> bool:
    """Return whether the words of a formula are the ions of one compound, by the rule at the top of this module."""
    if len(text) > _LONGEST_SALT:
        return False
    words = text.split()
    elements = [set(amounts_of(word)) for word in words]  # empty if a word cannot be read by itself
    if not all(elements) or sum(map(len, elements)) > len(set().union(*elements)):
        return False
    if any(len(zs) > 1 and _is_substance(word) for word, zs in zip(words, elements, strict=True)):
        return False
    joined = "".join(words)
    return is_compound(joined) and not doubt_of(joined, count_atoms(joined))


def _is_substance(word: str) -> bool:
    """Return whether a word names a compound or a molecule; a bracket (``(NH4)2``) is counted by its amount."""
    return word in _OXIDES or is_compound(word) or (word[0].isalpha() and is_molecule(word))


def _close(levels: list[_Level], following: list[tuple[str, str]], text: str) -> None:
    """End the innermost bracket and count it in the one around it."""
    level = levels.pop()
    if level.spaced and level.joined:
        raise _two_formulas(text)
    has_amount = bool(following) and following[0][0] == "number"
    if level.after_blank and has_amount:
        levels[-1].atoms += 1  # its amount says that it belongs to what is before
    else:
        levels[-1].add(level.after_blank)


def _check_number(number: str, follows: str, is_spaced_out: bool, text: str) -> None:
    if follows in ("symbol", "open"):
        raise FormulaError(
            f"the number {shortened(number)} stands after a blank and before what may be counted by it. Write '·' to "
            "join the parts of an adduct, or an amount right after what it counts.",
            (_joined(text),),
        )
    if not is_spaced_out or float(number) > _LARGEST_SPACED:
        raise _no_amount(number, text)


def _joined(text: str) -> str:
    """Return ``CuSO4·5H2O`` for ``CuSO4 5H2O``, and ``Fe2O3`` for ``Fe 2O3``."""
    sign = "" if re.match(r"[A-Z][a-z]?\s", text) else "·"
    return re.sub(r"\s+(?=[0-9.]+[A-Z(\[{])", sign, text, count=1)


def _no_amount(number: str, text: str) -> FormulaError:
    return FormulaError(
        f"the number {shortened(number)} after a blank may be an amount or something else, such as a space group. "
        "Write an amount right after what it counts, and leave out what is no part of the formula.",
        (text[: text.rindex(number)].strip(),) if float(number) >= _TWO_DIGITS else ("".join(text.split()),),
    )


def _two_formulas(text: str) -> FormulaError:
    words = text.split()
    symbols = [set(re.findall("[A-Z][a-z]?", word)) for word in words[:3]]
    is_split = len(words) == 2 and min(map(len, symbols)) == 1 and symbols[0].isdisjoint(symbols[1])
    return FormulaError(
        "a blank stands between what may be two formulas. Give one formula a row; leave out blanks within one.",
        ("".join(words),) if is_split else (),
        is_specific=False,
    )
