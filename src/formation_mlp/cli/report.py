"""The verb report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from formation_mlp.cli.app import (
    Replace,
    app,
)


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of finished runs.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="File to write: .html. By default report.html in the run folder, or here if several."
        ),
    ] = None,
    overwrite: Replace = False,
) -> None:
    """Write a page about finished runs that opens in any browser without a network, and its figures beside it."""
    from formation_mlp.reporting.report import write_report

    page, figures = write_report(runs, out, overwrite=overwrite)
    print(f"{page}: the page; {figures}: its figures as SVG, PDF and PNG")
