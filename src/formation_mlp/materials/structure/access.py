"""Which structure files may be read: all, or, where strangers name them, those of one folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from formation_mlp.errors import DataError
from formation_mlp.quoting import quoted

_FOLDER: ContextVar[str | None] = ContextVar("folder outside of which no structure is read", default=None)


@contextmanager
def only_files_of(folder: Path) -> Iterator[None]:
    """Read no structure file outside of a folder, in this block of code: a cell of a table may name any.

    Nothing that is read there is kept for a next run, either.
    """
    token = _FOLDER.set(os.path.realpath(folder))
    try:
        yield
    finally:
        _FOLDER.reset(token)


def is_limited() -> bool:
    """Return whether this code runs in `only_files_of`."""
    return _FOLDER.get() is not None


def may_read(path: Path | str) -> bool:
    """Return whether a file may be read, whether or not it is there.

    Examples
    --------
    >>> may_read("/etc/hostname")
    True
    >>> with only_files_of(Path("uploads")):
    ...     may_read("uploads/NaCl.cif"), may_read("uploads/../NaCl.cif"), may_read("/etc/hostname")
    (True, False, False)
    """
    folder = _FOLDER.get()
    if folder is None:
        return True
    try:
        return os.path.realpath(path).startswith(folder + os.sep)
    except (OSError, ValueError):  # longer than a name may be, or with a zero in it
        return False


def check_access(path: Path | str) -> None:
    """Raise `DataError` if a file may not be read."""
    if not may_read(path):
        raise DataError(
            f"{quoted(str(path))} names a file, and files of this machine are not read here. "
            "Give the structure itself: the text of a CIF or POSCAR, or pymatgen JSON."
        )
