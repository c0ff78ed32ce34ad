"""Errors by element, and by kind of compound."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import LogNorm, Normalize, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from formation_mlp.chemistry.elements import ATOMIC_NUMBER, SYMBOLS
from formation_mlp.figures.style import BLUE, TICKS, TITLE, VERMILLION, is_dark, label_axes, new_figure, plain
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = "YlOrRd"
"""Pale yellow to dark red: the darker, the larger the error, in grey print too."""

FEWEST = 3
"""An element in fewer rows is drawn pale: the mean of one or two errors says little about it."""


def element_map(
    errors: Mapping[str, Floats], unit: str, title: str | None = None, score_name: str = "mean absolute error"
) -> Figure:
    """Draw the periodic table, each element coloured by the mean over the rows that hold it.

    A cell has the symbol, the mean and the number of rows. Elements without rows are empty; those in fewer than
    `FEWEST` rows have no colour. The scale is logarithmic where the means span more than a factor of eight.

    Parameters
    ----------
    errors : element symbol to the values of its rows, ``[n]`` each, in ``unit``; one element at least
    unit : of the values; empty for a share
    title : above the map
    score_name : what the mean is, for the scale
    """
    means = {symbol: float(np.mean(values)) for symbol, values in errors.items()}
    norm, colours = _norm(errors), colormaps[COLOURS]
    figure = new_figure(10.2, 5.35 if title else 5.15)
    ax = figure.add_subplot(xlim=(-0.05, 18.05), ylim=(9.55, -0.05), aspect=0.94)
    ax.axis("off")
    for symbol in SYMBOLS[1:]:
        column, row = place(ATOMIC_NUMBER[symbol])
        n = len(errors.get(symbol, ()))
        enough = n >= FEWEST
        fill = colours(norm(means[symbol])) if enough else (1.0, 1.0, 1.0, 1.0)
        ink = "white" if enough and is_dark(fill) else "black" if n else "#767676"
        ax.add_patch(Rectangle((column + 0.03, row + 0.03), 0.94, 0.94, facecolor=fill, edgecolor="#BBBBBB", lw=0.6))
        style: dict[str, Any] = {"ha": "center", "va": "center", "color": ink}
        ax.text(column + 0.5, row + (0.24 if n else 0.5), symbol, fontsize=9.5 if n else 8.5, weight="bold", **style)
        if n:
            ax.text(column + 0.5, row + 0.54, brief(means[symbol]), fontsize=8.5, **style)
            ax.text(column + 0.5, row + 0.83, brief_count(n), fontsize=8, **style)
    _scale(ax, norm, f"{score_name} ({unit})" if unit else score_name)
    if title:
        ax.set_title(plain(title), fontsize=TITLE)
    return figure


def error_by_group(
    groups: Mapping[str, Floats],
    unit: str,
    title: str | None = None,
    score_name: str = "mean absolute error",
    overall: float | None = None,
) -> Figure:
    """Draw one bar per group: the mean of its values, with its 95 % interval and the number of rows.

    The interval is 1.96 standard errors of the mean to either side; a group of one row has none.

    Parameters
    ----------
    groups : name to values, ``[n]`` each, in ``unit``; drawn from top to bottom, empty groups left out
    unit : of the values; empty for a share
    title : above the bars
    score_name : what the mean is, for the axis
    overall : the mean over all rows, drawn as a line
    """
    kept = {name: np.asarray(values, np.float64) for name, values in groups.items() if len(values)}
    if not kept:
        raise ValueError("no group has a row")
    means = np.array([values.mean() for values in kept.values()])
    spread = [1.96 * values.std(ddof=1) / len(values) ** 0.5 if len(values) > 1 else 0.0 for values in kept.values()]
    bars = np.array([np.minimum(spread, means), spread])
    names = [plain(textwrap.shorten(name, 32)) for name in kept]
    figure = new_figure(5.0 + 0.08 * max(0, max(map(len, names)) - 24), 1.3 + 0.36 * len(kept))
    ax = figure.add_subplot()
    at = np.arange(len(kept))
    ax.barh(at, means, height=0.66, color=BLUE, alpha=0.8)
    ax.errorbar(means, at, xerr=bars, fmt="none", ecolor="black", elinewidth=1, capsize=2.5)
    high = float((means + bars[1]).max()) or 1.0
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1}
    for i, values in enumerate(kept.values()):
        text = f"{means[i]:.3f}  ({len(values):,} row{'s' * (len(values) != 1)})"
        ax.text(means[i] + bars[1, i] + 0.02 * high, i, text, va="center", fontsize=TICKS, bbox=box)
    if overall is not None:
        ax.axvline(overall, color=VERMILLION, linewidth=1.2, linestyle=":", zorder=0)
    ax.set_yticks(at, names)
    ax.set_ylim(len(kept) - 0.5, -0.5)
    ax.set_xlim(0, 1.55 * high)
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    ax.spines[["top", "right"]].set_visible(False)
    label_axes(ax, f"{score_name} ({unit})" if unit else score_name, "", title)
    return figure


def place(z: int) -> tuple[float, float]:
    """Return column 0 ... 17 and row of an element; the f block stands below the others."""
    noble = (0, 2, 10, 18, 36, 54, 86, 118)
    period = next(i for i, last in enumerate(noble) if z <= last)
    place = z - noble[period - 1] - 1
    width = noble[period] - noble[period - 1]
    if width == 32 and 2 <= place <= 15:
        return place + 0.5, period + 1.5
    return place if place < 2 and z != 2 else 18 - width + place, period - 1


def element_colours(errors: Mapping[str, Floats]) -> tuple[Callable[[float], tuple[str, str]], float, float]:
    """Return what gives the fill and the ink of a mean as hexadecimal colours, and the ends of the scale."""
    norm, colours = _norm(errors), colormaps[COLOURS]

    def of(mean: float) -> tuple[str, str]:
        fill = colours(norm(mean))
        return to_hex(fill), "#ffffff" if is_dark(fill) else "#000000"

    return of, float(norm.vmin or 0.0), float(norm.vmax or 1.0)


def _norm(errors: Mapping[str, Floats]) -> Normalize:
    """Return the scale of the means of elements with enough rows or, without any such, of all."""
    enough = [values for values in errors.values() if len(values) >= FEWEST] or list(errors.values())
    means = [float(np.mean(values)) for values in enough]
    low, high = min(means), max(means)
    if low > 0 and high > 8 * low:
        return LogNorm(low, high)
    return Normalize(0, high or 1.0)


def _scale(ax: Axes, norm: Normalize, name: str) -> None:
    """Draw the scale into the gap above the transition metals."""
    from matplotlib.cm import ScalarMappable

    inset = ax.inset_axes((3.2, 1.05, 7.6, 0.42), transform=ax.transData)
    bar = ax.figure.colorbar(ScalarMappable(norm, COLOURS), cax=inset, orientation="horizontal")
    if isinstance(norm, LogNorm):
        low, high = float(norm.vmin or 1), float(norm.vmax or 1)
        ticks = [m * 10.0**e for e in range(-6, 7) for m in (1, 2, 5)]
        bar.set_ticks([tick for tick in ticks if low <= tick <= high])
        bar.minorticks_off()
    else:
        bar.locator = MaxNLocator(5)
    bar.formatter = FuncFormatter(lambda value, _place: f"{value:g}")
    bar.update_ticks()
    bar.set_label(plain(f"{name}; below it, the number of rows"), fontsize=TICKS)
    bar.ax.xaxis.set_label_position("top")
    bar.ax.tick_params(labelsize=TICKS)


def brief(value: float) -> str:
    """Return a mean in the room of a cell."""
    if value < 0.0995:
        return f"{value:.3f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0e}"


def brief_count(n: int) -> str:
    """Return a number of rows in the room of a cell."""
    return str(n) if n < 10_000 else f"{n / 1000:.0f}k"
