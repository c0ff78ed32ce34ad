"""Tables that a user names: where the answer goes, and the materials in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from formation_mlp.config.schema import DataConfig
from formation_mlp.errors import DataError
from formation_mlp.materials.inputs import ReadMaterials
from formation_mlp.quoting import quoted
from formation_mlp.system.path_text import usable_path

if TYPE_CHECKING:
    import pandas as pd


def check_output(out: Path | None, endings: Sequence[str]) -> None:
    """Raise `DataError` if the ending of ``out`` promises a kind of file that is not written."""
    if out is not None and out.suffix not in endings:
        raise DataError(f"--out: {quoted(str(out))} does not end in {' or '.join(endings)}.")


def read_inputs(
    path: Path,
    formula: str | None,
    id_column: str | None,
    trained_on: Mapping[str, Any] = {},
    encoding: str | None = None,
) -> tuple[list[str] | None, ReadMaterials]:
    """Read the materials of a table, and its ids if it has a column of them.

    Parameters
    ----------
    path
        The table.
    formula, id_column
        Columns that the user names.
    trained_on
        Section ``data`` of the configuration of the model: columns of these names are taken, if they are there.
    encoding
        Of a table of text; see `formation_mlp.data.sources.read_table`.
    """
    from formation_mlp.data import columns
    from formation_mlp.data.dataset import ids_of_frame, materials_of_frame
    from formation_mlp.data.sources import read_table

    file = str(usable_path(path, "the table", DataError))
    frame = read_table(file, encoding)
    config = material_columns(frame, file, formula, id_column, trained_on)
    read = materials_of_frame(frame, config)
    if columns.find_column(frame, config.id, columns.ID, "--id") is None:
        return None, read
    ids = ids_of_frame(frame, config)
    return ids, replace(read, materials=replace(read.materials, ids=tuple(ids)))


def material_columns(
    frame: pd.DataFrame, path: str, formula: str | None, id_column: str | None, trained_on: Mapping[str, Any]
) -> DataConfig:
    """Return the names of the columns of materials and ids in a table; parameters are those of `read_inputs`."""
    from formation_mlp.data.finding_columns import own_columns, with_materials

    own = own_columns(trained_on, frame)
    own.pop("target", None)
    if formula is not None:
        own.pop("structure", None)
    asked = {key: name for key, name in (("formula", formula), ("id", id_column)) if name is not None}
    config = DataConfig(path=path, **own | asked)
    return with_materials(frame, config)
