"""Whatever bytes a file holds: a table or configuration, or one of the package's own errors."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from formation_mlp.config.schema import DataConfig, TaskConfig
from formation_mlp.data.dataset import load_dataset
from formation_mlp.data.numbers import number
from formation_mlp.data.sources import read_table, read_table_in_parts
from formation_mlp.errors import DataError
from support.refusals import result_or_refusal

pytestmark = pytest.mark.slow

bounded = settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NAMES = st.sampled_from(["formula", "target", "Formula", "x", "", " ", "id", "composition", "structure"])
CELLS = st.text(max_size=6) | st.sampled_from(
    ["NaCl", "-1.5", "", "1_0", "1,5", "na", '"', "\0", "Fe₂O₃", "nan", "−1", "a\nb", "x" * 500]
)
KEYS = st.sampled_from(["formula", "target", "data", "columns", "id", "structure", "Fe"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.sampled_from(["NaCl", "MgO"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["formula", "target", "data", "columns", "id", "structure", "Fe"]), inner, max_size=3
        )
    ),
    max_leaves=12,
)


def read_or_refuse(path: Path, content: bytes) -> pd.DataFrame | None:
    """Return the table of a file, or None if it is refused; the same in parts; and use it as training does."""
    path.write_bytes(content)
    frame, refusal = result_or_refusal(read_table, str(path))
    parts, refusal_of_parts = result_or_refusal(list_of_parts, str(path), 2)
    for words in filter(None, [refusal, refusal_of_parts]):
        assert path.name in words
        assert len(words) < 2000
    if frame is not None and parts is not None:
        assert sum(map(len, parts)) == len(frame)
    for invalid in ("error", "drop"):
        config = DataConfig(path=str(path), invalid=invalid, unit="eV/atom")
        data, refusal = result_or_refusal(load_dataset, config, TaskConfig())
        if data is None:
            assert refusal.startswith("data.") or path.name in refusal  # the key that is wrong, or the file
            assert len(refusal) < 2000
        else:
            assert frame is not None
            assert len(data) + len(data.left_out) == len(frame)  # no row goes without a name
    return frame


def list_of_parts(path: str, n_rows: int) -> list[pd.DataFrame]:
    return list(read_table_in_parts(path, n_rows))


@bounded
@given(st.binary(max_size=300))
@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.csv.gz", "t.json", "t.jsonl", "t.json.gz", "t.parquet"])
def test_any_bytes_are_a_table_or_are_refused(tmp_path: Path, name: str, content: bytes) -> None:
    read_or_refuse(tmp_path / name, content)


@bounded
@given(st.lists(st.lists(CELLS, max_size=4), max_size=6), st.lists(NAMES, max_size=4), st.sampled_from(",;\t"))
def test_any_cells_are_a_table_or_are_refused(
    tmp_path: Path, rows: list[list[str]], header: list[str], separator: str
) -> None:
    text = "\n".join(separator.join(row) for row in [header, *rows])
    read_or_refuse(tmp_path / "t.csv", text.encode(errors="surrogatepass"))


@bounded
@given(JSON)
@example([{"formula": "NaCl"}, 3])
@example({"formula": {"0": "NaCl"}, "data": []})
@example({"data": [[1]], "columns": [None]})
def test_any_json_is_a_table_or_is_refused(tmp_path: Path, content: Any) -> None:
    read_or_refuse(tmp_path / "t.json", json.dumps(content).encode())


ROWS = [("NaCl", -2.1), ("MgO", -3.1), ("KCl", -2.2), ("CaO", -3.2)]


def table_of(name: str) -> bytes:
    frame = pd.DataFrame(ROWS, columns=["formula", "target"])
    if name.endswith("csv"):
        return frame.to_csv(index=False).encode()
    if name.endswith("json"):
        return frame.to_json(orient="table").encode()
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pandas(frame), sink)
    return bytes(sink.getvalue())


@bounded
@given(st.data())
@pytest.mark.parametrize("name", ["t.csv", "t.json"])
def test_a_table_with_a_damaged_byte_is_a_table_or_is_refused(tmp_path: Path, name: str, data: st.DataObject) -> None:
    content = bytearray(table_of(name))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    read_or_refuse(tmp_path / name, bytes(content))


@bounded
@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_damaged_footer_of_parquet_is_read_or_refused(tmp_path: Path, place: int, byte: int) -> None:
    content = bytearray(table_of("t.parquet"))
    start = content.index(b'{"index_columns"')  # what pandas noted
    end = content.index(b"}", content.index(b"pandas_version"))
    content[start + place % (end - start)] = byte
    read_or_refuse(tmp_path / "t.parquet", bytes(content))


@bounded
@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([repr, "{:.17g}".format, "{:+.17e}".format]))
def test_numbers_come_back_as_they_were_written(value: float, write: Callable[[float], str]) -> None:
    assert number(write(value)) == value
    assert number(value) == value


@bounded
@given(st.text(alphabet="0123456789+-.eE_, xX()−１nainf", max_size=8))
def test_a_text_is_a_number_only_if_it_is_plain(text: str) -> None:
    try:
        found = number(text)
    except ValueError:
        assert not text.isdecimal() or not text.isascii()
    else:
        plain = text.replace("−", "-")
        assert math.isnan(found) or found == float(plain)
        assert plain.isascii()
        assert "_" not in text


FORMULAS = st.sampled_from(["NaCl", "NaN", "Fe2O3", "Ca(OH)2"])


@bounded
@given(st.lists(st.tuples(FORMULAS, st.floats(-5, 1), st.text("ab ,\"'\n", max_size=5)), min_size=1, max_size=5))
@pytest.mark.parametrize("name", ["t.csv", "t.json", "t.parquet"])
def test_a_table_comes_back_as_it_was_written(tmp_path: Path, name: str, rows: list[tuple[str, float, str]]) -> None:
    columns = {
        "formula": [a for a, _, _ in rows],
        "target": [b for _, b, _ in rows],
        "note": [f"x{c}x" for *_, c in rows],
    }
    path = tmp_path / name
    if name == "t.csv":
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([columns, *zip(*columns.values(), strict=True)])
        path.write_text(text.getvalue(), encoding="utf-8", newline="")
    elif name == "t.json":
        path.write_text(json.dumps(columns), encoding="utf-8")
    else:
        pd.DataFrame(columns).to_parquet(path)
    frame = read_table(str(path))
    assert frame["formula"].tolist() == columns["formula"]
    assert frame["note"].tolist() == columns["note"]
    assert [number(cell) for cell in frame["target"]] == columns["target"]


@bounded
@given(st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=6))
@pytest.mark.parametrize("name", ["t.csv", "t.json"])
def test_a_name_that_stands_twice_is_found(tmp_path: Path, name: str, names: list[str]) -> None:
    cells = ["1"] * len(names)
    pairs = ", ".join(f'"{name}": 1' for name in names)
    text = f"{','.join(names)}\n{','.join(cells)}\n" if name == "t.csv" else f"[{{{pairs}}}]"
    (tmp_path / name).write_text(text)
    if len(set(names)) == len(names):
        assert list(read_table(str(tmp_path / name)).columns) == names
    else:
        with pytest.raises(DataError, match="twice"):
            read_table(str(tmp_path / name))
