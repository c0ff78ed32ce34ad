"""Read tables of text: one row a line, cells separated by commas (.csv) or tabs (.tsv).

Where numbers have decimal commas for certain, cells may be separated by semicolons or tabs in a .csv file, too.
"""

from __future__ import annotations

import csv
from collections.abc import Generator, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from formation_mlp.data import columns
from formation_mlp.data.decimal_commas import cell_with_point_and_comma, places_of_decimal_commas, with_decimal_points
from formation_mlp.data.text_file import check_kind, check_signs, encoding_of, has_control_sign, open_text, readable
from formation_mlp.errors import DataError
from formation_mlp.quoting import counted, quoted

if TYPE_CHECKING:
    import pandas as pd

TAB = "\t"
SEPARATORS = {",": "commas", TAB: "tabs", ";": "semicolons", "|": "vertical bars"}
_USUAL = {*columns.FORMULA, *columns.STRUCTURE, *columns.TARGET}
LARGEST_CELL = 2**31 - 1
"""Signs; a cell may hold a whole structure."""
_LOOKED_AT = 20
"""Lines in which the names of the columns are searched if the first has none that is known."""


def read_csv(file: Path, encoding: str, *, has_header: bool = True) -> pd.DataFrame:
    """Read a whole table; every cell is text, so that the formula ``NaN`` (sodium nitride) survives.

    Raises
    ------
    DataError
        If the file is no such table, or not whole; rows are counted from 1, without the line of names.
    """
    return next(csv_parts(file, None, encoding, has_header=has_header))


def csv_parts(
    file: Path, n_rows: int | None, encoding: str, *, has_header: bool = True
) -> Generator[pd.DataFrame, None, None]:
    """Yield ``n_rows`` of a table at a time, or all at once if None; errors are those of `read_csv`."""
    import pandas as pd

    usual = TAB if file.name.lower().endswith((".tsv", ".tsv.gz")) else ","
    what = f"a {'tab' if usual == TAB else 'comma'}-separated table"
    encoding = encoding_of(file, encoding)
    with readable(file, encoding, what):
        if check_kind(file).lstrip().startswith((b"{", b"[")):
            raise DataError(f"{file}: looks like JSON, not like a table of lines. Give it the ending .json.")
        separator, decimals = _form(file, encoding, usual)
        names = _check(file, encoding, separator, has_header=has_header)
        try:
            reader = pd.read_csv(
                file,
                sep=separator,
                header=0 if has_header else None,
                dtype=str,
                keep_default_na=False,
                encoding=encoding,
                skipinitialspace=True,
                chunksize=n_rows,
            )
            if isinstance(reader, pd.DataFrame):
                yield _with_points(_checked(reader, names, file), decimals, separator)
                return
            with reader:
                for frame in reader:
                    yield _with_points(_checked(frame, names, file), decimals, separator)
        except pd.errors.EmptyDataError as error:
            raise DataError(f"{file}: the file is empty.") from error
        except pd.errors.ParserError as error:
            reason = str(error).strip().removeprefix("Error tokenizing data. C error: ")
            hint = ". A quotation mark is not closed" if "EOF inside string" in reason else ""
            raise DataError(f"{file}: not readable as {what}: {reason}{hint}.") from error


def _form(file: Path, encoding: str, usual: str) -> tuple[str, list[int]]:
    """Return what separates the cells, and the places of the columns whose numbers have decimal commas.

    It is not the usual separator only where decimal commas are certain: then the table is clear, and nothing is to be
    asked for.
    """
    text = usual.join(next(_rows(file, encoding, usual), []))
    separator = max((usual, ";", TAB), key=text.count)
    if separator == ",":
        return usual, []
    places = places_of_decimal_commas(_rows(file, encoding, separator))
    both = "" if places else cell_with_point_and_comma(_rows(file, encoding, separator))
    if both:
        raise DataError(
            f"{file}: {quoted(both)} has a point between thousands and a comma before the decimals. Save the numbers "
            "without a sign between thousands; decimal commas may stay."
        )
    return (separator, places) if places else (usual, [])


def _with_points(frame: pd.DataFrame, places: list[int], separator: str) -> pd.DataFrame:
    """Return the table with decimal points, and a note of that."""
    names = [frame.columns[place] for place in places if place < len(frame.columns)]
    if not names:
        return frame
    found = with_decimal_points(frame, names)
    shown = ", ".join(quoted(str(name)) for name in names)
    found.attrs[columns.DECIMALS] = (
        f"Columns are separated by {SEPARATORS[separator]}, and the numbers in {shown} have decimal commas."
    )
    return found


