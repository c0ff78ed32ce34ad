"""Where a job may write: never over its input, over other files only if asked, and never where another job writes."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from formation_mlp.errors import DataError
from formation_mlp.system.files import beside, real_path, sweep, write_json

LOCK, PARTS, UNFINISHED = ".lock", ".parts", ".unfinished"
"""What the names of hidden things beside an output add to its own: see `formation_mlp.system.files.beside`."""


def about_path(out: Path) -> Path:
    """Return the file that says what the numbers in ``out`` mean."""
    return Path(f"{out}.about.json")


@contextmanager
def claimed(
    out: Path | None,
    inputs: Iterable[str | Path | None],
    *,
    overwrite: bool,
    others: Sequence[Path] = (),
    folder: Path | None = None,
    option: str = "--out",
    goes_on: Callable[[], bool] = lambda: False,
) -> Iterator[None]:
    """Make sure, inside the block, that ``out`` may be written and that no other process writes it.

    Parameters
    ----------
    out
        The file, or None: then nothing is looked at. It need not exist, nor its folder.
    inputs
        What the job reads: files, and folders with all that lies in them; names of other things are passed over.
    overwrite
        Whether files that exist are replaced.
    others
        Files that are written together with ``out``.
    folder
        A folder of further files.
    option
        Where the name comes from.
    goes_on
        Asked when the place is locked: whether the file is what an interrupted call of the same job has left.

    Raises
    ------
    DataError
        If one of the files is an input, a folder, a pipe or a device, or exists and must stay.
    InUseError
        If another process writes there.
    FormationMLPError
        If the place cannot be written.
    """
    if out is None:
        yield
        return
    from formation_mlp.system.locks import held

    files = [out, *others]
    read = [path for path in map(_existing, inputs) if path is not None]
    for file in files:
        _check_kind(file, option)
        _check_not_read(file, read, option)
    marker = beside(out, UNFINISHED)
    if not (marker.exists() or beside(out, PARTS).exists()):
        _check_free(files, folder, overwrite, option)  # before another process is waited for
    with held(beside(out, LOCK), out):
        _check_free(files, folder, overwrite or goes_on() or _was_interrupted(marker), option)
        for place in {real_path(file).parent for file in files}:
            sweep(place, [real_path(file).name for file in (*files, marker)])
        with _marked(marker, [*files, *([] if folder is None else [folder])]):
            yield


@contextmanager
def _marked(marker: Path, written: Sequence[Path]) -> Iterator[None]:
    """Leave a mark if the block ends between its first file and its last one, for the next call of the same kind."""
    before = list(map(state_of, written))
    write_json(marker, {"call": _call()})
    try:
        yield
    except BaseException:
        if list(map(state_of, written)) == before:
            marker.unlink(missing_ok=True)
        raise
    marker.unlink(missing_ok=True)


def _call() -> list[str]:
    """Return the words of the command, but for the one that does not tell jobs apart."""
    return [word for word in sys.argv if word != "--overwrite"]


def _was_interrupted(marker: Path) -> bool:
    """Return whether the same call was interrupted here: what is there is what it has written, or was to replace."""
    try:
        return bool(json.loads(marker.read_text(encoding="utf-8"))["call"] == _call())
    except (OSError, ValueError, KeyError, TypeError):
        return False


def state_of(path: Path) -> list[int] | None:
    """Return what tells a file from others, and stays when it is moved; None if there is none."""
    if not path.exists():
        return None
    status = path.stat()
    return [status.st_ino, status.st_size, status.st_mtime_ns]


def check_folder_not_read(folder: Path, inputs: Iterable[str | Path], option: str = "--out") -> None:
    """Raise `DataError` if a folder that is to be written is one that is read, or an input lies in it."""
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{option}: {str(folder)!r} is not a folder. Choose another name.")
    for path in filter(None, map(_existing, inputs)):
        if real_path(folder) in (real_path(path), real_path(path).parent):
            raise DataError(f"{option}: {str(path)!r}, which is read, is in {str(folder)!r}. Choose another folder.")


def _check_free(files: Sequence[Path], folder: Path | None, may_replace: bool, option: str) -> None:
    there = [file for file in files if file.exists()]
    there += sorted(folder.iterdir()) if folder is not None and folder.is_dir() else []
    if there and not may_replace:
        raise DataError(f"{option}: {str(there[0])!r} exists. Choose another name, or replace it with --overwrite.")


def _check_kind(file: Path, option: str) -> None:
    try:
        mode = real_path(file).stat().st_mode
    except OSError:  # nothing there; writing says what is wrong, if anything
        return
    if stat.S_ISDIR(mode):
        raise DataError(
            f"{option}: {str(file)!r} is a folder. Name a file, such as {str(file / 'new') + file.suffix!r}."
        )
    if not stat.S_ISREG(mode):
        raise DataError(f"{option}: {str(file)!r} is a device or a pipe, not a file. Name a file.")


def _check_not_read(file: Path, read: Sequence[Path], option: str) -> None:
    if not file.exists():
        return
    own = file.stat()
    if _is_stdin(own):
        raise DataError(f"{option}: {str(file)!r} is what standard input reads. Choose another name.")
    for path in read:
        if os.path.samestat(own, path.stat()):
            same = "" if str(path) == str(file) else f", the same file as {str(path)!r}"
            raise DataError(f"{option}: {str(file)!r} is what is read here{same}. Choose another name.")
        if path.is_dir() and real_path(path) in real_path(file).parents:
            raise DataError(
                f"{option}: {str(file)!r} is in the folder {str(path)!r}, which is read. Choose another name."
            )
        if path.is_dir() and _is_linked_in(path, own):
            raise DataError(f"{option}: {str(file)!r} is linked in {str(path)!r}, which is read. Choose another name.")


def _is_linked_in(folder: Path, own: os.stat_result) -> bool:
    """Return whether a file is in a folder under another name."""
    return any(path.is_file() and os.path.samestat(own, path.stat()) for path in folder.iterdir())


def _is_stdin(own: os.stat_result) -> bool:
    try:
        status = os.fstat(0)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and os.path.samestat(status, own)


def _existing(path: str | Path | None) -> Path | None:
    """Return an input as a path if there is such a file or folder."""
    try:
        found = None if path is None or not str(path) else Path(path).expanduser()
        return found if found is not None and found.exists() else None
    except (OSError, ValueError, RuntimeError):  # a formula, perhaps, or a name that no file can have
        return None
