"""Find the columns of a table by their usual names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.data.numbers import number
from formation_mlp.errors import DataError
from formation_mlp.quoting import quoted
from formation_mlp.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

FORMULA = ("formula", "composition", "reduced_formula", "formula_pretty", "pretty_formula")
STRUCTURE = ("structure", "cif", "poscar")
CELL = ("lattice", "species", "frac_coords")
"""Three columns that together write out a structure, see `read_structure_columns`."""
ID = ("id", "material_id")
SAID = "said"
"""Attribute of a table: what was read of several things that might have been, in a sentence for the user."""
DECIMALS = "decimals"
"""Attribute of a table: which of its columns had decimal commas, in a sentence for the user."""
FILES = "files"
"""Attribute of a table that was made of a folder: where its structures are, in words; rows have the files' names."""
ROW_NUMBER = "row_number"
"""Given as the column of row names, it means their numbers, whatever columns there are."""
TARGET = (
    "formation_energy_per_atom",
    "formation_enthalpy_per_atom",
    "formation_energy",
    "formation_energy_peratom",
    "e_form",
    "delta_e",
    "target",
)

_WHOLE = re.compile(r"[-+]?1?[0-9]")
_DIGITS = re.compile(r"[0-9]+")


def find_column(frame: pd.DataFrame, asked: str | None, aliases: Sequence[str], key: str) -> str | None:
    """Return the column asked for, or the first one with a usual name, or None.

    Raises
    ------
    DataError
        If the column asked for is not in the table.
    """
    names = [str(name) for name in frame.columns]
    if asked is not None:
        if asked not in names:
            raise DataError(
                f"{key}: the table has no column {quoted(asked)}. Columns: {', '.join(names)}."
                f"{did_you_mean(asked, names)}"
            )
        return asked
    for alias in aliases:
        found = [name for name in names if name.strip().lower() == alias]
        if len(found) > 1:
            raise DataError(
                f"{key}: {len(found)} columns are called {alias}: {', '.join(map(quoted, found))}. "
                f"Name the right one with {key}, or rename the others."
            )
        if found:
            return found[0]
    return None


def find_formula(frame: pd.DataFrame, asked: str | None, key: str) -> str | None:
    """Return the column of formulas as `find_column` does; one of text goes before one of mappings.

    The Materials Project writes ``composition`` as a mapping of elements to amounts, and the formula beside it.
    """
    if asked is not None:
        return find_column(frame, asked, (), key)
    found = [name for name in (find_column(frame, None, [alias], key) for alias in FORMULA) if name is not None]
    return next((name for name in found if not _holds_mappings(frame, name)), found[0] if found else None)


def require_formula(frame: pd.DataFrame, asked: str | None, key: str) -> str:
    """Return the column as `find_formula` does; raise `DataError` if there is none."""
    return find_formula(frame, asked, key) or require_column(frame, asked, FORMULA, key)


def _holds_mappings(frame: pd.DataFrame, name: str) -> bool:
    first = next((cell for cell in cells_of(frame.head(100), name) if cell is not None), None)
    return isinstance(first, Mapping)


def formula_of_cell(cell: object) -> object:
    """Return what stands in a cell of formulas: text as it is, ``{"Fe": 2, "O": 3}`` as ``Fe2O3``, blank for None."""
    if cell is None:
        return ""
    if not isinstance(cell, Mapping):
        return cell
    parts = []
    for symbol, amount in cell.items():
        if symbol not in ATOMIC_NUMBER and symbol not in ("D", "T"):
            return quoted(dict(cell))  # reading it says that this is no formula
        try:
            parts.append(f"{symbol}{number(amount):.10f}".rstrip("0").rstrip("."))
        except ValueError:
            return quoted(dict(cell))
    return "".join(parts)


def refuse_decimal_commas(frame: pd.DataFrame, column: str, where: str) -> None:
    """Refuse whole numbers whose decimals stand in the next column: ``-2,131`` in a table separated by commas.

    Raises
    ------
    DataError
        If every cell is a whole number below 20, and every cell of the next column a text of digits only that has no
        name, or begins with 0 somewhere, or has several digits in most rows.
    """
    place = [str(name) for name in frame.columns].index(column) + 1
    if place >= len(frame.columns):
        return
    next_name = str(frame.columns[place])
    pairs = [
        (cell.strip(), beside.strip())
        for cell, beside in zip(cells_of(frame, column), cells_of(frame, next_name), strict=True)
        if isinstance(cell, str) and isinstance(beside, str) and cell.strip()
    ]
    if not pairs or not all(_WHOLE.fullmatch(cell) and _DIGITS.fullmatch(beside) for cell, beside in pairs):
        return
    is_nameless = next_name.startswith("Unnamed: ")
    begins_with_zero = any(len(beside) > 1 and beside[0] == "0" for _, beside in pairs)
    is_long = sum(len(beside) > 1 for _, beside in pairs) > len(pairs) / 2
    has_sign = any(cell.startswith("-") for cell, _ in pairs)
    if is_nameless or begins_with_zero or (is_long and has_sign):
        raise DataError(
            f"{where} holds whole numbers only, such as {pairs[0][0]}, and the column after it, {next_name!r}, digits "
            f"only, such as {pairs[0][1]}: is this the number {pairs[0][0]},{pairs[0][1]} with a decimal comma? Write "
            "decimals with a point. If they are whole numbers, write them as such: -2.0."
        )


def require_column(frame: pd.DataFrame, asked: str | None, aliases: Sequence[str], key: str) -> str:
    """Return the column as `find_column` does; raise `DataError` if there is none."""
    column = find_column(frame, asked, aliases, key)
    if column is None:
        names = [str(name) for name in frame.columns]
        near = [name for alias in aliases for name in get_close_matches(alias, names, n=1, cutoff=0.8)]
        raise DataError(
            f"{key}: no column is called {' or '.join(aliases[:3])}. Columns: {', '.join(names)}. "
            f"Name the right one with {key}." + (f" Did you mean {near[0]!r}?" if near else "")
        )
    return column


def cells_of(frame: pd.DataFrame, column: str) -> list[Any]:
    """Return the cells of a column; each kind of missing value (None, NaN, NA) comes as None."""
    cells = frame[column].astype(object)
    return cells.where(cells.notna(), None).tolist()
