"""Find the column of a table that holds its formation energies."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.data import columns
from formation_mlp.data.contents import SHARE_OF_NAMED, is_numeric, some_cells
from formation_mlp.data.headers import Header, header_of
from formation_mlp.data.numbers import is_number_otherwise, numbers_of_cells
from formation_mlp.quoting import counted, first_of, quoted

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 3
"""Rows by which two columns can be told to be multiples of one another."""
PLAIN = 2
"""From this plainness of its name on a column is taken for formation energies; see `Header.target`."""


def find_target(
    frame: pd.DataFrame, asked: str | None, taken: Collection[str | None]
) -> tuple[Header | None, list[str], list[str]]:
    """Return the column of formation energies, or None; what is not certain; and what to say.

    Parameters
    ----------
    frame
        The table.
    asked
        The column that the user names.
    taken
        Columns that are something else.
    """
    if asked is not None:
        return header_of(asked), [], [f"Energies are in the column {asked!r}, as you say."]
    names = [name for name in map(str, frame.columns) if name not in taken]
    numeric = [name for name in names if is_numeric(some_cells(frame, name))]
    elements = [name for name in numeric if name in ATOMIC_NUMBER]
    headers = [header_of(name) for name in numeric if not (name in elements and len(elements) > 1)]
    best = max((header.target for header in headers), default=0)
    if best == 0:
        return None, [_unreadable(frame, names) or _none(numeric)], []
    found = [header for header in headers if header.target >= min(best, PLAIN)]
    chosen, problem = _one_of(frame, found)
    if chosen is None:
        return None, [problem], []
    others = [header.name for header in headers if header.target and header is not chosen]
    passed = f" Not taken: {', '.join(map(quoted, others))}." if others else ""
    why = "by its name" if chosen.target >= PLAIN else "whose name may mean them"
    return chosen, [], [f"Energies are in the column {chosen.name!r}, {why}.{passed}"]


def _one_of(frame: pd.DataFrame, found: list[Header]) -> tuple[Header | None, str]:
    """Choose among columns that may all be meant: one quantity in several units is one; else the plainest name wins.

    Energies of different origin, such as computed and measured ones, are never chosen between.
    """
    if len(found) == 1:
        return found[0], ""
    distinct = _without_repeats(frame, found)
    methods = {header.method for header in distinct}
    best = max(header.target for header in distinct)
    plainest = [header for header in distinct if header.target == best]
    if len(plainest) == 1 and (len(distinct) == 1 or len(methods) == 1):
        return plainest[0], ""
    names = ", ".join(quoted(header.name) + (f" ({header.method})" if header.method else "") for header in distinct)
    return None, f"--target: {len(distinct)} columns may hold the formation energies: {names}. Name one."


def _without_repeats(frame: pd.DataFrame, found: list[Header]) -> list[Header]:
    """Return columns that say different things: of those that are one another's multiple the one per atom is kept.

    Energies per formula unit are no fixed multiple of those per atom; they count as a repeat if their names differ in
    nothing but the unit.
    """
    ordered = sorted(found, key=lambda header: (header.unit.basis != "atom", header.unit.energy != "eV"))
    kept: list[Header] = []
    for header in ordered:
        if not any(_is_repeat(frame, header, other) for other in kept):
            kept.append(header)
    return [header for header in found if header in kept]


def _is_repeat(frame: pd.DataFrame, one: Header, other: Header) -> bool:
    a, b = (numbers_of_cells(columns.cells_of(frame, header.name))[0] for header in (one, other))
    both = np.isfinite(a) & np.isfinite(b) & (b != 0)
    if both.sum() < FEWEST:
        return False
    ratio = a[both] / b[both]
    if np.allclose(ratio, np.median(ratio), rtol=0.01, atol=1e-3):
        return True
    whole = np.abs(ratio - np.rint(ratio)) < 0.02 * np.abs(ratio)
    return bool((ratio > 0.99).all() and whole.mean() > 0.95)  # the number of atoms in each formula


def _unreadable(frame: pd.DataFrame, names: Sequence[str]) -> str:
    """Return why a column that is called like an energy, or holds numbers in another form, cannot be read."""
    called = [name for name in names if header_of(name).target >= PLAIN]
    for name in called or [name for name in names if _are_numbers_otherwise(some_cells(frame, name))]:
        cells = columns.cells_of(frame, name)
        wrong = numbers_of_cells(cells)[2]
        if wrong:
            rows = first_of([(row + 1, reason) for row, reason in wrong.items()])
            is_called = "is called like a formation energy" if called else "may hold formation energies"
            return (
                f"--target: {quoted(name)} {is_called}, but {len(wrong):,} of {counted(len(cells), 'row')} hold no "
                f"number:{rows}\nCorrect them, or name another column."
            )
    return ""


def _are_numbers_otherwise(cells: Sequence[object]) -> bool:
    return bool(cells) and sum(map(is_number_otherwise, cells)) >= SHARE_OF_NAMED * len(cells)


def _none(numeric: list[str]) -> str:
    listed = f"Columns of numbers: {', '.join(map(quoted, numeric[:30]))}." if numeric else "No column holds numbers."
    return f"--target: no column is called like a formation energy. {listed} Name the one that holds them."
