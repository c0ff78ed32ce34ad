"""Divide rows into train, val and test, and say what the parts share."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from formation_mlp.config import SplitConfig
from formation_mlp.data.records import Dataset
from formation_mlp.errors import SplitError
from formation_mlp.registry import lookup
from formation_mlp.seeding import numpy_generator

PARTS = ("train", "val", "test")
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Split:
    """Row numbers of the three parts: disjoint, sorted, and together all rows.

    The test part may be empty, where a table withholds it.
    """

    train: Rows
    val: Rows
    test: Rows

    def __post_init__(self) -> None:
        rows = np.concatenate([self.train, self.val, self.test])
        if not np.array_equal(np.sort(rows), np.arange(len(rows))):
            raise ValueError("the parts of a split must be disjoint and cover all rows")
        for name in ("train", "val"):
            if not len(getattr(self, name)):
                raise SplitError(
                    f"split: the {name} part is empty ({len(self.train)} train, {len(self.val)} val, "
                    f"{len(self.test)} test rows). Give more rows, or other shares."
                )


def make_split(dataset: Dataset, config: SplitConfig, seed: int) -> Split:
    """Divide ``dataset`` as ``config`` asks.

    Raises
    ------
    SplitError
        If the rows or groups are too few, or the named column does not say where each row belongs.
    """
    method = lookup(SPLITS, config.method, "split.method", "method")
    if config.val + config.test >= 1:
        raise SplitError(f"split: val {config.val} and test {config.test} leave no rows for training.")
    return method(dataset, config, numpy_generator(seed, "split"))


def overlap(dataset: Dataset, split: Split) -> dict[str, int]:
    """Count how many test rows have their formula, and their chemical system, in the train part too."""
    keys = np.array(dataset.keys())
    systems = np.array(dataset.materials.compositions.chemical_systems())
    return {
        "test_rows": len(split.test),
        "test_rows_with_formula_in_train": int(np.isin(keys[split.test], keys[split.train]).sum()),
        "test_rows_with_chemical_system_in_train": int(np.isin(systems[split.test], systems[split.train]).sum()),
    }


def deal_folds(dataset: Dataset, rows: Rows, n_folds: int, seed: int) -> list[Rows]:
    """Deal some rows into folds of nearly equal numbers of formulas, each formula into one fold; sorted rows.

    Raises
    ------
    SplitError
        If there are fewer formulas than folds.
    """
    keys = dataset.keys()
    fold = _fold_of([keys[i] for i in rows], n_folds, numpy_generator(seed, "folds"))
    return [rows[fold == number] for number in range(n_folds)]


def _by_formula(dataset: Dataset, config: SplitConfig, generator: np.random.Generator) -> Split:
    return _grouped(dataset.keys(), config, generator)


def _by_chemical_system(dataset: Dataset, config: SplitConfig, generator: np.random.Generator) -> Split:
    return _grouped(dataset.materials.compositions.chemical_systems(), config, generator)


def _random(dataset: Dataset, config: SplitConfig, generator: np.random.Generator) -> Split:
    return _grouped(range(len(dataset)), config, generator)


def _k_fold(dataset: Dataset, config: SplitConfig, generator: np.random.Generator) -> Split:
    """Deal the formulas into folds; fold number ``config.fold`` is the test part."""
    if config.fold >= config.n_folds:
        raise SplitError(f"split.fold: found {config.fold}, but folds are numbered 0 to {config.n_folds - 1}.")
    fold = _fold_of(dataset.keys(), config.n_folds, generator)
    test, rest = np.flatnonzero(fold == config.fold), np.flatnonzero(fold != config.fold)
    return _carve_val(rest, test, _group_numbers(dataset.keys()), config.val, generator)


def _fold_of(groups: Sequence[Hashable], n_folds: int, generator: np.random.Generator) -> Rows:
    """Return the fold of each row; the groups are dealt in random order."""
    group = _group_numbers(groups)
    n_groups = int(group.max()) + 1
    if n_groups < n_folds:
        raise SplitError(f"split.n_folds: {n_folds} folds need as many formulas; there are {n_groups}.")
    fold = np.empty(n_groups, np.int64)
    fold[generator.permutation(n_groups)] = np.arange(n_groups) % n_folds
    return fold[group]


def _by_column(dataset: Dataset, config: SplitConfig, generator: np.random.Generator) -> Split:
    """Take the parts from a column; without val rows, some train formulas become the val part."""
    if dataset.parts is None:
        raise SplitError("split.column: the method 'column' needs the name of a column.")
    part = np.array(dataset.parts)
    unknown = sorted(set(dataset.parts) - set(PARTS))
    if unknown:
        raise SplitError(f"split.column: found {unknown[0]!r} in the column, but only train, val and test are parts.")
    train, val, test = (np.flatnonzero(part == name) for name in PARTS)
    if len(val):
        return Split(train, val, test)
    return _carve_val(train, test, _group_numbers(dataset.keys()), config.val, generator)


def _by_fold_column(dataset: Dataset, config: SplitConfig, generator: np.random.Generator) -> Split:
    """Take fold number ``config.fold`` of a column as the test part; some formulas of the others become val."""
    if dataset.parts is None:
        raise SplitError("split.column: the method 'fold_column' needs the name of a column.")
    part = np.array([_fold_number(text) for text in dataset.parts])
    test = np.flatnonzero(part == config.fold)
    if not len(test):
        raise SplitError(f"split.fold: found {config.fold}, but the column has the folds {sorted(set(part.tolist()))}.")
    return _carve_val(np.flatnonzero(part != config.fold), test, _group_numbers(dataset.keys()), config.val, generator)


def _fold_number(text: str) -> int:
    try:
        number = float(text)
        if number != int(number):
            raise ValueError
        return int(number)
    except (ValueError, OverflowError):
        raise SplitError(f"split.column: found {text!r} in the column, but folds are numbers.") from None


def _grouped(groups: Sequence[Hashable], config: SplitConfig, generator: np.random.Generator) -> Split:
    """Fill test, then val, with whole groups in random order until each has its share of the rows."""
    group = _group_numbers(groups)
    wanted_parts = 2 + (config.test > 0)
    if len(np.unique(group)) < wanted_parts:
        raise SplitError(
            f"split: {len(group)} rows in {len(np.unique(group))} groups cannot fill {wanted_parts} parts "
            f"by the method {config.method!r}. Give more rows."
        )
    test, rest = _take_share(np.arange(len(group)), group, config.test, generator)
    return _carve_val(rest, test, group, config.val / (1 - config.test), generator)


def _carve_val(rest: Rows, test: Rows, group: Rows, share: float, generator: np.random.Generator) -> Split:
    val, train = _take_share(rest, group, share, generator)
    return Split(train, val, test)


def _take_share(rows: Rows, group: Rows, share: float, generator: np.random.Generator) -> tuple[Rows, Rows]:
    """Return about ``share`` of the rows as whole groups (at least one group if share > 0), and the rest."""
    if share == 0:
        return rows[:0], rows
    groups = generator.permutation(np.unique(group[rows]))
    size = np.bincount(group[rows])[groups]
    n_taken = max(1, int(np.searchsorted(np.cumsum(size), share * len(rows) + 1e-9, side="right")))
    taken = np.isin(group[rows], groups[:n_taken])
    return rows[taken], rows[~taken]


def _group_numbers(groups: Sequence[Hashable]) -> Rows:
    """Return a number per group, by first occurrence, so that the names of groups do not matter."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in groups], np.int64)


SPLITS: dict[str, Callable[[Dataset, SplitConfig, np.random.Generator], Split]] = {
    "formula": _by_formula,
    "chemical_system": _by_chemical_system,
    "random": _random,
    "k_fold": _k_fold,
    "column": _by_column,
    "fold_column": _by_fold_column,
}
COLUMN_METHODS = ("column", "fold_column")
"""Methods that read a column of the table."""
