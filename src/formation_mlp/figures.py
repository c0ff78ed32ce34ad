"""Figures of a run: arrays in, one matplotlib `Figure` out. Nothing global is touched, nothing is shown."""

from __future__ import annotations

import io
import textwrap
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter
from numpy.typing import NDArray

from formation_mlp.files import write_bytes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

Floats = NDArray[np.float64]

# The palette of M. Okabe and K. Ito, "Color universal design" (2008), told apart by the colour-blind too.
BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
)
GREY = "#808080"

DENSE = 2_000
"""Above this number of rows a parity plot counts rows in hexagons, since points would hide one another."""

_TICKS, _LEGEND, _LABEL, _TITLE = 9, 8.5, 10, 10.5


def save_figure(figure: Figure, path: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write a figure as PNG, whole or not at all.

    Parameters
    ----------
    figure
        The figure; its own size and resolution are used.
    path
        The file.
    metadata
        Texts stored in the PNG, such as ``{"Title": ..., "Source": ...}``.

    Raises
    ------
    FormationMLPError
        If the file cannot be written.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata=dict(metadata or {}))
    write_bytes(path, buffer.getvalue())


def parity_plot(
    y: Floats,
    prediction: Floats,
    unit: str,
    title: str | None = None,
    scores: Mapping[str, float] | None = None,
    quantity: str = "formation energy",
) -> Figure:
    """Draw predicted against actual values with the line of perfect agreement.

    Parameters
    ----------
    y, prediction : ``[n]``, in ``unit``, finite, n at least 1
    unit : of the axes and of all scores but R2
    title : above the axes
    scores : written into the corner, such as ``{"MAE": ..., "RMSE": ..., "R2": ...}``
    quantity : what the numbers are, for the axis labels
    """
    return parity_plots({title or "": (y, prediction)}, unit, {title or "": scores or {}}, quantity)


def parity_plots(
    parts: Mapping[str, tuple[Floats, Floats]],
    unit: str,
    scores: Mapping[str, Mapping[str, float]] | None = None,
    quantity: str = "formation energy",
) -> Figure:
    """Draw parity plots of several models or parts side by side, on common axes; at most three in a row.

    Parameters
    ----------
    parts : title of each panel to its targets and predictions, ``[n]`` each, in ``unit``
    unit, quantity : as in `parity_plot`
    scores : title to the scores written into that panel
    """
    pairs = {title: _finite_pair(*pair) for title, pair in parts.items()}
    low, high = _padded_limits(np.concatenate([np.concatenate(pair) for pair in pairs.values()]))
    n_columns = 2 if len(pairs) == 4 else min(len(pairs), 3)
    n_rows = -(-len(pairs) // n_columns)
    bar = 0.8 if any(len(y) > DENSE for y, _ in pairs.values()) else 0
    figure = _new_figure(0.5 + (3.8 + bar) * n_columns, 0.5 + 3.9 * n_rows)
    for i, (title, (y, prediction)) in enumerate(pairs.items()):
        ax = figure.add_subplot(n_rows, n_columns, i + 1, aspect="equal", xlim=(low, high), ylim=(low, high))
        _draw_parity(ax, y, prediction)
        lines = [f"n = {len(y):,}", *_score_lines((scores or {}).get(title, {}), unit)]
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.6, "pad": 2}
        style: dict[str, Any] = {"va": "top", "fontsize": _LEGEND, "linespacing": 1.35, "bbox": box}
        ax.text(0.035, 0.965, "\n".join(lines), transform=ax.transAxes, **style)
        left, bottom = i % n_columns == 0, i + n_columns >= len(pairs)
        _label(ax, f"actual {quantity} ({unit})" * bottom, f"predicted {quantity} ({unit})" * left, title)
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
    y, prediction = _finite_pair(y, prediction)
    residual = prediction - y
    size = np.abs(residual)
    limit = float(min(size.max(), 1.5 * np.quantile(size, 0.99))) or 1.0
    outside = int(np.sum(size > limit))
    n_bins = int(np.clip(2 * round(1.5 * len(y) ** (1 / 3)), 10, 80))

    figure = _new_figure(4.8, 3.8)
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
    ax.legend(loc="upper left", fontsize=_LEGEND, frameon=False, handlelength=1.5)
    _label(ax, f"predicted minus actual {quantity} ({unit})", "rows", title)
    return figure


