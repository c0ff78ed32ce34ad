"""Figures of lesson 2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Circle

from formation_mlp.figures.style import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION, new_figure
from formation_mlp.lessons.drawing.classes import plane, probability_map, scatter
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Model = Callable[[Floats], Floats]

AXES = ("lowest electronegativity $x_1$ (Pauling)", "spread of empty p states $x_2$")
UNITS = (GREEN, PURPLE, ORANGE)
RADIUS = 0.36


def neuron_and_network() -> Figure:
    """Draw one neuron, and a network with one hidden layer of three units."""
    figure = new_figure(10, 3.7)
    one, two = figure.subplots(1, 2, width_ratios=(1, 1.25))
    for ax, width in ((one, 5.4), (two, 6.6)):
        ax.set(xlim=(-0.6, width), ylim=(-2.35, 2.1), aspect="equal")
        ax.axis("off")
    for i, y in enumerate((1.1, -1.1)):
        _unit(one, (0, y), f"$x_{i + 1}$", "#ffffff")
        _arrow(one, (0, y), (2.4, 0), f"$w_{i + 1}$")
    _unit(one, (2.4, 0), r"$\sigma$", SKY)
    one.text(2.4, 0.6, "$+\\, b$", ha="center", fontsize=12)
    _arrow(one, (2.4, 0), (4.9, 0), r"$\hat{y}$")
    one.text(2.4, -2.2, r"$\hat{y} = \sigma(w \cdot x + b)$", ha="center", fontsize=15)
    one.set_title("One neuron: logistic regression")
    for i, y in enumerate((0.9, -0.9)):
        _unit(two, (0, y), f"$x_{i + 1}$", "#ffffff")
    for k, (y, colour) in enumerate(zip((1.35, 0, -1.35), (SKY, ORANGE, GREEN), strict=True)):
        for start in (0.9, -0.9):
            _arrow(two, (0, start), (2.5, y))
        _unit(two, (2.5, y), f"$h_{k + 1}$", colour)
        _arrow(two, (2.5, y), (4.6, 0))
    _unit(two, (4.6, 0), r"$\sigma$", "#ffffff")
    _arrow(two, (4.6, 0), (6.4, 0), r"$\hat{y}$")
    two.text(2.9, -2.2, r"$h = \sigma(W x + b)$,     $\hat{y} = \sigma(v \cdot h + c)$", ha="center", fontsize=15)
    two.set_title("Multilayer perceptron with one hidden layer")
    return figure


def _unit(ax: Axes, at: tuple[float, float], text: str, colour: str) -> None:
    ax.add_patch(Circle(at, RADIUS, facecolor=colour, edgecolor="black", zorder=3))
    ax.text(*at, text, ha="center", va="center", fontsize=13, zorder=4)


def _arrow(ax: Axes, start: tuple[float, float], stop: tuple[float, float], text: str = "") -> None:
    (x0, y0), (x1, y1) = start, stop
    length = np.hypot(x1 - x0, y1 - y0)
    dx, dy = RADIUS * (x1 - x0) / length, RADIUS * (y1 - y0) / length
    style = {"arrowstyle": "-|>", "color": "#444444", "lw": 1.3}
    ax.annotate("", (x1 - dx, y1 - dy), (x0 + dx, y0 + dy), arrowprops=style)
    ax.text((x0 + x1) / 2, (y0 + y1) / 2 + 0.14, text, ha="center", fontsize=11.5, zorder=5)


def xor(corners: Floats, hidden: Floats, target: Floats) -> Figure:
    """Draw the corners of XOR ``[4, 2]`` with the lines of the hidden units, and where these put the corners."""
    figure = new_figure(8.6, 4.9)
    left, right = figure.subplots(1, 2)
    for ax, points in ((left, corners), (right, hidden)):
        for value, colour, marker in ((0, BLUE, "o"), (1, VERMILLION, "s")):
            x, y = points[target == value].T
            ax.scatter(x, y, s=150, color=colour, marker=marker, label=f"$y = {value}$", zorder=3)
        ax.set(xlim=(-0.5, 1.5), ylim=(-0.5, 1.5), aspect="equal", xticks=(0, 1), yticks=(0, 1))
    t = np.array([-0.5, 1.5])
    left.plot(t, 0.5 - t, color=SKY, lw=2.5, label="line of $h_1$ (OR)")
    left.plot(t, 1.5 - t, color=ORANGE, lw=2.5, label="line of $h_2$ (AND)")
    left.fill_between(t, 0.5 - t, 1.5 - t, color=VERMILLION, alpha=0.13, lw=0)
    left.set(xlabel="$x_1$", ylabel="$x_2$", title="XOR: two lines are needed")
    right.plot(t, t - 0.5, color="black", lw=2, label="line of the last neuron")
    right.fill_between(t, t - 0.5, -0.5, color=VERMILLION, alpha=0.13, lw=0)
    right.annotate("(0, 1) and (1, 0)\nare one point now", (1, 0), (0.42, -0.42), fontsize=9.5)
    right.set(xlabel="$h_1$", ylabel="$h_2$", title="Seen by the hidden units: one line is enough")
    for ax in (left, right):
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncol=2)
    return figure


def line_and_curve(
    X: Floats, y: Floats, models: Sequence[tuple[str, Model]], ends: Floats, label: str, around: Floats
) -> Figure:
    """Draw what two models make of compounds; ``ends [2, 2]`` is a line of its own in the first panel."""
    figure = new_figure(10.2, 4.5)
    panels = figure.subplots(1, 2, sharey=True)
    x1, x2, points = plane(around)
    for ax, (title, predict) in zip(panels, models, strict=True):
        values = predict(points)
        image = probability_map(ax, x1, x2, values)
        scatter(ax, X, y, 9)
        if values.min() < 0.5 < values.max():
            ax.contour(x1, x2, values.reshape(len(x2), len(x1)), levels=[0.5], colors="black", linewidths=2)
        ax.set(xlabel=AXES[0], title=title)
    panels[0].plot(*ends.T, color="black", lw=2, ls="--", label=label)
    panels[0].set_ylabel(AXES[1])
    panels[0].legend(loc="upper right", markerscale=2, framealpha=0.95)
    figure.colorbar(image, ax=list(panels), label="probability of strongly bound")
    return figure


def hidden_units(z_of: Model, predict: Model, v: Floats, around: Floats) -> Figure:
    """Draw what each hidden unit says, ``z_of(points) [k, n]`` before the sigmoid, and what comes of them."""
    figure = new_figure(11.4, 3.5)
    panels = figure.subplots(1, len(v) + 1, sharey=True)
    x1, x2, points = plane(around)
    z, shape = z_of(points), (len(x2), len(x1))
    for k, (ax, colour) in enumerate(zip(panels, UNITS, strict=False)):
        own = LinearSegmentedColormap.from_list("unit", ["#ffffff", colour])
        probability_map(ax, x1, x2, 1 / (1 + np.exp(-z[k])), cmap=own)
        ax.set_title(rf"$h_{k + 1}$,   $v_{k + 1}$ = {v[k]:+.1f}", fontsize=10)
        for panel in (ax, panels[-1]):
            panel.contour(x1, x2, z[k].reshape(shape), levels=[0], colors=colour, linewidths=2.4, linestyles="--")
    values = predict(points)
    probability_map(panels[-1], x1, x2, values, alpha=0.35)
    panels[-1].contour(x1, x2, values.reshape(shape), levels=[0.5], colors="black", linewidths=2.6)
    panels[-1].set_title(r"$\hat{y} = \sigma(v \cdot h + c)$", fontsize=11)
    for ax in panels:
        ax.set_xlabel("$x_1$ (Pauling)")
    panels[0].set_ylabel(AXES[1])
    return figure


def xor_in_nature(X: Floats, y: Floats, models: Sequence[tuple[str, Model]]) -> Figure:
    """Draw compounds of two elements over both electronegativities, and what two models make of them."""
    figure = new_figure(10.2, 4.5)
    panels = figure.subplots(1, 2, sharey=True)
    x1, x2, square = plane(np.array([[0.7, 0.7], [4.0, 4.0]]))
    for ax, (title, predict) in zip(panels, models, strict=True):
        values = predict(square)
        image = probability_map(ax, x1, x2, values)
        scatter(ax, X, y, 9)
        ax.contour(x1, x2, values.reshape(len(x2), len(x1)), levels=[0.5], colors="black", linewidths=2)
        ax.set(xlabel=r"electronegativity $\chi$(A) (Pauling)", title=title, aspect="equal")
    panels[0].set_ylabel(r"electronegativity $\chi$(B) (Pauling)")
    figure.colorbar(image, ax=list(panels), label="probability of strongly bound")
    return figure
