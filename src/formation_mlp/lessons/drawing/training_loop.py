"""Figures of lesson 6."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.ticker import MaxNLocator

from formation_mlp.figures.style import (
    BLUE,
    GREEN,
    GREY,
    LABEL,
    LEGEND,
    ORANGE,
    SKY,
    TITLE,
    VERMILLION,
    label_axes,
    new_figure,
)
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RULES = {"sgd": ("SGD", VERMILLION), "adam": ("Adam", BLUE), "muon": ("Muon", GREEN)}


def loop() -> Figure:
    """Draw the training loop: what happens once, in each epoch, and for each mini-batch."""
    figure = new_figure(9.6, 4.3)
    ax = figure.add_subplot()
    ax.set_axis_off()
    ax.set(xlim=(0, 100), ylim=(0, 45))
    _box(ax, (0.5, 17, 14, 11), GREY, "initialise", r"$W \sim U(-\frac{1}{\sqrt{d}}, \frac{1}{\sqrt{d}})$")
    _frame(ax, (18, 1, 81.5, 43), BLUE, "for each epoch")
    _box(ax, (20.5, 17, 12.5, 11), SKY, "shuffle", "the rows")
    _frame(ax, (36, 12.5, 61.5, 26.5), VERMILLION, "for each mini-batch of 32 rows")
    _box(ax, (37.5, 17, 13.5, 11), ORANGE, "forward", r"$\hat{y} = \mathrm{MLP}(x)$")
    _box(ax, (52.5, 17, 15.5, 11), ORANGE, "average loss", r"$L = \frac{1}{n}\sum_i (\hat{y}_i - y_i)^2$")
    _box(ax, (69.5, 17, 11.5, 11), ORANGE, "backward", r"$g = \partial L / \partial W$")
    _box(ax, (82.5, 17, 13.5, 11), ORANGE, "update", r"$W \leftarrow W - \eta\, g$")
    _box(ax, (47, 2.8, 40, 7.4), GREEN, "validate, keep the best weights (lesson 7)")
    for x0, x1 in ((14.5, 20.5), (33, 37.5), (51, 52.5), (68, 69.5), (81, 82.5)):
        _arrow(ax, (x0, 22.5), (x1, 22.5))
    _arrow(ax, (89, 28), (44.5, 28), 0.22)
    _arrow(ax, (67, 12.5), (67, 10.2))
    _arrow(ax, (47, 6.5), (26.7, 17), -0.25)
    ax.text(27.5, 6.6, "next epoch", ha="center", va="center", fontsize=10)
    ax.text(83, 33.6, "next mini-batch", ha="center", va="center", fontsize=10)
    return figure


def _box(ax: Axes, at: tuple[float, float, float, float], colour: str, title: str, formula: str = "") -> None:
    x, y, width, height = at
    shape: dict[str, Any] = {
        "boxstyle": "round,pad=0,rounding_size=1.2",
        "edgecolor": "black",
        "alpha": 0.25,
        "linewidth": 0.8,
    }
    ax.add_patch(FancyBboxPatch((x, y), width, height, facecolor=colour, **shape))
    ax.text(x + width / 2, y + height * (0.69 if formula else 0.5), title, ha="center", va="center", fontsize=11)
    ax.text(x + width / 2, y + height * 0.3, formula, ha="center", va="center", fontsize=11.5)


def _frame(ax: Axes, at: tuple[float, float, float, float], colour: str, title: str) -> None:
    x, y, width, height = at
    shape: dict[str, Any] = {"boxstyle": "round,pad=0,rounding_size=1.2", "facecolor": "none", "linewidth": 1.6}
    ax.add_patch(FancyBboxPatch((x, y), width, height, edgecolor=colour, **shape))
    ax.text(x + 1.5, y + height - 2.6, title, va="center", fontsize=11, color=colour, fontweight="bold")


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], bend: float = 0.0) -> None:
    style = f"arc3,rad={bend}"
    patch = FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=13, color="black", connectionstyle=style)
    ax.add_patch(patch)


def shuffle(runs: Mapping[str, tuple[Floats, Floats, Floats]], true_mean: float) -> Figure:
    """Draw, for each order of the rows, the error after each epoch and what each update of the first one did."""
    figure = new_figure(10.2, 3.7)
    left, *others = figure.subplots(1, 3)
    for (name, (errors, seen, answered)), ax, colour in zip(runs.items(), others, (BLUE, VERMILLION), strict=True):
        left.plot(range(1, len(errors) + 1), errors, "o-", color=colour, markersize=4, label=name)
        updates = np.arange(1, len(seen) + 1)
        ax.plot(updates, seen, "o", color=GREY, markersize=3.5, label="mean energy of the batch")
        ax.plot(updates, answered, color=colour, linewidth=2.2, label="mean answer to the val rows")
        ax.axhline(true_mean, color="black", linewidth=1, linestyle="--", label="their true mean")
        label_axes(ax, "update within the first epoch", "eV/atom", name)
        ax.set_ylim(-4.2, 1.6)
        ax.legend(fontsize=LEGEND, loc="upper left", framealpha=0.9, edgecolor="none")
    left.legend(fontsize=LEGEND, frameon=False)
    left.set_ylim(bottom=0)
    label_axes(left, "epoch", "val MAE (eV/atom)", "error after each epoch")
    return figure


def batch_sizes(errors: Mapping[str, Floats], updates: Mapping[str, int]) -> Figure:
    """Draw errors after each epoch (from none on), by size of a batch, against epochs and against updates."""
    figure = new_figure(9.2, 3.7)
    left, right = figure.subplots(1, 2)
    for (name, values), colour in zip(errors.items(), (VERMILLION, BLUE, GREEN), strict=True):
        epochs = np.arange(len(values))
        left.plot(epochs, values, "o-", color=colour, markersize=4, label=f"batch of {name}")
        right.plot(epochs[1:] * updates[name], values[1:], "o-", color=colour, markersize=4, label=f"batch of {name}")
    right.set_xscale("log")
    left.xaxis.set_major_locator(MaxNLocator(integer=True))
    for ax, label in ((left, "epochs (passes through the rows)"), (right, "updates of the weights")):
        label_axes(ax, label, "val MAE (eV/atom)", None)
        ax.set_ylim(bottom=0)
        ax.grid(alpha=0.25, linewidth=0.6)
        ax.legend(fontsize=LEGEND, frameon=False, loc="lower left")
    return figure


def learning_rates(
    losses: Mapping[float, Sequence[float]],
    names: Mapping[float, str],
    reached: Mapping[float, float],
    broken: Sequence[float],
) -> Figure:
    """Draw the losses of three learning rates, and what all reach; ``broken`` are those whose loss is not finite."""
    figure = new_figure(9.2, 3.8)
    left, right = figure.subplots(1, 2)
    for (rate, name), colour in zip(names.items(), (SKY, BLUE, VERMILLION), strict=True):
        values = losses[rate]
        left.plot(range(len(values)), values, "o-", color=colour, markersize=4, label=f"η = {rate:g}: {name}")
        if rate in broken:
            end = (len(values) - 1, values[-1])
            left.plot(*end, "x", color=colour, markersize=13, markeredgewidth=2.5, zorder=3)
            left.annotate("then not finite", end, (10, -3), textcoords="offset points", fontsize=9)
    left.set_yscale("log")
    left.legend(fontsize=LEGEND, frameon=False)
    label_axes(left, "epoch", "train loss (scaled units)", "the loss while learning")
    good = min(reached, key=lambda rate: reached[rate])
    right.plot(list(reached), list(reached.values()), "o-", color=BLUE, markersize=5)
    best = f"best: η = {good:g}, {reached[good]:.3f} eV/atom"
    right.plot(good, reached[good], "*", color="black", markersize=14, label=best)
    for i, rate in enumerate(broken):
        label = None if i else "loss not finite"
        right.axvline(rate, color=VERMILLION, linewidth=1.6, linestyle="--", label=label)
    right.set_xscale("log")
    right.set_ylim(bottom=0)
    right.legend(fontsize=LEGEND, frameon=False, loc="lower left")
    label_axes(right, "learning rate η", "val MAE (eV/atom)", "what is reached")
    return figure


def paths(X: Floats, y: Floats, walks: Mapping[str, Floats], rates: Mapping[str, float], minimum: Floats) -> Figure:
    """Draw the loss over two weights, and the path ``[steps, 2]`` of each rule to its minimum."""
    grid = [np.linspace(-1.9, 0.75, 120), np.linspace(-1.75, 0.75, 110)]
    residual = X @ np.stack(np.meshgrid(*grid)).reshape(2, -1) - y[:, None]
    surface = (residual**2).mean(axis=0).reshape(len(grid[1]), len(grid[0]))
    figure = new_figure(10.4, 3.9)
    for ax, (name, path) in zip(figure.subplots(1, 3, sharey=True), walks.items(), strict=True):
        title, colour = RULES[name]
        levels = surface.min() + np.geomspace(0.004, surface.max() - surface.min(), 14)
        ax.contour(*grid, surface, levels=levels, colors=GREY, linewidths=0.6)
        ax.plot(*path.T, "o-", color=colour, markersize=3, linewidth=1.2)
        ax.plot(*path[0], "s", color="black", markersize=7, label="start")
        ax.plot(*minimum, "*", color="black", markersize=13, label="minimum")
        ax.set_xlabel("$w_1$", fontsize=LABEL)
        ax.set_title(f"{title}, $\\eta$ = {rates[name]:g}", fontsize=TITLE)
        ax.set_aspect("equal")
        ax.legend(fontsize=LEGEND, loc="upper left", framealpha=0.9, edgecolor="none")
    figure.axes[0].set_ylabel("$w_2$", fontsize=LABEL)
    return figure


def optimizers(spectra: Mapping[str, Floats], curves: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the singular values of one step of a matrix by each rule, and validation errors after each epoch."""
    figure = new_figure(9.2, 3.8)
    left, right = figure.subplots(1, 2)
    for name, values in spectra.items():
        title, colour = RULES[name]
        place = np.arange(1, len(values) + 1)
        left.plot(place, values / values[0], "o-", color=colour, markersize=3.5, label=title)
        label = f"{title}: {curves[name][-1]:.3f} eV/atom"
        right.plot(np.arange(1, len(curves[name]) + 1), curves[name], color=colour, linewidth=1.8, label=label)
    label_axes(left, "number of the singular value", "singular value / largest", "one step of the 64 × 64 matrix")
    label_axes(right, "epoch", "val MAE (eV/atom)", "training from the same start, falling η")
    left.set_ylim(0, 1.05)
    right.set_ylim(0, 0.3)
    right.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    for ax in (left, right):
        ax.grid(alpha=0.25, linewidth=0.6)
        ax.legend(fontsize=LEGEND, framealpha=0.9, edgecolor="none", loc="upper right")
    return figure