def loss_curves(
    history: Sequence[Mapping[str, Any]], best_epoch: int, score_name: str, title: str | None = None
) -> Figure:
    """Draw losses and the validation score against the epoch, with the best epoch marked.

    Parameters
    ----------
    history : one record per epoch with the keys ``epoch``, ``train_loss``, ``val_loss`` and ``val_score``;
        a value that is None or not finite leaves a gap, and the first such training loss is marked
    best_epoch : the epoch whose weights are kept
    score_name : label of the score, with its unit, such as ``validation MAE (eV/atom)``
    """
    epoch = _series(history, "epoch")
    train, val, score = (_series(history, key) for key in ("train_loss", "val_loss", "val_score"))
    figure = _new_figure(8.2, 3.7)
    left, right = figure.subplots(1, 2)
    marker: dict[str, Any] = {"marker": "o", "markersize": 4} if len(epoch) <= 30 else {}
    left.plot(epoch, train, color=BLUE, label="training", linewidth=1.1, **marker)
    left.plot(epoch, val, color=VERMILLION, label="validation", linewidth=1.8, **marker)
    right.plot(epoch, score, color=VERMILLION, linewidth=1.8, **marker)
    best, name = score[epoch == best_epoch], f"best: epoch {best_epoch}"
    left.axvline(best_epoch, color="black", linewidth=0.9, linestyle=":", label=name)
    name += "".join(f", {value:.4g}" for value in best[np.isfinite(best)])
    right.plot(epoch[epoch == best_epoch], best, "*", color="black", markersize=11, zorder=3, label=name)
    broken = epoch[~np.isfinite(train)]
    if len(broken):
        left.axvline(broken[0], color=PURPLE, linewidth=1.6, label=f"not finite: epoch {broken[0]:.0f}")
    left.legend(fontsize=_LEGEND, framealpha=0.85, edgecolor="none")
    right.legend(fontsize=_LEGEND, frameon=False, loc="lower right", bbox_to_anchor=(1, 1), borderpad=0)
    margin = max(0.5, 0.03 * float(np.ptp(epoch)))
    for ax, values, label in ((left, np.concatenate([train, val]), "loss"), (right, score, score_name)):
        _log_if_wide(ax, values)
        ax.set_xlim(epoch.min() - margin, epoch.max() + margin)
        ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
        ax.grid(alpha=0.25, linewidth=0.6)
        _label(ax, "epoch", label, None)
    if title:
        figure.suptitle(_plain(title), fontsize=_TITLE)
    return figure


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

    figure = _new_figure(2.0 + 1.2 * k, 1.2 + 1.2 * k)
    ax = figure.add_subplot()
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for i, j in np.ndindex(k, k):
        percent = f"{100 * share[i, j]:.1f} %" if counts[i].sum() else "no rows"
        color = "white" if _is_dark(colormaps["Blues"](share[i, j])) else "black"
        text = f"{counts[i, j]:,}\n{percent}"
        ax.text(j, i, text, ha="center", va="center", fontsize=_LABEL, linespacing=1.35, color=color)
    names = [_plain(textwrap.fill(label, 14)) for label in labels]
    ax.set_xticks(range(k), names)
    ax.set_yticks(range(k), names)
    _label(ax, "predicted class", "actual class (100 % in a row)", title)
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

    beside = len(models) > 4  # a long legend would cover the curves
    figure = _new_figure(7.6 if beside else 4.7, 4.5)
    ax = figure.add_subplot(aspect="equal", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":", label="0.500  chance")
    styles = zip(cycle((BLUE, VERMILLION, GREEN, PURPLE, ORANGE)), cycle(("-", "--", "-.")), strict=False)
    for (name, pair), (color, linestyle) in zip(models.items(), styles, strict=False):
        y, probability = _finite_pair(*pair)
        if not 0 < y.sum() < len(y):
            ax.plot([], [], " ", label=f"undefined  {_short(name)}")
            continue
        false_positive, true_positive, _ = roc_curve(y, probability)
        label = f"{auc(false_positive, true_positive):.3f}  {_short(name)}"
        ax.plot(false_positive, true_positive, color=color, linestyle=linestyle, linewidth=1.6, label=label)
    legend: dict[str, Any] = {
        "fontsize": _LEGEND,
        "title_fontsize": _LEGEND,
        "edgecolor": "none",
        "framealpha": 0.85,
    }
    legend |= {"loc": "upper left", "bbox_to_anchor": (1.01, 1.01)} if beside else {"loc": "lower right"}
    ax.legend(title="area under the curve", **legend)
    _label(ax, "false positive rate", "true positive rate", title)
    return figure


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
    _finite_pair(values, values)
    figure = _new_figure(5.6, 1.1 + 0.36 * len(names))
    ax = figure.add_subplot()
    bars = ax.barh(range(len(names)), values, height=0.66, color=[BLUE if n in highlight else "#B8B8B8" for n in names])
    ax.bar_label(bars, fmt="%.3f", padding=4, fontsize=_TICKS)
    ax.set_yticks(range(len(names)), [_short(name) for name in names])
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlim(0, 1.16 * values.max() or 1)
    ax.spines[["top", "right"]].set_visible(False)
    _label(ax, f"{score_name} ({unit})" if unit else score_name, "", None)
    return figure


