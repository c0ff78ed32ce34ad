"""Read tables in JSON: records, columns, and what pandas, the Materials Project, OQMD and matminer write."""

from __future__ import annotations

import codecs
import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from formation_mlp.data import columns
from formation_mlp.data.text_file import UTF_8, check_kind, encoding_of, readable
from formation_mlp.errors import DataError
from formation_mlp.quoting import counted, quoted

if TYPE_CHECKING:
    import pandas as pd

_USUAL = {*columns.FORMULA, *columns.STRUCTURE, *columns.CELL}


def read_json(file: Path, encoding: str) -> pd.DataFrame:
    """Read a JSON table; cells stay the objects that they are in the file, a missing one is None.

    Read are a list of records; the same under the key ``data``, as from the services of the Materials Project and of
    OQMD and from pandas (``orient="table"``); ``columns`` and ``data`` (``orient="split"``, matminer); a mapping of
    columns (``orient="columns"``, lists) or of rows (``orient="index"``); a list of rows without names; and one record
    a line. The encoding is told by the first bytes, unless another than UTF-8 is named.

    Raises
    ------
    DataError
        If the file is none of these, or a key stands twice in one object; the row is named.
    """
    import pandas as pd

    encoding = encoding_of(file, encoding)
    with readable(file, encoding, "a JSON table"):
        check_kind(file)
        raw = gzip.decompress(file.read_bytes()) if file.suffix.lower() == ".gz" else file.read_bytes()
        is_named = codecs.lookup(encoding).name not in ("utf-8", UTF_8)
        content = _parsed(raw.decode(encoding if is_named else json.detect_encoding(raw)), file)
    table = _table(content, file)
    n = max(map(len, table.values()), default=0)
    return pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in table.items()}, index=range(n))


class _TwiceError(ValueError):
    """A key stands twice in one object."""


def _parsed(text: str, file: Path) -> Any:
    if not text.strip().strip("\0"):
        raise DataError(f"{file}: the file is empty.")
    try:
        return _loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        records = _records_a_line(text) if error.msg == "Extra data" or ".jsonl" in file.suffixes else None
        if records is not None:
            return records
        raise DataError(
            f"{file}: not readable as a JSON table: line {error.lineno}, column {error.colno}: {error.msg}."
        ) from error
    except _TwiceError as error:
        raise DataError(f"{file}: not readable as a JSON table: {error} Keep one of them.") from error
    except RecursionError as error:
        raise DataError(f"{file}: not readable as a JSON table: it is nested too deeply.") from error
    except ValueError as error:  # an integer of more than 4,300 digits
        raise DataError(f"{file}: not readable as a JSON table: {error}.") from error


def _loads(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise _TwiceError(f"the key {quoted(twice)} stands twice in one object.")
    return content


def _records_a_line(text: str) -> list[Any] | None:
    """Return the records of JSON lines, or None if a line is no JSON."""
    try:
        return [_loads(line) for line in text.splitlines() if line.strip()]
    except json.JSONDecodeError:
        return None


def _table(content: Any, file: Path) -> dict[str, list[Any]]:
    """Return the columns of whatever form of table."""
    if isinstance(content, dict) and isinstance(content.get("data"), list):
        names = content.get("columns")
        if names is not None:
            return _of_rows(content["data"], _names(names, file), file)
        if not isinstance(content.get("formula"), list):
            return _of_list(content["data"], file)
    if isinstance(content, list):
        return _of_list(content, file)
    if not isinstance(content, dict):
        raise _unknown_form(f"found {quoted(content)}", file)
    if all(isinstance(value, list) for value in content.values()):
        return _of_columns(content, file)
    if all(isinstance(value, dict) for value in content.values()):
        return _of_mappings(content, file)
    name, value = next((name, value) for name, value in content.items() if not isinstance(value, list))
    raise _unknown_form(f"the key {quoted(name)} holds {quoted(value)}", file)


def _of_list(rows: Sequence[Any], file: Path) -> dict[str, list[Any]]:
    if not rows:
        raise DataError(f"{file}: the table has no rows.")
    kind = dict if isinstance(rows[0], dict) else list
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, kind):
            wanted = "an object with a value for each column" if kind is dict else "a list of values"
            raise _unknown_form(f"row {number} is {quoted(row)}, where {wanted} is expected", file)
    return _of_records(rows) if kind is dict else _of_rows(rows, None, file)


def _of_records(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _of_rows(rows: Sequence[Any], names: list[str] | None, file: Path) -> dict[str, list[Any]]:
    if rows and isinstance(rows[0], dict):
        return _of_list(rows, file)
    width = len(rows[0]) if names is None and rows and isinstance(rows[0], list) else len(names or ())
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, list) or len(row) != width:
            found = f"{len(row)} values" if isinstance(row, list) else quoted(row)
            raise _unknown_form(f"row {number} is {found}, where a list of {width} values is expected", file)
    return {name: [row[i] for row in rows] for i, name in enumerate(names or map(str, range(width)))}


def _of_columns(content: Mapping[str, list[Any]], file: Path) -> dict[str, list[Any]]:
    lengths = {name: len(cells) for name, cells in content.items()}
    first = next(iter(lengths), "")
    other = next((name for name, n in lengths.items() if n != lengths[first]), None)
    if other is not None:
        raise DataError(
            f"{file}: not readable as a JSON table: the column {quoted(first)} has {lengths[first]} values, but "
            f"{quoted(other)} has {lengths[other]}."
        )
    return dict(content)


def _of_mappings(content: Mapping[str, Mapping[str, Any]], file: Path) -> dict[str, list[Any]]:
    """Read columns of ``{row: cell}``, or rows of ``{column: cell}`` if the known names of columns are there."""
    if not _is_usual(content) and any(map(_is_usual, content.values())):
        return _of_records(list(content.values()))
    rows = dict.fromkeys(row for cells in content.values() for row in cells)
    for name, cells in content.items():
        missing = next((row for row in rows if row not in cells), None)
        if missing is not None:
            raise DataError(
                f"{file}: not readable as a JSON table: the column {quoted(name)} has no value for the row "
                f"{quoted(missing)}."
            )
    return {name: [cells[row] for row in rows] for name, cells in content.items()}


def _is_usual(names: Iterable[str]) -> bool:
    return any(name.lower() in _USUAL for name in names)


def _names(names: Any, file: Path) -> list[str]:
    if not isinstance(names, list) or not all(isinstance(name, str | int) for name in names):
        raise _unknown_form(f"'columns' is {quoted(names)}, where a list of names is expected", file)
    texts = [str(name) for name in names]
    twice = [name for name in dict.fromkeys(texts) if texts.count(name) > 1]
    if twice:
        raise DataError(
            f"{file}: {counted(len(twice), 'column occurs', 'columns occur')} twice, the first is {quoted(twice[0])}. "
            "Rename or remove one."
        )
    return texts


def _unknown_form(found: str, file: Path) -> DataError:
    return DataError(
        f"{file}: not readable as a JSON table: {found}. Write a list of records, such as "
        '[{"formula": "NaCl"}], or a mapping of columns, such as {"formula": ["NaCl"]}.'
    )
