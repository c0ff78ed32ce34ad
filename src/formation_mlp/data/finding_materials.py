"""Find the column of a table that says what each row is: a formula, or a structure."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from formation_mlp.data import columns
from formation_mlp.data.contents import (
    LONGEST,
    SHARE_OF_NAMED,
    Formulas,
    are_names,
    are_structures,
    formulas_in,
    some_cells,
)
from formation_mlp.data.headers import NO_FORMULAS, header_of
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.materials.structure.below import names_below
from formation_mlp.quoting import MOST_ROWS, counted, quoted

if TYPE_CHECKING:
    import pandas as pd


@dataclass(slots=True)
class MaterialColumns:
    """Where the materials of a table are.

    Attributes
    ----------
    kind : what they are
    formula : column of formulas, or None; beside structures it is for comparison
    structure : column of structures, or None
    data : keys of the section ``data`` of a configuration
    notes, problems : sentences for the user
    is_settled : whether the user or its name says which column it is, not its cells alone
    is_missing : whether the problem is that there is none
    """

    kind: Literal["compositions", "structures"] = "compositions"
    formula: str | None = None
    structure: str | None = None
    data: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    is_settled: bool = True
    is_missing: bool = False


def find_materials(frame: pd.DataFrame, formula: str | None = None, structure: str | None = None) -> MaterialColumns:
    """Find formulas or structures; what the user names goes before what is found.

    Structures go before formulas, as they say more; a formula that the user names goes before structures.
    """
    found = MaterialColumns()
    if structure is None and formula is None:
        structure = _structures_of(frame)
    if structure is not None:
        found.kind, found.structure, found.data = "structures", structure, {"structure": structure}
        where = frame.attrs.get(columns.FILES, f"in the column {structure!r}")
        found.notes.append(f"Structures are {where}.")
    elif formula is None and set(columns.CELL) <= set(frame.columns):
        found.kind = "structures"
        found.notes.append(f"Structures are in the columns {', '.join(columns.CELL)}.")
    name, notes, problems = find_formulas(frame, formula)
    found.formula = name
    files = _names_of_files(frame) if found.kind == "compositions" and formula is None else None
    if files is not None and name is None:
        found.kind, found.structure, found.data = "structures", files, {"structure": files}
        found.notes.append(f"Structures are in the files that the column {files!r} names.")
        structure = files
    elif files is not None:
        notes.append(f"The column {files!r} names structure files: with --structure {files!r} they are learned from.")
    if structure is not None and columns.FILES not in frame.attrs and _is_path_column(frame, structure):
        found.data["id"] = structure
    if found.kind == "structures":
        if name is not None and formula is not None:
            found.data["formula"] = name
        return found
    found.notes += notes
    found.problems += problems
    found.is_settled = formula is not None or (name is not None and header_of(name).formula > 0)
    found.is_missing = any("no column holds" in problem for problem in problems)
    found.data |= {} if name is None else {"formula": name}
    return found


def _structures_of(frame: pd.DataFrame) -> str | None:
    folder = Path(frame.attrs.get("folder", "."))
    for name in map(str, frame.columns):
        if are_structures(some_cells(frame, name), folder):
            return name
    return None


def _is_path_column(frame: pd.DataFrame, name: str) -> bool:
    """Tell whether a column of structures names a file in each row, each another one, so that it names the rows."""
    cells = columns.cells_of(frame, name)
    return are_names(cells, len(frame)) and all(isinstance(cell, str) and len(cell) <= LONGEST for cell in cells)


def _names_of_files(frame: pd.DataFrame) -> str | None:
    """Return the column whose cells name structure files below the table, each another one."""
    folder = frame.attrs.get("folder")
    if folder is None or columns.FILES in frame.attrs:
        return None
    known = names_below(Path(folder))
    for name in map(str, frame.columns) if known else ():
        cells = [cell for cell in some_cells(frame, name) if isinstance(cell, str)]
        is_named = sum(cell in known for cell in cells) >= SHARE_OF_NAMED * max(1, len(cells))
        if is_named and len(set(cells)) == len(cells):
            return name
    return None


def find_formulas(frame: pd.DataFrame, asked: str | None = None) -> tuple[str | None, list[str], list[str]]:
    """Return the column of formulas, or None; what to say of it; and what is not certain.

    A column counts by its name if half of its cells are formulas, and without a name if nearly all are, of several
    elements. Of several columns the one with the plainest name is taken; if they give the same compounds, the first.
    """
    if asked is not None:
        return asked, [f"Formulas are in the column {asked!r}, as you say."], []
    contents = {name: formulas_in(some_cells(frame, name)) for name in map(str, frame.columns)}
    plain = {name: header_of(name).formula for name in contents}
    named = [name for name in contents if plain[name] and contents[name].are_likely]
    named = [name for name in named if plain[name] == max(map(plain.__getitem__, named))]
    usual = [name for name in named if name.strip().lower() in columns.FORMULA]
    found = named or [name for name, content in contents.items() if content.are_sure and not _is_other(name)]
    if not found:
        return None, [], [_none(contents, plain)]
    if len(found) > 1 and not usual and not _agree(frame, found):
        names = ", ".join(map(quoted, found))
        return None, [], [f"--formula: {len(found)} columns hold formulas, and not the same: {names}. Name one."]
    name = columns.find_formula(frame, None, "--formula") if usual else found[0]
    name = name or found[0]
    why = "by its name and its cells" if named else "as its cells are formulas"
    return name, [f"Formulas are in the column {name!r}, {why}."], []


def _is_other(name: str) -> bool:
    return bool(set(header_of(name).words) & NO_FORMULAS)


def _agree(frame: pd.DataFrame, names: list[str]) -> bool:
    """Tell whether columns of formulas give the same compounds and the same amounts of atoms."""
    head = frame.head(200)
    written = [
        parse_formulas([str(columns.formula_of_cell(cell)) for cell in columns.cells_of(head, name)]).compositions
        for name in names
    ]
    first = written[0]
    return all(one.keys() == first.keys() and (one.n_atoms == first.n_atoms).all() for one in written[1:])


def _none(contents: dict[str, Formulas], plain: dict[str, int]) -> str:
    called = [name for name in contents if plain[name]]
    near = next((name for name in called if contents[name].wrong), None)
    wrong = contents[near].wrong if near else ()
    seen = f" In {near!r}, {counted(len(wrong), 'cell')} cannot be read:" if wrong else ""
    seen += "".join(f"\n  {reason}" for reason in wrong[:MOST_ROWS])
    seen += f"\n  ... and {len(wrong) - MOST_ROWS:,} more" if len(wrong) > MOST_ROWS else ""
    return (
        f"--formula: no column holds formulas such as Fe2O3. Columns: {', '.join(map(quoted, list(contents)[:30]))}. "
        f"Name one, or add it.{seen}"
    )
