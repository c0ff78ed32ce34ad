"""Several models beside each other."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from matplotlib.figure import Figure

from formation_mlp.figures.style import BLUE, TICKS, finite_pair, label_axes, new_figure, short


def benchmark_bars(
    names: Sequence[str],
    scores: Sequence[float],
    unit: str,
    highlight: Collection[str] = (),
    score_name: str = "test MAE",
) -> Figure:
    """Draw one horizontal bar per model with its score written beside it; the first model is on top.

    Parameters
    ----------
    names, scores : one of each per model, the scores in ``unit`` (may be empty), finite
    highlight : names drawn in the strong colour, such as those of the networks
    score_name : of the axis
    """
    values = np.asarray(scores, np.float64)
    finite_pair(values, values)
    figure = new_figure(5.6, 1.1 + 0.36 * len(names))
    ax = figure.add_subplot()
    bars = ax.barh(range(len(names)), values, height=0.66, color=[BLUE if n in highlight else "#B8B8B8" for n in names])
    ax.bar_label(bars, fmt="%.3f", padding=4, fontsize=TICKS)
    ax.set_yticks(range(len(names)), [short(name) for name in names])
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlim(0, 1.16 * values.max() or 1)
    ax.spines[["top", "right"]].set_visible(False)
    label_axes(ax, f"{score_name} ({unit})" if unit else score_name, "", None)
    return figure
