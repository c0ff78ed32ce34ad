"""Formulas that are valid to the letter and hardly meant: ``SIO2``, ``Al203``, ``TiIVO2``, ``CaCI2``, ``AlC13``.

They are read as they are written. A note says so if another spelling is a charge-balanced compound and this one is not,
or is written in no usual order.
"""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.materials.formula.atoms import count_atoms
from formation_mlp.materials.formula.molecules import amounts_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_LONGEST = 60  # signs of a formula that is looked at
_MOST_SPELLINGS = 32
_POLONIUM, _THORIUM, _AMERICIUM = (ATOMIC_NUMBER[symbol] for symbol in ("Po", "Th", "Am"))

WRITTEN_SMALL = frozenset(
    symbol.upper()
    for symbol, z in ATOMIC_NUMBER.items()
    if len(symbol) > 1 and z < _AMERICIUM and not _POLONIUM <= z < _THORIUM
)
"""Symbols of two letters, in capitals, of the elements that form compounds one can hold: ``SI``, but not ``NO``."""

_ZERO_IN_NUMBER = re.compile(
    r"(?<=[A-Za-z)\]])(?!10)[1-9]{1,2}0[1-9]{1,2}\Z|(?:(?<=\A[A-Z])|(?<=\A[A-Z][a-z]))[2-9]0\Z"
)
"""A number at the end that may hold the letter O: in Al203, Li4Ti5012 and H20, but not in Al103 and C60H20."""

_ZERO_AFTER_POINT = re.compile(r"(?<=\.[0-9])0[1-9]\Z|(?<=\.[0-9]{2})0[1-9]\Z")
"""The end of an amount that may hold the letter O: Co0.8Fe0.203."""

_CHLORINE = re.compile(r"C(?:I(?=[2-6]?\Z|O[2-4]?\Z)|1(?=[2-6]?\Z))")
"""Chlorine with a capital I or a digit 1 for its l: CaCI2, AlC13."""

_STATE = re.compile(r"(?<=[a-z0-9)\]UVW])(?:IV(?![a-z])|VI(?=O[0-9]))")
"""An oxidation state without brackets, of an element that may have it."""

_ONE = re.compile(r"1(?![0-9.])")
_CAPITAL_PAIR = re.compile(r"(?=([A-Z][A-Z]))")
_CYANATE = re.compile(r"SCN|NCS|OCN|NCO")


def doubt_of(text: str, atoms: Sequence[tuple[str, float]]) -> str:
    """Return a remark on a formula without adducts that is hardly meant as it is written, or an empty text."""
    if len(text) > _LONGEST:
        return ""
    likely = [
        other
        for other in _other_spellings(text)
        if _is_balanced(amounts_of(other)) and _is_well_written(other) and not _is_meant(text, atoms, other)
    ]
    if not likely:
        return ""
    other = min(likely, key=lambda spelling: (_n_capitals(spelling), not _is_in_usual_order(_symbols(spelling))))
    return f"read to the letter, as {_spelled(atoms)}; if {other} is meant, write {other}"


def _other_spellings(text: str) -> Iterator[str]:
    if text.upper() == text and any(pair[1] in WRITTEN_SMALL for pair in _CAPITAL_PAIR.finditer(text)):
        yield from _mixed_case(text)
    if _STATE.search(text):
        yield _STATE.sub("", text)
    if _CHLORINE.search(text) and not ("C1" in text and (" " in text or len(_ONE.findall(text)) > 1)):
        yield _CHLORINE.sub("Cl", text)
    if "0" in text and "O" not in text:
        found = _ZERO_IN_NUMBER.search(text)
        if found is None and not _is_whole(math.fsum(amounts_of(text).values())):
            found = _ZERO_AFTER_POINT.search(text)
        if found is not None:
            yield text[: found.start()] + found[0].replace("0", "O")


def _mixed_case(text: str) -> list[str]:
    """Return up to `_MOST_SPELLINGS` spellings in which some pairs of capitals are one symbol, fewer elements first."""
    endings: dict[int, list[str]] = {0: [""]}
    for position in range(len(text)):
        found = endings.pop(position, [])
        for length in (1, 2):
            piece = text[position : position + length]
            if length == 2 and piece not in WRITTEN_SMALL:
                continue
            place = endings.setdefault(position + length, [])
            place += [start + piece.capitalize() for start in found]
            place.sort(key=_n_capitals)
            del place[_MOST_SPELLINGS:]
    return [spelling for spelling in endings.get(len(text), []) if spelling != text]


def _n_capitals(text: str) -> int:
    return sum(map(str.isupper, text))


def _is_balanced(amounts: Mapping[int, float]) -> bool:
    from formation_mlp.chemistry.plausible import is_charge_balanced

    return bool(amounts) and is_charge_balanced(amounts)


def _is_well_written(text: str) -> bool:
    """Return whether a formula does not begin with the element that it should end with."""
    symbols = _symbols(text)
    return _electronegativity(symbols[0]) <= _electronegativity(symbols[-1])


def _is_meant(text: str, atoms: Sequence[tuple[str, float]], other: str) -> bool:
    """Return whether a formula is fine as it is written, in view of another spelling."""
    symbols, amounts = [symbol for symbol, _ in atoms], amounts_of(text)
    if "Cl" in _symbols(other) and "Cl" not in symbols:
        return _is_carbide(amounts)
    if _STATE.sub("", text) == other and "V" in symbols and "IV" not in text:
        return False
    is_organic = {"C", "H"} <= set(symbols) and len(amounts_of(other)) > 2
    if is_organic or (_CYANATE.search(text) and len(amounts) > 3):
        return True
    return _is_balanced(amounts) and _is_in_usual_order(symbols)


def _is_carbide(amounts: Mapping[int, float]) -> bool:
    """Return whether a compound is balanced with carbon as an anion, each atom in the place of four of iodine."""
    iodine, carbon = ATOMIC_NUMBER["I"], ATOMIC_NUMBER["C"]
    others = {z: amount for z, amount in amounts.items() if z not in (iodine, carbon)}
    return ATOMIC_NUMBER["O"] not in amounts and _is_balanced(
        others | {iodine: amounts.get(iodine, 0.0) + 4 * amounts.get(carbon, 0.0)}
    )


def _is_in_usual_order(symbols: list[str]) -> bool:
    """Return whether no element occurs twice, and all follow electronegativity, metals first, or Hill's rules."""
    if len(set(symbols)) < len(symbols):
        return False
    values = [_electronegativity(symbol) for symbol in symbols]
    return all(a <= b for a, b in pairwise(values)) or _is_in_order_of_hill(symbols)


def _is_in_order_of_hill(symbols: list[str]) -> bool:
    """Return whether carbon and then hydrogen come first, if there is carbon, and the others by the alphabet."""
    first = [symbol for symbol in ("C", "H") if "C" in symbols and symbol in symbols]
    return symbols == first + sorted(set(symbols) - set(first))


def _electronegativity(symbol: str) -> float:
    from formation_mlp.chemistry.plausible import ELECTRONEGATIVITY

    return ELECTRONEGATIVITY.get(ATOMIC_NUMBER.get(symbol, 0), 0.0)


def _symbols(text: str) -> list[str]:
    return [symbol for symbol, _ in count_atoms(text)]


def _is_whole(amount: float) -> bool:
    return abs(amount - round(amount)) < 1e-6


def _spelled(atoms: Sequence[tuple[str, float]]) -> str:
    return " ".join(symbol if amount == 1 else f"{symbol}{amount:g}" for symbol, amount in atoms)
