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
from formation_mlp.lessons.exercises import Exercise
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
    out : folder of its figures
    data : a table of the caller's, for the lessons that take one
    take : what is done with each block
    printed : what a lesson prints by itself, where it is caught
    blocks, exercises : what the lesson has given so far
    """

    number: str = ""
    out: Path = FOLDER
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
    """Return the session of the code that runs the lesson or, if there is none, one that prints."""
    if not _sessions:
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
    """Save a figure as ``NN_name.png``, say where it is and what it shows, and close it."""
    from formation_mlp.figures.style import save_figure

    current = _current()
    path = current.out / "_".join(filter(None, [current.number, f"{name}.png"]))
    save_figure(figure, path, {"Title": caption})
    current.add(Drawing(path, figure, caption))
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(figure)
    if "IPython" in sys.modules:
        _display(path)


def _display(path: Path) -> None:
    """Show a saved figure in a notebook."""
    from IPython.core.getipython import get_ipython
    from IPython.display import Image, display

    if get_ipython() is not None:
        display(Image(str(path), width=800))


def exercise(
    question: str,
    answer: float | str,
    *,
    tolerance: float = 0.02,
    absolute: float = 0.0,
    choices: Sequence[str] | None = None,
    hint: str = "",
) -> None:
    """Ask a question at the end of a lesson; ``formation-mlp lesson N --check`` takes the answer.

    Parameters
    ----------
    question
        With the unit and the number of digits that is asked for.
    answer
        Computed by the lesson: a number, or one of ``choices``. It is not printed.
    tolerance, absolute
        Accepted error of a number: relative to it, and in its unit; the larger one counts.
    choices
        Texts to choose from.
    hint
        Shown after a wrong answer.

    Raises
    ------
    ValueError
        If the answer is not finite, or none of the choices.
    """
    current = _current()
    one = Exercise(
        question, answer if isinstance(answer, str) else float(answer), tolerance, absolute, tuple(choices or ()), hint
    )
    current.exercises.append(one)
    current.add(Question(len(current.exercises), one))


def data_path() -> str | None:
    """Return the table of ``formation-mlp lesson N --data PATH``, or None."""
    return _current().data
