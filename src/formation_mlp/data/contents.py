"""What the cells of a column are: formulas, numbers, structures, names of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from formation_mlp.data import columns
from formation_mlp.data.numbers import numbers_of_cells
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.materials.formula.text import is_missing
from formation_mlp.materials.structure.crystal import Crystal
from formation_mlp.materials.structure.items import is_pymatgen, names_a_file
from formation_mlp.quoting import quoted

if TYPE_CHECKING:
    import pandas as pd

LOOKED_AT = 500
"""Cells of a column that are looked at, spread over all rows."""
SHARE = 0.95
"""Of the cells that are not blank."""
SHARE_OF_NAMED = 0.5
"""Enough where the name of the column says what it holds; the loader names the rows that cannot be read."""
LONGEST = 200
"""Signs of a formula; what is longer is a text."""
FEWEST_ELEMENTS = 3
"""Different elements in a column of formulas without a name; labels such as ``No`` and ``In`` have few."""
SHARE_OF_COMPOUNDS = 0.5
"""Cells of two elements or more in such a column."""


@dataclass(frozen=True, slots=True)
class Formulas:
    """How far the cells of a column are formulas.

    Attributes
    ----------
    share : of the cells that can be read as formulas
    compounds : share of the cells with two elements or more
    n_elements : different elements in all cells
    wrong : why cells cannot be read
    """

    share: float
    compounds: float
    n_elements: int
    wrong: tuple[str, ...] = ()

    @property
    def are_sure(self) -> bool:
        """Whether the cells are formulas, whatever the name of the column."""
        return self.share >= SHARE and self.compounds >= SHARE_OF_COMPOUNDS and self.n_elements >= FEWEST_ELEMENTS

    @property
    def are_likely(self) -> bool:
        """Whether they are where the name of the column says so."""
        return self.share >= SHARE_OF_NAMED


def some_cells(frame: pd.DataFrame, column: str) -> list[Any]:
    """Return at most `LOOKED_AT` cells of a column that are not blank, spread over all rows."""
    present = [cell for cell in columns.cells_of(frame, column) if cell is not None and cell != ""]
    if len(present) <= LOOKED_AT:
        return present
    return [present[i] for i in np.linspace(0, len(present) - 1, LOOKED_AT).astype(int).tolist()]


def formulas_in(cells: Sequence[object]) -> Formulas:
    """Return how far some cells are formulas.

    Examples
    --------
    >>> formulas_in(["NaCl", "Fe2O3", "MgO"]).are_sure, formulas_in(["Co", "No", "In"]).are_sure
    (True, False)
    >>> formulas_in(["sodium chloride", "rust"]).share
    0.0
    """
    texts = [text for text in map(columns.formula_of_cell, cells) if not is_missing(text)]
    if not texts or not any(isinstance(text, str) for text in texts) or is_numeric(cells):
        return Formulas(0.0, 0.0, 0, tuple(f"{quoted(text)} is no formula" for text in texts))
    parsed = parse_formulas([text if isinstance(text, str) and len(text) <= LONGEST else "" for text in texts])
    wrong = tuple(parsed.failures[i] for i in sorted(parsed.failures))
    n = len(texts)
    compounds = float((parsed.compositions.n_elements >= 2).sum()) / n
    return Formulas(1 - len(parsed.failures) / n, compounds, len(parsed.compositions.elements()), wrong)


def is_numeric(cells: Sequence[object]) -> bool:
    """Tell whether half of some cells, those that say they have none apart, are numbers, and there are any."""
    values, present, _ = numbers_of_cells(cells)
    return bool(present.any()) and np.isfinite(values).sum() >= SHARE_OF_NAMED * present.sum()


def are_structures(cells: Sequence[object], folder: Path) -> bool:
    """Tell whether all of some cells are structures: objects, texts of files, or paths of files that exist.

    Parameters
    ----------
    cells
        Of a column.
    folder
        Where relative paths start.
    """
    return bool(cells) and all(_is_structure(cell, folder) for cell in cells[:50])


def _is_structure(cell: object, folder: Path) -> bool:
    if isinstance(cell, Crystal) or is_pymatgen(cell, "IStructure"):
        return True
    if isinstance(cell, Mapping):
        return "lattice" in cell and "sites" in cell
    if not isinstance(cell, str):
        return False
    text = cell.lstrip()
    if text.startswith("{"):
        return '"lattice"' in text and '"sites"' in text
    if "\n" in text.strip():
        return "_cell_length_a" in text or "_atom_site" in text or len(text.splitlines()) > 6
    return names_a_file(cell) or _is_file(cell, folder)


def _is_file(text: str, folder: Path) -> bool:
    try:
        return ("/" in text or "." in text) and (folder / text).is_file()
    except (OSError, ValueError):  # longer than a name may be
        return False


def are_names(cells: Sequence[object], n_rows: int) -> bool:
    """Tell whether the cells of a whole column name its rows: none is blank, and none occurs twice."""
    texts = [str(cell).strip() for cell in cells if cell is not None]
    return len(texts) == n_rows and "" not in texts and len(set(texts)) == n_rows
