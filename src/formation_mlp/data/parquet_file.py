"""Read parquet files through Arrow's own types; the notes that pandas leaves in them are looked at, not trusted."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from formation_mlp.data import columns
from formation_mlp.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

_USUAL = {*columns.FORMULA, *columns.STRUCTURE, *columns.ID, *columns.TARGET, *columns.CELL}


def read_parquet(file: Path, _encoding: str) -> pd.DataFrame:
    """Read a whole table.

    Raises
    ------
    DataError
        If the file is no parquet file, or damaged.
    """
    with readable_parquet(file) as opened:
        return frame_of(opened.read(), file)


def parquet_parts(file: Path, n_rows: int, _encoding: str) -> Generator[pd.DataFrame, None, None]:
    """Yield ``n_rows`` of a table at a time; errors are those of `read_parquet`."""
    import pyarrow as pa

    with readable_parquet(file) as opened:
        for batch in opened.iter_batches(batch_size=n_rows):
            yield frame_of(pa.Table.from_batches([batch]), file)


@contextmanager
def readable_parquet(file: Path) -> Iterator[pq.ParquetFile]:
    """Open a parquet file, and turn whatever Arrow raises about it into a `DataError`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as opened:
            yield opened
    # ArrowNotImplementedError, ArrowKeyError and ArrowTypeError are no ValueErrors
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise DataError(f"{file}: not readable as parquet: {error}") from error


def frame_of(table: pa.Table, file: Path) -> pd.DataFrame:
    """Return an Arrow table as pandas', without the columns that only number the rows.

    Raises
    ------
    DataError
        If a column stands twice, or what pandas noted in the file is damaged.
    """
    left_out = _row_labels(table, file)
    names = [name for name in table.column_names if name not in left_out]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"{file}: 1 column occurs twice, the first is {twice!r}. Rename or remove one.")
    frame: pd.DataFrame = table.select(names).to_pandas(ignore_metadata=True)
    return frame


def _row_labels(table: pa.Table, file: Path) -> set[str]:
    """Return the columns that pandas calls the index, unless they carry a name that is known here."""
    note = (table.schema.metadata or {}).get(b"pandas")
    labels: list[object] = []
    if note is not None:
        try:
            labels = json.loads(note)["index_columns"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise DataError(
                f"{file}: not readable as parquet: what pandas noted in it is damaged ({error}). Write the file again."
            ) from error
        if not isinstance(labels, list):
            raise DataError(f"{file}: not readable as parquet: what pandas noted in it is damaged. Write it again.")
    named = {label for label in labels if isinstance(label, str) and label.lower() not in _USUAL}
    return named | {name for name in table.column_names if re.fullmatch(r"__index_level_\d+__", name)}
