"""Tables of spreadsheets with decimal commas are read where these are certain, and refused where they are not."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from formation_mlp.config.schema import DataConfig, TaskConfig
from formation_mlp.data import columns
from formation_mlp.data.dataset import load_dataset
from formation_mlp.data.discovery import discover
from formation_mlp.data.sources import read_table, read_table_in_parts
from formation_mlp.errors import DataError
from formation_mlp.hulls.energy_table import read_energy_table
from support.commands import Outcome

ROWS: list[tuple[str, ...]] = [
    ("formula", "target", "volume"),
    ("NaCl", "-2,13", "5"),
    ("MgO", "-3,045", "8,5"),
    ("KF", "", "n.d."),
]


def written(separator: str, rows: list[tuple[str, ...]] = ROWS) -> str:
    return "".join(separator.join(row) + "\n" for row in rows)


@pytest.mark.parametrize(
    ("name", "separator"),
    [("t.csv", ";"), ("t.csv", "\t"), ("t.tsv", "\t"), ("t.csv.gz", ";"), ("t.tsv.gz", "\t"), ("t.tsv", ";")],
)
def test_decimal_commas_are_read_and_told(tmp_path: Path, name: str, separator: str) -> None:
    path, text = tmp_path / name, written(separator).encode()
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    frame = read_table(str(path))
    assert frame["formula"].tolist() == ["NaCl", "MgO", "KF"]
    assert frame["target"].tolist() == ["-2.13", "-3.045", ""]
    assert frame["volume"].tolist() == ["5", "8.5", "n.d."]
    assert "the numbers in 'target', 'volume' have decimal commas" in frame.attrs[columns.DECIMALS]
    parts = list(read_table_in_parts(str(path), 1))
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), frame)


def test_every_reader_of_energies_has_the_same_numbers(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(written(";"))
    dataset = load_dataset(DataConfig(path=str(path), unit="eV/atom"), TaskConfig())
    assert dataset.y.tolist() == [-2.13, -3.045]
    assert any("decimal commas" in note for note in dataset.notes)
    assert any("decimal commas" in note for note in discover(str(path)).notes)
    path.write_text(written(";", ROWS[:3]))
    assert sorted(read_energy_table(path).energies.tolist()) == [-3.045, -2.13]


@pytest.mark.parametrize(
    "rows",
    [
        [("formula", "target"), ("NaCl", "-2,131"), ("MgO", "-3,045")],  # thousands?
        [("formula", "target"), ("NaCl", "-2.131"), ("MgO", "-3.045")],  # thousands, as German tables write them?
        [("formula", "target"), ("NaCl", "-2,13"), ("MgO", "-3.045")],
        [("formula", "target"), ("NaCl", "-1.202,13"), ("MgO", "-3,04")],
    ],
)
@pytest.mark.parametrize("separator", [";", "\t"])
def test_what_is_not_certain_is_refused(tmp_path: Path, rows: list[tuple[str, ...]], separator: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(written(separator, rows))
    with pytest.raises(DataError, match=r"the columns are separated by|has a point between thousands"):
        read_table(str(path))


@pytest.mark.parametrize("numbers", [("-2.13", "-3.045"), ("-2", "-3"), ("-0.131", "1e-3")])
@pytest.mark.parametrize("separator", [";", "\t"])
def test_numbers_without_commas_are_read_whatever_separates_them(
    tmp_path: Path, numbers: tuple[str, str], separator: str
) -> None:
    path = tmp_path / "t.csv"
    rows: list[tuple[str, ...]] = [
        ("formula", "target", "remark"),
        ("NaCl", numbers[0], "halite, pure"),
        ("MgO", numbers[1], ""),
    ]
    path.write_text(written(separator, rows))
    assert read_table(str(path))["target"].tolist() == list(numbers)


def test_one_number_that_is_certain_settles_the_whole_table(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(written(";", [("formula", "target", "a"), ("NaCl", "-2,131", "0,131"), ("MgO", "-3,045", "1")]))
    assert read_table(str(path))["target"].tolist() == ["-2.131", "-3.045"]


def test_commas_between_columns_are_as_before(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('formula,target,note\nNaCl,-2.13,"1,5"\nMgO,-3.04,a;b\n')
    frame = read_table(str(path))
    assert frame["note"].tolist() == ["1,5", "a;b"]
    assert columns.DECIMALS not in frame.attrs


def test_uneven_rows_are_named_in_the_words_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("formula;target\nNaCl;-2,13\nMgO;-3,04;\n")
    with pytest.raises(DataError, match=r"row 2 has 3 cells.*end no row with a semicolon"):
        read_table(str(path))


def test_formulas_of_such_a_table_are_predicted(tmp_path: Path, command: Callable[..., Outcome]) -> None:
    path = tmp_path / "t.csv"
    path.write_text(written(";"))
    assert len(command("predict", "--csv", path).succeeded().splitlines()) == 4
