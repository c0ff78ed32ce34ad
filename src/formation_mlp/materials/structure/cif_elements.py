"""Which element each atom site of a CIF is: by its type symbol, or else by its label and the declared formula."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import product

from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.errors import DataError
from formation_mlp.materials.structure.cif_sites import Sites
from formation_mlp.materials.structure.crystal import ISOTOPES
from formation_mlp.materials.structure.declared_sum import DeclaredSum

MADE_FIRST = 104
"""Atomic number from which on there are no crystals, so that a symbol is rather a name: ``Nh3`` is no nihonium."""
GROUPS = ("HO", "NH", "NO", "CN")
"""Capitals that are rather two elements than one, whatever the column."""
SITE_NAMES = ("A", "M", "R", "T", "X")
"""Letters for sites of any element, so that ``MN1`` may be one of them, and no manganese."""
COUNTING = "ABCDEFMO"
"""Letters that count sites, as in ``T1A`` or ``TM``."""
SHOWN = 5
"""Labels that are named in a remark."""
CHOICES = 256
"""Readings of the labels of a file that are compared with its formula."""

_SYMBOL_OF_TYPE = re.compile(r"[A-Za-z]{1,2}(\d*\.?\d*[+-]?|[+-]\d*\.?\d*|\(\d*[+-]?\d*\))")
"""Element and charge: ``Fe``, ``Fe3+``, ``Fe+3``, ``O2-``, ``O(2-)``; some write the number of the site there, too."""


def elements_of(
    sites: Sites, declared: DeclaredSum | None, count: Callable[[Sequence[str]], Mapping[str, float]]
) -> tuple[list[str], tuple[str, ...]]:
    """Return the element of each site, and remarks where the name of a site is no element.

    Parameters
    ----------
    sites
        As listed.
    declared
        Formula that the file declares, which decides between several readings.
    count
        Returns the atoms in the cell for the elements of the sites.

    Raises
    ------
    DataError
        If what a name means is not certain.
    """
    words = list(dict.fromkeys(sites.texts))
    readings = {word: _readings(word, sites.are_types) for word in words}
    if declared is None:
        in_capitals = _in_capitals(readings) if not sites.are_types else {}
        unclear = [word for word in words if not readings[word][1] and word not in in_capitals]
        if unclear:
            raise DataError(_uncertain(sites, unclear[0], "no _chemical_formula_sum that settles it"))
        capitals = [
            word
            for word in words
            if word not in in_capitals and len(readings[word][0]) > 1 and _letters(word).isupper()
        ]
        notes = tuple(f"type symbol {word!r} is read as {readings[word][0][0]}" for word in capitals)
        said = ", ".join(f"{word} as {symbol}" for word, symbol in list(in_capitals.items())[:SHOWN])
        notes += (f"labels in capitals are read as elements: {said}",) if said else ()
        chosen = {word: symbols[0] for word, (symbols, _) in readings.items()}
    else:
        chosen, notes = _by_declared(sites, readings, declared, count)
    symbols = [chosen[text] for text in sites.texts]
    if sites.are_types and (declared is None or not declared.agrees(count(symbols))):
        notes += _against_labels(sites, symbols)
    return symbols, notes


def _in_capitals(readings: Mapping[str, tuple[list[str], bool]]) -> dict[str, str]:
    """Return the labels, such as ``NA1``, that are certain because the file writes all its labels in capitals.

    The second letter must be no element (``CO1``), and no other name may begin with the first letter, since ``NA1``
    beside ``N1`` or ``NB1`` may be a nitrogen.
    """
    names = {_letters(word) for word in readings}
    if any(not name.isupper() for name in names):
        return {}
    found = {}
    for word, (symbols, _) in readings.items():
        name = _letters(word)
        is_symbol = bool(symbols) and len(name) == 2 and symbols[0].upper() == name and not _is_element(name[1])
        is_alone = [other[0] for other in names].count(name[0]) == 1
        is_site = name[0] in SITE_NAMES and name[1:] in COUNTING
        if is_symbol and is_alone and not is_site and re.fullmatch(r"\d*[A-Z]?\d*[+-]?", word[2:]):
            found[word] = symbols[0]
    return found


def _against_labels(sites: Sites, symbols: Sequence[str]) -> tuple[str, ...]:
    """Return a remark if a label begins with another element than the type symbol, which is followed by the standard.

    A single letter counts only where it names no site of any element, and where other labels of the file do tell their
    elements.
    """
    pairs = dict.fromkeys(zip(sites.labels, symbols, strict=True))
    are_told = any(_letters(label) == symbol for label, symbol in pairs)
    wrong = [
        f"{label} as {symbol}"
        for label, symbol in pairs
        if (name := _letters(label)) != symbol and _is_element(name) and _hydrogen(name) != _hydrogen(symbol)
        if len(name) == 2 or (are_told and name not in ("B", *SITE_NAMES))
    ]
    if not wrong:
        return ()
    shown = ", ".join(wrong[:SHOWN]) + (", ..." if len(wrong) > SHOWN else "")
    return (f"labels and type symbols name different elements: the type symbols are followed ({shown})",)


def _by_declared(
    sites: Sites,
    readings: Mapping[str, tuple[list[str], bool]],
    declared: DeclaredSum,
    count: Callable[[Sequence[str]], Mapping[str, float]],
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the element of each word that the declared formula leaves, and remarks."""
    choices: dict[str, list[str]] = {}
    for word, (symbols, is_certain) in readings.items():
        left = [symbol for symbol in symbols if _hydrogen(symbol) in declared.amounts]
        if not left and not is_certain:
            raise DataError(_uncertain(sites, word, f"not among the elements of {declared.text!r}"))
        choices[word] = left[:1] if is_certain and left[:1] == symbols[:1] else (left or symbols[:1])
    by_letters = {_letters(word): choices[word] for word in readings}  # all sites of one name are of one element
    open_words = {letters: symbols for letters, symbols in by_letters.items() if len(symbols) > 1}
    chosen = {word: choices[word][0] for word in readings}
    if open_words:
        fitting = []
        places = {letters: f"?{letters}" for letters in open_words}  # counted once, and named in each trial
        contents = count([places.get(_letters(text), chosen[text]) for text in sites.texts])
        ways = product(*open_words.values())
        for way, _ in zip(ways, range(CHOICES), strict=False):
            names = {places[letters]: _hydrogen(symbol) for letters, symbol in zip(open_words, way, strict=True)}
            trial: dict[str, float] = {}
            for name, amount in contents.items():
                trial[names.get(name, name)] = trial.get(names.get(name, name), 0.0) + amount
            if declared.agrees(trial):
                fitting.append(dict(zip(open_words, way, strict=True)))
        if len(fitting) != 1:
            word = next(word for word in readings if _letters(word) in open_words)
            raise DataError(_uncertain(sites, word, f"{declared.text!r} does not settle it"))
        chosen = {word: fitting[0].get(_letters(word), symbol) for word, symbol in chosen.items()}
    said = {
        _letters(
            word
        ): f"{'type symbol' if sites.are_types else 'label'} {word!r} is read as {symbol}, because the file "
        f"declares {declared.text!r}"
        for word, symbol in reversed(chosen.items())
        if not _is_plain(word, symbol)
    }
    return chosen, tuple(said.values())


