"""The verb featurize: a table of materials in, a table of their features out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from formation_mlp.config.schema import DataConfig, Entry
from formation_mlp.errors import DataError
from formation_mlp.materials.inputs import ReadMaterials
from formation_mlp.prediction.tables import check_output, read_inputs
from formation_mlp.quoting import counted, encodable, first_of
from formation_mlp.system.compute import HERE, Compute
from formation_mlp.system.files import write_text
from formation_mlp.system.outputs import claimed
from formation_mlp.system.parquet import write_parquet
from formation_mlp.system.path_text import usable_path
from formation_mlp.typing import Progress


def featurize_table(
    path: Path,
    out: Path,
    features: Sequence[Entry],
    formula: str | None,
    id_column: str | None,
    *,
    encoding: str | None = None,
    compute: Compute = HERE,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> str:
    """Write the features of every row of a table; return what was done in a sentence.

    If ``out`` has no ending, it is a folder, and ``path`` a parquet dataset of any size.

    Raises
    ------
    DataError
        If the ending of ``out`` is unknown, it is one of the inputs, or exists and is not to be replaced, or no row can
        be described.
    InUseError
        If another process writes ``out``.
    """
    from formation_mlp.features.presets import files_of
    from formation_mlp.prediction.featurize_in_parts import featurize_in_parts

    if not out.suffix:
        usable_path(path, "the table", DataError)
        data = DataConfig(path=str(path), formula=formula, id=id_column)
        done = featurize_in_parts(data, out, features, compute=compute, overwrite=overwrite, progress=progress)
        return _sentence(out, done.n_rows, done.n_columns, done.n_errors, done.notes)
    check_output(out, (".parquet", ".csv"))
    with claimed(out, [path, *files_of(features)], overwrite=overwrite):
        return _featurize_whole(
            path, out, features, read_inputs(path, formula, id_column, {}, encoding), compute, progress
        )


def _featurize_whole(
    path: Path,
    out: Path,
    features: Sequence[Entry],
    inputs: tuple[list[str] | None, ReadMaterials],
    compute: Compute,
    progress: Progress | None,
) -> str:
    import numpy as np
    import pandas as pd

    from formation_mlp.features.engine.table import featurize

    ids, read = inputs
    good = [i for i in range(len(read.labels)) if i not in read.failures]
    if not good:
        raise DataError(f"{path}: no row can be read:{first_of([(i + 1, why) for i, why in read.failures.items()])}")
    rows = read.materials.take(good)
    table = featurize(rows, features, compute=compute, progress=progress)
    X = np.full((len(read.labels), len(table.names)), np.nan)
    X[good] = table.X
    errors = dict(read.failures) | {good[i]: reason for i, reason in table.failures.items()}
    columns: dict[str, Any] = {} if ids is None else {"id": list(map(encodable, ids))}
    columns |= {
        "formula": list(map(encodable, read.labels)),
        "error": [encodable(errors.get(i, "")) for i in range(len(X))],
    }
    frame = pd.concat([pd.DataFrame(columns), pd.DataFrame(X, columns=list(table.names))], axis=1)
    _write_frame(frame, out, {"features": list(features)})
    incomplete = counted(len(table.missing), "column lacks", "columns lack") + " values for some elements"
    return _sentence(
        out, len(X), len(table.names), len(errors), (*([incomplete] if table.missing else []), *table.notes)
    )


def _sentence(out: Path, n_rows: int, n_columns: int, n_errors: int, notes: Sequence[str]) -> str:
    without = f"; {counted(n_errors, 'row has', 'rows have')} an error and no numbers" if n_errors else ""
    return "\n".join([f"{out}: {counted(n_rows, 'row')}, {counted(n_columns, 'feature')}{without}", *notes])


def _write_frame(frame: Any, out: Path, metadata: dict[str, Any]) -> None:
    if out.suffix == ".csv":
        write_text(out, frame.to_csv(index=False, lineterminator="\n"))
        return
    import pyarrow as pa

    from formation_mlp.saved_model.checkpoint import package_versions

    table = pa.Table.from_pandas(frame, preserve_index=False)
    write_parquet(out, table, metadata | {"versions": package_versions()})
