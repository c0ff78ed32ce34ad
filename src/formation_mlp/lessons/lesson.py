"""The verb lesson: list the lessons, run one, judge the answers to its exercises, or write pages."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

from formation_mlp.errors import DataError
from formation_mlp.lessons import exercises
from formation_mlp.lessons.cells import all_lessons, find_lesson
from formation_mlp.lessons.running import run_lesson
from formation_mlp.lessons.session import FOLDER, WIDEST, print_block
from formation_mlp.system.text_table import aligned


def overview() -> str:
    """Return the list of lessons: number, title, measured time, and what each is about."""
    lessons = all_lessons()
    rows = [[str(lesson.number), lesson.title, lesson.time] for lesson in lessons]
    wrapper = textwrap.TextWrapper(WIDEST, initial_indent="  ", subsequent_indent="     ", break_on_hyphens=False)
    texts = [wrapper.fill(f"{lesson.number}. {lesson.summary}") for lesson in lessons]
    abouts = "\n".join(texts)
    listed = aligned(["lesson", "title", "time on 2 cores"], rows)
    return f"{listed}\n\n{abouts}\n\nRun one with: formation-mlp lesson 1"


def run(number: str, out: Path | None, data: str | None) -> None:
    """Run a lesson and print it."""
    run_lesson(find_lesson(number), out or FOLDER, data, print_block)


def write(number: str | None, folder: Path, data: str | None) -> Path:
    """Write the pages of all lessons, or of one; return the page that lists them."""
    from formation_mlp.lessons.pages import write_pages

    return write_pages(all_lessons() if number is None else [find_lesson(number)], folder, print, data)


def check(number: str, answers: str | None, out: Path | None, data: str | None) -> int:
    """Run a lesson silently, take the answers, and return how many are not right.

    Raises
    ------
    DataError
        If the lesson has no exercises, or the answers are not as many.
    """
    lesson = find_lesson(number)
    print(f"lesson {lesson.number}: computing the answers ({lesson.time})", file=sys.stderr)
    found = run_lesson(lesson, out or FOLDER, data).exercises
    if not found:
        raise DataError(f"lesson {lesson.number} --check: this lesson has no exercises.")
    if answers is not None:
        return exercises.judge(found, exercises.split_answers(answers), print)
    if not sys.stdin.isatty():
        return exercises.judge(found, exercises.answers_of_lines(sys.stdin), print)
    return exercises.ask(found, _read, print)


def _read() -> str:
    try:
        return input("> ")
    except EOFError:
        return ""
