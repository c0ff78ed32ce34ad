"""Parts that are disjoint, complete, repeatable, and share no group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from formation_mlp.config.schema import SplitConfig
from formation_mlp.data.records import Dataset, Target
from formation_mlp.errors import ConfigError, SplitError
from formation_mlp.materials.inputs import read_materials
from formation_mlp.splits.methods import COLUMN_METHODS, GROUPS, PARTS, SPLITS, Split, deal_folds, make_split, overlap


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


def split(dataset: Dataset, seed: int = 0, /, **keys: Any) -> Split:
    return make_split(dataset, SplitConfig(**keys), seed)


def groups(dataset: Dataset, method: str) -> np.ndarray:
    if method == "random":
        return np.arange(len(dataset))
    return np.array(dataset.materials.compositions.chemical_systems() if "system" in method else dataset.keys())


SHARED = ("formula", "chemical_system", "random", "k_fold")
HELD_OUT = ("leave_element_out", "leave_cluster_out", "matbench")


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


@pytest.mark.parametrize("by", GROUPS)
def test_folds_keep_together_what_is_asked_for(many: Dataset, by: str) -> None:
    group = np.array(list(GROUPS[by](many)))
    keys = np.array(many.keys())
    folds = [split(many, method="k_fold", by=by, n_folds=3, fold=fold, val=0.2) for fold in range(3)]
    np.testing.assert_array_equal(np.sort(np.concatenate([fold.test for fold in folds])), np.arange(300))
    for fold in folds:
        assert not set(group[fold.test]) & set(group[np.concatenate([fold.train, fold.val])])
        assert not set(keys[fold.val]) & set(keys[fold.train])
    assert any(set(keys[fold.test]) & set(keys[fold.train]) for fold in folds) == (by == "row")


def test_an_element_that_is_left_out_is_in_all_test_rows_and_in_no_other(many: Dataset) -> None:
    parts = split(many, method="leave_element_out", element="S", val=0.2)
    has = np.array(["S" in system.split("-") for system in many.materials.compositions.chemical_systems()])
    np.testing.assert_array_equal(parts.test, np.flatnonzero(has))
    assert not has[parts.train].any()
    assert len(parts.val) == pytest.approx(0.2 * 200, abs=5)
    keys = np.array(many.keys())
    assert not set(keys[parts.val]) & set(keys[parts.train])


def test_a_cluster_that_is_left_out_is_a_cloud_of_features_and_number_0_is_the_largest(many: Dataset) -> None:
    generator = np.random.default_rng(0)
    cloud = np.repeat([0, 1, 2], [50, 150, 100])
    X = np.stack([1e4 * cloud, np.where(cloud == 2, 1e-3, 0), np.full(300, np.nan)], axis=1)
    X[:, :2] += [[10.0, 1e-6]] * generator.normal(size=(300, 2))
    for fold, own in enumerate([1, 2, 0]):
        config = SplitConfig(method="leave_cluster_out", n_folds=3, fold=fold, val=0.2)
        parts, again = (make_split(many, config, seed=0, X=X) for _ in range(2))
        np.testing.assert_array_equal(parts.test, np.flatnonzero(cloud == own))
        assert all(np.array_equal(getattr(parts, name), getattr(again, name)) for name in PARTS)


def test_the_latest_rows_are_the_test_part_and_rows_of_one_time_stay_together(many: Dataset) -> None:
    when = np.random.default_rng(0).integers(1990, 2020, 300)
    parts = split(replace(many, parts=tuple(f"{year}.0" for year in when)), method="time", val=0.2, test=0.3)
    assert when[parts.train].max() < when[parts.val].min()
    assert when[parts.val].max() < when[parts.test].min()
    assert len(parts.test) == pytest.approx(90, abs=15)
    assert len(parts.val) == pytest.approx(60, abs=15)
    for name in ("2001-02-03", "2001-02-03 10:30:00"):
        days = replace(many, parts=tuple(name.replace("2001", str(year)) for year in when))
        np.testing.assert_array_equal(split(days, method="time", val=0.2, test=0.3).test, parts.test)


def test_a_share_of_the_train_rows_leaves_val_and_test_alone_and_smaller_ones_lie_in_larger_ones(many: Dataset) -> None:
    whole = split(many, val=0.2, test=0.2)
    assert len(whole.unused) == 0
    inner: set[int] = set()
    for share in (1e-6, 0.01, 0.03, 0.1, 0.3, 0.9, 1.0):
        parts = split(many, val=0.2, test=0.2, train_share=share)
        assert all(np.array_equal(getattr(parts, name), getattr(whole, name)) for name in ("val", "test"))
        np.testing.assert_array_equal(np.sort(np.concatenate([parts.train, parts.unused])), whole.train)
        assert (np.diff(parts.train) > 0).all()
        assert len(parts.train) == max(2, round(share * len(whole.train)))
        assert inner <= set(parts.train.tolist())
        inner = set(parts.train.tolist())
    other = split(many, 1, val=0.2, test=0.2, seed=0, train_share=0.3)
    np.testing.assert_array_equal(other.train, split(many, val=0.2, test=0.2, train_share=0.3).train)


def test_rows_left_aside_are_rows_of_the_split_too() -> None:
    rows = [np.array(part) for part in ([0], [2], [3], [1])]
    assert Split(*rows).unused.tolist() == [1]
    with pytest.raises(ValueError, match="disjoint and cover all rows"):
        Split(rows[0], rows[1], rows[2], np.array([3]))


def test_a_seed_of_the_section_comes_before_that_of_the_configuration(many: Dataset) -> None:
    first, same, other = split(many, 0, seed=5), split(many, 5), split(many, 0)
    np.testing.assert_array_equal(first.test, same.test)
    assert not np.array_equal(first.test, other.test)


def test_a_section_written_before_a_key_was_there_divides_as_it_did(many: Dataset) -> None:
    old = {"method": "k_fold", "val": 0.2, "test": 0.1, "column": None, "n_folds": 5, "fold": 3}
    parts = make_split(many, SplitConfig.model_validate(old), 7)
    assert [parts.test[:6].tolist(), parts.val[:6].tolist(), len(parts.train)] == [
        [6, 19, 20, 23, 26, 29],
        [8, 11, 21, 22, 25, 39],
        195,
    ]


FEW = rows_of(["NaCl", "Na2Cl2", "KCl"])


@pytest.mark.parametrize(
    ("dataset", "keys", "message"),
    [
        (FEW, {}, "3 rows in 2 groups cannot fill 3 parts by the method 'formula'. Give more rows."),
        (
            rows_of(["NaCl", "NaCl2"]),
            {"method": "chemical_system", "test": 0.0},
            "2 rows in 1 group cannot fill",
        ),
        (rows_of(["NaCl"]), {"method": "random", "test": 0.0}, "1 row in 1 group cannot fill 2 parts"),
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
            FEW,
            {"method": "k_fold", "by": "chemical_system", "n_folds": 3},
            "3 folds need as many chemical systems; ther",
        ),
        (FEW, {"method": "leave_element_out"}, "split.element: found None, but it is the symbol of an element"),
        (
            FEW,
            {"method": "leave_element_out", "element": "na"},
            "found 'na', but it is the symbol of an element, such as",
        ),
        (FEW, {"method": "leave_element_out", "element": "O"}, "split.element: no row contains O."),
        (
            FEW,
            {"method": "leave_element_out", "element": "Cl"},
            "the train part is empty (0 train, 0 val, 3 test rows)",
        ),
        (FEW, {"method": "leave_cluster_out"}, "'leave_cluster_out' needs features, which these rows do not have."),
        (FEW, {"method": "leave_cluster_out", "fold": 5}, "split.fold: found 5, but folds are numbered 0 to 4."),
        (FEW, {"method": "matbench"}, "'matbench' needs the place of each row in its table; these rows have none."),
        (FEW, {"method": "time"}, "split.column: the method 'time' needs the name of a column."),
        (rows_of(["NaCl", "KCl"], ["2001", " "]), {"method": "time"}, "split.column: 1 row has no time: 1. Fill the"),
        (rows_of(["NaCl"] * 7, [""] * 7), {"method": "time"}, "7 rows have no time: 0, 1, 2, 3, 4 and 2 more."),
        (
            rows_of(["NaCl", "KCl"], ["2001", "late"]),
            {"method": "time"},
            "found 'late' beside numbers; write all times as",
        ),
        (
            rows_of(["NaCl", "KCl"], ["late", "2001-02-03"]),
            {"method": "time"},
            "found 'late', but times are numbers, or",
        ),
        (rows_of(["NaCl", "KCl"], ["inf", "2001"]), {"method": "time"}, "found 'inf' beside numbers"),
        (
            rows_of(["NaCl", "KCl"], ["1", "1"]),
            {"method": "time"},
            "2 rows in 1 group cannot fill 3 parts by the method",
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


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((3, 1)), "split.n_folds: the rows do not differ enough for 2 clusters. Ask for fewer."),
        (np.zeros((1, 1)), "split.n_folds: 2 clusters need as many rows; there are 1."),
    ],
)
def test_rows_that_cannot_be_clustered_are_refused(X: np.ndarray, message: str) -> None:
    dataset = rows_of(["NaCl", "KCl", "LiF"][: len(X)])
    with pytest.raises(SplitError) as error:
        make_split(dataset, SplitConfig(method="leave_cluster_out", n_folds=2), 0, X)
    assert str(error.value) == message


def test_every_method_is_tested_here() -> None:
    assert set(SPLITS) == {*SHARED, *HELD_OUT, *COLUMN_METHODS}
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
