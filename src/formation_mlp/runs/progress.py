"""What a person sees while a job runs: a bar on a terminal, one line an epoch elsewhere."""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING

from formation_mlp.training.state import EpochRecord

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


SAY_EVERY_SECONDS = 30.0
"""Where there is no terminal, a line that often tells how far a long job is."""


class Reporter:
    """Say what happens, on standard error.

    Parameters
    ----------
    verbosity
        -1 says nothing but errors, 0 the stages and epochs, 1 also details.
    rows_are
        Title of the bar of `rows`, and what is done to a row.
    few_epochs
        Whether epochs that have no bar are said at most once in `SAY_EVERY_SECONDS`, unless details are asked for.

    Examples
    --------
    >>> from contextlib import redirect_stderr
    >>> with redirect_stderr(sys.stdout), Reporter() as reporter:
    ...     reporter.say("reading")
    ...     reporter.say("a detail", level=1)
    reading
    """

    def __init__(
        self,
        verbosity: int = 0,
        rows_are: tuple[str, str] = ("features", "featurized"),
        *,
        few_epochs: bool = False,
    ) -> None:
        self.verbosity = verbosity
        self._few_epochs = few_epochs and verbosity < 1
        self._epoch_said = time.monotonic()
        self._title, self._verb = rows_are
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._first: tuple[float, int] | None = None
        self._said = 0.0

    def say(self, text: str, level: int = 0) -> None:
        """Print a line, unless it is less important than the verbosity asks for."""
        if self.verbosity >= level:
            print(text, file=sys.stderr, flush=True)

    def __enter__(self) -> Reporter:
        return self

    def __exit__(self, *_exc: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.end_training()

    def rows(self, done: int, total: int) -> None:
        """Show how many rows are done; the first call of a job starts its clock."""
        now = time.monotonic()
        if self._first is None:
            self._first, self._said = (now, done), now
            if done < total:
                self._open(self._title, total, "rows")
        start, done_before = self._first
        rate = (done - done_before) / (now - start) if now > start else 0.0
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, note=f"{rate:,.0f} rows/s")
        elif rate and now - self._said > SAY_EVERY_SECONDS:
            self._said = now
            left = timedelta(seconds=round((total - done) / rate))
            self.say(f"{self._verb} {done:,} of {total:,} rows, {rate:,.0f} rows/s, {left} left")
        if done >= total:
            self.end_training()

    def begin_training(self, name: str, max_epochs: int) -> None:
        """Open the bar of a network."""
        self._open(name, max_epochs, "epochs")

    def _open(self, name: str, total: int, unit: str) -> None:
        if self.verbosity < 0 or not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn(f"{{task.completed}}/{{task.total}} {unit}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(name, total=total, note="")
        self._bar.start()

    def epoch(self, record: EpochRecord, score: str) -> None:
        """Show one epoch."""
        star = " *" if record.is_best else ""
        if self._bar is not None and self._task is not None:
            note = f"val {score} {record.val_score:.4f}"
            self._bar.update(self._task, completed=record.epoch, note=note)
        elif self._is_time_for_an_epoch():
            self.say(
                f"epoch {record.epoch:4d}  train loss {record.train_loss:.4f}  val loss {record.val_loss:.4f}  "
                f"val {score} {record.val_score:.4f}{star}"
            )

    def _is_time_for_an_epoch(self) -> bool:
        now = time.monotonic()
        if self._few_epochs and now - self._epoch_said < SAY_EVERY_SECONDS:
            return False
        self._epoch_said = now
        return True

    def passing(self, record: EpochRecord, score: str) -> None:
        """Move the bar of a network that is trained to decide something; elsewhere its epochs are details."""
        if self._bar is not None or self.verbosity > 0:
            self.epoch(record, score)

    def end_training(self) -> None:
        """Close the bar."""
        self._first = None
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