def _new_figure(width: float, height: float) -> Figure:
    return Figure(figsize=(width, height), dpi=150, layout="compressed")


def _label(ax: Axes, x: str, y: str, title: str | None) -> None:
    ax.set_xlabel(_plain(x), fontsize=_LABEL)
    ax.set_ylabel(_plain(y), fontsize=_LABEL)
    ax.tick_params(labelsize=_TICKS)
    if title:
        ax.set_title(_plain(textwrap.fill(title, 48)), fontsize=_TITLE)


def _plain(text: str) -> str:
    """Keep a dollar sign in a user's name from starting a formula."""
    return text.replace("$", r"\$")


def _short(name: str) -> str:
    return _plain(name if len(name) <= 32 else f"{name[:16]}...{name[-13:]}")


def _finite_pair(y: Floats, prediction: Floats) -> tuple[Floats, Floats]:
    y, prediction = np.asarray(y, np.float64), np.asarray(prediction, np.float64)
    if y.ndim != 1 or y.shape != prediction.shape or not len(y):
        raise ValueError(f"expected two arrays [n] with n at least 1, found shapes {y.shape} and {prediction.shape}")
    if not (np.isfinite(y).all() and np.isfinite(prediction).all()):
        raise ValueError("a value to be drawn is not finite")
    return y, prediction


def _padded_limits(values: Floats) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    pad = 0.04 * (high - low) or 0.5
    return low - pad, high + pad


def _draw_parity(ax: Axes, y: Floats, prediction: Floats) -> None:
    ax.axline((0, 0), slope=1, color="black", linewidth=1, linestyle="--", zorder=3)
    if len(y) <= DENSE:
        ax.scatter(y, prediction, s=14, color=BLUE, alpha=0.55 if len(y) > 30 else 0.9, linewidths=0)
        return
    extent = (*ax.get_xlim(), *ax.get_ylim())
    hexagons = ax.hexbin(y, prediction, gridsize=55, bins="log", mincnt=1, extent=extent, linewidths=0.1)
    hexagons.set_clim(1, max(10, float(np.max(np.asarray(hexagons.get_array())))))
    bar = ax.figure.colorbar(hexagons, cax=ax.inset_axes((1.03, 0, 0.05, 1)), format=StrMethodFormatter("{x:,.0f}"))
    bar.set_label("rows per hexagon", fontsize=_TICKS)
    bar.ax.tick_params(labelsize=_TICKS)


def _score_lines(scores: Mapping[str, float], unit: str) -> list[str]:
    lines = []
    for name, value in scores.items():
        number = f"{value:.3f}" if np.isfinite(value) else "undefined"
        lines.append(f"R² = {number}" if name == "R2" else _plain(f"{name} = {number} {unit}"))
    return lines


def _series(history: Sequence[Mapping[str, Any]], key: str) -> Floats:
    values = np.array([np.nan if record[key] is None else record[key] for record in history], np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _log_if_wide(ax: Axes, values: Floats) -> None:
    """Use a logarithmic axis where positive values span more than a factor of eight."""
    finite = values[np.isfinite(values)]
    if len(finite) and finite.min() > 0 and finite.max() > 8 * finite.min():
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        ax.yaxis.set_minor_formatter(NullFormatter())


def _is_dark(rgba: Sequence[float]) -> bool:
    """Return whether white text has more contrast than black: luminance below 0.18 (WCAG 2.2, gamma 2.2)."""
    return float(np.dot((0.2126, 0.7152, 0.0722), np.power(rgba[:3], 2.2))) < 0.18
