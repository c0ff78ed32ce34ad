"""The verb convert."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from formation_mlp.cli.app import Encoding, Replace, app, readable_table


@app.command()
def convert(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A table of formulas and formation energies.")],
    from_: Annotated[str, typer.Option("--from", metavar="SCALE", help="The scale of the energies in the table.")],
    to: Annotated[str, typer.Option("--to", metavar="SCALE", help="The scale on which they are wanted.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write: .csv; the terminal or a pipe if not given.")
    ] = None,
    column: Annotated[str | None, typer.Option(help="Column of formation energies in the table.")] = None,
    formula: Annotated[str | None, typer.Option(help="Column of formulas in the table.")] = None,
    unit: Annotated[
        str | None, typer.Option(help="Unit of the energies in the table, if it is not eV/atom or named there.")
    ] = None,
    encoding: Encoding = None,
    overwrite: Replace = False,
) -> None:
    """Put the formation energies of a table on another energy scale; formation-mlp scales lists them.

    The answer has the columns formula, energy (as given, eV/atom), converted, lo90 and hi90 (which hold the energy on
    the other scale in 90 % of left-out compounds of the same kind), kind, warning, error and scale.
    """
    from formation_mlp.prediction.convert import convert_table
    from formation_mlp.prediction.tables import check_output
    from formation_mlp.scales.maps import map_between

    map_between(from_, to)  # a wrong name is told before the table is read
    check_output(out, (".csv",))
    with readable_table(table) as rows:
        done = convert_table(
            rows, from_, to, out, column=column, formula=formula, unit=unit, encoding=encoding, overwrite=overwrite
        )
    for line in done.notes:
        print(line, file=sys.stderr)
    if done.n_failed == done.n_rows:
        raise typer.Exit(2)
