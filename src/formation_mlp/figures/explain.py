"""Figures of explanations: arrays in, one matplotlib `Figure` out, as in `formation_mlp.figures`."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from formation_mlp.figures import BLUE, GREY, SKY, VERMILLION
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes


_TICKS, _LABEL, _TITLE = 9, 10, 10.5


def importance_bars(
    names: Sequence[str], losses: Floats, score_name: str, title: str | None = None, n_shown: int = 20
) -> Figure:
    """Draw what the permutation of each group adds to the score, with each repeat as a dot.

    Parameters
    ----------
    names : of the groups, the most important first, ``[g]``
    losses : ``[g, repeats]``
    score_name : of the axis, with its unit, such as ``MAE (eV/atom)``
    title : above the axes
    n_shown : groups that are drawn
    """
    names, losses = names[:n_shown], losses[:n_shown]
    figure, ax = _row_axes(len(names))
    y = np.arange(len(names))
    ax.barh(y, losses.mean(axis=1), height=0.66, color=SKY)
    for repeat in losses.T:
        ax.plot(repeat, y, ".", color=BLUE, markersize=3.5, alpha=0.8)
    _rows(ax, names, f"added to the {score_name} by permutation", title)
    ax.set_xlim(min(0.0, float(losses.min()) * 1.1), 1.06 * max(float(losses.max()), 1e-12))
    return figure


def contribution_bars(
    names: Sequence[str],
    amounts: Floats,
    baseline: float,
    prediction: float,
    unit: str,
    title: str | None = None,
    n_shown: int = 12,
) -> Figure:
    """Draw the way from the baseline to a prediction, one step for each group, the largest first.

    Parameters
    ----------
    names : of the groups, the largest amount first, ``[g]``
    amounts : in ``unit``, ``[g]``; they add up to ``prediction - baseline``
    baseline, prediction : where the way begins and ends
    unit : ``eV/atom`` or ``probability``
    title : above the axes
    n_shown : steps that are drawn; the other groups are one step more
    """
    shown, steps = list(names[:n_shown]), amounts[:n_shown].tolist()
    if len(names) > n_shown:
        shown.append(f"{len(names) - n_shown} others")
        steps.append(float(amounts[n_shown:].sum()))
    ends = baseline + np.cumsum(steps)
    starts = np.concatenate([[baseline], ends[:-1]])
    figure, ax = _row_axes(len(shown) + 2)
    low, high = min(ends.min(), baseline), max(ends.max(), baseline)
    span = (high - low) or 1.0
    for i, (start, step) in enumerate(zip(starts, steps, strict=True), start=1):
        ax.barh(i, step, left=start, height=0.66, color=BLUE if step < 0 else VERMILLION)
        ax.plot([start + step] * 2, [i - 0.33, i + 1.33], color=GREY, linewidth=0.8)
        right = start + max(step, 0) + 0.012 * span
        ax.text(right, i, f"{step:+.3f}".replace("-", "\N{MINUS SIGN}"), va="center", fontsize=_TICKS)
    ax.plot([baseline] * 2, [-0.33, 1.33], color=GREY, linewidth=0.8)
    for i, value in ((0, baseline), (len(shown) + 1, prediction)):
        ax.plot(value, i, "D", color="black", markersize=5)
        text = f"{value:.3f}".replace("-", "\N{MINUS SIGN}")
        ax.text(value + 0.02 * span, i, text, va="center", fontsize=_TICKS, fontweight="bold")
    quantity = "probability" if unit == "probability" else f"formation energy ({unit})"
    _rows(ax, ["all at the training mean", *shown, "prediction"], f"predicted {quantity}", title)
    ax.set_xlim(low - 0.05 * span, high + 0.17 * span)
    ax.grid(axis="x", alpha=0.25, linewidth=0.6)
    ax.set_axisbelow(True)
    return figure


def dependence_plot(
    names: Sequence[str], grids: Sequence[Floats], mean: Floats, values: Floats, unit: str, title: str | None = None
) -> Figure:
    """Draw the mean prediction against one feature, or over two, with what the rows have of them.

    Parameters
    ----------
    names : of the features with their units, one or two
    grids : ``[g1]`` and perhaps ``[g2]``
    mean : ``[g1]`` or ``[g1, g2]``, in ``unit``
    values : of the rows, ``[n, 1]`` or ``[n, 2]``
    unit : ``eV/atom`` or ``probability``
    title : above the axes
    """
    quantity = "mean probability" if unit == "probability" else f"mean predicted formation energy\n({unit})"
    if len(grids) == 1:
        figure = Figure(figsize=(5.0, 4.4), dpi=150, layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        upper.plot(grids[0], mean, color=BLUE, linewidth=1.8, marker="o", markersize=3)
        upper.grid(alpha=0.25, linewidth=0.6)
        inside = values[(values[:, 0] >= grids[0][0]) & (values[:, 0] <= grids[0][-1]), 0]
        lower.hist(inside, bins=40, color=SKY)
        upper.set_ylabel(quantity, fontsize=_LABEL)
        lower.set_ylabel("rows", fontsize=_LABEL)
        lower.set_xlabel(names[0], fontsize=_LABEL)
        lower.yaxis.set_major_locator(MaxNLocator(3, integer=True))
        axes = [upper, lower]
    else:
        figure = Figure(figsize=(5.8, 4.4), dpi=150, layout="constrained")
        ax = figure.add_subplot()
        levels = MaxNLocator(14).tick_values(float(mean.min()), float(mean.max()))
        filled = ax.contourf(grids[0], grids[1], mean.T, levels=levels, cmap="cividis")
        ax.scatter(values[:, 0], values[:, 1], s=5, color="white", edgecolors="black", linewidths=0.3, alpha=0.7)
        ax.set_xlim(grids[0][0], grids[0][-1])
        ax.set_ylim(grids[1][0], grids[1][-1])
        bar = figure.colorbar(filled, ax=ax)
        bar.set_label(quantity, fontsize=_LABEL)
        bar.ax.tick_params(labelsize=_TICKS)
        ax.set_xlabel(names[0], fontsize=_LABEL)
        ax.set_ylabel(names[1], fontsize=_LABEL)
        axes = [ax]
    for ax in axes:
        ax.tick_params(labelsize=_TICKS)
    if title:
        axes[0].set_title(textwrap.fill(title, 48), fontsize=_TITLE)
    return figure


def _row_axes(n: int) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6.6, 1.1 + 0.27 * n), dpi=150, layout="compressed")
    return figure, figure.add_subplot()


def _rows(ax: Axes, names: Sequence[str], label: str, title: str | None) -> None:
    """Name the rows, the first one on top."""
    ax.set_yticks(range(len(names)), list(names))
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlabel(label, fontsize=_LABEL)
    ax.tick_params(labelsize=_TICKS)
    ax.spines[["top", "right"]].set_visible(False)
    if title:
        ax.set_title(textwrap.fill(title, 60), fontsize=_TITLE)
