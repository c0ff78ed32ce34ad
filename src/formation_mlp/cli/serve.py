"""The verb serve."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from formation_mlp.cli.app import app


@app.command()
def serve(
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; any but this machine's own loopback needs a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any that is free.")] = 8000,
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file", help="File with the token that requests must show; or the variable FORMATION_MLP_TOKEN."
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="Name by which browsers call the service; may be repeated."),
    ] = None,
    runs: Annotated[
        Path | None, typer.Option("--runs", help="Folder of run folders, whose models answer by their names, too.")
    ] = None,
    jobs: Annotated[
        Path | None,
        typer.Option(
            "--jobs", help="Folder in which uploaded tables and their results lie; in the cache if not given."
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", help="Processes that answer, and share the memory of the models.")
    ] = 1,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            "--limit",
            metavar="NAME=NUMBER",
            help="What a request may take, such as rows=20000 or seconds=120; may be repeated. The page 'serve' of the "
            "documentation lists them.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Log no requests, but only what goes wrong.")] = False,
) -> None:
    """Answer in a browser and to scripts: a page at http://localhost:8000/, and below /api/v1 a REST interface.

    Only this machine can ask, unless --host says otherwise.
    """
    from formation_mlp.serve.flags import limits_of
    from formation_mlp.serve.settings import Settings
    from formation_mlp.serve.start import serve as start
    from formation_mlp.serve.token import token_of

    names, limits = tuple(allow_host or ()), limits_of(limit or ())
    start(Settings(host, port, token_of(token_file), names, runs, jobs, workers, limits), quiet=quiet)
