"""From errors on rows of the user's own to a shift and to intervals, and what both are worth on rows left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from formation_mlp.trust import conformal
from formation_mlp.trust.own_rows import OwnRows
from formation_mlp.typing import Bools, Floats, Ints

FOLDS = 10
"""Parts of the formulas, of which each is left out once."""
CONFIDENCE = 0.95
"""Of binomial intervals."""


@dataclass(frozen=True, slots=True)
class OwnErrors:
    """How far a model is off on ``n`` rows.

    Attributes
    ----------
    error : truth minus prediction, eV/atom, ``[n]``
    unit : in which scores are measured, eV/atom, ``[n]``; see `formation_mlp.trust.own_rows.OwnRows`
    formula : number of the reduced formula of each, from 0 to ``m - 1``, ``[n]``
    """

    error: Floats
    unit: Floats
    formula: Ints

    @property
    def n_formulas(self) -> int:
        """Number of different formulas."""
        return len(np.unique(self.formula))

    @property
    def repeats(self) -> Ints:
        """How many rows have the formula of each, ``[n]``."""
        return np.bincount(self.formula)[self.formula]

    @property
    def weight(self) -> Floats:
        """One over that: each formula counts once, ``[n]``."""
        weight: Floats = 1 / self.repeats
        return weight

    def take(self, rows: Bools) -> OwnErrors:
        """Return some of the rows."""
        return OwnErrors(self.error[rows], self.unit[rows], self.formula[rows])

    def median(self) -> float:
        """Return the median error, of formulas."""
        return conformal.weighted_rank(self.error, self.weight, self.n_formulas / 2)


class Shift(NamedTuple):
    """Whether predictions are better when a number is added to them, all in eV/atom.

    Attributes
    ----------
    amount : what is added; 0 if that lowers the error on left-out rows by no more than its standard error
    candidate : the median error, whether it is added or not
    gain : by which it lowers the mean absolute error on left-out rows
    standard_error : of the gain
    """

    amount: float
    candidate: float
    gain: float
    standard_error: float


def folds(formula: Ints, seed: int) -> Iterator[Bools]:
    """Yield the rows of each part, ``[n]``; rows of one formula are left out together."""
    found, place = np.unique(formula, return_inverse=True)
    part = np.random.default_rng(seed).permutation(len(found))[place] % FOLDS
    for k in range(min(FOLDS, len(found))):
        yield part == k


def shift_of(own: OwnErrors, seed: int) -> Shift:
    """Return the shift of predictions that the errors speak for.

    The candidate is the median error, which makes the mean absolute error smallest. It is taken if medians of the other
    formulas lower the error on left-out ones by more than the standard error of that, over formulas.

    Examples
    --------
    >>> error, unit, formula = np.random.default_rng(0).normal(0.2, 0.1, 50), np.ones(50), np.arange(50)
    >>> shifts = [shift_of(OwnErrors(e, unit, formula), 0).amount for e in (error, error - error.mean())]
    >>> [round(shift, 1) for shift in shifts]
    [0.2, 0.0]
    """
    gain = np.empty(len(own.error))
    for out in folds(own.formula, seed):
        gain[out] = np.abs(own.error[out]) - np.abs(own.error[out] - own.take(~out).median())
    _, place = np.unique(own.formula, return_inverse=True)
    by_formula = np.bincount(place, gain) / np.bincount(place)
    mean, error = float(by_formula.mean()), float(by_formula.std(ddof=1) / np.sqrt(len(by_formula)))
    candidate = own.median()
    return Shift(candidate if mean > error else 0.0, candidate, mean, error)


def scores_of(own: OwnErrors, shift: float) -> Floats:
    """Return the absolute errors that remain after a shift, in their units, ``[n]``."""
    scores: Floats = np.abs(own.error - shift) / own.unit
    return scores


@dataclass(frozen=True, slots=True)
class Held:
    """What intervals and predictions are worth on rows that neither was made from.

    Attributes
    ----------
    mae : mean absolute error, eV/atom
    share : of the formulas whose truth lies inside; NaN if there are no intervals
    low, high : ends of its binomial interval
    width : mean width of the intervals, eV/atom
    """

    mae: float
    share: float
    low: float
    high: float
    width: float


def held(own: OwnErrors, left: Floats, below: Floats, above: Floats) -> Held:
    """Return what remains of errors, and how often they lie in intervals.

    Parameters
    ----------
    own
        The rows: each formula counts once.
    left
        Truth minus prediction, eV/atom, ``[n]``.
    below, above
        Where the intervals end, from the prediction, eV/atom, ``[n]``; NaN if there are none.
    """
    weight, m = own.weight, own.n_formulas
    mae, width = float(weight @ np.abs(left) / m), float(weight @ (above - below) / m)
    if not np.isfinite(width):
        return Held(mae, *[float("nan")] * 4)
    count = float(weight @ ((below <= left) & (left <= above)))
    return Held(mae, count / m, *binomial_interval(count, m), width)


def binomial_interval(count: float, n: int) -> tuple[float, float]:
    """Return the interval of Clopper and Pearson (Biometrika 26, 404 (1934)) for a share of which ``count`` are seen.

    ``count`` need not be whole: of rows of one formula a part may count.

    Examples
    --------
    >>> [round(end, 3) for end in binomial_interval(45, 50)]
    [0.782, 0.967]
    """
    from scipy.stats import beta

    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if count <= 0 else float(beta.ppf(tail, count, n - count + 1))
    high = 1.0 if count >= n else float(beta.ppf(1 - tail, count + 1, n - count))
    return low, high


def cross_validated(own: OwnErrors, level: float, seed: int) -> Held:
    """Return what shift and intervals are worth on formulas left out, both made anew from the others each time.

    There are no intervals where a part leaves too few formulas for the level.
    """
    left, reach = np.empty_like(own.error), np.full(len(own.error), np.nan)
    for out in folds(own.formula, seed):
        others = own.take(~out)
        shift = shift_of(others, seed).amount
        left[out] = own.error[out] - shift
        if not conformal.reason(level, others.n_formulas):
            mass = (others.n_formulas + 1) * level
            reach[out] = own.unit[out] * conformal.weighted_rank(scores_of(others, shift), others.weight, mass)
    return held(own, left, -reach, reach)


def fitted(own: OwnErrors, blank: OwnRows, shift: float) -> OwnRows:
    """Return what a model keeps of the rows, with their scores; levels of trust and expected errors as in ``blank``."""
    scores = scores_of(own, shift).astype(np.float32)
    order = np.argsort(scores, kind="stable")
    repeats = own.repeats[order].astype(np.uint32)
    return OwnRows(blank.table, blank.made_from, blank.scale, shift, 1.0, blank.levels, scores[order], repeats)
