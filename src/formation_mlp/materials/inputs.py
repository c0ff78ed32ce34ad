"""Whatever a user calls a material, as arrays: formulas, pymatgen objects, structure files."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from formation_mlp.errors import DataError
from formation_mlp.materials import structure_cache
from formation_mlp.materials.formula import parse_formulas
from formation_mlp.materials.pymatgen_compositions import read_compositions
from formation_mlp.materials.records import Materials
from formation_mlp.materials.structure_files import (
    is_structure_file,
    read_structure,
    structure_from_json,
    structure_from_text,
)
from formation_mlp.materials.structures import Structures

if TYPE_CHECKING:
    from pymatgen.core import Structure


@dataclass(frozen=True, slots=True)
class ReadMaterials:
    """``n`` inputs as arrays.

    Attributes
    ----------
    materials : all ``n`` rows; those that failed are empty
    labels : what stands for each row in a table, ``[n]``
    failures : row to the reason why it could not be read
    notes : row to a remark on how it was read
    """

    materials: Materials
    labels: list[str]
    failures: dict[int, str]
    notes: dict[int, str]


def read_materials(items: Sequence[object]) -> ReadMaterials:
    """Read formulas, pymatgen ``Composition`` or ``Structure`` objects, or paths of structure files.

    A text counts as a path if its name is that of a structure file. If any item is a structure, all
    must be.

    Raises
    ------
    DataError
        If the argument is one text instead of a sequence.
    """
    if isinstance(items, str):
        raise DataError(f"found the text {items!r}, but a list is expected, such as [{items!r}].")
    kinds = {"formula" if type(item) is str and item.isalnum() else _kind(item) for item in items}
    if "structure" in kinds:
        return read_structures(items)
    if "composition" in kinds:
        return _from_compositions(items)
    parsed = parse_formulas([item if isinstance(item, str) else "" for item in items])
    failures = dict(parsed.failures)
    failures |= {
        i: f"{item!r} is no formula, Composition or Structure"
        for i, item in enumerate(items)
        if not isinstance(item, str)
    }
    labels = [str(item) for item in items]
    return ReadMaterials(Materials(parsed.compositions), labels, failures, dict(parsed.notes))


def read_structures(items: Sequence[object], folder: Path | None = None) -> ReadMaterials:
    """Read structures: pymatgen objects, pymatgen JSON (text or dictionary), or paths of files.

    Parameters
    ----------
    items
        One structure each.
    folder
        Where relative paths start; the working folder if not given.

    Notes
    -----
    Many files or texts are kept as arrays for the next run, see `formation_mlp.materials.structure_cache`.
    """
    kept_at = structure_cache.file_of(items, folder or Path())
    kept = structure_cache.load(kept_at) if kept_at else None
    column, labels, failures = kept or _read_each(items, folder)
    if kept_at and not kept:
        structure_cache.store(kept_at, column, labels, failures)
    return ReadMaterials(Materials(column.compositions(), column), labels, failures, {})


def _read_each(items: Sequence[object], folder: Path | None) -> structure_cache.Kept:
    structures: list[Structures] = []
    labels: list[str] = []
    failures: dict[int, str] = {}
    for i, item in enumerate(items):
        label = str(item) if _is_path(item) else ""
        try:
            structure = _to_structure(item, folder)
            structures.append(Structures.from_pymatgen([structure]))
            label = label or _reduced_formula(structure)
        except DataError as error:
            failures[i] = str(error)
            structures.append(_NO_STRUCTURE)
        labels.append(label or "?")
    return concatenated(structures), labels, failures


def concatenated(parts: Sequence[Structures]) -> Structures:
    """Return all structures of ``parts``, one after another."""
    counts = np.concatenate([[0], *(part.n_sites for part in parts)])
    return Structures(
        np.cumsum(counts, dtype=np.int64),
        np.concatenate([np.empty((0, 3, 3)), *(part.lattice for part in parts)]),
        np.concatenate([np.empty(0, np.int64), *(part.z for part in parts)]),
        np.concatenate([np.empty((0, 3)), *(part.frac for part in parts)]),
    )


_NO_STRUCTURE = Structures(np.zeros(2, np.int64), np.eye(3)[None], np.empty(0, np.int64), np.empty((0, 3)))


def _kind(item: object) -> str:
    if isinstance(item, dict) or _is_path(item) or _is_pymatgen(item, "Structure"):
        return "structure"
    return "composition" if _is_pymatgen(item, "Composition") else "formula"


def _is_path(item: object) -> bool:
    return isinstance(item, Path) or (isinstance(item, str) and is_structure_file(item))


def _is_pymatgen(item: object, name: str) -> bool:
    """Tell a pymatgen object without importing pymatgen: if it is not loaded, nothing is one."""
    core = sys.modules.get("pymatgen.core")
    return core is not None and isinstance(item, getattr(core, name))


def _to_structure(item: Any, folder: Path | None) -> Structure:
    if _is_pymatgen(item, "Structure"):
        structure: Structure = item
        return structure
    if isinstance(item, dict) or (isinstance(item, str) and item.lstrip().startswith("{")):
        return structure_from_json(item)
    if _is_path(item):
        return read_structure((folder or Path()) / item)
    if isinstance(item, str) and "\n" in item.strip():
        return structure_from_text(item, "cif" if "_cell_" in item or "data_" in item else "poscar")
    shown = repr(item) if len(repr(item)) <= 60 else f"{repr(item)[:60]}..."
    raise DataError(f"{shown} is no structure: give a file, CIF or POSCAR text, pymatgen JSON or a Structure.")


def _reduced_formula(structure: Structure) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pymatgen warns of noble gases, which have no electronegativity
        formula: str = structure.composition.reduced_formula
    return formula


def _from_compositions(items: Sequence[object]) -> ReadMaterials:
    read, labels = read_compositions(items)
    return ReadMaterials(Materials(read.compositions), labels, read.failures, read.notes)
