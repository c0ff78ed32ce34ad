"""Run a lesson, cell by cell."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from formation_mlp.errors import FormationMLPError
from formation_mlp.lessons.blocks import Block, Code, Prose
from formation_mlp.lessons.cells import Cell, Lesson
from formation_mlp.lessons.session import FOLDER, Session, session
from formation_mlp.lessons.threads import own_threads


class LessonError(FormationMLPError):
    """A lesson could not be run to its end."""


def run_lesson(
    lesson: Lesson, out: Path = FOLDER, data: str | None = None, take: Callable[[Block], None] = lambda _block: None
) -> Session:
    """Run all cells of a lesson in one namespace.

    Parameters
    ----------
    lesson
        Which.
    out
        Folder of its figures.
    data
        A table of the caller's, for the lessons that take one.
    take
        Called with each block as soon as it is there, such as `formation_mlp.lessons.session.print_block`.

    Returns
    -------
    Session
        All blocks and exercises.

    Raises
    ------
    LessonError
        If a cell fails; the message names the lesson, the cell and its line.
    """
    # Not `__main__`: a dataclass of a lesson looks its module up, and must not find that of the command line.
    namespace: dict[str, Any] = {"__name__": f"lesson_{lesson.digits}", "__file__": str(lesson.path)}
    terminal = sys.stdout

    def pass_on(block: Block) -> None:
        with redirect_stdout(terminal):
            take(block)

    current = Session(lesson.digits, out, data, pass_on)
    with session(current), own_threads(), redirect_stdout(current.printed):
        for cell in lesson.cells:
            if cell.is_prose:
                current.add(Prose(cell.text))
            else:
                if not cell.asked:
                    current.add(Code(cell.text))
                _run_cell(lesson, cell, namespace)
        current.flush()
    return current


def _run_cell(lesson: Lesson, cell: Cell, namespace: dict[str, Any]) -> None:
    source = "\n" * (cell.line - 1) + cell.text  # so that a traceback names the lines of the file
    try:
        exec(compile(source, str(lesson.path), "exec", dont_inherit=True), namespace)  # noqa: S102
    except Exception as error:
        raise LessonError(
            f"lesson {lesson.number}, {lesson.path.name}, cell {cell.number} from line {cell.line}: "
            f"{type(error).__name__}: {error}"
        ) from error
