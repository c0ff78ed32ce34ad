"""Where the output of a lesson goes: to the terminal or notebook, or to the code that runs the lesson."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from formation_mlp.lessons.blocks import Block, Drawing, Printed, Prose, Question, Table
from formation_mlp.lessons.exercises.collection import find_exercise
from formation_mlp.lessons.exercises.kinds import Exercise
from formation_mlp.lessons.notebook import display_block, is_notebook
from formation_mlp.system.text_table import terminal_width

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDEST = 100
"""Columns of prose in a terminal, at most."""

FOLDER = Path("lessons")
"""Where figures go if nothing else is asked for."""


def print_block(block: Block) -> None:
    """Print a block and an empty line."""
    text = block.as_text(min(WIDEST, terminal_width()))
    if text:
        print(text, end="\n\n", flush=True)


@dataclass
class Session:
    """One run of a lesson.

    Attributes
    ----------
    number : of the lesson, two digits, before the names of its figures; or nothing, as in a notebook
    out : folder of its figures; None in a notebook, which shows them
    data : a table of the caller's, for the lessons that take one
    take : what is done with each block
    printed : what a lesson prints by itself, where it is caught
    blocks, exercises : what the lesson has given so far
    """

    number: str = ""
    out: Path | None = FOLDER
    data: str | None = None
    take: Callable[[Block], None] = print_block
    printed: io.StringIO = field(default_factory=io.StringIO)
    blocks: list[Block] = field(default_factory=list)
    exercises: list[Exercise] = field(default_factory=list)

    def add(self, block: Block) -> None:
        """Keep a block and pass it on, after what was printed before it."""
        self.flush()
        self._keep(block)

    def flush(self) -> None:
        """Make a block of what was printed."""
        text = self.printed.getvalue().strip("\n")
        self.printed.seek(0)
        self.printed.truncate()
        if text:
            self._keep(Printed(text))

    def _keep(self, block: Block) -> None:
        self.blocks.append(block)
        self.take(block)


_sessions: list[Session] = []


def _current() -> Session:
    """Return the session of the code that runs the lesson or, if there is none, one that shows or prints."""
    if not _sessions and is_notebook():
        _sessions.append(Session(out=None, take=display_block))
    elif not _sessions:
        script = Path(getattr(sys.modules["__main__"], "__file__", None) or "").stem
        digits = re.match(r"\d\d(?=_)", script)
        _sessions.append(Session(digits[0] if digits else ""))
    return _sessions[-1]


@contextmanager
def session(new: Session) -> Iterator[Session]:
    """Send the output of a lesson to a session inside the block."""
    _sessions.append(new)
    try:
        yield new
    finally:
        _sessions.pop()


def say(text: str) -> None:
    """Say a paragraph with computed numbers; it may have the marks of `formation_mlp.lessons.markup`."""
    _current().add(Prose(text))


def table(header: Sequence[str], rows: Sequence[Sequence[object]], caption: str = "") -> None:
    """Show a table; cells are texts or whole numbers, formatted by the lesson."""
    _current().add(Table(tuple(header), [tuple(map(str, row)) for row in rows], caption))


def show(figure: Figure, name: str, caption: str) -> None:
    """Show a figure with what it shows; outside of a notebook it is saved as ``NN_name.png``."""
    from formation_mlp.figures.style import save_figure

    current = _current()
    path = (current.out or Path()) / "_".join(filter(None, [current.number, f"{name}.png"]))
    if current.out is not None:
        save_figure(figure, path, {"Title": caption})
    current.add(Drawing(path, figure, caption))


def exercise(number: str) -> None:
    """Ask an exercise of the lecture here, such as ``2.1``.

    Raises
    ------
    DataError
        If there is none with this number.
    """
    current, one = _current(), find_exercise(number)
    current.exercises.append(one)
    current.add(Question(one))


def data_path() -> str | None:
    """Return the table of ``formation-mlp lesson N --data PATH``, or None."""
    return _current().data
