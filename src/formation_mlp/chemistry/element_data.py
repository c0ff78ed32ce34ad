"""What the literature has tabulated for each element."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.elements import ATOMIC_NUMBER, SYMBOLS
from formation_mlp.typing import Bools, Floats, Ints

if TYPE_CHECKING:
    from formation_mlp.chemistry.compositions import Compositions

SINGLE_PRECISION = frozenset({"matscholar", "megnet_el"})
"""Learned embeddings, which their authors published as single precision."""


@dataclass(frozen=True, slots=True)
class ElementTable:
    """Some properties of all elements from one source.

    Attributes
    ----------
    properties : names, ``[f]``
    values : float64 ``[119, f]``, one row per atomic number (row 0 is empty); NaN where nothing is tabulated
    means : float64 ``[f]``, what matminer's ``impute_nan=True`` takes instead of a missing value
    incomplete : bool ``[119]``, whether any of the properties of an element is missing
    """

    properties: tuple[str, ...]
    values: Floats
    means: Floats
    incomplete: Bools = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "incomplete", np.isnan(self.values).any(axis=1))

    def imputed(self) -> Floats:
        """Return ``values`` with matminer's mean in place of what is missing."""
        return np.where(np.isnan(self.values), self.means, self.values)

    def rows_lacking_data(self, compositions: Compositions) -> Ints:
        """Return the rows with an element for which any of the properties is missing."""
        entries = np.flatnonzero(self.incomplete[compositions.z])
        if len(entries) == 0:
            return entries
        is_lacking = np.zeros(len(compositions), np.bool_)
        is_lacking[np.searchsorted(compositions.row_ptr, entries, side="right") - 1] = True
        return np.flatnonzero(is_lacking)


@cache
def load_table(source: str) -> ElementTable:
    """Read ``tables/<source>.csv``, written by ``scripts/build_element_tables.py``."""
    header, *rows = read_element_csv(source)
    precision = np.float32 if source in SINGLE_PRECISION else np.float64
    values = np.full((len(SYMBOLS), len(header) - 1), np.nan)
    means = np.full(len(header) - 1, np.nan)
    for symbol, *cells in rows:
        numbers = [float(cell) if cell else np.nan for cell in cells]
        if symbol == "mean":
            means[:] = numbers
        else:
            values[ATOMIC_NUMBER[symbol]] = np.array(numbers, precision)
    return ElementTable(tuple(header[1:]), values, means)


@cache
def select_properties(source: str, properties: tuple[str, ...]) -> ElementTable:
    """Return some properties of a table, in this order."""
    table = load_table(source)
    columns = [table.properties.index(name) for name in properties]
    return ElementTable(properties, table.values[:, columns].copy(), table.means[columns])  # row by row in memory


def read_element_csv(source: str) -> list[list[str]]:
    """Return the lines of a table of ``tables``, its names first, without the comments."""
    text = (files(__package__) / "tables" / f"{source}.csv").read_text(encoding="utf-8")
    return list(csv.reader([line for line in text.splitlines() if not line.startswith("#")]))
