"""The table that names the structure files of a folder and gives their energies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.data import columns
from formation_mlp.data.csv_file import read_csv
from formation_mlp.data.numbers import numbers_of_cells
from formation_mlp.data.table_file import READERS, read_file
from formation_mlp.errors import DataError
from formation_mlp.materials.structure.below import name_of_file, ways_to_name, without_zeros
from formation_mlp.materials.structure.files import is_structure_file
from formation_mlp.quoting import counted, quoted

if TYPE_CHECKING:
    import pandas as pd

USUAL = ("targets.csv", "id_prop.csv", "energies.csv")
"""Tables that name structure files in their first column, in the order in which they are looked for."""
NAMELESS = "id_prop.csv"
"""By convention it has no line of names: the name of a file, and its target."""
ZEROS = "zeros"
"""Attribute of a table: that its numbers name files with zeros before them, in a sentence for the user."""
SHARE = 0.5
"""Of the cells of a column that name structure files."""


def table_of_structures(folder: Path, paths: Mapping[str, str], encoding: str) -> pd.DataFrame | None:
    """Return what a table says of the structures of a folder, with their names in the column ``id``.

    It is one of `USUAL` in the folder, or else the only table there with a column that names the structures in one of
    the usual ways, or else one of `USUAL` beside the folder that does so. None if there is none.

    Parameters
    ----------
    folder
        Where to look.
    paths
        Names of the structures, and their paths from ``folder``.
    encoding
        Of tables of text.

    Raises
    ------
    DataError
        If several tables could be meant, one cannot be read, or it names a structure twice.
    """
    known = _Known.of(folder, paths)
    listing = next((folder / name for name in USUAL if (folder / name).exists()), None)
    if listing is not None:
        return _with_ids(_read_listing(listing, encoding), 0, listing, known)
    others = sorted(path for path in folder.iterdir() if path.is_file() and path.name.lower().endswith(tuple(READERS)))
    found = _naming((path for path in others if not is_structure_file(path.name)), known, encoding)
    if len(found) > 1:
        names = ", ".join(quoted(path.name) for path, *_ in found)
        raise DataError(
            f"{folder}: {len(found)} tables name the structure files: {names}. Call the right one energies.csv."
        )
    if not found:
        beside = [folder.resolve().parent / name for name in USUAL if name != NAMELESS]
        found = _naming(filter(Path.is_file, beside), known, encoding)
    if len(found) > 1:
        names = ", ".join(quoted(path.name) for path, *_ in found)
        raise DataError(f"{folder}: {len(found)} tables beside it name its files: {names}. Lay the right one into it.")
    return _with_ids(found[0][1], found[0][2], found[0][0], known) if found else None


def require_once(names: Iterable[str], where: str, what: str) -> None:
    """Raise `DataError` if a name occurs twice."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        found = counted(len(twice), f"{what} occurs", f"{what}s occur")
        raise DataError(f"{where}: {found} twice, the first is {twice[0]!r}. Rename or remove one.")


@dataclass(frozen=True, slots=True)
class _Known:
    """What a cell of a table may call a structure.

    Attributes
    ----------
    folder : name of the folder, which may stand before paths in it
    ways : from each usual way to the name of a structure
    flat : the same for files in the folder itself, whose cells may have any path before them
    """

    folder: str
    ways: Mapping[str, str]
    flat: Mapping[str, str]

    @classmethod
    def of(cls, folder: Path, paths: Mapping[str, str]) -> _Known:
        flat = {name: path for name, path in paths.items() if "/" not in path}
        return cls(folder.resolve().name, ways_to_name(paths), ways_to_name(flat))

    def name_of(self, cell: str) -> str:
        """Return the name of the structure that a cell means, or what its name would be."""
        plain = name_of_file(Path(cell).name)
        inside = cell.removeprefix("./").removeprefix(f"{self.folder}/")
        return self.ways.get(cell) or self.ways.get(inside) or self.flat.get(plain) or self._of_none(inside, plain)

    def _of_none(self, inside: str, plain: str) -> str:
        return inside if "/" in inside and plain in self.ways else plain

    def names(self, cell: str) -> bool:
        """Tell whether a cell names a structure."""
        return self.name_of(cell) in self.ways


def _naming(tables: Iterable[Path], known: _Known, encoding: str) -> list[tuple[Path, pd.DataFrame, int]]:
    """Return those tables that name structures, with the place of their names."""
    found = []
    for path in tables:
        table = read_file(path, encoding)
        place = _column_of_files(table, known)
        if place is not None:
            found.append((path, table, place))
    return found


def _read_listing(listing: Path, encoding: str) -> pd.DataFrame:
    """Read names of structure files and their targets."""
    if listing.name != NAMELESS:
        table = read_csv(listing, encoding)
    else:
        table = read_csv(listing, encoding, has_header=False)
        names = ["id", "target", *map(str, range(2, len(table.columns)))][: len(table.columns)]
        first = columns.cells_of(table.head(1), table.columns[-1])
        if len(table) > 1 and not np.isfinite(numbers_of_cells(first)[0]).all():  # a line of names after all
            names, table = [str(cell) for cell in table.iloc[0]], table.iloc[1:].reset_index(drop=True)
        table.columns = names
    if len(table.columns) < 2:
        raise DataError(f"{listing}: one column only. Give the name of a file and its target, separated by a comma.")
    return table


def _column_of_files(table: pd.DataFrame, known: _Known) -> int | None:
    """Return the place of the column that names structure files, or None."""
    shares = [_share_known(columns.cells_of(table, name), known) for name in table.columns]
    best = int(np.argmax(shares)) if shares else 0
    return best if shares and shares[best] >= SHARE else None


def _share_known(cells: Sequence[object], known: _Known) -> float:
    named = [str(cell) for cell in cells if cell not in (None, "")]
    return sum(map(known.names, named)) / max(1, len(named))


def _with_ids(table: pd.DataFrame, place: int, listing: Path, known: _Known) -> pd.DataFrame:
    """Return a table whose column at ``place`` is called ``id`` and names structures as the folder does."""
    names = [f"{name} in {listing.name}" if str(name) in ("id", "structure") else str(name) for name in table.columns]
    table = table.set_axis(names, axis="columns")
    cells = list(map(str, columns.cells_of(table, names[place])))
    ids = [known.name_of(cell) for cell in cells]
    table = table.drop(columns=names[place]).assign(id=ids)
    require_once(table["id"], str(listing), "name")
    table.attrs[columns.SAID] = listing.name
    cut = [(cell, name) for cell, name in zip(cells, ids, strict=True) if cell != name and cell == without_zeros(name)]
    if cut:
        many = counted(len(cut), "number there is the name of a file", "numbers there are names of files")
        table.attrs[ZEROS] = [f"{many} without the zeros before it, such as {cut[0][0]} for {cut[0][1]}."]
    return table
