"""The verb cite."""

from __future__ import annotations

from typing import Annotated

import typer

from formation_mlp.cli.app import app


@app.command()
def cite(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A shipped model, a run folder or a model file.")
    ] = "composition",
) -> None:
    """Print BibTeX of what the answers of a model rest on: the package, the data, and the papers of its features."""
    from formation_mlp.reporting.bibliography import works_behind

    print(works_behind(model).bibtex())
