"""Figures of lesson 3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from formation_mlp.figures.style import (
    BLUE,
    GREEN,
    GREY,
    LABEL,
    LEGEND,
    ORANGE,
    PURPLE,
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

FORMULAS = {
    "relu": r"$\max(z,\ 0)$",
    "prelu": r"$\max(z, 0) + a\,\min(z, 0)$",
    "rrelu": r"$\max(z, 0) + a\,\min(z, 0)$",
    "elu": r"$\max(z, 0) + e^{\,\min(z,\,0)} - 1$",
    "selu": r"$1.05\,[\max(z, 0) + 1.67\,(e^{\,\min(z,\,0)} - 1)]$",
    "softplus": r"$\ln(1 + e^{z})$",
    "gelu": r"$\frac{z}{2}\,[1 + \tanh\,(\sqrt{2/\pi}\,(z + 0.0447\,z^3))]$",
    "swish": r"$z\,/\,(1 + e^{-z})$",
    "mish": r"$z\,\tanh\,(\ln(1 + e^{z}))$",
    "hardswish": r"$z\,\min(\max(z + 3, 0),\ 6)\,/\,6$",
    "sigmoid": r"$1\,/\,(1 + e^{-z})$",
    "tanh": r"$(e^{z} - e^{-z})\,/\,(e^{z} + e^{-z})$",
    "softsign": r"$z\,/\,(1 + |z|)$",
    "hardtanh": r"$\min(\max(z, -1),\ 1)$",
    "hardsigmoid": r"$\min(\max(z + 3, 0),\ 6)\,/\,6$",
    "tanhshrink": r"$z - \tanh z$",
    "softshrink": r"$z - \min(\max(z, -\frac{1}{2}),\ \frac{1}{2})$",
    "hardshrink": r"$z$ where $|z| > \frac{1}{2}$, else $0$",
}
"""Each activation as it is set above its panel."""

SHOWN = {"relu": BLUE, "gelu": GREEN, "tanh": ORANGE, "sigmoid": VERMILLION, "softshrink": PURPLE}
COMPARED = {"relu": BLUE, "gelu": GREEN, "prelu": SKY}


def curves(
    z: Floats,
    values: Mapping[str, tuple[Floats, Floats]],
    flat: Mapping[str, Sequence[tuple[float, float]]],
    y_limits: tuple[float, float],
) -> Figure:
    """Draw a panel for each activation: value and slope at ``z``, and the intervals ``flat`` where it saturates."""
    n_columns = len(values) // 2
    figure = new_figure(2.35 * n_columns, 5.6)
    axes = figure.subplots(2, n_columns, sharex=True, sharey=True)
    for ax, (name, (value, slope)) in zip(axes.flat, values.items(), strict=True):
        for start, stop in flat[name]:
            ax.axvspan(start, stop, color=GREY, alpha=0.25, linewidth=0)
        ax.axhline(0, color="black", linewidth=0.6)
        ax.axvline(0, color="black", linewidth=0.6)
        ax.plot(z, slope, color=VERMILLION, linewidth=1.6, linestyle="--")
        ax.plot(z, value, color=BLUE, linewidth=2.2)
        ax.set(xlim=(-6, 6), ylim=y_limits, xticks=[-4, 0, 4])
        ax.tick_params(labelsize=TICKS)
        _head(ax, name)
    for ax in axes[-1]:
        ax.set_xlabel("$z$", fontsize=LABEL)
    key = [
        Line2D([], [], color=BLUE, linewidth=2.2, label=r"$\sigma(z)$"),
        Line2D([], [], color=VERMILLION, linewidth=1.6, linestyle="--", label=r"$\sigma'(z)$"),
        Patch(color=GREY, alpha=0.25, linewidth=0, label=r"saturated: $|\sigma'(z)| < 0.01$"),
    ]
    figure.legend(handles=key, loc="outside lower center", ncols=3, fontsize=LABEL, frameon=False)
    return figure


def _head(ax: Axes, name: str) -> None:
    formula = FORMULAS[name]
    ax.set_title(name, fontsize=TITLE + 1, fontweight="bold", pad=25)
    size = TITLE if len(formula) < 45 else LEGEND
    ax.text(0.5, 1.04, formula, fontsize=size, transform=ax.transAxes, ha="center", va="bottom", in_layout=False)


def cost(forward: Mapping[str, float], total: Mapping[str, float], product: float) -> Figure:
    """Draw nanoseconds for a number, forward and together with backward, from the cheapest to the dearest."""
    names = sorted(total, key=lambda name: total[name])
    ahead = np.minimum([forward[name] for name in names], [total[name] for name in names])
    behind = np.array([total[name] for name in names]) - ahead
    figure = new_figure(7.6, 4.8)
    ax = figure.add_subplot()
    place = np.arange(len(names))
    ax.barh(place, ahead, color=BLUE, label="forward")
    ax.barh(place, behind, left=ahead, color=ORANGE, label="backward")
    ax.axvline(product, color="black", linewidth=1.2, linestyle=":", label="matrix product $Wx$ of 256 inputs, both")
    ax.set_yticks(place, names)
    ax.invert_yaxis()
    ax.legend(fontsize=LEGEND, frameon=False, loc="best")
    label_axes(ax, "time for one number, one core of this machine (ns)", "", None)
    ax.tick_params(axis="y", labelsize=LABEL)
    return figure


def training(mae: Mapping[str, Floats], mean_mae: float) -> Figure:
    """Draw validation errors ``[seeds, epochs]`` by activation, in their order, and that of always the mean."""
    figure = new_figure(10.4, 4.9)
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
    n_epochs = next(iter(mae.values())).shape[1]
    epochs = np.arange(1, n_epochs + 1)
    for name in [*(name for name in mae if name not in SHOWN), *SHOWN]:
        mean = mae[name].mean(axis=0)
        if name in SHOWN:
            left.plot(epochs, mean, "o-", color=SHOWN[name], linewidth=2, markersize=4, label=name)
        else:
            left.plot(epochs, mean, color=GREY, linewidth=0.8, alpha=0.7)
    left.plot([], [], color=GREY, linewidth=0.8, label="the others")
    for row, (name, values) in enumerate(mae.items()):
        right.plot(values[:, -1], [row] * len(values), "o-", color=SHOWN.get(name, GREY), markersize=6, linewidth=1)
    left.axhline(mean_mae, color="black", linewidth=1, linestyle=":", label="always the mean")
    right.axvline(mean_mae, color="black", linewidth=1, linestyle=":")
    ticks = [0.1, 0.2, 0.3, 0.5, 0.7]
    for scale, axis, ax in (("y", left.yaxis, left), ("x", right.xaxis, right)):
        ax.set(**{f"{scale}scale": "log"})
        axis.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
        ax.minorticks_off()
    right.set_yticks(range(len(mae)), list(mae))
    right.invert_yaxis()
    right.grid(axis="y", alpha=0.3, linewidth=0.6)
    left.set_xticks(epochs[1::2])
    left.legend(fontsize=LEGEND, frameon=False, loc="lower left", ncols=2)
    label_axes(left, "epoch", "validation MAE (eV/atom)", "Mean of the seeds")
    label_axes(right, "validation MAE (eV/atom)", "", f"After epoch {n_epochs}, one dot a seed")
    return figure


def dead_units(
    saturated: Mapping[str, float], dead: Mapping[str, float], rates: Sequence[float], at_rate: Mapping[str, list[int]]
) -> Figure:
    """Draw the shares of saturated pairs and of dead units by activation, and dead units against the learning rate."""
    figure = new_figure(10.4, 4.6)
    left, right = figure.subplots(1, 2, width_ratios=[1.2, 1])
    names = sorted(saturated, key=lambda name: (saturated[name], dead[name]))
    place = np.arange(len(names))
    left.barh(place - 0.2, [100 * saturated[n] for n in names], 0.4, color=SKY, label="pairs of unit and row saturated")
    left.barh(place + 0.2, [100 * dead[n] for n in names], 0.4, color="black", label="units dead")
    left.set_yticks(place, names)
    left.set_xlim(0, 104)
    left.legend(fontsize=LEGEND, frameon=False, loc="lower right")
    for name, colour in COMPARED.items():
        right.plot(rates, at_rate[name], "o-", color=colour, linewidth=2, label=name)
    right.set_xscale("log")
    right.set_xticks(rates, [f"{rate:g}" for rate in rates])
    right.minorticks_off()
    right.legend(fontsize=LEGEND, frameon=False)
    right.grid(alpha=0.25, linewidth=0.6)
    label_axes(left, "share (%)", "", "After training with a small learning rate")
    label_axes(right, "learning rate", "dead units of 128", "After few epochs")
    return figure
