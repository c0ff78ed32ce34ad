"""Read a folder of structure files, and the table beside them that gives their energies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.data import columns
from formation_mlp.data.csv_file import read_csv
from formation_mlp.data.numbers import numbers_of_cells
from formation_mlp.data.table_file import READERS, read_file
from formation_mlp.data.text_file import UTF_8
from formation_mlp.errors import DataError
from formation_mlp.materials.structure.files import SUFFIXES, is_other_json, is_structure_file, structure_files_of
from formation_mlp.materials.structure.packed_text import PACKED
from formation_mlp.quoting import counted, quoted

if TYPE_CHECKING:
    import pandas as pd

USUAL = ("targets.csv", "id_prop.csv", "energies.csv")
"""Tables that name structure files in their first column, in the order in which they are looked for."""
NAMELESS = "id_prop.csv"
"""By convention it has no line of names: the name of a file, and its target."""
OF_FRAMES = (".extxyz", ".xyz")
ZEROS = "zeros"
"""Attribute of a table: that its numbers name files with zeros before them, in a sentence for the user."""
SHARE = 0.5
"""Of the cells of a column that name structure files."""


IN_FILES = "in the files of the folder, and rows have their names"


def read_folder(folder: Path, encoding: str = UTF_8) -> pd.DataFrame:
    """Read structure files and, where a table beside them names them, what it says of each.

    The table is one of `USUAL`, or else the only one in the folder with a column that names the files, with or without
    their endings, or else one of `USUAL` beside the folder that does so. A folder of extended XYZ files
    gives their frames.

    Returns
    -------
    pandas.DataFrame
        ``id`` is the name of a file without ending, ``structure`` its path from the folder, and further columns are
        those of the table. A file that the table names and that is not there stays, and reading it says so.

    Raises
    ------
    DataError
        If there is no structure, two files or two rows have one name, or several tables could be meant.
    """
    import pandas as pd

    files = structure_files_of(folder)
    if not files:
        return _frames_in(folder)
    frame = pd.DataFrame({"id": [_id_of_file(path.name) for path in files], "structure": [path.name for path in files]})
    require_once(frame["id"], str(folder), "structure file name")
    targets = _targets_of(folder, frame, encoding)
    if targets is None:
        frame.attrs[columns.FILES] = IN_FILES
        return frame
    targets = _with_zeros(targets, frame["id"])
    others = {_id_of_file(path.name) for path in files if is_other_json(path)} - {*targets["id"]}
    frame = frame[~frame["id"].isin(list(others))]  # such as the table of elements that CGCNN lays beside structures
    lost = sorted({*targets["id"]} - {*frame["id"]})  # reading will say that these files are missing
    ending = Counter(path.suffix if path.suffix in SUFFIXES else "" for path in files).most_common(1)[0][0]
    frame = pd.concat([frame, pd.DataFrame({"id": lost, "structure": [f"{name}{ending}" for name in lost]})])
    whole = frame.merge(targets, on="id", how="left")
    whole.attrs[columns.SAID] = " ".join(
        [
            f"Energies come from {targets.attrs[columns.SAID]!r}, which names the structure files.",
            *targets.attrs.get(ZEROS, ()),
        ]
    )
    whole.attrs[columns.FILES] = IN_FILES
    return whole


def require_once(names: Iterable[str], where: str, what: str) -> None:
    """Raise `DataError` if a name occurs twice."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        found = counted(len(twice), f"{what} occurs", f"{what}s occur")
        raise DataError(f"{where}: {found} twice, the first is {twice[0]!r}. Rename or remove one.")


def _frames_in(folder: Path) -> pd.DataFrame:
    import pandas as pd

    files = sorted(path for path in folder.iterdir() if path.name.lower().endswith(OF_FRAMES))
    if not files:
        raise DataError(f"{folder}: no CIF, POSCAR or JSON file in this folder.")
    frames = [read_file(path, UTF_8) for path in files]
    names = [f"{path.stem}#{i}" for path, frame in zip(files, frames, strict=True) for i in range(1, len(frame) + 1)]
    whole = pd.concat(frames, ignore_index=True)
    return whole if "id" in whole.columns else whole.assign(id=names)


