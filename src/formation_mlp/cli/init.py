"""The verb init."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from formation_mlp.cli.app import Encoding, Overrides, Quiet, Replace, app
from formation_mlp.cli.tables import (
    FormulaColumn,
    IdColumn,
    Insist,
    Kind,
    OutFolder,
    Scale,
    StructureColumn,
    Table,
    TargetColumn,
    UnitOfTarget,
    asked_of,
)


@app.command()
def init(
    table: Table,
    formula: FormulaColumn = None,
    target: TargetColumn = None,
    unit: UnitOfTarget = None,
    insist: Insist = False,
    id: IdColumn = None,  # noqa: A002 (the name of the option)
    structure: StructureColumn = None,
    encoding: Encoding = None,
    kind: Kind = None,
    scale: Scale = None,
    out: OutFolder = None,
    set_: Overrides = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="The file to write; by default the table's name, ending in .yaml.")
    ] = None,
    overwrite: Replace = False,
    quiet: Quiet = False,
) -> None:
    """Write the configuration that fit would train for a table, without a training.

    Whether a start from a shipped model is better is found out by training, so the file does not start from one.
    """
    from formation_mlp.fitting.init import write_configuration
    from formation_mlp.runs.progress import Reporter

    asked = asked_of(
        table,
        kind,
        scale,
        out,
        set_,
        insist,
        formula=formula,
        target=target,
        unit=unit,
        id=id,
        structure=structure,
        encoding=encoding,
    )
    path = write_configuration(asked, config, Reporter(-1 if quiet else 0), overwrite=overwrite)
    print(f"{path}: the configuration; formation-mlp train {path}")
