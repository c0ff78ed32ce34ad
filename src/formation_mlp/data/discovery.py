"""Find out what a table holds: formulas or structures, formation energies, and their unit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from formation_mlp.data import columns
from formation_mlp.data.contents import are_names
from formation_mlp.data.finding import Finding
from formation_mlp.data.finding_materials import MaterialColumns, find_materials
from formation_mlp.data.finding_target import find_target
from formation_mlp.data.finding_unit import settle_unit
from formation_mlp.data.headers import Header, header_of, is_id
from formation_mlp.data.numbers import numbers_of_cells
from formation_mlp.data.sources import read_table
from formation_mlp.data.text_file import EncodingError
from formation_mlp.data.unit_names import UnitName, unit_in, unit_of
from formation_mlp.errors import ConfigError, DataError
from formation_mlp.quoting import quoted
from formation_mlp.registry import did_you_mean
from formation_mlp.scales.scale import SCALES

if TYPE_CHECKING:
    import pandas as pd


OF_WINDOWS = "cp1252"
"""The encoding in which a table is tried that is not in UTF-8."""
LOOKED_AT = 1000
"""Rows in which a sign is looked for that shows whether it is the right one."""
BESIDE = " Or lay a table of names and energies into the folder, or beside it under the name energies.csv."
AND_UNIT = " If the name of that column does not say the unit in full, give it with --unit."
Kind = Literal["compositions", "structures"]


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a table holds.

    Attributes
    ----------
    data : keys of the section ``data`` of a configuration, with which every verb reads the table
    kind : whether rows are told apart by composition alone
    measured : whether the energies are measured, as far as names, sources and known compounds tell
    n_rows : rows of the table
    notes : sentences for the user: what was found, and why
    """

    data: dict[str, Any]
    kind: Kind
    measured: bool
    n_rows: int
    notes: tuple[str, ...]


def discover(
    path: str,
    *,
    formula: str | None = None,
    target: str | None = None,
    unit: str | None = None,
    id: str | None = None,  # noqa: A002 - as the key of the configuration
    structure: str | None = None,
    encoding: str | None = None,
    insist: bool = False,
) -> Discovery:
    r"""Find the columns of a table by their names and by what is in them.

    Parameters
    ----------
    path
        What `formation_mlp.data.sources.read_table` reads.
    formula, target, id, structure
        Columns that the user names.
    unit
        Of the energies, in any usual spelling.
    encoding
        Of a table of text; by default UTF-8, or what the mark at its beginning names.
    insist
        Whether the unit holds even if known compounds speak against it.

    Raises
    ------
    DataError
        If the table cannot be read, or anything is not certain: one message lists all of it, each point with the
        option that settles it.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     table = Path(folder, "dft.csv")
    ...     _ = table.write_text("Compound,E_f [eV/at]\nNaCl,-2.1\nMgO,-3.0\nAl2O3,-3.4\n")
    ...     found = discover(str(table))
    >>> found.data["formula"], found.data["target"], found.data["unit"], found.kind
    ('Compound', 'E_f [eV/at]', 'eV/atom', 'compositions')
    """
    frame, encoding, said = _read(path, encoding)
    _refuse_missing_names(frame, path)
    finding = Finding(frame, {"path": path, "invalid": "drop"} | ({} if encoding is None else {"encoding": encoding}))
    asked_for = {"formula": formula, "target": target, "id": id, "structure": structure}
    wrong = _check_asked(finding, asked_for)
    is_unit_known = _check_unit(finding, unit)
    if wrong & {"formula", "structure"}:
        materials = MaterialColumns(problems=list(finding.problems))  # said already
    else:
        materials = find_materials(frame, formula, structure)
        finding.problems += materials.problems
    finding.notes += said + [frame.attrs[key] for key in (columns.DECIMALS, columns.SAID) if key in frame.attrs]
    finding.notes += materials.notes
    finding.data |= materials.data
    name = materials.formula if materials.kind == "compositions" else None
    energy = None
    if "target" not in wrong:
        energy, problems, notes = find_target(frame, target, {name, materials.structure, id})
        finding.problems += [f"{problem}{BESIDE}" if Path(path).is_dir() else problem for problem in problems]
        finding.notes += notes
    if energy is not None:
        energy = _with_unit_below(finding, energy)
    if energy is None and unit is None:
        finding.problems = [one + AND_UNIT * one.startswith("--target") for one in finding.problems]
    measured = False
    if energy is not None:
        finding.data["target"] = energy.name
    if energy is not None and is_unit_known:
        measured = settle_unit(finding, materials, energy, unit, is_named=target is not None, insist=insist)
    if "id" not in wrong:
        _settle_id(finding, id, {materials.formula, energy.name if energy else None})
    _settle_scale(finding)
    if finding.problems:
        raise _refusal(path, finding)
    return Discovery(finding.data, materials.kind, measured, len(frame), tuple(finding.notes))


