"""The verb stability: which compounds of a table are stable, what the others decompose to, and scores of such calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.errors import DataError
from formation_mlp.hulls.energy_table import EnergyTable, read_energy_table
from formation_mlp.hulls.hull import CompetingPhases, Decompositions
from formation_mlp.system.files import write_csv
from formation_mlp.targets.metrics import call_scores
from formation_mlp.typing import Floats, Ints, Progress


def stability_scores(truth: Floats, predicted: Floats) -> dict[str, float]:
    """Compare decomposition energies with true ones, both in eV/atom, ``[n]``; zero or less is stable.

    Returns
    -------
    dict
        The MAE in eV/atom, and `call_scores`.
    """
    mae = float(np.mean(np.abs(predicted - truth)))
    return {"MAE": mae, **call_scores(truth <= 0, predicted <= 0, -predicted)}


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on each of the ``n`` rows of a table.

    Attributes
    ----------
    table : the rows
    decompositions : of the rows with an energy, in their order
    products : what each row decomposes to, as text; empty without an energy, ``[n]``
    truth : true decomposition energies in eV/atom, NaN where unknown, ``[n]``; None if no truth was given
    notes : remarks for the reader
    """

    table: EnergyTable
    decompositions: Decompositions
    products: list[str]
    truth: Floats | None
    notes: list[str]

    @property
    def energy(self) -> Floats:
        """Decomposition energies in eV/atom, NaN where a row has none, ``[n]``."""
        energy = np.full(len(self.table), np.nan)
        energy[self.table.good] = self.decompositions.energy
        return energy

    def scores(self) -> dict[str, float] | None:
        """Return the number of scored rows and their `stability_scores`, or None without a truth."""
        if self.truth is None:
            return None
        scored = np.isfinite(self.truth) & np.isfinite(self.energy)
        return {"rows": int(scored.sum()), **stability_scores(self.truth[scored], self.energy[scored])}

    def write(self, out: Path) -> None:
        """Write one line per row, whole or not at all: see `formation-mlp stability --help` for the columns."""
        table = self.table
        columns: dict[str, Sequence[object]] = {} if table.ids is None else {"id": table.ids}
        columns |= {
            "formula": table.labels,
            "energy": _texts(table.energies),
            "decomposition_energy": _texts(self.energy),
            "stable": _words(self.energy),
            "products": self.products,
        }
        if self.truth is not None:
            columns |= {"true_decomposition_energy": _texts(self.truth), "truly_stable": _words(self.truth)}
        columns["error"] = [table.errors.get(row, "") for row in range(len(table))]
        write_csv(out, list(columns), zip(*columns.values(), strict=True))


def judge(
    path: Path,
    *,
    formula: str | None = None,
    energy: str | None = None,
    unit: str | None = None,
    competing: Path | None = None,
    competing_energy: str | None = None,
    truth: str | None = None,
    true_decomposition: str | None = None,
    progress: Progress | None = None,
) -> Judged:
    """Build the convex hulls of a table of formation energies and compare each row with them.

    Parameters
    ----------
    path
        A table of formulas and energies. All of its rows compete with one another.
    formula, energy, unit
        Columns of the table and the unit of all its energies, see `read_energy_table`.
    competing
        Another table whose rows compete too but are not judged, in eV/atom.
    competing_energy
        Its column of formation energies.
    truth
        A column of true formation energies. They make true hulls, together with ``competing``.
    true_decomposition
        Instead, a column of true decomposition energies.
    progress
        Called with the number of rows that are done, and of all.

    Raises
    ------
    DataError
        If a table cannot be used, see `read_energy_table`, or both kinds of truth are given.
    """
    if truth is not None and true_decomposition is not None:
        raise DataError("--truth and --true-decomposition: give one of them.")
    asked = {"--truth": truth, "--true-decomposition": true_decomposition}
    truths = {option: name for option, name in asked.items() if name is not None}
    table = read_energy_table(path, formula=formula, energy=energy, unit=unit, truths=truths)
    others = None
    if competing is not None:
        others = read_energy_table(competing, energy=competing_energy, option="--competing-energy")
    good, n_atoms = table.good, table.compositions.n_atoms
    rows, labels = _phases(table, good, table.energies, others)
    decompositions = CompetingPhases(*rows).decompose(table.compositions.take(good), table.energies[good], progress)
    texts = product_texts(decompositions, n_atoms[good], labels, rows[0].n_atoms)
    products = [""] * len(table)
    for row, text in zip(good.tolist(), texts, strict=True):
        products[row] = text
    true = table.truths.get(true_decomposition or "")
    if truth is not None:
        true = _true_decomposition_energies(table, table.truths[truth], others)
    if true is not None and np.isnan(true[good]).all():
        raise DataError(f"{path}: no row with an energy has a true one in column {next(iter(truths.values()))!r}.")
    return Judged(table, decompositions, products, true, _notes(table, others, decompositions, true))


