"""Write files whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import file_digest, sha256
from pathlib import Path
from typing import IO, Any

from formation_mlp.errors import FormationMLPError

LONGEST_NAME = 120
"""Signs of a name that its temporary file repeats: file systems take 255 bytes."""

_TEMPORARY = re.compile(r"\.(?P<name>.+)\.[^.]+\.(?P<machine>[0-9a-f]{8})-(?P<pid>\d+)\.tmp", re.DOTALL)


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file beside ``path`` under a temporary name, and rename it when all is written.

    A crash, a full disk or an interrupt leaves the old file, or none, but never half of the new one. A link stays a
    link, and what it points to is written. The temporary name tells machine and process, for `sweep`.

    Raises
    ------
    FormationMLPError
        If the file cannot be written.
    """
    temporary: Path | None = None
    try:
        real = real_path(path)
        real.parent.mkdir(parents=True, exist_ok=True)
        suffix = f".{_machine()}-{os.getpid()}.tmp"
        descriptor, name = tempfile.mkstemp(prefix=f".{_short(real.name)}.", suffix=suffix, dir=real.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(real)
    except OSError as error:
        _discard(temporary)
        raise _unwritable(path, error) from error
    except BaseException:
        _discard(temporary)
        raise


def real_path(path: Path) -> Path:
    """Return the absolute path of a file, links followed; it need not exist.

    Raises
    ------
    FormationMLPError
        If no file can have such a name.
    """
    try:
        os.fsencode(path)
        return Path(os.path.realpath(path))
    except ValueError as error:  # NUL, half of a pair of surrogates
        raise FormationMLPError(f"{str(path)!r}: no file can have this name ({error}). Choose another one.") from error


def beside(path: Path, ending: str) -> Path:
    """Return the hidden file or folder that belongs to an output: ``.out.csv.lock`` for ``out.csv``."""
    real = real_path(path)
    return real.with_name(f".{_short(real.name)}{ending}")


def sweep(folder: Path, own: Sequence[str] = ()) -> None:
    """Remove temporary files of `whole_file` whose process on this machine is dead.

    Parameters
    ----------
    folder
        Where to look; what cannot be removed stays.
    own
        Names of files that only the caller may write, as a lock makes sure: all temporary files of them go.
    """
    names = {_short(name) for name in own}
    with suppress(OSError):
        for path in list(folder.glob(".*.tmp")):
            found = _TEMPORARY.fullmatch(path.name)
            is_own = any(re.fullmatch(rf"\.{re.escape(name)}\.[^.]+(\.[0-9a-f-]+)?\.tmp", path.name) for name in names)
            is_dead = found is not None and found["machine"] == _machine() and not is_alive(int(found["pid"]))
            if is_own or is_dead:
                path.unlink(missing_ok=True)


def is_alive(pid: int) -> bool:
    """Return whether a process of this machine runs, as far as the system tells without touching it."""
    if sys.platform == "win32":  # there, signal 0 would end it
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def content_digest(path: Path) -> str:
    """Return the SHA-256 of what a file holds: some 1 ms for each MB."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def move(file: Path, path: Path) -> None:
    """Give a whole file its place on the same disk, where a link is followed, as `whole_file` does."""
    try:
        file.replace(real_path(path))
    except OSError as error:
        raise _unwritable(path, error) from error


def remove_folder(folder: Path) -> None:
    """Remove a folder of this package's own files.

    Raises
    ------
    FormationMLPError
        If it cannot be removed.
    """
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise FormationMLPError(f"{folder}: cannot be removed ({error.strerror or error}). Remove it.") from error


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content``, whole or not at all, as `whole_file` does."""
    with whole_file(path) as file:
        file.write(content)


def write_text(path: Path, content: str) -> None:
    """Write text as UTF-8, whole or not at all; half a sign (a lone surrogate) is spelled as its escape."""
    write_bytes(path, content.encode("utf-8", "backslashreplace"))


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


def _unwritable(path: Path, error: OSError) -> FormationMLPError:
    return FormationMLPError(
        f"{path}: cannot be written ({error.strerror or error}). Nothing was changed there. "
        "Free some space or choose another folder."
    )


def _discard(temporary: Path | None) -> None:
    if temporary is not None:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME and len(os.fsencode(name)) <= LONGEST_NAME else _digest(name)


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


@cache
def _machine() -> str:
    """Return a text that tells this machine, or container, from others that see the same files."""
    from socket import gethostname

    try:
        processes = Path("/proc/self/ns/pid").stat().st_ino  # processes are counted anew in each such space
    except OSError:
        processes = 0
    return _digest(f"{gethostname()} {processes}")[:8]
