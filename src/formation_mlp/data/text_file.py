"""What a file of text is before anybody reads a table in it: which encoding, which kind, and no control signs."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, cast

from formation_mlp.errors import DataError
from formation_mlp.quoting import quoted

UTF_8 = "utf-8-sig"
"""The encoding of text where none is named: UTF-8, with or without a mark at its beginning."""
_MARKS = {
    codecs.BOM_UTF8: UTF_8,
    codecs.BOM_UTF32_LE: "utf-32",  # begins as that of UTF-16 does
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""First bytes of a file to the encoding that they name."""
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BLOCK = 1 << 20
_OTHER_KINDS = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook. Unpack it, or give the workbook the ending .xlsx"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook of the old kind. Save the sheet as .xlsx or CSV (UTF-8)"),
    (b"PAR1", "a parquet file. Give it the ending .parquet"),
    (b"%PDF", "a PDF document. Save the table as CSV"),
    (b"SQLite format 3", "an SQLite database. Export the table as CSV"),
    (b"BZh", "compressed by bzip2. Unpack it"),
    (b"\xfd7zXZ", "compressed by xz. Unpack it"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd. Unpack it"),
    (b"\x89HDF", "an HDF5 file. Save the table as CSV or parquet"),
)
"""First bytes of a file that is no text, and what it is."""


def check_kind(file: Path) -> bytes:
    """Return the first bytes of a file; raise `DataError` if they are those of a file of another kind."""
    with file.open("rb") as opened:
        head = opened.read(1024)
    found = next((what for start, what in _OTHER_KINDS if head.startswith(start)), None)
    if head.startswith(b"\x1f\x8b") and file.suffix.lower() != ".gz":
        found = "compressed by gzip. Give it an ending such as .csv.gz"
    if re.match(rb"(\xef\xbb\xbf)?\s*<(!doctype|html)", head, re.IGNORECASE):
        found = "a web page. Save the table itself as CSV"
    if found is not None:
        raise DataError(f"{file}: the content is {found}.")
    return head


def open_text(file: Path, encoding: str) -> TextIO:
    """Open a file of text, compressed by gzip or not, line ends as they are."""
    if file.suffix.lower() == ".gz":
        return cast("TextIO", gzip.open(file, "rt", encoding=encoding, newline=""))
    return file.open(encoding=encoding, newline="")


def encoding_of(file: Path, named: str) -> str:
    """Return the encoding of a file of text: that of the mark at its beginning if UTF-8 is named, else what is named.

    Raises
    ------
    DataError
        If there is no such encoding of text.
    """
    if not _is_utf_8(named):
        return named
    head = head_of(file)
    return next((encoding for mark, encoding in _MARKS.items() if head.startswith(mark)), named)


def _is_utf_8(encoding: str) -> bool:
    check_encoding(encoding)
    return codecs.lookup(encoding).name in ("utf-8", UTF_8)


def check_encoding(encoding: str) -> None:
    """Raise `DataError` if there is no such encoding of text."""
    try:
        known = codecs.lookup(encoding)
        "formula".encode(encoding)
    except (LookupError, ValueError) as error:  # ValueError: NUL in the name
        reason = f"unknown encoding: {encoding}" if isinstance(error, LookupError) else f"{quoted(encoding)}: {error}"
        raise DataError(f"data.encoding: {reason}. Try utf-8, latin-1, cp1252 or utf-16.") from error
    if known.name in ("unicode_escape", "raw_unicode_escape", "punycode", "idna", "utf-7"):
        raise DataError(f"data.encoding: {encoding!r} is not for tables. Try utf-8, latin-1, cp1252 or utf-16.")


@contextmanager
def readable(file: Path, encoding: str, what: str) -> Iterator[None]:
    """Turn whatever a damaged file of text raises into a `DataError` that names it.

    Parameters
    ----------
    file
        That is read in the block.
    encoding
        In which it is read.
    what
        The file should be, such as ``a JSON table``.
    """
    try:
        yield
    except UnicodeError as error:  # UTF-16 without its mark raises no UnicodeDecodeError
        raise wrong_encoding(file, encoding, str(error)) from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file}: not readable as {what}: {getattr(error, 'strerror', None) or error}") from error


class EncodingError(DataError):
    """A file of text is not in the encoding in which it was to be read."""


def wrong_encoding(file: Path, encoding: str, reason: str) -> EncodingError:
    """Return the error of a file in another encoding, with the one to try."""
    return EncodingError(
        f"{file}: not text in {'UTF-8' if _is_utf_8(encoding) else quoted(encoding)}: {reason}. Name its encoding with "
        f"data.encoding, such as {_likely_encoding(file)}, or save the file as UTF-8."
    )


def check_signs(file: Path, encoding: str) -> tuple[int, str] | None:
    """Return the line of the first control sign in a file, and the sign; None if there is none.

    Raises
    ------
    DataError
        If half of the signs are NUL: the file is in UTF-16.
    """
    line = 1
    with open_text(file, encoding) as opened:
        for text in iter(lambda: opened.read(_BLOCK), ""):
            found = _CONTROL.search(text)
            if found is None:
                line += text.count("\n")
                continue
            if found.group() == "\0" and _likely_encoding(file).startswith("utf-16"):
                raise wrong_encoding(file, encoding, "every other sign is NUL, as in UTF-16")
            return line + text.count("\n", 0, found.start()), found.group()
    return None


def has_control_sign(text: str) -> bool:
    """Tell whether a text holds a sign that no table does, such as NUL."""
    return _CONTROL.search(text) is not None


def head_of(file: Path) -> bytes:
    """Return how a file begins, unpacked if gzip has compressed it; nothing if it cannot be read."""
    try:
        with gzip.open(file) if file.suffix.lower() == ".gz" else file.open("rb") as opened:
            return opened.read(1000)
    except (OSError, EOFError, zlib.error):
        return b""


def _likely_encoding(file: Path) -> str:
    head = head_of(file)
    for offset, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(head) >= 4 and head[offset::2].count(0) > len(head) // 4:
            return name
    return "cp1252 (of Windows), latin-1 or utf-16"
