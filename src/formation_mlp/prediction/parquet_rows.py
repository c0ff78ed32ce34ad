"""Read the rows of parquet files, some at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from formation_mlp.config.schema import DataConfig
from formation_mlp.data import columns
from formation_mlp.data.parquet_file import frame_of, readable_parquet
from formation_mlp.errors import DataError
from formation_mlp.system.path_text import usable_path

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Source:
    """Parquet files with the same columns.

    Attributes
    ----------
    files : in the order of their rows
    n_rows : of all files
    material : the column of formulas or structures
    is_structure : which of both
    id : the column of ids, if there is one
    """

    files: tuple[Path, ...]
    n_rows: int
    material: str
    is_structure: bool
    id: str | None

    def rows(self, n: int) -> Iterator[pa.Table]:
        """Yield the two columns, ``n`` rows at a time, and the rest at the end."""
        import pyarrow as pa

        used = [name for name in (self.material, self.id) if name is not None]
        waiting, n_waiting = list[pa.RecordBatch](), 0
        for file in self.files:
            with readable_parquet(file) as opened:
                for batch in opened.iter_batches(batch_size=n, columns=used, use_threads=False):
                    waiting.append(batch)
                    n_waiting += len(batch)
                    if n_waiting >= n:
                        rows = pa.Table.from_batches(waiting)
                        yield rows.slice(0, n)
                        waiting, n_waiting = rows.slice(n).to_batches(), n_waiting - n
        if n_waiting:
            yield pa.Table.from_batches(waiting)


def open_source(data: DataConfig) -> Source:
    """Find the files of ``data.path`` and the columns to read.

    Raises
    ------
    DataError
        If the path is no parquet file or folder of them, a file cannot be read, or lacks a column that others have.
    """
    path = usable_path(data.path, "data.path", DataError)
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files or not files[0].is_file() or files[0].suffix != ".parquet":
        raise DataError(f"{path}: give a parquet file, or a folder of them. Other tables fit into memory as a whole.")
    found = [_columns_of(file, data) for file in files]
    for file, (_, *own) in zip(files, found, strict=True):
        if own != list(found[0][1:]):
            raise DataError(f"{file}: its columns are {own}, those of {files[0].name} {[*found[0][1:]]}.")
    _, material, is_structure, id_column = found[0]
    return Source(tuple(files), sum(n for n, *_ in found), material, is_structure, id_column)


def _columns_of(file: Path, data: DataConfig) -> tuple[int, str, bool, str | None]:
    """Return the number of rows, the column of materials, whether they are structures, and the column of ids."""
    with readable_parquet(file) as opened:
        n_rows = opened.metadata.num_rows
        frame = frame_of(opened.schema_arrow.empty_table(), file)
    id_column = columns.find_column(frame, data.id, columns.ID, "data.id")
    usual = columns.STRUCTURE if data.formula is None else ()
    structure = columns.find_column(frame, data.structure, usual, "data.structure")
    if structure is not None:
        return n_rows, structure, True, id_column
    return n_rows, columns.require_column(frame, data.formula, columns.FORMULA, "data.formula"), False, id_column
