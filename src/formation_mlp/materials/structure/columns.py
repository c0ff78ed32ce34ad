"""Structures written as text columns: lattice, species and fractional coordinates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.errors import DataError
from formation_mlp.materials.inputs import ReadMaterials
from formation_mlp.materials.records import Materials
from formation_mlp.materials.reduced_formula import reduced_formulas
from formation_mlp.materials.structure.crystal import lattice_vectors, plain_number
from formation_mlp.materials.structure.limits import within_limits
from formation_mlp.materials.structures import Structures
from formation_mlp.typing import Floats, Ints


def read_structure_columns(
    lattice: Sequence[object], species: Sequence[object], frac_coords: Sequence[object]
) -> ReadMaterials:
    """Read ``n`` structures from three columns of text, numbers separated by blanks.

    Parameters
    ----------
    lattice
        ``a b c alpha beta gamma`` (angstrom, degrees), or the nine components of the lattice vectors.
    species
        One element symbol per site.
    frac_coords
        Three fractional coordinates per site.

    Returns
    -------
    ReadMaterials
        A row that cannot be read carries its reason; labels are the reduced formulas of the cells.
    """
    cells: list[Floats] = []
    numbers: list[Ints] = []
    coordinates: list[Floats] = []
    failures: dict[int, str] = {}
    for i, texts in enumerate(zip(lattice, species, frac_coords, strict=True)):
        try:
            cell, z, frac = _read_row(*(str(text) for text in texts))
        except DataError as error:
            failures[i] = str(error)
            cell, z, frac = np.eye(3), np.empty(0, np.int64), np.empty((0, 3))
        cells.append(cell)
        numbers.append(z)
        coordinates.append(frac)
    structures = Structures(
        np.cumsum([0, *map(len, numbers)], dtype=np.int64),
        np.array(cells).reshape(-1, 3, 3),
        np.concatenate([np.empty(0, np.int64), *numbers]),
        np.concatenate([np.empty((0, 3)), *coordinates]),
    )
    structures, impossible = within_limits(structures)
    return ReadMaterials(
        Materials(structures.compositions(), structures), reduced_formulas(structures), failures | impossible, {}
    )


def _read_row(lattice: str, species: str, frac_coords: str) -> tuple[Floats, Ints, Floats]:
    symbols = species.split()
    unknown = [symbol for symbol in symbols if symbol not in ATOMIC_NUMBER]
    if unknown or not symbols:
        raise DataError(f"species: {unknown[0]!r} is no element" if unknown else "species: the cell is empty")
    cell = _numbers(lattice, "lattice")
    frac = _numbers(frac_coords, "frac_coords")
    if len(cell) not in (6, 9):
        raise DataError(f"lattice: found {len(cell)} numbers, but six (a b c alpha beta gamma) or nine are expected")
    if len(frac) != 3 * len(symbols):
        raise DataError(f"frac_coords: found {len(frac)} numbers for {len(symbols)} sites; three per site are expected")
    vectors = lattice_vectors(cell) if len(cell) == 6 else cell.reshape(3, 3)
    return vectors, np.array([ATOMIC_NUMBER[symbol] for symbol in symbols]), frac.reshape(-1, 3)


def _numbers(text: str, column: str) -> Floats:
    try:
        values = np.array([plain_number(word) for word in text.split()], float)
    except ValueError as error:
        raise DataError(f"{column}: {error}") from error
    if not np.isfinite(values).all():
        raise DataError(f"{column}: a number is not finite")
    return values