def _is_plain(word: str, symbol: str) -> bool:
    """Tell whether nobody would read a name otherwise: ``Fe2A`` and ``FE1`` as Fe, but not ``HO2`` as H."""
    letters = _letters(word)
    return letters.title() == symbol or (letters.startswith(symbol) and len(symbol) == 2)


def _letters(word: str) -> str:
    match = re.match(r"[A-Za-z]+", word)
    return match.group() if match else ""


def _hydrogen(symbol: str) -> str:
    return "H" if symbol in ISOTOPES else symbol


def _is_element(symbol: str) -> bool:
    return symbol in ISOTOPES or ATOMIC_NUMBER.get(symbol, MADE_FIRST) < MADE_FIRST


def _readings(word: str, is_type: bool) -> tuple[list[str], bool]:
    """Return the elements that a name may mean, the likeliest first, and whether that one is certain."""
    letters, rest = _letters(word), word[len(_letters(word)) :]
    symbols = [part for part in dict.fromkeys((letters[:2].title(), letters[:1].upper())) if _is_element(part)]
    if not symbols:
        return [], False
    first = symbols[0]
    if first == "T":
        return symbols if is_type else [], False  # rather a tetrahedral site than tritium
    if is_type:
        return symbols, bool(_SYMBOL_OF_TYPE.fullmatch(word)) and letters.title() == first and letters not in GROUPS
    if re.match(r"[-/&,+][A-Za-z]|_H", rest):
        return symbols, False  # O-H, Fe/Mg
    if letters == first:
        return symbols, True
    if letters.isupper() and len(letters) == len(first) == 2 and not _is_element(letters[0]):
        return symbols, letters[0] not in SITE_NAMES  # ZR1 leaves one reading
    suffix = letters[2:]
    is_symbol = len(first) == 2 and letters.startswith(first) and suffix[:1].isupper()
    return symbols, is_symbol and not any(_is_element(suffix[:n]) for n in (1, 2))


def _uncertain(sites: Sites, word: str, why: str) -> str:
    label = sites.labels[sites.texts.index(word)]
    where = f"type symbol {word!r} of site {label}" if sites.are_types else f"label {label!r}"
    return (
        f"{where} is no element, and what it means is uncertain: {why}. Write the element of each site as "
        "_atom_site_type_symbol"
    )
