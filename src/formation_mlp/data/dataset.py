"""Turn a table into a checked `Dataset`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.config.schema import DataConfig, TaskConfig
from formation_mlp.data import columns
from formation_mlp.data.duplicates import DUPLICATES
from formation_mlp.data.finding_columns import target_of_frame, unit_of_frame, with_materials
from formation_mlp.data.formula_beside import compared_with_formulas
from formation_mlp.data.numbers import numbers_of_cells, remark_on_minus
from formation_mlp.data.records import Dataset, LeftOut, Target, Withheld
from formation_mlp.data.scale_column import scales_of_frame
from formation_mlp.data.sources import read_table
from formation_mlp.data.unit_doubt import doubt_by_some
from formation_mlp.errors import DataError
from formation_mlp.materials.inputs import ReadMaterials, read_materials, read_structures
from formation_mlp.materials.structure.below import located
from formation_mlp.materials.structure.columns import read_structure_columns
from formation_mlp.quoting import MOST_ROWS, counted, first_of
from formation_mlp.registry import lookup
from formation_mlp.typing import Bools, Floats, Ints
from formation_mlp.units import EV_PER_ATOM, UNITS, impossible, suspicion, to_ev_per_atom

if TYPE_CHECKING:
    import pandas as pd

INVALID = ("error", "drop")
"""What may become of rows that cannot be used."""

TRUTH = {"true": 1.0, "false": 0.0}
"""Words for the two classes."""

SHOWN = MOST_ROWS
"""Rows named in a message; the report lists all."""


def load_dataset(config: DataConfig, task: TaskConfig, split_column: str | None = None) -> Dataset:
    """Read ``config.path`` and check every row.

    Raises
    ------
    DataError
        If a column is missing or empty, an id occurs twice, or the material or the target of a row cannot be read
        while ``config.invalid`` is ``error``.
    """
    return dataset_from_frame(read_table(config.path, config.encoding), config, task, split_column)


def dataset_from_frame(
    frame: pd.DataFrame, config: DataConfig, task: TaskConfig, split_column: str | None = None
) -> Dataset:
    """Build a `Dataset` from a table that is already in memory."""
    is_class = _is_class(task)
    if is_class and config.duplicates != "keep":
        raise DataError(f"data.duplicates: {config.duplicates!r} is for energies; classes can only be kept.")
    target, (values, has_target), wrong = _target(frame, config, task)
    read = materials_of_frame(frame, config)
    ids = ids_of_frame(frame, config)
    failures = {i: reason for i, reason in (read.failures | wrong).items() if has_target[i]}
    keep = _without_failed(np.flatnonzero(has_target), failures, config, ids)
    compositions = read.materials.compositions.take(keep)
    unit, why = (None, "") if is_class else unit_of_frame(target, config.unit, values[keep], compositions)
    y = _classes(values[keep]) if is_class else _energies(values[keep], unit, compositions.n_atoms)
    beyond = {} if is_class else impossible(y)
    if beyond:
        failures |= {int(keep[i]): f"the energy is {reason}" for i, reason in beyond.items()}
        keep, y = _without_failed(keep, failures, config, ids), np.delete(y, list(beyond))
    labels = [read.labels[i] for i in keep]
    doubts = () if is_class else _doubts(values[keep], read.materials.compositions.take(keep), unit, labels, target)
    left_out = [LeftOut(ids[i], "no target") for i in np.flatnonzero(~has_target)]
    left_out += [LeftOut(ids[i], failures[i]) for i in sorted(failures)]
    materials = replace(read.materials, ids=tuple(ids)).take(keep)
    minus = remark_on_minus(columns.cells_of(frame, target), target)
    parts = None if split_column is None else _parts(frame, split_column, keep)
    scales, scale = scales_of_frame(frame, config, keep)
    if len(scales) > 1 and (task.type != "regression" or task.auxiliary):
        raise DataError("data.scale: several scales are for regression without task.auxiliary. Choose one of them.")
    dataset = Dataset(
        tuple(ids[i] for i in keep),
        tuple(labels),
        materials,
        y,
        Target(target, "" if is_class else EV_PER_ATOM, config.source, unit, scales),
        parts,
        tuple(left_out),
        (*_remarks(read, left_out), *filter(None, [frame.attrs.get(columns.DECIMALS), why, minus])),
        _auxiliary(frame, task, keep),
        keep,
        len(frame),
        scale,
        doubts=doubts,
    )
    return lookup(DUPLICATES, config.duplicates, "data.duplicates", "choice")(dataset)


def _without_failed(rows: Ints, failures: Mapping[int, str], config: DataConfig, ids: Sequence[str]) -> Ints:
    """Return the rows that can be used; raise `DataError` if those that cannot are not to be dropped, or all are."""
    named = [(ids[i], failures[i]) for i in sorted(failures)]
    if named and config.invalid == "error":
        raise DataError(invalid_rows(config.path, named))
    keep = np.setdiff1d(rows, list(failures))
    if not len(keep):
        n_failed, n_all = f"{len(named):,}", counted(len(ids), "row")
        raise DataError(f"{config.path}: no row is left: {n_failed} of {n_all} cannot be read.{first_of(named)}")
    return keep


def _doubts(
    values: Floats, compositions: Compositions, unit: str | None, labels: Sequence[str], target: str
) -> tuple[str, ...]:
    """Return what known compounds say against the unit of energies, told by some rows."""
    doubt = doubt_by_some(values, compositions, unit or EV_PER_ATOM, labels)
    return (f"the unit of {target!r}: {doubt}",) if doubt else ()


def withheld_rows(config: DataConfig, task: TaskConfig) -> Withheld:
    """Return the rows of a table whose only fault is a blank target: what a benchmark predicts for others to score.

    Raises
    ------
    DataError
        If the table or its target column is missing, or the column is empty.
    """
    frame = read_table(config.path, config.encoding)
    _, (_, has_target), _ = _target(frame, config, task)
    read = materials_of_frame(frame, config)
    ids = ids_of_frame(frame, config)
    places = np.flatnonzero(~has_target & ~np.isin(np.arange(len(frame)), list(read.failures)))
    materials = replace(read.materials, ids=tuple(ids)).take(places)
    return Withheld(materials.ids or (), tuple(read.labels[i] for i in places), materials, places, len(frame))


def _target(
    frame: pd.DataFrame, config: DataConfig, task: TaskConfig
) -> tuple[str, tuple[Floats, Bools], dict[int, str]]:
    """Return the name of the target column, its values, which rows have one, and rows with one that is no number."""
    target = target_of_frame(frame, config)
    words = TRUTH if _is_class(task) else {}
    where = f"data.target: column {target!r}"
    if not words:
        columns.refuse_decimal_commas(frame, target, where)
    values, present, wrong = numbers_of_cells(columns.cells_of(frame, target), words)
    if not present.any():
        raise DataError(f"{where} is empty: there is nothing to learn from.")
    if len(wrong) == present.sum():
        row = next(iter(wrong))
        raise DataError(f"{where}, row {row + 1}: {wrong[row]}. No row has a number.")
    return target, (values, present), {row: f"{where}, row {row + 1}: {reason}" for row, reason in wrong.items()}


def _is_class(task: TaskConfig) -> bool:
    return task.type == "classification" and task.boundary is None


def _auxiliary(frame: pd.DataFrame, task: TaskConfig, keep: Ints) -> Floats | None:
    """Return the auxiliary targets of the kept rows, ``[n, t]``; NaN where a cell is blank."""
    if not task.auxiliary:
        return None
    table = []
    for name in task.auxiliary:
        column = columns.require_column(frame, name, (), f"task.auxiliary.{name}")
        values, present, wrong = numbers_of_cells(columns.cells_of(frame, column))
        for row in sorted(wrong.keys() & set(keep.tolist())):
            raise DataError(
                f"task.auxiliary: column {name!r}, row {row + 1}: {wrong[row]}. Correct it, or leave the cell blank."
            )
        if not present.any():
            raise DataError(f"task.auxiliary: column {name!r} is empty: there is nothing to learn from.")
        table.append(np.where(present, values, np.nan)[keep])
    return np.stack(table, axis=1)


def materials_of_frame(frame: pd.DataFrame, config: DataConfig) -> ReadMaterials:
    """Read the structures of a table, or else its formulas; a column asked for goes before one found by its name.

    Where no column has a usual name, one whose cells are structures or formulas is taken, if there is only one.
    """
    config = with_materials(frame, config)
    usual = columns.STRUCTURE if config.formula is None else ()
    column = columns.find_column(frame, config.structure, usual, "data.structure")
    if column is not None:
        folder = Path(frame.attrs.get("folder", "."))
        read = read_structures(located(columns.cells_of(frame, column), folder), folder)
        return compared_with_formulas(read, frame, config.formula)
    if config.formula is None and set(columns.CELL) <= set(frame.columns):
        return compared_with_formulas(_structures_in_columns(frame), frame, None)
    column = columns.require_formula(frame, config.formula, "data.formula")
    cells = [columns.formula_of_cell(cell) for cell in columns.cells_of(frame, column)]
    if all(isinstance(cell, str) and not cell for cell in cells):
        raise DataError(f"data.formula: column {column!r} is empty.")
    return read_materials(cells)


def _structures_in_columns(frame: pd.DataFrame) -> ReadMaterials:
    return read_structure_columns(*(columns.cells_of(frame, name) for name in columns.CELL))


def ids_of_frame(frame: pd.DataFrame, config: DataConfig) -> list[str]:
    """Return the ids of a table: its id column, or the row numbers, counted from 1.

    Raises
    ------
    DataError
        If an id is blank or occurs twice.
    """
    is_numbered = config.id == columns.ROW_NUMBER and columns.ROW_NUMBER not in frame.columns
    column = None if is_numbered else columns.find_column(frame, config.id, columns.ID, "data.id")
    if column is None:
        return [str(i) for i in range(1, len(frame) + 1)]
    ids = ["" if cell is None else str(cell) for cell in columns.cells_of(frame, column)]
    seen: set[str] = set()
    twice = [i for i in ids if i in seen or seen.add(i)]  # type: ignore[func-returns-value]
    if twice or "" in seen:
        n_twice = counted(len(twice), "id occurs", "ids occur")
        found = f"{n_twice} twice, the first is {twice[0]!r}" if twice else "an id is blank"
        raise DataError(f"data.id: column {column!r}: {found}. Ids must be unique; name another column with data.id.")
    return ids


def invalid_rows(path: str, rows: Sequence[tuple[str, str]]) -> str:
    """Return the message for rows that cannot be used."""
    return (
        f"{path}: {counted(len(rows), 'row')} cannot be used{first_of(rows)}\n"
        "Correct them, or leave them out with data.invalid: drop (they are then named in the report)."
    )


def _energies(values: Floats, unit: str | None, n_atoms: Floats) -> Floats:
    if unit is not None:
        return to_ev_per_atom(values, unit, n_atoms)
    doubt = suspicion(values)
    if doubt is not None:
        raise DataError(
            f"data.unit: not declared, and {doubt}. Formation energies in eV/atom are expected. "
            f"Declare the unit, one of: {', '.join(UNITS)}."
        )
    return values


def _classes(values: Floats) -> Floats:
    other = np.setdiff1d(values, [0.0, 1.0])
    if len(other):
        raise DataError(
            f"data.target: the task is a classification without task.boundary, so every value must be 0 or 1; "
            f"found {other[0]:g}. Give task.boundary in eV/atom to make classes of an energy."
        )
    return values


def _parts(frame: pd.DataFrame, column: str, keep: Ints) -> tuple[str, ...]:
    name = columns.require_column(frame, column, (), "split.column")
    cells = columns.cells_of(frame, name)
    return tuple("" if cells[i] is None else str(cells[i]) for i in keep)


def _remarks(read: ReadMaterials, left_out: Sequence[LeftOut]) -> Iterable[str]:
    no_target = sum(row.reason == "no target" for row in left_out)
    if no_target:
        yield counted(no_target, "row has no target and is not used", "rows have no target and are not used")
    n_failed = len(left_out) - no_target
    if n_failed:
        yield counted(n_failed, "row cannot be read and is left out", "rows cannot be read and are left out") + (
            "; the report names it" if n_failed == 1 else "; the report names them"
        )
    if read.notes:
        example = next(iter(read.notes.values()))
        yield (
            counted(len(read.notes), "row is read with a remark", "rows are read with a remark")
            + f", such as: {example}"
        )
