"""The table of features, and the user's own table as a part of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from formation_mlp.errors import ConfigError, DataError, FeatureError
from formation_mlp.features.engine.table import FeatureTable, featurize
from formation_mlp.features.presets import build_preset, choose_presets
from formation_mlp.materials.inputs import read_materials
from formation_mlp.materials.records import Materials

FORMULAS = ("NaCl", "Fe2O3", "MgO")


@pytest.fixture
def materials() -> Materials:
    return replace(read_materials(FORMULAS).materials, ids=("a", "b", "c"))


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., str]:
    """Return a function that writes a table and returns its path."""

    def write(path_name: str = "own.parquet", /, **columns: Any) -> str:
        path = tmp_path / path_name
        frame = pd.DataFrame(columns)
        if path.suffix == ".csv":
            frame.to_csv(path, index=False)
        else:
            frame.to_parquet(path, index=False)
        return str(path)

    return write


def test_presets_stand_side_by_side(materials: Materials) -> None:
    table = featurize(materials, ["tm_fraction", "stoichiometry"])
    assert table.names == (*build_preset("tm_fraction").names, *build_preset("stoichiometry").names)
    assert table.X.shape == (len(table), len(table.names)) == (3, 7)
    assert table.X[:, 0].tolist() == [0, 0.4, 0]
    assert table.notes == ()


def test_a_failed_row_is_empty_in_all_columns_and_its_reason_is_kept(materials: Materials, file: Any) -> None:
    table = featurize(materials, ["tm_fraction", {"table": file(id=["a", "c"], gap=[8.5, 7.8])}])
    assert np.isnan(table.X).all(axis=1).tolist() == [False, True, False]
    assert table.X[[0, 2], 1].tolist() == [8.5, 7.8]
    assert list(table.failures) == [1]
    assert "no row with this id" in table.failures[1]


def test_columns_that_occur_twice_are_refused(materials: Materials, file: Any) -> None:
    with pytest.raises(FeatureError, match="columns occur twice: x"):
        featurize(materials, [{"table": file("1.csv", id=["a"], x=[1])}, {"table": file("2.csv", id=["a"], x=[1])}])
    with pytest.raises(ValueError, match="numbers for 1 names"):
        FeatureTable(np.zeros((2, 2)), ("x",))


def test_structure_presets_need_structures(materials: Materials) -> None:
    with pytest.raises(FeatureError, match="formulas only"):
        featurize(materials, ["density"])


@pytest.mark.parametrize("features", [["density"], ["stoichiometry"], [{"matminer": "DensityFeatures"}]])
def test_no_rows_give_an_empty_table(features: list[Any]) -> None:
    from pymatgen.core import Lattice, Structure

    structure = Structure(Lattice.cubic(3), ["Cu"], [[0, 0, 0]])
    empty = read_materials([structure]).materials.take([])
    table = featurize(empty, features, cache="off")
    assert table.X.shape == (0, len(table.names))


@pytest.mark.parametrize("name", ["own.parquet", "own.csv"])
@pytest.mark.parametrize("options", [{}, {"key": "id"}])
def test_an_own_table_is_matched_by_id(name: str, options: dict[str, str], materials: Materials, file: Any) -> None:
    path = file(name, material_id=["c", "a", "x", "b"], formula=["?", "?", "?", "?"], gap=[3.0, 1.0, 9.0, None])
    table = featurize(materials, [{"table": {"path": path, **options}}])
    np.testing.assert_array_equal(table.X[:, 0], [1.0, np.nan, 3.0])
    assert table.names == ("gap",)
    assert table.failures == {}
    assert table.missing == {"gap": 1}


def test_an_own_table_is_matched_by_formula_however_it_is_written(materials: Materials, file: Any) -> None:
    path = file(formula=["OMg", "Fe4O6", "ClNa"], gap=[3, 2, 1], flag=[True, False, True])
    twice = materials.take([0, 1, 2, 0])
    table = featurize(twice, [{"table": path}])
    assert table.X.tolist() == [[1, 1], [2, 0], [3, 1], [1, 1]]
    path = file("both.csv", id=["7", "8"], formula=["MgO", "NaCl"], gap=[3, 1])
    table = featurize(materials, [{"table": {"path": path, "key": "formula"}}])
    assert list(table.failures) == [1]
    assert "no row with this formula" in table.failures[1]


def test_rows_with_an_error_in_an_own_table_fail_with_it(materials: Materials, file: Any) -> None:
    path = file("out.csv", id=["a", "b", "c"], error=["", "it was like this", ""], gap=[1, None, 3])
    table = featurize(materials, [{"table": path}])
    assert table.failures == {1: "it was like this"}
    assert table.names == ("gap",)
    assert table.missing == {}


def test_a_table_matched_by_id_needs_materials_with_ids(materials: Materials, file: Any) -> None:
    with pytest.raises(FeatureError, match=r"matched by id.*no ids.*key: formula"):
        featurize(replace(materials, ids=None), [{"table": file(id=["a"], x=[1])}])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"id": ["a", "b", "a"], "x": [1, 2, 3]}, r"rows 1 and 3 have the same id, 'a' and 'a'"),
        ({"formula": ["MgO", "Mg2O2"], "x": [1, 2]}, r"rows 1 and 2 have the same formula, 'MgO' and 'Mg2O2'"),
        ({"formula": ["MgO", "Xx"], "x": [1, 2]}, r"column 'formula', row 2: .*Xx"),
        ({"name": ["MgO"], "x": [1]}, r"no column to match rows by"),
        ({"id": ["a"], "crystal_system": ["cubic"], "x": [1]}, r"not numbers: crystal_system"),
        ({"id": ["a"], "x": [np.inf]}, r"infinite values in x"),
        ({"id": ["a"], "formula": ["MgO"]}, r"no column of numbers"),
        ({"id": ["a"], "x": [1], "e_form": [-1.0]}, r"'e_form' is a target"),
    ],
)
@pytest.mark.parametrize("name", ["own.parquet", "own.csv"])
def test_a_wrong_table_is_refused(name: str, columns: dict[str, Any], message: str, file: Any) -> None:
    with pytest.raises(FeatureError, match=message):
        choose_presets([{"table": file(name, **columns)}])


def test_a_table_that_is_missing_or_a_wrong_key_is_refused(file: Any) -> None:
    with pytest.raises(DataError, match="does not exist"):
        choose_presets([{"table": "nowhere.parquet"}])
    with pytest.raises(ConfigError, match="'id' or 'formula'"):
        choose_presets([{"table": {"path": file(id=["a"], x=[1]), "key": "name"}}])
    with pytest.raises(FeatureError, match="none is called formula"):
        choose_presets([{"table": {"path": file(id=["a"], x=[1]), "key": "formula"}}])


def test_a_table_that_changes_is_read_again(materials: Materials, file: Any) -> None:
    path = file("own.csv", id=["a", "b", "c"], x=[1, 2, 3])
    assert featurize(materials, [{"table": path}]).X[:, 0].tolist() == [1, 2, 3]
    file("own.csv", id=["a", "b", "c"], x=[10, 20, 30])
    assert featurize(materials, [{"table": path}]).X[:, 0].tolist() == [10, 20, 30]


def test_materials_keep_their_ids_in_another_order(materials: Materials) -> None:
    assert materials.take([2, 0]).ids == ("c", "a")
    with pytest.raises(ValueError, match="2 ids for 3"):
        replace(materials, ids=("a", "b"))


def test_a_dataset_gives_its_ids_and_single_precision_on_request() -> None:
    from formation_mlp.data.records import Dataset, Target
    from formation_mlp.materials.inputs import read_materials

    materials = read_materials(["NaCl", "MgO"]).materials
    dataset = Dataset(("a", "b"), ("NaCl", "MgO"), materials, np.array([-2.1, -3.1]), Target("e", "eV/atom"))
    double = featurize(dataset, ["magpie"])
    single = featurize(dataset, ["magpie"], dtype=np.float32)
    assert double.ids == single.ids == ("a", "b")
    assert double.X.dtype == np.float64
    assert single.X.dtype == np.float32
    assert np.array_equal(double.X.astype(np.float32), single.X)
