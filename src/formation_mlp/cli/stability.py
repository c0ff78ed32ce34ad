"""The verb stability."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from formation_mlp.cli.app import Encoding, Quiet, Replace, app, known_or_table, readable_table


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
    scale: Annotated[
        str | None,
        typer.Option(help="Energy scale of the table, if it has no column 'scale'; mp2020 if neither is given."),
    ] = None,
    competing: Annotated[
        Path | None,
        typer.Option(
            metavar="TABLE|none",
            help="Another table, whose compounds compete in place of the known phases but are not judged; "
            "none: only the compounds of the table compete.",
        ),
    ] = None,
    competing_energy: Annotated[str | None, typer.Option(help="Column of formation energies there.")] = None,
    competing_formula: Annotated[str | None, typer.Option(help="Column of formulas there.")] = None,
    competing_unit: Annotated[str | None, typer.Option(help="Unit of the energies there.")] = None,
    encoding: Encoding = None,
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
    products (amounts in formula units per formula unit of the row, so that the two sides balance; elements in atoms),
    warning (an oxidation state that no known compound has) and error. All compounds of the table compete, the elements,
    at zero, and, unless --competing or a truth is given, the known phases that come with the package; of several rows
    of one composition the lowest does. Then the columns known (whether the composition is in the database, and where
    its energy there comes from) and new_products (those that are in no database) are beside
    them. If the table has the columns lo90 and hi90 of predict, the distances have intervals (decomposition_lo90,
    decomposition_hi90), and the compounds a chance to be stable (p_stable, joined of p_hull and p_classifier). If the
    whole table holds two, three or four elements, a page beside the file (.html) shows the phase diagram in a browser.
    """
    from formation_mlp.hulls import stability as stabilities
    from formation_mlp.prediction.tables import check_output
    from formation_mlp.runs.progress import Reporter
    from formation_mlp.screening.judged import with_chances
    from formation_mlp.screening.judged_page import write_page
    from formation_mlp.system.outputs import claimed
    from formation_mlp.system.text_table import aligned

    check_output(out, (".csv",))
    known, competing = known_or_table(competing)
    with (
        readable_table(table) as rows,
        claimed(out, [table, competing], overwrite=overwrite, others=[out.with_suffix(".html")]),
        Reporter(-quiet) as reporter,
    ):
        judged = stabilities.judge(
            rows,
            formula=formula,
            energy=energy,
            unit=unit,
            scale=scale,
            known=known,
            competing=competing,
            competing_energy=competing_energy,
            competing_formula=competing_formula,
            competing_unit=competing_unit,
            encoding=encoding,
            truth=truth,
            true_decomposition=true_decomposition,
            progress=reporter.rows,
        )
        judged = with_chances(judged)
        judged.write(out)
        page = write_page(judged, out)
    for note in judged.notes:
        reporter.say(note)
    if page is not None:
        reporter.say(f"{page}: phase diagram for a browser, with energies and products of each compound")
    scores = judged.scores()
    if scores is not None:
        print(aligned(list(scores), [[str(v) if isinstance(v, int) else f"{v:.4f}" for v in scores.values()]]))
