"""Look through the text of a table before pandas reads it: names of columns, control signs, uneven rows."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from formation_mlp.data.csv_rows import SEPARATORS, USUAL, TextTable
from formation_mlp.data.text_file import check_signs, has_control_sign
from formation_mlp.errors import DataError
from formation_mlp.quoting import counted, quoted

_LOOKED_AT = 20
"""Lines in which the names of the columns are searched if the first has none that is known."""


def check_text(table: TextTable, separator: str, *, has_header: bool) -> list[str] | None:
    """Look through the text before pandas does, which cuts cells at NUL and renames columns; return the names."""
    rows = list(islice(table.rows(separator), _LOOKED_AT))
    if rows and has_header:
        _check_names(rows, separator, table.file)
    odd = check_signs(table.file, table.encoding)
    if odd is not None:
        raise DataError(f"{table.file}: {_place_of_sign(table, separator, *odd)}. Remove it.")
    if not rows or not has_header:
        return None
    names = [name or f"Unnamed: {i}" for i, name in enumerate(rows[0])]
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        n = sum(names.count(name) > 1 for name in dict.fromkeys(names))
        found = f"{counted(n, 'column occurs', 'columns occur')} twice, the first is {quoted(twice)}."
        raise DataError(f"{table.file}: {found} Rename or remove one.")
    _refuse_uneven_rows(table, separator, names)
    return names


def _refuse_uneven_rows(table: TextTable, separator: str, names: list[str]) -> None:
    """Refuse rows with fewer cells than there are names, which pandas would fill, and those with more.

    pandas takes the first of several such cells for names of rows, and cuts them off where it begins a part.
    """
    n = len(names) - 1
    with table.lines() as text:
        if all(line.count(separator) == n and '"' not in line for line in text if line.strip("\r\n ")):
            return
    for number, row in enumerate(islice(table.rows(separator), 1, None), start=1):
        if len(row) != len(names):
            with table.lines() as text:
                if sum(line.count('"') for line in text) % 2:  # one is not closed, as pandas says
                    return
            if len(row) > len(names):
                raise DataError(
                    f"{table.file}: row {number} has {len(row)} cells, but the first line, "
                    f"{quoted(separator.join(names))}, has {len(names)} names. Name every column, end no row with a "
                    f"{SEPARATORS[separator][:-1]}, and write decimals with a point."
                )
            raise DataError(
                f"{table.file}: row {number} has fewer cells than there are columns: none for "
                f"{quoted(names[len(row)])}. Complete it; a cell without a value is left empty."
            )


def _check_names(rows: list[list[str]], separator: str, file: Path) -> None:
    """Refuse a first line that is not the names of columns separated as they should be."""
    names = rows[0]
    text = separator.join(names)
    if text.lower().startswith("sep="):
        raise DataError(f"{file}: the first line is {quoted(text)}, for Excel only. Remove it, and save with commas.")
    other = max(SEPARATORS, key=text.count)
    if other != separator and text.count(other) > text.count(separator):
        where = f" If the file is separated by {SEPARATORS[separator]}, name the columns without {other!r}."
        raise DataError(
            f"{file}: the columns are separated by {other!r}. Save the table with {SEPARATORS[separator]}, and its "
            f"numbers with a decimal point.{where if text.count(separator) else ''}"
        )
    if {name.lower() for name in names} & USUAL:
        return
    below = next((i for i, row in enumerate(rows) if {cell.lower() for cell in row} & USUAL), None)
    is_remark = names[0].startswith("#") and len(names) == 1 and len(rows) > 1 and len(rows[1]) > 1
    is_title = len(names) > 1 and names[0] and not any(names[1:])
    if below is None and not is_remark and not is_title:
        return
    found = f"Line {below + 1} does" if below else "It should"
    raise DataError(
        f"{file}: the first line, {quoted(text)}, does not name the columns. {found}: remove what is above."
    )


def _place_of_sign(table: TextTable, separator: str, line: int, sign: str) -> str:
    """Return where a control sign stands: in which row and column, or at least in which line."""
    what = f"the sign U+{ord(sign):04X} stands in"
    rows = table.rows(separator)
    names = next(rows, [])
    if any(map(has_control_sign, names)):
        return f"{what} the names of the columns"
    for number, row in enumerate(rows, start=1):
        for i, cell in enumerate(row):
            if has_control_sign(cell):
                return f"{what} row {number}, column {quoted(names[i] if i < len(names) else i + 1)}"
    return f"{what} line {line}"
