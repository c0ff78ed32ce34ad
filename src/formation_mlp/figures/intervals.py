"""Whether intervals hold what they promise, and how wide they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from formation_mlp.figures.style import BLUE, LEGEND, SKY, label_axes, new_figure, plain
from formation_mlp.typing import Bools, Floats


def chance_range(n: int, level: float) -> tuple[float, float]:
    """Return which shares of ``n`` rows may lie inside intervals of a level: the central 95 % of a binomial.

    Examples
    --------
    >>> chance_range(100, 0.9)
    (0.84, 0.95)
    """
    from scipy.stats import binom

    low, high = (float(binom.ppf(share, n, level)) / n for share in (0.025, 0.975))
    return low, high


def interval_plot(levels: Sequence[float], holds: Bools, width: Floats, unit: str, title: str | None = None) -> Figure:
    """Draw the share of the truths inside the intervals and, below it, their width, against their level.

    Parameters
    ----------
    levels : ``[k]``, between 0 and 1, rising
    holds : ``[k, n]``, whether the truth lies inside
    width : ``[k, n]``, of the intervals, in ``unit``
    unit : of the widths
    title : above the panels
    """
    asked = np.asarray(levels)
    inside, n = holds.mean(axis=1), holds.shape[1]
    figure = new_figure(5.0, 6.2)
    above, below = figure.subplots(2, 1, sharex=True)
    ends = np.array([chance_range(n, level) for level in levels]).T
    above.fill_between(asked, *ends, color=SKY, alpha=0.4, linewidth=0, label="chance, 95 %")
    above.plot(asked, asked, color="black", linewidth=1, linestyle="--", label="as promised")
    above.plot(asked, inside, "o-", color=BLUE, linewidth=1.6, markersize=5, label="found")
    above.legend(fontsize=LEGEND, framealpha=0.85, edgecolor="none", loc="lower right")
    low, high = np.percentile(width, [10, 90], axis=1)
    if np.any(high > low):
        below.fill_between(asked, low, high, color=SKY, alpha=0.4, linewidth=0, label="80 % of the rows")
    below.plot(asked, width.mean(axis=1), "o-", color=BLUE, linewidth=1.6, markersize=5, label="mean")
    below.set_ylim(bottom=0)
    below.legend(fontsize=LEGEND, framealpha=0.85, edgecolor="none", loc="upper left")
    for ax in (above, below):
        ax.grid(alpha=0.25, linewidth=0.6)
        ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    label_axes(above, "", f"share of {n:,} rows inside", None)
    label_axes(below, "level asked for", f"width of the interval ({unit})", None)
    if title:
        figure.suptitle(plain(title), fontsize=10.5)
    return figure
