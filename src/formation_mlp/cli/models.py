"""The verb models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from formation_mlp.cli.app import app
from formation_mlp.errors import FormationMLPError


@app.command()
def models(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME|FILE]", help="Shipped model, model file or run whose card is shown.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The card as it is stored, in JSON.")] = False,
) -> None:
    """List the models that are installed with the package, or show the card of one, or of a model of your own."""
    from formation_mlp.saved_model import shipped

    if name is not None and name not in shipped.CALLED and Path(name).exists():
        from formation_mlp.runs.model_card import describe_file

        if json:
            raise FormationMLPError("models --json: only a shipped model has a card in JSON. Leave --json out.")
        print(describe_file(name))
    elif name is not None:
        print(shipped.card_text(name).rstrip() if json else shipped.describe(shipped.card(name)))
    elif json:
        raise FormationMLPError(f"models --json: name one of the shipped models: {', '.join(shipped.SHIPPED)}.")
    else:
        print(shipped.overview())
