"""Say what is wrong with a formula and what its writer may have meant."""

from __future__ import annotations

import re
from functools import cache

from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.materials.formula.adducts import split_adduct
from formation_mlp.materials.formula.atoms import FormulaError, count_atoms
from formation_mlp.materials.formula.blanks import without_doubtful_blanks
from formation_mlp.materials.formula.kinds import kind_of
from formation_mlp.materials.formula.molecules import amounts_of, is_compound
from formation_mlp.materials.formula.signs import clean
from formation_mlp.materials.formula.states import refuse_oxidation_states

_LONGEST = 60  # signs of a formula for which other spellings are sought
_MOST_OFFERED = 2


def explained(error: FormulaError, formula: object) -> FormulaError:
    """Return an error that says what kind of text this is, if it is known, and names what may be meant instead.

    Whatever is offered can be read itself, and is a formula that a chemist would write.
    """
    text = formula.strip(" ") if isinstance(formula, str) else ""
    reason, candidates = str(error), error.candidates
    if not error.is_specific or re.search("[0-9],[0-9]", text[: 2 * _LONGEST]):
        kind = kind_of(text[: 2 * _LONGEST])
        if kind is not None:
            reason, candidates = kind
        else:
            candidates = candidates or (*_with_letters_for_zeros(text), *_with_l_and_i(text), *respell(text))
    elif not candidates and "0" in text:
        candidates = _with_letters_for_zeros(text)
    distinct = dict.fromkeys(candidate.strip() for candidate in candidates)
    offered = [candidate for candidate in distinct if candidate != text and _may_be_meant(candidate)]
    if not offered:
        return FormulaError(reason)
    certain = [candidate for candidate in offered if _is_certain(candidate)]
    if certain and offered[0] not in certain:
        offered = certain
    reason = reason.removesuffix(" Write element symbols, amounts and brackets only.")
    reason = reason.removesuffix(" Write the symbols of the periodic table.")
    return FormulaError(f"{reason} Did you mean {' or '.join(offered[:_MOST_OFFERED])}?")


def respell(text: str) -> list[str]:
    """Return formulas that differ from ``text`` in upper and lower case alone, those of fewer elements first.

    ``NACL`` gives ``NaCl``, ``co`` gives ``Co`` and ``CO``.
    """
    if len(text) > _LONGEST:
        return []
    choices = [""]
    for run in re.findall(r"[A-Za-z]+|[^A-Za-z]+", text):
        spelled = _spell_letters(run.lower()) if run.isascii() and run.isalpha() else (run,)
        choices = sorted((choice + letters for choice in choices for letters in spelled), key=_n_capitals)[:4]
    return choices


@cache
def _spell_letters(letters: str) -> tuple[str, ...]:
    if not letters:
        return ("",)
    found = []
    for length in (2, 1):
        symbol = letters[:length].capitalize()
        if len(symbol) == length and symbol in ATOMIC_NUMBER:
            found += [symbol + rest for rest in _spell_letters(letters[length:])]
    return tuple(sorted(found, key=_n_capitals)[:4])


def _n_capitals(text: str) -> int:
    return sum(map(str.isupper, text))


def _with_letters_for_zeros(text: str) -> tuple[str, ...]:
    """Return a formula with the letter O for each digit 0 that no number begins with: Si02, Ca3(P04)2, Mg0."""
    if len(text) > _LONGEST:
        return ()
    return (re.sub(r"(?<![0-9.])0(?![.])", "O", text),)


def _with_l_and_i(text: str) -> tuple[str, ...]:
    """Return a formula with an l for 1 or I in the symbols that hold one, and with I for another l: A1Cl3, Nal."""
    if len(text) > _LONGEST:
        return ()
    with_l = re.sub("(?<=[ACT])[1I](?![a-z])", "l", text)
    return re.sub("(?<=l[1-9])0(?=[1-9])", "O", with_l), with_l, re.sub("(?<![ACT])l(?![a-z])", "I", text)


def _is_certain(candidate: str) -> bool:
    """Return whether a readable formula is an element or charge-balanced."""
    return len(amounts_of(candidate)) == 1 or is_compound(candidate)


def _may_be_meant(candidate: str) -> bool:
    """Return whether a formula, or each part of an adduct, can be read and is one that a chemist would write."""
    from formation_mlp.chemistry.plausible import is_plausible

    if len(candidate) > _LONGEST:
        return False
    try:
        text = clean(candidate)
        refuse_oxidation_states(text)
        parts = split_adduct(text)
        for part in parts:
            bare = re.sub(r"\A\s*[0-9.]+", "", part) if len(parts) > 1 else part
            without_doubtful_blanks(bare)
            count_atoms(bare)
            if not is_plausible(amounts_of(bare)):
                return False
    except FormulaError:
        return False
    return True
