"""Figures of lesson 7."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator, NullFormatter

from formation_mlp.figures.style import BLUE, GREY, LEGEND, SKY, TICKS, VERMILLION, label_axes, new_figure
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def early_stopping(train: Sequence[float], val: Sequence[float], best: tuple[int, float], stop: int) -> Figure:
    """Draw both losses after each epoch, and where the best epoch (with its loss) and the stop are."""
    figure = new_figure(9.2, 3.8)
    left, right = figure.subplots(1, 2)
    epochs = range(1, len(val) + 1)
    left.plot(epochs, train, color=BLUE, linewidth=1.8, label="train")
    left.plot(epochs, val, color=VERMILLION, linewidth=1.8, label="validation")
    left.set_yscale("log")
    left.legend(fontsize=LEGEND, frameon=False)
    label_axes(left, "epoch", "cross-entropy", "learning by heart")
    right.plot(epochs, val, color=VERMILLION, linewidth=1.8)
    right.plot(*best, "*", color="black", markersize=14, zorder=3, label=f"best weights: epoch {best[0]}")
    right.axvline(stop, color="black", linewidth=1, linestyle=":", label=f"stop: epoch {stop}")
    if stop < len(val):
        right.axvspan(stop, len(val), color=GREY, alpha=0.18, linewidth=0, label="not trained any more")
    right.set_ylim(0, 1.08 * max(val))
    right.legend(fontsize=LEGEND, frameon=False, loc="lower right")
    label_axes(right, "epoch", "cross-entropy of the val rows", "early stopping")
    return figure


def read_once(reported: Floats, true: Floats, n_test: int, n_others: int) -> Figure:
    """Draw the error that the best of k networks has on the test rows that chose it, and on other rows, ``[k]``."""
    k = np.arange(1, len(reported) + 1)
    figure = new_figure(5.6, 3.8)
    ax = figure.add_subplot()
    ax.plot(k, true, "o-", color=BLUE, markersize=4, label=f"the same network on {n_others:,} other rows")
    ax.plot(k, reported, "o-", color=VERMILLION, markersize=4, label=f"the best of k on {n_test} test rows")
    ax.fill_between(k, reported, true, color=GREY, alpha=0.2, linewidth=0)
    ax.legend(fontsize=LEGEND, frameon=False)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    label_axes(ax, "networks k that were tried on the test part", "MAE (eV/atom)", "choosing by the test part")
    low, high = reported.min(), true.max()
    ax.set_ylim(low - 0.15 * (high - low), high + 0.6 * (high - low))
    return figure


NAMES = {"random": "random", "formula": "by formula", "chemical_system": "by chemical system"}


def splits(cases: Sequence[tuple[Mapping[str, Mapping[str, Floats]], str]]) -> Figure:
    """Draw test errors ``[seeds]`` by split and model, in a panel for each case with its title."""
    figure = new_figure(9.2, 3.9)
    highest = max(errors.max() for found, _ in cases for models in found.values() for errors in models.values())
    for i, (ax, (found, title)) in enumerate(zip(figure.subplots(1, 2, sharey=True), cases, strict=True)):
        for j, ((method, models), colour) in enumerate(zip(found.items(), (SKY, BLUE), strict=True)):
            place = np.arange(len(models)) + 0.38 * (j - 0.5)
            means = [errors.mean() for errors in models.values()]
            ax.bar(place, means, width=0.36, color=colour, label=f"split {NAMES[method]}")
            for x, errors in zip(place, models.values(), strict=True):
                ax.plot([x] * len(errors), errors, ".", color="black", markersize=4)
                ax.text(x, errors.max() + 0.008, f"{errors.mean():.3f}", ha="center", fontsize=TICKS)
        ax.set_xticks(range(len(models)), list(models))
        ax.legend(fontsize=LEGEND, frameon=False, loc="upper right")
        ax.set_ylim(0, 1.3 * highest)
        label_axes(ax, "", "" if i else "test MAE (eV/atom)", title)
        ax.tick_params(axis="x", labelsize=10)
        ax.spines[["top", "right"]].set_visible(False)
    return figure


def learning_curve(sizes: Sequence[int], val: Floats, train: Floats, slope: float) -> Figure:
    """Draw the errors on new and on seen rows, ``[sizes, seeds]``, and a power law of some slope."""
    figure = new_figure(5.6, 4.0)
    ax = figure.add_subplot()
    for values, name, colour, mark in (
        (val, "val rows (new)", VERMILLION, "o-"),
        (train, "train rows (seen)", BLUE, "s-"),
    ):
        ax.plot(sizes, values.mean(axis=1), mark, color=colour, markersize=5, label=name)
        ax.plot(np.repeat(sizes, values.shape[1]), values.ravel(), ".", color="black", markersize=3)
    law = np.exp(np.polyval(np.polyfit(np.log(sizes), np.log(val.mean(axis=1)), 1), np.log(sizes)))
    shown = f"MAE $\\propto$ $n^{{{slope:.2f}}}$".replace("-", "\N{MINUS SIGN}")
    ax.plot(sizes, law, "--", color=GREY, linewidth=1.2, label=shown)
    ax.set_xscale("log")
    ax.set_xticks(sizes, [str(n) for n in sizes])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_ylim(0, 1.15 * val.max())
    ax.grid(alpha=0.25, linewidth=0.6)
    ax.legend(fontsize=LEGEND, framealpha=0.9, edgecolor="none")
    label_axes(ax, "train rows n", "MAE (eV/atom)", "learning curve of the MLP")
    return figure
