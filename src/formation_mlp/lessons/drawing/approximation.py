"""Figures of lesson 4."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.figures.style import (
    BLUE,
    GREEN,
    GREY,
    LABEL,
    LEGEND,
    ORANGE,
    SKY,
    TICKS,
    TITLE,
    VERMILLION,
    label_axes,
    new_figure,
)
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Curve = Callable[[Floats], Floats]

ALKALI = (3, 11, 19, 37, 55)


def radius_fits(Z: Floats, radius: Floats, fits: Sequence[tuple[str, Curve]]) -> Figure:
    """Draw four curves, each with its text, through the covalent radii of the elements ``Z``."""
    fine = np.linspace(Z[0], Z[-1], 3401)
    figure = new_figure(10.4, 5.6)
    for ax, (text, curve) in zip(figure.subplots(2, 2, sharex=True, sharey=True).flat, fits, strict=True):
        ax.plot(Z, radius[Z], "o", color=GREY, markersize=4)
        ax.plot(fine, curve(fine), color=BLUE, linewidth=1.6)
        ax.text(0.98, 0.05, text, transform=ax.transAxes, ha="right", fontsize=LABEL)
        ax.set_ylim(0, 2.75)
        for z in ALKALI:
            ax.annotate(SYMBOLS[z], (z, radius[z]), (0, 4), textcoords="offset points", ha="center", fontsize=TICKS)
        label_axes(ax, "", "", None)
    figure.supxlabel("atomic number Z", fontsize=LABEL)
    figure.supylabel("covalent radius (Å)", fontsize=LABEL)
    return figure


def period_fits(z: Floats, period: Floats, fits: Mapping[int, Floats]) -> Figure:
    """Draw the period at ``z``, with curves of three widths, and one jump enlarged."""
    figure = new_figure(10.4, 3.9)
    left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
    for ax in (left, right):
        ax.plot(z, period, color=GREY, linewidth=3, alpha=0.6, label="period")
        for (width, values), (colour, style) in zip(
            fits.items(), ((ORANGE, "-"), (VERMILLION, "-"), (BLUE, "--")), strict=True
        ):
            ax.plot(z, values, style, color=colour, linewidth=1.6, label=f"{width} units")
    left.legend(fontsize=LEGEND, frameon=False, loc="lower right")
    right.set(xlim=(52, 58), ylim=(4.6, 6.4))
    label_axes(left, "atomic number Z", "period", None)
    label_axes(right, "atomic number Z", "period", "At the jump from Xe (54) to Cs (55)")
    return figure


def _against_width(ax: Axes, errors: Mapping[int, Sequence[float]], colour: str, label: str) -> None:
    for width, values in errors.items():
        ax.plot([width] * len(values), values, "o", color=colour, markersize=4, alpha=0.5, markeredgewidth=0)
    ax.plot(list(errors), [np.median(values) for values in errors.values()], color=colour, linewidth=2, label=label)


def _width_axis(ax: Axes, widths: Sequence[int], where: Literal["best", "lower left"] = "best") -> None:
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set_xticks(widths, [str(width) for width in widths])
    ax.minorticks_off()
    ax.grid(alpha=0.25, linewidth=0.6)
    ax.legend(fontsize=LEGEND, frameon=False, loc=where)


def error_against_width(
    radius: Mapping[int, Sequence[float]], mean: Mapping[int, Sequence[float]], largest: Mapping[int, Sequence[float]]
) -> Figure:
    """Draw errors of all seeds by width: of the radius, and mean and largest ones of the period."""
    figure = new_figure(10.4, 4.0)
    left, right = figure.subplots(1, 2)
    _against_width(left, radius, BLUE, "RMS error at the elements")
    left.axhline(0.01, color="black", linewidth=1, linestyle=":", label="last digit of the table")
    _against_width(right, largest, VERMILLION, "largest error")
    _against_width(right, mean, BLUE, "mean error")
    right.axhline(0.5, color="black", linewidth=1, linestyle=":", label="half the height of a jump")
    for ax in (left, right):
        _width_axis(ax, list(radius))
    label_axes(left, "hidden units", "error (Å)", "Covalent radius")
    label_axes(right, "hidden units", "error (periods)", "Period: a staircase")
    return figure


def between(
    seen: Floats,
    hidden: Floats,
    radius: Floats,
    one: tuple[int, Curve],
    errors: tuple[Mapping[int, Sequence[float]], Mapping[int, Sequence[float]]],
    straight: float,
) -> Figure:
    """Draw a fit of every second element, and the errors by width at those that are seen and at the others."""
    figure = new_figure(10.4, 3.6)
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
    fine = np.linspace(seen[0], seen[-1], 3401)
    left.plot(fine, one[1](fine), color=BLUE, linewidth=1.3)
    left.plot(seen, radius[seen], "o", color=GREY, markersize=4, label="seen")
    left.plot(hidden, radius[hidden], "x", color=VERMILLION, markersize=5, label="not seen")
    left.set_ylim(0, 3.1)
    left.legend(fontsize=LEGEND, frameon=False, ncols=2, loc="upper left")
    label_axes(left, "atomic number Z", "covalent radius (Å)", f"Every second element seen, {one[0]} units")
    _against_width(right, errors[0], GREY, "seen elements")
    _against_width(right, errors[1], VERMILLION, "elements between them")
    right.axhline(straight, color="black", linewidth=1, linestyle=":", label="straight lines")
    _width_axis(right, list(errors[0]), "lower left")
    label_axes(right, "hidden units", "RMS error (Å)", None)
    return figure


def outside(Z: Floats, beyond: Floats, radius: Floats, fits: Mapping[int, Curve]) -> Figure:
    """Draw what three fits say beyond the last fitted element."""
    figure = new_figure(10.4, 3.4)
    ax = figure.subplots()
    z = np.linspace(60, beyond[-1] + 12, 1500)
    ax.axvspan(Z[-1], z[-1], color=GREY, alpha=0.15, linewidth=0)
    for (width, curve), (colour, style) in zip(fits.items(), ((ORANGE, "-"), (GREEN, "--"), (SKY, "-.")), strict=True):
        ax.plot(z, curve(z), style, color=colour, linewidth=1.8, label=f"{width} units")
    ax.plot(Z, radius[Z], "o", color=GREY, markersize=4, label="fitted")
    ax.plot(beyond, radius[beyond], "x", color=VERMILLION, markersize=6, label="beyond")
    ax.annotate("Fr", (beyond[0], radius[beyond[0]]), (0, 5), textcoords="offset points", ha="center", fontsize=TICKS)
    ax.set(xlim=(z[0], z[-1]), ylim=(0.8, 3.4))
    ax.legend(fontsize=LEGEND, frameon=False, ncols=5, loc="upper left")
    label_axes(ax, "atomic number Z", "covalent radius (Å)", f"Nothing fitted above {Z[-1]} (grey)")
    return figure


def two_methods(adam: Sequence[float], second_order: Sequence[float], title: str) -> Figure:
    """Draw the errors of two methods of training after each step."""
    figure = new_figure(6.6, 3.6)
    ax = figure.add_subplot()
    for errors, colour, label in ((adam, ORANGE, "Adam"), (second_order, BLUE, "Levenberg, Marquardt")):
        ax.loglog(np.arange(1, len(errors) + 1), errors, color=colour, linewidth=2, label=label)
    ax.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
    ticks = [0.05, 0.1, 0.2, 0.4]
    ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.grid(alpha=0.25, linewidth=0.6)
    ax.legend(fontsize=LEGEND, frameon=False)
    label_axes(ax, "step", "RMS error (Å)", title)
    return figure


def depth(errors: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the errors of networks of several depths, by their texts; bars are medians of the seeds."""
    figure = new_figure(6.4, 3.8)
    ax = figure.subplots()
    ax.bar(range(len(errors)), [float(np.median(values)) for values in errors.values()], 0.6, color=SKY)
    for i, values in enumerate(errors.values()):
        ax.plot([i] * len(values), values, "o", color=BLUE, markersize=5)
    ax.set_xticks(range(len(errors)), list(errors))
    ax.set_ylim(0, None)
    label_axes(ax, "hidden layers × units", "RMS error at the elements (Å)", "Covalent radius")
    return figure


def tents(curves: Sequence[tuple[str, Floats]]) -> Figure:
    """Draw four curves ``[n]`` over 0 to 1, each with its title."""
    figure = new_figure(7.6, 4.4)
    for ax, (title, values) in zip(figure.subplots(2, 2, sharex=True, sharey=True).flat, curves, strict=True):
        ax.plot(np.linspace(0, 1, len(values)), values, color=BLUE, linewidth=1.3)
        ax.set_title(title, fontsize=TITLE)
        ax.set(xticks=[0, 0.5, 1], yticks=[0, 1])
        ax.tick_params(labelsize=TICKS)
    figure.supxlabel("$x$", fontsize=LABEL)
    return figure
