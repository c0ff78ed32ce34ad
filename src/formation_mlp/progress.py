"""What a person sees while a job runs: a bar on a terminal, one line an epoch elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING

from formation_mlp.training.state import EpochRecord

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Reporter:
    """Say what happens, on standard error.

    Parameters
    ----------
    verbosity
        -1 says nothing but errors, 0 the stages and epochs, 1 also details.
    """

    def __init__(self, verbosity: int = 0) -> None:
        self.verbosity = verbosity
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def say(self, text: str, level: int = 0) -> None:
        """Print a line, unless it is less important than the verbosity asks for."""
        if self.verbosity >= level:
            print(text, file=sys.stderr, flush=True)

    def __enter__(self) -> Reporter:
        return self

    def __exit__(self, *_exc: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.end_training()

    def begin_training(self, name: str, max_epochs: int) -> None:
        """Open the bar of a network."""
        if self.verbosity < 0 or not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total} epochs"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(name, total=max_epochs, note="")
        self._bar.start()

    def epoch(self, record: EpochRecord, score: str) -> None:
        """Show one epoch."""
        star = " *" if record.is_best else ""
        if self._bar is not None and self._task is not None:
            note = f"val {score} {record.val_score:.4f}"
            self._bar.update(self._task, completed=record.epoch, note=note)
        else:
            self.say(
                f"epoch {record.epoch:4d}  train loss {record.train_loss:.4f}  val loss {record.val_loss:.4f}  "
                f"val {score} {record.val_score:.4f}{star}"
            )

    def end_training(self) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
