"""Notebooks of the lessons for students, and solutions with a guide for teachers."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from formation_mlp.errors import ConfigError, DataError
from formation_mlp.lessons.cells import Cell, Lesson
from formation_mlp.lessons.exercises.collection import exercises_of, find_exercise
from formation_mlp.lessons.exercises.kinds import Code, Exercise
from formation_mlp.lessons.guide import guide_text
from formation_mlp.system.files import write_text

IMPORT = re.compile(r"(from formation_mlp\.lessons import .*?)\bexercise\b")
SHOWING = ("say", "show", "table")
FOLDED = ' jupyter={"source_hidden": true}'
"""What the marker of a cell says so that a notebook folds its lines away, and shows what comes of them."""
MARK = "formation_mlp"
"""Key of the metadata that tells these notebooks from others."""


def student_source(lesson: Lesson) -> str:
    """Return a lesson as percent cells for a student: each exercise as a question and cells that take the answer."""
    return "\n\n".join(_student_cells(lesson)) + "\n"


def _student_cells(lesson: Lesson) -> Iterator[str]:
    is_first = True
    for cell in lesson.cells:
        if cell.is_prose:
            yield _prose(cell.text)
            if is_first:
                yield _prose(
                    "*Run the cells from the top, each with Shift and Enter; all of them together take about "
                    f"{lesson.time} on two cores. `check` judges your answer to an exercise at once. The lines that "
                    "only show a result are folded away: a click on the dots unfolds them.*"
                )
                is_first = False
        else:
            yield from _code_cells(cell)


def _code_cells(cell: Cell) -> Iterator[str]:
    if not cell.asked:
        work, shown = split_shown(IMPORT.sub(r"\1check", cell.text))
        yield from [_code(work)] * bool(work)
        yield from [_code(shown, FOLDED)] * bool(shown)
    for number in cell.asked:
        exercise = find_exercise(number)
        yield _prose(_question(exercise))
        yield _code(exercise.scaffold)


def solutions_source(lesson: Lesson) -> str:
    """Return the exercises of a lesson with their solutions, as percent cells."""
    cells = [_prose(f"# {lesson.number}. {lesson.title}: solutions")]
    cells.append(_code("import numpy as np\n\nfrom formation_mlp.lessons import check"))
    for exercise in exercises_of(lesson.number):
        cells.append(_prose(_question(exercise)))
        if not isinstance(exercise, Code):
            cells.append(_prose(f"**Solution.** {exercise.solution}"))
        cells.append(_code(exercise.solved))
    return "\n\n".join(cells) + "\n"


def _question(exercise: Exercise) -> str:
    listed = "" if isinstance(exercise, Code) else f"\n\n{exercise.listed}"
    return f"### Exercise {exercise.number}\n\n{exercise.question}{listed}".rstrip()


def _prose(text: str) -> str:
    lines = "\n".join(f"# {line}".rstrip() for line in text.splitlines())
    return f"# %% [markdown]\n{lines}"


def _code(text: str, metadata: str = "") -> str:
    return f"# %%{metadata}\n{text}"


def split_shown(code: str) -> tuple[str, str]:
    r"""Return the lines of a cell that compute, and those at its end that only say, show or tabulate.

    >>> split_shown("x = 1\nsay(f'{x}')")
    ('x = 1', "say(f'{x}')")
    """
    first = None
    for statement in reversed(ast.parse(code).body):
        if not _only_shows(statement):
            break
        first = statement.lineno - 1
    lines = code.splitlines()
    return "\n".join(lines[:first]).strip("\n"), "" if first is None else "\n".join(lines[first:])


def _only_shows(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.If):
        return all(_only_shows(one) for one in [*statement.body, *statement.orelse])
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return getattr(statement.value.func, "id", "") in SHOWING
    return False


def write_notebooks(lessons: Sequence[Lesson], folder: Path, tell: Callable[[str], None]) -> list[Path]:
    """Write a notebook of each lesson, ``NN_name.ipynb``, without the answers to its exercises.

    Parameters
    ----------
    lessons
        Which.
    folder
        Where they go.
    tell
        Called with a line about each file.

    Returns
    -------
    list of Path
        The notebooks.

    Raises
    ------
    ConfigError
        If jupytext is not installed.
    DataError
        If a notebook is there already and holds something else, such as somebody's answers.
    """
    texts = {folder / f"{lesson.path.stem}.ipynb": as_notebook(student_source(lesson)) for lesson in lessons}
    return _write(texts, tell)


def write_solutions(lessons: Sequence[Lesson], folder: Path, tell: Callable[[str], None]) -> list[Path]:
    """Write the solutions of each lesson as a notebook, ``NN_name_solutions.ipynb``, and its guide for teachers.

    Parameters, results and errors are those of `write_notebooks`; the guide is ``NN_name_guide.md``.
    """
    texts = {}
    for lesson in lessons:
        texts[folder / f"{lesson.path.stem}_solutions.ipynb"] = as_notebook(solutions_source(lesson))
        texts[folder / f"{lesson.path.stem}_guide.md"] = guide_text(lesson)
    return _write(texts, tell)


def as_notebook(source: str) -> str:
    """Return percent cells as the text of a notebook, the same for the same cells.

    Raises
    ------
    ConfigError
        If jupytext is not installed.
    """
    try:
        import jupytext
        import nbformat
    except ImportError as error:
        raise ConfigError(
            f"lesson: notebooks need the package {error.name!r}: pip install 'formation-mlp[lecture]'."
        ) from error
    notebook: Any = jupytext.reads(source, fmt="py:percent")
    for number, cell in enumerate(notebook.cells, start=1):
        cell["id"] = f"cell-{number}"
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            MARK: {"lesson": True},
        }
    )
    nbformat.validate(notebook)
    text: str = nbformat.writes(notebook)
    return text + "\n"


def _write(texts: dict[Path, str], tell: Callable[[str], None]) -> list[Path]:
    for path, text in texts.items():
        if path.exists() and path.read_bytes() != text.encode():
            raise DataError(
                f"lesson: {str(path)!r} exists and is not what would be written; it may hold somebody's answers. "
                "Choose another folder, or move the file away."
            )
    for path, text in texts.items():
        write_text(path, text)
        tell(str(path))
    return list(texts)
