"""Find the unit of the energies of a table, and whether they are measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.config.schema import DataConfig
from formation_mlp.data import columns
from formation_mlp.data.dataset import materials_of_frame
from formation_mlp.data.finding import Finding
from formation_mlp.data.finding_materials import MaterialColumns
from formation_mlp.data.finding_target import PLAIN
from formation_mlp.data.headers import Header, header_of
from formation_mlp.data.numbers import numbers_of_cells, remark_on_minus
from formation_mlp.data.unit_doubt import MIXES, doubt_of_unit, evenly_spread
from formation_mlp.data.unit_evidence import COMPUTED, FEWEST_TO_TELL, MEASURED, NEAR, Verdict, unit_by_numbers
from formation_mlp.data.unit_names import UnitName, unit_in
from formation_mlp.data.unreadable import FEW, judge_unreadable
from formation_mlp.materials.formula.text import is_missing
from formation_mlp.quoting import counted, first_of, quoted, shortened
from formation_mlp.typing import Floats
from formation_mlp.units import UNITS, impossible, to_ev_per_atom, unit_in_words

if TYPE_CHECKING:
    import pandas as pd

    from formation_mlp.chemistry.compositions import Compositions

HARDLY = 10.0
"""eV/atom that no formation energy reaches."""
FEWEST_TOLD = 5
"""Rows from which on it is odd that no formation energy is negative."""
SOURCES = ("source", "method", "functional", "database", "quelle", "reference")


def settle_unit(
    finding: Finding,
    materials: MaterialColumns,
    energy: Header,
    asked: str | None,
    *,
    is_named: bool,
    insist: bool = False,
) -> bool:
    """Find the unit, and return whether the energies are measured.

    Parameters
    ----------
    finding, materials
        What is known of the table.
    energy
        Its column of energies.
    asked
        Unit that the user names.
    is_named
        Whether the user names the column.
    insist
        Whether a unit holds that known compounds speak against.
    """
    known = _energies_of(finding, materials, energy, is_settled=is_named or energy.target >= PLAIN)
    candidates = energy.unit.candidates if asked is None else [finding.data["unit"]]
    where = f"column {energy.name!r}"
    if _says_nothing(finding, energy.name):
        return False
    if known is None:
        if len(candidates) > 1:
            finding.problems.append(f"--unit: {where} does not say it in full. Name it: {_offer(energy.unit)}.")
        return False
    energies, compositions, labels = known
    verdict = unit_by_numbers(energies, compositions, candidates)
    against = "" if "signs" in verdict.reason else _against(verdict, candidates, energies, compositions, labels)
    if insist and len(candidates) == 1 and "signs" not in verdict.reason:
        verdict = replace(verdict, unit=candidates[0])
    is_vague = energy.target < PLAIN
    doubt = "" if is_named else _doubt_of_signs(energies, verdict)
    if doubt and is_vague:
        finding.problems.append(
            f"--target: {where} {doubt}. If they are formation energies, say --target {energy.name!r}."
        )
        return False
    if against and not insist:
        unit = verdict.unit or candidates[0]
        finding.problems.append(f"--unit: {where}: {against}. {_advice(against, unit, len(candidates))}")
        return False
    if verdict.unit is None:
        finding.problems.append(_unit_problem(where, energy.unit, verdict, asked))
        return False
    is_usual = energy.name.strip().lower() in columns.TARGET
    if is_vague and not is_usual and not is_named and not np.isfinite(verdict.distance):
        finding.problems.append(
            f"--target: {where} may hold formation energies or others, such as total energies, and none of its "
            f"compounds has a measured enthalpy to tell. If they are formation energies, say --target {energy.name!r}."
        )
        return False
    if not _are_possible(finding, where, to_ev_per_atom(energies, verdict.unit, compositions.n_atoms), labels):
        return False
    finding.data["unit"] = verdict.unit
    said = "as you say" if asked else "as its name says" if len(candidates) == 1 else f"as {verdict.reason}"
    finding.notes.append(f"Unit of {energy.name!r}: {unit_in_words(verdict.unit)}, {said}.")
    if against:
        finding.notes.append(f"You insist on it, but {against}.")
    elif len(candidates) == 1 and np.isfinite(verdict.distance):
        finding.notes.append(f"In this unit {verdict.reason}.")
    finding.notes += [f"Look whether {where} is the right one: it {doubt}."] if doubt else []
    return _is_measured(finding, energy, verdict)


def _against(
    verdict: Verdict, candidates: Sequence[str], energies: Floats, compositions: Compositions, labels: Sequence[str]
) -> str:
    """Return what speaks against the unit; where none is settled, only that units are mixed."""
    if verdict.unit is not None or len(candidates) == 1:
        return doubt_of_unit(energies, compositions, verdict.unit or candidates[0], labels)
    doubts = (doubt_of_unit(energies, compositions, unit, labels) for unit in candidates)
    return next((doubt for doubt in doubts if doubt.startswith(MIXES)), "")


def _advice(against: str, unit: str, n_candidates: int) -> str:
    """Return how to go on where known compounds speak against a unit."""
    insisting = f"--unit {unit} --insist" if n_candidates == 1 else "--unit UNIT --insist"
    if against.startswith(MIXES):
        return f"Put all rows in one unit, or divide the table; {insisting} would take all as they are."
    return f"Name the right unit with --unit, or another column with --target; {insisting} would take it nevertheless."


def _are_possible(finding: Finding, where: str, energies: Floats, labels: Sequence[str]) -> bool:
    """Judge energies in eV/atom that nothing reaches: a few rows are left out, more hint at a wrong or mixed unit."""
    beyond = impossible(energies)
    if beyond:
        rows = first_of([(labels[i], why) for i, why in beyond.items()], ", which the report names")
        head = f"{len(beyond):,} of {counted(len(energies), 'row')} cannot be in this unit"
        if len(beyond) > max(1, FEW * len(energies)):
            finding.problems.append(
                f"--unit: {where}: {head}:{rows}\nName the right unit, put all rows in one unit, or name another "
                "column with --target."
            )
            return False
        finding.notes.append(f"{head} and {'is' if len(beyond) == 1 else 'are'} left out:{rows}")
    largest = np.delete(np.abs(energies), list(beyond)).max(initial=0)
    if largest > HARDLY:
        finding.notes.append(f"Its numbers reach {largest:.3g} eV/atom, which is more than formation energies do.")
    return True


def _says_nothing(finding: Finding, column: str) -> bool:
    """Say that there is nothing to learn where all energies are the same; tell whether that is so."""
    values, _, _ = numbers_of_cells(columns.cells_of(finding.frame, column))
    values = values[np.isfinite(values)]
    if len(values) < 2 or np.ptp(values):
        return False
    same = f"all energies in column {column!r} are {values[0]:g}"
    finding.problems.append(f"--target: {same}: there is nothing to learn. Name another column.")
    return True


def _doubt_of_signs(energies: Floats, verdict: Verdict) -> str:
    """Return what speaks against formation energies where none is negative, unless known compounds speak for them."""
    if len(energies) < FEWEST_TOLD or energies.min() < 0 or "signs" in verdict.reason or verdict.distance < NEAR:
        return ""
    known = f", and {verdict.reason}" if np.isfinite(verdict.distance) or "known compounds" in verdict.reason else ""
    return (
        f"holds no negative number, as band gaps or distances to the hull do, while most compounds have a negative "
        f"formation energy{known}"
    )


def _energies_of(
    finding: Finding, materials: MaterialColumns, energy: Header, *, is_settled: bool
) -> tuple[Floats, Compositions, list[str]] | None:
    """Return energies, compositions and formulas of some rows that have them, or None if there are none."""
    if materials.problems:
        return None
    frame = finding.frame
    values, present, wrong = numbers_of_cells(columns.cells_of(frame, energy.name))
    minus = remark_on_minus(columns.cells_of(frame, energy.name), energy.name)
    finding.notes += [f"{minus[0].upper()}{minus[1:]}."] if minus else []
    n_blank = int((~present).sum())
    if n_blank:
        finding.notes.append(f"{counted(n_blank, 'row has no energy and is', 'rows have no energy and are')} not used.")
    first = columns.cells_of(frame.head(1), energy.name)[0]
    if 0 in wrong and unit_in(str(first)).energy:  # a line of units, which is said already
        del wrong[0]
    judge_unreadable(finding, "target", energy.name, wrong, int(present.sum()), is_settled=is_settled)
    rows = np.flatnonzero(np.isfinite(values))
    if not len(rows):
        return None
    n_all, rows = len(rows), rows[evenly_spread(len(rows))]
    some = frame.iloc[rows].reset_index(drop=True)
    some.attrs = frame.attrs
    read = materials_of_frame(some, DataConfig(path=finding.data["path"], **materials.data))
    wrong = {int(rows[i]): reason for i, reason in read.failures.items()}
    _judge_materials(finding, materials, wrong, len(rows), is_sample=len(rows) < n_all)
    good = np.setdiff1d(np.arange(len(rows)), list(read.failures))
    if not len(good):
        return None
    return values[rows][good], read.materials.compositions.take(good), [read.labels[i] for i in good]


def _judge_materials(
    finding: Finding, materials: MaterialColumns, wrong: Mapping[int, str], n: int, *, is_sample: bool
) -> None:
    """Judge rows whose formula or structure cannot be read; a formula that is missing says nothing of its column."""
    name = materials.formula
    if materials.kind == "structures" or name is None:
        column = materials.structure or ", ".join(columns.CELL)
        judge_unreadable(finding, "structure", column, wrong, n, is_settled=True, is_sample=is_sample)
        return
    cells = columns.cells_of(finding.frame, name)
    blank = {row for row in wrong if is_missing(columns.formula_of_cell(cells[row]))}
    if blank:
        finding.notes.append(
            f"{counted(len(blank), 'row has no formula and is', 'rows have no formula and are')} not used"
            f"{f', of {n:,} that were looked at' if is_sample else ''}."
        )
    wrong = {row: reason for row, reason in wrong.items() if row not in blank}
    is_settled = materials.is_settled
    judge_unreadable(finding, "formula", name, wrong, n - len(blank), is_settled=is_settled, is_sample=is_sample)


def _offer(named: UnitName) -> str:
    return " or ".join(named.candidates) if 1 < len(named.candidates) < 4 else f"one of {', '.join(UNITS)}"


def _unit_problem(where: str, named: UnitName, verdict: Verdict, asked: str | None) -> str:
    if "signs" in verdict.reason:
        return f"--target: in {where} {verdict.reason}. Reverse them, or name another column with --target."
    if len(named.candidates) == 1 or asked:
        unit = asked or named.candidates[0]
        return (
            f"--target: in {where} the numbers are no formation energies in {unit}: {verdict.reason}. Name another "
            f"column with --target, or the right unit with --unit; --unit {unit} --insist would take it nevertheless."
        )
    says = f"says {named.energy}, but not whether per atom or per formula unit" if named.energy else "names no unit"
    return f"--unit: {where} {says}, and its numbers do not settle it ({verdict.reason}). Name it: {_offer(named)}."


def _is_measured(finding: Finding, energy: Header, verdict: Verdict) -> bool:
    """Tell whether energies are measured: by known values, or by what the names say."""
    source = _constant(finding.frame, SOURCES)
    if source is not None:
        finding.data["source"] = source
    method = header_of(source or "").method or energy.method
    if np.isfinite(verdict.distance) and verdict.distance < MEASURED:
        method, why = "measured", f"known compounds have their measured enthalpies within {MEASURED} eV/atom"
    elif verdict.n_known >= FEWEST_TO_TELL and verdict.distance >= COMPUTED:
        why = (
            f"{verdict.n_known} known compounds lie in the median {verdict.distance:.3f} eV/atom from their measured "
            f"enthalpies, which measurements do not"
        )
        if method == "measured":
            why += "; a name or source speaks of measurements, and '--kind measured' would follow it"
        method = "computed"
    elif method:
        why = (
            f"the source is {quoted(source)}" if source and header_of(source).method else "the name of the column says"
        )
    else:
        method, why = "computed", "nothing says that they are measured"
    finding.notes.append(f"The energies are taken as {method}: {why}.")
    return method == "measured"


def _constant(frame: pd.DataFrame, names: tuple[str, ...]) -> str | None:
    """Return the text that all cells of a column share, if one of these names is there."""
    for column in map(str, frame.columns):
        if column.lower() in names:
            texts = {str(cell).strip() for cell in columns.cells_of(frame, column) if cell not in (None, "")}
            if len(texts) == 1:
                return shortened(texts.pop())
    return None
