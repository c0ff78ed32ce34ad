"""What people write in a column of formulas that is none: names, ids, phases, ions, markup, remarks."""

from __future__ import annotations

import re
from collections.abc import Callable

from formation_mlp.chemistry.elements import ATOMIC_NUMBER, NAMES
from formation_mlp.materials.formula.molecules import amounts_of
from formation_mlp.quoting import shortened

Kind = tuple[str, tuple[str, ...]]
_SYMBOL = "(?:" + "|".join(sorted(ATOMIC_NUMBER, key=len, reverse=True)) + ")"
_GREEK = "alpha|beta|gamma|delta|epsilon|eta|theta|kappa|omega|[αβγδεζηθκλμσφχψω]"


def kind_of(text: str) -> Kind | None:
    """Return what a text that is no formula seems to be, as a reason, and formulas that may be meant; or None."""
    for pattern, explain in _KINDS:
        match = re.search(pattern, text)
        if match is not None and (kind := explain(match)) is not None:
            return kind
    return None


def _number(match: re.Match[str]) -> Kind:
    hint = " A spreadsheet may have changed it: see that the column is text there." if "e" in match[0].lower() else ""
    return f"'{shortened(match[0])}' is a number and names no element.{hint} Write a formula such as Fe2O3.", ()


def _date(match: re.Match[str]) -> Kind:
    reason = f"'{match[0]}' looks like a date that a spreadsheet made. See that the column is text there."
    return reason, ()


def _registry(match: re.Match[str]) -> Kind:
    return f"'{match[0]}' is a CAS registry number. Write the formula of the substance.", ()


def _database_id(match: re.Match[str]) -> Kind:
    return f"'{match[0]}' is the id of a database entry. Write the formula of the material.", ()


def _markup(match: re.Match[str]) -> Kind:
    plain = re.sub(r"</?[A-Za-z]+>|[$_\\{}~^]|mathrm|ce(?=\{)|text(?=\{)", "", match.string)
    reason = f"'{shortened(match[0])}' cannot be read: it belongs to HTML or LaTeX. Write amounts as plain digits."
    return reason, (plain,)


def _state_of_matter(match: re.Match[str]) -> Kind:
    return f"'{match[0].strip()}' is a label of state. Leave it out.", (_without(match),)


def _remark(match: re.Match[str]) -> Kind | None:
    if amounts_of(match[0].strip().strip("()")):
        return None
    if re.search(r"[0-9][-+−][0-9.]*[xyzδ]", match[0]):
        return _variable(match)
    return f"'{shortened(match[0].strip())}' is a remark and no part of the formula. Leave it out.", (_without(match),)


def _phase(match: re.Match[str]) -> Kind:
    sign = match[0].strip(" -")
    return f"'{sign}' cannot be read: it names a phase or a place. Leave it out.", (_without(match),)


def _isotope(match: re.Match[str]) -> Kind:
    plain = re.sub(r"\[[0-9]{1,3}([A-Z][a-z]?)\]", r"\1", match.string)
    return f"'{match[0]}' names an isotope by its mass. Write the element alone.", (plain,)


def _coefficient(match: re.Match[str]) -> Kind:
    return (
        f"no element stands before '{shortened(match.string)}'. Write a number after what it counts, as in (H2O)2, and "
        "leave out a factor of the whole formula.",
        (match.string[match.end() :],),
    )


def _percent(match: re.Match[str]) -> Kind:
    return "'%' cannot be read. Write amounts of atoms, as in Fe0.7Ni0.3.", ()


def _slash(match: re.Match[str]) -> Kind:
    if re.search(r"[0-9]/[0-9]", match.string):
        return "'/' cannot be read. Write a plain decimal number, as in Fe0.333O2.", ()
    return f"'{match[0]}' cannot be read: it stands between two materials. Give one formula a row.", ()


def _comma(match: re.Match[str]) -> Kind:
    if re.search(r"[0-9],[0-9]", match.string):
        return "',' cannot be read. Write a plain decimal number, as in Fe0.333O2.", ()
    return (
        f"'{match[0]}' cannot be read: it stands between elements that share a place, or between two formulas. Write "
        "the amount of each, as in (Mg0.9Fe0.1)2SiO4, or one formula a row.",
        (),
    )


def _colon(match: re.Match[str]) -> Kind:
    return (
        f"'{match[0]}' cannot be read: a ratio or a dopant has no place in a formula. Write the amount of each "
        "element, as in Si0.99P0.01.",
        (),
    )


def _system(match: re.Match[str]) -> Kind:
    return (
        f"'{match[0]}' names a chemical system and no amounts. Write a formula.",
        ("".join(match[0].split("-")),) if match[0].count("-") == 1 else (),
    )


