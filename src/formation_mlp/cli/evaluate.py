"""The verb evaluate."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from formation_mlp.cli.app import (
    CsvIn,
    Encoding,
    RunPath,
    app,
    readable_table,
    refuse_without_table,
)


@app.command()
def evaluate(
    run: RunPath,
    csv: CsvIn = None,
    formula: Annotated[str | None, typer.Option(help="Column of formulas in the table.")] = None,
    target: Annotated[str | None, typer.Option(help="Column of the target in the table.")] = None,
    unit: Annotated[str | None, typer.Option(help="Unit of the target in the table.")] = None,
    id_: Annotated[str | None, typer.Option("--id", help="Column of row names in the table.")] = None,
    scale: Annotated[
        str | None, typer.Option(help="Energy scale of the target in the table, or the column that names it.")
    ] = None,
    encoding: Encoding = None,
) -> None:
    """Score a trained model on its own val and test rows, or on a table with a target."""
    from formation_mlp.runs import evaluate as scores
    from formation_mlp.runs.progress import Reporter
    from formation_mlp.runs.results import evaluation_table

    named = {"formula": formula, "target": target, "unit": unit, "id": id_, "scale": scale, "encoding": encoding}
    if csv is None:
        refuse_without_table("--csv", named)
        predictor, evaluations = scores.score_again(run)
    else:
        with readable_table(csv) as table:
            predictor, evaluations = scores.score_table_file(
                run, table, target, unit, Reporter(), scale, formula, id_, encoding
            )
    for remark in predictor.remarks:
        print(f"remark: {remark}", file=sys.stderr)
    own = predictor.checkpoint.own
    if own is not None:
        print(f"model: {own.said()}{f' on the scale {own.scale}' if own.scale else ''}", file=sys.stderr)
    print(evaluation_table(evaluations))
