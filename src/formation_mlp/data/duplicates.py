"""What becomes of several rows with one reduced formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from formation_mlp.data.records import Dataset, LeftOut
from formation_mlp.typing import Floats, Ints


def keep(dataset: Dataset) -> Dataset:
    """Keep every row; say how many repeat a formula."""
    repeats = len(dataset) - len(set(_groups(dataset)))
    notes = [f"{repeats} rows repeat the reduced formula of another row (kept)"] if repeats else []
    return dataset.take(range(len(dataset)), notes=notes)


def mean(dataset: Dataset) -> Dataset:
    """Replace the rows of a formula by the first of them, with the mean target (auxiliary ones stay its own)."""
    _, group = np.unique(_groups(dataset), return_inverse=True)
    means = np.bincount(group, weights=dataset.y) / np.bincount(group)
    return _first_of_each(dataset, group, means, "averaged with an earlier row of the same formula")


def median(dataset: Dataset) -> Dataset:
    """Replace the rows of a formula by the first of them, with the median target (auxiliary ones stay its own).

    Of measured values, one that is wrong by far moves it little.
    """
    _, group = np.unique(_groups(dataset), return_inverse=True)
    order = np.argsort(group, kind="stable")
    members = np.split(dataset.y[order], np.cumsum(np.bincount(group))[:-1])
    medians = np.array([np.median(values) for values in members])
    return _first_of_each(dataset, group, medians, "the median with an earlier row of the same formula is taken")


def lowest(dataset: Dataset) -> Dataset:
    """Keep the row of lowest energy of each formula: the ground state among the rows."""
    order = np.argsort(dataset.y, kind="stable")
    _, first = np.unique(np.array(_groups(dataset))[order], return_index=True)
    return _only(dataset, np.sort(order[first]), "another row of the same formula lies lower")


def _first_of_each(dataset: Dataset, group: Ints, target: Floats, reason: str) -> Dataset:
    """Return the first row of each group, with the group's target, ``[n_groups]``."""
    _, first = np.unique(group, return_index=True)
    return _only(replace(dataset, y=target[group]), np.sort(first), reason)


def _groups(dataset: Dataset) -> list[str]:
    """Return the reduced formula of each row; on another energy scale it is another one."""
    keys = dataset.keys()
    return keys if dataset.scale is None else [f"{key} {k}" for key, k in zip(keys, dataset.scale, strict=True)]


def _only(dataset: Dataset, rows: np.ndarray, reason: str) -> Dataset:
    kept = set(rows.tolist())
    left_out = [LeftOut(name, reason) for i, name in enumerate(dataset.ids) if i not in kept]
    notes = [f"{len(left_out)} rows merged: {reason}"] if left_out else []
    return dataset.take(rows, left_out, notes)


DUPLICATES: dict[str, Callable[[Dataset], Dataset]] = {"keep": keep, "mean": mean, "median": median, "lowest": lowest}
