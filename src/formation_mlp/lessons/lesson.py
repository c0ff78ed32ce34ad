"""The verb lesson: list the lessons, run one, judge answers to its exercises, or write pages and notebooks."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

from formation_mlp.lessons import asking
from formation_mlp.lessons.cells import all_lessons, find_lesson
from formation_mlp.lessons.exercises.collection import exercises_of
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


def check(number: str, answers: str | None) -> int:
    """Take the answers to the exercises of a lesson, and return how many are not right.

    Raises
    ------
    DataError
        If there is no such lesson, or the answers are not as many as the exercises.
    """
    lesson = find_lesson(number)
    found = asking.asked(exercises_of(lesson.number))
    if answers is not None:
        return asking.judge(found, asking.split_answers(answers), print)
    if not sys.stdin.isatty():
        return asking.judge(found, asking.answers_of_lines(sys.stdin), print)
    return asking.ask(found, _read, print)


def write_files(number: str | None, notebooks: Path | None, solutions: Path | None) -> None:
    """Write notebooks for students, or solutions and guides for teachers, of all lessons or of one."""
    from formation_mlp.lessons.notebooks import write_notebooks, write_solutions

    lessons = all_lessons() if number is None else [find_lesson(number)]
    if notebooks is not None:
        write_notebooks(lessons, notebooks, print)
    if solutions is not None:
        write_solutions(lessons, solutions, print)


def _read() -> str:
    try:
        return input("> ")
    except EOFError:
        return ""
