"""Partial dependence (Friedman 2001): the mean answer of a model where one or two features have given values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from formation_mlp.errors import DataError
from formation_mlp.explain.rows import RunRows
from formation_mlp.registry import did_you_mean
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.typing import Floats

MOST_ROWS = 500
"""Of more rows than this a random part is averaged."""
ENDS = (1.0, 99.0)
"""Percentiles between which a feature is varied: beyond them the model has seen little."""


@dataclass(frozen=True, slots=True)
class Dependence:
    """Mean predictions over a grid of one or two features.

    Attributes
    ----------
    names : of the features, one or two
    grids : values of each in its own unit, ``[g1]`` and perhaps ``[g2]``
    mean : mean prediction over the rows, eV/atom or a probability, ``[g1]`` or ``[g1, g2]``
    values : what the rows have, ``[n, 1]`` or ``[n, 2]``: where there are few of them the mean says little
    is_probability : whether the model is a classifier
    """

    names: tuple[str, ...]
    grids: tuple[Floats, ...]
    mean: Floats
    values: Floats
    is_probability: bool


def dependence(
    predictor: Predictor, rows: RunRows, names: Sequence[str], *, n_points: int | None = None, seed: int = 0
) -> Dependence:
    """Set features of every row to each point of a grid, and average what the model answers.

    Other features stay as they are, so with correlated ones some of these materials cannot exist. So do the
    elements that the architecture `set` sees.

    Parameters
    ----------
    predictor
        The model.
    rows
        Such as the val rows of its run (`featurized_rows`).
    names
        One or two names of features, in full (``MagpieData mean Electronegativity``) or without the source.
    n_points
        Of each grid: percentiles of the rows, so fewer where values repeat. By default 40 for one, 15 for two.
    seed
        Of the rows that are drawn where there are more than `MOST_ROWS`.

    Raises
    ------
    DataError
        If a name is unknown or not the model's, or the feature has one value only.
    """
    columns = [_column(predictor, name) for name in names]
    if not columns or len(columns) > 2 or len(set(columns)) < len(columns):
        raise DataError(f"dependence: found {list(names)}, but one or two different features are expected.")
    points = n_points or {1: 40, 2: 15}[len(columns)]
    values = rows.X[:, columns]
    values = values[np.isfinite(values).all(axis=1)]
    scaler = predictor.checkpoint.scaler
    grids = []
    for name, column in zip(names, values.T, strict=True):
        inner = np.percentile(column, np.linspace(*ENDS, points)) if len(column) else column
        grids.append(np.unique(inner))
        if len(grids[-1]) < 2:
            raise DataError(f"dependence: {name!r} has one value in nearly all of the {len(rows)} rows.")
    some = rows.sample(MOST_ROWS, seed)
    mean = np.empty([len(grid) for grid in grids])
    for place in product(*(range(len(grid)) for grid in grids)):
        X = some.X.copy()
        X[:, columns] = [grid[i] for grid, i in zip(grids, place, strict=True)]
        mean[place] = predictor.predict_features(X, some.compositions).mean()
    full = tuple(scaler.names[i] for i in columns)
    return Dependence(full, tuple(grids), mean, values, predictor.task.is_classification)


def _column(predictor: Predictor, name: str) -> int:
    """Return the column of a feature that reaches the model."""
    scaler = predictor.checkpoint.scaler
    found = [i for i, known in enumerate(scaler.names) if name in (known, known.partition("Data ")[2])]
    if len(found) != 1:
        raise DataError(
            f"dependence: {len(found) or 'no'} features of the model are called {name!r}."
            f"{did_you_mean(name, scaler.names)}"
        )
    if found[0] not in scaler.kept:
        raise DataError(f"dependence: {name!r} is the same in all training rows, so the model does not see it.")
    return found[0]
