"""Figures of lesson 5."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import TwoSlopeNorm
from matplotlib.patches import FancyBboxPatch

from formation_mlp.figures.style import (
    BLUE,
    GREEN,
    GREY,
    LABEL,
    LEGEND,
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

Point = tuple[float, float]

KINDS = {
    "sigmoid": ("sigmoid", VERMILLION, "o-"),
    "relu": ("ReLU", BLUE, "s-"),
    "relu, He": ("ReLU, He's start", SKY, "^-"),
    "residual": ("ReLU, residual", GREEN, "D-"),
}
"""Kind of network to its name, colour and mark."""


def one_neuron(x: Floats, w: Floats, b: float, y: float, forward: Mapping[str, float]) -> Figure:
    """Draw the neuron as a graph: values forward, derivatives backward.

    Parameters
    ----------
    x, w : features and weights, ``[2]``
    b, y : bias and truth
    forward : ``z``, ``y_hat`` and ``E``
    """
    z, y_hat, error = (forward[name] for name in ("z", "y_hat", "E"))
    by_y, slope = y_hat - y, y_hat * (1 - y_hat)
    figure = new_figure(10.4, 3.9)
    ax = figure.add_subplot()
    ax.set(xlim=(0, 10.4), ylim=(0, 3.9))
    ax.axis("off")
    names, values, factors = ("w_1", "w_2", "b"), (*w, b), (*x, 1.0)
    for i, height in enumerate((3.3, 1.95, 0.6)):
        _box(ax, (0.85, height), rf"${names[i]} = {values[i]:.1f}$")
        _both_ways(ax, (1.58, height), (3.2, 1.95 + 0.22 * (height - 1.95)), 0.08)
        gradient = rf"$\partial E/\partial {names[i]} = {by_y * slope * factors[i]:.4f}$"
        ax.text(0.85, height - 0.42, gradient, ha="center", va="top", fontsize=LABEL, color=VERMILLION)
        at = ((2.75, 2.98), (2.4, 2.1), (2.75, 0.92))[i]
        shown = rf"$\times\,x_{i + 1} = {x[i]:.3f}$" if i < 2 else r"$\times\,1$"
        ax.text(*at, shown, ha="center", va="bottom" if i < 2 else "top", fontsize=LABEL, color=BLUE)
    for centre, text in ((3.9, r"$z = w \cdot x + b$"), (6.9, r"$\hat{y} = \sigma(z)$"), (9.65, "$E$")):
        _box(ax, (centre, 1.95), text)
    _labelled(ax, (4.62, 1.95), (6.2, 1.95), f"$z = {z:.4f}$", rf"$\hat{{y}}(1-\hat{{y}}) = {slope:.4f}$")
    _labelled(ax, (7.62, 1.95), (8.95, 1.95), rf"$\hat{{y}} = {y_hat:.4f}$", rf"$\hat{{y}} - y = {by_y:.4f}$")
    ax.text(9.65, 2.45, f"$E = {error:.4f}$", ha="center", fontsize=LABEL, color=BLUE)
    products = (
        (3.9, rf"$\partial E/\partial z = {by_y * slope:.4f}$"),
        (6.9, rf"$\partial E/\partial \hat{{y}} = {by_y:.4f}$"),
    )
    for centre, text in products:
        ax.text(centre, 1.45, text, ha="center", va="top", fontsize=LABEL, color=VERMILLION)
    ax.text(9.65, 1.45, f"$y = {y:.0f}$", ha="center", va="top", fontsize=LABEL)
    ax.text(7.2, 3.35, "forward: values", ha="center", fontsize=LABEL, color=BLUE)
    ax.text(7.2, 0.45, "backward: multiply by the local derivative", ha="center", fontsize=LABEL, color=VERMILLION)
    return figure


def _box(ax: Axes, at: Point, text: str) -> None:
    corner = (at[0] - 0.62, at[1] - 0.3)
    ax.add_patch(FancyBboxPatch(corner, 1.24, 0.6, boxstyle="round,pad=0.06", facecolor="white", edgecolor=GREY))
    ax.text(*at, text, ha="center", va="center", fontsize=TITLE)


def _both_ways(ax: Axes, start: Point, end: Point, shift: float) -> None:
    for up, colour, (a, b) in ((shift, BLUE, (start, end)), (-shift, VERMILLION, (end, start))):
        style = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.5, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", (b[0], b[1] + up), (a[0], a[1] + up), arrowprops=style)


def _labelled(ax: Axes, start: Point, end: Point, forward: str, backward: str) -> None:
    _both_ways(ax, start, end, 0.09)
    x, y = (start[0] + end[0]) / 2, start[1]
    ax.text(x, y + 0.2, forward, ha="center", va="bottom", fontsize=LABEL, color=BLUE)
    ax.text(x, y - 0.2, backward, ha="center", va="top", fontsize=LABEL, color=VERMILLION)


def sigmoid_derivative(z: Floats, sigma: Floats, formula: Floats, measured: Floats) -> Figure:
    """Draw the sigmoid, its derivative by the formula, and finite differences, all ``[n]``."""
    figure = new_figure(6.8, 3.9)
    ax = figure.add_subplot()
    ax.plot(z, sigma, color=BLUE, linewidth=2.2, label=r"$\sigma(z)$")
    ax.plot(z, formula, color=VERMILLION, linewidth=2.2, label=r"$\sigma(z)\,(1 - \sigma(z))$")
    ax.plot(z[::12], measured[::12], "o", color="black", markersize=5, fillstyle="none", label="finite difference")
    ax.axhline(0.25, color=GREY, linewidth=0.8, linestyle=":")
    ax.text(-5.9, 0.27, "largest value: 1/4, at $z = 0$", fontsize=LABEL)
    ax.legend(fontsize=LABEL, frameon=False, loc="center right")
    label_axes(ax, "z", "", None)
    return figure


def chain(jacobians: Mapping[int, Floats], products: Mapping[int, Floats]) -> Figure:
    """Draw the Jacobian from each layer k to the next, and the product of all from the top layer down to k."""
    n_layers = len(jacobians) + 1
    figure = new_figure(10.4, 4.2)
    axes = figure.subplots(2, n_layers - 1, sharex=True, sharey=True)
    limit = max(np.abs(J).max() for J in jacobians.values())
    for i, k in enumerate(range(n_layers - 1, 0, -1)):
        one, all_of_them = rf"$\partial h_{k + 1}/\partial h_{k}$", rf"$\partial h_{n_layers}/\partial h_{k}$"
        for ax, matrix, title in ((axes[0, i], jacobians[k], one), (axes[1, i], products[k], all_of_them)):
            image = ax.imshow(matrix, cmap="PuOr", norm=TwoSlopeNorm(0, -limit, limit))
            ax.set_title(f"{title}\nnorm {np.linalg.norm(matrix):.2g}", fontsize=LABEL + 1)
            ax.set(xticks=[], yticks=[])
    axes[0, 0].set_ylabel("one factor", fontsize=LABEL + 1)
    axes[1, 0].set_ylabel("product so far", fontsize=LABEL + 1)
    figure.colorbar(image, ax=axes, label="entry of the matrix", shrink=0.9)
    return figure


def finite_differences(steps: Floats, errors: Floats) -> Figure:
    """Draw the error of a finite difference against its step."""
    figure = new_figure(6.6, 3.8)
    ax = figure.add_subplot()
    ax.loglog(steps, errors, "o-", color=BLUE, markersize=4, linewidth=1.5)
    ax.axhline(1e-8, color="black", linewidth=1, linestyle=":")
    ax.text(steps[-1], 1.3e-8, "1e-8", ha="right", va="bottom", fontsize=LABEL)
    ax.text(1e-11, errors.min() * 2, "rounding", ha="left", fontsize=LABEL)
    ax.text(1e-1, errors.min() * 2, "curvature", ha="center", fontsize=LABEL)
    ax.grid(alpha=0.25, linewidth=0.6)
    label_axes(ax, "step s of the difference", "largest error of the derivative", None)
    return figure


def vanishing(
    norms: Mapping[str, Floats], by_hand: Floats, depths: Sequence[int], ratios: Mapping[str, list[float]]
) -> Figure:
    """Draw the norm of the gradient in each layer, and first by last layer against the depth, by kind of network."""
    figure = new_figure(10.4, 4.3)
    left, right = figure.subplots(1, 2)
    layers = np.arange(1, len(by_hand) + 1)
    for kind, (label, colour, style) in KINDS.items():
        left.semilogy(layers, norms[kind], style, color=colour, markersize=4, linewidth=1.8, label=label)
        right.semilogy(depths, ratios[kind], style, color=colour, markersize=4, linewidth=1.8, label=label)
    left.semilogy(layers, by_hand, "o", color="black", markersize=8, fillstyle="none", label="sigmoid, by hand")
    left.set_xticks(layers[::3])
    right.set_xticks(depths)
    for ax in (left, right):
        ax.grid(alpha=0.25, linewidth=0.6)
    left.legend(fontsize=LEGEND, frameon=False, loc="lower right")
    label_axes(left, "layer k (1 is next to the features)", "norm of the gradient", f"{len(layers)} hidden layers")
    label_axes(right, "number of hidden layers", "first layer / last layer", "How the gradient fades with depth")
    return figure


def depth_and_training(depths: Sequence[int], mae: Mapping[str, Sequence[float]], mean_mae: float) -> Figure:
    """Draw the validation error against the depth, by kind of network."""
    figure = new_figure(6.8, 3.9)
    ax = figure.add_subplot()
    for kind, values in mae.items():
        label, colour, style = KINDS[kind]
        ax.plot(depths, values, style, color=colour, linewidth=2, markersize=5, label=label)
    ax.axhline(mean_mae, color="black", linewidth=1, linestyle=":", label="always the mean")
    ax.set_xscale("log", base=2)
    ax.set_xticks(depths, [str(depth) for depth in depths])
    ax.set_ylim(0, None)
    ax.grid(alpha=0.25, linewidth=0.6)
    ax.legend(fontsize=LEGEND, frameon=False, loc="lower left", ncols=2)
    label_axes(ax, "hidden layers, or residual blocks", "validation MAE (eV/atom)", "After five epochs")
    return figure
