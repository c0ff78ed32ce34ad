"""Whatever a user calls a material, as arrays: formulas, pymatgen objects, structure files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from formation_mlp.errors import DataError
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.materials.records import Materials
from formation_mlp.materials.structure import cache as structure_cache
from formation_mlp.materials.structure.crystal import as_column
from formation_mlp.materials.structure.files import looks_like_structure
from formation_mlp.materials.structure.items import crystal_of_item, is_pymatgen, names_a_file
from formation_mlp.materials.structure.limits import NO_STRUCTURE, within_limits
from formation_mlp.materials.structures import Structures

LONGEST = 1000
"""Signs of a reason."""
FEW = 1000
"""Items up to which those that are no formula are looked for among the files."""


@dataclass(frozen=True, slots=True)
class ReadMaterials:
    """``n`` inputs as arrays.

    Attributes
    ----------
    materials : all ``n`` rows; those that failed are empty
    labels : what stands for each row in a table, ``[n]``: the formula as given, the reduced formula of the sites of a
        structure, or the name of a structure that could not be read
    failures : row to the reason why it could not be read
    notes : row to a remark on how it was read
    """

    materials: Materials
    labels: list[str]
    failures: dict[int, str]
    notes: dict[int, str]


def read_materials(items: Sequence[object]) -> ReadMaterials:
    """Read formulas, pymatgen ``Composition`` or ``Structure`` objects, or paths of structure files.

    A text counts as a path if its name is that of a structure file, or if it is no formula and a structure file of that
    name is there. If any item is a structure, all must be.

    Raises
    ------
    DataError
        If the argument is one text instead of a sequence.
    """
    if isinstance(items, str):
        raise DataError(f"found the text {items!r}, but a list is expected, such as [{items!r}].")
    kinds = {_kind(item) for item in items}
    if "structure" in kinds:
        return read_structures(items)
    if "composition" in kinds:
        return _from_compositions(items)
    parsed = parse_formulas([item if isinstance(item, str) else "" for item in items])
    failures = dict(parsed.failures)
    if len(items) <= FEW and any(
        looks_like_structure(item) for item in map(items.__getitem__, failures) if isinstance(item, str)
    ):
        return read_structures(items)
    failures |= {
        i: f"{item!r} is no formula, Composition or Structure"
        for i, item in enumerate(items)
        if not isinstance(item, str)
    }
    labels = [str(item) for item in items]
    return ReadMaterials(Materials(parsed.compositions), labels, failures, dict(parsed.notes))


def read_formulas(formulas: Sequence[str]) -> ReadMaterials:
    """Read texts as formulas and as nothing else, so that no text, whoever wrote it, opens a file."""
    parsed = parse_formulas(formulas)
    labels = [str(formula) for formula in formulas]
    return ReadMaterials(Materials(parsed.compositions), labels, dict(parsed.failures), dict(parsed.notes))


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
    Many files or texts are kept as arrays for the next run, see `formation_mlp.materials.structure.cache`.
    """
    kept_at = structure_cache.file_of(items, folder or Path())
    kept = structure_cache.load(kept_at) if kept_at else None
    column, labels, failures, notes = kept or _read_each(items, folder)
    if kept_at and not kept:
        structure_cache.store(kept_at, (column, labels, failures, notes))
    return ReadMaterials(Materials(column.compositions(), column), labels, failures, notes)


def _read_each(items: Sequence[object], folder: Path | None) -> structure_cache.Kept:
    parts: list[Structures] = []
    failures: dict[int, str] = {}
    notes: dict[int, str] = {}
    for i, item in enumerate(items):
        try:
            crystal = crystal_of_item(item, folder)
            parts.append(as_column([crystal]))
            if crystal.notes:
                notes[i] = "; ".join(crystal.notes)
        except DataError as error:
            failures[i] = _of_bearable_length(str(error))
            parts.append(NO_STRUCTURE)
    from formation_mlp.materials.reduced_formula import reduced_formulas

    column, impossible = within_limits(concatenated(parts))
    failures |= {i: f"{items[i]}: {reason}" if names_a_file(items[i]) else reason for i, reason in impossible.items()}
    notes = {i: note for i, note in notes.items() if i not in impossible}
    formulas = reduced_formulas(column)
    labels = [formula or (str(items[i]) if names_a_file(items[i]) else "?") for i, formula in enumerate(formulas)]
    return column, labels, failures, notes


def _of_bearable_length(reason: str) -> str:
    """Return a message without the middle of names of a megabyte, as a hostile file may hold them."""
    return reason if len(reason) <= LONGEST else f"{reason[: LONGEST - 300]} ... {reason[-200:]}"


def concatenated(parts: Sequence[Structures]) -> Structures:
    """Return all structures of ``parts``, one after another."""
    counts = np.concatenate([[0], *(part.n_sites for part in parts)])
    return Structures(
        np.cumsum(counts, dtype=np.int64),
        np.concatenate([np.empty((0, 3, 3)), *(part.lattice for part in parts)]),
        np.concatenate([np.empty(0, np.int64), *(part.z for part in parts)]),
        np.concatenate([np.empty((0, 3)), *(part.frac for part in parts)]),
    )


def _kind(item: object) -> str:
    if type(item) is str and item.isalnum() and "car" not in item.lower():
        return "formula"  # what most items are
    if isinstance(item, dict) or names_a_file(item) or is_pymatgen(item, "IStructure"):
        return "structure"
    return "composition" if is_pymatgen(item, "Composition") else "formula"


def _from_compositions(items: Sequence[object]) -> ReadMaterials:
    from formation_mlp.materials.pymatgen_compositions import read_compositions

    read, labels = read_compositions(items)
    return ReadMaterials(Materials(read.compositions), labels, read.failures, read.notes)
