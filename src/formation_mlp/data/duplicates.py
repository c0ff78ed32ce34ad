"""What becomes of several rows with one reduced formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from formation_mlp.data.records import Dataset, LeftOut
from formation_mlp.quoting import counted
from formation_mlp.typing import Floats, Ints
from formation_mlp.units import EV_PER_ATOM

AVERAGED = "averaged with an earlier row of the same formula"
IN_MEDIAN = "the median with an earlier row of the same formula is taken"
HIGHER = "another row of the same formula lies lower"
"""Why a row is merged into another."""
FAR = 0.1
"""eV/atom; measurements, and computed ground states, of one compound lie nearer to one another."""


def keep(dataset: Dataset) -> Dataset:
    """Keep every row; say how many repeat a formula."""
    repeats = len(dataset) - len(set(_groups(dataset)))
    repeat = counted(repeats, "row repeats", "rows repeat")
    notes = [f"{repeat} the reduced formula of another row (kept)"] if repeats else []
    return dataset.take(range(len(dataset)), notes=[*notes, *_spread(dataset)])


def mean(dataset: Dataset) -> Dataset:
    """Replace the rows of a formula by the first of them, with the mean target (auxiliary ones stay its own)."""
    _, group = np.unique(_groups(dataset), return_inverse=True)
    means = np.bincount(group, weights=dataset.y) / np.bincount(group)
    return _first_of_each(dataset, group, means, AVERAGED)


def median(dataset: Dataset) -> Dataset:
    """Replace the rows of a formula by the first of them, with the median target (auxiliary ones stay its own).

    Of measured values, one that is wrong by far moves it little.
    """
    _, group = np.unique(_groups(dataset), return_inverse=True)
    order = np.argsort(group, kind="stable")
    members = np.split(dataset.y[order], np.cumsum(np.bincount(group))[:-1])
    medians = np.array([np.median(values) for values in members])
    return _first_of_each(dataset, group, medians, IN_MEDIAN)


def lowest(dataset: Dataset) -> Dataset:
    """Keep the row of lowest energy of each formula: the ground state among the rows."""
    order = np.argsort(dataset.y, kind="stable")
    _, first = np.unique(np.array(_groups(dataset))[order], return_index=True)
    return _only(dataset, np.sort(order[first]), HIGHER)


def is_merged(reason: str) -> bool:
    """Return whether a row is left out since another one of its formula stands for it.

    Examples
    --------
    >>> is_merged(HIGHER), is_merged("no target")
    (True, False)
    """
    return reason in (AVERAGED, IN_MEDIAN, HIGHER)


def _first_of_each(dataset: Dataset, group: Ints, target: Floats, reason: str) -> Dataset:
    """Return the first row of each group, with the group's target, ``[n_groups]``."""
    _, first = np.unique(group, return_index=True)
    return _only(dataset, np.sort(first), reason, target[group])


def _groups(dataset: Dataset) -> list[str]:
    """Return the reduced formula of each row; on another energy scale it is another one."""
    keys = dataset.keys()
    return keys if dataset.scale is None else [f"{key} {k}" for key, k in zip(keys, dataset.scale, strict=True)]


def _only(dataset: Dataset, rows: np.ndarray, reason: str, target: Floats | None = None) -> Dataset:
    """Return some rows, with other targets if ``target``, ``[n]``, is given; the others are left out."""
    kept = set(rows.tolist())
    left_out = [LeftOut(name, reason) for i, name in enumerate(dataset.ids) if i not in kept]
    notes = [f"{counted(len(left_out), 'row')} merged: {reason}"] if left_out else []
    changed = dataset if target is None else replace(dataset, y=target)
    return changed.take(rows, left_out, [*notes, *_spread(dataset)])


def _spread(dataset: Dataset) -> list[str]:
    """Say how many formulas have energies that differ by more than `FAR`, and which one the most.

    Structures of one formula have energies of their own, and nothing is said of them.
    """
    if dataset.materials.structures is not None or dataset.target.unit != EV_PER_ATOM:
        return []
    first, group = np.unique(_groups(dataset), return_index=True, return_inverse=True)[1:]
    low, high = np.full(len(first), np.inf), np.full(len(first), -np.inf)
    np.minimum.at(low, group, dataset.y)
    np.maximum.at(high, group, dataset.y)
    spread = high - low
    n, worst = int((spread > FAR + 1e-9).sum()), int(np.argmax(spread))
    if not n:
        return []
    formula, among = dataset.formulas[first[worst]], "" if n == 1 else " the most"
    return [
        f"rows of {counted(n, 'formula')} differ by more than {FAR} eV/atom, those of {formula}{among}: from "
        f"{low[worst]:.3f} to {high[worst]:.3f}. Look whether these are the same phase, in the same unit"
    ]


DUPLICATES: dict[str, Callable[[Dataset], Dataset]] = {"keep": keep, "mean": mean, "median": median, "lowest": lowest}
