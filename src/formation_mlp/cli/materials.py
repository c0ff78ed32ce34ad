"""Verbs about materials: their descriptors, their stability, candidates for new ones."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from formation_mlp.cli.app import Dask, Quiet, Replace, Workers, app, say_failures


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
    overwrite: Replace = False,
    quiet: Quiet = False,
) -> None:
    """Describe every row of a table and write the descriptors."""
    from formation_mlp import tables
    from formation_mlp.config_file import preset_list
    from formation_mlp.progress import Reporter

    presets = preset_list(features, "--features")
    with Reporter(-quiet) as reporter:
        keys: dict[str, Any] = {
            "workers": workers,
            "scheduler": dask,
            "overwrite": overwrite,
            "progress": reporter.rows,
        }
        done = tables.featurize_table(table, out, presets, formula, id_, **keys)
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
    overwrite: Replace = False,
    quiet: Quiet = False,
) -> None:
    """Build the convex hulls of formation energies: say whether each compound is stable, and what it decomposes to.

    The file has the columns formula, energy and decomposition_energy (eV/atom; zero or less is stable), stable,
    products (amounts in formula units per formula unit of the row, so that the two sides balance; elements in atoms)
    and error. All compounds of the table and the elements, at zero, compete; of several rows of one composition the
    lowest does.
    """
    from formation_mlp.hulls import stability as stabilities
    from formation_mlp.outputs import claimed
    from formation_mlp.progress import Reporter
    from formation_mlp.tables import check_output
    from formation_mlp.text_table import aligned

    check_output(out, (".csv",))
    with claimed(out, [table, competing], overwrite=overwrite), Reporter(-quiet) as reporter:
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
    classifier: Annotated[
        str | None,
        typer.Option(metavar="RUN|NAME", help="The classifier behind p_stable; the shipped one if not given."),
    ] = None,
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
    overwrite: Replace = False,
    quiet: Quiet = False,
) -> None:
    """Rank the compositions of a chemical system, or of a list, by their predicted distance from the convex hull.

    Of a system all charge-balanced compositions are taken, those of its parts included. All candidates compete with
    one another, and with the elements at zero, unless a table of competing phases is given. The file is ranked; its
    .about.json says what the columns mean.
    """
    from formation_mlp.outputs import claimed
    from formation_mlp.progress import Reporter
    from formation_mlp.screening import output
    from formation_mlp.screening import screen as screening
    from formation_mlp.screening.candidates import candidates_of
    from formation_mlp.tables import check_output

    check_output(out, (".csv",))
    candidates = candidates_of(target, max_atoms=max_atoms, unbalanced=every, formula=formula)
    output.check_figure(figure, candidates)
    files = output.files(candidates, out, figure)
    reads = [target, model, classifier, competing]
    with ExitStack() as stack, Reporter(-quiet, ("predictions", "predicted")) as reporter:
        for file, option in files.items():
            stack.enter_context(claimed(file, reads, overwrite=overwrite, option=option))
        screened = screening.screen(
            candidates,
            model=model,
            classifier=classifier,
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
    say_failures(screened.answers.n_failed, len(screened.answers))
