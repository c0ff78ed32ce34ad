"""What becomes of several rows with one reduced formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from formation_mlp.data.records import Dataset, LeftOut


def keep(dataset: Dataset) -> Dataset:
    """Keep every row; say how many repeat a formula."""
    repeats = len(dataset) - len(set(_groups(dataset)))
    notes = [f"{repeats} rows repeat the reduced formula of another row (kept)"] if repeats else []
    return dataset.take(range(len(dataset)), notes=notes)


def mean(dataset: Dataset) -> Dataset:
    """Replace the rows of a formula by the first of them, with the mean target (auxiliary ones stay its own)."""
    _, group = np.unique(_groups(dataset), return_inverse=True)
    means = np.bincount(group, weights=dataset.y) / np.bincount(group)
    _, first = np.unique(group, return_index=True)
    averaged = replace(dataset, y=means[group])
    return _only(averaged, np.sort(first), "averaged with an earlier row of the same formula")


def lowest(dataset: Dataset) -> Dataset:
    """Keep the row of lowest energy of each formula: the ground state among the rows."""
    order = np.argsort(dataset.y, kind="stable")
    _, first = np.unique(np.array(_groups(dataset))[order], return_index=True)
    return _only(dataset, np.sort(order[first]), "another row of the same formula lies lower")


def _groups(dataset: Dataset) -> list[str]:
    """Return the reduced formula of each row; on another energy scale it is another one."""
    keys = dataset.keys()
    return keys if dataset.scale is None else [f"{key} {k}" for key, k in zip(keys, dataset.scale, strict=True)]


def _only(dataset: Dataset, rows: np.ndarray, reason: str) -> Dataset:
    kept = set(rows.tolist())
    left_out = [LeftOut(name, reason) for i, name in enumerate(dataset.ids) if i not in kept]
    notes = [f"{len(left_out)} rows merged: {reason}"] if left_out else []
    return dataset.take(rows, left_out, notes)


DUPLICATES: dict[str, Callable[[Dataset], Dataset]] = {"keep": keep, "mean": mean, "lowest": lowest}
