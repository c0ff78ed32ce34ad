"""What people and programs write above the names of the columns: remarks that begin with '#', and a title."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

LOOKED_AT = 20
"""Lines in which the names of the columns are searched."""
SEPARATORS = (",", "\t", ";")
_NUMBER = re.compile(r"[-+−]?[0-9.,]*[0-9]([eE][-+]?[0-9]+)?")


def lines_above(lines: Iterable[str], is_name: Callable[[str], bool]) -> list[str]:
    r"""Return the lines above the names of the columns; none unless it is certain which line these are.

    A line above begins with '#', or is a title alone in its line, or blank. The line of names has several cells, none
    of them a number, and below a title one that is known for a name. A line that begins with '#' is that of names
    itself where numbers follow it in as many cells.

    Parameters
    ----------
    lines
        Of a table of text.
    is_name
        Tells whether a cell is known for the name of a column; alone in its line it is no title.

    Examples
    --------
    >>> lines_above(["# from the lab\n", "formula,e_form\n", "NaCl,-2.1\n"], "formula".__eq__)
    ['# from the lab\n']
    >>> lines_above(["Energies;;\n", ";;\n", "Formel;E;a\n"], "Formel".__eq__)
    ['Energies;;\n', ';;\n']
    >>> lines_above(["NaCl,\n", "MgO,cubic\n"], "formula".__eq__)  # rows without names
    []
    >>> lines_above(["# formula, e_form\n", "NaCl, -2.1\n"], "formula".__eq__)
    []
    """
    above, has_title = list[str](), False
    for line in islice(lines, LOOKED_AT):
        cells = _cells(line)
        filled = [cell for cell in cells if cell]
        is_remark = line.lstrip().startswith("#")
        is_title = len(filled) == 1 and not is_name(filled[0]) and line.count('"') % 2 == 0
        if is_remark or is_title or not filled:
            above.append(line)
            has_title |= bool(filled) and not is_remark
            continue
        if has_title and not any(map(is_name, cells)):
            return []
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
