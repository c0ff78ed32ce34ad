"""Predicted energies beside actual ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from formation_mlp.figures.style import (
    BLUE,
    DENSE,
    LEGEND,
    SKY,
    TICKS,
    VERMILLION,
    finite_pair,
    label_axes,
    new_figure,
    padded_limits,
    plain,
)
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def parity_plot(
    y: Floats,
    prediction: Floats,
    unit: str,
    title: str | None = None,
    scores: Mapping[str, float] | None = None,
    quantity: str = "formation energy",
    also: Floats | None = None,
) -> Figure:
    """Draw predicted against actual values with the line of perfect agreement.

    Parameters
    ----------
    y, prediction : ``[n]``, in ``unit``, finite, n at least 1
    unit : of the axes and of all scores but R2
    title : above the axes
    scores : written into the corner, such as ``{"MAE": ..., "RMSE": ..., "R2": ...}``
    quantity : what the numbers are, for the axis labels
    also : further values that the axes hold, so that several plots have the same axes
    """
    return parity_plots({title or "": (y, prediction)}, unit, {title or "": scores or {}}, quantity, also)


def parity_plots(
    parts: Mapping[str, tuple[Floats, Floats]],
    unit: str,
    scores: Mapping[str, Mapping[str, float]] | None = None,
    quantity: str = "formation energy",
    also: Floats | None = None,
) -> Figure:
    """Draw parity plots of several models or parts side by side, on common axes; at most three in a row.

    Parameters
    ----------
    parts : title of each panel to its targets and predictions, ``[n]`` each, in ``unit``
    unit, quantity, also : as in `parity_plot`
    scores : title to the scores written into that panel
    """
    pairs = {title: finite_pair(*pair) for title, pair in parts.items()}
    everything = [array for pair in pairs.values() for array in pair] + ([] if also is None else [also])
    low, high = padded_limits(np.concatenate(everything))
    n_columns = 2 if len(pairs) == 4 else min(len(pairs), 3)
    n_rows = -(-len(pairs) // n_columns)
    bar = 0.8 if any(len(y) > DENSE for y, _ in pairs.values()) else 0
    figure = new_figure(0.5 + (3.8 + bar) * n_columns, 0.5 + 3.9 * n_rows)
    for i, (title, (y, prediction)) in enumerate(pairs.items()):
        ax = figure.add_subplot(n_rows, n_columns, i + 1, aspect="equal", xlim=(low, high), ylim=(low, high))
        _draw_parity(ax, y, prediction)
        lines = [f"n = {len(y):,}", *_score_lines((scores or {}).get(title, {}), unit)]
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.6, "pad": 2}
        style: dict[str, Any] = {"va": "top", "fontsize": LEGEND, "linespacing": 1.35, "bbox": box}
        ax.text(0.035, 0.965, "\n".join(lines), transform=ax.transAxes, **style)
        left, bottom = i % n_columns == 0, i + n_columns >= len(pairs)
        label_axes(ax, f"actual {quantity} ({unit})" * bottom, f"predicted {quantity} ({unit})" * left, title)
        ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
        ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    return figure


def residual_histogram(
    y: Floats, prediction: Floats, unit: str, title: str | None = None, quantity: str = "formation energy"
) -> Figure:
    """Draw the histogram of prediction minus target, with zero and the mean marked.

    The axis is symmetric. Residuals beyond 1.5 times the 99th percentile of their size are left out and
    counted in the legend, so that a few wild rows do not hide the shape of the rest.
    """
    y, prediction = finite_pair(y, prediction)
    residual = prediction - y
    size = np.abs(residual)
    limit = float(min(size.max(), 1.5 * np.quantile(size, 0.99))) or 1.0
    outside = int(np.sum(size > limit))
    n_bins = int(np.clip(2 * round(1.5 * len(y) ** (1 / 3)), 10, 80))

    figure = new_figure(4.8, 3.8)
    ax = figure.add_subplot()
    ax.hist(residual, bins=n_bins, range=(-limit, limit), color=SKY, edgecolor="white", linewidth=0.4)
    ax.axvline(0, color="black", linewidth=1)
    mean = residual.mean()
    ax.axvline(mean, color=VERMILLION, linewidth=1.4, linestyle="--", label=f"mean {mean:+.3f}".replace("-", "−"))
    if outside:
        ax.plot([], [], " ", label=f"{outside:,} beyond the axis")
    ax.set_xlim(-1.04 * limit, 1.04 * limit)
    ax.set_ylim(top=1.22 * ax.get_ylim()[1])  # room for the legend above the bars
    ax.xaxis.set_major_locator(MaxNLocator(9, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.legend(loc="upper left", fontsize=LEGEND, frameon=False, handlelength=1.5)
    label_axes(ax, f"predicted minus actual {quantity} ({unit})", "rows", title)
    return figure


def residual_plot(
    y: Floats, prediction: Floats, unit: str, title: str | None = None, quantity: str = "formation energy"
) -> Figure:
    """Draw prediction minus target against the prediction, with zero and the running median.

    Hexagons count the rows where there are more than `DENSE`. A median is that of a twentieth of the rows in the
    order of their predictions, from 100 rows on: where it leaves zero, the model is off in one direction.

    Parameters
    ----------
    y, prediction : ``[n]``, in ``unit``, finite, n at least 1
    unit, title, quantity : as in `parity_plot`
    """
    y, prediction = finite_pair(y, prediction)
    residual = prediction - y
    reach = 1.06 * float(np.abs(residual).max()) or 1.0
    figure = new_figure(5.8 if len(y) > DENSE else 5.0, 3.8)
    ax = figure.add_subplot(xlim=padded_limits(prediction), ylim=(-reach, reach))
    ax.axhline(0, color="black", linewidth=1, linestyle="--", zorder=3)
    _draw_rows(ax, prediction, residual)
    if len(y) >= 100:
        parts = np.array_split(np.argsort(prediction, kind="stable"), 20)
        middle = [(np.median(prediction[rows]), np.median(residual[rows])) for rows in parts]
        ax.plot(*zip(*middle, strict=True), color=VERMILLION, linewidth=1.8, zorder=4, label="running median")
        ax.legend(loc="upper right", fontsize=LEGEND, framealpha=0.7, edgecolor="none")
    ax.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
    label_axes(ax, f"predicted {quantity} ({unit})", f"predicted minus actual ({unit})", title)
    return figure


def _draw_parity(ax: Axes, y: Floats, prediction: Floats) -> None:
    ax.axline((0, 0), slope=1, color="black", linewidth=1, linestyle="--", zorder=3)
    _draw_rows(ax, y, prediction)


def _draw_rows(ax: Axes, x: Floats, y: Floats) -> None:
    """Draw points or, where there are many, hexagons that count them."""
    if len(x) <= DENSE:
        ax.scatter(x, y, s=14, color=BLUE, alpha=0.55 if len(x) > 30 else 0.9, linewidths=0)
        return
    extent = (*ax.get_xlim(), *ax.get_ylim())
    hexagons = ax.hexbin(x, y, gridsize=55, bins="log", mincnt=1, extent=extent, linewidths=0.1, cmap="cividis")
    hexagons.set_clim(1, max(10, float(np.max(np.asarray(hexagons.get_array())))))
    bar = ax.figure.colorbar(hexagons, cax=ax.inset_axes((1.03, 0, 0.05, 1)), format=StrMethodFormatter("{x:,.0f}"))
    bar.set_label("rows per hexagon", fontsize=TICKS)
    bar.ax.tick_params(labelsize=TICKS)


def _score_lines(scores: Mapping[str, float], unit: str) -> list[str]:
    lines = []
    for name, value in scores.items():
        number = f"{value:.3f}" if np.isfinite(value) else "undefined"
        lines.append(f"R² = {number}" if name == "R2" else plain(f"{name} = {number} {unit}"))
    return lines
