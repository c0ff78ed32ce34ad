"""Read the rows of parquet files, some at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from formation_mlp.config import DataConfig
from formation_mlp.data import columns
from formation_mlp.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa


def parquet_files(path: Path) -> list[Path]:
    """Return the file, or the files of the folder by name; raise `DataError` if there are none."""
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files or not files[0].is_file() or files[0].suffix != ".parquet":
        raise DataError(f"{path}: give a parquet file, or a folder of them. Other tables fit into memory as a whole.")
    return files


def used_columns(files: Sequence[Path], data: DataConfig) -> tuple[list[str], int]:
    """Return the columns to read, the same in all files, and the number of rows."""
    import pyarrow.parquet as pq

    n_rows, used = 0, list[str | None]()
    for file in files:
        try:
            with pq.ParquetFile(file) as opened:
                n_rows += opened.metadata.num_rows
                frame = opened.schema_arrow.empty_table().to_pandas()
        except (OSError, ValueError) as error:  # pyarrow's errors are ValueErrors
            raise DataError(f"{file}: not readable as parquet: {error}") from error
        material = columns.find_column(frame, data.structure, columns.STRUCTURE, "data.structure")
        material = material or columns.require_column(frame, data.formula, columns.FORMULA, "data.formula")
        own = [material, columns.find_column(frame, data.id, columns.ID, "data.id")]
        if used and own != used:
            raise DataError(f"{file}: its columns are {own}, those of {files[0].name} {used}. Make them the same.")
        used = own
    return [name for name in used if name], n_rows


def in_parts(files: Sequence[Path], used: Sequence[str], n: int) -> Iterator[pa.Table]:
    """Yield the rows of all files, ``n`` at a time, and the rest at the end."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    waiting, n_waiting = list[pa.RecordBatch](), 0
    for file in files:
        with pq.ParquetFile(file) as opened:
            for batch in opened.iter_batches(batch_size=n, columns=list(used), use_threads=False):
                waiting.append(batch)
                n_waiting += len(batch)
                if n_waiting >= n:
                    rows = pa.Table.from_batches(waiting)
                    yield rows.slice(0, n)
                    waiting, n_waiting = rows.slice(n).to_batches(), n_waiting - n
    if n_waiting:
        yield pa.Table.from_batches(waiting)
