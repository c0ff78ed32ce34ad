"""How large the error of each prediction is likely to be, learned from the errors on a few dozen val rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from formation_mlp.typing import Array, Floats

FEWEST = 30
"""Val rows from which on a difficulty is learned."""
PRIOR = 30.0
"""Rows that say that errors follow no input, beside those that are there: the ridge, for standardised inputs."""
OFFSET = 0.1
"""Share of the mean error that is added to errors before their logarithm, which an error near zero would rule else."""
SMALLEST = 0.01
"""Share of its mean below which a standard deviation or a distance counts no further; of a repeated row, it is zero."""
TINY = 1e-8


class Hints(NamedTuple):
    """What hints at the sizes of the errors of ``n`` predictions.

    Attributes
    ----------
    std : standard deviation of the members, eV/atom, ``[n]``; None with one member
    distance : to the nearest train row, see `formation_mlp.trust.domain.Domain`, ``[n]``
    prediction : eV/atom, ``[n]``
    """

    std: Array | None
    distance: Array
    prediction: Array


@dataclass(frozen=True, slots=True)
class Input:
    """What an input adds to the logarithm of the size: ``weight`` times its value, cut off at those of the val rows.

    Attributes
    ----------
    weight : of the value
    low, high : smallest and largest value of the val rows
    """

    weight: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"difficulty: an input reaches from {self.low} to {self.high}")

    def term(self, values: Floats) -> Floats:
        """Return what the input adds, ``[n]``."""
        return self.weight * np.clip(values, self.low, self.high)


@dataclass(frozen=True, slots=True)
class Difficulty:
    """How large the absolute error of a row is expected to be (Papadopoulos et al., JAIR 40, 815 (2011)).

    Its logarithm is linear in the logarithm of what the members disagree by, the logarithm of the distance to the train
    rows, and the prediction: compounds of large energies have larger errors. The four numbers are learned by ridge
    regression; rows beyond the val rows count as the outermost of them.

    Attributes
    ----------
    intercept : logarithm of the size in eV/atom where all inputs are zero
    std : of the logarithm of the standard deviation of the members; None with one member
    distance : of the logarithm of the distance
    prediction : of the prediction, eV/atom

    Examples
    --------
    Of errors that grow with the distance, larger ones are expected far away than near by.

    >>> generator = np.random.default_rng(0)
    >>> distance, prediction = generator.uniform(0.1, 10, 500), generator.normal(-2, 1, 500)
    >>> hints = Hints(None, distance, prediction)
    >>> difficulty, left_out = Difficulty.fit(np.abs(generator.normal(0, distance)), hints)
    >>> near, far = difficulty.size(Hints(None, np.array([0.5, 5.0]), np.array([-2.0, -2.0])))
    >>> bool(2 < far / near < 10), left_out.shape
    (True, (500,))
    """

    intercept: float
    std: Input | None
    distance: Input
    prediction: Input

    @classmethod
    def fit(cls, error: Floats, hints: Hints) -> tuple[Difficulty, Floats]:
        """Learn from absolute errors ``[n]``, and return the size that the other rows let expect of each, ``[n]``.

        A row that has a part in what is expected of it looks easier than a new one. So the second answer leaves each
        row out in turn, which ridge regression knows without being repeated (Allen's PRESS, 1974).
        """
        columns = [_logarithm(hints.distance), hints.prediction.astype(np.float64)]
        if hints.std is not None:
            columns.insert(0, _logarithm(hints.std))
        low, high = (np.array([at(column) for column in columns]) for at in (np.min, np.max))
        X = np.column_stack(columns)
        centre, width = X.mean(axis=0), X.std(axis=0)
        width = np.where(width > TINY, width, 1.0)
        Z, n = (X - centre) / width, len(error)
        t = np.log(error + max(OFFSET * float(error.mean()), TINY))
        inverse = np.linalg.inv(Z.T @ Z + PRIOR * np.eye(Z.shape[1]))
        weights = inverse @ (Z.T @ (t - t.mean()))
        leverage = 1 / n + ((Z @ inverse) * Z).sum(axis=1)
        left_out = t - (t - t.mean() - Z @ weights) / (1 - leverage)
        weights = weights / width
        inputs = [Input(*three) for three in zip(weights.tolist(), low.tolist(), high.tolist(), strict=True)]
        std = inputs.pop(0) if hints.std is not None else None
        return cls(float(t.mean() - centre @ weights), std, *inputs), np.exp(left_out)

    def size(self, hints: Hints) -> Floats:
        """Return the difficulty of each row, eV/atom, ``[n]``.

        Raises
        ------
        ValueError
            If it was learned with a standard deviation, and there is none.
        """
        logarithm = self.intercept + self.distance.term(_raw_logarithm(hints.distance))
        logarithm += self.prediction.term(hints.prediction.astype(np.float64))
        if self.std is not None:
            if hints.std is None:
                raise ValueError("difficulty: it was learned with a standard deviation of members, and there is none")
            logarithm += self.std.term(_raw_logarithm(hints.std))
        found: Floats = np.exp(logarithm)
        return found

    def dump(self) -> dict[str, Any]:
        """Return plain data, for `restore`."""
        return asdict(self)

    @classmethod
    def restore(cls, plain: Mapping[str, Any]) -> Difficulty:
        """Return what was dumped.

        Raises
        ------
        ValueError
            If an input reaches from a larger value to a smaller one.
        """
        std = plain["std"]
        return cls(
            plain["intercept"],
            None if std is None else Input(**std),
            Input(**plain["distance"]),
            Input(**plain["prediction"]),
        )


def _logarithm(values: Array) -> Floats:
    """Return the logarithm of val rows' values, ``[n]``, the smallest of which are taken together."""
    wide = values.astype(np.float64)
    return np.log(np.maximum(wide, max(SMALLEST * float(wide.mean()), TINY)))


def _raw_logarithm(values: Array) -> Floats:
    return np.log(np.maximum(values.astype(np.float64), TINY))
