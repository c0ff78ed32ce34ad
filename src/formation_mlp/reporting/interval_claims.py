"""Whether the intervals of a run hold as often as they promise, beyond what chance allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from formation_mlp.figures.intervals import chance_range
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
    few, or too many. One level of several may be outside by chance: it is said, but unless it is the one of which the
    page tells, two must be outside. The rows are those of the figure.
    """
    intervals = run.intervals()
    if intervals is None or not rows.are_enough:
        return [], []
    holds = intervals.holds(run.y)[:, rows.is_new]
    k = intervals.nearest(SHOWN)
    shares = dict(zip(intervals.levels, holds.mean(axis=1).tolist(), strict=True))
    level = intervals.levels[k]
    text = f"{100 * shares[level]:.1f} % of the truths lie inside the intervals of the level {level:g}"
    width = float((intervals.high[k] - intervals.low[k])[rows.is_new].mean())
    if run.part == "val":
        return [], [("Intervals are untested:", f"they were calibrated on the very rows shown; {text}.")]
    low, high = chance_range(rows.n, level)
    text += f" ({rows.short}; chance allows {100 * low:.0f} to {100 * high:.0f} %)"
    outside = {one: _side(share, rows.n, one) for one, share in shares.items() if _side(share, rows.n, one)}
    named = [
        f"{100 * shares[one]:.0f} % at the level {one:g} (chance allows "
        f"{' to '.join(f'{100 * end:.0f}' for end in chance_range(rows.n, one))} %)"
        for one in outside
        if one != level
    ]
    others = f"and {', '.join(named)}" if named else "of the other levels, too, as many as they promise"
    text += f"; {others}. They are {width:.3f} eV/atom wide on average."
    if level not in outside and len(outside) < 2:
        return [("Intervals hold:", text)], []
    side = outside.get(level) or max(outside.values(), key=list(outside.values()).count)
    if side < 0:
        return [], [("Intervals are too narrow:", text)]
    return [], [("Intervals are too wide:", f"{text} They promise less than the model can do.")]


def _side(share: float, n: int, level: float) -> int:
    """Return -1 if fewer of ``n`` rows lie inside intervals of a level than chance allows, 1 if more do, else 0."""
    low, high = chance_range(n, level)
    return int(share > high) - int(share < low)
