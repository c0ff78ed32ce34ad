"""Atom sites of a CIF: which element each is, where it lies, and how far it is occupied."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.errors import DataError
from formation_mlp.materials.cif_text import UNKNOWN, Block, number
from formation_mlp.materials.crystal import ISOTOPES
from formation_mlp.materials.declared_sum import DeclaredSum
from formation_mlp.materials.elements import ATOMIC_NUMBER
from formation_mlp.materials.structure_limits import FARTHEST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

COORDINATES = ("_atom_site_fract_x", "_atom_site_fract_y", "_atom_site_fract_z")
FULL, OVERFULL = 0.999, 1.02
"""Occupancies between these are 1 but for rounding."""
MADE_FIRST = 104
"""Atomic number from which on there are no crystals, so that a symbol is rather a name: ``Nh3`` is no nihonium."""
GROUPS = ("HO", "NH", "NO", "CN")
"""Capitals that are rather two elements than one, whatever the column."""
SITE_NAMES = ("A", "M", "R", "T", "X")
"""Letters for sites of any element, so that ``MN1`` may be one of them, and no manganese."""
CHOICES = 256
"""Readings of the labels of a file that are compared with its formula."""

_SYMBOL_OF_TYPE = re.compile(r"[A-Za-z]{1,2}(\d*\.?\d*[+-]?|[+-]\d*\.?\d*|\(\d*[+-]?\d*\))")
"""Element and charge: ``Fe``, ``Fe3+``, ``Fe+3``, ``O2-``, ``O(2-)``; some write the number of the site there, too."""


@dataclass(frozen=True, slots=True)
class Sites:
    """``k`` sites as listed.

    Attributes
    ----------
    labels : names in the file
    texts : what tells the element: the type symbol, or else the label
    frac : ``[k, 3]``
    occupancies : ``[k]``
    are_types : whether the texts are type symbols
    notes : remarks
    """

    labels: list[str]
    texts: list[str]
    frac: NDArray[np.float64]
    occupancies: NDArray[np.float64]
    are_types: bool
    notes: tuple[str, ...]


def has_sites(block: Block) -> bool:
    """Tell whether a data block lists atoms; bibliographic ones do not."""
    column = block.column(*COORDINATES, "_atom_site_cartn_x") or []
    return any(value not in ("?", "") for value in column)


def sites_of(block: Block) -> Sites:
    """Return the sites of a data block.

    Raises
    ------
    DataError
        If a coordinate, an element or an occupancy is missing or impossible, or a site is partially occupied.
    """
    block, notes = _without_dummies(block)
    x, y, z = (block.column(tag) for tag in COORDINATES)
    labels, types = block.column("_atom_site_label"), block.column("_atom_site_type_symbol")
    if x is None or y is None or z is None:
        raise DataError("the atom sites have no fractional coordinates (_atom_site_fract_x, y, z)")
    texts = types or labels
    if texts is None:
        raise DataError("the atom sites have neither labels nor type symbols")
    labels = labels or texts
    if len(set(map(len, (x, y, z, labels, texts)))) > 1:
        raise DataError("the columns of the atom sites differ in length")
    frac = np.array(
        [_coordinates(label, place) for label, place in zip(labels, zip(x, y, z, strict=True), strict=True)]
    )
    for label, text in zip(labels, texts, strict=True):
        if text in UNKNOWN:
            raise DataError(f"site {label}: its element is unknown (type symbol {text!r})")
    occupancies, unknown = _occupancies(labels, block.column("_atom_site_occupancy"))
    notes = (*notes, *unknown, *_doubts(block, labels))
    return Sites(labels, texts, frac, occupancies, types is not None, notes)


def _without_dummies(block: Block) -> tuple[Block, tuple[str, ...]]:
    """Leave out sites that the file marks as no atoms, such as centres of rings."""
    flags = block.column("_atom_site_calc_flag") or []
    dummies = {i for i, flag in enumerate(flags) if flag.lower() == "dum"}
    if not dummies or len(dummies) == len(flags):
        return block, ()
    values = {
        tag: [value for i, value in enumerate(column) if i not in dummies]
        if tag.startswith("_atom_site_") and len(column) == len(flags)
        else column
        for tag, column in block.values.items()
    }
    names = block.column("_atom_site_label", "_atom_site_type_symbol") or []
    shown = ", ".join(names[i] for i in sorted(dummies)[:5] if i < len(names))
    return Block(block.name, values), (f"left out {shown}: marked as no atom (_atom_site_calc_flag dum)",)


def _doubts(block: Block, labels: Sequence[str]) -> list[str]:
    """Return remarks on hydrogens without a place, and on alternatives that are all there."""
    doubts = []
    attached = block.column("_atom_site_attached_hydrogens") or []
    with_hydrogens = [label for label, n in zip(labels, attached, strict=False) if n.strip("0.?")]
    if with_hydrogens:
        shown = ", ".join(with_hydrogens[:5])
        doubts.append(f"hydrogens that the file declares at {shown} have no place, and are left out")
    groups = block.column("_atom_site_disorder_group") or []
    parts = block.column("_atom_site_disorder_assembly") or ["."] * len(groups)
    named = {(part, group) for part, group in zip(parts, groups, strict=False) if group not in UNKNOWN}
    if len({part for part, _ in named}) < len(named):
        shown = ", ".join(label for label, group in zip(labels, groups, strict=False) if group not in UNKNOWN)
        doubts.append(f"alternatives of a disordered structure ({shown[:60]}) are all read, as they are fully occupied")
    return doubts


def _coordinates(label: str, place: Sequence[str]) -> list[float]:
    try:
        numbers = [0.0 if text == "." else _fraction(text) for text in place]  # the default of the CIF dictionary
    except ValueError:
        numbers = [np.nan]
    if not (np.abs(numbers) <= FARTHEST).all():
        raise DataError(f"site {label} has no place in the cell: its coordinates are {' '.join(place)}")
    return numbers


def _fraction(text: str) -> float:
    """Return a number such as ``0.3333(2)`` or ``1/3``."""
    above, _, below = text.partition("/")
    return number(above) / number(below) if re.fullmatch(r"[1-9]\d?", below) else number(text)


def _occupancies(labels: Sequence[str], column: Sequence[str] | None) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Return occupancies as written; a full stop is 1 by the CIF dictionary."""
    found = np.ones(len(labels))
    unknown = []
    for i, text in enumerate(column or []):
        if text == "?":
            unknown.append(labels[i])
        if text in UNKNOWN:
            continue
        try:
            found[i] = number(text)
        except ValueError:
            raise DataError(f"site {labels[i]}: its occupancy {text!r} is no number") from None
        if not found[i] > 0:
            raise DataError(f"site {labels[i]}: its occupancy {text} is not above 0, so nothing is there")
        if found[i] > OVERFULL:
            raise DataError(f"site {labels[i]}: its occupancy {text} exceeds 1")
    return found, (f"unknown occupancy of {', '.join(unknown[:5])} read as 1",) if unknown else ()


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
        unclear = [word for word in words if not readings[word][1]]
        if unclear:
            raise DataError(_uncertain(sites, unclear[0], "no _chemical_formula_sum that settles it"))
        capitals = [word for word in words if len(readings[word][0]) > 1 and _letters(word).isupper()]
        said = tuple(f"type symbol {word!r} is read as {readings[word][0][0]}" for word in capitals)
        return [readings[text][0][0] for text in sites.texts], said
    chosen, notes = _by_declared(sites, readings, declared, count)
    return [chosen[text] for text in sites.texts], notes


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
        ways = product(*open_words.values())
        for way, _ in zip(ways, range(CHOICES), strict=False):
            names = dict(zip(open_words, way, strict=True))
            trial = {word: names.get(_letters(word), symbol) for word, symbol in chosen.items()}
            if declared.agrees(count([trial[text] for text in sites.texts])):
                fitting.append(trial)
        if len(fitting) != 1:
            word = next(word for word in readings if _letters(word) in open_words)
            raise DataError(_uncertain(sites, word, f"{declared.text!r} does not settle it"))
        chosen = fitting[0]
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
