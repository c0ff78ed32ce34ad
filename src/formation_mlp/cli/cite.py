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
    """Print BibTeX of what the answers of a model rest on: the package, the data, its features and methods."""
    from pathlib import Path

    from formation_mlp.reporting.bibliography import works_behind
    from formation_mlp.reporting.report import works_of_folder
    from formation_mlp.runs.folder import RunFolder

    is_run = Path(model).is_dir() and RunFolder(model).is_done()
    print((works_of_folder(Path(model)) if is_run else works_behind(model)).bibtex())
