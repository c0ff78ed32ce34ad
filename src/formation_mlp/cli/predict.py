"""The verb predict."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from formation_mlp.cli.app import CsvIn, Quiet, Replace, app, say_failures
from formation_mlp.errors import FormationMLPError


@app.command()
def predict(
    materials: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN] [MATERIAL]...",
            help="Formulas, structure files (CIF, POSCAR, pymatgen JSON) or folders of them; from standard input if "
            "none are given. "
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
    overwrite: Replace = False,
    quiet: Quiet = False,
) -> None:
    """Predict formulas with a shipped model, or formulas or structures with one of your own."""
    from formation_mlp.prediction import inputs as prediction_inputs
    from formation_mlp.prediction import tables
    from formation_mlp.prediction.answers import answer
    from formation_mlp.prediction.output import write_answers
    from formation_mlp.system.outputs import about_path, claimed

    tables.check_output(out, (".csv", ".parquet"))
    _check_table_options(csv, out, formula=formula, id=id_, workers=workers)
    name, items = prediction_inputs.split_arguments(materials or [], model, stable)
    if csv is None:
        ids, queries = prediction_inputs.queries_of_items(items or _lines_of_stdin(name), name)
    elif items:
        raise FormationMLPError(f"predict: give materials, such as {items[0]!r}, or a table with --csv, not both.")
    elif out is not None:
        _predict_table(csv, out, (name, formula, id_, level, unit, strict), workers, quiet, overwrite)
        return
    else:
        ids, queries = prediction_inputs.queries_of_table(csv, formula, id_, name)
    others = () if out is None else (about_path(out),)
    with claimed(out, [*(items or ()), name], overwrite=overwrite, others=others):
        answers = answer(queries, ids, level=level, unit=unit, strict=strict)
        write_answers(answers, out, strict=strict)
    say_failures(answers.n_failed, len(answers))


def _check_table_options(csv: Path | None, out: Path | None, *, workers: int, **named: str | None) -> None:
    """Refuse options that would be ignored."""
    given = [f"--{name}" for name, value in named.items() if value is not None]
    if csv is None and given:
        raise FormationMLPError(f"{given[0]} names a column of a table. Give the table with --csv, or leave it out.")
    if workers > 1 and (csv is None or out is None):
        raise FormationMLPError(
            "--workers: several processes predict a table into a file. Give both, with --csv and --out, or one process."
        )


def _predict_table(path: Path, out: Path, request: tuple[Any, ...], workers: int, quiet: bool, overwrite: bool) -> None:
    from formation_mlp.prediction.stream import Request, predict_table
    from formation_mlp.runs.progress import Reporter

    with Reporter(-quiet, ("predictions", "predicted")) as reporter:
        done = predict_table(path, out, Request(*request), workers=workers, overwrite=overwrite, progress=reporter.rows)
        reporter.say(f"prediction: {done.meaning}")
        found = f", {done.n_found:,} of them by an earlier call" if done.n_found else ""
        reporter.say(f"{out}: {done.n_rows:,} rows{found}")
    say_failures(done.n_failed, done.n_rows)


def _lines_of_stdin(model: str | None) -> list[str]:
    if sys.stdin.isatty():
        if model is not None:
            raise FormationMLPError(
                f"predict: {model!r} is the model, but no material is named: give formulas, a table with --csv, or "
                f"formulas on standard input, such as: formation-mlp predict {model} Fe2O3"
            )
        raise FormationMLPError(
            "predict: give formulas, a table with --csv, or formulas on standard input; for a first try: "
            "formation-mlp predict Fe2O3"
        )
    try:
        return [line.strip("\r\n") for line in sys.stdin]
    except UnicodeDecodeError as error:
        raise FormationMLPError(f"predict: standard input is not text in UTF-8: {error}. Convert it first.") from error
    except OSError as error:
        raise FormationMLPError(f"predict: standard input cannot be read ({error.strerror or error}).") from error
