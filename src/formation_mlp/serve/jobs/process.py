"""The process that predicts the table of one job: ``python -m formation_mlp.serve.jobs.process FOLDER MODEL ROWS``.

It ends when the process that started it does: then its standard input, a pipe that nothing is written to, is closed.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Thread

from formation_mlp.errors import DataError, FormationMLPError
from formation_mlp.materials.structure.access import only_files_of
from formation_mlp.prediction.predict_in_parts import predict_in_parts
from formation_mlp.serve.jobs.job import DONE, FAILED, PROGRESS, Job, now

ROWS_PER_PART = 20_000
"""Between two reports of progress."""
FOUND = 0.05
"""Seconds: a part that is there in less was done by an earlier call, and tells nothing of the speed."""
ORPHANED = 3
"""Exit code where the service is gone."""


def main(arguments: list[str]) -> int:
    """Predict the table of a job, and write what became of it into its folder."""
    folder, model, most = Path(arguments[0]), arguments[1] or None, int(arguments[2])
    Thread(target=_end_with_the_service, daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(5)  # answers that somebody waits for go first
    job = Job(folder)
    try:
        with only_files_of(folder / "none"):  # a cell may name any file of this machine
            predicted = predict_in_parts(
                job.table,
                job.result,
                job.request(model),
                rows_per_part=ROWS_PER_PART,
                overwrite=True,
                progress=_Progress(job, most),
            )
    except FormationMLPError as error:
        job.write(FAILED, {"ended": now(), "error": said(error, job)})
        return 2
    job.write(
        DONE,
        {"ended": now(), "n_rows": predicted.n_rows, "n_failed": predicted.n_failed, "meaning": predicted.meaning},
    )
    return 0


def said(error: FormationMLPError, job: Job) -> str:
    """Return a message with the name that the user gave to the table in place of where it lies."""
    return str(error).replace(str(job.table), str(job.asked["name"])).replace(f"{job.folder}/", "")


class _Progress:
    """Writes how far the work is, and ends it where the table is too long."""

    def __init__(self, job: Job, most: int) -> None:
        self._job, self._most = job, most
        self._before, self._n_before = time.monotonic(), 0
        self._speed: float | None = None

    def __call__(self, n_done: int, n_rows: int) -> None:
        if max(n_done, n_rows) > self._most:
            raise DataError(
                f"{self._job.asked['name']}: holds more than {self._most:,} rows, the most that this service predicts. "
                "Divide it."
            )
        moment, n = time.monotonic(), n_done - self._n_before
        if moment - self._before > FOUND:
            speed = n / (moment - self._before)
            self._speed = speed if self._speed is None else (self._speed + speed) / 2
        self._before, self._n_before = moment, n_done
        self._job.write(PROGRESS, {"n_done": n_done, "n_rows": n_rows, "rows_per_second": self._speed})


def _end_with_the_service() -> None:
    with suppress(OSError, ValueError):
        sys.stdin.buffer.read()
    os._exit(ORPHANED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
