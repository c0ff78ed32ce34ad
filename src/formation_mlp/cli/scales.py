"""The verb scales."""

from __future__ import annotations

from typing import Annotated

import typer

from formation_mlp.cli.app import app


@app.command()
def scales(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Scale that is explained.")] = None,
) -> None:
    """List the energy scales, or explain one: what its numbers mean, and how far those of others are from them."""
    from formation_mlp.scales import text

    print(text.overview() if name is None else text.explanation(name))
