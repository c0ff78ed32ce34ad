"""Which files hold a crystal structure, and the structure in them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from formation_mlp.errors import DataError
from formation_mlp.materials.structure.access import check_access, may_read
from formation_mlp.materials.structure.crystal import Crystal
from formation_mlp.materials.structure.packed_text import PACKED, text_of

Kind = Literal["cif", "poscar", "json"]

SUFFIXES = (".cif", ".mcif", ".json", ".poscar", ".contcar", ".vasp")
"""File endings of structures; files whose name begins or ends with POSCAR or CONTCAR count too."""
OF_TABLES = (
    ".csv",
    ".csv.gz",
    ".tsv",
    ".tsv.gz",
    ".jsonl",
    ".jsonl.gz",
    ".ndjson",
    ".parquet",
    ".extxyz",
    ".xyz",
    ".xlsx",
)
"""Endings of tables, whatever else their names say."""
NO_STRUCTURES = {"xdatcar": "a trajectory (XDATCAR) of several structures. Give one of them as POSCAR"}
_VASP = re.compile(r"(?i)(.*[^a-z])?(poscar|contcar)([^a-z].*|\d.*)?")


def is_structure_file(path: Path | str) -> bool:
    """Tell by its name whether a file holds a structure; ``FILE.cif#NAME`` is one of several structures in it."""
    name = plain_name(split_name(path)[0])
    if name.endswith(OF_TABLES):
        return False
    return name.endswith(SUFFIXES) or _VASP.fullmatch(name) is not None or name in NO_STRUCTURES


def split_name(path: Path | str) -> tuple[str, str | None]:
    """Return the path of a file, and the name of a structure in it if one is given after ``#``."""
    text = str(path)
    file, mark, name = text.rpartition("#")
    if not mark or not file:
        return text, None
    if not may_read(text):
        return file, name
    with suppress(OSError, ValueError):  # longer than a name may be
        if Path(text).exists():
            return text, None
    return file, name


def looks_like_structure(path: Path | str) -> bool:
    """Tell whether a file is there and holds a structure: by its name, or else by how its text begins."""
    path = Path(path)
    if plain_name(path).endswith(OF_TABLES) or not may_read(path):
        return False
    if path.suffix.lower() == ".json" or not is_structure_file(path):
        try:
            return path.is_file() and _kind_of(text_of(path, beginning=20_000)) is not None
        except (DataError, OSError, ValueError):
            return False
    return path.is_file()


def structure_files_of(folder: Path) -> list[Path]:
    """Return the structure files in a folder by their names, sorted; no trajectories.

    Raises
    ------
    DataError
        If the folder cannot be read.
    """
    try:
        files = sorted(path for path in folder.iterdir() if is_structure_file(path.name) and path.is_file())
    except OSError as error:
        raise DataError(f"{folder}: not readable: {error}") from error
    return [path for path in files if plain_name(path) not in NO_STRUCTURES]


def is_other_json(path: Path) -> bool:
    """Tell whether a file is sound JSON, but about something else than a structure."""
    if not plain_name(path).endswith(".json"):
        return False
    try:
        text = text_of(path)
        json.loads(text)
    except (DataError, ValueError, RecursionError):
        return False  # reading it says what is wrong
    return _kind_of(text) != "json"


def read_structure(path: Path, name: str | None = None) -> Crystal:
    """Read a CIF, POSCAR or pymatgen JSON file, compressed or not.

    Parameters
    ----------
    path
        The file; what it is is told by its name, or else by its content.
    name
        Of the structure, if a CIF holds several.

    Raises
    ------
    DataError
        If the file is missing, of no known kind, not readable, or leaves open what the material is.
    """
    where = path if name is None else f"{path}#{name}"
    try:
        return crystal_of_text(*_text_and_kind(path), name)
    except DataError as error:
        raise DataError(f"{where}: {error}") from error


def structures_in(path: Path) -> list[str]:
    """Return the names of the structures in a file with several; an empty list for a file of one.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    from formation_mlp.materials.structure.cif import names_and_blocks

    text, kind = _text_and_kind(path)
    names = list(names_and_blocks(text)) if kind == "cif" else []
    return names if len(names) > 1 else []


def crystal_of_text(text: str, kind: Kind | None = None, name: str | None = None) -> Crystal:
    """Read the text of a CIF, POSCAR or pymatgen JSON file; its kind is told by how it begins if it is not given.

    Raises
    ------
    DataError
        If the text is none of these, or leaves open what the material is.
    """
    text = text.removeprefix("\ufeff")
    kind = kind or _kind_of(text)
    if kind == "cif":
        from formation_mlp.materials.structure.cif import crystal_from_cif

        return crystal_from_cif(text, name)
    if name is not None:
        raise DataError("only a CIF holds several structures with names")
    if kind == "poscar":
        from formation_mlp.materials.structure.poscar import crystal_from_poscar

        return crystal_from_poscar(text)
    if kind == "json":
        return crystal_of_json(text)
    raise DataError("it is neither a CIF, nor a POSCAR, nor pymatgen JSON")


def crystal_of_json(content: str | Mapping[str, Any]) -> Crystal:
    """Read pymatgen's JSON, as text or as a dictionary; raises `DataError` if it is none."""
    from formation_mlp.materials.structure.pymatgen_json import crystal_from_json

    return crystal_from_json(content)


def _text_and_kind(path: Path) -> tuple[str, Kind | None]:
    check_access(path)
    try:
        exists = path.is_file()
    except (OSError, ValueError):  # longer than a name may be, or with a zero in it
        exists = False
    if not exists:
        raise DataError("no such structure file.")
    name = plain_name(path)
    if name in NO_STRUCTURES:
        raise DataError(f"it is {NO_STRUCTURES[name]}.")
    text = text_of(path)
    kind: Kind | None = None
    if name.endswith((".cif", ".mcif")):
        kind = "cif"
    elif name.endswith(".json"):
        kind = "json"
    elif is_structure_file(path):
        kind = _kind_of(text) if _kind_of(text) == "cif" and not name.endswith(".vasp") else "poscar"
    elif _kind_of(text) is None:
        raise DataError(
            "not known as a structure file, and its content is neither CIF, POSCAR nor pymatgen JSON. "
            f"Endings: {', '.join(SUFFIXES)} (also with {', '.join(PACKED)}), or POSCAR*, CONTCAR*."
        )
    return text, kind


def plain_name(path: Path | str) -> str:
    """Return the lower-case name of a file without the ending of its compression."""
    name = str(path).replace("\\", "/").rpartition("/")[2].lower()
    return next((name[: -len(ending)] for ending in PACKED if name.endswith(ending)), name)


def _kind_of(text: str) -> Kind | None:
    """Tell what a text is by how it begins."""
    from formation_mlp.materials.structure.poscar import looks_like_poscar

    if re.search(r"(?im)^[ \t]*_(cell[_.](length_a|angle_alpha)|atom_site[_.])", text):
        return "cif"
    if text.lstrip()[:1] in ("{", "["):
        return "json" if '"sites"' in text and '"lattice"' in text else None
    return "poscar" if looks_like_poscar(text) else None
