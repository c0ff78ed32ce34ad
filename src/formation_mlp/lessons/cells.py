"""The sources of the lessons: where they are, and the cells of one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from formation_mlp.errors import DataError
from formation_mlp.lessons import markup

CELL = re.compile(r"# %%(.*)")
ASKED = re.compile(r'^exercise\("(\d+\.\d+)"\)$', re.MULTILINE)
TIME = re.compile(r"# time: (.+)")


@dataclass(frozen=True, slots=True)
class Cell:
    """Some lines of a lesson.

    Attributes
    ----------
    number : counted from 1
    line : of its first line in the file
    text : prose without the signs of a comment, or code
    is_prose : which of the two
    """

    number: int
    line: int
    text: str
    is_prose: bool

    @property
    def asked(self) -> list[str]:
        """Numbers of the exercises that it asks.

        Raises
        ------
        ValueError
            If it holds anything else besides.
        """
        numbers = [] if self.is_prose else ASKED.findall(self.text)
        if numbers and ASKED.sub("", self.text).strip():
            raise ValueError(f"line {self.line}: a cell that asks an exercise must hold nothing else")
        return numbers


@dataclass(frozen=True)
class Lesson:
    """A script of percent cells, ``NN_name.py``."""

    path: Path

    @property
    def digits(self) -> str:
        """Its number as two digits."""
        return self.path.name[:2]

    @property
    def number(self) -> int:
        """Its number."""
        return int(self.digits)

    @property
    def page(self) -> str:
        """Name of its page."""
        return f"{self.path.stem}.html"

    @cached_property
    def source(self) -> str:
        """The whole script."""
        return self.path.read_text(encoding="utf-8")

    @property
    def cells(self) -> list[Cell]:
        """The cells that are not empty."""
        return list(_cells(self.source))

    @property
    def time(self) -> str:
        """How long it takes, as measured and written before the first cell."""
        found = TIME.search(self.source)
        return found[1] if found else ""

    @property
    def _beginning(self) -> tuple[str, str]:
        return markup.beginning(next((cell.text for cell in self.cells if cell.is_prose), ""))

    @property
    def title(self) -> str:
        """Its title, without the number."""
        return re.sub(r"^\d+\. ", "", self._beginning[0]) or self.path.stem

    @property
    def summary(self) -> str:
        """The first two sentences, which say what it is about."""
        return " ".join(re.split(r"(?<=[.?!])\s", self._beginning[1])[:2])


def _cells(source: str) -> Iterator[Cell]:
    lines = source.splitlines()
    starts = [i for i, line in enumerate(lines) if CELL.fullmatch(line)]
    number = 0
    for start, stop in zip(starts, [*starts[1:], len(lines)], strict=True):
        body = lines[start + 1 : stop]
        if not "".join(body).strip():
            continue
        number += 1
        is_prose = "[markdown]" in lines[start]
        if is_prose:
            body = [line.removeprefix("#").removeprefix(" ") for line in body]
        yield Cell(number, start + 2, "\n".join(body).strip("\n"), is_prose)


def folder() -> Path:
    """Return the folder of the lessons: in the package, or where the repository keeps it."""
    installed = Path(__file__).parent / "sources"
    return installed if installed.exists() else Path(__file__).parents[3] / "scripts" / "lessons"


def all_lessons() -> list[Lesson]:
    """Return the lessons in order."""
    return [Lesson(path) for path in sorted(folder().glob("[0-9][0-9]_*.py"))]


def find_lesson(number: str) -> Lesson:
    """Return a lesson by its number, such as ``3``.

    Raises
    ------
    DataError
        If there is none.
    """
    lessons = {lesson.digits: lesson for lesson in all_lessons()}
    if number.zfill(2) not in lessons:
        numbers = ", ".join(str(lesson.number) for lesson in lessons.values())
        raise DataError(f"lesson: there is no lesson {number!r}. Choose one of: {numbers}.")
    return lessons[number.zfill(2)]
