"""The figure of a search: its scores by trial, and by each parameter."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

from formation_mlp.config.search_space import short, shown
from formation_mlp.figures import BLUE, GREY, ORANGE, VERMILLION
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from formation_mlp.config.search_space import Parameter
    from formation_mlp.tuning.store import Trial


COLUMNS = 3
"""Panels of parameters in a row."""

WIDTH = 36
"""Letters that fit below a panel."""

_TICKS, _LABEL = 8, 9.5
_LOOKS = {
    "complete": {"marker": "o", "color": BLUE, "s": 22, "zorder": 3, "linewidths": 0, "alpha": 0.85},
    "ended early": {"marker": "x", "color": GREY, "s": 18, "zorder": 2, "linewidths": 1.1},
    "default": {"marker": "D", "color": VERMILLION, "s": 34, "zorder": 4, "linewidths": 0},
    "best": {"marker": "*", "color": ORANGE, "s": 150, "zorder": 5, "linewidths": 0.7, "edgecolors": "black"},
}


def search_figure(trials: Sequence[Trial], parameters: Sequence[Parameter], score: str) -> Figure:
    """Draw the score of every trial against its number and against each parameter.

    Trials far above the others stand as triangles at the upper edge. Trials without a score are left out.

    Parameters
    ----------
    trials : of a search, at least one of them complete
    parameters : what was searched
    score : name of the axis, with its unit
    """
    drawn = [trial for trial in trials if trial.score is not None]
    groups = _groups(drawn)
    low, high = _limits(groups)
    n_columns = min(COLUMNS, len(parameters))
    n_rows = -(-len(parameters) // n_columns)
    figure = Figure(figsize=(8.4, 2.9 + 2.35 * n_rows), dpi=150, layout="constrained")
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=[2.9, 2.35 * n_rows])[:, 0]
    ax = above.add_subplot(ylim=(low, high))
    for name, group in groups.items():
        _scatter(ax, [trial.number for trial in group], group, name, high)
    _best_so_far(ax, drawn)
    ax.set_xlim(-0.02 * len(trials) - 0.3, 1.02 * len(trials) - 0.7)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    ax.set_ylabel(score, fontsize=_LABEL)
    ax.set_xlabel("trial", fontsize=_LABEL)
    _legend(ax, groups, high)
    for i, parameter in enumerate(parameters):
        ax = below.add_subplot(n_rows, n_columns, i + 1, ylim=(low, high))
        _by_parameter(ax, parameter, groups, high)
        if i % n_columns == 0:
            ax.set_ylabel(score, fontsize=_LABEL)
        else:
            ax.tick_params(labelleft=False)
    for ax in figure.axes:
        ax.tick_params(labelsize=_TICKS)
        ax.grid(color="#E6E6E6", linewidth=0.6)
        ax.set_axisbelow(True)
        ax.spines[["top", "right"]].set_visible(False)
    return figure


def _groups(drawn: Sequence[Trial]) -> dict[str, list[Trial]]:
    complete = [trial for trial in drawn if trial.state == "complete"]
    best = min(complete, key=lambda trial: (trial.score, trial.number))
    return {
        "ended early": [trial for trial in drawn if trial.state != "complete" and trial.number],
        "complete": [trial for trial in complete if trial.number and trial is not best],
        "default": [trial for trial in drawn if not trial.number],
        "best": [best],
    }


def _limits(groups: dict[str, list[Trial]]) -> tuple[float, float]:
    """Return the ends of the axis of scores: what matters is near the best ones."""
    scores = _scores([trial for group in groups.values() for trial in group])
    low = float(scores.min())
    top = max(float(np.quantile(scores, 0.8)), *_scores(groups["default"]), low)
    pad = 0.07 * (top - low) or 0.05 * abs(low) or 0.5
    return low - pad, top + 2 * pad


def _scores(trials: Sequence[Trial]) -> Floats:
    return np.array([trial.score for trial in trials], np.float64)


def _scatter(ax: Axes, x: Sequence[float], trials: Sequence[Trial], name: str, high: float) -> None:
    at, y, look = np.asarray(x, np.float64), _scores(trials), _LOOKS[name]
    inside = y <= high
    ax.scatter(at[inside], y[inside], **look)  # type: ignore[arg-type]
    edge = np.full((~inside).sum(), high)
    ax.scatter(at[~inside], edge, marker="^", color=str(look["color"]), s=24, clip_on=False, zorder=3, linewidths=0)


def _best_so_far(ax: Axes, drawn: Sequence[Trial]) -> None:
    complete = [trial for trial in drawn if trial.state == "complete"]
    numbers = [*(trial.number for trial in complete), max(trial.number for trial in drawn)]
    lowest = np.minimum.accumulate(_scores(complete))
    ax.step(numbers, [*lowest, lowest[-1]], where="post", color=BLUE, linewidth=1.3, zorder=1)


def _legend(ax: Axes, groups: dict[str, list[Trial]], high: float) -> None:
    handles = [
        Line2D([], [], linestyle="none", marker=str(look["marker"]), color=str(look["color"]), label=name)
        for name, look in _LOOKS.items()
        if groups[name]
    ]
    if any(trial.score is not None and trial.score > high for group in groups.values() for trial in group):
        handles.append(Line2D([], [], linestyle="none", marker="^", color=GREY, label="above"))
    handles.append(Line2D([], [], color=BLUE, linewidth=1.3, label="best so far"))
    ax.legend(
        handles=handles,
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=len(handles),
        fontsize=_TICKS + 0.5,
        frameon=False,
        columnspacing=1.4,
        handletextpad=0.4,
    )


def _by_parameter(ax: Axes, parameter: Parameter, groups: dict[str, list[Trial]], high: float) -> None:
    places = _places(parameter, groups)
    for name, group in groups.items():
        given = [trial for trial in group if trial.values[parameter.key] is not None or places]
        _scatter(ax, [_place(trial, parameter.key, places) for trial in given], given, name, high)
    ax.set_xlabel(short(parameter.key), fontsize=_LABEL)
    if parameter.form == "choices":
        _name_choices(ax, list(places))
    elif parameter.form == "log":
        ax.set_xscale("log")
        wide = parameter.values[1] > 30 * parameter.values[0]
        ax.xaxis.set_major_locator(LogLocator(subs=(1,) if wide else (1, 2, 5)))
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        ax.xaxis.set_minor_formatter(NullFormatter())
    else:
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=parameter.whole, steps=[1, 2, 5, 10]))


def _places(parameter: Parameter, groups: dict[str, list[Trial]]) -> dict[str, int]:
    """Return where each choice stands on the axis; a default that is none of them comes last."""
    if parameter.form != "choices":
        return {}
    values = [*parameter.values, *(trial.values[parameter.key] for trial in groups["default"])]
    return {text: i for i, text in enumerate(dict.fromkeys(map(shown, values)))}


def _place(trial: Trial, key: str, places: dict[str, int]) -> float:
    """Return where a trial stands; those of one choice are spread evenly, by the golden ratio, to be seen."""
    value: float = trial.values[key]
    return places[shown(value)] + 0.5 * (trial.number * 0.618034 % 1 - 0.5) if places else value


def _name_choices(ax: Axes, texts: list[str]) -> None:
    """Write the choices below their places, or letters there and what they stand for below the axis."""
    fits = sum(map(len, texts)) <= WIDTH
    ax.set_xticks(range(len(texts)), texts if fits else ascii_uppercase[: len(texts)])
    ax.set_xlim(-0.6, len(texts) - 0.4)
    if not fits:
        pairs = zip(ascii_uppercase, texts, strict=False)
        lines = (fill(f"{letter}  {text}", 44, subsequent_indent="    ") for letter, text in pairs)
        ax.text(0, -0.34, "\n".join(lines), transform=ax.transAxes, fontsize=_TICKS - 1, va="top")
