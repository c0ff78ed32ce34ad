"""Several models beside each other: their scores, and how these depend on rows, time and what training held."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from formation_mlp.figures.style import (
    BLUE,
    GREEN,
    GREY,
    LEGEND,
    ORANGE,
    PURPLE,
    SKY,
    TICKS,
    VERMILLION,
    finite_pair,
    label_axes,
    new_figure,
    short,
)
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Course = Sequence[tuple[float, float]]

MARKERS = "osD^vP*X<>"


def benchmark_bars(
    names: Sequence[str],
    scores: Sequence[float],
    unit: str,
    highlight: Collection[str] = (),
    score_name: str = "test MAE",
    spreads: Sequence[float | None] = (),
) -> Figure:
    """Draw one horizontal bar per model with its score written beside it; the first model is on top.

    Parameters
    ----------
    names, scores : one of each per model, the scores in ``unit`` (may be empty), finite
    unit : of the scores
    highlight : names drawn in the strong colour, such as those of the networks
    score_name : of the axis
    spreads : standard deviation of each score, or None; drawn as a line and written beside the score
    """
    values = np.asarray(scores, np.float64)
    finite_pair(values, values)
    errors = [spread or 0.0 for spread in spreads] or [0.0] * len(values)
    texts = [f"{value:.3f}" + (f" ± {error:.3f}" if error else "") for value, error in zip(values, errors, strict=True)]
    figure = new_figure(5.4, 1.1 + 0.36 * len(names))
    ax = figure.add_subplot()
    colours = [BLUE if name in highlight else "#B8B8B8" for name in names]
    ax.barh(range(len(names)), values, height=0.66, color=colours)
    if any(errors):
        ax.errorbar(values, range(len(names)), xerr=errors, fmt="none", ecolor="black", elinewidth=1, capsize=2)
    for y, (value, error, text) in enumerate(zip(values, errors, texts, strict=True)):
        place: dict[str, Any] = {"xytext": (4, 0), "textcoords": "offset points", "va": "center", "fontsize": TICKS}
        ax.annotate(text, (value + error, y), **place)
    ax.set_yticks(range(len(names)), [short(name) for name in names])
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlim(0, (1.34 if any(errors) else 1.16) * float(np.max(values + errors)) or 1)
    ax.spines[["top", "right"]].set_visible(False)
    label_axes(ax, f"{score_name} ({unit})" if unit else score_name, "", None)
    return figure


def learning_curve_plot(
    curves: Mapping[str, Sequence[tuple[float, float, float | None]]],
    unit: str,
    highlight: Collection[str] = (),
    score_name: str = "test MAE",
    title: str | None = None,
) -> Figure:
    """Draw errors against the number of train rows, both axes logarithmic.

    Parameters
    ----------
    curves : name of each model to its points: train rows, score in ``unit`` (above zero), and the standard deviation
        of the score or None
    unit : of the scores, may be empty
    highlight : names of the networks, drawn with thick lines
    score_name : of the axis
    title : above the axes
    """
    figure, ax = _panel(len(curves))
    styles = _styles(curves, highlight)
    for name in _ranked(curves):
        style, marker = styles[name]
        rows, values = (np.array([point[k] for point in curves[name]], np.float64) for k in (0, 1))
        spreads = np.array([point[2] or 0.0 for point in curves[name]])
        low = np.minimum(spreads, 0.9 * values)  # a line below zero has no place on a logarithmic axis
        ax.errorbar(rows, values, [low, spreads], marker=marker, markersize=4.5, capsize=2, label=short(name), **style)
    _log_axes(ax, [point[1] for curve in curves.values() for point in curve])
    _legend(ax, len(curves))
    label_axes(ax, "train rows", f"{score_name} ({unit})" if unit else score_name, title)
    return figure


def cost_curve_plot(
    curves: Mapping[str, Course], score_label: str, highlight: Collection[str] = (), title: str | None = None
) -> Figure:
    """Draw the best validation score against the seconds of training, both axes logarithmic.

    Parameters
    ----------
    curves : name of each model to pairs of seconds and the best score by then, in order; a model that has a score at
        its end only is drawn as a marker
    score_label : of the axis, with its unit
    highlight : names of the networks, drawn with thick lines
    title : above the axes
    """
    figure, ax = _panel(len(curves))
    styles = _styles(curves, highlight)
    for name in _ranked(curves):
        style, marker = styles[name]
        seconds, values = (np.array([point[k] for point in curves[name]], np.float64) for k in (0, 1))
        seconds = np.maximum(seconds, 1e-3)  # a logarithmic axis has no place for zero
        if len(seconds) == 1:
            style |= {"linestyle": "none", "marker": marker, "markersize": 7}
            ax.plot(seconds, values, label=short(name), **style)
        else:
            ax.step(seconds, values, where="post", label=short(name), **style)
            ax.plot(seconds[-1:], values[-1:], marker="o", markersize=5, color=style["color"])
    _log_axes(ax, [point[1] for course in curves.values() for point in course])
    _legend(ax, len(curves))
    label_axes(ax, "training time (s)", score_label, title)
    return figure


def seen_plot(
    scores: Mapping[str, Mapping[str, float]],
    counts: Mapping[str, int],
    unit: str,
    score_name: str = "test MAE",
    title: str | None = None,
) -> Figure:
    """Draw the error of each model on rows that training held more or less of, as dots on one line per model.

    Parameters
    ----------
    scores : name of each model, the first on top, to the group and its score in ``unit``
    counts : group to its number of rows
    unit : of the scores, may be empty
    score_name : of the axis
    title : above the axes
    """
    figure = new_figure(5.4, 1.5 + 0.2 * len(counts) + 0.36 * len(scores))
    ax = figure.add_subplot()
    looks = dict(zip(counts, (("o", BLUE), ("s", ORANGE), ("D", VERMILLION)), strict=False))
    for y, groups in enumerate(scores.values()):
        ax.plot([min(groups.values()), max(groups.values())], [y, y], color="#B8B8B8", linewidth=1.4, zorder=1)
        for name, value in groups.items():
            marker, colour = looks[name]
            ax.plot(value, y, marker, color=colour, markersize=6.5, markeredgecolor="white", markeredgewidth=0.6)
    for name, (marker, colour) in looks.items():
        ax.plot([], [], marker, color=colour, label=f"{name} ({counts[name]:,} rows)")
    ax.set_yticks(range(len(scores)), [short(name) for name in scores])
    ax.set_ylim(len(scores) - 0.5, -0.5)
    ax.set_xscale("log")
    _log_ticks(ax, "x", [value for groups in scores.values() for value in groups.values()])
    ax.grid(axis="x", alpha=0.25, linewidth=0.6)
    ax.spines[["top", "right"]].set_visible(False)
    legend: dict[str, Any] = {"loc": "lower right", "bbox_to_anchor": (1, 1.0), "frameon": False}
    ax.legend(fontsize=LEGEND, handletextpad=0.2, columnspacing=1.2, borderaxespad=0.1, **legend)
    label_axes(ax, f"{score_name} ({unit})" if unit else score_name, "", None)
    if title:
        figure.suptitle(title)
    return figure


def _panel(n_models: int) -> tuple[Figure, Axes]:
    """Return a figure and its only panel, with room for a legend below it."""
    figure = new_figure(5.4, 4.2 + 0.2 * -(-n_models // 2))
    return figure, figure.add_subplot()


def _ranked(curves: Mapping[str, Sequence[Sequence[Any]]]) -> list[str]:
    """Return the names in the order of their last scores, the highest first: the order of the lines at their ends."""
    return sorted(curves, key=lambda name: -curves[name][-1][1])


def _styles(names: Iterable[str], highlight: Collection[str]) -> dict[str, tuple[dict[str, Any], str]]:
    """Return line and marker of each model: networks thick, in strong colours; no two alike.

    They follow the order of the names, so that a model looks the same in all figures.
    """
    strong = cycle([(colour, line) for line in ("-", "--", "-.") for colour in (BLUE, VERMILLION, GREEN, "black")])
    quiet = cycle([(colour, line) for line in ("-", "--", ":", "-.") for colour in (ORANGE, SKY, PURPLE, GREY)])
    styles = {}
    for name, marker in zip(names, cycle(MARKERS), strict=False):
        colour, line = next(strong if name in highlight else quiet)
        width = 2.2 if name in highlight else 1.3
        styles[name] = {"color": colour, "linestyle": line, "linewidth": width}, marker
    return styles


def _legend(ax: Axes, n_models: int) -> None:
    """Name the lines below the panel, where they cover nothing."""
    legend: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.45, -0.16), "frameon": False}
    ax.legend(fontsize=LEGEND, handlelength=2.6, columnspacing=1.2, ncols=min(n_models, 2), **legend)


def _log_axes(ax: Axes, values: Sequence[float]) -> None:
    ax.set_xscale("log")
    ax.set_yscale("log")
    _log_ticks(ax, "x", ax.get_xlim())
    _log_ticks(ax, "y", values)
    ax.grid(alpha=0.25, linewidth=0.6)


def _log_ticks(ax: Axes, which: str, values: Sequence[float] | Floats) -> None:
    """Write round numbers on a logarithmic axis, denser where it spans little, and never a power of ten in symbols."""
    axis = ax.xaxis if which == "x" else ax.yaxis
    low, high = float(np.min(values)), float(np.max(values))
    ratio = high / low if low > 0 else 1e6
    subs = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8) if ratio < 4 else (1, 1.5, 2, 3, 5, 7) if ratio < 20 else (1, 2, 5)
    axis.set_major_locator(LogLocator(subs=subs if ratio < 2_000 else (1,), numticks=20))
    axis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:,.0f}" if value >= 10 else f"{value:g}"))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
    if ratio < 1.5:  # no round number may lie between the ends
        middle = (low * high) ** 0.5
        limits = (min(low, middle / 1.3) / 1.05, max(high, middle * 1.3) * 1.05)
        if which == "x":
            ax.set_xlim(limits)
        else:
            ax.set_ylim(limits)
