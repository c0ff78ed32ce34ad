"""The folder of all jobs: tables come in, and go when their day has come."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from anyio import to_thread

from formation_mlp.errors import DataError
from formation_mlp.quoting import quoted
from formation_mlp.serve.jobs.job import DELETE, DONE, FAILED, JOB, RUNNING, Job, now
from formation_mlp.serve.names import safe_name
from formation_mlp.serve.problems import ProblemError
from formation_mlp.serve.settings import Settings
from formation_mlp.system.caching import cache_root

KINDS = (
    ".csv",
    ".csv.gz",
    ".tsv",
    ".tsv.gz",
    ".parquet",
    ".xlsx",
    ".json",
    ".json.gz",
    ".jsonl",
    ".jsonl.gz",
    ".ndjson",
)
"""Endings of tables that are taken."""
_ID = re.compile(r"[0-9a-f]{32}")
ROOM = 3
"""Times the size of a table that must be free on the disk: itself, the parts and the result."""


class Jobs:
    """All jobs of a service.

    Parameters
    ----------
    settings
        Where they lie, how many there may be, and how long they are kept.
    """

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.jobs or default_folder()
        self.keep = timedelta(days=settings.limits.keep_days)
        self._limits = settings.limits

    def all(self) -> list[Job]:
        """Return the jobs, the oldest first."""
        if not self.folder.is_dir():
            return []
        found = [Job(path) for path in self.folder.iterdir() if _ID.fullmatch(path.name)]
        return sorted((job for job in found if job.is_whole), key=lambda job: (job.asked["created"], job.id))

    def get(self, id_: str) -> Job:
        """Return a job.

        Raises
        ------
        ProblemError
            If there is none of this id.
        """
        job = Job(self.folder / id_)
        if not _ID.fullmatch(id_) or not job.is_whole:
            raise ProblemError(404, f"job {quoted(id_)}: there is none, or it has been deleted.")
        return job

    async def take(self, name: str, size: int | None, blocks: AsyncIterator[bytes], words: Mapping[str, Any]) -> Job:
        """Keep a table that arrives, and return its job.

        Parameters
        ----------
        name
            Of the file, whose ending tells its kind.
        size
            Bytes, if the sender has told.
        blocks
            Its content.
        words
            What is asked of every row, and the kind of the result under ``out``.

        Raises
        ------
        ProblemError
            If there are too many jobs, or the disk has no room.
        DataError
            If it is no table by its name.
        """
        ending = next((ending for ending in KINDS if name.lower().endswith(ending)), None)
        if ending is None:
            raise DataError(f"name: {quoted(name)} is no table by its ending. Endings: {', '.join(KINDS)}.")
        if len(self.all()) >= self._limits.jobs:
            raise ProblemError(503, f"There are {self._limits.jobs} jobs already. Delete one that is not needed.")
        job = Job(self.folder / secrets.token_hex(16))
        try:
            job.folder.mkdir(parents=True, mode=0o700)
            self._check_room(size or 0)
            await _write(job.folder / f"table{ending}", blocks)
            asked = {
                "name": safe_name(name),
                "file": f"table{ending}",
                "created": now(),
                "out": words.get("out", "csv"),
            }
            job.write(JOB, asked | {"words": {key: value for key, value in words.items() if key != "out"}})
        except OSError as error:
            shutil.rmtree(job.folder, ignore_errors=True)
            raise ProblemError(507, f"The table cannot be kept here ({error.strerror or error}).") from error
        except BaseException:
            shutil.rmtree(job.folder, ignore_errors=True)
            raise
        return job

    def _check_room(self, size: int) -> None:
        free = shutil.disk_usage(self.folder).free
        if free < ROOM * size:
            raise ProblemError(
                507,
                f"The disk has {free / 2**20:,.0f} MB free, and a table of {size / 2**20:,.0f} MB takes three times "
                "as much until it is done.",
            )

    def forget(self) -> None:
        """Delete what the user no longer wants, what nobody has asked for in time, and what never arrived whole."""
        if not self.folder.is_dir():
            return
        for path in self.folder.iterdir():
            job = Job(path)
            if not _ID.fullmatch(path.name) or (path / RUNNING).exists():
                continue
            is_over = (path / DELETE).exists() or (job.is_whole and job.expires(self.keep) < datetime.now(UTC))
            if is_over or (not (path / JOB).exists() and _age(path) > timedelta(days=1)):
                shutil.rmtree(path, ignore_errors=True)

    def next(self) -> Job | None:
        """Return the job that is to be done next, if there is one."""
        return next((job for job in self.all() if job.state == "waiting"), None)

    def resume(self, job: Job) -> None:
        """Let a job that was cancelled, or failed, go on where it stopped."""
        if job.state == "done":
            return
        job.clear(FAILED, DONE, "cancel")


def _age(path: Path) -> timedelta:
    return datetime.now(UTC) - datetime.fromtimestamp(path.stat().st_mtime, UTC)


async def _write(path: Path, blocks: AsyncIterator[bytes]) -> None:
    """Write what arrives, without making others wait for the disk."""
    with path.open("wb") as file:
        async for block in blocks:
            await to_thread.run_sync(file.write, block)
        await to_thread.run_sync(file.flush)
        await to_thread.run_sync(os.fsync, file.fileno())


def default_folder() -> Path:
    """Return where jobs lie if nobody says: in the user's cache, or else among the temporary files."""
    root = cache_root()
    user = os.environ.get("USER") or os.environ.get("USERNAME") or "user"
    return Path(gettempdir()) / f"formation-mlp-jobs-{safe_name(user)}" if root is None else root / "jobs"
