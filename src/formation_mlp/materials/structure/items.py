"""One structure from whatever a user gives: an object, a dictionary, a text, or a file."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.errors import DataError
from formation_mlp.materials.structure.access import may_read
from formation_mlp.materials.structure.crystal import Crystal, crystal_of
from formation_mlp.materials.structure.files import (
    crystal_of_json,
    crystal_of_text,
    is_structure_file,
    read_structure,
    split_name,
)
from formation_mlp.materials.structures import Structures
from formation_mlp.quoting import quoted


def crystal_of_item(item: Any, folder: Path | None = None) -> Crystal:
    """Return the structure that an item is, or names.

    Parameters
    ----------
    item
        A pymatgen ``Structure``, its JSON as text or dictionary, the text of a CIF or POSCAR, or the path of a file.
    folder
        Where relative paths start; the working folder if not given.

    Raises
    ------
    DataError
        If it is none of these, or what the material is is not certain.
    """
    if isinstance(item, Crystal):
        return item
    if is_pymatgen(item, "IStructure"):
        return _of_pymatgen(item)
    if isinstance(item, Mapping):
        return crystal_of_json(item)
    if isinstance(item, str) and item.lstrip()[:1] in ("{", "["):
        return crystal_of_json(item)
    if isinstance(item, str) and "\n" in item.strip():
        return crystal_of_text(item)
    if isinstance(item, Path) or (isinstance(item, str) and _is_path(item, folder)):
        path, name = split_name((folder or Path()) / item)
        return read_structure(Path(path), name)
    raise DataError(f"{quoted(item)} is no structure: give a file, CIF or POSCAR text, pymatgen JSON or a Structure.")


def names_a_file(item: object) -> bool:
    """Tell whether an item is the path of a structure file, as far as its name says."""
    if isinstance(item, str):
        return "\n" not in item and item.lstrip()[:1] not in ("{", "[") and is_structure_file(item)
    return isinstance(item, Path)


def is_pymatgen(item: object, name: str) -> bool:
    """Tell a pymatgen object without importing pymatgen: if it is not loaded, nothing is one."""
    core = sys.modules.get("pymatgen.core")
    return core is not None and isinstance(item, getattr(core, name))


def _is_path(item: str, folder: Path | None) -> bool:
    try:
        if not may_read((folder or Path()) / item):
            return is_structure_file(item)
        return is_structure_file(item) or ((folder or Path()) / item).is_file()
    except (OSError, ValueError):
        return False


def _of_pymatgen(structure: Any) -> Crystal:
    column = Structures.from_pymatgen([structure])
    names = [getattr(site.specie, "element", site.specie).name for site in structure]  # deuterium's symbol is H
    symbols = [name if name in ("D", "T") else SYMBOLS[z] for name, z in zip(names, column.z.tolist(), strict=True)]
    return crystal_of(column.lattice[0], symbols, column.frac)
