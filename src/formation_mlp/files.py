"""Write files whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from formation_mlp.errors import FormationMLPError


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file beside ``path`` under a temporary name, and rename it when all is written.

    A crash, a full disk or an interrupt leaves the old file, or none, but never half of the new one.

    Raises
    ------
    FormationMLPError
        If the file cannot be written.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        _discard(temporary)
        raise FormationMLPError(
            f"{path}: cannot be written ({error.strerror or error}). Nothing was changed there. "
            "Free some space or choose another folder."
        ) from error
    except BaseException:
        _discard(temporary)
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content``, whole or not at all, as `whole_file` does."""
    with whole_file(path) as file:
        file.write(content)


def write_text(path: Path, content: str) -> None:
    """Write text as UTF-8, whole or not at all."""
    write_bytes(path, content.encode("utf-8"))


def write_json(path: Path, content: Any) -> None:
    """Write ``content`` as indented JSON, whole or not at all; NaN and infinity are refused."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table with a header line, whole or not at all; ``None`` becomes an empty cell."""
    write_text(path, csv_text(header, rows))


def csv_text(header: Sequence[str] | None, rows: Iterable[Sequence[object]]) -> str:
    """Return a table as comma-separated text, with or without a header."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    if header is not None:
        writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue()


def _discard(temporary: Path | None) -> None:
    if temporary is not None:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
