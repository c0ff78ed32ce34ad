"""Locks, so that only one process at a time works in a folder or on a file.

The system itself unlocks the file of a process that ends, however it ends, so that no lock outlives its holder, here
or on a shared disk. A second file, which is only for people, names the holder.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from formation_mlp.errors import FormationMLPError, InUseError
from formation_mlp.system.files import real_path, write_json

JOB_LOCK, FIT_LOCK = ".lock", ".fit.lock"
"""Names of the locks in a run folder: of the whole folder, and of the fit in it, which another process may do."""

OWNER = ".owner"
"""What the file that names the holder adds to the name of the lock."""

PATIENCE_SECONDS = 20.0
"""How long a worker waits for another one in its place: one that its dead parent left behind ends soon."""


_here: set[Path] = set()
"""Locks that this process holds."""


def is_held_here(lock: Path) -> bool:
    """Return whether this process itself holds a lock."""
    return real_path(lock) in _here


def is_lock(path: Path) -> bool:
    """Return whether a file in a run folder is one of `held`, perhaps left by a process that was killed."""
    name = path.name.removesuffix(OWNER)
    return name in (JOB_LOCK, FIT_LOCK)


@contextmanager
def held(lock: Path, place: Path, patience: float = 0.0) -> Iterator[None]:
    """Keep every other process out of a place, inside the block.

    Folders are made for the lock where they are missing, and removed again if nothing else has come into them.

    Parameters
    ----------
    lock
        The file to lock.
    place
        What the message names.
    patience
        Seconds to wait for another process.

    Raises
    ------
    InUseError
        If another process is there.
    FormationMLPError
        If the lock cannot be written.
    """
    from filelock import FileLock, Timeout

    made = [folder for folder in (lock.parent, *lock.parent.parents) if not folder.exists()]
    claim, owner = FileLock(lock, timeout=patience), lock.with_name(lock.name + OWNER)
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        claim.acquire()
    except Timeout:
        raise InUseError(f"{place}: {_holder(owner)}") from None
    except (OSError, ValueError) as error:
        _remove_empty(made)
        reason = getattr(error, "strerror", None) or error
        if lock.is_symlink() or lock.is_dir():
            what = "a link" if lock.is_symlink() else "a folder"
            raise FormationMLPError(
                f"{place}: {str(lock)!r}, which keeps other processes out, is {what}. Remove it."
            ) from error
        raise FormationMLPError(f"{place}: cannot be written ({reason}). Choose another folder.") from error
    try:
        _here.add(real_path(lock))
        with suppress(FormationMLPError):  # on a full disk, say: what the job writes tells it better
            write_json(owner, _self())
        yield
    finally:
        _here.discard(real_path(lock))
        for file in (owner, lock):
            with suppress(OSError):  # Windows keeps the lock until it is released
                file.unlink()
        claim.release()
        _remove_empty(made)


def _remove_empty(folders: list[Path]) -> None:
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()


def _self() -> dict[str, str | int]:
    from socket import gethostname

    script = Path(sys.argv[0] or "python").name
    if script == "child.py":
        what = f"a worker of process {os.getppid()}"
    elif script in ("formation-mlp", "__main__.py"):
        what = " ".join(["formation-mlp", *sys.argv[1:2]])
    else:
        what = script
    since = datetime.now().astimezone().isoformat(" ", "seconds")
    return {"pid": os.getpid(), "host": gethostname(), "what": what, "since": since}


def _holder(owner: Path) -> str:
    """Return in words who is there, and what to do."""
    from socket import gethostname

    try:
        found = json.loads(owner.read_text(encoding="utf-8"))
        pid, host, what, since = (found[key] for key in ("pid", "host", "what", "since"))
    except (OSError, ValueError, KeyError, TypeError):
        return "another process works here. Wait for it, or name another place."
    end = f"end it with 'kill {pid}'" if host == gethostname() else f"end it on {host}"
    return f"process {pid} on {host} works here ({what}, since {since}). Wait for it, name another place, or {end}."
