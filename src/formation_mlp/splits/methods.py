"""Divide rows into train, val and test, and say what the parts share."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from formation_mlp.config.schema import SplitConfig
from formation_mlp.data.numbers import number
from formation_mlp.data.records import Dataset
from formation_mlp.errors import SplitError
from formation_mlp.quoting import counted
from formation_mlp.registry import lookup
from formation_mlp.seeding import numpy_generator, stream_seed
from formation_mlp.splits.groups import MATBENCH_FOLDS, clusters, matbench_folds, rows_with_element, times
from formation_mlp.splits.whole_groups import fold_of, group_numbers, take, take_share
from formation_mlp.typing import Floats, Ints

PARTS = ("train", "val", "test")
FEWEST = 2
"""Train rows that a share of them leaves at least."""


def _no_rows() -> Ints:
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Split:
    """Row numbers of the three parts: disjoint, sorted, and together all rows, with those left aside.

    The test part may be empty, where a table withholds it; ``unused`` are rows of the train part left aside.
    """

    train: Ints
    val: Ints
    test: Ints
    unused: Ints = field(default_factory=_no_rows)

    def __post_init__(self) -> None:
        rows = np.concatenate([self.train, self.val, self.test, self.unused])
        if not np.array_equal(np.sort(rows), np.arange(len(rows))):
            raise ValueError("the parts of a split must be disjoint and cover all rows")
        for name in ("train", "val"):
            if not len(getattr(self, name)):
                raise SplitError(
                    f"split: the {name} part is empty ({len(self.train)} train, {len(self.val)} val, "
                    f"{len(self.test)} test rows). Give more rows, or other shares."
                )


def make_split(dataset: Dataset, config: SplitConfig, seed: int, X: Floats | None = None) -> Split:
    """Divide ``dataset`` as ``config`` asks.

    Parameters
    ----------
    dataset : of ``n`` rows
    config : how
    seed : of the division, unless ``config`` has its own
    X : features ``[n, d]``, for the method ``leave_cluster_out``

    Raises
    ------
    SplitError
        If the rows or groups are too few, or the named column does not say where each row belongs.

    Examples
    --------
    All rows of a reduced formula lie in one part.

    >>> from formation_mlp.config.schema import DataConfig, TaskConfig
    >>> from formation_mlp.data.dataset import load_dataset
    >>> dataset = load_dataset(DataConfig(path="bundled"), TaskConfig())
    >>> split = make_split(dataset, SplitConfig(method="formula", val=0.1, test=0.2), seed=0)
    >>> len(split.train), len(split.val), len(split.test)
    (1495, 213, 427)
    >>> overlap(dataset, split)["test_rows_with_formula_in_train"]
    0
    """
    method = lookup(SPLITS, config.method, "split.method", "method")
    if config.val + config.test >= 1:
        raise SplitError(f"split: val {config.val} and test {config.test} leave no rows for training.")
    seed = seed if config.seed is None else config.seed
    split = method(Given(dataset, config, seed, numpy_generator(seed, "split"), X))
    return _with_share(split, config.train_share, numpy_generator(seed, "train share"))


def _with_share(split: Split, share: float, generator: np.random.Generator) -> Split:
    """Leave some train rows aside; the order in which they go is the same for all shares."""
    if share == 1:
        return split
    rows = generator.permutation(split.train)
    n_used = max(FEWEST, round(share * len(rows)))
    return replace(split, train=np.sort(rows[:n_used]), unused=np.sort(rows[n_used:]))


def overlap(dataset: Dataset, split: Split) -> dict[str, int]:
    """Count how many test rows have their formula, and their chemical system, in the train part too."""
    keys = np.array(dataset.keys())
    systems = np.array(dataset.materials.compositions.chemical_systems())
    return {
        "test_rows": len(split.test),
        "test_rows_with_formula_in_train": int(np.isin(keys[split.test], keys[split.train]).sum()),
        "test_rows_with_chemical_system_in_train": int(np.isin(systems[split.test], systems[split.train]).sum()),
    }


def deal_folds(dataset: Dataset, rows: Ints, n_folds: int, seed: int) -> list[Ints]:
    """Deal some rows into folds of nearly equal numbers of formulas, each formula into one fold; sorted rows.

    Raises
    ------
    SplitError
        If there are fewer formulas than folds.
    """
    keys = dataset.keys()
    fold = fold_of([keys[i] for i in rows], n_folds, numpy_generator(seed, "folds"))
    return [rows[fold == number] for number in range(n_folds)]


@dataclass(frozen=True, slots=True)
class Given:
    """The arguments of a method: the rows, the options and the random numbers.

    Attributes
    ----------
    dataset : of ``n`` rows
    config : how
    seed : of the division
    generator : made from it
    X : features ``[n, d]``, if they are known
    """

    dataset: Dataset
    config: SplitConfig
    seed: int
    generator: np.random.Generator
    X: Floats | None


def _by_formula(given: Given) -> Split:
    return _grouped(given, "formula")


def _by_chemical_system(given: Given) -> Split:
    return _grouped(given, "chemical_system")


def _random(given: Given) -> Split:
    return _grouped(given, "row")


def _k_fold(given: Given) -> Split:
    """Deal the formulas, chemical systems or rows into folds; fold number ``config.fold`` is the test part."""
    groups = lookup(GROUPS, given.config.by, "split.by", "kind of group")(given.dataset)
    _require_fold(given.config.fold, given.config.n_folds)
    fold = fold_of(groups, given.config.n_folds, given.generator, _NAMES[given.config.by])
    return _without(given, np.flatnonzero(fold == given.config.fold))


def _leave_element_out(given: Given) -> Split:
    return _without(given, rows_with_element(given.dataset, given.config.element))


def _leave_cluster_out(given: Given) -> Split:
    """Find clusters of rows in the space of the features; number ``config.fold`` is the test part."""
    _require_fold(given.config.fold, given.config.n_folds)
    cluster = clusters(given.X, given.config.n_folds, stream_seed(given.seed, "clusters"))
    return _without(given, np.flatnonzero(cluster == given.config.fold))


def _matbench(given: Given) -> Split:
    """Take an official fold as the test part, which is empty where the table withholds its targets."""
    places, n_table = given.dataset.places, given.dataset.n_table
    if places is None or n_table is None:
        raise SplitError("split.method: 'matbench' needs the place of each row in its table; these rows have none.")
    _require_fold(given.config.fold, MATBENCH_FOLDS)
    return _without(given, np.flatnonzero(matbench_folds(n_table)[places] == given.config.fold))


def _by_time(given: Given) -> Split:
    """Take the latest rows as the test part and those before as the val part; rows of one time stay together."""
    time = times(given.dataset)
    _, group = np.unique(-time, return_inverse=True)
    _require_groups(group, given.config, "method 'time'")
    latest_first = np.arange(int(group.max()) + 1)
    test, rest = take(np.arange(len(time)), group, latest_first, given.config.test)
    val, train = take(rest, group, latest_first, given.config.val / (1 - given.config.test))
    return Split(train, val, test)


def _require_fold(fold: int, n_folds: int) -> None:
    if fold >= n_folds:
        raise SplitError(f"split.fold: found {fold}, but folds are numbered 0 to {n_folds - 1}.")


def _by_column(given: Given) -> Split:
    """Take the parts from a column; without val rows, some train formulas become the val part."""
    parts = given.dataset.parts
    if parts is None:
        raise SplitError("split.column: the method 'column' needs the name of a column.")
    unknown = sorted(set(parts) - set(PARTS))
    if unknown:
        raise SplitError(f"split.column: found {unknown[0]!r} in the column, but only train, val and test are parts.")
    train, val, test = (np.flatnonzero(np.array(parts) == name) for name in PARTS)
    return Split(train, val, test) if len(val) else _without(given, test)


def _by_fold_column(given: Given) -> Split:
    """Take fold number ``config.fold`` of a column as the test part; some formulas of the others become val."""
    fold = folds_of_column(given.dataset)
    test = np.flatnonzero(fold == given.config.fold)
    if not len(test):
        found = sorted(set(fold.tolist()))
        raise SplitError(f"split.fold: found {given.config.fold}, but the column has the folds {found}.")
    return _without(given, test)


def folds_of_column(dataset: Dataset) -> Ints:
    """Return the number of the fold of each row, ``[n]``, as the column of the split says.

    Raises
    ------
    SplitError
        If there is no such column, or a cell is no whole number.
    """
    if dataset.parts is None:
        raise SplitError("split.column: the method 'fold_column' needs the name of a column.")
    return np.array([_fold_number(text) for text in dataset.parts])


def _fold_number(text: str) -> int:
    try:
        fold = number(text)
        if fold != int(fold):
            raise ValueError
        return int(fold)
    except (ValueError, OverflowError):
        raise SplitError(f"split.column: found {text!r} in the column, but folds are numbers.") from None


def _grouped(given: Given, by: str) -> Split:
    """Fill test, then val, with whole groups in random order until each has its share of the rows."""
    group, config = group_numbers(GROUPS[by](given.dataset)), given.config
    _require_groups(group, config, f"method {config.method!r}")
    test, rest = take_share(np.arange(len(group)), group, config.test, given.generator)
    val, train = take_share(rest, group, config.val / (1 - config.test), given.generator)
    return Split(train, val, test)


def _require_groups(group: Ints, config: SplitConfig, method: str) -> None:
    wanted_parts, n_groups = 2 + (config.test > 0), len(np.unique(group))
    if n_groups < wanted_parts:
        raise SplitError(
            f"split: {counted(len(group), 'row')} in {counted(n_groups, 'group')} cannot fill {wanted_parts} parts "
            f"by the {method}. Give more rows."
        )


def _without(given: Given, test: Ints) -> Split:
    """Give some formulas of the rows that are not in the test part to the val part."""
    rest = np.setdiff1d(np.arange(len(given.dataset)), test)
    group = group_numbers(given.dataset.keys())
    val, train = take_share(rest, group, given.config.val, given.generator)
    return Split(train, val, test)


GROUPS: dict[str, Callable[[Dataset], Sequence[Hashable]]] = {
    "formula": Dataset.keys,
    "chemical_system": lambda dataset: dataset.materials.compositions.chemical_systems(),
    "row": lambda dataset: range(len(dataset)),
}
"""What is kept together."""
_NAMES = {"formula": "formulas", "chemical_system": "chemical systems", "row": "rows"}

SPLITS: dict[str, Callable[[Given], Split]] = {
    "formula": _by_formula,
    "chemical_system": _by_chemical_system,
    "random": _random,
    "k_fold": _k_fold,
    "leave_element_out": _leave_element_out,
    "leave_cluster_out": _leave_cluster_out,
    "matbench": _matbench,
    "column": _by_column,
    "fold_column": _by_fold_column,
    "time": _by_time,
}
COLUMN_METHODS = ("column", "fold_column", "time")
"""Methods that read a column of the table."""
