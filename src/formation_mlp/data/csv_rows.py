"""The rows of a table of text, as they stand in a file: what is above the names of its columns is passed over."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TextIO

from formation_mlp.data import columns
from formation_mlp.data.headers import header_of
from formation_mlp.data.lines_above import lines_above
from formation_mlp.data.text_file import open_text

TAB = "\t"
SEPARATORS = {",": "commas", TAB: "tabs", ";": "semicolons", "|": "vertical bars"}
USUAL = frozenset((*columns.FORMULA, *columns.STRUCTURE, *columns.TARGET))
"""Names of columns that need no other to be known for such."""
LARGEST_CELL = 2**31 - 1
"""Signs; a cell may hold a whole structure."""


def _is_name(cell: str) -> bool:
    """Tell whether a cell is known for the name of a column."""
    header = header_of(cell)
    return cell.lower() in USUAL or header.formula > 0 or header.target > 0


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table in a file.

    Attributes
    ----------
    file : where it is
    encoding : of the text
    above : lines above the names of the columns
    """

    file: Path
    encoding: str
    above: tuple[str, ...] = ()

    @classmethod
    def of(cls, file: Path, encoding: str, *, has_header: bool) -> TextTable:
        """Return the table of a file, with what stands above the names of its columns, if it has any."""
        if not has_header:
            return cls(file, encoding)
        with open_text(file, encoding) as text:
            return cls(file, encoding, tuple(lines_above(text, _is_name)))

    @contextmanager
    def lines(self) -> Iterator[TextIO]:
        """Open the text from the names of the columns on."""
        with open_text(self.file, self.encoding) as text:
            for _ in islice(text, len(self.above)):
                pass
            yield text

    def rows(self, separator: str) -> Iterator[list[str]]:
        """Yield the rows that are not blank, cells stripped; a broken one ends them, as pandas says what is wrong."""
        csv.field_size_limit(max(csv.field_size_limit(), LARGEST_CELL))
        with self.lines() as text:
            try:
                for row in csv.reader(text, delimiter=separator, skipinitialspace=True):
                    cells = [cell.strip() for cell in row]
                    if any(cells) or len(cells) > 1:
                        yield cells
            except csv.Error:
                return