def _charge(match: re.Match[str]) -> Kind:
    reason = (
        f"'{shortened(match[0])}' cannot be read: it is a charge, which has no place in a formula here. Leave it out."
    )
    before = match.string[: match.start()]
    is_clear = match[0][0] == "^" or not before[-1].isdigit()  # in NH4+ the 4 is an amount, in Fe3+ the 3 a charge
    is_compound = sum(map(str.isupper, before)) > 1
    return reason, (before,) if is_clear and is_compound else ()


def _variable(match: re.Match[str]) -> Kind:
    return (
        f"'{shortened(match[0])}' cannot be read: charges (Fe3+) and variable amounts (Li1-xCoO2) have no place in a "
        "formula here. Leave the charge out, write each amount as a number.",
        (),
    )


def _known_name(match: re.Match[str]) -> Kind | None:
    symbol = NAMES.get(match[0].strip().lower())
    return None if symbol is None else (f"'{match[0].strip()}' is a name. Write the formula.", (symbol,))


def _name(match: re.Match[str]) -> Kind:
    return f"'{shortened(match[0])}' looks like a name. Names are not read: write the formula, such as Fe2O3.", ()


def _without(match: re.Match[str]) -> str:
    return match.string[: match.start()] + match.string[match.end() :]


_KINDS: tuple[tuple[str, Callable[[re.Match[str]], Kind | None]], ...] = (
    (r"\A[0-9]{2,7}-[0-9]{2}-[0-9]\Z", _registry),
    (r"\A(?:[0-9]{1,2}-[A-Z][a-z]{2}|[A-Z][a-z]{2}-[0-9]{2}|[0-9]{1,4}[-/][0-9]{1,2}[-/][0-9]{1,4})\Z", _date),
    (r"(?<=[A-Za-z0-9)\]])(?:\^\{?[0-9]*|(?<=[)\]])[0-9]*)?[-+−⁺⁻]\}?\Z", _charge),
    (r"\A[+-]?[0-9][0-9.,\s]*(?:[eE][+-]?[0-9]+)?\Z", _number),
    (r"\A(?i:mp|mvc|oqmd|cod|icsd|jvasp|aflow|nmd|agm)[-_ ]?(?:id)?[-_ ]?[0-9]+\Z", _database_id),
    (r"</?[A-Za-z]+>|\\[a-z]+|\$|(?<![0-9])_\{?(?=[0-9.x])|_\{", _markup),
    (r"\s*\((?:s|l|g|aq|cr|am|gr|c|sol|liq|gas|vap)\)\Z", _state_of_matter),
    (r"\s*\[(?:s|l|g|aq)\]\Z", _state_of_matter),
    (r"\s*\([^()]*(?:[a-z]{3}|[a-z][-\s]|-[0-9a-z])[^()]*\)|\A\s*\([a-z][^()]*\)|\s*\([a-z][^()]*\)\Z", _remark),
    (r"\A\s*(?i:[A-Za-z]+)\s*\Z", _known_name),
    (r"\A\s*[A-Za-z][a-z]{4,}\s*\Z|\A[A-Z][a-z]{3}\Z|\A[A-Za-z][a-z]{2,}(?:\s*\(.*\)\s*|[-\s]+)[a-z].*\Z", _name),
    (rf"\A(?:{_GREEK})[-\s]*(?=[A-Z(\[])|\A[a-z][-\s](?=[A-Z(\[])|\A[0-9]?[A-Z][0-9]?-(?=[A-Z][a-z]?[A-Z0-9])", _phase),
    (rf"[-\s](?:{_GREEK})\Z", _phase),
    (r"\[[0-9]{1,3}[A-Z][a-z]?\]", _isotope),
    (rf"\A{_SYMBOL}(?:-{_SYMBOL})+\Z", _system),
    (r"(?<=[A-Za-z0-9)\]])\s*[-_,;]?\s+[a-z]{3,}.*\Z|(?<=[A-Za-z0-9)\]])[-_][a-z][a-z0-9]{2,}\Z", _remark),
    (r"(?<=[A-Za-z0-9)\]])_(?:[0-9]+|[a-z]{2,}-[0-9]+)\Z", _remark),
    (r"\A[a-z]{3,}[-_\s]+(?=[A-Z])", _remark),
    (r"%", _percent),
    (r"/", _slash),
    (r"[,;|&]", _comma),
    (r":", _colon),
    (r"\A\s*[0-9]*\.?[0-9]+\s*(?=[A-Z(\[])", _coefficient),
)
