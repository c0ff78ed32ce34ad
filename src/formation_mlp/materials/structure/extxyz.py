"""Crystal structures from extended XYZ: frames of a lattice, atoms in Cartesian coordinates, and named values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from formation_mlp.chemistry.elements import ATOMIC_NUMBER, SYMBOLS
from formation_mlp.errors import DataError
from formation_mlp.materials.structure.crystal import ISOTOPES, Crystal, crystal_of, plain_number
from formation_mlp.materials.structure.limits import MAX_SITES
from formation_mlp.quoting import quoted

_PAIR = re.compile(r"""([A-Za-z_][\w.\-]*)\s*=\s*("[^"]*"|'[^']*'|\{[^}]*\}|\S+)""")
TRUTH = {"T": True, "True": True, "true": True, "F": False, "False": False, "false": False}
USUAL = "species:S:1:pos:R:3"

Frame = tuple[dict[str, str | int | float | bool], Crystal]


def frames_of(text: str) -> Iterator[Frame]:
    """Yield the single values that the comment line of each frame names, and its structure.

    Raises
    ------
    DataError
        If a frame is broken, or not periodic in three directions; the message names its number.
    """
    lines = text.splitlines()
    place, number = 0, 0
    while place < len(lines):
        if not lines[place].strip():
            place += 1
            continue
        number += 1
        try:
            n_atoms = _count(lines, place)
            yield _frame(lines[place + 1], lines[place + 2 : place + 2 + n_atoms])
        except DataError as error:
            raise DataError(f"frame {number} {error}") from error
        place += 2 + n_atoms


def _count(lines: Sequence[str], place: int) -> int:
    text = lines[place].strip()
    if not re.fullmatch(r"\d{1,12}", text) or int(text) == 0:
        raise DataError(f"is not readable as extended XYZ: line {place + 1} is no number of atoms: {quoted(text)}")
    n_atoms, left = int(text), len(lines) - place - 2
    if n_atoms > MAX_SITES:
        raise DataError(f"announces {n_atoms:,} atoms; at most {MAX_SITES:,} per cell can be read")
    if left < n_atoms:
        raise DataError(
            f"is not readable as extended XYZ: it announces {n_atoms:,} atoms, but has {max(left, 0):,} lines"
        )
    return n_atoms


def _frame(comment: str, rows: Sequence[str]) -> Frame:
    fields = {key: value.strip("\"'{}") for key, value in _PAIR.findall(comment)}
    periodic = fields.pop("pbc", "T T T").replace(",", " ").split()
    lattice = fields.pop("Lattice", None)
    if lattice is None or not all(TRUTH.get(one, one == "1") for one in periodic):
        raise DataError('is not periodic. Give a lattice and pbc="T T T".')
    matrix = _numbers(lattice.replace(",", " ").split(), 9, "its lattice").reshape(3, 3)
    symbols, cartesian = _atoms(fields.pop("Properties", USUAL), rows)
    if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-9:
        raise DataError("has a cell without volume")
    values = {key: value for key, text in fields.items() if (value := _value(text)) is not None}
    return values, crystal_of(matrix, symbols, np.linalg.solve(matrix.T, cartesian.T).T)


def _atoms(properties: str, rows: Sequence[str]) -> tuple[list[str], np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """Return the element and the place of each atom, from the columns that the comment line describes."""
    parts = properties.split(":")
    if len(parts) % 3 or not all(part.isdigit() for part in parts[2::3]):
        raise DataError(f"is not readable as extended XYZ: Properties={quoted(properties)} is not understood")
    starts = np.cumsum([0, *(int(width) for width in parts[2::3])]).tolist()
    columns = dict(zip(parts[::3], starts, strict=False))
    of_element = next((columns[name] for name in ("species", "Z", "numbers") if name in columns), None)
    if of_element is None or "pos" not in columns:
        raise DataError(f"is not readable as extended XYZ: Properties={quoted(properties)} names no species or no pos")
    words = [row.split() for row in rows]
    short = next((i for i, row in enumerate(words) if len(row) < starts[-1]), None)
    if short is not None:
        raise DataError(
            f"is not readable as extended XYZ: atom {short + 1} has {len(words[short])} of {starts[-1]} columns"
        )
    symbols = [_symbol(row[of_element]) for row in words]
    place = columns["pos"]
    return symbols, np.array([_numbers(row[place : place + 3], 3, f"atom {i}") for i, row in enumerate(words, start=1)])


def _symbol(text: str) -> str:
    if text.isdigit() and 0 < int(text[:4]) < len(SYMBOLS):
        return SYMBOLS[int(text[:4])]
    if text not in ATOMIC_NUMBER and text not in ISOTOPES:
        raise DataError(f"holds a species that is no element: {quoted(text)}")
    return text


def _numbers(words: Sequence[str], n: int, what: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    try:
        numbers = np.array([plain_number(word) for word in words])
    except ValueError:
        numbers = np.empty(0)
    if len(numbers) != n or not np.isfinite(numbers).all():
        raise DataError(f"is not readable as extended XYZ: {what} has no {n} finite numbers: {quoted(' '.join(words))}")
    return numbers


def _value(text: str) -> str | int | float | bool | None:
    """Return a single value, or None for several numbers and for nested ones."""
    if text in TRUTH:
        return TRUTH[text]
    for kind in (int, float) if "_" not in text else ():  # Python reads 1_0 as 10
        try:
            return kind(text)
        except ValueError:
            continue
    words = re.split(r"[\s,]+", text.strip())
    if len(words) > 1 and all(re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?|[TF]", word, re.IGNORECASE) for word in words):
        return None
    return None if text.startswith("_JSON") else text
