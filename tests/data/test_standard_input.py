"""A table that comes by standard input is kept under the ending of its kind."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pandas as pd
import pytest

from formation_mlp.data.sources import read_table
from formation_mlp.data.standard_input import keep_standard_input
from formation_mlp.errors import DataError

FRAME = pd.DataFrame({"formula": ["NaCl", "MgO"], "e_form": [-2.1, -3.1]})


def bytes_of(kind: str) -> bytes:
    buffer = io.BytesIO()
    if kind == ".xlsx":
        FRAME.to_excel(buffer, index=False)
    elif kind == ".parquet":
        FRAME.to_parquet(buffer)
    elif kind == ".json":
        FRAME.to_json(buffer, orient="records")
    elif kind == ".jsonl":
        FRAME.to_json(buffer, orient="records", lines=True)
    else:
        FRAME.to_csv(buffer, index=False, sep="\t" if kind == ".tsv" else ",")
    return buffer.getvalue()


@pytest.mark.parametrize("kind", [".csv", ".tsv", ".json", ".jsonl", ".parquet", ".xlsx"])
def test_each_kind_is_told_by_its_content(tmp_path: Path, kind: str) -> None:
    kept = keep_standard_input(tmp_path / "new", io.BytesIO(bytes_of(kind)))
    assert kept.suffix == kind
    assert read_table(str(kept))["formula"].tolist() == ["NaCl", "MgO"]


def test_frames_are_told_from_a_table(tmp_path: Path) -> None:
    frame = b'1\nLattice="3 0 0 0 3 0 0 0 3" Properties=species:S:1:pos:R:3 e_form=0.0\nNa 0 0 0\n'
    kept = keep_standard_input(tmp_path, io.BytesIO(frame))
    assert kept.suffix == ".extxyz"
    assert len(read_table(str(kept))) == 1


def test_one_table_has_one_name_and_two_have_two(tmp_path: Path) -> None:
    names = [keep_standard_input(tmp_path, io.BytesIO(bytes_of(kind))).name for kind in (".csv", ".csv", ".tsv")]
    assert names[0] == names[1]
    assert len({*names}) == len([*tmp_path.iterdir()]) == 2


@pytest.mark.parametrize("content", [b"", b" \n\n"])
def test_nothing_is_refused_and_nothing_kept(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DataError, match="standard input is empty"):
        keep_standard_input(tmp_path / "new", io.BytesIO(content))
    assert not (tmp_path / "new").exists()


def test_what_is_compressed_is_said_to_be(tmp_path: Path) -> None:
    kept = keep_standard_input(tmp_path, io.BytesIO(gzip.compress(bytes_of(".csv"))))
    assert read_table(str(kept))["formula"].tolist() == ["NaCl", "MgO"]
