"""The verb fit."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from formation_mlp.cli.app import Encoding, Overrides, Overwrite, Quiet, Verbose, app
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

MOST_WORKERS = 4
"""Processes where none are asked for; each needs half a GB of memory."""


@app.command()
def fit(
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
    start: Annotated[
        str | None,
        typer.Option(
            "--start",
            metavar="MODEL",
            help="Model to start from, or 'none'. By default a shipped one, if it is better on formulas new to it.",
        ),
    ] = None,
    set_: Overrides = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    workers: Annotated[
        int | None, typer.Option("--workers", help="Processes that train and featurize; by default one per core.")
    ] = None,
) -> None:
    """Make a model from any table of formation energies, beside a random forest and boosted trees, with a page.

    Columns and units are found; what is not certain is listed, with the option that settles it. An interrupted fit goes
    on where it stopped.
    """
    from formation_mlp.fitting.fit import fit_table
    from formation_mlp.fitting.text import closing_text
    from formation_mlp.runs.progress import Reporter
    from formation_mlp.system.compute import Compute

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
    compute = Compute(min(MOST_WORKERS, os.cpu_count() or 1) if workers is None else workers)
    reporter = Reporter(verbose - quiet, few_epochs=True)
    done = fit_table(asked, reporter, start=start, overwrite=overwrite, compute=compute)
    reporter.say("")
    print(closing_text(done))
