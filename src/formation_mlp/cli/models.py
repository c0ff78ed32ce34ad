"""Verbs that make models, and say how good they are."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from formation_mlp.cli.app import (
    ConfigPath,
    CsvIn,
    Dask,
    Overrides,
    Overwrite,
    Quiet,
    Replace,
    RunPath,
    Verbose,
    Workers,
    app,
    load,
)


@app.command()
def train(
    config: ConfigPath,
    set_: Overrides = None,
    overwrite: Overwrite = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted run.")] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    workers: Workers = 1,
    dask: Dask = None,
) -> None:
    """Train the network of a configuration and write a run folder."""
    from formation_mlp import run
    from formation_mlp.progress import Reporter
    from formation_mlp.report import score_table

    loaded = load(config, set_)
    reporter = Reporter(verbose - quiet)
    prepared, results = run.train(loaded, reporter, overwrite=overwrite, resume=resume, workers=workers, scheduler=dask)
    print(score_table(results, prepared.task))
    reporter.say(f"\n{loaded.output}: model, report, predictions and figures")


@app.command()
def benchmark(
    config: ConfigPath,
    set_: Overrides = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    workers: Workers = 1,
    dask: Dask = None,
) -> None:
    """Compare the network with the baselines on the same rows.

    What is finished in the folder is used as it is, and what was interrupted goes on.
    """
    from formation_mlp.benchmark import job
    from formation_mlp.progress import Reporter

    loaded = load(config, set_)
    reporter = Reporter(verbose - quiet)
    done = job.benchmark(loaded, reporter, overwrite=overwrite, workers=workers, scheduler=dask)
    print(done.brief if quiet else done.text)
    reporter.say(f"\n{loaded.output}: benchmark.json, predictions and figures")


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
) -> None:
    """Search for better values of the keys that the section `tune` names, and write the best configuration."""
    from formation_mlp import tuning
    from formation_mlp.progress import Reporter

    loaded, reporter = load(config, set_), Reporter(verbose - quiet)
    keys = {"overwrite": overwrite, "resume": resume}
    result = tuning.tune(loaded, reporter, trials=trials, workers=workers, scheduler=dask, **keys)
    print(result.table())
    reporter.say(f"\n{result.folder}: trials.csv, search.png, and best.yaml for 'formation-mlp train'")


@app.command()
def evaluate(
    run: RunPath,
    csv: CsvIn = None,
    target: Annotated[str | None, typer.Option(help="Column of the target in the table.")] = None,
    unit: Annotated[str | None, typer.Option(help="Unit of the target in the table.")] = None,
) -> None:
    """Score a trained model on its own val and test rows, or on a table with a target."""
    from formation_mlp import run as jobs
    from formation_mlp.progress import Reporter
    from formation_mlp.report import evaluation_table

    if csv is None:
        predictor, evaluations = jobs.score_again(run)
    else:
        predictor, evaluation = jobs.score_table_file(run, csv, target, unit, Reporter())
        evaluations = {csv.name: evaluation}
    for remark in predictor.remarks:
        print(f"remark: {remark}", file=sys.stderr)
    print(evaluation_table(evaluations))


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of finished runs.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="File to write: .html. By default report.html in the run folder, or here if several."
        ),
    ] = None,
    overwrite: Replace = False,
) -> None:
    """Write a page about finished runs that opens in any browser without a network, and its figures beside it."""
    from formation_mlp.reporting.write import write_report

    page, figures = write_report(runs, out, overwrite=overwrite)
    print(f"{page}: the page; {figures}: its figures as PNG and SVG")
