"""Classes and their probabilities."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from formation_mlp.figures.style import (
    BLUE,
    GREEN,
    GREY,
    LABEL,
    LEGEND,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    finite_pair,
    is_dark,
    label_axes,
    new_figure,
    plain,
    short,
)
from formation_mlp.typing import Floats


def confusion_matrix_plot(
    y: NDArray[Any], predicted: NDArray[Any], labels: Sequence[str], title: str | None = None
) -> Figure:
    """Draw the counts of every actual class (rows) and predicted class (columns), and percent of the row.

    Parameters
    ----------
    y, predicted : ``[n]``, class numbers 0 ... k - 1
    labels : name of each of the k classes
    """
    k = len(labels)
    cell = np.asarray(y, np.int64) * k + np.asarray(predicted, np.int64)
    counts = np.bincount(cell, minlength=k * k).reshape(k, k)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)

    figure = new_figure(2.0 + 1.2 * k, 1.2 + 1.2 * k)
    ax = figure.add_subplot()
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for i, j in np.ndindex(k, k):
        percent = f"{100 * share[i, j]:.1f} %" if counts[i].sum() else "no rows"
        color = "white" if is_dark(colormaps["Blues"](share[i, j])) else "black"
        text = f"{counts[i, j]:,}\n{percent}"
        ax.text(j, i, text, ha="center", va="center", fontsize=LABEL, linespacing=1.35, color=color)
    names = [plain(textwrap.fill(label, 14)) for label in labels]
    ax.set_xticks(range(k), names)
    ax.set_yticks(range(k), names)
    label_axes(ax, "predicted class", "actual class (100 % in a row)", title)
    return figure


def roc_curve_plot(models: Mapping[str, tuple[Floats, Floats]], title: str | None = None) -> Figure:
    """Draw the share of positives found against share of false alarms, over all thresholds.

    Parameters
    ----------
    models : name of each model to its classes (0 or 1) and probabilities of class 1, ``[n]`` each

    Notes
    -----
    A model whose rows all belong to one class has no curve; the legend says so.
    """
    from sklearn.metrics import auc, roc_curve

    below = len(models) > 4  # a long legend would cover the curves
    figure = new_figure(4.7, 4.6 + 0.2 * len(models) if below else 4.5)
    ax = figure.add_subplot(aspect="equal", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":", label="0.500  chance")
    styles = zip(cycle((BLUE, VERMILLION, GREEN, PURPLE, ORANGE)), cycle(("-", "--", "-.")), strict=False)
    for (name, pair), (color, linestyle) in zip(models.items(), styles, strict=False):
        y, probability = finite_pair(*pair)
        if not 0 < y.sum() < len(y):
            ax.plot([], [], " ", label=f"undefined  {short(name)}")
            continue
        false_positive, true_positive, _ = roc_curve(y, probability)
        label = f"{auc(false_positive, true_positive):.3f}  {short(name)}"
        ax.plot(false_positive, true_positive, color=color, linestyle=linestyle, linewidth=1.6, label=label)
    legend: dict[str, Any] = {
        "fontsize": LEGEND,
        "title_fontsize": LEGEND,
        "edgecolor": "none",
        "framealpha": 0.85,
    }
    legend |= {"loc": "upper center", "bbox_to_anchor": (0.5, -0.14)} if below else {"loc": "lower right"}
    ax.legend(title="area under the curve", **legend)
    label_axes(ax, "false positive rate", "true positive rate", title)
    return figure


def precision_recall_plot(models: Mapping[str, tuple[Floats, Floats]], title: str | None = None) -> Figure:
    """Draw precision against recall over all thresholds; a dotted line is the share of positives.

    Parameters
    ----------
    models : name of each model to its classes (0 or 1) and probabilities of class 1, ``[n]`` each, of the same rows
    title : above the axes

    Notes
    -----
    The area is the average precision, as in `formation_mlp.targets.metrics.classification_scores`. A model whose rows
    all belong to one class has no curve; the legend says so.
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve

    figure = new_figure(4.7, 4.5)
    ax = figure.add_subplot(aspect="equal", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    styles = zip(cycle((BLUE, VERMILLION, GREEN, PURPLE, ORANGE)), cycle(("-", "--", "-.")), strict=False)
    for (name, pair), (color, linestyle) in zip(models.items(), styles, strict=False):
        y, probability = finite_pair(*pair)
        if not 0 < y.sum() < len(y):
            ax.plot([], [], " ", label=f"undefined  {short(name)}")
            continue
        precision, recall, _ = precision_recall_curve(y, probability)
        label = f"{average_precision_score(y, probability):.3f}  {short(name)}"
        ax.step(recall, precision, where="post", color=color, linestyle=linestyle, linewidth=1.6, label=label)
        ax.axhline(y.mean(), color=GREY, linewidth=1, linestyle=":", zorder=1)
    ax.plot([], [], color=GREY, linewidth=1, linestyle=":", label="share of positives")
    ax.legend(title="average precision", loc="lower left", fontsize=LEGEND, title_fontsize=LEGEND, edgecolor="none")
    label_axes(ax, "recall (share of positives found)", "precision (share of calls that are right)", title)
    return figure


def reliability_plot(y: Floats, probability: Floats, title: str | None = None, n_bins: int = 10) -> Figure:
    """Draw how often rows are positive against the probability predicted for them, and how many rows each bin has.

    Bars are 95 % intervals of a share after Wilson (J. Am. Stat. Assoc. 22, 209 (1927)).

    Parameters
    ----------
    y, probability : ``[n]``, classes 0 or 1 and probabilities of class 1
    title : above the axes
    n_bins : of equal width, between 0 and 1
    """
    y, probability = finite_pair(y, probability)
    which = np.minimum((probability * n_bins).astype(int), n_bins - 1)
    rows = np.bincount(which, minlength=n_bins)
    used = rows > 0
    n = rows[used]
    mean = np.bincount(which, probability, n_bins)[used] / n
    share = np.bincount(which, y, n_bins)[used] / n
    z = 1.96
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    bars = np.maximum([share - centre + half, centre + half - share], 0)

    figure = new_figure(4.7, 4.9)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3.2, 1])
    above.plot([0, 1], [0, 1], color="black", linewidth=1, linestyle="--", label="probabilities that hold")
    above.errorbar(mean, share, bars, fmt="o", color=BLUE, markersize=5, capsize=2, linewidth=1.2, label="the model")
    above.set(xlim=(-0.02, 1.02), ylim=(-0.03, 1.03))
    above.legend(loc="upper left", fontsize=LEGEND, framealpha=0.85, edgecolor="none")
    below.bar((np.arange(n_bins) + 0.5) / n_bins, rows, 0.92 / n_bins, color=SKY)
    below.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    label_axes(above, "", "share of rows that are positive", title)
    label_axes(below, "predicted probability of the positive class", "rows", None)
    return figure
