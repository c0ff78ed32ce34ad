"""Crystal structures from VASP's POSCAR and CONTCAR."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.errors import DataError
from formation_mlp.materials.structure.crystal import ISOTOPES, Crystal, crystal_of, plain_number
from formation_mlp.materials.structure.limits import MAX_SITES
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    pass

N_HEADER = 5
"""Lines before elements and counts: a comment, the scale and three lattice vectors."""
FAR = 2.0
"""Fractional coordinates beyond this are doubted."""
MOVABLE = frozenset(("T", "F", ".TRUE.", ".FALSE."))
"""Marks of selective dynamics, some of which are symbols of elements, too."""


def crystal_from_poscar(text: str) -> Crystal:
    """Return the structure of a POSCAR; what stands after the coordinates, such as velocities, is passed over.

    Raises
    ------
    DataError
        If the text is no POSCAR, or does not say which elements it holds.
    """
    lines = [_without_comment(line).strip() for line in text.splitlines()]
    if len([line for line in lines[1:] if line]) < N_HEADER + 2:
        raise DataError("not readable as POSCAR: it has fewer than eight lines")
    if any(line.startswith("Direct configuration=") for line in lines[N_HEADER : N_HEADER + 4]):
        raise DataError("it is a trajectory (XDATCAR) of several structures. Give one of them as POSCAR")
    vectors, scale = _vectors_and_scale(lines)
    labels, place = (None, N_HEADER) if _counts(lines[N_HEADER]) else (lines[N_HEADER].split(), N_HEADER + 1)
    counts = _counts(lines[place]) if place < len(lines) else []
    if not counts:
        raise DataError(f"not readable as POSCAR: line {place + 1} holds no numbers of atoms: {lines[place][:40]!r}")
    if sum(counts) > MAX_SITES:
        raise DataError(f"it announces {sum(counts):,} atoms; at most {MAX_SITES:,} per cell can be read")
    place += 1
    selective = _begins(lines, place, "s")
    place += selective
    cartesian = _begins(lines, place, "ck")
    end = place + 1 + sum(counts)
    rows = [line.split() for line in lines[place + 1 : end]]
    coordinates = _coordinates(rows, sum(counts), place + 2)
    # VASP scales Cartesian coordinates as it scales the vectors, so that the scale cancels here.
    frac = np.linalg.solve(vectors.T, coordinates.T).T if cartesian else coordinates
    symbols, notes = _symbols(labels, counts, text.splitlines()[0], _beside(rows, 6 if selective else 3))
    return crystal_of(
        vectors * scale, symbols, frac, [*notes, *_doubts(lines[place], cartesian, coordinates, lines[end:])]
    )


def looks_like_poscar(text: str) -> bool:
    """Tell by its beginning whether a text is a POSCAR: a scale and three vectors after the first line."""
    lines = [_without_comment(line) for line in text.splitlines()[: N_HEADER + 2]]
    return len(lines) == N_HEADER + 2 and all(
        len(numbers) == wanted or (wanted == 1 and len(numbers) == 3)
        for numbers, wanted in zip(map(_leading_numbers, lines[1:N_HEADER]), (1, 3, 3, 3), strict=True)
    )


def _without_comment(line: str) -> str:
    return re.split("[!#]", line, maxsplit=1)[0]


def _leading_numbers(line: str) -> list[float]:
    numbers = []
    for word in line.split():
        try:
            numbers.append(plain_number(word.lower().replace("d", "e")))
        except ValueError:
            break
    return numbers


def _vectors_and_scale(lines: Sequence[str]) -> tuple[Floats, Floats]:
    """Return the lattice vectors as written, ``[3, 3]``, and the factor of their x, y and z, ``[3]``."""
    scale = _leading_numbers(lines[1])
    rows = [_leading_numbers(line)[:3] for line in lines[2:N_HEADER]]
    if len(scale) not in (1, 3) or any(len(row) != 3 for row in rows):
        raise DataError("not readable as POSCAR: lines 2 to 5 are not a scale and three lattice vectors")
    vectors = np.array(rows)
    if not (np.isfinite(vectors).all() and np.isfinite(scale).all()):
        raise DataError("the cell: a number is not finite")
    volume = abs(float(np.linalg.det(vectors)))
    if volume == 0:
        raise DataError("the cell has no volume")
    if len(scale) == 3:
        if min(scale) <= 0:
            raise DataError(f"not readable as POSCAR: of three scales, all must be above 0: {lines[1]!r}")
        return vectors, np.array(scale)
    if scale[0] == 0:
        raise DataError("not readable as POSCAR: the scale is 0")
    return vectors, np.repeat(scale[0] if scale[0] > 0 else (-scale[0] / volume) ** (1 / 3), 3)


def _counts(line: str) -> list[int]:
    """Return the numbers at the beginning of a line, as long as they are whole."""
    words = re.match(r"(\d+\b(?!\.)\s*)*", line.strip())
    counts = [int(word[:12]) for word in (words.group().split() if words else [])]
    return counts if sum(counts) else []


def _begins(lines: Sequence[str], place: int, letters: str) -> bool:
    return place < len(lines) and lines[place][:1].lower() in tuple(letters)


def _coordinates(rows: Sequence[Sequence[str]], n: int, line: int) -> Floats:
    if len(rows) < n or any(not row for row in rows):
        found = next((i for i, row in enumerate(rows) if not row), len(rows))
        raise DataError(f"it announces {n:,} atoms, but has coordinates of {found:,}")
    found_numbers = [_leading_numbers(" ".join(row[:3])) for row in rows]
    wrong = next(
        (i for i, numbers in enumerate(found_numbers) if len(numbers) < 3 or not np.isfinite(numbers).all()), None
    )
    if wrong is not None:
        raise DataError(
            f"not readable as POSCAR: line {line + wrong} holds no three coordinates: {' '.join(rows[wrong])[:60]!r}"
        )
    return np.array(found_numbers)


def _doubts(kind: str, cartesian: bool, coordinates: Floats, rest: Sequence[str]) -> list[str]:
    """Return remarks on what VASP would read without a word, and its user hardly means."""
    doubts = []
    if kind and not cartesian and kind[:1].lower() not in "dfr":
        doubts.append(f"coordinates read as fractions of the cell, as VASP reads them under a line {kind[:40]!r}")
    if not cartesian and (largest := np.abs(coordinates).max()) > FAR:
        doubts.append(f"fractional coordinates are as large as {largest:g}, as Cartesian ones would be")
    more = next((i for i, line in enumerate(rest) if len(_leading_numbers(line)) < 3), len(rest))
    if more:
        n = len(coordinates)
        doubts.append(f"read as {n} atoms, as it announces, but coordinates of {n + more} are listed")
    return doubts


def _beside(rows: Sequence[Sequence[str]], column: int) -> list[str]:
    """Return the element that stands beside the coordinates of each atom, or an empty text."""
    return [
        _symbol(row[column]) if len(row) > column and not set(row[column : column + 3]) <= MOVABLE else ""
        for row in rows
    ]


def _symbols(
    labels: Sequence[str] | None, counts: Sequence[int], comment: str, beside: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the element of each atom: of the line of elements, beside the coordinates, or in the comment."""
    if labels is not None:
        counts = counts if len(counts) == len(labels) else [n for n in counts if n]
        symbols = [_symbol(label) for label in labels]
        if len(symbols) != len(counts):
            raise DataError(f"it names {len(symbols)} elements, but {len(counts)} numbers of atoms")
        unknown = [label for label, symbol in zip(labels, symbols, strict=True) if not symbol]
        if unknown:
            raise DataError(f"{unknown[0]!r} in the line of elements is no element")
        repeated = _repeated(symbols, counts)
        for i, (symbol, other) in enumerate(zip(repeated, beside, strict=True), start=1):
            if other and other != symbol:
                raise DataError(
                    f"atom {i} is {symbol} by the line of elements, but {other} stands beside its coordinates"
                )
        return repeated, []
    if all(beside):
        return list(beside), []
    named = [_symbol(word) for word in comment.split()]
    if len(named) == len(counts) and all(named):
        shown = " ".join(f"{symbol}{n}" for symbol, n in zip(named, counts, strict=True))
        return _repeated(named, counts), [f"read as {shown}: the elements are named in the comment line only"]
    raise DataError(
        f"it does not say which element its atoms are: {' '.join(map(str, counts[:10]))} atoms, and no line of "
        f"elements above. Insert one as line {N_HEADER + 1}, such as: Na Cl"
    )


def _repeated(symbols: Sequence[str], counts: Sequence[int]) -> list[str]:
    return [symbol for symbol, n in zip(symbols, counts, strict=True) for _ in range(n)]


def _symbol(label: str) -> str:
    """Return the element of a label of VASP, such as ``Fe_pv`` or ``Si/1a2b3c``, or an empty text."""
    match = re.fullmatch(r"([A-Z][a-z]?)(?:[_/].*)?", label)
    symbol = match.group(1) if match else ""
    return symbol if symbol in ATOMIC_NUMBER or symbol in ISOTOPES else ""
