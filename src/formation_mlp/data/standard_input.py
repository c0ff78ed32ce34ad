"""Keep a table that comes by standard input in a file, so that it can be read more than once, and again later."""

from __future__ import annotations

import gzip
import re
import sys
import zlib
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from formation_mlp.errors import DataError
from formation_mlp.system.files import write_bytes

STANDARD_INPUT = "-"
"""How a user names it in place of a file."""
KEPT_AS = "stdin"
"""How the name of the file begins."""
LARGEST = 1 << 32
"""Bytes; as much has to fit into memory before it is kept."""
_BINARY = {b"PAR1": ".parquet", b"PK\x03\x04": ".xlsx"}


def keep_standard_input(folder: Path, stream: BinaryIO | None = None) -> Path:
    r"""Write what standard input holds to a file in ``folder``, and return the file.

    Parameters
    ----------
    folder
        Where the file goes; made if it is not there.
    stream
        Read in place of standard input.

    Returns
    -------
    Path
        ``stdin-`` with eight signs of the hash of the content, so that one table has one name and two have two; and
        the ending of its kind: a workbook, parquet, JSON, JSON lines, extended XYZ, or text with tabs or commas.

    Raises
    ------
    DataError
        If standard input is the keyboard, empty, too large, or cannot be read.

    Examples
    --------
    >>> from io import BytesIO
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     keep_standard_input(Path(folder), BytesIO(b"formula\te_form\nNaCl\t-2.1\n")).name
    'stdin-c55f764e.tsv'
    """
    if stream is None:
        if sys.stdin.isatty():
            raise DataError("standard input is the keyboard. Give a table by a pipe, or name a file.")
        stream = sys.stdin.buffer
    try:
        content = stream.read(LARGEST + 1)
    except OSError as error:
        raise DataError(f"standard input cannot be read ({error.strerror or error}).") from error
    if not content.strip():
        raise DataError("standard input is empty, but a table is expected.")
    if len(content) > LARGEST:
        raise DataError(f"standard input holds more than {LARGEST:,} bytes. Write it to a file first, and name that.")
    file = folder / f"{KEPT_AS}-{sha256(content).hexdigest()[:8]}{_ending(content)}"
    write_bytes(file, content)
    return file


def _ending(content: bytes) -> str:
    """Return the ending of a file of this content."""
    if content.startswith(b"\x1f\x8b"):
        return f"{_ending(_beginning(content))}.gz"
    known = next((ending for head, ending in _BINARY.items() if content.startswith(head)), None)
    if known is not None:
        return known
    text = content[:100_000].decode("utf-8-sig", "replace").lstrip()
    lines = text.splitlines()
    if text.startswith(("{", "[")):
        return ".json" if text.startswith("[") or len(lines) < 2 or not lines[1].startswith("{") else ".jsonl"
    if re.fullmatch(r"\d+", lines[0].strip()) and len(lines) > 1 and "Lattice" in lines[1]:
        return ".extxyz"
    return ".tsv" if lines[0].count("\t") > lines[0].count(",") else ".csv"


def _beginning(content: bytes) -> bytes:
    """Return how a text that gzip has compressed begins."""
    with gzip.open(BytesIO(content)) as file:
        try:
            return file.read(100_000) or b"?"
        except (OSError, EOFError, zlib.error):  # reading the table says what is wrong
            return b"?"
