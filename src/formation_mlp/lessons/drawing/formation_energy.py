"""Figures of lesson 8 but those of crystals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.ticker import NullFormatter

from formation_mlp.figures.style import (
    BLUE,
    GREEN,
    GREY,
    LABEL,
    LEGEND,
    ORANGE,
    SKY,
    VERMILLION,
    label_axes,
    new_figure,
)
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def descriptors(fractions: Mapping[str, float], chi: Floats, values: Mapping[str, float], n_features: int) -> Figure:
    """Draw the way from a formula to the input of an MLP: fractions and electronegativities of the elements first."""
    elements = [f"{s}: $f$ = {f}, $\\chi$ = {x:.2f}" for (s, f), x in zip(fractions.items(), chi, strict=True)]
    aggregated = [
        rf"$\bar\chi = \sum_i f_i \chi_i$ = {values['mean']:.2f}",
        rf"$\Delta\chi = \max\chi - \min\chi$ = {values['range']:.2f}",
        f"... {n_features} in all",
    ]
    steps = [
        (0.5, 11.0, GREY, "formula", ["$\\mathrm{Fe_2O_3}$"]),
        (14.5, 19.0, SKY, "elements", elements),
        (36.5, 24.0, ORANGE, "aggregated features", aggregated),
        (
            63.5,
            17.5,
            GREEN,
            "standardised",
            ["$x_j \\leftarrow (x_j - \\mu_j) / s_j$", "$\\mu_j, s_j$: train rows only"],
        ),
        (84.0, 15.5, BLUE, "MLP", ["$h = \\sigma(W x + b)$", r"$\hat{y} = v \cdot h + c$", "eV/atom"]),
    ]
    figure = new_figure(10, 3.1)
    ax = figure.add_subplot()
    ax.set_axis_off()
    ax.set(xlim=(0, 100), ylim=(2, 31))
    for x, width, colour, title, lines in steps:
        shape = "round,pad=0,rounding_size=1.2"
        ax.add_patch(FancyBboxPatch((x, 5), width, 22, boxstyle=shape, facecolor=colour, alpha=0.22))
        ax.text(x + width / 2, 29, title, ha="center", va="center", fontsize=11, fontweight="bold")
        spread = 3 * (len(lines) - 1)
        for y, line in zip(np.linspace(16 + spread, 16 - spread, len(lines)), lines, strict=True):
            ax.text(x + width / 2, y, line, ha="center", va="center", fontsize=10.5)
    for before, after in pairwise(steps):
        ends = (before[0] + before[1], 16), (after[0], 16)
        ax.add_patch(FancyArrowPatch(*ends, arrowstyle="-|>", mutation_scale=14, color="black"))
    return figure


def universal_versatile(widths: Sequence[int], errors: Floats, y: Floats, probability: Floats) -> Figure:
    """Draw train and val errors ``[widths, 2]``, and the probability of a class against the energy."""
    figure = new_figure(9.4, 3.9)
    left, right = figure.subplots(1, 2)
    on_train, on_val = errors.T
    left.plot(widths, on_train, "s-", color=BLUE, markersize=5, label="train rows (seen)")
    left.plot(widths, on_val, "o-", color=VERMILLION, markersize=5, label="val rows (new)")
    left.set_xscale("log", base=2)
    left.set_xticks(widths, [str(width) for width in widths])
    left.set_ylim(0, 1.1 * errors.max())
    left.grid(alpha=0.25, linewidth=0.6)
    left.legend(fontsize=LEGEND, frameon=False)
    label_axes(left, "hidden units", "MAE (eV/atom)", "universal: wider networks say more")
    right.scatter(y, probability, s=16, color=BLUE, alpha=0.55, linewidths=0)
    right.axvline(-1.0, color="black", linewidth=1, linestyle="--", label="boundary: −1 eV/atom")
    right.axhline(0.5, color=GREY, linewidth=1, linestyle=":", label="threshold: 0.5")
    right.legend(fontsize=LEGEND, framealpha=0.9, edgecolor="none", loc=(0.03, 0.18))
    title = "versatile: the same network, a class"
    label_axes(right, "measured formation enthalpy (eV/atom)", "probability of 'strongly bound'", title)
    return figure


def learning_curve(found: Mapping[str, Floats], sizes: Sequence[int], title: str) -> Figure:
    """Draw the val errors of forest and MLP, ``[sizes, seeds]``, against the number of train rows."""
    figure = new_figure(5.8, 4.0)
    ax = figure.add_subplot()
    for (name, values), colour, mark in zip(found.items(), (GREEN, BLUE), ("s-", "o-"), strict=True):
        ax.plot(sizes, values.mean(axis=1), mark, color=colour, markersize=6, label=name)
        if values.shape[1] > 1:
            ax.plot(np.repeat(sizes, values.shape[1]), values.ravel(), ".", color="black", markersize=3)
    ax.set_xscale("log")
    ax.set_xticks(sizes, [f"{n:,}" for n in sizes])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_ylim(0, 1.12 * max(values.max() for values in found.values()))
    ax.grid(alpha=0.25, linewidth=0.6)
    ax.legend(fontsize=LEGEND, frameon=False)
    label_axes(ax, "train rows", "val MAE (eV/atom)", title)
    return figure


def cost(costs: Mapping[str, Mapping[str, float]]) -> Figure:
    """Draw costs by name, each of forest and MLP."""
    figure = new_figure(8.6, 2.5)
    for ax, (label, values) in zip(figure.subplots(1, 2), costs.items(), strict=True):
        ax.barh(list(values), list(values.values()), color=[GREEN, BLUE], height=0.6)
        for i, number in enumerate(values.values()):
            ax.text(number + 0.02 * max(values.values()), i, f"{number:.3g}", va="center", fontsize=LABEL)
        ax.set_xlim(0, 1.2 * max(values.values()))
        ax.invert_yaxis()
        ax.spines[["top", "right"]].set_visible(False)
        label_axes(ax, label, "", None)
        ax.tick_params(axis="y", labelsize=LABEL)
    return figure