def _check(file: Path, encoding: str, separator: str, *, has_header: bool) -> list[str] | None:
    """Look through the text before pandas does, which cuts cells at NUL and renames columns; return the names."""
    rows = list(islice(_rows(file, encoding, separator), _LOOKED_AT))
    if rows and has_header:
        _check_names(rows, separator, file)
    odd = check_signs(file, encoding)
    if odd is not None:
        raise DataError(f"{file}: {_place_of_sign(file, encoding, separator, *odd)}. Remove it.")
    if not rows or not has_header:
        return None
    names = [name or f"Unnamed: {i}" for i, name in enumerate(rows[0])]
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        n = sum(names.count(name) > 1 for name in dict.fromkeys(names))
        found = f"{counted(n, 'column occurs', 'columns occur')} twice, the first is {quoted(twice)}."
        raise DataError(f"{file}: {found} Rename or remove one.")
    _refuse_uneven_rows(file, encoding, separator, names)
    return names


def _refuse_uneven_rows(file: Path, encoding: str, separator: str, names: list[str]) -> None:
    """Refuse rows with fewer cells than there are names, which pandas would fill, and those with more.

    pandas takes the first of several such cells for names of rows, and cuts them off where it begins a part.
    """
    n = len(names) - 1
    with open_text(file, encoding) as text:
        if all(line.count(separator) == n and '"' not in line for line in text if line.strip("\r\n ")):
            return
    for number, row in enumerate(islice(_rows(file, encoding, separator), 1, None), start=1):
        if len(row) != len(names):
            with open_text(file, encoding) as text:
                if sum(line.count('"') for line in text) % 2:  # one is not closed, as pandas says
                    return
            if len(row) > len(names):
                raise DataError(
                    f"{file}: row {number} has {len(row)} cells, but the first line, "
                    f"{quoted(separator.join(names))}, has {len(names)} names. Name every column, end no row with a "
                    f"{SEPARATORS[separator][:-1]}, and write decimals with a point."
                )
            raise DataError(
                f"{file}: row {number} has fewer cells than there are columns: none for {quoted(names[len(row)])}. "
                "Complete it; a cell without a value is left empty."
            )


def _rows(file: Path, encoding: str, separator: str) -> Iterator[list[str]]:
    """Yield the rows that are not blank, cells stripped; a broken one ends them, as pandas says what is wrong there."""
    csv.field_size_limit(max(csv.field_size_limit(), LARGEST_CELL))
    with open_text(file, encoding) as text:
        try:
            for row in csv.reader(text, delimiter=separator, skipinitialspace=True):
                cells = [cell.strip() for cell in row]
                if any(cells) or len(cells) > 1:
                    yield cells
        except csv.Error:
            return


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
    if {name.lower() for name in names} & _USUAL:
        return
    below = next((i for i, row in enumerate(rows) if {cell.lower() for cell in row} & _USUAL), None)
    is_remark = names[0].startswith("#") and len(names) == 1 and len(rows) > 1 and len(rows[1]) > 1
    is_title = len(names) > 1 and names[0] and not any(names[1:])
    if below is None and not is_remark and not is_title:
        return
    found = f"Line {below + 1} does" if below else "It should"
    raise DataError(
        f"{file}: the first line, {quoted(text)}, does not name the columns. {found}: remove what is above."
    )


def _place_of_sign(file: Path, encoding: str, separator: str, line: int, sign: str) -> str:
    """Return where a control sign stands: in which row and column, or at least in which line."""
    what = f"the sign U+{ord(sign):04X} stands in"
    rows = _rows(file, encoding, separator)
    names = next(rows, [])
    if any(map(has_control_sign, names)):
        return f"{what} the names of the columns"
    for number, row in enumerate(rows, start=1):
        for i, cell in enumerate(row):
            if has_control_sign(cell):
                return f"{what} row {number}, column {quoted(names[i] if i < len(names) else i + 1)}"
    return f"{what} line {line}"


def _checked(frame: pd.DataFrame, names: list[str] | None, file: Path) -> pd.DataFrame:
    """Refuse rows that have more cells than there are names, and names that stand among the rows."""
    import pandas as pd

    if not isinstance(frame.index, pd.RangeIndex):  # pandas takes what has no name for the names of the rows
        raise DataError(
            f"{file}: the rows have more cells than the first line, {quoted(', '.join(map(str, frame.columns)))}, has "
            "names. Name every column, end no row with a comma, and write decimals with a point."
        )
    if names is not None:
        frame.columns = names if len(names) == len(frame.columns) else [str(name).strip() for name in frame.columns]
    if names is not None:
        _refuse_repeated_names(frame, names, file)
        nameless = [name for name in frame.columns if name.startswith("Unnamed: ") and not frame[name].any()]
        frame = frame.drop(columns=nameless) if len(nameless) < len(frame.columns) else frame
    return frame


def _refuse_repeated_names(frame: pd.DataFrame, names: list[str], file: Path) -> None:
    if len(names) < 2:
        return
    for place in (frame.iloc[:, 0].to_numpy() == names[0]).nonzero()[0]:
        if [str(cell).strip() for cell in frame.iloc[place]] == names:
            raise DataError(
                f"{file}: row {int(frame.index[place]) + 1} repeats the names of the columns. Remove it: were several "
                "tables put together?"
            )
