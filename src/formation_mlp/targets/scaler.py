"""What is learned from the train rows before the network: imputation, kept columns, centre and scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formation_mlp.errors import FeatureError
from formation_mlp.system.array_checks import checked_array
from formation_mlp.typing import Floats, Ints


@dataclass(frozen=True, slots=True)
class FeatureScaler:
    """Fill, select and standardise columns.

    Attributes
    ----------
    names : all input columns, ``[d]``
    kept : input columns that are not constant over the train rows, ``[k]``
    median : of the kept columns over the train rows, ``[k]``; stands in for missing values
    centre, scale : mean and standard deviation of the kept columns over the train rows, ``[k]``

    Examples
    --------
    The second column is constant and is dropped; a missing value becomes the median of its column.

    >>> train = np.array([[1.0, 7.0], [2.0, 7.0], [3.0, 7.0]])
    >>> scaler = FeatureScaler.fit(train, ["a", "b"])
    >>> scaler.transform(np.array([[3.0, 0.0], [np.nan, 0.0]])).round(2).tolist()
    [[1.22], [0.0]]
    """

    names: tuple[str, ...]
    kept: Ints
    median: Floats
    centre: Floats
    scale: Floats

    @classmethod
    def fit(cls, X: Floats, names: Sequence[str]) -> FeatureScaler:
        """Learn from the train rows ``X [n, d]``.

        Raises
        ------
        FeatureError
            If a value is infinite, or no column varies.
        """
        infinite = np.flatnonzero(np.isinf(X).any(axis=0))
        if len(infinite):
            raise FeatureError(f"features: column {names[infinite[0]]!r} holds an infinite value.")
        present = ~np.isnan(X).all(axis=0)
        median = np.zeros(X.shape[1])
        median[present] = np.nanmedian(X[:, present], axis=0)
        filled = np.where(np.isnan(X), median, X)
        centre, scale = filled.mean(axis=0), filled.std(axis=0)
        # A constant column has a standard deviation of rounding errors, not of zero.
        kept = np.flatnonzero(present & (scale > 1e-10 * np.maximum(1.0, np.abs(centre))))
        if not len(kept):
            raise FeatureError(
                "features: every column is constant over the train rows; there is nothing to learn from."
            )
        return cls(tuple(names), kept, median[kept], centre[kept], scale[kept])

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], names: Sequence[str]) -> FeatureScaler:
        """Return a scaler for the columns ``names [d]`` from its arrays, as a file gives them.

        Raises
        ------
        ValueError
            If an array is missing, or cannot be that of a scaler.
        """
        kept = checked_array(arrays, "kept", np.int64, [None], 0, len(names) - 1)
        if (np.diff(kept) <= 0).any():
            raise ValueError("scaler: kept does not rise")
        median, centre = (checked_array(arrays, name, np.float64, [len(kept)]) for name in ("median", "centre"))
        scale = checked_array(arrays, "scale", np.float64, [len(kept)], np.finfo(float).tiny)
        if len(arrays) > 4:
            raise ValueError(f"scaler: {', '.join(arrays)} are more than a scaler has")
        return cls(tuple(names), kept, median, centre, scale)

    @property
    def dropped(self) -> list[str]:
        """Names of the columns that are constant, or empty, over the train rows."""
        kept = set(self.kept.tolist())
        return [name for i, name in enumerate(self.names) if i not in kept]

    @property
    def kept_names(self) -> list[str]:
        """Names of the columns that reach the model."""
        return [self.names[i] for i in self.kept]

    def transform(self, X: Floats) -> Floats:
        """Return ``[n, k]``: the kept columns, filled and standardised."""
        scaled: Floats = X[:, self.kept].astype(float, copy=False)  # the copy is changed in place: memory is slow
        row, column = np.nonzero(np.isnan(scaled))
        scaled[row, column] = self.median[column]
        scaled -= self.centre
        scaled /= self.scale
        return scaled


@dataclass(frozen=True, slots=True)
class TargetScaler:
    """Centre and scale of the train targets; 0 and 1 for a classification."""

    centre: float = 0.0
    scale: float = 1.0

    @classmethod
    def fit(cls, y: Floats) -> TargetScaler:
        """Learn from the train targets ``y [n]``."""
        spread = float(y.std())
        return cls(float(y.mean()), spread if spread > 0 else 1.0)

    def transform(self, y: Floats) -> Floats:
        """Return standardised targets."""
        return (y - self.centre) / self.scale

    def inverse(self, z: Floats) -> Floats:
        """Return targets in their unit."""
        return z * self.scale + self.centre