def _targets_of(folder: Path, frame: pd.DataFrame, encoding: str) -> pd.DataFrame | None:
    """Return what a table says of the structures, with their names in the column ``id``; None without a table."""
    listing = next((folder / name for name in USUAL if (folder / name).exists()), None)
    if listing is not None:
        return _with_ids(_read_listing(listing, encoding), 0, listing)
    known = {*frame["id"], *frame["structure"], *map(_without_zeros, frame["id"])}
    found = []
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name.lower().endswith(tuple(READERS)) and not is_structure_file(path.name):
            table = read_file(path, encoding)
            place = _column_of_files(table, known)
            if place is not None:
                found.append((path, table, place))
    if len(found) > 1:
        names = ", ".join(quoted(path.name) for path, *_ in found)
        raise DataError(
            f"{folder}: {len(found)} tables name the structure files: {names}. Call the right one energies.csv."
        )
    found = found or _beside(folder, known, encoding)
    return _with_ids(found[0][1], found[0][2], found[0][0]) if found else None


def _beside(folder: Path, known: set[str], encoding: str) -> list[tuple[Path, pd.DataFrame, int]]:
    """Return the tables of usual names beside a folder that name its files, with the place of their names."""
    found = []
    for path in [folder.resolve().parent / name for name in USUAL if name != NAMELESS]:
        if path.is_file():
            table = read_csv(path, encoding)
            place = _column_of_files(table, known)
            if place is not None:
                found.append((path, table, place))
    if len(found) > 1:
        names = ", ".join(quoted(path.name) for path, *_ in found)
        raise DataError(f"{folder}: {len(found)} tables beside it name its files: {names}. Lay the right one into it.")
    return found


def _with_zeros(targets: pd.DataFrame, ids: Iterable[str]) -> pd.DataFrame:
    """Return a table whose numbers are the names of files again that spreadsheets have cut zeros from: 1 for 001."""
    full = {_without_zeros(name): name for name in ids}
    is_unique = len(full) == len({*ids}) and targets["id"].map(_without_zeros).is_unique
    cut = [name for name in targets["id"] if name not in {*ids} and _without_zeros(name) in full] if is_unique else []
    if not cut:
        return targets
    changed = targets.assign(id=[full[_without_zeros(name)] if name in cut else name for name in targets["id"]])
    many = counted(len(cut), "number there is the name of a file", "numbers there are names of files")
    changed.attrs = targets.attrs | {
        ZEROS: [f"{many} without the zeros before it, such as {cut[0]} for {full[cut[0]]}."]
    }
    return changed


def _without_zeros(name: str) -> str:
    return name.lstrip("0") or "0" if name.isdecimal() else name


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


def _column_of_files(table: pd.DataFrame, known: set[str]) -> int | None:
    """Return the place of the column that names structure files, or None."""
    shares = [_share_known(columns.cells_of(table, name), known) for name in table.columns]
    best = int(np.argmax(shares)) if shares else 0
    return best if shares and shares[best] >= SHARE else None


def _share_known(cells: Sequence[object], known: set[str]) -> float:
    named = [str(cell) for cell in cells if cell not in (None, "")]
    return sum(name in known or _id_of_file(Path(name).name) in known for name in named) / max(1, len(named))


def _with_ids(table: pd.DataFrame, place: int, listing: Path) -> pd.DataFrame:
    """Return a table whose column at ``place`` is called ``id`` and names files without their endings."""
    names = [f"{name} in {listing.name}" if str(name) in ("id", "structure") else str(name) for name in table.columns]
    table = table.set_axis(names, axis="columns")
    ids = [_id_of_file(Path(str(name)).name) for name in columns.cells_of(table, names[place])]
    table = table.drop(columns=names[place]).assign(id=ids)
    require_once(table["id"], str(listing), "name")
    table.attrs[columns.SAID] = listing.name
    return table


def _id_of_file(name: str) -> str:
    """Return a name without the ending of a structure file: ``NaCl.cif`` is ``NaCl``, ``POSCAR.NaCl`` is itself."""
    plain = Path(name).stem if Path(name).suffix.lower() in PACKED else name
    return Path(plain).stem if Path(plain).suffix.lower() in SUFFIXES else name
