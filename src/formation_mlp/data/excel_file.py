"""Read a sheet of an Excel workbook (.xlsx): the values that Excel has stored, and nothing that could run."""

from __future__ import annotations

import datetime
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from formation_mlp.data import columns
from formation_mlp.data.headers import header_of
from formation_mlp.errors import DataError
from formation_mlp.quoting import quoted
from formation_mlp.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

ENDING = ".xlsx"
LARGEST = 1 << 29
"""Bytes of all parts of a workbook together, unpacked: a million rows of 20 cells take about as many."""
NAMELESS = "Unnamed: "
"""How a column without a name is called, with its place."""
_BLOCK = 1 << 20
_DECLARATIONS = (b"<!DOCTYPE", b"<!ENTITY")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that holds a table: the names in its first line, and rows of as many cells."""

    title: str
    names: list[str]
    rows: list[list[Any]]


def split_sheet(path: Path) -> tuple[Path, str | None]:
    """Return the file and the sheet that ``table.xlsx#Sheet2`` names; None if it names no sheet.

    Examples
    --------
    >>> split_sheet(Path("a/table.xlsx#DFT 2"))[1], split_sheet(Path("a#b.xlsx"))[1]
    ('DFT 2', None)
    """
    file, mark, sheet = str(path).rpartition("#")
    if mark and file.lower().endswith(ENDING) and not path.exists():
        return Path(file), sheet
    return path, None


def read_excel(file: Path, sheet: str | None = None) -> pd.DataFrame:
    """Read a sheet; cells are texts, numbers and truth values as they are stored, blank ones are None.

    Parameters
    ----------
    file
        The workbook. Formulas are not computed: what Excel stored with them counts.
    sheet
        Its name. If it is not given, the only sheet with rows is read, or the only one with names of columns that mean
        formulas and energies.

    Raises
    ------
    DataError
        If the file is no workbook, is damaged, unpacks to more than `LARGEST` bytes or declares entities; if there is
        no such sheet, or several could be meant; if a formula has no stored value.
    """
    import pandas as pd

    _check_archive(file)
    with _readable(file):
        sheets = _sheets(file, sheet)
    chosen = _choose(sheets, file, sheet)
    twice = next((name for i, name in enumerate(chosen.names) if name in chosen.names[:i]), None)
    if twice is not None:
        raise DataError(f"{file}: several columns are called {quoted(twice)}. Rename or remove all but one.")
    table = {name: [row[i] for row in chosen.rows] for i, name in enumerate(chosen.names)}
    named = {
        name: pd.Series(cells, dtype=object)
        for name, cells in table.items()
        if not name.startswith(NAMELESS) or any(cell is not None for cell in cells)
    }
    frame = pd.DataFrame(named)
    if len(sheets) > 1:
        frame.attrs[columns.SAID] = f"Of the workbook the sheet {chosen.title!r} is read, as its columns say."
    return frame


def _check_archive(file: Path) -> None:
    """Refuse what is no workbook, and what is made to harm: all parts are looked through before any is parsed."""
    try:
        with file.open("rb") as opened:
            head = opened.read(8)
        if head.startswith(b"\xd0\xcf\x11\xe0"):
            raise DataError(f"{file}: an Excel workbook of the old kind, or with a password. Save it as .xlsx without.")
        if not zipfile.is_zipfile(file):
            raise DataError(f"{file}: no Excel workbook, or not whole. If it is a table of text, name it .csv or .tsv.")
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            if "xl/workbook.xml" not in {part.filename for part in parts}:
                raise DataError(f"{file}: a zip archive, but no Excel workbook. Save the sheet as .xlsx or .csv.")
            size = sum(part.file_size for part in parts)
            if size > LARGEST:
                raise DataError(f"{file}: unpacks to {size:,} bytes; at most {LARGEST:,} are read. Save it as .csv.")
            for part in parts:
                if part.filename.lower().endswith((".xml", ".rels")):
                    _refuse_entities(archive, part, file)
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        raise DataError(f"{file}: not readable as an Excel workbook: {error}.") from error


def _refuse_entities(archive: zipfile.ZipFile, part: zipfile.ZipInfo, file: Path) -> None:
    """Refuse XML that declares entities, as no workbook does: a short text can unfold to gigabytes."""
    end = b""
    try:
        with archive.open(part) as opened:
            while block := opened.read(_BLOCK):
                text = (end + block).replace(b"\0", b"").upper()  # UTF-16 has a zero in every other byte
                if any(declaration in text for declaration in _DECLARATIONS):
                    raise DataError(f"{file}: its part {quoted(part.filename)} declares entities, as no workbook does.")
                end = block[-64:]
    except zlib.error as error:
        raise DataError(f"{file}: not readable as an Excel workbook: {error}.") from error


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of extensions that hold no values, such as drop-down lists
            yield
    except DataError:
        raise
    except Exception as error:  # openpyxl lets pass whatever a damaged file makes it stumble over
        reason = str(error) or type(error).__name__
        raise DataError(f"{file}: not readable as an Excel workbook: {reason}.") from error


def _sheets(file: Path, wanted: str | None) -> list[Sheet]:
    """Return the sheets that hold anything, or the one that is wanted."""
    from openpyxl import load_workbook

    with file.open("rb") as opened, file.open("rb") as again:  # which openpyxl would leave open where it fails
        values = load_workbook(opened, read_only=True, data_only=True, keep_links=False)
        formulas = load_workbook(again, read_only=True, data_only=False, keep_links=False)
        titles = [sheet.title for sheet in values.worksheets]
        if wanted is not None and wanted not in titles:
            raise DataError(
                f"{file}: there is no sheet {quoted(wanted)}. Sheets: {', '.join(map(quoted, titles))}."
                f"{did_you_mean(wanted, titles)}"
            )
        chosen = titles if wanted is None else [wanted]
        sheets = [_sheet(values[title], formulas[title], file) for title in chosen]
    return [sheet for sheet in sheets if sheet is not None]


def _sheet(values: Any, formulas: Any, file: Path) -> Sheet | None:
    """Read one sheet, a line at a time, from what is stored beside the formulas and from the formulas themselves."""
    for view in (values, formulas):
        view.reset_dimensions()  # the size that a file declares of itself may be any number
    where = f"{file}, sheet {values.title!r}"
    names: list[str] = []
    rows: list[list[Any]] = []
    for number, (line, written) in enumerate(zip(values.iter_rows(), formulas.iter_rows(), strict=True), start=1):
        cells = _trimmed([_plain(cell.value) for cell in line])
        _refuse_uncomputed(line, written, where)
        if not cells:
            continue
        if not names:
            names = _names(cells)
            continue
        if len(cells) > len(names):
            raise DataError(
                f"{where}: line {number} has {len(cells)} cells, but the first has {len(names)} names. Name every "
                "column, and write nothing beside the table and above it."
            )
        rows.append(cells + [None] * (len(names) - len(cells)))
    return Sheet(values.title, names, rows) if rows else None


def _refuse_uncomputed(line: Iterable[Any], written: Iterable[Any], where: str) -> None:
    for cell, formula in zip(line, written, strict=False):
        if cell.value is None and formula.data_type == "f" and cell.data_type not in ("str", "s"):
            raise DataError(
                f"{where}: cell {formula.coordinate} holds a formula, {quoted(str(formula.value))}, without a stored "
                "value. Open the file in Excel or LibreOffice, save it, and try again."
            )


def _names(cells: list[Any]) -> list[str]:
    return [f"{NAMELESS}{i}" if cell is None else str(cell) for i, cell in enumerate(cells)]


def _trimmed(cells: list[Any]) -> list[Any]:
    """Return cells without the blank ones at their end."""
    n = max((i for i, cell in enumerate(cells, start=1) if cell is not None), default=0)
    return cells[:n]


def _plain(value: Any) -> Any:
    """Return a value as a table of text would hold it, numbers and truth values as they are."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        return str(value)  # Excel takes what looks like a date for one; reading it as a formula says what it is
    return value


def _choose(sheets: list[Sheet], file: Path, wanted: str | None) -> Sheet:
    if not sheets:
        where = "no sheet holds" if wanted is None else f"the sheet {quoted(wanted)} does not hold"
        raise DataError(f"{file}: the table has no rows: {where} a line of names and lines below.")
    if len(sheets) == 1:
        return sheets[0]
    meant = [sheet for sheet in sheets if _has_columns(sheet)]
    if len(meant) == 1:
        return meant[0]
    titles = [sheet.title for sheet in meant or sheets]
    raise DataError(
        f"{file}: {len(titles)} sheets hold a table: {', '.join(map(quoted, titles))}. Name one, such as "
        f"{quoted(f'{file.name}#{titles[0]}')}."
    )


def _has_columns(sheet: Sheet) -> bool:
    headers = list(map(header_of, sheet.names))
    return any(header.formula for header in headers) and any(header.target for header in headers)
