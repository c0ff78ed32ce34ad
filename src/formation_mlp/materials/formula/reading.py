"""Read a column of formulas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.errors import DataError
from formation_mlp.materials.formula.atoms import FormulaError
from formation_mlp.materials.formula.text import read_formula
from formation_mlp.quoting import quoted
from formation_mlp.typing import Ints

if TYPE_CHECKING:
    from collections.abc import Sequence


SCAN_FROM = 25_000
"""Formulas from which the compiled scanner, the import of numba included, is faster than the complete parser."""


@dataclass(frozen=True, slots=True)
class ParsedFormulas:
    """``n`` formulas as numbers.

    Attributes
    ----------
    compositions : ``n`` rows; one that could not be read is empty
    failures : row to the reason, which names the formula, what is wrong and what to try
    notes : row to what a reader should know, such as ``D read as H``
    """

    compositions: Compositions
    failures: dict[int, str]
    notes: dict[int, str]


def parse_formulas(formulas: Sequence[str]) -> ParsedFormulas:
    """Read a column of formulas.

    Amounts and the order of the elements are those of pymatgen's ``Composition``; what pymatgen gets wrong
    without a word (hydrates, dummy species, tiny amounts) is right or fails here. An element named twice is
    counted at its first place.

    Parameters
    ----------
    formulas
        ``n`` texts; anything else in the sequence fails as a missing formula.

    Raises
    ------
    DataError
        If the argument is one text instead of a sequence. A formula that cannot be read raises nothing: its
        reason is in ``failures``.
    """
    if isinstance(formulas, str):
        raise DataError(
            f"parse_formulas: found the text {quoted(formulas)}. Give a sequence, such as [{quoted(formulas)}]."
        )
    formulas = list(formulas)
    if len(formulas) < SCAN_FROM:
        return _parse_each(formulas, range(len(formulas)))
    from formation_mlp.materials.formula.scanner import scan_formulas

    plain, unread = scan_formulas(formulas)
    rest = _parse_each(formulas, unread.tolist())
    return ParsedFormulas(_insert(rest.compositions, plain, unread), rest.failures, rest.notes)


def _parse_each(formulas: Sequence[object], chosen: Sequence[int]) -> ParsedFormulas:
    """Read the chosen rows one by one; ``compositions`` holds these rows alone."""
    rows: list[tuple[list[int], list[float]]] = []
    failures: dict[int, str] = {}
    notes: dict[int, str] = {}
    for row in chosen:
        formula = formulas[row]
        try:
            reading = read_formula(formula)
        except FormulaError as error:
            failures[row] = f"formula {quoted(formula)}: {error}"
            rows.append(([], []))
            continue
        rows.append((list(reading.amounts), list(reading.amounts.values())))
        if reading.note:
            notes[row] = f"formula {quoted(formula)}: {reading.note}"
    return ParsedFormulas(Compositions.from_rows(rows), failures, notes)


def _insert(some: Compositions, others: Compositions, rows: Ints) -> Compositions:
    """Return ``others`` with ``some`` in these rows, which are empty."""
    positions = np.repeat(others.row_ptr[rows], some.n_elements)
    added = np.zeros_like(others.row_ptr)
    added[rows + 1] = some.n_elements
    return Compositions(
        others.row_ptr + np.cumsum(added),
        np.insert(others.z, positions, some.z),
        np.insert(others.amount, positions, some.amount),
    )
