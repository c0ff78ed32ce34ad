"""Tests of whether one model is better than another by more than the chance of rows or divisions explains."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from formation_mlp.benchmark.outcome import About, Outcome
from formation_mlp.benchmark.summary import by_division, by_model, row_losses, scored
from formation_mlp.typing import Floats

LEVEL = 0.95
"""Level of the intervals."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The selection score of one model minus that of another: below zero, the first is better.

    Attributes
    ----------
    first, second : names of the models
    difference : in eV/atom, or in log loss
    low, high : the ends of its 95 % interval
    p_value : two-sided, for no difference, of this pair on its own
    p_of_all : the same, corrected for all pairs with this second model: see `corrected`
    n : of the units that vary: formulas of one division, or divisions
    over : ``formulas`` or ``divisions``
    """

    first: str
    second: str
    difference: float
    low: float
    high: float
    p_value: float
    n: int
    over: str
    p_of_all: float = math.nan

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def compare(outcomes: Sequence[Outcome], about: About, first: str, second: str) -> Comparison | None:
    """Compare two models on the rows, or divisions, that both were shown on; None if that is not enough for a test.

    The losses of several seeds are averaged first. One division is judged by `over_formulas`, several by
    `over_divisions`.

    Raises
    ------
    ValueError
        If two outcomes of a division have other rows.
    """
    models = by_model(scored(outcomes))
    divisions = [by_division(models[name]) for name in (first, second)]
    common = [name for name in divisions[0] if name in divisions[1]]
    if not common:
        return None
    differences, shares = [], []
    for name in common:
        one, other = (of_model[name] for of_model in divisions)
        if any(list(some.ids) != list(one[0].ids) for some in (*one, *other)):
            raise ValueError(f"{first} and {second} were shown on other rows in the division {name!r}")
        losses = [np.mean([row_losses(some, about) for some in of_model], axis=0) for of_model in (one, other)]
        differences.append(losses[0] - losses[1])
        shares.append(len(one[0].ids) / one[0].n_train)
    if len(common) == 1:
        if len(set(divisions[0][common[0]][0].formulas)) < 2:
            return None
        numbers = over_formulas(differences[0], divisions[0][common[0]][0].formulas)
        return Comparison(first, second, *numbers, "formulas")
    numbers = over_divisions([float(one.mean()) for one in differences], float(np.mean(shares)))
    return Comparison(first, second, *numbers, "divisions")


def corrected(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Return comparisons with p-values that allow for their number.

    Of many models, one is bound to look different by chance. Holm's step-down method (Scand. J. Statist. 6, 65 (1979)):
    of ``m`` p-values with the same second model the smallest is taken ``m`` times, the next ``m - 1`` times, and so on,
    and none may fall below the one before. The chance of any false alarm stays below that of a single test.
    """
    adjusted = list(comparisons)
    for second in {one.second for one in comparisons}:
        order = sorted((one.p_value, i) for i, one in enumerate(comparisons) if one.second == second)
        reached = 0.0
        for rank, (p_value, i) in enumerate(order):
            reached = max(reached, min(1.0, (len(order) - rank) * p_value))
            adjusted[i] = replace(adjusted[i], p_of_all=reached)
    return adjusted


def over_formulas(differences: Floats, groups: Sequence[Hashable]) -> tuple[float, float, float, float, int]:
    """Return the mean difference, its 95 % interval, p-value and the number of groups.

    Parameters
    ----------
    differences : of the losses of two models, one per row, ``[n]``
    groups : the formula of each row, ``[n]``; two at least: rows of one formula may vary together

    Notes
    -----
    Student's t with ``G - 1`` degrees of freedom and the cluster-robust variance of a mean (Liang and Zeger,
    Biometrika 73, 13 (1986)), ``G / (G - 1) * sum over groups of (sum of d - mean)^2 / n^2``. With one row per formula
    this is the paired t-test.
    """
    _, group = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    n, n_groups = len(differences), int(group.max()) + 1
    mean = float(differences.mean())
    sums = np.bincount(group, differences - mean)
    error = math.sqrt(n_groups / (n_groups - 1) * float(np.sum(sums**2))) / n
    return mean, *_student(mean, error, n_groups - 1), n_groups


def over_divisions(differences: Sequence[float], share: float) -> tuple[float, float, float, float, int]:
    """Return the mean difference, its 95 % interval, p-value and the number of divisions.

    Parameters
    ----------
    differences : of the mean losses of two models, one per division, ``[k]`` with k at least 2
    share : shown rows over train rows

    Notes
    -----
    The corrected resampled t-test (Nadeau and Bengio, Machine Learning 52, 239 (2003)): divisions share most of their
    train rows, so their differences vary less than those of independent data, and the variance of the mean is taken as
    ``(1 / k + share) * variance``.
    """
    k = len(differences)
    mean = float(np.mean(differences))
    error = math.sqrt((1 / k + share) * float(np.var(differences, ddof=1)))
    return mean, *_student(mean, error, k - 1), k


def _student(mean: float, error: float, freedom: int) -> tuple[float, float, float]:
    from scipy.stats import t

    if error == 0:
        return mean, mean, 1.0 if mean == 0 else 0.0
    half = float(t.ppf(0.5 + LEVEL / 2, freedom)) * error
    return mean - half, mean + half, float(2 * t.sf(abs(mean) / error, freedom))


def sentence(comparison: Comparison, unit: str) -> str:
    """Say which of two models is better, by how much, and how sure that is; ``unit`` as in ``eV/atom``."""
    sign = 1 if comparison.difference > 0 else -1
    ends = sorted((sign * comparison.low, sign * comparison.high))
    interval = f"(95 % {_number(ends[0])} to {_number(ends[1])}, {p_words(comparison.p_value)})"
    size = f"{_number(abs(comparison.difference))} {unit}"
    if not comparison.is_clear:
        lower = comparison.first if comparison.difference <= 0 else comparison.second
        both = f"{comparison.first} and {comparison.second}"
        return f"{both} do not differ clearly: {lower} is ahead by {size} {interval}"
    better, worse = (
        (comparison.first, comparison.second) if comparison.difference < 0 else (comparison.second, comparison.first)
    )
    return f"{better} is better than {worse} by {size} {interval}"


def p_words(p_value: float) -> str:
    """Return a p-value as it is written in a text."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"


def _number(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 0.01 else f"{value:.3f}"


METHODS = {
    "formulas": "t-test of the differences of all rows, with clusters of rows of the same formula",
    "divisions": "corrected resampled t-test over the divisions (Nadeau and Bengio 2003)",
}
"""What a comparison was made over, to the test in words."""

CORRECTION = "The p-values allow for the number of models in a column (Holm 1979)."
"""What `corrected` does, in words."""
