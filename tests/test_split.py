"""Parts that are disjoint, complete, repeatable, and share no group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from formation_mlp.config import SplitConfig
from formation_mlp.data.records import Dataset, Target
from formation_mlp.errors import ConfigError, SplitError
from formation_mlp.materials.inputs import read_materials
from formation_mlp.split import COLUMN_METHODS, PARTS, SPLITS, Split, deal_folds, make_split, overlap


def rows_of(formulas: Sequence[str], parts: Sequence[str] | None = None) -> Dataset:
    read = read_materials(formulas)
    ids = tuple(str(i) for i in range(len(formulas)))
    where = None if parts is None else tuple(parts)
    return Dataset(ids, tuple(formulas), read.materials, np.zeros(len(ids)), Target("e", "eV/atom"), where)


@pytest.fixture(scope="module")
def many() -> Dataset:
    """300 rows: 60 formulas in 30 chemical systems, five rows each, two spellings."""
    metals, anions = ["Li", "Na", "K", "Rb", "Cs", "Mg", "Ca", "Sr", "Ba", "Zn"], ["O", "S", "Se"]
    formulas = [f"{m}{a}{n}" for m in metals for a in anions for n in ("", "2")]
    return rows_of([*formulas, *[f"({formula})2" for formula in formulas]] + formulas * 3)


def split(dataset: Dataset, seed: int = 0, **keys: Any) -> Split:
    return make_split(dataset, SplitConfig(**keys), seed)


def groups(dataset: Dataset, method: str) -> np.ndarray:
    if method == "random":
        return np.arange(len(dataset))
    return np.array(dataset.materials.compositions.chemical_systems() if "system" in method else dataset.keys())


SHARED = ("formula", "chemical_system", "random", "k_fold")


@pytest.mark.parametrize("method", SHARED)
@pytest.mark.parametrize("seed", [0, 1])
def test_parts_are_disjoint_and_complete_and_share_no_group(many: Dataset, method: str, seed: int) -> None:
    parts = split(many, seed, method=method, val=0.2, test=0.2)
    np.testing.assert_array_equal(np.sort(np.concatenate([parts.train, parts.val, parts.test])), np.arange(300))
    for name in PARTS:
        np.testing.assert_array_equal(getattr(parts, name), np.sort(getattr(parts, name)))
    group = groups(many, method)
    sets = [set(group[getattr(parts, name)]) for name in PARTS]
    assert sum(map(len, sets)) == len(set.union(*sets))


@pytest.mark.parametrize("method", SHARED)
def test_the_seed_alone_decides(many: Dataset, method: str) -> None:
    first, again, other = (split(many, seed, method=method) for seed in (3, 3, 4))
    for name in PARTS:
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert not np.array_equal(first.test, other.test)


def test_the_split_of_a_seed_is_the_same_on_every_machine() -> None:
    parts = split(rows_of(["NaCl", "KCl", "LiF", "MgO", "CaO", "NaF", "SiO2", "TiO2"]), val=0.25, test=0.25)
    assert [getattr(parts, name).tolist() for name in PARTS] == [[0, 3, 4, 7], [1, 5], [2, 6]]


@pytest.mark.parametrize(("method", "tolerance"), [("random", 1), ("formula", 5), ("chemical_system", 10)])
@pytest.mark.parametrize(("val", "test"), [(0.1, 0.1), (0.2, 0.3), (0.1, 0.0)])
def test_shares_are_those_asked_for_up_to_a_group(
    many: Dataset, method: str, tolerance: int, val: float, test: float
) -> None:
    parts = split(many, method=method, val=val, test=test)
    assert abs(len(parts.test) - 300 * test) <= tolerance
    assert abs(len(parts.val) - 300 * val) <= tolerance


def test_folds_are_a_partition_of_the_rows(many: Dataset) -> None:
    folds = [split(many, method="k_fold", n_folds=4, fold=fold, val=0.1).test for fold in range(4)]
    np.testing.assert_array_equal(np.sort(np.concatenate(folds)), np.arange(300))
    assert [len(fold) for fold in folds] == [75] * 4


@pytest.mark.parametrize("n_folds", [2, 4])
def test_some_rows_are_dealt_into_folds_that_are_disjoint_cover_them_and_share_no_formula(
    many: Dataset, n_folds: int
) -> None:
    rows = np.arange(0, 300, 2)
    folds = deal_folds(many, rows, n_folds, seed=0)
    assert len(folds) == n_folds
    np.testing.assert_array_equal(np.sort(np.concatenate(folds)), rows)
    keys = np.array(many.keys())
    formulas = [set(keys[fold]) for fold in folds]
    assert sum(map(len, formulas)) == len(set.union(*formulas))
    assert max(map(len, formulas)) - min(map(len, formulas)) <= 1
    for fold in folds:
        np.testing.assert_array_equal(fold, np.sort(fold))


def test_the_seed_decides_which_formulas_a_fold_gets(many: Dataset) -> None:
    first, again, other = (deal_folds(many, np.arange(300), 3, seed) for seed in (0, 0, 1))
    assert all(np.array_equal(*pair) for pair in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_folds_need_as_many_formulas() -> None:
    with pytest.raises(SplitError, match="3 folds need as many formulas; there are 2"):
        deal_folds(rows_of(["NaCl", "Na2Cl2", "KCl", "MgO"]), np.arange(3), 3, seed=0)


def test_a_column_of_folds_says_which_rows_are_the_test_part_and_val_is_taken_by_formula() -> None:
    formulas = ["NaCl", "KCl", "LiF", "Li2F2", "MgO", "CaO"]
    for fold in (0, 2):
        parts = split(rows_of(formulas, ["0", "2", "0", "0.0", "2", "7"]), method="fold_column", fold=fold, val=0.4)
        assert parts.test.tolist() == {0: [0, 2, 3], 2: [1, 4]}[fold]
        assert len(parts.val)
        assert fold == 0 or {2, 3} <= set(parts.val) or {2, 3} <= set(parts.train)


def test_a_column_says_where_rows_belong() -> None:
    parts = split(rows_of(["NaCl", "KCl", "LiF", "MgO"], ["val", "train", "test", "train"]), method="column")
    assert [getattr(parts, name).tolist() for name in PARTS] == [[1, 3], [0], [2]]


def test_a_column_without_val_gives_some_train_formulas_to_val() -> None:
    dataset = rows_of(["NaCl", "Na2Cl2", "LiF", "MgO", "CaO", "SiO2"], ["train"] * 5 + ["test"])
    parts = split(dataset, method="column", val=0.2)
    assert parts.test.tolist() == [5]
    keys = np.array(dataset.keys())
    assert len(parts.val) > 0
    assert not set(keys[parts.val]) & set(keys[parts.train])


def test_a_withheld_test_part_may_be_empty() -> None:
    parts = split(rows_of(["NaCl", "KCl", "LiF", "MgO"], ["val", "train", "train", "train"]), method="column")
    assert parts.test.tolist() == []


FEW = rows_of(["NaCl", "Na2Cl2", "KCl"])


@pytest.mark.parametrize(
    ("dataset", "keys", "message"),
    [
        (FEW, {}, "3 rows in 2 groups cannot fill 3 parts by the method 'formula'. Give more rows."),
        (
            rows_of(["NaCl", "NaCl2"]),
            {"method": "chemical_system", "test": 0.0},
            "2 rows in 1 groups cannot fill",
        ),
        (rows_of(["NaCl"]), {"method": "random", "test": 0.0}, "1 rows in 1 groups cannot fill 2 parts"),
        (FEW, {"val": 0.5, "test": 0.5}, "val 0.5 and test 0.5 leave no rows for training"),
        (FEW, {"method": "random", "val": 0.0, "test": 0.3}, "the val part is empty (2 train, 0 val, 1 test rows)"),
        (FEW, {"method": "k_fold"}, "split.n_folds: 5 folds need as many formulas; there are 2."),
        (FEW, {"method": "k_fold", "n_folds": 2}, "the train part is empty"),
        (FEW, {"method": "k_fold", "fold": 5}, "split.fold: found 5, but folds are numbered 0 to 4."),
        (FEW, {"method": "column"}, "split.column: the method 'column' needs the name of a column."),
        (FEW, {"method": "fold_column"}, "split.column: the method 'fold_column' needs the name of a column."),
        (
            rows_of(["NaCl", "KCl"], ["0", "one"]),
            {"method": "fold_column"},
            "split.column: found 'one' in the column, but folds are numbers.",
        ),
        (rows_of(["NaCl", "KCl"], ["0", "inf"]), {"method": "fold_column"}, "found 'inf' in the column, but folds are"),
        (rows_of(["NaCl", "KCl"], ["0", "1.5"]), {"method": "fold_column"}, "found '1.5' in the column, but folds are"),
        (rows_of(["NaCl", "KCl"], ["0", ""]), {"method": "fold_column"}, "found '' in the column, but folds are"),
        (
            rows_of(["NaCl", "KCl"], ["0", "3"]),
            {"method": "fold_column", "fold": 1},
            "split.fold: found 1, but the column has the folds [0, 3].",
        ),
        (
            rows_of(["NaCl", "KCl"], ["train", "Test"]),
            {"method": "column"},
            "split.column: found 'Test' in the column, but only train, val and test are parts.",
        ),
        (
            rows_of(["NaCl", "KCl"], ["val", "test"]),
            {"method": "column"},
            "the train part is empty (0 train",
        ),
    ],
)
def test_rows_that_cannot_be_divided_are_refused(dataset: Dataset, keys: dict[str, Any], message: str) -> None:
    with pytest.raises(SplitError) as error:
        split(dataset, **keys)
    assert message in str(error.value)


def test_every_method_is_tested_here() -> None:
    assert set(SPLITS) == {*SHARED, *COLUMN_METHODS}
    with pytest.raises(ConfigError, match=r"split\.method: unknown method 'formla'.*Did you mean 'formula'\?"):
        split(FEW, method="formla")


@pytest.mark.parametrize("rows", [([0, 1], [1], [2]), ([0], [2], [3])])
def test_rows_in_two_parts_or_in_none_are_no_split(rows: tuple[list[int], ...]) -> None:
    with pytest.raises(ValueError, match="disjoint and cover all rows"):
        Split(*(np.array(part) for part in rows))


def test_what_test_shares_with_train_is_counted() -> None:
    dataset = rows_of(["NaCl", "Fe2O3", "SiO2", "Fe4O6", "FeO", "KCl", "Na2Cl2"])
    parts = Split(np.array([0, 1]), np.array([2]), np.array([3, 4, 5, 6]))
    assert overlap(dataset, parts) == {
        "test_rows": 4,
        "test_rows_with_formula_in_train": 2,  # Fe4O6, Na2Cl2
        "test_rows_with_chemical_system_in_train": 3,  # and FeO
    }
