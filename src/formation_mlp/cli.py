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
            verb = str(ctx.invoked_subcommand)
            job = {"train": "run", "tune": "search"}.get(verb)
            offer = f"; 'formation-mlp {verb} CONFIG --resume' continues the {job}" if job else ""
            print(f"interrupted{offer}", file=sys.stderr)
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
    int,
    typer.Option(
        "--workers",
        help="Processes that describe structures, or train members of an ensemble, trials of a search or models of a "
        "benchmark.",
    ),
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
    """Compare the network with the baselines on the same rows.

    What is finished in the folder is used as it is, and what was interrupted goes on.
    """
    from formation_mlp.benchmark import job
    from formation_mlp.progress import Reporter

    loaded = _load(config, set_)
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

    loaded, reporter = _load(config, set_), Reporter(verbose - quiet)
    keys = {"overwrite": overwrite, "resume": resume}
    result = tuning.tune(loaded, reporter, trials=trials, workers=workers, scheduler=dask, **keys)
    print(result.table())
    reporter.say(f"\n{result.folder}: trials.csv, search.png, and best.yaml for 'formation-mlp train'")


@app.command()
def predict(
    materials: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN] [MATERIAL]...",
            help="Formulas or structure files (CIF, POSCAR, pymatgen JSON); from standard input if none are given. "
            "The first argument may be a run folder, a model file or a shipped model.",
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="RUN|NAME", help="The model, where the arguments do not name it.")
    ] = None,
    stable: Annotated[bool, typer.Option("--stable", help="The probability of lying on the convex hull.")] = False,
    csv: CsvIn = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write: .csv or .parquet, or the terminal if not given.")
    ] = None,
    formula: Annotated[str | None, typer.Option(help="Column of formulas in the table.")] = None,
    id_: Annotated[str | None, typer.Option("--id", help="Column of row names in the table.")] = None,
    level: Annotated[
        float | None, typer.Option(help="Of the intervals, such as 0.95; by default 0.9 if the model has them.")
    ] = None,
    unit: Annotated[
        str | None, typer.Option(help="eV/atom (the default), meV/atom, or kJ/mol (per mole of atoms).")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse rows that the model knows too little about.")
    ] = False,
    workers: Annotated[int, typer.Option("--workers", help="Processes that predict parts of a table.")] = 1,
    quiet: Quiet = False,
) -> None:
    """Predict formulas with a shipped model, or formulas or structures with one of your own."""
    from formation_mlp import prediction_inputs, tables
    from formation_mlp.prediction_output import answer, write_answers

    tables.check_output(out, (".csv", ".parquet"))
    name, items = prediction_inputs.split_arguments(materials or [], model, stable)
    if csv is None:
        ids, queries = None, prediction_inputs.queries_of_items(items or _lines_of_stdin(), name)
    elif items:
        raise FormationMLPError(f"predict: give materials, such as {items[0]!r}, or a table with --csv, not both.")
    elif out is not None:
        _predict_table(csv, out, (name, formula, id_, level, unit, strict), workers, quiet)
        return
    else:
        ids, queries = prediction_inputs.queries_of_table(csv, formula, id_, name)
    answers = answer(queries, ids, level=level, unit=unit, strict=strict)
    write_answers(answers, out, strict=strict)
    _say_failures(answers.n_failed, len(answers))


@app.command()
def models(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Shipped model whose card is shown.")] = None,
    json: Annotated[bool, typer.Option("--json", help="The card as it is stored, in JSON.")] = False,
) -> None:
    """List the models that are installed with the package, or show the card of one."""
    from formation_mlp import shipped

    if name is not None:
        print(shipped.card_text(name).rstrip() if json else shipped.describe(shipped.card(name)))
    elif json:
        raise FormationMLPError(f"models --json: name one of the shipped models: {', '.join(shipped.SHIPPED)}.")
    else:
        print(shipped.overview())


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
def explain(
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="[RUN] [MATERIAL]...",
            help="A run folder, a model file or a shipped model, then formulas or structure files. A run folder "
            "alone: what the model needs, by its val rows.",
        ),
    ],
    by: Annotated[str, typer.Option(help="Descriptors are added up by 'property' or by 'preset'.")] = "property",
    dependence: Annotated[
        list[str] | None,
        typer.Option(help="Draw the mean prediction against this descriptor; given twice, over both."),
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Permutations of each group, without a material.")] = 5,
    alone: Annotated[
        bool, typer.Option("--alone", help="Leave the training rows aside: faster, but without neighbours.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="File for a figure: .png.")] = None,
    quiet: Quiet = False,
) -> None:
    """Say why a model predicts what it predicts, or which descriptors it needs most."""
    from formation_mlp import prediction_inputs
    from formation_mlp.explain import job
    from formation_mlp.materials.structure_files import is_structure_file
    from formation_mlp.progress import Reporter
    from formation_mlp.tables import check_output

    check_output(out, (".png",))
    model, materials = prediction_inputs.split_arguments(arguments)
    if dependence and materials:
        raise FormationMLPError(f"explain: --dependence is about the val rows of a run, not about {materials[0]!r}.")
    structures = bool(materials) and all(map(is_structure_file, materials))
    model = model or (prediction_inputs.FOR_STRUCTURES if structures else prediction_inputs.FOR_FORMULAS)
    with Reporter(-quiet) as reporter:
        keys: dict[str, Any] = {"out": out, "progress": reporter.rows}
        if dependence:
            text = job.explain_dependence(model, dependence, **keys)
        elif materials:
            text = job.explain_materials(model, materials, kind=by, alone=alone, **keys)
        else:
            text = job.explain_model(model, kind=by, repeats=repeats, **keys)
    print(text)


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of finished runs.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="File to write: .html. By default report.html in the run folder, or here if several."
        ),
    ] = None,
) -> None:
    """Write a page about finished runs that opens in any browser without a network, and its figures beside it."""
    from formation_mlp.reporting.write import write_report

    page, figures = write_report(runs, out)
    print(f"{page}: the page; {figures}: its figures as PNG and SVG")


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


