"""Figures of lesson 8 with crystals: two polymorphs, and a crystal as a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

from formation_mlp.figures.style import (
    BLUE,
    GREEN,
    GREY,
    LABEL,
    LEGEND,
    ORANGE,
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
    from pymatgen.core import Structure

RADIUS, HALF = {"Ti": 0.45, "O": 0.32}, (3.8, 5.8)
"""Radii of the drawn atoms, and half the size of a picture, in angstrom."""
LONGEST_BOND = 2.1
"""Angstrom; up to this length Ti and O are joined."""


def polymorphs(
    structures: Mapping[str, Structure],
    change: Mapping[str, tuple[str, float]],
    of_formula: float,
    of_structure: Sequence[float],
) -> Figure:
    """Draw two crystals by name, how descriptors change from the first to the second, and predicted energies.

    Parameters
    ----------
    structures : two, by name
    change : name of a descriptor to what it describes, ``composition`` or ``structure``, and its change in percent
    of_formula, of_structure : energies in eV/atom, one for the formula and one for each structure
    """
    figure = new_figure(11, 3.9)
    first, second, bars, energies = figure.subplots(1, 4, width_ratios=[1.3, 1.3, 2, 1.7])
    for ax, (name, structure) in zip((first, second), structures.items(), strict=True):
        _crystal(ax, structure, name)
    first.text(0.3, 0.02, "Ti", color=BLUE, fontsize=13, fontweight="bold", transform=first.transAxes)
    first.text(0.55, 0.02, "O", color=VERMILLION, fontsize=13, fontweight="bold", transform=first.transAxes)
    _changes(bars, change)
    energies.plot([0, 1], [of_formula] * 2, "s--", color=GREY, markersize=8, label="from the composition")
    energies.plot([0, 1], of_structure, "o-", color=BLUE, markersize=8, label="from the structure")
    energies.set_xticks([0, 1], list(structures))
    every = [of_formula, *of_structure]
    span = max(every) - min(every)
    energies.set(xlim=(-0.45, 1.45), ylim=(min(every) - 0.25 * span, max(every) + 0.75 * span))
    energies.legend(fontsize=LEGEND, frameon=False, loc="upper right")
    energies.tick_params(axis="x", labelsize=LABEL)
    label_axes(energies, "", "predicted formation energy (eV/atom)", "energies")
    return figure


def _crystal(ax: Axes, structure: Structure, title: str) -> None:
    """Draw the unit cell with its Ti-O bonds, seen from a slanted direction."""
    tilt, turn = np.radians(12), np.radians(28)
    around_z = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    around_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    view, cartesian = (around_x @ around_z).T, structure.lattice.get_cartesian_coords
    shifts = np.array(list(product((-1, 0, 1), repeat=3)))
    atoms = [
        (site.specie.symbol, cartesian(fraction) @ view)
        for site in structure
        for fraction in site.frac_coords + shifts
        if np.all((fraction > -0.01) & (fraction < 1.01))
    ]
    for a, b in combinations(np.array(list(product((0, 1), repeat=3))), 2):
        if np.abs(a - b).sum() == 1:
            ends = cartesian([a, b]) @ view
            ax.plot(ends[:, 0], ends[:, 2], color=GREY, linewidth=0.8, zorder=-100)
    for (a, start), (b, end) in combinations(atoms, 2):
        _bond(ax, a, start, b, end)
    for symbol, (x, depth, z) in atoms:
        colour = BLUE if symbol == "Ti" else VERMILLION
        shape = Circle((x, z), RADIUS[symbol], facecolor=colour, edgecolor="black", linewidth=0.6, zorder=-depth)
        ax.add_patch(shape)
    x, _, z = cartesian([0.5, 0.5, 0.5]) @ view
    ax.set(xlim=(x - HALF[0], x + HALF[0]), ylim=(z - HALF[1], z + HALF[1]), aspect="equal")
    ax.set_axis_off()
    ax.set_title(title, fontsize=TITLE)


def _bond(ax: Axes, a: str, start: Floats, b: str, end: Floats) -> None:
    length = np.linalg.norm(end - start)
    if a != b and length < LONGEST_BOND:
        unit = (end - start) / length
        x, depth, z = np.transpose([start + 0.8 * RADIUS[a] * unit, end - 0.8 * RADIUS[b] * unit])
        ax.plot(x, z, color="#404040", linewidth=2.2, zorder=-depth.mean())


def _changes(ax: Axes, change: Mapping[str, tuple[str, float]]) -> None:
    for kind, colour in (("composition", GREY), ("structure", BLUE)):
        own = {i: value for i, (one, value) in enumerate(change.values()) if one == kind}
        ax.barh(list(own), list(own.values()), color=colour, height=0.62, label=f"of the {kind}")
    span = max(abs(value) for _, value in change.values())
    for i, (_, value) in enumerate(change.values()):
        number = "0" if value == 0 else f"{value:+.0f} %".replace("-", "\N{MINUS SIGN}")
        at = value + np.copysign(0.03 * span, value)
        ax.text(at, i, number, va="center", ha="left" if value >= 0 else "right", fontsize=TICKS)
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set_yticks(range(len(change)), list(change))
    ax.set(xlim=(-1.4 * span, 1.75 * span), ylim=(len(change) - 0.4, -2.6))
    ax.legend(fontsize=LEGEND, frameon=False, loc="upper right")
    label_axes(ax, "anatase against rutile (%)", "", "descriptors")


SCHEME = [
    (8.6, "start: a learned vector per element", r"$h_i^{(0)} = e(Z_i)$", ORANGE),
    (6.1, "messages from the neighbours", r"$m_i = \sum_{j \in N(i)} \phi(h_i, h_j, d_{ij})$", SKY),
    (3.6, "update by a small MLP, several layers", r"$h_i \leftarrow \mathrm{MLP}(h_i, m_i)$", SKY),
    (1.1, "average over the cell, last MLP", r"$E / \mathrm{atom} = \mathrm{MLP}(\frac{1}{n} \sum_i h_i)$", GREEN),
]


def graph_network() -> Figure:
    """Draw a titanium atom that collects messages from its neighbours, and the steps of a graph network."""
    figure = new_figure(10, 3.9)
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.35])
    left.set_axis_off()
    angles = np.radians([90, 150, 210, 270, 330, 30])
    around = np.column_stack([np.cos(angles), np.sin(angles)])
    for near, far in zip(1.35 * around, 2.35 * around, strict=True):
        left.plot(*np.transpose([near, far]), color=GREY, linewidth=1.4, zorder=0)
        style = {"arrowstyle": "-|>", "color": BLUE, "linewidth": 2.2, "mutation_scale": 16}
        left.annotate("", tuple(0.36 * near), tuple(near), arrowprops=style)
        _atom(left, near, "O", VERMILLION, "white")
        _atom(left, far, "Ti", SKY, "black")
    _atom(left, np.zeros(2), "Ti", BLUE, "white", 0.36)
    for x, y, text in ((0.62, 0.03, "$i$"), (1.5, 0.33, "$j$"), (0.62, 0.62, "$d_{ij}$")):
        left.text(x, y, text, fontsize=12.5, va="center", ha="center")
    left.set(xlim=(-2.75, 2.75), ylim=(-2.7, 2.7), aspect="equal")
    right.set_axis_off()
    right.set(xlim=(0, 10), ylim=(0, 10))
    for i, (y, name, formula, colour) in enumerate(SCHEME):
        shape = "round,pad=0,rounding_size=0.25"
        right.add_patch(FancyBboxPatch((0.2, y - 0.85), 9.6, 1.7, boxstyle=shape, facecolor=colour, alpha=0.22))
        right.text(0.5, y, name, va="center", fontsize=10.5)
        right.text(9.6, y, formula, va="center", ha="right", fontsize=12.5)
        if i:
            ends = (5, y + 1.65), (5, y + 0.85)
            right.add_patch(FancyArrowPatch(*ends, arrowstyle="-|>", mutation_scale=14, color="black"))
    return figure


def _atom(ax: Axes, at: Floats, symbol: str, colour: str, text: str, radius: float = 0.27) -> None:
    x, y = float(at[0]), float(at[1])
    ax.add_patch(Circle((x, y), radius, facecolor=colour, edgecolor="black", linewidth=0.8, zorder=3))
    ax.text(x, y, symbol, ha="center", va="center", color=text, fontsize=11, fontweight="bold", zorder=4)
