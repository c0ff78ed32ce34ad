"""Tables that a user names: where the answer goes, and the materials in one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from formation_mlp.config.schema import DataConfig
from formation_mlp.errors import DataError
from formation_mlp.materials.inputs import ReadMaterials
from formation_mlp.quoting import quoted
from formation_mlp.system.path_text import usable_path


def check_output(out: Path | None, endings: Sequence[str]) -> None:
    """Raise `DataError` if the ending of ``out`` promises a kind of file that is not written."""
    if out is not None and out.suffix not in endings:
        raise DataError(f"--out: {quoted(str(out))} does not end in {' or '.join(endings)}.")


def read_inputs(path: Path, formula: str | None, id_column: str | None) -> tuple[list[str] | None, ReadMaterials]:
    """Read the materials of a table, and its ids if it has a column of them."""
    from formation_mlp.data import columns
    from formation_mlp.data.dataset import ids_of_frame, materials_of_frame
    from formation_mlp.data.sources import read_table

    config = DataConfig(path=str(usable_path(path, "the table", DataError)), formula=formula, id=id_column)
    frame = read_table(config.path, config.encoding)
    read = materials_of_frame(frame, config)
    if columns.find_column(frame, id_column, columns.ID, "--id") is None:
        return None, read
    ids = ids_of_frame(frame, config)
    return ids, replace(read, materials=replace(read.materials, ids=tuple(ids)))
