"""Protocols by name: which divisions they give, and what they refuse."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from formation_mlp.benchmark.protocol import Division
from formation_mlp.benchmark.protocols import PROTOCOLS, divisions, published, sentence, with_protocol
from formation_mlp.benchmark.recipes import RECIPES, with_recipe
from formation_mlp.config.loading import check_config, load_config, merged
from formation_mlp.config.schema import Config, NetworkVariant
from formation_mlp.data.dataset import load_dataset, withheld_rows
from formation_mlp.data.records import Dataset, Target
from formation_mlp.errors import ConfigError, DataError, SplitError
from formation_mlp.materials.inputs import read_materials
from formation_mlp.runs.prepare import load_rows
from formation_mlp.splits.groups import matbench_folds
from formation_mlp.splits.methods import PARTS, Split, make_split
from support.paths import ROOT

METALS = ["Li", "Na", "K", "Mg", "Ca", "Fe", "Ni", "Zn"]
FORMULAS = [f"{metal}{ending}" for metal in METALS for ending in ("F", "O", "2O2", "O2", "S", "3N2")]
"""48 rows of 40 formulas."""


def dataset(parts: list[str] | None = None) -> Dataset:
    read, n = read_materials(FORMULAS), len(FORMULAS)
    rows = Dataset(tuple(map(str, range(n))), tuple(FORMULAS), read.materials, np.zeros(n), Target("e", "eV/atom"))
    return replace(rows, parts=None if parts is None else tuple(parts), places=np.arange(n), n_table=n)


def config(protocol: Any, **split: Any) -> Config:
    raw = {"data": {"path": "bundled"}, "split": split, "benchmark": {"protocol": protocol}, "seed": 3}
    return check_config(raw, "test")


def splits(protocol: Any, rows: Dataset | None = None, **keys: Any) -> dict[str, Split]:
    rows = rows or dataset()
    X = np.random.default_rng(0).normal(size=(len(rows), 2))
    found = divisions(config(protocol, **keys), rows)
    return {division.name: make_split(rows, division.split, 99, X) for division in found}


def rows_of_tests(found: dict[str, Split]) -> list[int]:
    return sorted(int(row) for split in found.values() for row in split.test)


TURNS = ["fold 0", "fold 1", "fold 2", "fold 3", "fold 4"]
EVERY_ROW_ONCE = {
    "rows": ({"k_fold": {"n_folds": 5}}, TURNS),
    "formulas": ({"grouped_k_fold": {"n_folds": 2}}, ["fold 0", "fold 1"]),
    "systems": ({"grouped_k_fold": {"by": "chemical_system"}}, TURNS),
    "clusters": ({"leave_cluster_out": {"n_clusters": 3}}, ["cluster 0", "cluster 1", "cluster 2"]),
    "matbench": ("matbench", TURNS),
}


@pytest.mark.parametrize(("protocol", "names"), EVERY_ROW_ONCE.values(), ids=EVERY_ROW_ONCE)
def test_every_row_is_in_the_test_part_once_and_val_takes_whole_formulas_of_the_others(
    protocol: dict[str, dict[str, int]] | dict[str, dict[str, str]] | str, names: list[str]
) -> None:
    found = splits(protocol, val=0.2)
    assert list(found) == names
    assert rows_of_tests(found) == list(range(len(FORMULAS)))
    keys = np.array(dataset().keys())
    for split in found.values():
        assert not set(keys[split.val]) & set(keys[split.train])
        assert len(split.val) == pytest.approx(0.2 * (len(FORMULAS) - len(split.test)), abs=2)


@pytest.mark.parametrize("by", ["formula", "chemical_system"])
def test_grouped_folds_share_no_group(by: str) -> None:
    rows = dataset()
    groups = np.array(rows.keys() if by == "formula" else rows.materials.compositions.chemical_systems())
    for split in splits({"grouped_k_fold": {"by": by}}).values():
        assert not set(groups[split.test]) & set(groups[np.concatenate([split.train, split.val])])


def test_folds_of_rows_tear_formulas_apart() -> None:
    keys = np.array(dataset().keys())
    assert any(set(keys[split.test]) & set(keys[split.train]) for split in splits("k_fold").values())


def test_a_division_has_the_seed_of_the_configuration_and_so_is_the_same_for_every_seed_of_a_model() -> None:
    rows = dataset()
    for protocol in ("holdout", "k_fold", "matbench", {"time": {"column": "year"}}):
        timed = replace(rows, parts=tuple(map(str, range(len(rows)))))
        assert {division.split.seed for division in divisions(config(protocol), timed)} == {3}
    assert divisions(config("holdout", seed=8), rows)[0].split.seed == 8


def test_the_holdout_is_the_division_of_the_configuration() -> None:
    own = config("holdout", method="chemical_system", val=0.2, test=0.25)
    (division,) = divisions(own, dataset())
    assert division.name == ""
    expected = make_split(dataset(), own.split, own.seed)
    found = make_split(dataset(), division.split, 99)
    assert all(np.array_equal(getattr(found, part), getattr(expected, part)) for part in PARTS)


def test_each_element_is_left_out_once_if_enough_rows_have_it_and_enough_do_not() -> None:
    found = splits({"leave_one_element_out": {"min_rows": 8}})
    assert list(found) == ["without N", "without O", "without F", "without S"]
    for name, split in found.items():
        has = [name.removeprefix("without ") in re.findall("[A-Z][a-z]?", formula) for formula in FORMULAS]
        assert split.test.tolist() == np.flatnonzero(has).tolist()
    assert list(splits({"leave_one_element_out": {"elements": ["Fe", "O"]}})) == ["without Fe", "without O"]


def test_the_latest_rows_are_the_test_part_and_those_before_the_val_part() -> None:
    years = np.repeat(np.arange(2000, 2012), 4)
    order = np.random.default_rng(0).permutation(len(FORMULAS))
    rows = dataset([str(year) for year in years[order]])
    (split,) = splits({"time": {"column": "year"}}, rows, val=0.25, test=0.2).values()
    when = years[order]
    assert sorted(set(when[split.test])) == [2010, 2011]  # 8 rows; with 2009, 12 would be more than 20 %
    assert sorted(set(when[split.val])) == [2007, 2008, 2009]
    dated = dataset([f"{year}-03-01" for year in when])
    (same,) = splits({"time": {"column": "day"}}, dated, val=0.25, test=0.2).values()
    assert all(np.array_equal(getattr(same, part), getattr(split, part)) for part in PARTS)


def test_a_column_of_folds_may_stand_for_the_order_of_the_table() -> None:
    rows = dataset([str(i % 4) for i in range(len(FORMULAS))])
    found = splits({"matbench": {"column": "test_fold", "folds": [3, 1]}}, rows)
    assert list(found) == ["fold 3", "fold 1"]
    assert found["fold 3"].test.tolist() == list(range(3, len(FORMULAS), 4))
    assert list(splits({"matbench": {"column": "test_fold"}}, rows)) == TURNS[:4]


def test_critexam_takes_the_parts_of_a_column_with_its_shares() -> None:
    parts = ["train"] * 33 + ["val"] * 7 + ["test"] * 8
    (split,) = splits("critexam", dataset(parts)).values()
    assert [len(getattr(split, part)) for part in PARTS] == [33, 7, 8]


TABLE = "formula,target,split,year\n" + "".join(
    f"{formula},{'' if i % 9 == 0 else -0.1 * i},{'val' if i % 6 == 0 else 'train'},{1950 + i}\n"
    for i, formula in enumerate(FORMULAS)
)


def test_the_rows_are_read_with_the_column_of_the_protocol(workplace: Path) -> None:
    Path("table.csv").write_text(TABLE)
    raw = {"data": {"path": "table.csv", "unit": "eV/atom"}, "benchmark": {"protocol": {"time": {"column": "year"}}}}
    rows = load_rows(with_protocol(check_config(raw, "test")))
    assert rows.parts is not None
    assert rows.parts[:2] == ("1951", "1952")
    raw["benchmark"] = {"protocol": {"time": {"column": "yaer"}}}
    with pytest.raises(DataError, match=r"no column 'yaer'.*Did you mean 'year'"):
        load_rows(with_protocol(check_config(raw, "test")))


def test_rows_without_a_target_can_be_read_for_others_to_score(workplace: Path) -> None:
    Path("table.csv").write_text(TABLE.replace("Li2O2", "Li2O2 or so"))
    raw = {"data": {"path": "table.csv", "unit": "eV/atom", "invalid": "drop"}}
    own = check_config(raw, "test")
    rows, blank = load_rows(own), withheld_rows(own.data, own.task)
    assert blank.places.tolist() == list(range(0, 48, 9))
    assert blank.ids == tuple(str(i + 1) for i in blank.places)
    assert [FORMULAS[i] for i in blank.places] == list(blank.formulas)
    assert blank.materials.ids == blank.ids
    assert blank.materials.compositions.keys() == [dataset().keys()[i] for i in blank.places]
    assert rows.places is not None
    assert sorted([*rows.places.tolist(), *blank.places.tolist(), 2]) == list(range(48))
    assert rows.n_table == blank.n_table == 48


def test_a_fold_whose_targets_are_withheld_has_no_test_rows() -> None:
    fold = matbench_folds(len(FORMULAS))
    rows = dataset().take(np.flatnonzero(fold != 4))
    found = splits("matbench", rows)
    assert [len(found[name].test) > 0 for name in TURNS] == [True] * 4 + [False]
    assert len(found["fold 4"].train) + len(found["fold 4"].val) == len(rows)


def test_the_official_folds_of_matbench_agree_with_the_published_table_in_every_row(shared_data: Path) -> None:
    from formation_mlp.data.sources import read_table

    frame = read_table(str(shared_data / "matbench_mp_e_form" / "matbench_mp_e_form.csv.gz"))
    np.testing.assert_array_equal(matbench_folds(len(frame)), frame["test_fold"].astype(int))


@pytest.mark.slow
def test_the_folds_of_the_rows_that_have_a_target_are_those_of_the_published_table(shared_data: Path) -> None:
    path = str(shared_data / "matbench_mp_e_form" / "matbench_mp_e_form.csv.gz")
    own = config("matbench").model_copy(
        update={"data": config("matbench").data.model_copy(update={"path": path, "unit": "eV/atom"})}
    )
    rows = load_dataset(own.data, own.task, "test_fold")
    assert rows.parts is not None
    assert published(own, rows) == "matbench"
    fold = np.array(rows.parts).astype(int)
    test = make_split(rows, divisions(own, rows)[2].split, 0).test
    np.testing.assert_array_equal(test, np.flatnonzero(fold == 2))


def test_scores_are_published_for_whole_tables_only() -> None:
    rows = dataset(["train"] * 33 + ["val"] * 7 + ["test"] * 8)
    assert published(config("critexam"), rows) is None
    assert published(config("critexam"), replace(rows, n_table=85_014)) == "critexam"
    assert published(config("matbench"), replace(rows, n_table=132_752)) == "matbench"
    assert published(config({"holdout": {"published": "megnet"}}), rows) == "megnet"
    assert published(config("k_fold"), replace(rows, n_table=85_014)) is None


SENTENCES = {
    "holdout": ("holdout", "Whole formulas are dealt at random: 10 % of the rows to test, 20 % to val."),
    "k_fold": (
        {"k_fold": {"n_folds": 3}},
        "3 folds of random rows; each is the test part once. Of the other rows 20 %, whole formulas, are the val part.",
    ),
    "grouped_k_fold": ({"grouped_k_fold": {"by": "chemical_system"}}, "5 folds of whole chemical systems; each is"),
    "leave_one_element_out": (
        {"leave_one_element_out": {"elements": ["Fe", "O"]}},
        "One element at a time (Fe, O): all rows with it are the test part.",
    ),
    "leave_cluster_out": ("leave_cluster_out", "5 clusters of rows by k-means on the standardised features"),
    "time": ({"time": {"column": "year"}}, "By the time in the column 'year': the latest 10 % of the rows are the"),
    "matbench": (
        {"matbench": {"folds": [0, 4]}},
        "The official folds of matbench in the order of the table, number 0, 4",
    ),
    "critexam": ("critexam", "The parts of the column 'split' of the table: 70 % train, 15 % val, 15 % test."),
}


@pytest.mark.parametrize(("protocol", "words"), SENTENCES.values(), ids=SENTENCES)
def test_every_protocol_is_said_in_words(protocol: Any, words: str) -> None:
    assert set(SENTENCES) == set(PROTOCOLS)
    own = config(protocol, val=0.2)
    rows = dataset(["train"] * 33 + ["val"] * 7 + ["test"] * 8)
    assert words in sentence(own, divisions(own, rows))


def test_a_holdout_by_a_column_or_another_method_is_said_in_words() -> None:
    column = config("holdout", method="column", column="split")
    assert (
        sentence(column, [Division("", column.split)])
        == "One division of the rows, by the column 'split' of the table."
    )
    fold = config("holdout", method="k_fold", val=0.2)
    assert sentence(fold, []).startswith("One division of the rows, by the method 'k_fold'. Of the other rows 20 %")


REFUSED = {
    "unknown name": ("k_folds", "benchmark.protocol: unknown protocol 'k_folds'.*Did you mean 'k_fold'"),
    "unknown option": ({"k_fold": {"folds": 3}}, "benchmark.protocol.k_fold: unknown option 'folds'.*'n_folds'"),
    "unknown key of published": ({"holdout": {"publish": "x"}}, "unknown option 'publish'.*Did you mean 'published'"),
    "one fold": ({"k_fold": {"n_folds": 1}}, "k_fold.n_folds: found 1, but it should be greater than or equal to 2"),
    "text for a number": ({"k_fold": {"n_folds": "5"}}, "k_fold.n_folds: found '5', but it should be an integer"),
    "no such group": ({"grouped_k_fold": {"by": "colour"}}, "by: found 'colour', but it should be 'formula' or"),
    "no column": ("time", "benchmark.protocol.time.column: missing. It must be given."),
    "two in one": ({"time": {}, "k_fold": {}}, "is not one part"),
    "no elements": ({"leave_one_element_out": {"elements": []}}, "elements: found \\[\\], but it"),
}


@pytest.mark.parametrize(("protocol", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant_is_refused(protocol: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        divisions(config(protocol), dataset())


IMPOSSIBLE = {
    "no such element": ({"leave_one_element_out": {"elements": ["Fee"]}}, None, "found 'Fee'.*Did you mean 'Fe'"),
    "an element of no row": ({"leave_one_element_out": {"elements": ["U"]}}, None, "no row contains U"),
    "rare elements": ("leave_one_element_out", None, "none of the 12 elements is in at least 100 of the 48 rows"),
    "no such fold": ({"matbench": {"folds": [5]}}, None, r"folds: found 5, but the folds are \[0, 1, 2, 3, 4\]"),
    "other shares": ("critexam", ["train"] * 36 + ["val"] * 12, "36 train, 12 val and 0 test rows .* divides 70/15/15"),
    "no parts": ("critexam", None, "0 train, 0 val and 0 test"),
}


@pytest.mark.parametrize(("protocol", "parts", "message"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_rows_that_cannot_be_divided_in_this_way_are_refused(
    protocol: Any, parts: list[str] | None, message: str
) -> None:
    rows = dataset(parts)
    with pytest.raises(SplitError, match=message):
        divisions(config(protocol), rows)


def variant_of(name: str, task: str = "regression", **keys: Any) -> Config:
    """Return the configuration of a network of a benchmark as it is trained."""
    raw = {"data": {"path": "bundled"}, "task": {"type": task}, "model": {"dropout": 0.3}}
    own = check_config(raw | {"training": {"max_epochs": 7, "device": "cpu"}}, "test")
    variant = with_recipe(name, NetworkVariant(**keys), own)
    top = {} if variant.features is None else {"features": variant.features}
    ensemble = None if variant.ensemble is None else variant.ensemble.model_dump()
    changes = {"model": variant.model, "training": variant.training}
    return check_config(merged(own, changes, ensemble=ensemble, **top), name)


@pytest.mark.parametrize("name", ["quick", "best"])
def test_a_recipe_is_the_network_of_the_file_of_that_name(name: str) -> None:
    file, found = load_config(ROOT / "configs" / f"{name}.yaml", ()), variant_of(name)
    assert found.model == file.model
    assert found.training == file.training.model_copy(update={"device": "cpu"})
    assert found.ensemble == file.ensemble


def test_a_recipe_takes_nothing_but_the_machine_from_the_main_network_and_can_be_changed() -> None:
    assert variant_of("quick").model.dropout == 0.0
    changed = variant_of("quick", model={"dropout": 0.2}, training={"max_epochs": 3})
    assert (changed.model.dropout, changed.training.max_epochs, changed.training.optimizer) == (0.2, 3, "muon")
    own = variant_of("mine", model={"hidden": [8]})
    assert (own.model.hidden, own.model.dropout, own.training.max_epochs) == ([8], 0.3, 7)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_a_configuration_for_energies_and_for_classes(name: str) -> None:
    assert variant_of(name).training.loss in ("l1", "mse")
    assert variant_of(name, "classification").training.loss is None


def test_elemnet_has_its_17_layers_on_element_fractions_alone() -> None:
    network = variant_of("elemnet")
    assert network.features == ["element_fraction"]
    assert len(network.model.hidden) + 1 == 17
    assert network.model.hidden == [1024] * 4 + [512] * 3 + [256] * 3 + [128] * 3 + [64] * 2 + [32]


def test_the_network_of_the_lecture_has_one_hidden_layer() -> None:
    network = variant_of("lecture")
    assert (len(network.model.hidden), network.model.activation) == (1, "sigmoid")
    assert (network.training.optimizer, network.training.momentum, network.training.loss) == ("sgd", 0.0, "mse")
