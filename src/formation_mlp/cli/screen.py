"""The verb screen."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from formation_mlp.cli.app import Encoding, Quiet, Replace, app, known_or_table, say_failures


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
    all_states: Annotated[
        bool,
        typer.Option(
            "--all-states",
            help="Of a system, also compositions with an oxidation state that no known compound has; ranked last.",
        ),
    ] = False,
    model: Annotated[str | None, typer.Option("--model", metavar="RUN|NAME", help="The model, as for predict.")] = None,
    classifier: Annotated[
        str | None,
        typer.Option(metavar="RUN|NAME", help="The classifier behind p_stable; the shipped one if not given."),
    ] = None,
    competing: Annotated[
        Path | None,
        typer.Option(
            metavar="TABLE|none",
            help="A table of formulas and formation energies that competes, instead of known phases and predictions; "
            "none: no known phases compete, only the predictions do.",
        ),
    ] = None,
    competing_energy: Annotated[str | None, typer.Option(help="Column of formation energies there.")] = None,
    competing_formula: Annotated[str | None, typer.Option(help="Column of formulas there.")] = None,
    competing_unit: Annotated[str | None, typer.Option(help="Unit of the energies there.")] = None,
    encoding: Encoding = None,
    formula: Annotated[str | None, typer.Option(help="Column of formulas in the file.")] = None,
    level: Annotated[float | None, typer.Option(help="Of the intervals, by default 0.9 if the model has them.")] = None,
    scale: Annotated[
        str | None,
        typer.Option(
            help="Energy scale of predictions and known phases, such as mp2019; by default that of the model. "
            "'formation-mlp scales' lists them."
        ),
    ] = None,
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

    Of a system all charge-balanced compositions are taken, those of its parts included, but for those that need an
    oxidation state which no known compound has; in a list these are ranked last. All candidates compete with one
    another, with the known phases that come with the package, and with the elements at zero, unless --competing says
    otherwise. The file is ranked; its .about.json says what the columns mean. Of two to four elements, a page beside it
    shows the phase diagram in a browser.
    """
    from formation_mlp.prediction.tables import check_output
    from formation_mlp.runs.progress import Reporter
    from formation_mlp.screening import output
    from formation_mlp.screening import screen as screening
    from formation_mlp.screening.candidates import candidates_of
    from formation_mlp.screening.summary import in_words
    from formation_mlp.system.outputs import claimed

    check_output(out, (".csv",))
    candidates = candidates_of(
        target, max_atoms=max_atoms, unbalanced=every, all_states=all_states, formula=formula, encoding=encoding
    )
    output.check_figure(figure, candidates)
    files = output.files(candidates, out, figure)
    known, competing = known_or_table(competing)
    reads = [target, model, classifier, competing]
    with ExitStack() as stack, Reporter(-quiet, ("predictions", "predicted")) as reporter:
        for file, option in files.items():
            stack.enter_context(claimed(file, reads, overwrite=overwrite, option=option))
        screened = screening.screen(
            candidates,
            model=model,
            classifier=classifier,
            known=known,
            competing=competing,
            competing_energy=competing_energy,
            competing_formula=competing_formula,
            competing_unit=competing_unit,
            encoding=encoding,
            level=level,
            scale=scale,
            progress=reporter.rows,
        )
        for line in in_words(screened):
            reporter.say(line)
        drawn = output.write(screened, out, figure)
    print(output.as_table(screened, top))
    for line in drawn:
        reporter.say(line)
    say_failures(screened.answers.n_failed, len(screened.answers))
