"""Whether the intervals of a run hold as often as they promise, beyond what chance allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binom

from formation_mlp.reporting.doubts import Claim
from formation_mlp.reporting.judged import JudgedRows

if TYPE_CHECKING:
    from formation_mlp.reporting.finished import FinishedRun

SHOWN = 0.9
"""The page tells of the level nearest to this one."""


def interval_claim(run: FinishedRun, rows: JudgedRows) -> tuple[list[Claim], list[Claim]]:
    """Return what to believe of the intervals, and what not, one of them empty; both are without intervals.

    Notes
    -----
    Of ``n`` rows, a binomial number lies inside intervals that hold; counts outside its central 95 % are called too
    few, or too many.
    """
    intervals = run.intervals()
    if intervals is None or not rows.are_enough:
        return [], []
    k = intervals.nearest(SHOWN)
    level, inside = intervals.levels[k], intervals.holds(run.y)[k][rows.is_new]
    text = f"{100 * inside.mean():.1f} % of the truths lie inside the intervals of the level {level:g}"
    if run.part == "val":
        return [], [("Intervals are untested:", f"they were calibrated on the very rows shown; {text}.")]
    low, high = chance_range(rows.n, level)
    text += f" ({rows.short}; chance allows {100 * low:.0f} to {100 * high:.0f} %)."
    if inside.mean() < low:
        return [], [("Intervals are too narrow:", text)]
    if inside.mean() > high:
        return [], [("Intervals are too wide:", f"{text} They promise less than the model can do.")]
    return [("Intervals hold:", text)], []


def chance_range(n: int, level: float) -> tuple[float, float]:
    """Return which shares of ``n`` rows may lie inside intervals of a level: the central 95 % of a binomial.

    Examples
    --------
    >>> chance_range(100, 0.9)
    (0.84, 0.95)
    """
    low, high = (float(binom.ppf(share, n, level)) / n for share in np.array([0.025, 0.975]))
    return low, high
