"""Take whole groups of rows, so that rows that belong together come into one part."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from formation_mlp.errors import SplitError
from formation_mlp.typing import Ints


def fold_of(groups: Sequence[Hashable], n_folds: int, generator: np.random.Generator, name: str = "formulas") -> Ints:
    """Return the fold of each row, ``[n]``, for the name of its group; the groups are dealt in random order.

    Examples
    --------
    >>> fold = fold_of(["NaCl", "MgO", "NaCl", "KCl"], 3, np.random.default_rng(0))
    >>> bool(fold[0] == fold[2]), sorted(set(fold.tolist()))
    (True, [0, 1, 2])

    Raises
    ------
    SplitError
        If there are fewer groups, which are called ``name`` in the message, than folds.
    """
    group = group_numbers(groups)
    n_groups = int(group.max()) + 1
    if n_groups < n_folds:
        raise SplitError(f"split.n_folds: {n_folds} folds need as many {name}; there are {n_groups}.")
    fold = np.empty(n_groups, np.int64)
    fold[generator.permutation(n_groups)] = np.arange(n_groups) % n_folds
    return fold[group]


def take_share(rows: Ints, group: Ints, share: float, generator: np.random.Generator) -> tuple[Ints, Ints]:
    """Return about ``share`` of the rows as whole groups in random order, and the rest; arguments as in `take`."""
    if share == 0:
        return rows[:0], rows
    return take(rows, group, generator.permutation(np.unique(group[rows])), share)


def take(rows: Ints, group: Ints, groups: Ints, share: float) -> tuple[Ints, Ints]:
    """Return about ``share`` of the rows as the first of some groups (at least one if share > 0), and the rest.

    Parameters
    ----------
    rows : numbers of the rows to divide
    group : number of the group of every row of the table, ``[n]``
    groups : numbers of the groups in the order in which they are taken
    share : of ``rows``, from 0 to 1

    Examples
    --------
    >>> taken, rest = take(np.arange(6), np.array([0, 0, 1, 1, 2, 2]), np.array([2, 0, 1]), share=0.5)
    >>> taken.tolist(), rest.tolist()
    ([4, 5], [0, 1, 2, 3])
    """
    if share == 0:
        return rows[:0], rows
    size = np.bincount(group[rows], minlength=int(groups.max(initial=0)) + 1)[groups]
    groups, size = groups[size > 0], size[size > 0]
    n_taken = max(1, int(np.searchsorted(np.cumsum(size), share * len(rows) + 1e-9, side="right")))
    taken = np.isin(group[rows], groups[:n_taken])
    return rows[taken], rows[~taken]


def group_numbers(groups: Sequence[Hashable]) -> Ints:
    """Return a number per group, by first occurrence, so that the names of groups do not matter.

    Examples
    --------
    >>> group_numbers(["NaCl", "MgO", "NaCl"]).tolist()
    [0, 1, 0]
    """
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in groups], np.int64)