def _read(path: str, encoding: str | None) -> tuple[pd.DataFrame, str | None, list[str]]:
    """Read a table, in the encoding of older programs on Windows where it is not in UTF-8 and nobody names one."""
    try:
        return read_table(path, encoding), encoding, []
    except EncodingError as error:
        if encoding is not None:
            raise
        try:
            frame = read_table(path, OF_WINDOWS)
        except EncodingError:
            raise error from None
    words = (word for name in map(str, frame.columns) for word in (name, *map(str, frame[name].head(LOOKED_AT))))
    odd = next((f", such as {quoted(word)}" for word in words if not word.isascii()), "")
    return frame, OF_WINDOWS, [f"The text is not in UTF-8 and is read as {OF_WINDOWS}{odd}; --encoding names another."]


def _refuse_missing_names(frame: pd.DataFrame, path: str) -> None:
    """Refuse a table whose first line holds values, not names."""
    values, _, _ = numbers_of_cells(frame.columns)
    headers = map(header_of, map(str, frame.columns))
    if np.isfinite(values).any() and not any(header.formula or header.target for header in headers):
        names = quoted(", ".join(map(str, frame.columns)))
        raise DataError(
            f"{path}: the first line, {names}, holds numbers: it is a row, and the names of the columns are missing. "
            "Write a line above it, such as: formula,formation_energy_per_atom"
        )


def _check_asked(finding: Finding, asked: dict[str, str | None]) -> set[str]:
    """Return the options that name a column which the table does not have."""
    names = list(map(str, finding.frame.columns))
    wrong = {option for option, name in asked.items() if name is not None and name not in names}
    for option, name in asked.items():
        if option in wrong:
            finding.problems.append(
                f"--{option}: the table has no column {quoted(name)}.{did_you_mean(str(name), names)} "
                f"Columns: {_listed(names)}."
            )
    return wrong


def _with_unit_below(finding: Finding, energy: Header) -> Header:
    """Return the header with the unit that the first row names, where people write a line of units below the names."""
    first = columns.cells_of(finding.frame.head(1), energy.name)[0]
    below = unit_in(first) if isinstance(first, str) else UnitName()
    if energy.unit.energy or not below.energy:
        return energy
    finding.notes.append(f"Row 1 names the unit of {energy.name!r}: {quoted(first)}.")
    return replace(energy, unit=UnitName(below.energy, below.basis or energy.unit.basis))


def _check_unit(finding: Finding, unit: str | None) -> bool:
    """Return whether the unit that the user names is one."""
    try:
        finding.data |= {} if unit is None else {"unit": unit_of(unit, "--unit")}
    except ConfigError as error:
        finding.problems.append(str(error))
        return False
    return True


def _settle_id(finding: Finding, asked: str | None, taken: set[str | None]) -> None:
    frame = finding.frame
    if asked is not None:
        if not are_names(columns.cells_of(frame, asked), len(frame)):
            finding.problems.append(
                f"--id: in column {asked!r} a name is blank or occurs twice. Name another with --id."
            )
        finding.data["id"] = asked
        return
    named = [name for name in map(str, frame.columns) if name not in taken and is_id(name)]
    named.sort(key=lambda name: name.strip().lower() not in columns.ID)
    unique = [name for name in named if are_names(columns.cells_of(frame, name), len(frame))]
    if unique:
        finding.data["id"] = unique[0]
        finding.notes += [] if columns.FILES in frame.attrs else [f"Rows are named by the column {unique[0]!r}."]
    elif named:
        finding.data |= {"id": columns.ROW_NUMBER} if named[0].strip().lower() in columns.ID else {}
        finding.notes.append(f"Names in the column {named[0]!r} repeat or are blank: rows are named by their numbers.")


def _settle_scale(finding: Finding) -> None:
    frame = finding.frame
    if "scale" in frame.columns and {str(cell).strip() for cell in columns.cells_of(frame, "scale")} <= set(SCALES):
        finding.data["scale"] = "scale"
        finding.notes.append("The column 'scale' names the energy scale of each row.")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 30} more" if len(names) > 30 else ""
    return ", ".join(map(quoted, names[:30])) + more


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")


def _refusal(path: str, finding: Finding) -> DataError:
    n = len(finding.problems)
    found = "".join(f"\n  found: {_indented(note)}" for note in finding.notes)
    points = "".join(f"\n  {_indented(point)}" for point in finding.problems)
    return DataError(f"{path}: {n} {'things are' if n > 1 else 'thing is'} not certain:{points}{found}")
