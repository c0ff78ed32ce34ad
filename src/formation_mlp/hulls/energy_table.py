"""Read the formation energies of many compounds from a table; a row without one keeps its place and its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.config.schema import DataConfig
from formation_mlp.data import columns
from formation_mlp.data.dataset import ids_of_frame, materials_of_frame
from formation_mlp.data.finding_columns import target_of_frame, unit_of_frame
from formation_mlp.data.numbers import numbers_of_cells
from formation_mlp.data.sources import read_table
from formation_mlp.data.unit_doubt import doubt_by_some
from formation_mlp.errors import DataError
from formation_mlp.quoting import first_of
from formation_mlp.typing import Floats, Ints
from formation_mlp.units import EV_PER_ATOM, UNITS, suspicion, to_ev_per_atom

if TYPE_CHECKING:
    import pandas as pd


ENERGY = ("prediction", *columns.TARGET)
"""Usual names of the column of formation energies; ``prediction`` is what `predict` and a run folder write."""
UNIT = "unit"
"""The column in which `predict` names the unit."""
ENDS = ("lo90", "hi90")
"""The columns in which `predict` writes the ends of the intervals."""
SCALE = "scale"
"""The column that names the energy scale."""
OPTIONS = {"formula": "--formula", "energy": "--energy", "unit": "--unit"}
OF_COMPETING = {key: option.replace("--", "--competing-") for key, option in OPTIONS.items()}
"""How the command line calls the columns of a table, and those of one that only competes, and their units."""


@dataclass(frozen=True, slots=True)
class EnergyTable:
    """``n`` rows of a table.

    Attributes
    ----------
    path : of the table
    ids : names of the rows, ``[n]``, or None if the table has none
    labels : the formulas as written, ``[n]``
    compositions : ``[n]``; a row that could not be read is empty
    energies : eV/atom, NaN where there is none, ``[n]``
    column : name of the column of energies
    unit : in which they were
    truths : further columns, in eV/atom, NaN where a cell is blank; each ``[n]``
    errors : row to the reason why it has no composition or no energy
    scale : name of the energy scale, or empty if the table does not say
    half_width : of the 90 % intervals in eV/atom, as `predict` writes them, NaN where there is none, ``[n]``; None
        without the columns ``lo90`` and ``hi90``
    doubt : what known compounds say against the unit; nothing if they do not
    """

    path: Path
    ids: list[str] | None
    labels: list[str]
    compositions: Compositions
    energies: Floats
    column: str
    unit: str
    truths: dict[str, Floats]
    errors: dict[int, str]
    scale: str = ""
    half_width: Floats | None = None
    doubt: str = ""

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def good(self) -> Ints:
        """The rows with a composition and an energy."""
        return np.array([row for row in range(len(self)) if row not in self.errors], np.int64)


def read_energy_table(
    path: Path,
    *,
    formula: str | None = None,
    energy: str | None = None,
    unit: str | None = None,
    truths: Mapping[str, str] | None = None,
    options: Mapping[str, str] = OPTIONS,
    encoding: str | None = None,
) -> EnergyTable:
    """Read formulas and formation energies.

    Parameters
    ----------
    path
        A table of any kind that `read_table` knows.
    formula, energy
        Columns; found by their usual names, or by what is in them, if not given.
    unit
        Of the energies; if not given, that of the column ``unit`` or in the name of ``energy``, or else eV/atom.
    truths
        Option of the command line to a further column of energies, in the same unit; cells may be blank.
    options
        How the command line calls ``formula``, ``energy`` and ``unit``, for messages.
    encoding
        Of a table of text; see `read_table`.

    Raises
    ------
    DataError
        If a column is missing, no row has a formula and an energy, or the energies look like something else.
    ConfigError
        If the unit is unknown.
    """
    frame = read_table(str(path), encoding)
    return energy_table(frame, path, formula=formula, energy=energy, unit=unit, truths=truths, options=options)


def energy_table(
    frame: pd.DataFrame,
    path: Path,
    *,
    formula: str | None = None,
    energy: str | None = None,
    unit: str | None = None,
    truths: Mapping[str, str] | None = None,
    options: Mapping[str, str] = OPTIONS,
) -> EnergyTable:
    """Do the same for a table that is read already; ``path`` is what messages call it."""
    named = columns.find_formula(frame, formula, options["formula"])
    config = DataConfig(path=str(path), formula=named, target=energy)
    read = materials_of_frame(frame, config)
    compositions = read.materials.compositions
    column = target_of_frame(frame, config, ENERGY, options["energy"])
    energies, reasons = _numbers(frame, column)
    errors = dict(sorted((reasons | read.failures).items()))
    if len(errors) == len(energies):
        raise DataError(
            f"{path}: no row has both a formula and an energy:{first_of([(i + 1, why) for i, why in errors.items()])}"
        )
    good = np.setdiff1d(np.arange(len(energies)), list(errors))
    written = _declared_unit(frame, unit, options["unit"])
    declared, _ = unit_of_frame(column, written, energies[good], compositions.take(good), options["unit"])
    _check(energies[good], declared, f"{path}, column {column!r}", options["unit"])
    doubt = doubt_by_some(
        energies[good], compositions.take(good), declared or EV_PER_ATOM, [read.labels[i] for i in good]
    )
    n_atoms = np.where(compositions.n_elements, compositions.n_atoms, np.nan)

    def in_ev(values: Floats) -> Floats:
        return to_ev_per_atom(values, declared or EV_PER_ATOM, n_atoms)

    energies[list(errors)] = np.nan
    half_width = _half_width(frame)
    has_ids = columns.find_column(frame, None, columns.ID, "--id") is not None
    return EnergyTable(
        path,
        ids_of_frame(frame, config) if has_ids else None,
        read.labels,
        compositions,
        in_ev(energies),
        column,
        declared or EV_PER_ATOM,
        {name: in_ev(_truth(frame, name, option)) for option, name in (truths or {}).items()},
        errors,
        _declared_scale(frame),
        None if half_width is None else in_ev(half_width),
        f"look at the unit of column {column!r} of {path}: {doubt}" if doubt else "",
    )


def _half_width(frame: pd.DataFrame) -> Floats | None:
    """Return half of what lies between the ends of the intervals, NaN where an end is no number."""
    if not set(ENDS) <= set(frame.columns):
        return None
    low, high = (_numbers(frame, name)[0] for name in ENDS)
    return np.where(high >= low, (high - low) / 2, np.nan)


def _declared_scale(frame: pd.DataFrame) -> str:
    """Return the energy scale that the table's own column names, or an empty text.

    Raises
    ------
    DataError
        If it names several: energies of two scales make no hull.
    """
    if SCALE not in frame.columns:
        return ""
    named = sorted({str(cell).strip() for cell in columns.cells_of(frame, SCALE) if cell})
    if len(named) > 1:
        raise DataError(
            f"the column {SCALE!r} names several energy scales: {', '.join(named)}. Energies of two scales make no "
            "hull: convert them to one (formation-mlp convert), or give one table each."
        )
    return named[0] if named else ""


def _declared_unit(frame: pd.DataFrame, unit: str | None, option: str) -> str | None:
    """Return the unit that was asked for, or that of the table's own column, if it has one."""
    if unit is None and UNIT in frame.columns:
        units = sorted({str(cell) for cell in columns.cells_of(frame, UNIT) if cell})
        if units == ["probability"]:
            raise DataError("the table holds probabilities (column 'unit'); a convex hull takes formation energies.")
        if len(units) > 1:
            raise DataError(
                f"{option}: the column 'unit' names several units: {', '.join(units)}. Give one table each."
            )
        unit = units[0] if units else None
    return unit


