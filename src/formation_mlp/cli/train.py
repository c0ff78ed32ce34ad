"""The verb train."""

from __future__ import annotations

from typing import Annotated

import typer

from formation_mlp.cli.app import (
    AllowImport,
    ConfigPath,
    Dask,
    Overrides,
    Overwrite,
    Quiet,
    Verbose,
    Workers,
    app,
    load,
)

SECTIONS = (
    "Sections of a configuration: data (the rows, the only one that is needed), task, features, split, model, "
    "training, ensemble, benchmark, tune; and the keys seed and output. 'formation-mlp configs quickstart' shows one; "
    "docs/reference/configuration.md of the source code explains every key."
)


@app.command(epilog=SECTIONS)
def train(
    config: ConfigPath,
    set_: Overrides = None,
    overwrite: Overwrite = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted run.")] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    workers: Workers = 1,
    dask: Dask = None,
    allow_import: AllowImport = None,
    no_baselines: Annotated[
        bool, typer.Option("--no-baselines", help="Fit no random forest beside the network.")
    ] = False,
) -> None:
    """Train the network of a configuration beside a random forest on the same rows, and write a run folder.

    A configuration without the sections model, training and ensemble gets three networks by the default recipe. Without
    a random forest among 'benchmark.baselines' none is fitted.
    """
    from formation_mlp.config.own_code import import_own
    from formation_mlp.runs import train as training
    from formation_mlp.runs.progress import Reporter
    from formation_mlp.runs.results import score_table
    from formation_mlp.system.compute import Compute

    loaded = load(config, set_, "train")
    reporter = Reporter(verbose - quiet)
    compute = Compute(workers, dask)
    prepared, results = training.train(
        loaded,
        reporter,
        overwrite=overwrite,
        resume=resume,
        compute=compute,
        architectures=import_own(loaded, allow_import or ()),
        with_forest=not no_baselines,
    )
    print(score_table(results, prepared.task))
    reporter.say(f"\n{loaded.output}: model, report, predictions and figures")
