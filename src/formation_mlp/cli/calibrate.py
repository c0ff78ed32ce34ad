"""The verb calibrate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from formation_mlp.cli.app import Encoding, Quiet, Replace, app, readable_table


@app.command()
def calibrate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A run folder, a model file or a shipped model.")],
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="Formulas or structures with their formation energies.")
    ],
    out: Annotated[Path, typer.Option("--out", help="File to write, the calibrated model: .safetensors.")],
    scale: Annotated[
        str | None,
        typer.Option(help="Energy scale of the table, or the column that names it; by default that of the model."),
    ] = None,
    target: Annotated[str | None, typer.Option(help="Column of the energies in the table.")] = None,
    unit: Annotated[str | None, typer.Option(help="Unit of the energies in the table, if not eV/atom.")] = None,
    formula: Annotated[str | None, typer.Option(help="Column of formulas in the table.")] = None,
    id_: Annotated[str | None, typer.Option("--id", help="Column of row names in the table.")] = None,
    encoding: Encoding = None,
    level: Annotated[float, typer.Option(help="Of the intervals that are compared, before and after.")] = 0.9,
    seed: Annotated[int, typer.Option(min=0, help="Of the parts of the cross-validation.")] = 0,
    overwrite: Replace = False,
    quiet: Quiet = False,
) -> None:
    """Give a model intervals for your own kind of compounds, from 30 rows of yours on; and a shift, if that helps."""
    from formation_mlp.prediction.tables import check_output
    from formation_mlp.runs import calibrate as job
    from formation_mlp.runs.progress import Reporter

    check_output(out, (".safetensors",))
    options = {"scale": scale, "target": target, "unit": unit, "formula": formula, "id_column": id_}
    options["encoding"] = encoding
    with readable_table(table) as rows:
        done = job.calibrate_file(
            model, rows, out, Reporter(-quiet), **options, level=level, seed=seed, overwrite=overwrite
        )
    print(done.table(), "", *done.lines(out, str(model)), sep="\n")