def product_texts(
    decompositions: Decompositions, n_atoms: Floats, labels: Sequence[str], label_atoms: Floats
) -> list[str]:
    """Write out the right sides of the reactions: amounts of formula units (of elements: atoms) per formula unit.

    Parameters
    ----------
    decompositions : of ``n`` compounds
    n_atoms : atoms in a formula unit of each, ``[n]``
    labels, label_atoms : formulas of the competing phases, and the atoms in each of them
    """
    texts = []
    products, shares = decompositions.product.tolist(), decompositions.share.tolist()
    for atoms, (start, stop) in zip(n_atoms.tolist(), pairwise(decompositions.row_ptr.tolist()), strict=True):
        parts = []
        for product, share in zip(products[start:stop], shares[start:stop], strict=True):
            name, size = (SYMBOLS[-product], 1.0) if product < 0 else (labels[product], label_atoms[product])
            parts.append(f"{share * atoms / size:.6g} {name}")
        texts.append(" + ".join(parts))
    return texts


def _phases(
    table: EnergyTable, rows: Ints, energies: Floats, others: EnergyTable | None
) -> tuple[tuple[Compositions, Floats], list[str]]:
    """Return compositions, energies and labels of all phases: rows of the table, then of the other one."""
    compositions, values = [table.compositions.take(rows)], [energies[rows]]
    labels = [table.labels[row] for row in rows]
    if others is not None:
        compositions.append(others.compositions.take(others.good))
        values.append(others.energies[others.good])
        labels += [others.labels[row] for row in others.good]
    counts = np.concatenate([part.n_elements for part in compositions])
    joined = Compositions(
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        np.concatenate([part.z for part in compositions]),
        np.concatenate([part.amount for part in compositions]),
    )
    return (joined, np.concatenate(values)), labels


def _true_decomposition_energies(table: EnergyTable, energies: Floats, others: EnergyTable | None) -> Floats:
    """Return decomposition energies on the hulls of true formation energies, NaN where there is no energy."""
    known = np.flatnonzero(np.isfinite(energies) & (table.compositions.n_elements > 0))
    phases = CompetingPhases(*_phases(table, known, energies, others)[0])
    decomposition_energies = np.full(len(table), np.nan)
    decomposition_energies[known] = phases.decompose(table.compositions.take(known), energies[known]).energy
    return decomposition_energies


def _notes(
    table: EnergyTable, others: EnergyTable | None, decompositions: Decompositions, truth: Floats | None
) -> list[str]:
    good = table.good
    keys = table.compositions.take(good).keys()
    notes = [
        f"energies: column {table.column!r} of {table.path}, {table.unit}",
        f"{len(good)} compounds, {int(decompositions.is_stable.sum())} stable",
    ]
    repeats = len(good) - len(set(keys))
    if repeats:
        notes.append(f"{repeats} rows repeat the composition of another row; the lowest of them competes")
    n_elements = int(np.sum(table.compositions.n_elements[good] == 1))
    if n_elements:
        notes.append(f"{n_elements} rows are elements; elements compete at 0 eV/atom, whatever these rows say")
    if others is not None:
        shared = len(set(keys) & set(others.compositions.take(others.good).keys()))
        notes.append(f"competing too: {len(others.good)} rows of {others.path}, column {others.column!r}")
        if shared:
            notes.append(
                f"{shared} compositions are in both tables, and the lower energy of the two competes. "
                "To find out how good predictions of known compounds are, leave these out of the other table"
            )
        notes += _without(others)
    notes += _without(table)
    unscored = 0 if truth is None else int(np.sum(np.isnan(truth[good])))
    if unscored:
        notes.append(f"{unscored} compounds have no truth and are not scored")
    return notes


def _without(table: EnergyTable) -> list[str]:
    """Say how many rows do not compete, and why the first of them does not."""
    if not table.errors:
        return []
    row, reason = next(iter(table.errors.items()))
    return [
        f"{len(table.errors)} of {len(table)} rows of {table.path} have no formula or no energy and do not compete; "
        f"the first is row {row + 1}: {reason}"
    ]


def _texts(values: Floats) -> list[str]:
    return ["" if np.isnan(value) else f"{value:.6f}" for value in values.tolist()]


def _words(energies: Floats) -> list[str]:
    return ["" if np.isnan(value) else "yes" if value <= 0 else "no" for value in energies.tolist()]
