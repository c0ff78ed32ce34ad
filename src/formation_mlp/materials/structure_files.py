"""Read single structures from files and from text, through pymatgen."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from formation_mlp.errors import DataError

if TYPE_CHECKING:
    from pymatgen.core import Structure

Kind = Literal["cif", "poscar", "json"]

SUFFIXES = (".cif", ".json", ".poscar", ".vasp")
"""File endings of structures; files whose name starts with POSCAR or CONTCAR count too."""


def is_structure_file(path: Path | str) -> bool:
    """Tell by its name whether a file holds a structure."""
    text = str(path).lower()
    return text.endswith(SUFFIXES) or ("car" in text and Path(text).name.startswith(("poscar", "contcar")))


def read_structure(path: Path) -> Structure:
    """Read a CIF, POSCAR or pymatgen JSON file.

    Raises
    ------
    DataError
        If the file is missing, of no known kind, or not readable.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such structure file.")
    if not is_structure_file(path):
        raise DataError(f"{path}: not known as a structure file. Endings: {', '.join(SUFFIXES)}, or POSCAR*.")
    kinds: dict[str, Kind] = {".cif": "cif", ".json": "json"}
    try:
        return structure_from_text(path.read_text(encoding="utf-8-sig"), kinds.get(path.suffix.lower(), "poscar"))
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not readable as text: {error}") from error


def structure_from_text(text: str, kind: Kind) -> Structure:
    """Build a structure from the text of a file of this kind.

    Raises
    ------
    DataError
        If the text is not of this kind.
    """
    from pymatgen.core import Structure

    if kind == "json":
        return structure_from_json(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pymatgen comments on every rounded coordinate
            return Structure.from_str(text, fmt=kind)
    except Exception as error:  # pymatgen raises many kinds for a broken file
        raise DataError(f"not readable as {kind.upper()}: {error}") from error


def structure_from_json(content: str | dict[str, Any]) -> Structure:
    """Build a structure from pymatgen's JSON, as text or as a dictionary.

    Raises
    ------
    DataError
        If the content is not a pymatgen structure.
    """
    from pymatgen.core import Structure

    try:
        fields = json.loads(content) if isinstance(content, str) else content
        return Structure.from_dict(fields)
    except Exception as error:
        raise DataError(f"not a pymatgen structure in JSON: {type(error).__name__}: {error}") from error
