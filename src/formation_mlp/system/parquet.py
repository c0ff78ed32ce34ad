"""Parquet files with a note of this package in their metadata, as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from formation_mlp.system.files import write_bytes

if TYPE_CHECKING:
    import pyarrow as pa

_NOTE = b"formation_mlp"


def write_parquet(path: Path, table: pa.Table, note: object = None, compression: str = "snappy") -> None:
    """Write a table, whole or not at all, with a note beside what its schema tells already.

    Raises
    ------
    FormationMLPError
        If the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    if note is not None:
        table = table.replace_schema_metadata(with_note(table.schema, note).metadata)
    pq.write_table(table, sink, compression=compression)
    write_bytes(path, sink.getvalue().to_pybytes())


def with_note(schema: pa.Schema, note: object) -> pa.Schema:
    """Return a schema with a note beside what it tells already."""
    return schema.with_metadata({**(schema.metadata or {}), _NOTE: json.dumps(note).encode()})


def note_of(schema: pa.Schema) -> Any:
    """Return the note of a file by its schema; None if it has none.

    Raises
    ------
    ValueError
        If it is damaged.
    """
    return json.loads((schema.metadata or {}).get(_NOTE, b"null"))
