"""Which rows a division holds out as its test part, where that takes more than a table's column and chance."""

from __future__ import annotations

import warnings
from datetime import datetime

import numpy as np

from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.data.numbers import number
from formation_mlp.data.records import Dataset
from formation_mlp.errors import SplitError
from formation_mlp.quoting import counted
from formation_mlp.registry import did_you_mean
from formation_mlp.typing import Bools, Floats, Ints

MATBENCH_FOLDS, MATBENCH_SEED = 5, 18012019
"""What the authors of matbench fixed for its regression tasks (Dunn et al., npj Comput. Mater. 6, 138, 2020)."""

SHOWN = 5
"""Rows named in a message."""


def contains(dataset: Dataset, symbol: str) -> Bools:
    """Return which rows contain an element, ``[n]``."""
    compositions = dataset.materials.compositions
    row = np.repeat(np.arange(len(dataset)), compositions.n_elements)
    return np.bincount(row[compositions.z == ATOMIC_NUMBER[symbol]], minlength=len(dataset)) > 0


def rows_with_element(dataset: Dataset, symbol: str | None) -> Ints:
    """Return the rows whose composition contains an element.

    Raises
    ------
    SplitError
        If it is no element, or in no row.
    """
    if symbol is None or symbol not in ATOMIC_NUMBER:
        near = "" if symbol is None else did_you_mean(symbol, ATOMIC_NUMBER)
        raise SplitError(f"split.element: found {symbol!r}, but it is the symbol of an element, such as 'F'.{near}")
    rows = np.flatnonzero(contains(dataset, symbol))
    if not len(rows):
        raise SplitError(f"split.element: no row contains {symbol}.")
    return rows


def clusters(X: Floats | None, n_clusters: int, seed: int) -> Ints:
    """Return the cluster of each row by k-means on standardised features, ``[n]``; number 0 is the largest.

    Clusters instead of random rows as test parts are those of Meredig et al., Mol. Syst. Des. Eng. 3, 819 (2018).

    Parameters
    ----------
    X : features, ``[n, d]``; missing ones, NaN, count as their median
    n_clusters : at most as many as there are different rows
    seed : of the first centres

    Raises
    ------
    SplitError
        Without features, or if there are too few rows.
    """
    if X is None:
        raise SplitError("split.method: 'leave_cluster_out' needs features, which these rows do not have.")
    if len(X) < n_clusters:
        raise SplitError(f"split.n_folds: {n_clusters} clusters need as many rows; there are {len(X)}.")
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    scale = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
    find = KMeans(n_clusters, n_init=1, max_iter=100, random_state=seed % 2**32)
    with threadpool_limits(1), warnings.catch_warnings():  # with more threads, sums differ in their last digits
        warnings.simplefilter("ignore", ConvergenceWarning)  # an empty cluster is an error below
        label = find.fit_predict(scale.fit_transform(X).astype(np.float32))
    n_rows = np.bincount(label, minlength=n_clusters)
    if n_rows.min() == 0:
        raise SplitError(f"split.n_folds: the rows do not differ enough for {n_clusters} clusters. Ask for fewer.")
    rank = np.empty(n_clusters, np.int64)
    rank[np.argsort(-n_rows, kind="stable")] = np.arange(n_clusters)
    return np.asarray(rank[label])


def matbench_folds(n_table: int) -> Ints:
    """Return the official fold of each row of a matbench table, in its order, ``[n_table]``."""
    from sklearn.model_selection import KFold

    fold = np.empty(n_table, np.int64)
    deal = KFold(MATBENCH_FOLDS, shuffle=True, random_state=MATBENCH_SEED)
    for k, (_, rows) in enumerate(deal.split(np.empty((n_table, 0)))):
        fold[rows] = k
    return fold


def times(dataset: Dataset) -> Floats:
    """Return when each row came to be, ``[n]``: years or other numbers, or days for dates such as ``2019-04-30``.

    Raises
    ------
    SplitError
        If a row has none, or something that is neither.
    """
    if dataset.parts is None:
        raise SplitError("split.column: the method 'time' needs the name of a column.")
    blank = [name for name, text in zip(dataset.ids, dataset.parts, strict=True) if not text.strip()]
    if blank:
        more = f" and {len(blank) - SHOWN} more" if len(blank) > SHOWN else ""
        raise SplitError(
            f"split.column: {counted(len(blank), 'row has', 'rows have')} no time: {', '.join(blank[:SHOWN])}{more}. "
            "Fill the cells, or leave these rows out of the table."
        )
    dates = [text for text in dataset.parts if not _is_number(text)]
    if not dates:
        return np.array([number(text) for text in dataset.parts])
    if len(dates) < len(dataset):
        raise SplitError(f"split.column: found {dates[0]!r} beside numbers; write all times as numbers, or as dates.")
    return np.array([_day(text) for text in dates])


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(number(text)))
    except ValueError:
        return False


def _day(text: str) -> float:
    try:
        return float(datetime.fromisoformat(text).toordinal())
    except ValueError:
        raise SplitError(f"split.column: found {text!r}, but times are numbers, or dates as in 2019-04-30.") from None
