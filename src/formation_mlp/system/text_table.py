"""Tables for a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def aligned(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as text: two blanks between columns; numbers to the right, the first column and words to the left.

    Examples
    --------
    >>> print(aligned(["model", "MAE", "remark"], [["mean", "0.7", ""], ["forest", "0.12", "tuned"]]))
    model    MAE  remark
    ------  ----  ------
    mean     0.7
    forest  0.12  tuned
    """
    columns = list(zip(header, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    left = [i == 0 or not _are_numbers(column[1:]) for i, column in enumerate(columns)]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if is_left else cell.rjust(width)
            for cell, width, is_left in zip(cells, widths, left, strict=True)
        ]
        return "  ".join(padded).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([line(header), rule, *(line(row) for row in rows)])


def _are_numbers(cells: Sequence[str]) -> bool:
    """Tell whether every cell is a number or empty, as is a column without rows."""
    try:
        [float(cell) for cell in cells if cell]
    except ValueError:
        return False
    return True


def terminal_width() -> int:
    """Return the columns of the terminal to which standard output goes; ``COLUMNS`` overrides it, 80 stands for none.

    ``shutil.get_terminal_size`` asks the stream that Python began with, which the command line replaces.
    """
    try:
        return int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        pass
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return 80
