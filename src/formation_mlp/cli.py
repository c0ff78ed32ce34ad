"""The command line: one short function a verb. It parses, calls and prints; everything else is elsewhere.

Heavy packages are imported inside the verb that needs them, so that ``--help`` is instant.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from formation_mlp.errors import FormationMLPError

if TYPE_CHECKING:
    from formation_mlp.config import Config


class _Verbs(typer.core.TyperGroup):
    """The verbs; an interrupt ends them with a message, where typer would say nothing."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            offer = "; 'formation-mlp train CONFIG --resume' continues the run"
            print(f"interrupted{offer if ctx.invoked_subcommand == 'train' else ''}", file=sys.stderr)
            sys.exit(130)


app = typer.Typer(
    cls=_Verbs,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Formation energies of materials from composition and structure descriptors with small neural networks.",
)

ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG", help="YAML file, such as configs/quickstart.yaml.")]
RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run, such as runs/quickstart.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a key, such as model.hidden='[64, 64]'.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an earlier run in the same folder.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but results and errors.")]
Workers = Annotated[
    int, typer.Option("--workers", help="Processes that describe structures, or train members of an ensemble.")
]
Dask = Annotated[
    str | None, typer.Option("--dask", metavar="ADDRESS", help="Dask scheduler, tcp://HOST:PORT, or its file.")
]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say more.")]
CsvIn = Annotated[Path | None, typer.Option("--csv", help="A table: .csv, .json or .parquet.")]
Out = Annotated[Path | None, typer.Option("--out", help="File to write: .csv, or the terminal if not given.")]


@app.callback(invoke_without_command=True)
def options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Take the options that stand before the verb; `main` reads ``--debug`` itself."""
    if version:
        from formation_mlp import __version__

        print(__version__)
        raise typer.Exit


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

    loaded = _load(config, set_)
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
    """Compare the network with the baselines on the same rows; a finished run is used as it is."""
    from formation_mlp import run
    from formation_mlp.progress import Reporter
    from formation_mlp.report import score_table

    loaded = _load(config, set_)
    reporter = Reporter(verbose - quiet)
    prepared, results = run.benchmark(loaded, reporter, overwrite=overwrite, workers=workers, scheduler=dask)
    print(score_table(results, prepared.task))
    reporter.say(f"\n{loaded.output}: benchmark.json, predictions and figures")


@app.command()
def predict(
    run: RunPath,
    materials: Annotated[
        list[str] | None, typer.Argument(help="Formulas or structure files; from standard input if none are given.")
    ] = None,
    csv: CsvIn = None,
    out: Out = None,
    formula: Annotated[str | None, typer.Option(help="Column of formulas in the table.")] = None,
    id_: Annotated[str | None, typer.Option("--id", help="Column of row names in the table.")] = None,
) -> None:
    """Predict formulas or structures with a trained model."""
    from formation_mlp import tables
    from formation_mlp.predict import load

    tables.check_output(out, (".csv",))
    predictor = load(run)
    if csv is not None:
        ids, read = tables.read_inputs(csv, formula, id_)
    else:
        ids, read = None, tables.read_items(materials or _lines_of_stdin())
    predictions = predictor.predict_read(read)
    tables.print_predictions(predictions, ids, out, predictor)
    failed = sum(map(bool, predictions.errors))
    if failed:
        print(
            f"{failed} of {len(predictions.errors)} rows have no prediction; the column 'error' says why",
            file=sys.stderr,
        )
    if failed == len(predictions.errors):
        raise typer.Exit(2)


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
        _, evaluations = jobs.score_again(run)
    else:
        _, evaluation = jobs.score_table_file(run, csv, target, unit, Reporter())
        evaluations = {csv.name: evaluation}
    print(evaluation_table(evaluations))


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
    workers: Workers = 1,
    dask: Dask = None,
    quiet: Quiet = False,
) -> None:
    """Describe every row of a table and write the descriptors."""
    from formation_mlp import tables
    from formation_mlp.config_file import preset_list
    from formation_mlp.progress import Reporter

    presets = preset_list(features, "--features")
    with Reporter(-quiet) as reporter:
        done = tables.featurize_table(
            table, out, presets, formula, id_, workers=workers, scheduler=dask, progress=reporter.rows
        )
    print(done, file=sys.stderr)


def _load(path: Path, overrides: list[str] | None) -> Config:
    from formation_mlp.choices import CHOICES
    from formation_mlp.config_file import load_config

    return load_config(path, overrides or (), CHOICES)


def _lines_of_stdin() -> list[str]:
    if sys.stdin.isatty():
        raise FormationMLPError("predict: give formulas, a table with --csv, or formulas on standard input.")
    try:
        return [line.strip("\r\n") for line in sys.stdin]
    except UnicodeDecodeError as error:
        raise FormationMLPError(f"predict: standard input is not text in UTF-8: {error}. Convert it first.") from error


def main() -> None:
    """Run the command line: errors of the user end with a message and exit code 2."""
    debug = "--debug" in sys.argv
    # Threads that wait by spinning take the cores from those that work: four times slower beside one busy process.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        app(args=[argument for argument in sys.argv[1:] if argument != "--debug"], prog_name="formation-mlp")
    except FormationMLPError as error:
        if debug:
            raise
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
