"""What happened from epoch to epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

from formation_mlp.figures.style import BLUE, GREY, LEGEND, PURPLE, TITLE, VERMILLION, label_axes, new_figure, plain
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def loss_curves(
    history: Sequence[Mapping[str, Any]], best_epoch: int, score_name: str, title: str | None = None
) -> Figure:
    """Draw losses and, below them, the validation score against the epoch, with the best epoch marked.

    Parameters
    ----------
    history : one record per epoch with the keys ``epoch``, ``train_loss``, ``val_loss`` and ``val_score``;
        a value that is None or not finite leaves a gap, and the first such training loss is marked
    best_epoch : the epoch whose weights are kept
    score_name : label of the score, with its unit, such as ``validation MAE (eV/atom)``
    """
    epoch = _series(history, "epoch")
    train, val, score = (_series(history, key) for key in ("train_loss", "val_loss", "val_score"))
    figure = new_figure(5.0, 6.2)
    above, below = figure.subplots(2, 1, sharex=True)
    marker: dict[str, Any] = {"marker": "o", "markersize": 4} if len(epoch) <= 30 else {}
    above.plot(epoch, train, color=BLUE, label="training", linewidth=1.1, **marker)
    above.plot(epoch, val, color=VERMILLION, label="validation", linewidth=1.8, **marker)
    below.plot(epoch, score, color=VERMILLION, linewidth=1.8, **marker)
    best, name = score[epoch == best_epoch], f"best: epoch {best_epoch}"
    above.axvline(best_epoch, color="black", linewidth=0.9, linestyle=":", label=name)
    name += "".join(f", {value:.4g}" for value in best[np.isfinite(best)])
    below.plot(epoch[epoch == best_epoch], best, "*", color="black", markersize=11, zorder=3, label=name)
    broken = epoch[~np.isfinite(train)]
    if len(broken):
        above.axvline(broken[0], color=PURPLE, linewidth=1.6, label=f"not finite: epoch {broken[0]:.0f}")
    above.legend(fontsize=LEGEND, framealpha=0.85, edgecolor="none")
    below.legend(fontsize=LEGEND, frameon=False, loc="lower right", bbox_to_anchor=(1, 1), borderpad=0)
    margin = max(0.5, 0.03 * float(np.ptp(epoch)))
    for ax, values, label in ((above, np.concatenate([train, val]), "loss"), (below, score, score_name)):
        _log_if_wide(ax, values)
        ax.set_xlim(epoch.min() - margin, epoch.max() + margin)
        ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
        ax.grid(alpha=0.25, linewidth=0.6)
        label_axes(ax, "epoch" * (ax is below), label, None)
    if title:
        figure.suptitle(plain(title), fontsize=TITLE)
    return figure


def member_curves(
    histories: Mapping[str, Sequence[Mapping[str, Any]]], score_name: str, title: str | None = None
) -> Figure:
    """Draw the validation score of every member of an ensemble against the epoch, best epochs marked.

    Parameters
    ----------
    histories : name of each member to its records, as in `loss_curves`, with the key ``is_best`` besides
    score_name : label of the score, with its unit
    title : above the axes
    """
    figure = new_figure(5.0, 3.8)
    ax = figure.add_subplot()
    scores, last = [], 1.0
    for i, history in enumerate(histories.values()):
        epoch, score = _series(history, "epoch"), _series(history, "val_score")
        best = [k for k, record in enumerate(history) if record["is_best"]][-1:]
        one = i == 0
        ax.plot(
            epoch,
            score,
            color=BLUE if len(histories) <= 12 else GREY,
            linewidth=0.9,
            alpha=0.6,
            label="a member" if one else None,
        )
        ax.plot(
            epoch[best],
            score[best],
            "*",
            color=VERMILLION,
            markersize=8,
            zorder=3,
            label="its best epoch" if one else None,
        )
        scores.append(score)
        last = max(last, float(epoch.max()))
    _log_if_wide(ax, np.concatenate(scores))
    ax.set_xlim(0, 1.03 * last)
    ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    ax.grid(alpha=0.25, linewidth=0.6)
    ax.legend(fontsize=LEGEND, framealpha=0.85, edgecolor="none", loc="upper right")
    label_axes(ax, "epoch", score_name, title)
    return figure


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
