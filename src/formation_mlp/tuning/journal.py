"""The file of a search: Optuna's journal, one JSON line for each thing that happened, written by several processes.

This module is imported on use, since it imports optuna.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from formation_mlp.errors import FormationMLPError


class Journal(JournalFileBackend):
    """A journal whose lines stay whole even if a process that writes them is killed.

    Optuna's own leaves half a line when the disk is full or the process is killed. The next process, which knows
    nothing of that, goes on in the same line, and nobody can read the file any more.

    Raises
    ------
    FormationMLPError
        If the file cannot be made, or a line cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.lock = path, JournalFileOpenLock(str(path))
        try:
            super().__init__(str(path), lock_obj=self.lock)
        except OSError as error:
            raise cannot_be_written(path, error) from error

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Add lines after the last whole one: all of them, or none."""
        text = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs)
        try:
            self.lock.acquire()
            try:
                append(self.path, text.encode("utf-8"))
            finally:
                self.lock.release()
        except OSError as error:
            raise cannot_be_written(self.path, error) from error


def append(path: Path, lines: bytes) -> None:
    """Add lines to a file after its last whole line: all of them, or none; nobody else may write meanwhile."""
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        end = whole_lines(descriptor)
        try:
            os.lseek(descriptor, end, os.SEEK_SET)
            left = memoryview(lines)
            while left:
                left = left[os.write(descriptor, left) :]
            os.ftruncate(descriptor, end + len(lines))
            os.fsync(descriptor)
        except BaseException:
            with suppress(OSError):
                os.ftruncate(descriptor, end)
            raise
    finally:
        os.close(descriptor)


def whole_lines(descriptor: int, block: int = 1 << 16) -> int:
    """Return where the last whole line of an open file ends."""
    end = os.lseek(descriptor, 0, os.SEEK_END)
    while end:
        start = max(0, end - block)
        os.lseek(descriptor, start, os.SEEK_SET)
        found = os.read(descriptor, end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def cannot_be_written(path: Path, error: OSError) -> FormationMLPError:
    """Return the error of a search whose trials cannot be written."""
    return FormationMLPError(
        f"{path}: cannot be written ({error.strerror or error}). Free some space there, or permit it; then the same "
        "call with --resume goes on. Finished trials are kept."
    )
