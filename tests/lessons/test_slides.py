"""The page of the slides names sections and exercises that are there."""

from __future__ import annotations

import re

import pytest

from formation_mlp.lessons.cells import Lesson, all_lessons
from formation_mlp.lessons.exercises.collection import find_exercise
from support.paths import ROOT

PAGE = (ROOT / "docs" / "slides.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| .+ \| \[(\d)\]\(lecture/(\w+)\.md\) \| (.+) \|$", re.MULTILINE)
ROWS = ROW.findall(PAGE)
LESSONS = {lesson.number: lesson for lesson in all_lessons()}


def headings(lesson: Lesson) -> list[str]:
    text = "\n".join(cell.text for cell in lesson.cells if cell.is_prose)
    return re.findall(r"^#+ (.+)$", text, re.MULTILINE)


@pytest.mark.parametrize(("number", "stem", "place"), ROWS)
def test_a_slide_has_a_section_that_is_there(number: str, stem: str, place: str) -> None:
    lesson = LESSONS[int(number)]
    assert lesson.path.stem == stem
    quoted = re.findall(r'"([^"]+)"', place)
    found = headings(lesson)
    for title in quoted:
        assert title in found or any(heading.startswith(f"{title}:") for heading in found), title
    exercises = re.findall(r"\d\.\d", place)
    assert all(find_exercise(exercise).number.startswith(number) for exercise in exercises)
    assert quoted or "all of it" in place or exercises


def test_every_lesson_has_a_slide() -> None:
    assert {int(number) for number, _, _ in ROWS} == set(LESSONS)
    assert len(ROWS) >= 25
