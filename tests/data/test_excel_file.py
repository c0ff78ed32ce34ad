"""Excel workbooks: read as a table of text would be, and harmless whatever is in them."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from formation_mlp.config.schema import DataConfig, TaskConfig
from formation_mlp.data import excel_file
from formation_mlp.data.dataset import load_dataset
from formation_mlp.data.discovery import discover
from formation_mlp.data.sources import read_table, read_table_in_parts
from formation_mlp.errors import DataError

ROWS: list[list[Any]] = [["Compound", "E_f [eV/at]"], ["NaCl", -2.1], ["MgO", -3.1], ["NaN", -0.1]]


@pytest.fixture
def workbook(tmp_path: Path) -> Callable[..., Path]:
    def write(sheets: dict[str, list[list[Any]]] | None = None, name: str = "table.xlsx") -> Path:
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, rows in (sheets or {"Sheet1": ROWS}).items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(row)
        book.save(tmp_path / name)
        return tmp_path / name

    return write


def refusal(path: Path | str) -> str:
    with pytest.raises(DataError) as error:
        read_table(str(path))
    return str(error.value)


def changed(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """Write a workbook anew with another content of one part."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    path.write_bytes(buffer.getvalue())
    return path


SHEET = "xl/worksheets/sheet1.xml"


def test_a_workbook_is_read_as_a_whole_and_in_parts(workbook: Callable[..., Path]) -> None:
    path = workbook()
    frame = read_table(str(path))
    assert frame["Compound"].tolist() == ["NaCl", "MgO", "NaN"]
    assert frame["E_f [eV/at]"].tolist() == [-2.1, -3.1, -0.1]
    assert [len(part) for part in read_table_in_parts(str(path), 2)] == [2, 1]
    found = discover(str(path))
    assert load_dataset(DataConfig(**found.data), TaskConfig()).y.tolist() == [-2.1, -3.1, -0.1]


def test_blank_lines_and_cells_are_left_out_as_in_a_table_of_text(workbook: Callable[..., Path]) -> None:
    rows = [[], ["formula", "e_form", None, "note"], [None, None], ["NaCl", -2.1], [], [" MgO ", None, None, "x"]]
    frame = read_table(str(workbook({"a": rows})))
    assert list(frame.columns) == ["formula", "e_form", "note"]
    assert frame["formula"].tolist() == ["NaCl", "MgO"]
    assert frame["e_form"].tolist() == [-2.1, None]


def test_the_sheet_with_the_columns_is_found(workbook: Callable[..., Path]) -> None:
    path = workbook({"read me": [["by", "date"], ["Meier", 2024]], "empty": [], "DFT": ROWS})
    assert read_table(str(path))["Compound"].tolist() == ["NaCl", "MgO", "NaN"]
    assert "Of the workbook the sheet 'DFT' is read, as its columns say." in discover(str(path)).notes


def test_several_sheets_with_the_columns_are_asked_for(workbook: Callable[..., Path]) -> None:
    path = workbook({"DFT": ROWS, "exp": [*ROWS[:2]]})
    assert "2 sheets hold a table: 'DFT', 'exp'. Name one, such as 'table.xlsx#DFT'" in refusal(path)
    assert len(read_table(f"{path}#exp")) == 1
    assert len(read_table(f"{path}#DFT")) == 3
    assert "there is no sheet 'dtf'. Sheets: 'DFT', 'exp'. Did you mean 'DFT'?" in refusal(f"{path}#dtf")


def test_a_formula_counts_by_its_stored_value_only(workbook: Callable[..., Path]) -> None:
    path = workbook({"a": [["formula", "e_form"], ["NaCl", "=1-3.1"]]})
    message = refusal(path)
    assert "cell B2 holds a formula, '=1-3.1', without a stored value" in message
    changed(path, SHEET, lambda xml: xml.replace(b"<v />", b"<v>-2.1</v>").replace(b"<v></v>", b"<v>-2.1</v>"))
    assert read_table(str(path))["e_form"].tolist() == [-2.1]


def test_a_formula_whose_value_is_an_empty_text_is_a_blank(workbook: Callable[..., Path]) -> None:
    path = workbook({"a": [["formula", "e_form"], ["NaCl", '=IF(1,"","x")'], ["MgO", -3]]})
    changed(path, SHEET, lambda xml: xml.replace(b'<c r="B2">', b'<c r="B2" t="str">'))
    assert read_table(str(path))["e_form"].tolist() == [None, -3]


