"""Tables as people have them: read where the meaning is certain, else refused in words that say what to change."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from formation_mlp.config.schema import DataConfig, TaskConfig
from formation_mlp.data.dataset import dataset_from_frame, load_dataset
from formation_mlp.data.discovery import discover
from formation_mlp.data.numbers import number, numbers_of_cells
from formation_mlp.data.records import LeftOut
from formation_mlp.data.sources import read_table, read_table_in_parts
from formation_mlp.errors import DataError, FeatureError
from formation_mlp.features.external.feature_file import table as feature_table
from formation_mlp.hulls.energy_table import read_energy_table


def refusal(folder: Path, name: str, content: bytes, **keys: Any) -> str:
    """Return the message for a file, which must be the same when it is read in parts."""
    path = folder / name
    path.write_bytes(content)
    with pytest.raises(DataError) as error:
        read_table(str(path), **keys)
    with pytest.raises(DataError) as in_parts:
        list(read_table_in_parts(str(path), 1000, **keys))
    assert str(in_parts.value) == str(error.value)
    assert name in str(error.value)
    assert len(str(error.value)) < 600
    return str(error.value)


@pytest.mark.parametrize("row", range(1, 7))
def test_a_row_with_a_cell_too_many_is_refused_wherever_a_part_begins(tmp_path: Path, row: int) -> None:
    lines = ["formula,target", *["NaCl,-2"] * 6]
    lines[row] += ",1"
    path = tmp_path / "t.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    for n_rows in (2, 3, 1000):
        with pytest.raises(DataError, match=f"row {row} has 3 cells"):
            list(read_table_in_parts(str(path), n_rows))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-1.5", -1.5),
        ("+.5", 0.5),
        ("5.", 5),
        ("1.5e3", 1500),
        ("1E-3", 0.001),
        (" 2 ", 2),
        (3, 3),
        (Decimal("1.5"), 1.5),
        (np.float32(0.5), 0.5),
        ("1e999", np.inf),
        (10**400, np.inf),
        ("-inf", -np.inf),
        ("−1.5", -1.5),
        ("–1.5", -1.5),
        ("﹣.5", -0.5),
        ("－1.5e−3", -1.5e-3),
        ("1e–3", 1e-3),
    ],
)
def test_a_number_is_read(text: object, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("-1_0", "without '_'"),
        ("1_000.5", "without '_'"),
        ("1,5", "write a point, not a comma"),
        ("1.234,5", "leave out the point between thousands, and write one before the decimals"),
        ("-1,234,567.5", "leave out the comma between thousands"),
        ("1 234.5", "without blanks"),
        ("0x10", "decimal digits"),
        ("0b1", "decimal digits"),
        ("−1,5", "write a point, not a comma"),
        ("1.5–2", "U+2013 (EN DASH)"),
        ("—1.5", "U+2014 (EM DASH)"),
        ("１.５", "U+FF11 (FULLWIDTH DIGIT ONE)"),
        ("١", "U+0661 (ARABIC-INDIC DIGIT ONE)"),
        ("1\u00a0000", "U+00A0 (NO-BREAK SPACE)"),
        ("1.5±0.1", "leave out the uncertainty"),
        ("−238.08 ± 2.0", "leave out the uncertainty"),
        ("1.5 eV", "leave the unit out"),
        ("-411 kJ/mol", "leave the unit out"),
        ("1.2(3)", "leave out the uncertainty"),
        ("1.2 +/- 0.1", "leave out the uncertainty"),
        ("~1.5", "leave out the sign before it"),
        (">2", "leave out the sign before it"),
        ("12 %", "leave out '%'"),
        ("1.5D-3", "write the exponent with 'e'"),
        ("- 1.5", "leave out the blank"),
        ("1..2", ""),
        ("--1", ""),
        ("na", ""),
        ("n.d.", ""),
        ("-", ""),
        ("", ""),
        ("1e", ""),
        ("0x_", ""),
        ("True", ""),
        (True, ""),
        (None, ""),
        ([1], ""),
        ({"a": 1}, ""),
        (1j, ""),
        (pd.Timestamp("2024-01-01"), ""),
        ("x" * 10_000, ""),
    ],
)
def test_what_is_no_number_is_said_with_what_to_change(text: object, advice: str) -> None:
    with pytest.raises(ValueError, match="is no number") as error:
        number(text)
    assert advice in str(error.value)
    assert len(str(error.value)) < 250


def test_a_column_of_numbers_tells_blank_cells_from_wrong_ones() -> None:
    values, present, wrong = numbers_of_cells(["1", "", None, " ", "inf", "?", "2.5"])
    assert present.tolist() == [True, False, False, False, True, True, True]
    assert list(wrong) == [4, 5]
    np.testing.assert_array_equal(values, [1, *[np.nan] * 5, 2.5])


@pytest.mark.parametrize(
    "cell", ["nan", "NaN", "n/a", "N/A", "#N/A", "na", "n.d.", "None", "NULL", "-", " -- ", np.nan]
)
def test_a_cell_that_says_it_has_no_number_is_blank(cell: object) -> None:
    values, present, wrong = numbers_of_cells(["1", cell])
    assert present.tolist() == [True, False]
    assert not wrong
    assert np.isnan(values[1])


HEAD = b"formula,target\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEAD + b"NaCl\0,-2\n", "the sign U+0000 stands in row 1, column 'formula'. Remove it"),
        (HEAD + b"MgO,-3\n" * 5 + b"NaCl,-2\x00\n", "the sign U+0000 stands in row 6, column 'target'"),
        (HEAD + b"NaCl,-2\x1a\n", "the sign U+001A stands in row 1, column 'target'"),
        (HEAD + b'"Na\x08Cl",-2\n', "the sign U+0008 stands in row 1, column 'formula'"),
        (b"formula\0,target\nNaCl,-2\n", "the sign U+0000 stands in the names of the columns"),
        (HEAD + b"NaCl,-2\n\0\0\0\0", "the sign U+0000 stands in row 2"),
        (b"formula,target,target\nNaCl,-2,-3\n", "1 column occurs twice, the first is 'target'. Rename or remove"),
        (b"formula,target, target \nNaCl,-2,-3\n", "1 column occurs twice, the first is 'target'"),
        (b'formula,"target",target\nNaCl,-2,-3\n', "1 column occurs twice, the first is 'target'"),
        (b"\n\nformula,a,a,b,b\nNaCl,1,2,3,4\n", "2 columns occur twice, the first is 'a'"),
        (b"formula;target\nNaCl;-2,131\n", "the columns are separated by ';'. Save the table with commas"),
        (b"formula;target, eV/atom;x\nNaCl;-2,131;3\n", "the columns are separated by ';'"),
        (b"formula\ttarget\nNaCl\t-2,131\n", "the columns are separated by '\\t'"),
        (b"formula|target\nNaCl|-2\n", "the columns are separated by '|'"),
        (b"Energies,,\nNaCl,-2,3\n", "the first line, 'Energies,,', does not name the columns. It should"),
        (b"Energies,,\na,b,c\nNaCl,-2,3\n", "the first line, 'Energies,,', does not name the columns. It should"),
        (b"NaCl,\nMgO,cubic\nKCl,x\n", "the first line, 'NaCl,', does not name the columns. It should"),
        (b"# energies\nNaCl,-2\n", "the first line, '# energies', does not name the columns. It should"),
        (HEAD + b"NaCl,-2\nMgO\nKCl,-1\n", "row 2 has fewer cells than there are columns: none for 'target'"),
        (b"formula,a,b\nNaCl,-2\n", "row 1 has fewer cells than there are columns: none for 'b'"),
        (HEAD + b"NaCl,-2,131\n", "row 1 has 3 cells, but the first line, 'formula,target', has 2 names"),
        (HEAD + b"NaCl,-2\nMgO,-3,1\n", "row 2 has 3 cells"),
        (HEAD + b"NaCl" + b"," * 100_000 + b"\n", "row 1 has 100001 cells"),
        (HEAD + b"NaCl,-2\nformula,target\nMgO,-3\n", "row 2 repeats the names of the columns"),
        (HEAD + b'"NaCl,-2\nMgO,-3\n', "A quotation mark is not closed"),
        (HEAD, "the table has no rows"),
        (b"\n\n\n", "the file is empty"),
        (b"", "the file is empty"),
        (b'[{"formula": "NaCl"}]', "looks like JSON, not like a table of lines. Give it the ending .json"),
        (b"<!DOCTYPE html><html></html>", "the content is a web page"),
        (b"\xef\xbb\xbf<html></html>", "the content is a web page"),
        (b"PAR1" + b"\0" * 50, "the content is a parquet file. Give it the ending .parquet"),
        (gzip.compress(HEAD, mtime=0), "compressed by gzip. Give it an ending such as .csv.gz"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 99, "an Excel workbook of the old kind"),
        ("formula,target\nNaCl,-2\n".encode("utf-16-le"), "with data.encoding, such as utf-16-le,"),
        ("formula,target\nNaCl,-2\n".encode("utf-16-be"), "with data.encoding, such as utf-16-be,"),
        ("formula,target\nµ,-2\n".encode("cp1252"), "with data.encoding, such as cp1252 (of Windows), latin-1"),
    ],
)
@pytest.mark.parametrize("ending", [".csv", ".csv.gz"])
def test_a_csv_table_that_is_not_certain_is_refused(tmp_path: Path, content: bytes, message: str, ending: str) -> None:
    if ending.endswith("gz"):
        if (
            "compressed by gzip" in message
            or "the content is" in message
            or "Excel workbook" in message
            or "looks like JSON" in message
        ):
            pytest.skip("what is in an archive is seen as text")
        content = gzip.compress(content, mtime=0)
    assert message in refusal(tmp_path, f"t{ending}", content)


@pytest.mark.parametrize(
    ("above", "header"),
    [
        ("# from the lab\n", "formula,target"),
        ("# x, y\n# z\n", "formula,target"),
        ("# x, y, from the lab\n\n", "formula,target"),
        ("Energies\n", "formula,target"),
        ("Energies,\n,\n", "formula,target"),
        ("a\nb\n\n", "Formula,Ef (eV/atom)"),
        ("sep=,\n", "formula,target"),
        ("", "# formula,target"),
        ("# from the lab\n", "# formula,target"),
    ],
)
def test_what_stands_above_the_names_of_the_columns_is_passed_over_and_told(
    tmp_path: Path, above: str, header: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"{above}{header}\nNaCl,-2.1\nMgO,-3\n", encoding="utf-8")
    parts = list(read_table_in_parts(str(path), 1))
    frame = read_table(str(path))
    assert list(frame.columns) == list(parts[0].columns) == header.split(",")
    assert (
        frame.to_numpy().tolist()
        == [part.to_numpy().tolist()[0] for part in parts]
        == [["NaCl", "-2.1"], ["MgO", "-3"]]
    )
    said = frame.attrs.get("said", "")
    assert bool(said) == bool(above)
    assert above.split("\n")[0].strip() in said


def test_a_zip_archive_called_csv_is_said_to_be_one(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("t.csv", HEAD + b"NaCl,-2\n")
    assert "a zip archive or an Excel workbook. Unpack it, or give" in refusal(tmp_path, "t.csv", buffer.getvalue())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("t.xlsx", "no Excel workbook, or not whole. If it is a table of text, name it .csv or .tsv"),
        ("t.xls", "Save the sheet as .xlsx, without macros, or as CSV"),
        ("t.xlsm", "Save the sheet as .xlsx, without macros, or as CSV"),
        ("t.txt", "name it .csv; by tabs, .tsv"),
        ("t.zip", "Unpack it first"),
        ("t.pkl", "pickled files can run code"),
        ("t.ndjson", "not readable as a JSON table: line 1"),
        ("t", "unknown kind of table"),
    ],
)
def test_other_endings_are_answered_with_what_to_do(tmp_path: Path, name: str, message: str) -> None:
    assert message in refusal(tmp_path, name, b"formula\nNaCl\n")


@pytest.mark.parametrize("encoding", ["utf-61", "a\0b", "hex", "rot13", "", "x" * 10_000, "\ud800", "idna", "utf-7"])
def test_an_encoding_that_is_none_is_refused(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "t.csv").write_bytes(HEAD + b"NaCl,-2\n")
    with pytest.raises(DataError, match=r"^data\.encoding: "):
        read_table(str(tmp_path / "t.csv"), encoding)


ROWS = [["NaCl", "-2.1"], ["µ", "0"], ["NaN", ""]]
TEXT = "formula,target\nNaCl,-2.1\nµ,0\nNaN,\n"


@pytest.mark.parametrize(
    ("name", "content", "encoding"),
    [
        ("t.csv", TEXT.encode("utf-16-le"), "utf-16-le"),
        ("t.csv", TEXT.encode("cp1252"), "cp1252"),
        ("t.csv", b"\n\n" + TEXT.encode(), "utf-8"),
        ("t.csv", ("formula,target,\n" + "".join(f"{a},{b},\n" for a, b in ROWS)).encode(), "utf-8"),
        ("t.csv", TEXT.replace("NaCl", '"NaCl"').encode("utf-8-sig"), "utf-8-sig"),
        ("t.tsv", TEXT.replace(",", "\t").encode(), "utf-8"),
        ("t.TSV", TEXT.replace(",", "\t").replace("\n", "\r\n").encode(), "utf-8"),
        ("t.tsv.gz", gzip.compress(TEXT.replace(",", "\t").encode(), mtime=0), "utf-8"),
    ],
)
def test_a_table_of_text_is_read(tmp_path: Path, name: str, content: bytes, encoding: str) -> None:
    (tmp_path / name).write_bytes(content)
    frame = read_table(str(tmp_path / name), encoding)
    assert list(frame.columns) == ["formula", "target"]
    assert frame.to_numpy().tolist() == ROWS
    parts = list(read_table_in_parts(str(tmp_path / name), 2, encoding))
    assert [row for part in parts for row in part.to_numpy().tolist()] == ROWS


def test_long_cells_are_read_whole(tmp_path: Path) -> None:
    cell = "data_x\n" * 100_000
    (tmp_path / "t.csv").write_text(f'formula,cif\nNaCl,"{cell}"\n')
    assert read_table(str(tmp_path / "t.csv"))["cif"][0] == cell


@pytest.mark.parametrize(
    ("header", "rows", "is_refused"),
    [
        ("formula,target,", ["NaCl,-2,131", "MgO,-3,118"], True),
        ("formula,target,note", ["NaCl,-2,131", "MgO,-3,118"], True),
        ("formula,target,note", ["NaCl,2,05", "MgO,3,1"], True),
        ("formula,target,note", ["NaCl,-2,131", "MgO,-3,"], False),
        ("formula,target,fold", ["NaCl,-2,1", "MgO,-3,2"], False),
        ("formula,target,atoms", ["NaCl,-411,12", "MgO,-601,14"], False),
        ("formula,target,group", ["NaCl,-2.1,225", "MgO,-3,225"], False),
        ("target,formula", ["-2,NaCl", "-3,MgO"], False),
    ],
)
def test_decimal_commas_that_fill_a_spare_column_are_refused(
    tmp_path: Path, header: str, rows: list[str], is_refused: bool
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    data = DataConfig(path=str(path), unit="kJ/mol")
    if is_refused:
        with pytest.raises(DataError, match="with a decimal comma"):
            load_dataset(data, TaskConfig())
        with pytest.raises(DataError, match="with a decimal comma"):
            read_energy_table(path)
    else:
        assert len(load_dataset(data, TaskConfig())) == 2


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("?", "'?' is no number"),
        ("-?", "'-?' is no number"),
        ("inf", "'inf' is not finite"),
        ("-1_0", "'-1_0' is no number: write the digits without '_'"),
        ("2·10", "U+00B7"),
    ],
)
def test_a_target_that_is_no_number_is_refused_or_dropped_by_name(cell: str, reason: str) -> None:
    frame = pd.DataFrame({"formula": ["NaCl", "MgO", "Xx", "KCl"], "target": ["-2", cell, "-1", ""]})
    with pytest.raises(DataError) as error:
        dataset_from_frame(frame, DataConfig(path="t.csv"), TaskConfig())
    assert "t.csv: 2 rows cannot be used" in str(error.value)
    assert "column 'target', row 2: " in str(error.value)
    assert reason in str(error.value)
    data = dataset_from_frame(frame, DataConfig(path="t.csv", invalid="drop"), TaskConfig())
    assert data.ids == ("1",)
    assert [row.id for row in data.left_out] == ["4", "2", "3"]
    assert data.left_out[0] == LeftOut("4", "no target")
    assert reason in data.left_out[1].reason
    assert data.notes == (
        "1 row has no target and is not used",
        "2 rows cannot be read and are left out; the report names them",
    )


def test_a_column_without_any_number_is_refused_even_where_rows_may_be_dropped() -> None:
    frame = pd.DataFrame({"formula": ["NaCl", "MgO"], "target": ["x", "y"]})
    with pytest.raises(DataError, match="No row has a number"):
        dataset_from_frame(frame, DataConfig(path="t.csv", invalid="drop"), TaskConfig())


def test_two_columns_that_differ_in_case_only_are_not_chosen_from() -> None:
    frame = pd.DataFrame({"Formula": ["NaCl"], "formula": ["MgO"], "target": [-2.0]})
    with pytest.raises(DataError, match=r"data\.formula: 2 columns are called formula: 'Formula', 'formula'"):
        dataset_from_frame(frame, DataConfig(path="t.csv"), TaskConfig())
    assert dataset_from_frame(frame, DataConfig(path="t.csv", formula="formula"), TaskConfig()).formulas == ("MgO",)


# JSON

RECORDS = [{"formula": "NaCl", "target": -2.1}, {"formula": "MgO", "target": -3.1}]
COLUMNS = {"formula": ["NaCl", "MgO"], "target": [-2.1, -3.1]}
FRAME = pd.DataFrame(RECORDS)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.json", json.dumps(RECORDS)),
        ("t.json", json.dumps({"data": RECORDS, "meta": {"total": 2}, "links": None})),
        ("t.json", json.dumps({"data": RECORDS})),
        *[("t.json", FRAME.to_json(orient=orient)) for orient in ("records", "split", "index", "columns", "table")],
        ("t.json", FRAME.to_json(orient="records", lines=True)),
        ("t.jsonl", FRAME.to_json(orient="records", lines=True)),
        ("t.jsonl", json.dumps(RECORDS[0]) + "\n\n" + json.dumps(RECORDS[1])),
        ("t.json", json.dumps({"columns": list(COLUMNS), "data": [["NaCl", -2.1], ["MgO", -3.1]]})),
        ("t.json", json.dumps({"columns": list(COLUMNS), "data": RECORDS})),
        ("t.json", "\ufeff" + json.dumps(COLUMNS)),
    ],
)
def test_every_form_of_json_gives_the_same_table(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    frame = read_table(str(tmp_path / name))
    assert {key: frame[key].tolist() for key in COLUMNS} == COLUMNS


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_json_says_its_own_encoding(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "t.json").write_bytes(json.dumps(COLUMNS).encode(encoding))
    assert read_table(str(tmp_path / "t.json"))["formula"].tolist() == COLUMNS["formula"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"formula": "NaCl"}, 3]', "row 2 is 3, where an object with a value for each column is expected"),
        ('[{"formula": "NaCl"}, null]', "row 2 is None, where an object"),
        ('[{"formula": "NaCl"}, ["a"]]', "row 2 is ['a'], where an object"),
        ('[["NaCl", 1], ["MgO"]]', "row 2 is 1 values, where a list of 2 values is expected"),
        ('[["NaCl", 1], {"a": 1}]', "row 2 is {'a': 1}, where a list of values is expected"),
        ("[1, 2]", "row 1 is 1, where a list of values is expected"),
        ('["NaCl"]', "row 1 is 'NaCl', where a list of values is expected"),
        ("5", "found 5. Write a list of records"),
        ('"x"', "found 'x'"),
        ("null", "found None"),
        ("NaN", "found nan"),
        ("{}", "the table has no rows"),
        ("[{}]", "the table has no rows"),
        ('{"formula": "NaCl"}', "the key 'formula' holds 'NaCl'"),
        ('{"formula": ["NaCl"], "target": [1, 2]}', "the column 'formula' has 1 values, but 'target' has 2"),
        ('{"formula": {"0": "NaCl"}, "target": {"1": 2}}', "the column 'formula' has no value for the row '1'"),
        ('[{"formula": "NaCl", "target": 1, "target": 2}]', "the key 'target' stands twice in one object"),
        ('[{"a": {"b": [{"x": 1, "x": 1}]}}]', "the key 'x' stands twice in one object"),
        ('{"columns": ["a", "a"], "data": [[1, 2]]}', "1 column occurs twice, the first is 'a'"),
        ('{"columns": 5, "data": [[1, 2]]}', "'columns' is 5, where a list of names is expected"),
        ('{"columns": ["a"], "data": [[1, 2]]}', "row 1 is 2 values, where a list of 1 values is expected"),
        ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
        ("[" + '{"a":' * 100_000, "nested too deeply"),
        ('[{"a": ' + "1" * 5000 + "}]", "not readable as a JSON table"),
        ('{"a": [1,]}', "line 1, column 10"),
        ("{'formula': ['NaCl']}", "line 1, column 2: Expecting property name enclosed in double quotes"),
        ('{"formula": ["NaCl"]} trailing', "line 1, column 23: Extra data"),
        ("", "the file is empty"),
        (" \n", "the file is empty"),
        ("<html>", "the content is a web page"),
    ],
)
def test_json_that_is_no_table_is_refused(tmp_path: Path, text: str, message: str) -> None:
    assert message in refusal(tmp_path, "t.json", text.encode())


def test_json_in_another_encoding_is_refused(tmp_path: Path) -> None:
    assert "not text in UTF-8" in refusal(tmp_path, "t.json", '[{"formula": "µ"}]'.encode("latin-1"))


def test_a_number_of_400_digits_is_no_finite_target(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(
        '[{"formula": "NaCl", "target": -2}, {"formula": "MgO", "target": %s}]' % ("9" * 400)
    )
    with pytest.raises(DataError, match=r"row 2: 9+ \.\.\. 9+ is not finite"):
        load_dataset(DataConfig(path=str(tmp_path / "t.json")), TaskConfig())


MATERIALS_PROJECT = {
    "material_id": "mp-19770",
    "formula_pretty": "Fe2O3",
    "composition": {"Fe": 4.0, "O": 6.0},
    "composition_reduced": {"Fe": 2.0, "O": 3.0},
    "symmetry": {"crystal_system": "Trigonal", "number": 167},
    "elements": ["Fe", "O"],
    "formation_energy_per_atom": -1.7,
}


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"data": rows, "meta": {"total_doc": len(rows)}}])
def test_an_export_of_the_materials_project_is_read(tmp_path: Path, wrap: Any) -> None:
    second = MATERIALS_PROJECT | {"material_id": "mp-1", "formula_pretty": "MgO", "formation_energy_per_atom": -3.1}
    (tmp_path / "t.json").write_text(json.dumps(wrap([MATERIALS_PROJECT, second])))
    data = load_dataset(DataConfig(path=str(tmp_path / "t.json")), TaskConfig())
    assert data.formulas == ("Fe2O3", "MgO")
    assert data.ids == ("mp-19770", "mp-1")
    assert data.y.tolist() == [-1.7, -3.1]


def test_an_export_of_oqmd_is_read(tmp_path: Path) -> None:
    rows = [
        {"name": "AlFe2", "entry_id": 1, "delta_e": -0.3, "stability": 0.01, "composition": "Al1 Fe2"},
        {"name": "MgO", "entry_id": 2, "delta_e": -3.0, "stability": -0.01, "composition": "Mg1 O1"},
    ]
    (tmp_path / "t.json").write_text(json.dumps({"links": {"next": None}, "data": rows, "meta": {}, "resource": {}}))
    data = load_dataset(DataConfig(path=str(tmp_path / "t.json")), TaskConfig())
    assert data.materials.compositions.n_atoms.tolist() == [3, 2]
    assert data.y.tolist() == [-0.3, -3.0]


@pytest.mark.parametrize(
    ("cell", "formula"),
    [
        ({"Fe": 2, "O": 3}, "Fe2O3"),
        ({"Fe": 2.0, "O": 3.0}, "Fe2O3"),
        ({"Li": 0.5, "Cl": 0.5}, "Li0.5Cl0.5"),
        ({"Fe": "2", "O": "3"}, "Fe2O3"),
        ({"Fe": 10, "O": 100}, "Fe10O100"),
    ],
)
def test_a_mapping_of_elements_to_amounts_is_a_formula(cell: dict[str, Any], formula: str) -> None:
    frame = pd.DataFrame({"composition": pd.Series([cell, {"Mg": 1, "O": 1}], dtype=object), "target": [-1.0, -3.0]})
    assert dataset_from_frame(frame, DataConfig(path="t"), TaskConfig()).formulas == (formula, "Mg1O1")


@pytest.mark.parametrize(
    "cell", [{"Xx": 1}, {"Fe2": 3}, {"Fe": None}, {"Fe": [1]}, {"Fe": -1}, {}, [1], 5, {"Fe": 1e300}]
)
def test_a_mapping_of_something_else_is_no_formula(cell: Any) -> None:
    frame = pd.DataFrame({"composition": pd.Series([cell, {"Mg": 1, "O": 1}], dtype=object), "target": [-1.0, -3.0]})
    with pytest.raises(DataError, match="1 row cannot be used\n  row 1: "):
        dataset_from_frame(frame, DataConfig(path="t"), TaskConfig())


# Parquet


def parquet(folder: Path, columns: dict[str, Any], metadata: dict[str, bytes] | None = None) -> Path:
    arrow = pa.table(columns)
    pq.write_table(arrow if metadata is None else arrow.replace_schema_metadata(metadata), folder / "t.parquet")
    return folder / "t.parquet"


@pytest.mark.parametrize(
    ("target", "values"),
    [
        (pa.array([Decimal("-2.10"), None]), [-2.1]),
        (pa.array(["-2.1", "-3.1"]).dictionary_encode(), [-2.1, -3.1]),
        (pa.array([-2.0, float("nan")]), [-2.0]),
        (pa.array([-2, None], pa.int8()), [-2.0]),
        (pa.array(np.array([-2.0, -3.0], np.float16)), [-2.0, -3.0]),
    ],
)
def test_targets_of_every_type_of_number_are_read(tmp_path: Path, target: Any, values: list[float]) -> None:
    path = parquet(tmp_path, {"formula": pa.array(["NaCl", "MgO"]).dictionary_encode(), "target": target})
    assert load_dataset(DataConfig(path=str(path)), TaskConfig()).y.tolist() == values


@pytest.mark.parametrize(
    "target",
    [
        pa.array([1, 2], pa.date32()),
        pa.array([1, 2], pa.timestamp("ns")),
        pa.array([1, 2], pa.duration("s")),
        pa.array([[1.0], [2.0]]),
        pa.array([{"x": 1}, {"x": 2}]),
        pa.array([b"1", b"2"]),
        pa.array([True, False]),
    ],
)
def test_targets_of_other_types_are_refused(tmp_path: Path, target: Any) -> None:
    path = parquet(tmp_path, {"formula": ["NaCl", "MgO"], "target": target})
    with pytest.raises(DataError, match=r"data\.target: column 'target', row 1: .* is no number"):
        load_dataset(DataConfig(path=str(path)), TaskConfig())


@pytest.mark.parametrize("note", [b"{", b"[]", b"5", b"{}", b'{"index_columns": 5}', b"\xff", b"[" * 100_000])
def test_damaged_notes_of_pandas_are_refused(tmp_path: Path, note: bytes) -> None:
    path = parquet(tmp_path, {"formula": ["NaCl"], "target": [1.0]}, {"pandas": note})
    assert "what pandas noted in it is damaged" in refusal(tmp_path, "t.parquet", path.read_bytes())


def test_numbers_of_rows_are_no_column_but_a_known_name_is(tmp_path: Path) -> None:
    frame = pd.DataFrame({"formula": ["NaCl", "MgO"], "x": [1, 2], "row": [5, 6]})
    frame[frame["x"] > 1].to_parquet(tmp_path / "t.parquet")
    assert list(read_table(str(tmp_path / "t.parquet")).columns) == ["formula", "x", "row"]
    frame.set_index("row").to_parquet(tmp_path / "t.parquet")
    assert list(read_table(str(tmp_path / "t.parquet")).columns) == ["formula", "x"]
    frame.set_index("formula").to_parquet(tmp_path / "t.parquet")
    assert list(read_table(str(tmp_path / "t.parquet")).columns) == ["x", "row", "formula"]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\0" * 100 + b"PAR1", HEAD])
def test_what_is_no_parquet_file_is_refused(tmp_path: Path, content: bytes) -> None:
    assert "not readable as parquet" in refusal(tmp_path, "t.parquet", content)


def test_a_parquet_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    arrow = pa.table([["NaCl"], ["MgO"]], names=["formula", "formula"])
    pq.write_table(arrow, tmp_path / "t.parquet")
    assert "1 column occurs twice" in refusal(tmp_path, "t.parquet", (tmp_path / "t.parquet").read_bytes())


# Tables of features


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("formula,x\nNaCl,1_0\n", "these columns are not numbers: x ('1_0' is no number: write the digits without"),
        ("formula,x\nNaCl,0x10\n", "these columns are not numbers: x"),
        (",formula,x\n0,NaCl,1\n", "column 1 has no name. Does it number the rows?"),
        ("formula,x\nNaCl,inf\n", "infinite values in x"),
    ],
)
def test_features_are_read_as_strictly(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(FeatureError, match=re.escape(message)):
        feature_table(str(tmp_path / "t.csv"))


@pytest.mark.parametrize("kind", ["csv", "json", "parquet", "xlsx"])
@pytest.mark.parametrize("minus", ["−", "–", "﹣", "－"])
def test_a_printed_minus_is_read_from_every_table_and_counted(tmp_path: Path, kind: str, minus: str) -> None:
    cells = [*(f"{minus}{number}" for number in ("205.6", "300.8", "335.1")), "-218.2"]
    frame = pd.DataFrame({"Stoff": ["NaCl", "MgO", "Al2O3", "KCl"], "Hf (kJ/mol-atom)": cells})
    path = tmp_path / f"t.{kind}"
    writers: dict[str, Any] = {"csv": frame.to_csv, "parquet": frame.to_parquet, "xlsx": frame.to_excel}
    if kind == "json":
        frame.to_json(path, orient="records")
    else:
        writers[kind](path, index=False)
    found = discover(str(path))
    remark = "olumn 'Hf (kJ/mol-atom)': 3 numbers begin with another sign than '-', which is read as minus"
    assert f"C{remark}." in found.notes
    dataset = load_dataset(DataConfig(**found.data), TaskConfig())
    assert f"c{remark}" in dataset.notes
    assert dataset.y[1] == pytest.approx(-300.8 / 96.48533212)


@pytest.mark.parametrize("named", [{}, {"target": "Hf (kJ/mol)"}])
def test_uncertainties_are_the_reason_that_is_given(tmp_path: Path, named: dict[str, Any]) -> None:
    (tmp_path / "t.csv").write_text("Compound,Hf (kJ/mol)\nNaCl,−411.1 ± 2.0\nMgO,−601.6 ± 2.0\n", encoding="utf-8")
    with pytest.raises(DataError) as error:
        discover(str(tmp_path / "t.csv"), **named)
    assert "row 1: '−411.1 ± 2.0' is no number: leave out the uncertainty" in str(error.value)
    assert "is empty" not in str(error.value)
    assert "no column is called" not in str(error.value)


def test_a_point_between_thousands_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("Verbindung;Hf (kJ/mol)\nNaCl;-411,1\nAl2O3;-1.675,7\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"'-1\.675,7' has a point between thousands and a comma before the decimals"):
        read_table(str(tmp_path / "t.csv"))
    (tmp_path / "u.csv").write_text('Compound,Hf (kJ/mol)\nNaCl,-411.1\nAl2O3,"-1,675.7"\n', encoding="utf-8")
    with pytest.raises(DataError, match="leave out the comma between thousands"):
        load_dataset(DataConfig(path=str(tmp_path / "u.csv"), unit="kJ/mol-formula"), TaskConfig())
