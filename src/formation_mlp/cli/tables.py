"""What the verbs fit and init are told of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from formation_mlp.fitting.job import Asked

Table = Annotated[
    str,
    typer.Argument(
        metavar="TABLE",
        help="A table of formation energies (.csv, .xlsx, .json, .parquet, .extxyz, '-'), or a folder of structures "
        "with a table of their energies in it or, as energies.csv, beside it.",
    ),
]
FormulaColumn = Annotated[str | None, typer.Option("--formula", metavar="COLUMN", help="Column of the formulas.")]
TargetColumn = Annotated[str | None, typer.Option("--target", metavar="COLUMN", help="Column of the energies.")]
UnitOfTarget = Annotated[
    str | None,
    typer.Option(
        "--unit", help="Of the energies: eV/atom, meV/atom, kJ/mol (of atoms), eV/formula, kJ/mol-formula, ..."
    ),
]
Insist = Annotated[
    bool, typer.Option("--insist", help="Take the unit even if the known compounds in the table speak against it.")
]
IdColumn = Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="Column of unique row names.")]
StructureColumn = Annotated[
    str | None, typer.Option("--structure", metavar="COLUMN", help="Column of structures, or of their files.")
]
Kind = Annotated[str | None, typer.Option("--kind", help="What the energies are: measured or computed.")]
Scale = Annotated[
    str | None, typer.Option("--scale", help="Energy scale, see 'formation-mlp scales', or the column that names it.")
]
OutFolder = Annotated[
    str | None,
    typer.Option("--out", metavar="RUN", help="The run folder; by default runs/ and the name of the table."),
]


def asked_of(
    table: str,
    kind: str | None,
    scale: str | None,
    out: str | None,
    set_: list[str] | None,
    insist: bool,
    **columns: str | None,
) -> Asked:
    """Return what was asked for on the command line."""
    from formation_mlp.fitting.job import Asked

    given = {name: value for name, value in columns.items() if value is not None}
    return Asked(table, given, kind, scale, out, tuple(set_ or ()), insist)
