"""The verb stability: which compounds of a table are stable, and what the others decompose to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.chemistry.excess_anions import has_excess_anions
from formation_mlp.errors import DataError
from formation_mlp.hulls.beside import Beside, known_on_scale, without
from formation_mlp.hulls.energy_table import OF_COMPETING, EnergyTable, read_energy_table
from formation_mlp.hulls.hull import CompetingPhases, Decompositions
from formation_mlp.hulls.verdicts import Judged
from formation_mlp.quoting import counted, first_of
from formation_mlp.typing import Floats, Ints, Progress


def judge(
    path: Path,
    *,
    formula: str | None = None,
    energy: str | None = None,
    unit: str | None = None,
    scale: str | None = None,
    known: bool = True,
    competing: Path | None = None,
    competing_energy: str | None = None,
    competing_formula: str | None = None,
    competing_unit: str | None = None,
    encoding: str | None = None,
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
    scale
        Energy scale of the table; if not given, that of its column ``scale``, or else the default one.
    known
        Whether the known phases that come with the package compete, too. They do not where a truth or another table
        is given. A row of the table takes the place of the known phase of its composition.
    competing
        Another table whose rows compete in place of the known phases but are not judged.
    competing_energy, competing_formula, competing_unit
        Its columns and its unit, as those of the table.
    encoding
        Of tables of text; by default UTF-8.
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
    ConfigError
        If the energy scale is unknown.
    """
    if truth is not None and true_decomposition is not None:
        raise DataError("--truth and --true-decomposition: give one of them.")
    asked = {"--truth": truth, "--true-decomposition": true_decomposition}
    truths = {option: name for option, name in asked.items() if name is not None}
    table = read_energy_table(path, formula=formula, energy=energy, unit=unit, truths=truths, encoding=encoding)
    others = None
    if competing is not None:
        others = read_energy_table(
            competing,
            formula=competing_formula,
            energy=competing_energy,
            unit=competing_unit,
            options=OF_COMPETING,
            encoding=encoding,
        )
    return judge_rows(
        table,
        scale=scale,
        known=known,
        others=others,
        truth=truth,
        true_decomposition=true_decomposition,
        progress=progress,
    )


def judge_rows(
    table: EnergyTable,
    *,
    scale: str | None = None,
    known: bool = True,
    others: EnergyTable | None = None,
    truth: str | None = None,
    true_decomposition: str | None = None,
    progress: Progress | None = None,
) -> Judged:
    """Do the same as `judge` for tables that are read already; ``others`` compete and are not judged."""
    asked = {"--truth": truth, "--true-decomposition": true_decomposition}
    truths = {option: name for option, name in asked.items() if name is not None}
    table = _elements_at_zero(table)
    beside = None if others is None else _beside(others)
    database, remark = known_on_scale(table, scale) if known and others is None and not truths else (None, "")
    if known and truths:
        remark = "no known phases compete where a truth is given: they would tell the answers"
    if database is not None:
        beside = without(database, table.compositions.take(table.good))
    good, n_atoms = table.good, table.compositions.n_atoms
    own = _competing_rows(table)
    rows, labels = _phases(table, own, table.energies, beside)
    decompositions = CompetingPhases(*rows).decompose(table.compositions.take(good), table.energies[good], progress)
    texts = product_texts(decompositions, n_atoms[good], labels, rows[0].n_atoms)
    products = [""] * len(table)
    for row, text in zip(good.tolist(), texts, strict=True):
        products[row] = text
    true = table.truths.get(true_decomposition or "")
    if truth is not None:
        true = _true_decomposition_energies(table, table.truths[truth], beside)
    if true is not None and np.isnan(true[good]).all():
        raise DataError(
            f"{table.path}: no row with an energy has a true one in column {next(iter(truths.values()))!r}."
        )
    notes = _notes(table, others, decompositions, true) + ([remark] if remark else [])
    errors = np.zeros(len(own)) if beside is None else np.concatenate([np.zeros(len(own)), beside.errors])
    judged = Judged(table, decompositions, products, true, notes, errors, (*rows, labels))
    if database is None:
        return judged
    words = dict(zip(database.compositions.keys(), database.words, strict=True))
    keys = table.compositions.keys()
    known_rows = [words.get(key, "") for key in keys]
    return replace(judged, known=known_rows, new_products=_new_products(table, decompositions, known_rows))


def _elements_at_zero(table: EnergyTable) -> EnergyTable:
    """Return a table of predictions with elements at zero, by definition; other tables may hold allotropes."""
    if table.half_width is None:
        return table
    is_element = table.compositions.n_elements == 1
    is_element[list(table.errors)] = False
    return replace(table, energies=np.where(is_element, 0.0, table.energies))


