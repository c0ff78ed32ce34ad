"""A table in parts: each is written whole or not at all, and an interrupted call goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from formation_mlp.errors import DataError
from formation_mlp.system.compute import Compute, Job
from formation_mlp.system.files import beside, move, remove_folder, sweep, write_json
from formation_mlp.system.interrupts import SAME_CALL, noted
from formation_mlp.system.jobs import run_jobs
from formation_mlp.system.outputs import PARTS, claimed, state_of
from formation_mlp.system.processes import ProcessDied
from formation_mlp.typing import Progress

Summary = dict[str, Any]
"""What is known of a part that is written: at least its number of ``rows``, and the ``content`` that it was made of."""

LABEL = "job.json"
"""The file in the hidden folder of parts that names the job."""
NAME = "part-{:05d}"


def job_key(job: Mapping[str, Any]) -> str:
    """Return the SHA-256 of all that decides what a job gives; parts of another key are not used."""
    return sha256(json.dumps(job, sort_keys=True).encode()).hexdigest()


class Parts:
    """The parts of a table in a folder, as far as one job has written them.

    Parameters
    ----------
    folder : where they are
    ending : of their files
    summary_of : returns what the file of a part says of itself, or None if it is not there or not whole
    n_rows : of the whole table, or 0 if only reading it would tell
    progress : called after each part with the number of rows done, and of all

    Attributes
    ----------
    n_found : parts that an earlier call had written
    n_rows_found : rows in them
    """

    def __init__(
        self,
        folder: Path,
        ending: str,
        summary_of: Callable[[Path], Summary | None],
        n_rows: int,
        progress: Progress | None,
    ) -> None:
        self.folder, self.ending, self.n_rows = folder, ending, n_rows
        self._summary_of, self._progress = summary_of, progress
        self.n_found = self.n_rows_found = self._n_done = 0
        self._summaries: dict[int, Summary] = {}

    def path(self, number: int) -> Path:
        """Return the file of a part."""
        return self.folder / f"{NAME.format(number)}{self.ending}"

    def write(self, jobs: Iterable[tuple[Callable[[], str | None], Job[int]]], compute: Compute) -> Iterator[Any]:
        """Write the parts that are missing, and yield what their jobs yield.

        Parameters
        ----------
        jobs
            For each part a function that tells what it is made of, in a text, which is asked if the part is there; and
            the job that writes it, whose key is the number of the part.
        compute
            Where the jobs run.

        Raises
        ------
        ProcessDied
            If each process died that was to write a part.
        DataError
            If a part disappears.
        """
        missing = (job for content, job in jobs if not self._is_written(job.key, content))
        with closing(run_jobs(missing, compute)) as events:
            for event in events:
                if event.lost:
                    raise ProcessDied(event.lost)
                if not event.is_end:
                    yield event.item
                    continue
                summary = self._summary_of(self.path(event.key))
                if summary is None:
                    raise DataError(f"{self.path(event.key)}: has disappeared while the job was running.")
                self._count(event.key, summary)

    def files(self) -> list[Path]:
        """Return the files of all parts in their order."""
        return [self.path(number) for number in sorted(self._summaries)]

    def summaries(self) -> list[Summary]:
        """Return what is known of each part, in their order."""
        return [self._summaries[number] for number in sorted(self._summaries)]

    def total(self, what: str) -> int:
        """Return the sum of a number over all parts."""
        return sum(summary[what] for summary in self._summaries.values())

    def _is_written(self, number: int, content: Callable[[], str | None]) -> bool:
        summary = self._summary_of(self.path(number))
        if summary is None or summary.get("content") != content():
            return False
        self.n_found += 1
        self.n_rows_found += summary["rows"]
        self._count(number, summary)
        return True

    def _count(self, number: int, summary: Summary) -> None:
        self._summaries[number] = summary
        self._n_done += summary["rows"]
        if self._progress is not None:
            self._progress(self._n_done, max(self.n_rows, self._n_done))


@contextmanager
def going_on(folder: Path) -> Iterator[None]:
    """Say of an interrupt that the parts which are written are not lost."""
    with noted(SAME_CALL, lambda: any(folder.glob(f"{NAME[:5]}*"))):
        yield


@contextmanager
def parts_of_file(
    out: Path, key: str, inputs: Iterable[str | Path | None], *, overwrite: bool, others: Sequence[Path]
) -> Iterator[Path]:
    """Claim a file as `formation_mlp.system.outputs.claimed` does, and lend a hidden folder beside it for its parts.

    Inside the block, `put_together` gives the file its place. The folder goes at the end, unless something is raised.

    Raises
    ------
    DataError
        If there is a folder of this name that is not of this package; or as `claimed` does.
    """
    folder = beside(out, PARTS)
    goes_on = partial(_goes_on, folder, key, out)
    with claimed(out, inputs, overwrite=overwrite, others=others, goes_on=goes_on), going_on(folder):
        _open_folder(folder, key, out)
        yield folder
        remove_folder(folder)


def put_together(folder: Path, result: Path, out: Path) -> None:
    """Give the whole result, a file in the hidden folder, its place; the next call knows it for this job's own."""
    write_json(folder / LABEL, {**_label(folder), "result": state_of(result)})
    move(result, out)


def _open_folder(folder: Path, key: str, out: Path) -> None:
    """Make the folder of parts ready; parts of another job, which is dead if nobody holds the lock, are of no use."""
    label = folder / LABEL
    if folder.exists():
        sweep(folder)
        if not folder.is_dir():
            raise DataError(f"{folder}: is a file, where parts of the result are kept. Remove it.")
        if not label.exists() and any(folder.iterdir()):
            raise DataError(f"{folder}: holds files of unknown origin. Move it away, or choose another --out.")
        if _label(folder).get("key") == key:
            return
        remove_folder(folder)
    write_json(label, {"key": key, "replaces": state_of(out)})


def _label(folder: Path) -> dict[str, Any]:
    """Return what the folder of parts says of itself; nothing if it is damaged."""
    try:
        found = json.loads((folder / LABEL).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _goes_on(folder: Path, key: str, out: Path) -> bool:
    """Return whether an interrupted call of this job was to replace ``out`` as it is, or had already written it."""
    label = _label(folder)
    return label.get("key") == key and state_of(out) in (label.get("replaces"), label.get("result"))
