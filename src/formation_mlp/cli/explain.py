"""The verb explain."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from formation_mlp.cli.app import Quiet, Replace, app
from formation_mlp.errors import FormationMLPError


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
    by: Annotated[str, typer.Option(help="Features are added up by 'property' or by 'preset'.")] = "property",
    dependence: Annotated[
        list[str] | None,
        typer.Option(help="Draw the mean prediction against this feature; given twice, over both."),
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Permutations of each group, without a material.")] = 5,
    alone: Annotated[
        bool, typer.Option("--alone", help="Leave the training rows aside: faster, but without neighbours.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="File for a figure: .png.")] = None,
    overwrite: Replace = False,
    quiet: Quiet = False,
) -> None:
    """Say why a model predicts what it predicts, or which features it needs most."""
    from formation_mlp.explain import explain as job
    from formation_mlp.prediction.inputs import expanded, split_arguments
    from formation_mlp.prediction.tables import check_output
    from formation_mlp.runs.progress import Reporter
    from formation_mlp.saved_model.named import FOR_FORMULAS, FOR_STRUCTURES
    from formation_mlp.system.outputs import claimed

    check_output(out, (".png",))
    model, materials = split_arguments(arguments)
    if dependence and materials:
        raise FormationMLPError(f"explain: --dependence is about the val rows of a run, not about {materials[0]!r}.")
    materials, are_files = expanded(materials)
    structures = bool(materials) and all(are_files)
    model = model or (FOR_STRUCTURES if structures else FOR_FORMULAS)
    with claimed(out, [model, *materials], overwrite=overwrite), Reporter(-quiet) as reporter:
        if dependence:
            text = job.explain_dependence(model, dependence, out=out, progress=reporter.rows)
        elif materials:
            text = job.explain_materials(model, materials, kind=by, alone=alone, out=out, progress=reporter.rows)
        else:
            text = job.explain_model(model, kind=by, repeats=repeats, out=out, progress=reporter.rows)
    print(text)