@app.command()
def stability(
    table: Annotated[
        Path,
        typer.Argument(metavar="PREDICTIONS", help="A table of formulas and formation energies, given or predicted."),
    ],
    out: Annotated[Path, typer.Option("--out", help="File to write: .csv.")],
    formula: Annotated[str | None, typer.Option(help="Column of formulas in the table.")] = None,
    energy: Annotated[str | None, typer.Option(help="Column of formation energies in the table.")] = None,
    unit: Annotated[
        str | None, typer.Option(help="Unit of the energies in the table, if it is not eV/atom or named there.")
    ] = None,
    competing: Annotated[
        Path | None, typer.Option(help="Another table, in eV/atom, whose compounds compete but are not judged.")
    ] = None,
    competing_energy: Annotated[str | None, typer.Option(help="Column of formation energies there.")] = None,
    truth: Annotated[
        str | None, typer.Option(help="Column of true formation energies; true hulls are made of them.")
    ] = None,
    true_decomposition: Annotated[
        str | None, typer.Option(help="Column of true decomposition energies, instead of --truth.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Build the convex hulls of formation energies: say whether each compound is stable, and what it decomposes to.

    The file has the columns formula, energy and decomposition_energy (eV/atom; zero or less is stable), stable,
    products (amounts in formula units per formula unit of the row, so that the two sides balance; elements in atoms)
    and error. All compounds of the table and the elements, at zero, compete; of several rows of one composition the
    lowest does.
    """
    from formation_mlp import stability as stabilities
    from formation_mlp.progress import Reporter
    from formation_mlp.tables import check_output
    from formation_mlp.text_table import aligned

    check_output(out, (".csv",))
    with Reporter(-quiet) as reporter:
        judged = stabilities.judge(
            table,
            formula=formula,
            energy=energy,
            unit=unit,
            competing=competing,
            competing_energy=competing_energy,
            truth=truth,
            true_decomposition=true_decomposition,
            progress=reporter.rows,
        )
    judged.write(out)
    for note in judged.notes:
        reporter.say(note)
    scores = judged.scores()
    if scores is not None:
        print(aligned(list(scores), [[str(v) if isinstance(v, int) else f"{v:.4f}" for v in scores.values()]]))


@app.command()
def lesson(
    number: Annotated[str | None, typer.Argument(metavar="[NUMBER]", help="Which; all are listed without it.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the figures; lessons/ by default.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Take the answers to the exercises and judge them.")] = False,
    answers: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="The answers for --check; asked, or read, if not given.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Folder for pages of all lessons, or of one.")] = None,
    data: Annotated[str | None, typer.Option("--data", help="A large table of your own, for lesson 8.")] = None,
) -> None:
    """Run a lesson of the lecture, check what you learned, or write the lessons as pages."""
    from formation_mlp.lessons import job

    if html is not None:
        print(f"{job.write(number, html, data)}: the list of lessons")
    elif number is None:
        print(job.overview())
    elif check or answers is not None:
        raise typer.Exit(min(job.check(number, answers, out, data), 1))
    else:
        job.run(number, out, data)


@app.command()
def screen(
    target: Annotated[
        str,
        typer.Argument(
            metavar="SYSTEM|FILE",
            help="A chemical system such as Li-Fe-O, or a file of formulas: .csv, .parquet, .txt (one a line), - for "
            "standard input.",
        ),
    ],
    max_atoms: Annotated[
        int, typer.Option("--max-atoms", min=2, max=1000, help="Atoms of the largest reduced formula of a system.")
    ] = 12,
    every: Annotated[
        bool, typer.Option("--all", help="Of a system, also compositions that cannot be charge-balanced.")
    ] = False,
    model: Annotated[str | None, typer.Option("--model", metavar="RUN|NAME", help="The model, as for predict.")] = None,
    competing: Annotated[
        Path | None,
        typer.Option(help="A table of formulas and energies in eV/atom that competes, instead of the predictions."),
    ] = None,
    competing_energy: Annotated[str | None, typer.Option(help="Column of formation energies there.")] = None,
    formula: Annotated[str | None, typer.Option(help="Column of formulas in the file.")] = None,
    level: Annotated[float | None, typer.Option(help="Of the intervals, by default 0.9 if the model has them.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="File to write, with all rows: .csv.")] = None,
    figure: Annotated[
        Path | None,
        typer.Option("--figure", help="Phase diagram to write: .png; by default beside --out, of 2 or 3 elements."),
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, help="Rows that are printed.")] = 20,
    quiet: Quiet = False,
) -> None:
    """Rank the compositions of a chemical system, or of a list, by their predicted distance from the convex hull.

    Of a system all charge-balanced compositions are taken, those of its parts included. All candidates compete with
    one another, and with the elements at zero, unless a table of competing phases is given. The file is ranked; its
    .about.json says what the columns mean.
    """
    from formation_mlp.progress import Reporter
    from formation_mlp.screening import output
    from formation_mlp.screening import screen as screening
    from formation_mlp.screening.candidates import candidates_of
    from formation_mlp.tables import check_output

    check_output(out, (".csv",))
    candidates = candidates_of(target, max_atoms=max_atoms, unbalanced=every, formula=formula)
    output.check_figure(figure, candidates)
    with Reporter(-quiet, ("predictions", "predicted")) as reporter:
        screened = screening.screen(
            candidates,
            model=model,
            competing=competing,
            competing_energy=competing_energy,
            level=level,
            progress=reporter.rows,
        )
        for line in output.in_words(screened):
            reporter.say(line)
    drawn = output.write(screened, out, figure)
    print(output.as_table(screened, top))
    for line in drawn:
        reporter.say(line)
    _say_failures(screened.answers.n_failed, len(screened.answers))


def _load(path: Path, overrides: list[str] | None) -> Config:
    from formation_mlp.choices import CHOICES
    from formation_mlp.config_file import load_config

    return load_config(path, overrides or (), CHOICES)


def _predict_table(path: Path, out: Path, job: tuple[Any, ...], workers: int, quiet: bool) -> None:
    from formation_mlp.prediction_stream import Job, predict_table
    from formation_mlp.progress import Reporter

    with Reporter(-quiet, ("predictions", "predicted")) as reporter:
        done = predict_table(path, out, Job(*job), workers=workers, progress=reporter.rows)
        reporter.say(f"prediction: {done.meaning}")
        found = f", {done.n_found:,} of them by an earlier call" if done.n_found else ""
        reporter.say(f"{out}: {done.n_rows:,} rows{found}")
    _say_failures(done.n_failed, done.n_rows)


def _say_failures(n_failed: int, n_rows: int) -> None:
    if n_failed:
        print(f"{n_failed:,} of {n_rows:,} rows have no prediction; the column 'error' says why", file=sys.stderr)
    if n_failed == n_rows:
        raise typer.Exit(2)


def _lines_of_stdin() -> list[str]:
    if sys.stdin.isatty():
        raise FormationMLPError(
            "predict: give formulas, a table with --csv, or formulas on standard input; for a first try: "
            "formation-mlp predict Fe2O3"
        )
    try:
        return [line.strip("\r\n") for line in sys.stdin]
    except UnicodeDecodeError as error:
        raise FormationMLPError(f"predict: standard input is not text in UTF-8: {error}. Convert it first.") from error


def _run(arguments: list[str]) -> None:
    """Run the verb; of the processes that torchrun starts only the first does, and the others help it to train."""
    if os.environ.get("WORLD_SIZE", "1") == "1":
        app(args=arguments, prog_name="formation-mlp")
    else:
        from formation_mlp.training.parallel import run_together

        run_together(lambda: app(args=arguments, prog_name="formation-mlp"))


def main() -> None:
    """Run the command line: errors of the user end with a message and exit code 2."""
    debug = "--debug" in sys.argv
    # Threads that wait by spinning take the cores from those that work: four times slower beside one busy process.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        _run([argument for argument in sys.argv[1:] if argument != "--debug"])
    except FormationMLPError as error:
        if debug:
            raise
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
