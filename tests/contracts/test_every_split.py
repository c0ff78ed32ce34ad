"""What every way of dividing rows must do; a new entry of the table is held to it by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from formation_mlp.config.schema import SplitConfig
from formation_mlp.data.records import Dataset, Target
from formation_mlp.materials.inputs import read_materials
from formation_mlp.splits.methods import COLUMN_METHODS, PARTS, SPLITS, Split, make_split

METALS = ["Li", "Na", "K", "Mg", "Ca", "Al", "Ti", "Fe", "Ni", "Zn"]
FORMULAS = [f"{metal}{ending}" for metal in METALS for ending in ("Cl", "O", "2O2", "O2", "S", "2S2", "3N2")]
"""70 rows, 50 formulas, 40 chemical systems; every oxide and sulphide comes in two spellings."""


def dataset() -> Dataset:
    read = read_materials(FORMULAS)
    n = len(FORMULAS)
    parts = tuple(PARTS[min(2, i % 5)] if i % 5 < 3 else "train" for i in range(n))
    y = np.random.default_rng(0).normal(size=n)
    return Dataset(tuple(map(str, range(n))), tuple(FORMULAS), read.materials, y, Target("y", "eV/atom"), parts)


def divided(method: str, seed: int = 0, rows: Dataset | None = None) -> Split:
    rows, column = rows or dataset(), "part" if method in COLUMN_METHODS else None
    n = len(rows)
    if method == "fold_column":
        rows = replace(rows, parts=tuple(str(i % 5) for i in range(n)))
    if method == "time":
        rows = replace(rows, parts=tuple(str(1950 + i) for i in range(n)))
    rows = replace(rows, places=np.arange(n), n_table=n)
    z = rows.materials.compositions.z[rows.materials.compositions.row_ptr[:-1]]
    X = np.stack([z % 5, z % 5 == 0], axis=1) + 0.01 * np.random.default_rng(0).normal(size=(n, 2))
    config = SplitConfig(method=method, val=0.2, test=0.2, column=column, element="S", fold=1)
    return make_split(rows, config, seed, X)


@pytest.mark.parametrize("method", SPLITS)
@pytest.mark.parametrize("seed", range(5))
def test_parts_are_disjoint_sorted_cover_all_rows_and_none_is_empty(method: str, seed: int) -> None:
    split = divided(method, seed)
    parts = [getattr(split, name) for name in PARTS]
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(FORMULAS)))
    for rows in parts:
        assert len(rows)
        assert rows.dtype == np.int64
        assert (np.diff(rows) > 0).all()


@pytest.mark.parametrize("method", SPLITS)
def test_parts_have_about_the_shares_that_were_asked_for(method: str) -> None:
    split = divided(method)
    shares = [len(getattr(split, name)) / len(FORMULAS) for name in PARTS]
    if method in ("leave_element_out", "leave_cluster_out"):  # the chemistry decides how many test rows there are
        assert shares[1] / (1 - shares[2]) == pytest.approx(0.2, abs=0.06)
    else:
        assert shares == pytest.approx([0.6, 0.2, 0.2], abs=0.06)


@pytest.mark.parametrize("method", SPLITS)
def test_one_seed_divides_in_one_way_and_another_in_another(method: str) -> None:
    first, again, other = (divided(method, seed) for seed in (0, 0, 1))
    assert all(np.array_equal(getattr(first, name), getattr(again, name)) for name in PARTS)
    same = all(np.array_equal(getattr(first, name), getattr(other, name)) for name in PARTS)
    assert same == (method in ("column", "time")), "only these leave nothing to chance"


@pytest.mark.parametrize("method", SPLITS)
def test_targets_do_not_matter(method: str) -> None:
    rows = dataset()
    first, second = divided(method), divided(method, rows=replace(rows, y=rows.y[::-1] * 10))
    assert all(np.array_equal(getattr(first, name), getattr(second, name)) for name in PARTS)


@pytest.mark.parametrize("method", sorted(set(SPLITS) - {"random", "matbench", *COLUMN_METHODS}))
@pytest.mark.parametrize("seed", range(5))
def test_no_formula_is_in_two_parts(method: str, seed: int) -> None:
    split, keys = divided(method, seed), np.array(dataset().keys())
    parts = [set(keys[getattr(split, name)]) for name in PARTS]
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]
