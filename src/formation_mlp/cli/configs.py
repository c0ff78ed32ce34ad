"""The verb configs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from formation_mlp.cli.app import Replace, app
from formation_mlp.errors import FormationMLPError


@app.command()
def configs(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The one to print.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="File to write it to, instead: .yaml.")] = None,
    overwrite: Replace = False,
) -> None:
    """List the configurations that come with the package, or print or copy one."""
    from formation_mlp.config import bundled
    from formation_mlp.prediction.tables import check_output
    from formation_mlp.system.files import write_text
    from formation_mlp.system.outputs import claimed

    if name is None:
        if out is not None:
            raise FormationMLPError("configs --out: name the configuration, such as: formation-mlp configs quickstart")
        print(bundled.overview())
        print("\n'formation-mlp train NAME' runs one; 'formation-mlp configs NAME' prints it, '--out FILE' copies it.")
        return
    path = bundled.find_bundled(name).path
    text = path.read_text(encoding="utf-8")
    if out is None:
        print(text.rstrip())
        return
    check_output(out, (".yaml", ".yml"))
    with claimed(out, [path], overwrite=overwrite):
        write_text(out, text)
    print(f"{out}: written; run it with: formation-mlp train {out}")
