"""What is screened: the compositions of a chemical system, or a list of formulas."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.chemistry.known_states import unknown_states
from formation_mlp.data import columns
from formation_mlp.data.finding_materials import find_formulas
from formation_mlp.data.sources import read_table_in_parts
from formation_mlp.data.text_file import UTF_8, encoding_of, readable
from formation_mlp.errors import DataError
from formation_mlp.quoting import counted
from formation_mlp.screening.balance import is_balanced, oxidation_states
from formation_mlp.screening.compositions import enumerate_compositions, formula_texts, read_system
from formation_mlp.system.path_text import usable_path

ROWS_PER_PART = 100_000
"""Of a table, of which the formulas alone are kept."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """``n`` formulas to be screened.

    Attributes
    ----------
    formulas : ``[n]``
    name : of the system or the file
    title : where they come from, in words
    elements : of the system, in the order of the user; empty for a list
    states : oxidation states that balance each formula, empty where none do, ``[n]``; None for a list
    """

    formulas: list[str]
    name: str
    title: str
    elements: tuple[int, ...] = ()
    states: list[str] | None = None


def candidates_of(
    target: str,
    *,
    max_atoms: int = 12,
    unbalanced: bool = False,
    all_states: bool = False,
    formula: str | None = None,
    encoding: str | None = None,
) -> Candidates:
    """Return what a user wants to screen.

    Parameters
    ----------
    target
        A chemical system such as ``Li-Fe-O``; or a file: a table with a column of formulas, or ``.txt`` with one
        formula a line; or ``-``, such lines on standard input.
    max_atoms
        Of a system: atoms of the largest reduced formula.
    unbalanced
        Of a system: whether formulas that cannot be charge-balanced are taken too, whatever their states.
    all_states
        Of a system: whether charge-balanced formulas are taken too that need an oxidation state which no known compound
        of that element has with that ligand.
    formula
        Of a table: the column.
    encoding
        Of a file of text; by default UTF-8.

    Raises
    ------
    DataError
        If the target is neither, there is nothing in it, or no formula of a system can be charge-balanced, or all that
        can need unknown states.
    """
    if target != "-":
        usable_path(target, "screen", DataError)
    is_system = all(part in ATOMIC_NUMBER for part in target.split("-"))
    if target == "-" or (not is_system and (Path(target).suffix or Path(target).exists())):
        return _of_list(target, formula, encoding)
    if formula is not None:
        raise DataError(f"--formula names a column of a table, but {target!r} is a chemical system. Leave it out.")
    return _of_system(target, max_atoms, unbalanced, all_states)


def _of_system(target: str, max_atoms: int, unbalanced: bool, all_states: bool) -> Candidates:
    elements = read_system(target)
    every = enumerate_compositions(elements, max_atoms)
    balanced = np.flatnonzero(is_balanced(every))
    title = (
        f"{target}: {len(every):,} compositions of up to {max_atoms} atoms, {len(balanced):,} can be charge-balanced"
    )
    if unbalanced:
        return Candidates(formula_texts(every), target, f"{title}, all are taken", elements, oxidation_states(every))
    if not len(balanced):
        raise DataError(
            f"screen: none of the {len(every):,} compositions of {target} with up to {max_atoms} atoms can be "
            "charge-balanced by known oxidation states. Intermetallics need not be: --all takes every composition. "
            "Or raise --max-atoms."
        )
    left = len(every) - len(balanced)
    title += f"; the other {left:,} neither are taken nor compete (--all takes them)" if left else ""
    kept = every.take(balanced)
    if not all_states:
        kept, title = _of_known_states(kept, title, f"{target} with up to {max_atoms} atoms")
    return Candidates(formula_texts(kept), target, title, elements, oxidation_states(kept))


def _of_known_states(balanced: Compositions, title: str, name: str) -> tuple[Compositions, str]:
    """Return those that need no unknown oxidation state, and the title with the number of the others."""
    rows = np.flatnonzero([not text for text in unknown_states(balanced)])
    left = len(balanced) - len(rows)
    if not len(rows):
        raise DataError(
            f"screen: all {left:,} charge-balanced compositions of {name} need an oxidation state that no known "
            "compound of that element has with that ligand. --all-states takes them."
        )
    if left:
        title += f"; left out for an oxidation state that no known compound has: {left:,} (--all-states keeps them)"
    return balanced.take(rows), title


def _of_list(target: str, formula: str | None, encoding: str | None) -> Candidates:
    path = Path(target).expanduser()
    if target == "-" or path.suffix.lower() == ".txt":
        if formula is not None:
            raise DataError(
                f"--formula names a column of a table, but {target!r} has one formula a line. Leave it out."
            )
        formulas = [line.strip() for line in _lines(path if target != "-" else None, encoding) if line.strip()]
    else:
        formulas = list(_cells(path, formula, encoding))
    name = "standard input" if target == "-" else path.name
    if not formulas:
        raise DataError(f"screen: {name} holds no formula. Write one a line.")
    return Candidates(formulas, name, f"{name}: {counted(len(formulas), 'formula')}")


def _lines(path: Path | None, encoding: str | None) -> list[str]:
    if path is None and sys.stdin.isatty():
        raise DataError("screen -: standard input is the keyboard. Give formulas by a pipe, or name a file.")
    try:
        if path is None:
            return list(sys.stdin)
        named = encoding_of(path, UTF_8 if encoding is None else encoding)
        with readable(path, named, "a list of formulas"):
            return path.read_text(encoding=named).splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path or 'standard input'}: is not text in UTF-8: {error}. Convert it first.") from error
    except OSError as error:
        raise DataError(f"{path or 'standard input'}: cannot be read ({error.strerror or error}).") from error


def _cells(path: Path, formula: str | None, encoding: str | None) -> Iterator[str]:
    with closing(read_table_in_parts(str(path), ROWS_PER_PART, encoding)) as parts:
        for part in parts:
            formula = formula or columns.find_formula(part, None, "--formula") or find_formulas(part)[0]
            column = columns.require_formula(part, formula, "--formula")
            yield from (str(columns.formula_of_cell(cell)) for cell in columns.cells_of(part, column))
