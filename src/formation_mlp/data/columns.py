"""Find the columns of a table by their usual names."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from formation_mlp.errors import DataError
from formation_mlp.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

FORMULA = ("formula", "composition", "reduced_formula", "formula_pretty", "pretty_formula")
STRUCTURE = ("structure", "cif", "poscar")
CELL = ("lattice", "species", "frac_coords")
"""Three columns that together write out a structure, see `read_structure_columns`."""
ID = ("id", "material_id")
TARGET = (
    "formation_energy_per_atom",
    "formation_enthalpy_per_atom",
    "formation_energy",
    "formation_energy_peratom",
    "e_form",
    "delta_e",
    "target",
)


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
                f"{key}: the table has no column {asked!r}. Columns: {', '.join(names)}.{did_you_mean(asked, names)}"
            )
        return asked
    lowered = {name.lower(): name for name in reversed(names)}
    return next((lowered[alias] for alias in aliases if alias in lowered), None)


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
