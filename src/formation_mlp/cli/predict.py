"""The verb predict."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from formation_mlp.cli.app import CsvIn, Encoding, Quiet, Replace, app, readable_table, say_failures
from formation_mlp.errors import FormationMLPError
from formation_mlp.quoting import counted


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
    encoding: Encoding = None,
    level: Annotated[
        float | None, typer.Option(help="Of the intervals, such as 0.95; by default 0.9 if the model has them.")
    ] = None,
    unit: Annotated[
        str | None, typer.Option(help="eV/atom (the default), meV/atom, kJ/mol or kcal/mol (of atoms).")
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option(
            help="Energy scale of the answers: mp2020, mp2019, mp2018, oqmd, measured or all, of those that the "
            "model knows; by default its own. See 'scales'."
        ),
    ] = None,
    population: Annotated[
        str | None,
        typer.Option(help="Of the intervals: 'known' for compounds like those in databases, 'hypothetical', or 'own'."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse rows that the model knows too little about.")
    ] = False,
    surest: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Answer only the N rows with the smallest expected_error, the smallest first.",
        ),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", help="Processes that predict parts of a table.")] = 1,
    overwrite: Replace = False,
    quiet: Quiet = False,
) -> None:
    """Predict formulas with a shipped model, or formulas or structures with one of your own.

    Beside each prediction stand its interval (lo90, hi90) and expected_error, how far off such predictions are on
    average: by it rows can be sorted, and --surest N keeps the N rows where it is smallest.
    """
    from formation_mlp.prediction import predict as job
    from formation_mlp.prediction.inputs import Request, split_arguments
    from formation_mlp.prediction.tables import check_output

    check_output(out, (".csv", ".parquet"))
    _check_table_options(csv, out, formula=formula, id=id_, encoding=encoding, workers=workers)
    name, items = split_arguments(materials or [], model, stable)
    request = Request(name, formula, id_, level, unit, strict, scale, population, encoding=encoding, surest=surest)
    if csv is None:
        done = job.predict_materials(items or _lines_of_stdin(name), request, out, overwrite=overwrite)
    elif items:
        raise FormationMLPError(f"predict: give materials, such as {items[0]!r}, or a table with --csv, not both.")
    elif out is None or surest is not None:
        if workers > 1:
            raise FormationMLPError("--workers: --surest compares all rows in one process. Leave one of them out.")
        with readable_table(csv) as table:
            done = job.predict_table(table, request, out, overwrite=overwrite)
    else:
        from formation_mlp.runs.progress import Reporter

        with readable_table(csv) as table, Reporter(-quiet, ("predictions", "predicted")) as reporter:
            told = reporter.rows
            done = job.predict_table(table, request, out, workers=workers, overwrite=overwrite, progress=told)
            reporter.say(f"prediction: {done.meaning}")
            found = f", {done.n_found:,} of them by an earlier call" if done.n_found else ""
            reporter.say(f"{out}: {counted(done.n_rows, 'row')}{found}")
    say_failures(done.n_failed, done.n_rows)


def _check_table_options(csv: Path | None, out: Path | None, *, workers: int, **named: str | None) -> None:
    """Refuse options that would be ignored."""
    given = [f"--{name}" for name, value in named.items() if value is not None]
    if csv is None and given:
        raise FormationMLPError(f"{given[0]} is about a table. Give the table with --csv, or leave it out.")
    if workers > 1 and (csv is None or out is None):
        raise FormationMLPError(
            "--workers: several processes predict a table into a file. Give both, with --csv and --out, or one process."
        )


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
