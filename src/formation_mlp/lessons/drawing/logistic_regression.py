"""Figures of lesson 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from formation_mlp.figures.style import BLUE, GREEN, GREY, PURPLE, VERMILLION, new_figure
from formation_mlp.lessons.drawing.classes import CLASSES, plane, probability_map, scatter
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

AXES = ("electronegativity difference $x_1$ (Pauling)", "p electrons per atom $x_2$")


def compounds(X: Floats, y: Floats) -> Figure:
    """Draw the compounds ``X [n, 2]`` in the plane of their two features."""
    figure = new_figure(6.4, 4.6)
    ax = figure.subplots()
    scatter(ax, X, y, 11)
    ax.legend(loc="lower right", markerscale=2)
    ax.set(xlabel=AXES[0], ylabel=AXES[1], title=f"{len(y):,} compounds with two features each")
    return figure


def seminar_example() -> Figure:
    """Draw z = 2x + 5 and its probability beside each other."""
    figure = new_figure(9.2, 3.6)
    left, right = figure.subplots(1, 2)
    x = np.linspace(-6, 2, 300)
    left.plot(x, 2 * x + 5, color=BLUE, lw=2.5)
    left.set(xlabel="$x$", ylabel="$z$", title="$z = 2x + 5$")
    right.plot(x, 1 / (1 + np.exp(-2 * x - 5)), color=VERMILLION, lw=2.5)
    right.axhline(0.5, color=GREY, lw=0.8, ls=":")
    right.set(xlabel="$x$", ylabel=r"probability $\hat{y}$", title=r"$\hat{y} = 1 / (1 + e^{-z})$")
    for ax in (left, right):
        ax.axvline(-2.5, color=GREY, lw=0.8, ls=":")
    left.axhline(0, color=GREY, lw=0.8, ls=":")
    right.annotate("boundary\n$x = -5/2$", (-2.5, 0.5), (-1.6, 0.25), arrowprops={"arrowstyle": "->"})
    return figure


def cross_entropy() -> Figure:
    """Draw the loss of one sample against the probability, for both classes."""
    figure = new_figure(5.6, 3.7)
    ax = figure.subplots()
    p = np.linspace(0.003, 0.997, 400)
    ax.plot(p, -np.log(p), color=VERMILLION, lw=2.5, label=r"$-\ln \hat{y}$: strongly bound, $y = 1$")
    ax.plot(p, -np.log(1 - p), color=BLUE, lw=2.5, label=r"$-\ln (1 - \hat{y})$: weakly bound, $y = 0$")
    ax.set(xlabel=r"predicted probability $\hat{y}$ of strongly bound", ylabel="loss of one compound")
    ax.legend(loc="upper center")
    return figure


def boundary(
    X: Floats, y: Floats, probability: Callable[[Floats], Floats], w: Floats, b: float, thresholds: Sequence[float]
) -> Figure:
    """Draw the probability over the plane, and where it has each of three thresholds, for ``z = w x + b``."""
    figure = new_figure(7.4, 5.0)
    ax = figure.subplots()
    x1, x2, points = plane(X)
    image = probability_map(ax, x1, x2, probability(points), alpha=0.45)
    scatter(ax, X, y)
    for threshold, style in zip(thresholds, (":", "-", "--"), strict=True):
        on_line = (np.log(threshold / (1 - threshold)) - b - w[0] * x1) / w[1]
        name = rf"$\hat{{y}}$ = {threshold}" + (r"  ($z = 0$)" if threshold == 0.5 else "")
        ax.plot(x1, on_line, color="black", lw=2, ls=style, label=name)
    ax.legend(loc="lower right", framealpha=0.95)
    ax.set(xlabel=AXES[0], ylabel=AXES[1], title=rf"$z = {w[0]:.2f}\,x_1 {w[1]:+.2f}\,x_2 {b:+.2f}$")
    figure.colorbar(image, label="probability of strongly bound")
    return figure


def loss_surface(loss_at: Callable[[Floats], Floats], paths: Sequence[Floats], minimum: Floats) -> Figure:
    """Draw the loss over two weights as a surface and from above, with paths ``[steps, 2]`` of gradient descent."""
    w1, w2 = np.linspace(-3, 7, 70), np.linspace(-4, 4.5, 70)
    grid = np.stack(np.meshgrid(w1, w2), axis=-1)
    height = loss_at(grid.reshape(-1, 2)).reshape(70, 70)
    colours = (VERMILLION, PURPLE, GREEN)
    figure = new_figure(10.4, 4.6)
    panels = figure.add_gridspec(1, 2, width_ratios=(1, 1.15))
    bowl: Any = figure.add_subplot(panels[0], projection="3d")
    flat = figure.add_subplot(panels[1])
    bowl.plot_surface(*np.moveaxis(grid, -1, 0), height, cmap="cividis", alpha=0.8, linewidth=0, rcount=70, ccount=70)
    for path, colour in zip(paths, colours, strict=True):
        bowl.plot(*path.T, loss_at(path) + 0.03, color=colour, lw=2.5, zorder=10)
        flat.plot(*path.T, color=colour, lw=1.5, marker="o", ms=3.2, markevery=list(range(60)))
    bowl.set(xlabel="$w_1$", ylabel="$w_2$", title="loss $E(w_1, w_2)$")
    bowl.view_init(28, -62)
    bowl.set_box_aspect((1, 1, 0.75), zoom=1.0)
    levels = height.min() + np.linspace(0, np.sqrt(np.ptp(height)), 25) ** 2  # closer together near the minimum
    lines = flat.contourf(w1, w2, height, levels=levels, cmap="cividis", zorder=0)
    flat.plot(*minimum, marker="*", ms=17, color="white", mec="black", ls="", label="minimum")
    flat.set(xlabel="$w_1$ (electronegativity difference)", ylabel="$w_2$ (p electrons)", xlim=(-3, 7), ylim=(-4, 4.5))
    flat.set_title("the same from above")
    flat.legend(loc="upper right")
    figure.colorbar(lines, label="loss $E$", format="%.2f")
    return figure


def thresholds(y: Floats, p: Floats, fine: Floats, curves: Mapping[str, Sequence[float]], majority: float) -> Figure:
    """Draw what the neuron says, and scores by name against thresholds ``fine``."""
    figure = new_figure(9.6, 3.8)
    left, right = figure.subplots(1, 2)
    parts = [p[y == value] for value, _, _ in CLASSES]
    left.hist(parts, np.linspace(0, 1, 21), color=[BLUE, VERMILLION], label=["weakly bound", "strongly bound"])
    left.set(xlabel=r"predicted probability $\hat{y}$", ylabel="validation compounds", title="What the neuron says")
    left.legend(loc="upper center")
    for (name, values), colour, style in zip(curves.items(), (GREEN, VERMILLION, BLUE), ("-", "--", "-."), strict=True):
        right.plot(fine, values, color=colour, ls=style, lw=2.2, label=name)
    right.axhline(majority, color=GREY, lw=1.2, ls=":", label="accuracy of 'never'")
    right.set(xlabel=r"threshold on $\hat{y}$", ylabel="score on the validation part", xlim=(0, 1), ylim=(0, 1.02))
    right.legend(loc="lower center")
    return figure


KNOWN = ("NaCl", "MgO", "Al2O3", "GaAs", "AlNi", "TiC", "LaF3", "Fe2O3", "CuO", "AlN", "KF", "ZnS")
BESIDE = {
    "KF": (-9, 8), "AlN": (-8, 9), "CuO": (7, -12), "Fe2O3": (9, -4), "AlPt": (7, -11), "LuPt": (6, 6),
    "HfPt": (-30, 6),
}  # fmt: skip
"""Where the name of a compound stands that would meet another one, in points."""


def chemistry(
    X: Floats, y: Floats, formulas: Sequence[str], worst: Sequence[int], probability: Callable[[Floats], Floats]
) -> Figure:
    """Draw known compounds and the rows ``worst``, with a black rim, over the map of the probability."""
    figure = new_figure(7.4, 5.0)
    ax = figure.subplots()
    x1, x2, points = plane(X)
    values = probability(points)
    image = probability_map(ax, x1, x2, values, alpha=0.45)
    ax.contour(x1, x2, values.reshape(len(x2), len(x1)), levels=[0.5], colors="black", linewidths=2)
    for i in dict.fromkeys([*(list(formulas).index(name) for name in KNOWN), *worst]):
        rim = "black" if i in worst else "white"
        ax.plot(*X[i], "o", ms=8, color=VERMILLION if y[i] else BLUE, mec=rim, mew=1.4)
        name = "".join(f"$_{{{c}}}$" if c.isdigit() else c for c in formulas[i])
        ax.annotate(name, X[i], BESIDE.get(formulas[i], (7, 5)), textcoords="offset points", fontsize=9)
    ax.set(xlabel=AXES[0], ylabel=AXES[1], title="Known compounds, and the surest mistakes (black rims)")
    figure.colorbar(image, label="probability of strongly bound")
    return figure