def _numbers(frame: pd.DataFrame, column: str) -> tuple[Floats, dict[int, str]]:
    """Return the numbers of a column, NaN where there is none, and the reasons."""
    columns.refuse_decimal_commas(frame, column, f"column {column!r}")
    values, present, wrong = numbers_of_cells(columns.cells_of(frame, column))
    reasons = {row: f"{column} {reason}" for row, reason in wrong.items()}
    return values, reasons | dict.fromkeys(np.flatnonzero(~present).tolist(), _blank(column))


def _truth(frame: pd.DataFrame, name: str, option: str) -> Floats:
    """Return a column of numbers in which cells may be blank, but not wrong."""
    column = columns.require_column(frame, name, (), option)
    values, reasons = _numbers(frame, column)
    for row, reason in reasons.items():
        if reason != _blank(column):
            raise DataError(f"{option}, row {row + 1}: {reason}. Correct the value, or leave the cell blank.")
    return values


def _blank(column: str) -> str:
    return f"no {column}"


def _check(energies: Floats, unit: str | None, where: str, option: str) -> None:
    """Refuse numbers that hardly are formation energies, unless their unit is declared."""
    if unit is not None:
        return
    doubt = suspicion(energies)
    if doubt is None and len(energies) >= 3 and energies.min() >= 0 and energies.max() <= 1:
        doubt = "all values lie between 0 and 1, which looks like probabilities"
    if doubt is not None:
        raise DataError(
            f"{where}: the unit is not declared, and {doubt}. Formation energies in eV/atom are expected. "
            f"Declare the unit with {option}, one of: {', '.join(UNITS)}."
        )
