"""Rows of one reduced formula."""

from __future__ import annotations

import pandas as pd
import pytest

from formation_mlp.config.schema import DataConfig, TaskConfig
from formation_mlp.data.dataset import dataset_from_frame
from formation_mlp.data.records import Dataset

# SiO2 under three spellings, TiO2 twice, MgO once; the lowest SiO2 is the third of them
SPREAD = (
    "rows of 1 formula differ by more than 0.1 eV/atom, those of SiO2: from -3.300 to -3.100. "
    "Look whether these are the same phase, in the same unit"
)
ROWS = [("SiO2", -3.1), ("MgO", -3.0), ("Si2O4", -3.2), ("TiO2", -3.2), ("O2Si", -3.3), ("Ti0.5O", -3.1)]


def merged(choice: str) -> Dataset:
    frame = pd.DataFrame(ROWS, columns=["formula", "target"])
    return dataset_from_frame(frame, DataConfig(path="t.csv", duplicates=choice), TaskConfig())


def test_all_rows_are_kept_and_the_repeats_counted() -> None:
    data = merged("keep")
    assert data.ids == ("1", "2", "3", "4", "5", "6")
    assert data.notes == ("3 rows repeat the reduced formula of another row (kept)", SPREAD)
    assert data.left_out == ()


def test_the_mean_stands_at_the_first_row_of_a_formula() -> None:
    data = merged("mean")
    assert dict(zip(data.formulas, data.y, strict=True)) == pytest.approx({"SiO2": -3.2, "MgO": -3.0, "TiO2": -3.15})
    assert data.ids == ("1", "2", "4")
    assert [row.id for row in data.left_out] == ["3", "5", "6"]
    assert data.notes == ("3 rows merged: averaged with an earlier row of the same formula", SPREAD)


def test_the_median_is_moved_little_by_one_wrong_value() -> None:
    data = merged("median")
    assert dict(zip(data.formulas, data.y, strict=True)) == pytest.approx({"SiO2": -3.2, "MgO": -3.0, "TiO2": -3.15})
    assert [row.id for row in data.left_out] == ["3", "5", "6"]
    frame = pd.DataFrame(
        [("SiO2", -3.1), ("SiO2", -13.0), ("SiO2", -3.2), ("MgO", -3.0)], columns=["formula", "target"]
    )
    wrong = dataset_from_frame(frame, DataConfig(path="t.csv", unit="eV/atom", duplicates="median"), TaskConfig())
    assert wrong.y.tolist() == [-3.2, -3.0]
    merge, spread = wrong.notes
    assert merge == "2 rows merged: the median with an earlier row of the same formula is taken"
    assert "those of SiO2: from -13.000 to -3.100" in spread


def test_the_lowest_row_of_a_formula_is_its_ground_state() -> None:
    data = merged("lowest")
    assert dict(zip(data.formulas, data.y, strict=True)) == {"MgO": -3.0, "TiO2": -3.2, "O2Si": -3.3}
    assert data.ids == ("2", "4", "5")
    assert [row.id for row in data.left_out] == ["1", "3", "6"]
    assert data.notes == ("3 rows merged: another row of the same formula lies lower", SPREAD)


@pytest.mark.parametrize("choice", ["keep", "mean", "median", "lowest"])
def test_without_duplicates_nothing_changes_and_nothing_is_said(choice: str) -> None:
    frame = pd.DataFrame({"formula": ["SiO2", "MgO"], "target": [-3.1, -3.0]})
    data = dataset_from_frame(frame, DataConfig(path="t.csv", duplicates=choice), TaskConfig())
    assert data.y.tolist() == [-3.1, -3.0]
    assert (data.left_out, data.notes) == ((), ())


def test_the_formula_whose_rows_differ_most_is_named() -> None:
    rows = [("NaCl", -2.1), ("ClNa", -1.2), ("MgO", -3.0), ("MgO", -0.3), ("ZnO", -1.8), ("ZnO", -1.7)]
    frame = pd.DataFrame(rows, columns=["formula", "target"])
    data = dataset_from_frame(frame, DataConfig(path="t.csv", duplicates="median"), TaskConfig())
    assert data.notes[1].startswith(
        "rows of 2 formulas differ by more than 0.1 eV/atom, those of MgO the most: from -3.0"
    )
    assert data.notes[1].endswith("Look whether these are the same phase, in the same unit")
    assert data.y.tolist() == pytest.approx([-1.65, -1.65, -1.75])
