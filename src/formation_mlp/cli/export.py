"""The verb export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from formation_mlp.cli.app import Replace, app


@app.command()
def export(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A shipped model, a run folder or a model file.")],
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help="Format of the file: onnx.")] = "onnx",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="File to write: .onnx; in this folder, named as the model, if not given."),
    ] = None,
    overwrite: Replace = False,
) -> None:
    """Write a model as a file that other programs run without this package: its networks, scaling and mean included.

    ONNX Runtime must give the same answers before the file is written; that needs pip install 'formation-mlp[onnx]'.
    """
    from formation_mlp.export import write
    from formation_mlp.prediction.tables import check_output
    from formation_mlp.system.outputs import claimed

    write.check_format(to)
    check_output(out, (".onnx",))
    path = out or write.default_path(model)
    with claimed(path, [model], overwrite=overwrite):
        print(write.export_model(model, path).text())