def test_what_excel_took_for_a_date_is_named(workbook: Callable[..., Path]) -> None:
    rows = [["formula", "e_form"], [datetime.datetime(2024, 3, 1), -1.0], ["MgO", -3.0]]
    with pytest.raises(DataError, match="2024-03-01 00:00:00"):
        load_dataset(DataConfig(path=str(workbook({"a": rows}))), TaskConfig())


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["My energies"], ["formula", "e_form"], ["NaCl", -2]], "line 2 has 2 cells, but the first has 1 names"),
        ([["formula", "e_form"], ["NaCl", -2, None, "beside"]], "line 2 has 4 cells, but the first has 2 names"),
        ([["formula", "formula"], ["NaCl", -2]], "several columns are called 'formula'"),
        ([["formula", "e_form"]], "the table has no rows"),
        ([], "the table has no rows"),
    ],
)
def test_a_sheet_that_is_no_table_is_refused(
    workbook: Callable[..., Path], rows: list[list[Any]], message: str
) -> None:
    assert message in refusal(workbook({"a": rows}))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"formula,e_form\nNaCl,-2\n", "no Excel workbook, or not whole. If it is a table of text, name it .csv"),
        (b"", "no Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "of the old kind, or with a password"),
        (b"PK\x03\x04" + b"\0" * 100, "no Excel workbook, or not whole"),
    ],
)
def test_other_files_called_xlsx_are_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "t.xlsx").write_bytes(content)
    assert message in refusal(tmp_path / "t.xlsx")


def test_a_zip_archive_of_something_else_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w") as archive:
        archive.writestr("content.xml", "<a/>")
    assert "a zip archive, but no Excel workbook" in refusal(tmp_path / "t.xlsx")


def test_a_workbook_that_unpacks_to_too_much_is_refused(
    workbook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = changed(workbook(), SHEET, lambda xml: xml + b" " * 50_000_000)
    assert path.stat().st_size < 200_000
    monkeypatch.setattr(excel_file, "LARGEST", 10_000_000)
    assert "at most 10,000,000 are read" in refusal(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_before_anything_is_parsed(workbook: Callable[..., Path], encoding: str) -> None:
    entities = "".join(f'<!ENTITY a{i + 1} "{f"&a{i};" * 10}">' for i in range(12))
    bomb = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE a [<!ENTITY a0 "ha">{entities}]><a>&a12;</a>'
    path = changed(workbook(), SHEET, lambda _xml: bomb.encode(encoding))
    assert "its part 'xl/worksheets/sheet1.xml' declares entities" in refusal(path)


def test_a_sheet_that_announces_a_million_columns_is_read_by_what_it_holds(workbook: Callable[..., Path]) -> None:
    path = changed(workbook(), SHEET, lambda xml: xml.replace(b'ref="A1:B4"', b'ref="A1:XFD1048576"'))
    assert b"XFD1048576" in zipfile.ZipFile(path).read(SHEET)
    assert len(read_table(str(path))) == 3


def test_macros_are_not_looked_at(workbook: Callable[..., Path]) -> None:
    path = workbook()
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0 code")
    assert len(read_table(str(path))) == 3


@pytest.mark.parametrize("part", ["xl/workbook.xml", SHEET])
@pytest.mark.parametrize("content", [b"", b"<a", b"<a/>", b"\xff" * 99])
def test_a_damaged_part_is_a_refusal(workbook: Callable[..., Path], part: str, content: bytes) -> None:
    assert "table.xlsx" in refusal(changed(workbook(), part, lambda _xml: content))


def test_bytes_lost_from_the_end_are_a_refusal(workbook: Callable[..., Path]) -> None:
    path = workbook()
    path.write_bytes(path.read_bytes()[:-400])
    assert "no Excel workbook, or not whole" in refusal(path)


def test_a_text_that_the_workbook_does_not_hold_is_a_refusal(workbook: Callable[..., Path]) -> None:
    shared = b't="inlineStr"><is><t>NaCl</t></is>', b't="s"><v>99</v>'
    assert "not readable as an Excel workbook" in refusal(changed(workbook(), SHEET, lambda xml: xml.replace(*shared)))
