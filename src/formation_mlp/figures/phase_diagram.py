"""Phase diagrams at zero temperature: the convex hull of formation energies of two or three elements."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from formation_mlp.figures.label_choice import named_points
from formation_mlp.figures.labels import Marks, formula_label, place_labels
from formation_mlp.figures.style import (
    BLUE,
    LABEL,
    LEGEND,
    SHADES,
    TICKS,
    TITLE,
    VERMILLION,
    label_axes,
    new_figure,
    plain,
)
from formation_mlp.hulls.facets import lower_facets, tie_lines
from formation_mlp.typing import Bools, Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT = 3**0.5 / 2
"""Of a triangle with sides of length one."""
WORTH_A_LOOK = 200.0
"""meV/atom: colours end here at the latest, since what lies higher above the hull is hardly ever made."""
SMALLEST, LARGEST = 16.0, 90.0
"""Areas of marks, in square points, for compounds that cannot be stable, and for those that surely are."""
TOUCHES = 1e-6
"""Sides of the triangle: a point nearer than this lies on a side."""
ON_HULL = 46.0
"""Area of the marks of elements, and of what is on the hull where no chances are told."""
_SHADES = LinearSegmentedColormap.from_list("above the hull", SHADES)
_HALO = [withStroke(linewidth=2.5, foreground="white")]


def phase_diagram(
    elements: Sequence[str],
    fractions: Floats,
    energies: Floats,
    formulas: Sequence[str],
    above_hull: Floats,
    on_hull: Bools | None = None,
    title: str | None = None,
    known: Bools | None = None,
    chance: Floats | None = None,
) -> Figure:
    """Draw the phases of two elements, energy against composition, or of three, in a Gibbs triangle.

    Phases on the hull are filled and joined by tie lines, other ones coloured by how far above they lie. What lies
    below the hull of others, of which it is no part, is a diamond. The elements, at energy zero, are added. Known
    compounds are filled, new ones hollow; the larger a mark, the greater the chance that the compound is stable.
    Fifteen compounds on the hull at most are named, see `named_points`, as far as there is room.

    Parameters
    ----------
    elements : symbols, ``[k]``, k two or three: from left to right, the third on top
    fractions : atomic fractions of the compounds, ``[n, k]``
    energies : formation energies in eV/atom, ``[n]``
    formulas : names, ``[n]``
    above_hull : energies above the hull in eV/atom, ``[n]``
    on_hull : whether a compound is a corner of the hull, ``[n]``; by default if it is not above it
    title : above the picture
    known : whether a compound is known, ``[n]``; all are filled if None
    chance : to lie on the hull, ``[n]``, NaN where it is not told; marks have one size if None

    Raises
    ------
    ValueError
        If there are not two or three elements, or the arrays do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> shares = np.array([[0.5, 0.5], [0.25, 0.75]])
    >>> figure = phase_diagram(["A", "B"], shares, np.array([-1.0, -0.3]), ["AB", "AB3"], np.array([-1.0, 0.2]))
    >>> figure.axes[0].get_xlabel()
    'x in A$_{1-x}$B$_{x}$ (share of the atoms)'
    """
    k, n = len(elements), len(formulas)
    if k not in (2, 3) or fractions.shape != (n, k) or not n == len(energies) == len(above_hull):
        raise ValueError(
            f"expected two or three elements and n rows of all arrays, found {k} elements, fractions "
            f"{fractions.shape}, {len(energies)} energies, {n} formulas and {len(above_hull)} energies above the hull"
        )
    on_hull = above_hull <= 0 if on_hull is None else on_hull
    corners = np.vstack([np.eye(k), fractions[on_hull]])
    levels = np.concatenate([np.zeros(k), energies[on_hull]])
    lines = tie_lines(lower_facets(corners, levels))
    below = ~on_hull & (above_hull < 0)
    above = ~on_hull & ~below
    place = _on_triangle if k == 3 else _on_plane
    spots, new = place(corners, levels), place(fractions[below], energies[below])
    figure = new_figure(7.4, 5.9) if k == 3 else new_figure(7.0, 4.6)
    ax = figure.add_subplot()
    if k == 3:
        _draw_triangle(ax, elements, spots)
    else:
        _draw_axes(ax, elements, energies)
    for first, second in lines:
        ax.plot(*spots[[first, second]].T, color="black", linewidth=1.0, zorder=3)
    filled = np.ones(n, np.bool_) if known is None else known
    sizes = SMALLEST + (LARGEST - SMALLEST) * np.nan_to_num(np.full(n, 0.5) if chance is None else chance, nan=0.5)
    of_hull = np.concatenate(
        [np.full(k, ON_HULL), np.full(on_hull.sum(), ON_HULL) if chance is None else sizes[on_hull]]
    )
    _draw_hull(ax, spots, np.concatenate([np.ones(k, np.bool_), filled[on_hull]]), of_hull, known is not None)
    if below.any():
        style: dict[str, Any] = {"marker": "D", "color": VERMILLION, "edgecolors": "black", "linewidths": 0.6}
        ax.scatter(new[:, 0], new[:, 1], s=34, zorder=7, label="below that hull", **style)
    if above.any():
        parts = filled[above], None if chance is None else sizes[above]
        _draw_above(ax, place(fractions[above], energies[above]), 1000 * above_hull[above], *parts)
    ax.legend(fontsize=LEGEND, frameon=False, loc="upper left" if k == 3 else "best")
    if title:
        ax.set_title(plain(textwrap.fill(title, 72)), fontsize=TITLE, pad=10)
    along = np.linspace(0, 1, 60)[:, None]
    drawn = [spots[first] * (1 - along) + spots[second] * along for first, second in lines]
    points = place(fractions, energies)
    avoid = np.vstack([np.repeat(np.vstack([spots, points]), 4, axis=0), *drawn])
    named = named_points(on_hull, below, known, chance)
    outward = _outward(points[named]) if k == 3 else np.tile([0.0, -1.0], (len(named), 1))
    texts = [formula_label(formulas[row]) for row in named]
    marks = Marks(np.vstack([spots, points[~on_hull]]), np.sqrt(np.concatenate([of_hull, sizes[~on_hull]])) / 2)
    place_labels(ax, points[named], texts, outward, avoid, marks, fontsize=TICKS, path_effects=_HALO, zorder=8)
    return figure


def _on_triangle(fractions: Floats, _energies: Floats) -> Floats:
    return np.column_stack([fractions[:, 1] + fractions[:, 2] / 2, HEIGHT * fractions[:, 2]])


def _on_plane(fractions: Floats, energies: Floats) -> Floats:
    return np.column_stack([fractions[:, 1], energies])


def _draw_triangle(ax: Axes, elements: Sequence[str], spots: Floats) -> None:
    ax.set_aspect("equal")
    ax.axis("off")
    ax.set_xlim(-0.09, 1.09)
    ax.set_ylim(-0.09, HEIGHT + 0.08)
    ax.plot(*spots[[0, 1, 2, 0]].T, color="black", linewidth=1.6, zorder=3)
    for symbol, (x, y), (dx, dy) in zip(elements, spots[:3], [(-0.045, -0.03), (0.045, -0.03), (0, 0.05)], strict=True):
        ax.text(x + dx, y + dy, symbol, fontsize=13, weight="bold", ha="center", va="center")


def _draw_axes(ax: Axes, elements: Sequence[str], energies: Floats) -> None:
    low, high = float(energies.min(initial=-0.05)), float(energies.max(initial=0.0))
    ax.axhline(0, color="grey", linewidth=0.6, zorder=1)
    ax.set_xlim(-0.03, 1.03)
    ax.set_ylim(low - 0.13 * (high - low), high + 0.06 * (high - low))
    label_axes(ax, "", "formation energy (eV/atom)", None)
    ax.set_xlabel(f"x in {elements[0]}$_{{1-x}}${elements[1]}$_{{x}}$ (share of the atoms)", fontsize=LABEL)


def _draw_hull(ax: Axes, spots: Floats, filled: Bools, sizes: Floats, are_told_apart: bool) -> None:
    """Draw the corners of the hull, ``spots [k + n, 2]``, elements first: known ones filled, new ones hollow."""
    name = "known, on the hull" if are_told_apart else "on the hull"
    style: dict[str, Any] = {"edgecolors": "black", "linewidths": 0.8, "zorder": 6}
    x, y = spots.T
    ax.scatter(x[filled], y[filled], s=sizes[filled], color=BLUE, label=name, **style)
    if not filled.all():
        style |= {"edgecolors": VERMILLION, "linewidths": 1.8}
        ax.scatter(x[~filled], y[~filled], s=sizes[~filled], facecolors="white", label="new, on the hull", **style)


def _draw_above(ax: Axes, places: Floats, above: Floats, filled: Bools, sizes: Floats | None) -> None:
    """Draw what is not stable, coloured by meV/atom above the hull, the lowest on top; new compounds are hollow."""
    top = min(max(float(above.max()), 10.0), WORTH_A_LOOK)
    order = np.argsort(-above)
    x, y = places[order].T
    colours = _SHADES(np.clip(above[order] / top, 0, 1))
    faces = np.where(filled[order, None], colours, 1.0)
    edges = np.where(filled[order, None], [0.0, 0.0, 0.0, 1.0], colours)
    shown = np.where(above[order] > top, 9, 16) if sizes is None else sizes[order]
    style: dict[str, Any] = {"edgecolors": edges, "linewidths": np.where(filled[order], 0.3, 1.3)}
    ax.scatter(x, y, s=shown, facecolors=faces, zorder=4, **style)
    scale = ScalarMappable(Normalize(0.0, top), _SHADES)
    bar = ax.figure.colorbar(scale, ax=ax, shrink=0.75, pad=0.02, extend="max" if above.max() > top else "neither")
    bar.set_label("energy above the hull (meV/atom)", fontsize=TICKS)
    bar.ax.tick_params(labelsize=TICKS)
    if filled.all():
        ax.scatter([], [], s=16, color="grey", edgecolors="black", linewidths=0.3, label="above the hull")
        return
    if filled.any():
        ax.scatter([], [], s=16, color="grey", edgecolors="black", linewidths=0.3, label="known, above it")
    ax.scatter([], [], s=16, facecolors="white", edgecolors="grey", linewidths=1.3, label="new, above it")
    if sizes is not None:
        for share in (0.1, 0.9):
            s = SMALLEST + (LARGEST - SMALLEST) * share
            ax.scatter(
                [], [], s=s, facecolors="none", edgecolors="grey", linewidths=1.0, label=f"size: p_stable {share:g}"
            )


def _outward(places: Floats) -> Floats:
    """Return the direction out of the triangle for what lies on a side, none for what lies inside, ``[n, 2]``."""
    directions = np.zeros_like(places)
    for normal in np.array([[0, -1], [HEIGHT, 0.5], [-HEIGHT, 0.5]]):
        on_side = np.abs((places - [0.5, HEIGHT / 3]) @ normal - HEIGHT / 3) < TOUCHES
        directions[on_side] = normal
    return directions
