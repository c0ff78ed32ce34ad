"""The structure files below a folder, under the names that people give them in a table of energies."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from formation_mlp.materials.structure.access import is_limited
from formation_mlp.materials.structure.files import SUFFIXES, is_structure_file, plain_name
from formation_mlp.materials.structure.packed_text import PACKED

DEEPEST = 3
"""Folders in one another that are looked into."""
LONGEST = 200
"""Signs of a name."""
MOST_ENTRIES = 20_000
"""Files and folders that are looked at below a table, which may lie in the folder of a whole project."""
OF_CALCULATIONS = ("contcar", "poscar")
"""Files of a calculation in a folder of its own; the structure at its end goes before that at its beginning."""


def name_of_file(name: str) -> str:
    """Return a name without the ending of a structure file: ``NaCl.cif`` is ``NaCl``, ``POSCAR.NaCl`` is itself."""
    plain = name.removesuffix(Path(name).suffix) if Path(name).suffix.lower() in PACKED else name
    return plain.removesuffix(Path(plain).suffix) if Path(plain).suffix.lower() in SUFFIXES else plain


def structures_below(folder: Path, most: int | None = None) -> dict[str, str]:
    """Return names and paths of the structure files below a folder.

    A folder with a CONTCAR, or a POSCAR and no other file of a structure, is a calculation: its structure is the
    CONTCAR, unless that is empty, and its name is that of the folder. Other files have their own names, without
    endings. A name that would occur twice is written with the folders before it.

    Parameters
    ----------
    folder
        Where to look; hidden folders, and those deeper than `DEEPEST`, are passed over.
    most
        Entries after which to stop; all are looked at if not given.

    Returns
    -------
    dict
        From a name to a path that starts at ``folder``, with ``/`` between folders, sorted.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as name:
    ...     for path in ("run_1/CONTCAR", "run_1/POSCAR", "run_2/POSCAR", "old/NaCl.cif"):
    ...         Path(name, path).parent.mkdir(exist_ok=True)
    ...         _ = Path(name, path).write_text("a structure")
    ...     structures_below(Path(name))
    {'NaCl': 'old/NaCl.cif', 'run_1': 'run_1/CONTCAR', 'run_2': 'run_2/POSCAR'}
    """
    found = [(Path(whole).name, whole, path) for whole, path in sorted(_walk(folder, most))]
    times = Counter(way for ways in found for way in set(ways))
    return {next((way for way in ways if times[way] == 1), ways[-1]): ways[-1] for ways in found}


def _walk(folder: Path, most: int | None) -> Iterator[tuple[str, str]]:
    """Yield the whole name and the path of each structure."""
    n_seen = 0
    for place, folders, files in os.walk(folder):
        inside = Path(place).relative_to(folder)
        n_seen += len(folders) + len(files)
        if most is not None and n_seen > most:
            return
        folders[:] = sorted(one for one in folders if not one.startswith(".")) if len(inside.parts) < DEEPEST else []
        whole = [name for name in files if is_structure_file(name) and plain_name(name) != "xdatcar"]
        ends = [name for kind in OF_CALCULATIONS for name in whole if plain_name(name) == kind]
        end = next((name for name in ends if Path(place, name).stat().st_size), None) if inside.parts else None
        others = {name for name in whole if not plain_name(name).endswith(".json")} - {*ends}
        if end is not None and (plain_name(end) == OF_CALCULATIONS[0] or not others):
            yield inside.as_posix(), (inside / end).as_posix()
            continue
        yield from (((inside / name_of_file(name)).as_posix(), (inside / name).as_posix()) for name in whole)


def without_zeros(name: str) -> str:
    """Return a number without the zeros before it, which spreadsheets cut; other names as they are."""
    return name.lstrip("0") or "0" if name.isdecimal() else name


def ways_to_name(paths: Mapping[str, str]) -> dict[str, str]:
    """Return what each usual way to name a structure means: its name, its path, its file, its folder, zeros left out.

    Parameters
    ----------
    paths
        Names and paths, as `structures_below` gives them.

    Returns
    -------
    dict
        From the way to the name; ways that might mean several are not there.

    Examples
    --------
    >>> ways_to_name({"001": "runs/001/CONTCAR"})["1"]
    '001'
    """
    meant: dict[str, set[str]] = {}
    for name, path in paths.items():
        for way in _ways(name, path):
            meant.setdefault(way, set()).add(name)
    return {name: name for name in paths} | {way: min(names) for way, names in meant.items() if len(names) == 1}


def _ways(name: str, path: str) -> set[str]:
    folders, _, file = path.rpartition("/")
    ways = {name, path, name_of_file(path), without_zeros(name)}
    return ways | ({folders} - {""} if plain_name(file) in OF_CALCULATIONS else {file, name_of_file(file)})


def located(cells: Sequence[object], folder: Path) -> Sequence[object]:
    """Return cells with the paths of structure files in place of names that are no paths: ``run_1`` for its CONTCAR.

    Parameters
    ----------
    cells
        Of a column of structures.
    folder
        Where paths start.
    """
    lost = {cell for cell in cells if _is_name(cell) and not (folder / str(cell)).is_file()}
    if not lost or is_limited():
        return cells
    paths = structures_below(folder, MOST_ENTRIES)
    names = ways_to_name(paths)
    return [paths[names[str(cell)]] if cell in lost and cell in names else cell for cell in cells]


def names_below(folder: Path) -> frozenset[str]:
    """Return all usual ways to name the structure files below the folder of a table; none where no file may be read."""
    return frozenset() if is_limited() else frozenset(ways_to_name(structures_below(folder, MOST_ENTRIES)))


def _is_name(cell: object) -> bool:
    return isinstance(cell, str) and 0 < len(cell) <= LONGEST and "\n" not in cell and cell.lstrip()[:1] not in "{["
