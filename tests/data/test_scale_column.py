"""On which energy scale each row is: declared for the table, or in a column."""

from __future__ import annotations

import pandas as pd
import pytest

from formation_mlp.config.schema import DataConfig, TaskConfig
from formation_mlp.data.dataset import dataset_from_frame
from formation_mlp.data.records import Dataset
from formation_mlp.errors import DataError

FRAME = pd.DataFrame(
    {
        "formula": ["NaCl", "NaCl", "MgO", "MgO", "KCl"],
        "energy": [-2.1, -2.0, -3.1, -3.0, -2.2],
        "scale": ["oqmd", "mp2020", "oqmd", "measured", "oqmd"],
    }
)


def read(scale: str | None, frame: pd.DataFrame = FRAME, duplicates: str = "keep") -> Dataset:
    config = DataConfig(path="t.csv", target="energy", unit="eV/atom", scale=scale, duplicates=duplicates)
    return dataset_from_frame(frame, config, TaskConfig())


def test_a_column_of_scales_is_read_row_by_row_with_the_default_scale_first() -> None:
    dataset = read("scale")
    assert dataset.target.scales == ("mp2020", "oqmd", "measured")
    assert dataset.scale is not None
    assert dataset.scale.tolist() == [1, 0, 1, 2, 1]
    taken = dataset.take([1, 3])
    assert taken.scale is not None
    assert taken.scale.tolist() == [0, 2]


def test_a_table_on_one_scale_needs_no_column() -> None:
    assert (read("measured").target.scales, read("measured").scale) == (("measured",), None)
    assert read(None).target.scales == ()
    one = read("scale", FRAME.assign(scale="oqmd"))
    assert (one.target.scales, one.scale) == (("oqmd",), None)


def test_rows_of_one_formula_on_two_scales_are_not_duplicates() -> None:
    assert len(read("scale", duplicates="lowest")) == len(FRAME)
    assert len(read("oqmd", duplicates="lowest")) == 3


@pytest.mark.parametrize(
    ("scale", "cells", "words"),
    [
        ("mp202", None, r"'mp202' is neither an energy scale .* nor a column .*mp2020"),
        ("scale", ["oqmd", "omqd", "oqmd", "oqmd", "oqmd"], r"column 'scale', row 2: 'omqd' is no energy scale.*oqmd"),
        ("scale", ["oqmd", "oqmd", "oqmd", "", "oqmd"], r"row 4: the cell is blank"),
    ],
)
def test_what_is_no_scale_is_refused_with_the_scales_there_are(scale: str, cells: list[str] | None, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read(scale, FRAME if cells is None else FRAME.assign(scale=cells))


def test_classes_are_on_no_scale() -> None:
    config = DataConfig(path="t.csv", target="energy", scale="scale")
    task = TaskConfig(type="classification", boundary=-2.5)
    with pytest.raises(DataError, match="several scales are for regression"):
        dataset_from_frame(FRAME, config, task)
