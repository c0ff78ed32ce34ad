"""The verb lesson."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from formation_mlp.cli.app import app


@app.command()
def lesson(
    number: Annotated[str | None, typer.Argument(metavar="[NUMBER]", help="Which; all are listed without it.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the figures; lessons/ by default.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Take the answers to the exercises and judge them.")] = False,
    answers: Annotated[
        str | None, typer.Option(metavar="A;B;...", help="The answers for --check; asked, or read, if not given.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Folder for pages of all lessons, or of one.")] = None,
    notebooks: Annotated[
        Path | None, typer.Option("--notebooks", help="Folder for notebooks without the answers, for students.")
    ] = None,
    solutions: Annotated[
        Path | None, typer.Option("--solutions", help="Folder for solutions and a guide, for teachers.")
    ] = None,
    data: Annotated[str | None, typer.Option("--data", help="A large table of your own, for lesson 8.")] = None,
) -> None:
    """Run a lesson of the lecture, check what you learned, or write the lessons as pages or notebooks."""
    from formation_mlp.lessons import lesson as job

    if html is not None:
        print(f"{job.write(number, html, data)}: the list of lessons")
    elif notebooks is not None or solutions is not None:
        job.write_files(number, notebooks, solutions)
    elif check or answers is not None:
        raise typer.Exit(min(job.check(number or "", answers), 1))
    elif number is None:
        print(job.overview())
    else:
        job.run(number, out, data)
