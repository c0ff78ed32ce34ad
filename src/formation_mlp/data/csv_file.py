"""Read tables of text: one row a line, cells separated by commas (.csv) or tabs (.tsv).

In a .csv file semicolons or tabs may separate them, too, where numbers have decimal commas for certain, or for certain
none.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from formation_mlp.data import columns
from formation_mlp.data.csv_checks import check_text
from formation_mlp.data.csv_rows import SEPARATORS, TAB, TextTable
from formation_mlp.data.decimal_commas import (
    are_decimal_points,
    cell_with_point_and_comma,
    places_of_decimal_commas,
    with_decimal_points,
)
from formation_mlp.data.text_file import check_kind, encoding_of, readable
from formation_mlp.errors import DataError
from formation_mlp.quoting import quoted, shortened

if TYPE_CHECKING:
    import pandas as pd


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
        table = TextTable.of(file, encoding, has_header=has_header)
        separator, decimals = _form(table, usual)
        names = check_text(table, separator, has_header=has_header)
        try:
            reader = pd.read_csv(
                file,
                sep=separator,
                header=0 if has_header else None,
                skiprows=len(table.above),
                dtype=str,
                keep_default_na=False,
                encoding=encoding,
                skipinitialspace=True,
                chunksize=n_rows,
            )
            if isinstance(reader, pd.DataFrame):
                yield _told(_with_points(_checked(reader, names, file), decimals, separator), table)
                return
            with reader:
                for frame in reader:
                    yield _told(_with_points(_checked(frame, names, file), decimals, separator), table)
        except pd.errors.EmptyDataError as error:
            raise DataError(f"{file}: the file is empty.") from error
        except pd.errors.ParserError as error:
            reason = str(error).strip().removeprefix("Error tokenizing data. C error: ")
            hint = ". A quotation mark is not closed" if "EOF inside string" in reason else ""
            raise DataError(f"{file}: not readable as {what}: {reason}{hint}.") from error


def _form(table: TextTable, usual: str) -> tuple[str, list[int]]:
    """Return what separates the cells, and the places of the columns whose numbers have decimal commas.

    It is not the usual separator only where it is certain which numbers have decimal commas, or that none has: then the
    table is clear, and nothing is to be asked for.
    """
    text = usual.join(next(table.rows(usual), []))
    separator = max((usual, ";", TAB), key=text.count)
    if separator == ",":
        return usual, []
    places = places_of_decimal_commas(table.rows(separator))
    both = "" if places else cell_with_point_and_comma(table.rows(separator))
    if both:
        raise DataError(
            f"{table.file}: {quoted(both)} has a point between thousands and a comma before the decimals. Save the "
            "numbers without a sign between thousands; decimal commas may stay."
        )
    is_clear = bool(places) or are_decimal_points(table.rows(separator))
    return (separator, places) if is_clear else (usual, [])


def _told(frame: pd.DataFrame, table: TextTable) -> pd.DataFrame:
    """Return the rows with a note of what stands above the names of the columns."""
    above = [line.strip() for line in table.above if line.strip()]
    if above:
        lines = "One line" if len(above) == 1 else f"{len(above)} lines"
        first = "" if len(above) == 1 else "the first "
        frame.attrs[columns.SAID] = (
            f"{lines} above the names of the columns, {first}{quoted(shortened(above[0]))}, "
            f"{'is' if len(above) == 1 else 'are'} passed over."
        )
    return frame


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
