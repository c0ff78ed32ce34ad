"""The verb tune."""

from __future__ import annotations

from typing import Annotated

import typer

from formation_mlp.cli.app import (
    AllowImport,
    ConfigPath,
    Dask,
    Overrides,
    Quiet,
    Verbose,
    Workers,
    app,
    load,
)


@app.command()
def tune(
    config: ConfigPath,
    set_: Overrides = None,
    trials: Annotated[int | None, typer.Option("--trials", help="Networks to train, instead of tune.trials.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier search.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted search, or add trials.")] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    workers: Workers = 1,
    dask: Dask = None,
    allow_import: AllowImport = None,
) -> None:
    """Search for better values of the keys that the section `tune` names, and write the best configuration."""
    from formation_mlp.config.own_code import import_own
    from formation_mlp.runs.progress import Reporter
    from formation_mlp.system.compute import Compute
    from formation_mlp.tuning import tune as tuning

    loaded, reporter = load(config, set_, "tune"), Reporter(verbose - quiet)
    compute = Compute(workers, dask)
    result = tuning.tune(
        loaded,
        reporter,
        trials=trials,
        compute=compute,
        overwrite=overwrite,
        resume=resume,
        architectures=import_own(loaded, allow_import or ()),
    )
    print(result.table())
    reporter.say(f"\n{result.folder}: trials.csv, search.png, and best.yaml for 'formation-mlp train'")