def _competing_rows(table: EnergyTable) -> Ints:
    """Return the rows that compete: of predictions not those with excess anions, whose energies are too low."""
    good = table.good
    if table.half_width is None:
        return good
    return good[~has_excess_anions(table.compositions.take(good))]


def _beside(others: EnergyTable) -> Beside:
    return Beside(others.compositions, others.energies, others.labels, np.zeros(len(others))).take(others.good)


def _new_products(table: EnergyTable, decompositions: Decompositions, known: list[str]) -> list[str]:
    """Name, for each row, the products that are rows of the table and no known phases."""
    competing, names = _competing_rows(table), [""] * len(table)
    parts = pairwise(decompositions.row_ptr.tolist())
    for row, (start, stop) in zip(table.good.tolist(), parts, strict=True):
        own = [competing[p] for p in decompositions.product[start:stop].tolist() if 0 <= p < len(competing)]
        names[row] = " ".join(table.labels[p] for p in own if not known[p])
    return names


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
    table: EnergyTable, rows: Ints, energies: Floats, beside: Beside | None
) -> tuple[tuple[Compositions, Floats], list[str]]:
    """Return compositions, energies and labels of all phases: rows of the table, then those beside it."""
    own = table.compositions.take(rows)
    labels = [table.labels[row] for row in rows]
    if beside is None:
        return (own, energies[rows]), labels
    both = own.joined(beside.compositions)
    return (both, np.concatenate([energies[rows], beside.energies])), labels + beside.labels


def _true_decomposition_energies(table: EnergyTable, energies: Floats, beside: Beside | None) -> Floats:
    """Return decomposition energies on the hulls of true formation energies, NaN where there is no energy."""
    known = np.flatnonzero(np.isfinite(energies) & (table.compositions.n_elements > 0))
    phases = CompetingPhases(*_phases(table, known, energies, beside)[0])
    decomposition_energies = np.full(len(table), np.nan)
    decomposition_energies[known] = phases.decompose(table.compositions.take(known), energies[known]).energy
    return decomposition_energies


def _notes(
    table: EnergyTable, others: EnergyTable | None, decompositions: Decompositions, truth: Floats | None
) -> list[str]:
    good = table.good
    keys = table.compositions.take(good).keys()
    notes = [
        *filter(None, (table.doubt, "" if others is None else others.doubt)),
        f"energies: column {table.column!r} of {table.path}, {table.unit}",
        f"{counted(len(good), 'compound')}, {int(decompositions.is_stable.sum())} stable",
    ]
    repeats = len(good) - len(set(keys))
    if repeats:
        said = counted(repeats, "row repeats", "rows repeat")
        notes.append(f"{said} the composition of another row; the lowest of them competes")
    n_elements = int(np.sum(table.compositions.n_elements[good] == 1))
    if n_elements:
        said = "whatever these rows say" if table.half_width is None else "which is their energy by definition"
        notes.append(
            f"{counted(n_elements, 'row is an element', 'rows are elements')}; elements compete at 0 eV/atom, {said}"
        )
    n_excess = len(good) - len(_competing_rows(table))
    if n_excess:
        notes.append(
            f"{counted(n_excess, 'row has', 'rows have')} more anions than known states can charge, where predictions "
            "are too low: they do not compete, and are doubtful"
        )
    if others is not None:
        shared = len(set(keys) & set(others.compositions.take(others.good).keys()))
        notes.append(f"competing too: {counted(len(others.good), 'row')} of {others.path}, column {others.column!r}")
        if shared:
            notes.append(
                f"{shared} compositions are in both tables, and the lower energy of the two competes. "
                "To find out how good predictions of known compounds are, leave these out of the other table"
            )
        notes += _without(others)
    notes += _without(table)
    unscored = 0 if truth is None else int(np.sum(np.isnan(truth[good])))
    if unscored:
        notes.append(
            f"{counted(unscored, 'compound has no truth and is', 'compounds have no truth and are')} not scored"
        )
    return notes


def _without(table: EnergyTable) -> list[str]:
    """Say how many rows do not compete, and why the first of them does not."""
    if not table.errors:
        return []
    named = first_of([(row + 1, reason) for row, reason in table.errors.items()])
    rows = f"{len(table.errors):,} of {counted(len(table), 'row')} of {table.path}"
    return [f"{rows} have no formula or no energy and do not compete:{named}"]
