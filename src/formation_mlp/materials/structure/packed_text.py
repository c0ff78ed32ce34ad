"""Text of a file, packed or not, in whatever encoding it is, up to a size."""

from __future__ import annotations

from pathlib import Path
from typing import IO

from formation_mlp.errors import DataError

PACKED = (".gz", ".bz2", ".xz")
"""Endings of compressed files that are read."""
MOST_BYTES = 100_000_000
"""Of a file, once unpacked."""


def text_of(path: Path, beginning: int | None = None) -> str:
    """Return a file as text: UTF-8, UTF-16 with its mark, or else latin-1.

    Parameters
    ----------
    path
        The file; the ending of its name tells whether it is packed.
    beginning
        Bytes after which reading stops; all if not given.

    Raises
    ------
    DataError
        If the file cannot be unpacked, is no text, or holds more than `MOST_BYTES`.
    """
    n_bytes = beginning or MOST_BYTES
    try:
        with _opened(path) as file:
            raw = file.read(n_bytes + 1)
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"not readable: {error}") from error
    except Exception as error:  # zlib and lzma have classes of their own for a damaged file
        if type(error).__module__ not in ("zlib", "lzma", "_lzma"):
            raise
        raise DataError(f"not readable: {error}") from error
    if len(raw) > n_bytes:
        if beginning is None:
            raise DataError(f"it holds more than {MOST_BYTES / 1e6:g} MB, the most that is read")
        raw = raw[:n_bytes]
    return _decoded(raw)


def _opened(path: Path) -> IO[bytes]:
    """Open a file; what unpacks it is imported only here, since most calls need none of it."""
    ending = path.suffix.lower()
    if ending == ".gz":
        import gzip

        return gzip.open(path, "rb")  # type: ignore[return-value]
    if ending == ".bz2":
        import bz2

        return bz2.open(path, "rb")
    if ending == ".xz":
        import lzma

        return lzma.open(path, "rb")
    return path.open("rb")


def _decoded(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return raw.decode("utf-16")
        except UnicodeDecodeError as error:
            raise DataError(f"not readable as text: {error}") from error
    if b"\0" in raw.rstrip(b"\0"):
        raise DataError("not readable as text: it holds binary zeros")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
