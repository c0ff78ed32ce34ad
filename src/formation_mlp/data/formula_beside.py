"""The formulas that a table gives beside its structures, compared with what the structures are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.data import columns
from formation_mlp.errors import DataError
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.materials.inputs import ReadMaterials
from formation_mlp.quoting import quoted

if TYPE_CHECKING:
    import pandas as pd

SAME_FRACTION = 0.005
"""Atomic fractions that differ by less are the same but for rounding."""


def compared_with_formulas(read: ReadMaterials, frame: pd.DataFrame, asked: str | None) -> ReadMaterials:
    """Return structures with a remark on each whose row gives the formula of another compound.

    Formulas that cannot be read, and columns that cannot be told apart, are passed over, since the structures are what
    is used.

    Parameters
    ----------
    read
        The structures of the table.
    frame
        The table.
    asked
        Column of the formulas; found by its usual name if not given.
    """
    try:
        column = columns.find_formula(frame, asked, "data.formula")
    except DataError:
        return read
    if column is None or not len(frame):
        return read
    cells = [columns.formula_of_cell(cell) for cell in columns.cells_of(frame, column)]
    written = parse_formulas([cell if isinstance(cell, str) else "" for cell in cells])
    theirs, ours = written.compositions, read.materials.compositions
    notes = dict(read.notes)
    for i, (said, found) in enumerate(zip(theirs.keys(), ours.keys(), strict=True)):
        is_read = i not in written.failures and i not in read.failures
        if is_read and said != found and not _are_alike(theirs.take([i]), ours.take([i])):
            note = f"column {column!r} says {quoted(cells[i])}, but the structure is {read.labels[i]}"
            notes[i] = "; ".join(filter(None, (notes.get(i), note)))
    return replace(read, notes=dict(sorted(notes.items())))


def _are_alike(one: Compositions, other: Compositions) -> bool:
    """Tell whether two compositions are the same but for rounding, such as ``Fe0.67O`` and ``Fe2O3``."""
    fractions = np.zeros(len(SYMBOLS))
    np.add.at(fractions, one.z, one.fractions())
    np.add.at(fractions, other.z, -other.fractions())
    return bool(np.abs(fractions).max() <= SAME_FRACTION and set(one.z.tolist()) == set(other.z.tolist()))
