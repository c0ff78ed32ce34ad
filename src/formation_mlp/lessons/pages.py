"""Pages of lessons that open in any browser without a network, and the page that lists them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from formation_mlp.errors import DataError
from formation_mlp.lessons import moving
from formation_mlp.lessons.cells import Lesson, all_lessons
from formation_mlp.lessons.running import run_lesson
from formation_mlp.lessons.session import Session
from formation_mlp.reporting import html
from formation_mlp.system.files import write_text

TITLE = "From logistic regression to a formation-energy MLP"
INDEX = "index.html"
FIGURES = "figures"
MARKS = (f"<title>{TITLE}</title>".encode(), f'<a href="{INDEX}">All lessons</a>'.encode())
"""What tells the list of lessons and their pages from other files."""


def write_pages(lessons: Sequence[Lesson], folder: Path, tell: Callable[[str], None], data: str | None = None) -> Path:
    """Run lessons, write a page of each and their list, and keep the figures as PNG and SVG beside them.

    Parameters
    ----------
    lessons
        Which.
    folder
        Where the pages go.
    tell
        Called with a line about each page.
    data
        A table of the caller's, for the lessons that take one.

    Returns
    -------
    Path
        The list: all lessons, with a link to each page that is in the folder.

    Raises
    ------
    LessonError
        If a lesson fails.
    DataError
        If a page would replace a file that is none of the lecture.
    """
    names = [name for lesson in lessons for name in (lesson.page, *_moving_names(lesson))]
    _check_own(folder, [INDEX, *names])
    for lesson in lessons:
        for one in moving.pages_of(lesson.number):
            write_text(folder / one.page, moving.as_html(one, lesson, INDEX))
        page = write_page(lesson, run_lesson(lesson, folder / FIGURES, data), folder)
        tell(f"{page}: lesson {lesson.number}, {lesson.title}")
    return write_index(folder)


def _moving_names(lesson: Lesson) -> list[str]:
    return [one.page for one in moving.pages_of(lesson.number)]


def _check_own(folder: Path, names: Sequence[str]) -> None:
    """Refuse to replace a file that does not have a mark of these pages."""
    for path in (folder / name for name in names):
        if path.is_file() and not any(mark in path.read_bytes() for mark in MARKS):
            raise DataError(f"--html: {str(path)!r} exists and is no page of the lecture. Choose another folder.")


def write_page(lesson: Lesson, session: Session, folder: Path) -> Path:
    """Write the page of a lesson that has been run, and its figures as PNG and SVG beside it; return the page."""
    everything = all_lessons()
    place = [other.number for other in everything].index(lesson.number)
    neighbours = [("Before", everything[place - 1])] if place else []
    neighbours += [("Next", other) for other in everything[place + 1 : place + 2]]
    text = html.page(
        "lesson.html",
        title=f"{lesson.number}. {lesson.title}",
        lesson=lesson,
        index=INDEX,
        neighbours=neighbours,
        moving=moving.pages_of(lesson.number),
        blocks=[block.as_html(folder / FIGURES) for block in session.blocks],
        has_exercises=bool(session.exercises),
    )
    write_text(folder / lesson.page, text)
    return folder / lesson.page


def write_index(folder: Path) -> Path:
    """Write the list of all lessons, with a link to each page that is in the folder; return it."""
    lessons = all_lessons()
    written = {lesson.page for lesson in lessons if (folder / lesson.page).exists()}
    pages = {lesson.page: moving.pages_of(lesson.number) for lesson in lessons if lesson.page in written}
    write_text(folder / INDEX, html.page("lessons.html", title=TITLE, lessons=lessons, written=written, moving=pages))
    return folder / INDEX
