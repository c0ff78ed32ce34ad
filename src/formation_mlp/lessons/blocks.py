"""What a lesson consists of when it has run: prose, numbers, tables, figures, code and exercises."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from markupsafe import Markup

from formation_mlp.figures.picture import Picture
from formation_mlp.lessons import markup
from formation_mlp.reporting import html
from formation_mlp.system.text_table import aligned

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from formation_mlp.lessons.exercises.kinds import Exercise

NEGATIVE = re.compile(r"^-(?=\d)")


class Block(Protocol):
    """One piece, for a terminal and for a page."""

    def as_text(self, width: int) -> str:
        """Return it for a terminal; nothing if it is not shown there."""

    def as_html(self, folder: Path) -> Markup:
        """Return it for a page, whose figures are also kept in ``folder``."""


@dataclass(frozen=True, slots=True)
class Prose:
    """A markdown cell, or a paragraph with computed numbers."""

    text: str

    def as_text(self, width: int) -> str:
        """Return it wrapped."""
        return markup.as_text(self.text, width)

    def as_html(self, folder: Path) -> Markup:
        """Return paragraphs."""
        del folder
        return markup.as_html(self.text)


@dataclass(frozen=True, slots=True)
class Table:
    """Columns by name, and cells."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str

    def as_text(self, width: int) -> str:
        """Return aligned columns below the caption."""
        del width
        return f"{self.caption}\n\n" * bool(self.caption) + aligned(self.header, self.rows)

    def as_html(self, folder: Path) -> Markup:
        """Return a table that scrolls inside its box."""
        del folder
        rows = [[NEGATIVE.sub("−", cell) for cell in row] for row in self.rows]
        return html.table(self.header, rows, self.caption)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure, which has been saved unless it is shown in a notebook."""

    path: Path
    figure: Figure
    caption: str

    def as_text(self, width: int) -> str:
        """Return where it is and what it shows."""
        return markup.as_text(f"figure: {self.path} - {self.caption}", width)

    def as_html(self, folder: Path) -> Markup:
        """Return the figure itself, and write it as PNG and SVG."""
        alt = self.path.stem.lstrip("0123456789").replace("_", " ").strip()
        return html.figures([Picture(self.path.stem, self.figure, alt, self.caption)], folder)


@dataclass(frozen=True, slots=True)
class Code:
    """A code cell."""

    text: str

    def as_text(self, width: int) -> str:
        """Return nothing: the source is at hand."""
        del width
        return ""

    def as_html(self, folder: Path) -> Markup:
        """Return it folded away, under its first line."""
        del folder
        return html.details("Code", html.code(self.text))


@dataclass(frozen=True, slots=True)
class Printed:
    """What a code cell printed, line by line."""

    text: str

    def as_text(self, width: int) -> str:
        """Return it as it is."""
        del width
        return self.text

    def as_html(self, folder: Path) -> Markup:
        """Return it as it is."""
        del folder
        return html.code(self.text)


@dataclass(frozen=True, slots=True)
class Question:
    """An exercise, without its answer."""

    exercise: Exercise

    def as_text(self, width: int) -> str:
        """Return the question and what to choose from."""
        return markup.as_text(self._text, width)

    def as_html(self, folder: Path) -> Markup:
        """Return the question, with the hint on demand."""
        del folder
        hint = html.details("Hint", html.paragraph(self.exercise.hint))
        return html.title(f"Exercise {self.exercise.number}") + markup.as_html(self._text.partition(". ")[2]) + hint

    @property
    def _text(self) -> str:
        return f"Exercise {self.exercise.number}. {self.exercise.question}\n\n{self.exercise.listed}"
