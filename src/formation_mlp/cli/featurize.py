"""The verb featurize."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from formation_mlp.cli.app import Dask, Encoding, Quiet, Replace, Workers, app, readable_table


@app.command()
def featurize(
    table: Annotated[
        Path, typer.Argument(help="A table with a column of formulas or structures, or a folder of them.")
    ],
    out: Annotated[
        Path, typer.Option("--out", help="File to write: .parquet or .csv; or a folder, for parquet of any size.")
    ],
    features: Annotated[
        str, typer.Option(help="Presets, separated by commas, with options as in '{matminer: BandCenter}'.")
    ] = "magpie,stoichiometry,valence_orbital,element_fraction",
    formula: Annotated[str | None, typer.Option(help="Column of formulas in the table.")] = None,
    id_: Annotated[str | None, typer.Option("--id", help="Column of row names in the table.")] = None,
    encoding: Encoding = None,
    workers: Workers = 1,
    dask: Dask = None,
    overwrite: Replace = False,
    quiet: Quiet = False,
) -> None:
    """Featurize every row of a table and write the features."""
    from formation_mlp.config.loading import preset_list
    from formation_mlp.prediction.featurize import featurize_table
    from formation_mlp.runs.progress import Reporter
    from formation_mlp.system.compute import Compute

    presets = preset_list(features, "--features")
    with readable_table(table) as rows, Reporter(-quiet) as reporter:
        done = featurize_table(
            rows,
            out,
            presets,
            formula,
            id_,
            encoding=encoding,
            compute=Compute(workers, dask),
            overwrite=overwrite,
            progress=reporter.rows,
        )
    print(done, file=sys.stderr)
