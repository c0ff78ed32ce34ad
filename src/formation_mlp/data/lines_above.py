"""What people and programs write above the names of the columns: remarks that begin with '#', and a title."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from itertools import islice

LOOKED_AT = 20
"""Lines in which the names of the columns are searched."""
SEPARATORS = (",", "\t", ";")
_NUMBER = re.compile(r"[-+−]?[0-9.,]*[0-9]([eE][-+]?[0-9]+)?")


def lines_above(lines: Iterable[str], names: Iterable[str]) -> list[str]:
    r"""Return the lines above the names of the columns; none unless it is certain which line these are.

    A line above begins with '#', or is a title alone in its line, or blank. The line of names has several cells, none
    of them a number. A line that begins with '#' is that of names itself where numbers follow it in as many cells.

    Parameters
    ----------
    lines
        Of a table of text.
    names
        Usual names of columns, in small letters: a line with one of them alone is no title.

    Examples
    --------
    >>> lines_above(["# from the lab\n", "formula,e_form\n", "NaCl,-2.1\n"], ())
    ['# from the lab\n']
    >>> lines_above(["Energies;;\n", ";;\n", "Verbindung;E;a\n"], ())
    ['Energies;;\n', ';;\n']
    >>> lines_above(["# formula, e_form\n", "NaCl, -2.1\n"], ())
    []
    """
    usual, above = set(names), list[str]()
    for line in islice(lines, LOOKED_AT):
        cells = _cells(line)
        filled = [cell for cell in cells if cell]
        is_remark = line.lstrip().startswith("#")
        is_title = len(filled) == 1 and filled[0].lower() not in usual and line.count('"') % 2 == 0
        if is_remark or is_title or not filled:
            above.append(line)
            continue
        return _certain(above, cells)
    return []


def _certain(above: Sequence[str], cells: Sequence[str]) -> list[str]:
    """Return the lines above one with these cells, if that is the line of names."""
    remarks = [line for line in above if line.lstrip().startswith("#")]
    if not any(map(_NUMBER.fullmatch, cells)):
        return list(above) if any(line.strip() for line in above) else []
    is_header = bool(remarks) and above[-1] == remarks[-1] and len(_cells(above[-1])) == len(cells)
    return list(above[:-1]) if is_header and len(remarks) == len(above) else []


def _cells(line: str) -> list[str]:
    """Return the cells of a line, by the separator that makes the most of them."""
    rows = (next(csv.reader([line.strip("\r\n")], delimiter=one, skipinitialspace=True), []) for one in SEPARATORS)
    return [cell.strip() for cell in max(rows, key=len)]
