"""Pages of lessons that open in any browser without a network, and the page that lists them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from formation_mlp.errors import DataError
from formation_mlp.lessons.cells import Lesson, all_lessons
from formation_mlp.lessons.running import run_lesson
from formation_mlp.lessons.session import Session
from formation_mlp.reporting import html
from formation_mlp.system.files import write_text

TITLE = "From logistic regression to a formation-energy MLP"
INDEX = "index.html"
FIGURES = "figures"
MARKS = (f"<title>{escape(TITLE)}</title>".encode(), f'<a href="{INDEX}">All lessons</a>'.encode())
"""What tells the list of lessons and their pages from other files."""

STYLE = """<style>
pre.formula { background: none; border: 0; border-left: 4px solid var(--accent); margin: .75rem 0;
  padding: .25rem .9rem;
  font: 1.08rem/1.6 "Cambria Math", "STIX Two Math", "Latin Modern Math", "DejaVu Serif", serif; }
ol { max-width: 46rem; }
nav { margin: 1rem 0; }
</style>"""


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
    _check_own(folder, [INDEX, *map(_page_name, lessons)])
    for lesson in lessons:
        page = write_page(lesson, run_lesson(lesson, folder / FIGURES, data), folder)
        tell(f"{page}: lesson {lesson.number}, {lesson.title}")
    return write_index(folder)


def _check_own(folder: Path, names: Sequence[str]) -> None:
    """Refuse to replace a file that does not have a mark of these pages."""
    for path in (folder / name for name in names):
        if path.is_file() and not any(mark in path.read_bytes() for mark in MARKS):
            raise DataError(f"--html: {str(path)!r} exists and is no page of the lecture. Choose another folder.")


def write_page(lesson: Lesson, session: Session, folder: Path) -> Path:
    """Write the page of a lesson that has been run, and its figures as PNG and SVG beside it; return the page."""
    around = _navigation(lesson, all_lessons())
    blocks = [block.as_html(folder / FIGURES) for block in session.blocks]
    check = (
        f'<p class="note">Check your answers with <code>formation-mlp lesson {lesson.number} --check</code>.</p>'
        if session.exercises
        else ""
    )
    page = folder / _page_name(lesson)
    write_text(page, html.page(f"{lesson.number}. {lesson.title}", "\n".join([STYLE, around, *blocks, check, around])))
    return page


def write_index(folder: Path) -> Path:
    """Write the list of all lessons, with a link to each page that is in the folder; return it."""
    write_text(folder / INDEX, html.page(TITLE, _index_body(all_lessons(), folder)))
    return folder / INDEX


def _page_name(lesson: Lesson) -> str:
    return f"{lesson.path.stem}.html"


def _navigation(lesson: Lesson, everything: Sequence[Lesson]) -> str:
    numbers = [other.number for other in everything]
    place = numbers.index(lesson.number)
    links = [f'<a href="{INDEX}">All lessons</a>']
    for word, i in (("Before", place - 1), ("Next", place + 1)):
        if 0 <= i < len(everything):
            other = everything[i]
            links.append(f'{word}: <a href="{_page_name(other)}">{other.number}. {escape(other.title)}</a>')
    return f'<nav aria-label="Lessons"><p>{" · ".join(links)}</p></nav>'


def _index_body(everything: Sequence[Lesson], folder: Path) -> str:
    items = []
    for lesson in everything:
        name = _page_name(lesson)
        title = escape(lesson.title)
        linked = f'<a href="{name}">{title}</a>' if (folder / name).exists() else title
        items.append(f"<li><strong>{linked}</strong><br>{escape(lesson.summary)}</li>")
    return "\n".join(
        [
            STYLE,
            f"<h1>{TITLE}</h1>",
            '<p class="lead">A lecture in lessons that run: every number below was computed, and every figure drawn, '
            "by the script of its lesson, with the parts of formation_mlp and on measured formation enthalpies.</p>",
            f"<ol>{''.join(items)}</ol>",
            '<p class="soft">Run one with <code>formation-mlp lesson 1</code>; change it in '
            "<code>scripts/lessons</code>.</p>",
        ]
    )
