"""Read a folder of structure files, and the table beside them that gives their energies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from formation_mlp.data import columns
from formation_mlp.data.structure_table import ZEROS, require_once, table_of_structures
from formation_mlp.data.table_file import read_file
from formation_mlp.data.text_file import UTF_8
from formation_mlp.errors import DataError
from formation_mlp.materials.structure.below import MOST_ENTRIES, name_of_file, structures_below
from formation_mlp.materials.structure.files import SUFFIXES, is_other_json, structure_files_of
from formation_mlp.quoting import counted

if TYPE_CHECKING:
    import pandas as pd

OF_FRAMES = (".extxyz", ".xyz")
IN_FILES = "in the files of the folder, and rows have their names"
IN_FOLDERS = "in the files of the folder and of those in it, and rows have the names of files or folders"


def read_folder(folder: Path, encoding: str = UTF_8) -> pd.DataFrame:
    """Read structure files and, where a table beside them names them, what it says of each.

    The table is what `formation_mlp.data.structure_table.table_of_structures` finds. Without structure files in the
    folder itself, extended XYZ files give their frames, or else those of the folders in it count, see
    `formation_mlp.materials.structure.below.structures_below`; beside structure files, those that the table names.

    Returns
    -------
    pandas.DataFrame
        ``id`` is the name of a file without ending, or that of the folder of a calculation, ``structure`` its path from
        the folder, and further columns are those of the table. A file that the table names and that is not there stays,
        and reading it says so.

    Raises
    ------
    DataError
        If there is no structure, two files or two rows have one name, or several tables could be meant.
    """
    import pandas as pd

    files = structure_files_of(folder)
    if not files and any(_is_of_frames(path) for path in folder.iterdir()):
        return _frames_in(folder)
    require_once((name_of_file(path.name) for path in files), str(folder), "structure file name")
    paths = {name_of_file(path.name): path.name for path in files}
    inner = _inner(folder, MOST_ENTRIES if files else None)
    every = paths | {name: path for name, path in inner.items() if name not in paths}
    if not every:
        raise DataError(f"{folder}: no CIF, POSCAR or JSON file in this folder, nor in the folders in it.")
    targets = table_of_structures(folder, every, encoding)
    listed = {*([] if targets is None else targets["id"])}
    paths = every if not files else {name: path for name, path in every.items() if name in paths or name in listed}
    said = _passed_over([path for name, path in inner.items() if name not in paths])
    if targets is None:
        whole = pd.DataFrame({"id": paths.keys(), "structure": paths.values()})
    else:
        used = {name: path for name, path in paths.items() if name in listed or not is_other_json(folder / path)}
        used |= _lost(listed - {*paths}, paths)  # reading will say that these files are missing
        whole = pd.DataFrame({"id": used.keys(), "structure": used.values()}).merge(targets, on="id", how="left")
        said.append(f"Energies come from {targets.attrs[columns.SAID]!r}, which names the structure files.")
        said += targets.attrs.get(ZEROS, ())
    if said:
        whole.attrs[columns.SAID] = " ".join(said)
    whole.attrs[columns.FILES] = IN_FILES if all("/" not in path for path in paths.values()) else IN_FOLDERS
    return whole


def _inner(folder: Path, most: int | None) -> dict[str, str]:
    """Return names and paths of the structures in the folders of a folder."""
    inner = {name: path for name, path in structures_below(folder, most).items() if "/" in path}
    return {name: path for name, path in inner.items() if not is_other_json(folder / path)}


def _passed_over(paths: Sequence[str]) -> list[str]:
    """Return a sentence on structures in the folders of a folder that has structure files itself."""
    one, several = (f"of a folder in it {verb} not read" for verb in ("is", "are"))
    return [f"{counted(len(paths), f'structure {one}', f'structures {several}')}, such as {paths[0]}."] if paths else []


def _lost(names: set[str], paths: Mapping[str, str]) -> dict[str, str]:
    """Return paths for names without a file, with the ending that most files have."""
    endings = Counter(Path(path).suffix if Path(path).suffix in SUFFIXES else "" for path in paths.values())
    return {name: f"{name}{endings.most_common(1)[0][0]}" for name in sorted(names)}


def _is_of_frames(path: Path) -> bool:
    return path.name.lower().endswith(OF_FRAMES)


def _frames_in(folder: Path) -> pd.DataFrame:
    import pandas as pd

    files = sorted(filter(_is_of_frames, folder.iterdir()))
    frames = [read_file(path, UTF_8) for path in files]
    names = [f"{path.stem}#{i}" for path, frame in zip(files, frames, strict=True) for i in range(1, len(frame) + 1)]
    whole = pd.concat(frames, ignore_index=True)
    return whole if "id" in whole.columns else whole.assign(id=names)
