"""Labels of points that do not hide one another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from formation_mlp.figures.style import plain
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DIRECTIONS = np.array([[np.cos(turn), np.sin(turn)] for turn in np.arange(16) * np.pi / 8])
DISTANCES = (6.0, 12.0, 20.0, 30.0, 42.0, 56.0)
"""Between a point and the edge of its label, in points of type."""
NEAR = 12.0
"""A label farther than this is joined to its point by a line."""


def formula_label(formula: str) -> str:
    """Return a formula with its numbers set low, as mathtext.

    Examples
    --------
    >>> formula_label("Fe2O3")
    'Fe$_{2}$O$_{3}$'
    """
    return re.sub(r"(\d+(?:\.\d+)?)", r"$_{\1}$", plain(formula))


def place_labels(ax: Axes, places: Floats, labels: Sequence[str], outward: Floats, avoid: Floats, **style: Any) -> int:
    """Write labels beside points, each where it hides least: near, outwards, away from labels, points and lines.

    The panel must have its final limits, and all else must be drawn: its layout is settled here. The first labels
    choose their places first; one that finds none which is free of other labels, of the legend, of other panels and of
    the frame is left out.

    Parameters
    ----------
    ax : the panel
    places : of the points, in its coordinates, ``[n, 2]``
    labels : ``[n]``
    outward : the direction in which each label would rather stand, of length one or zero, ``[n, 2]``
    avoid : places that a label should not hide, in the panel's coordinates, ``[m, 2]``
    style : of the text

    Returns
    -------
    int
        How many labels were left out.
    """
    figure: Any = ax.figure
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    points, hidden = ax.transData.transform(places), ax.transData.transform(avoid)
    frame = np.asarray((ax.bbox if ax.axison else figure.bbox).extents)
    boxes, scale, left_out = _taken(ax), figure.dpi / 72, 0
    for place, point, label, direction in zip(places, points, labels, outward, strict=True):
        text = ax.annotate(label, place, (0, 0), textcoords="offset points", ha="center", va="center", **style)
        extent = _extent(text)
        half = (extent[2:] - extent[:2]) / 2 + 1
        found, best = np.inf, (0.0, direction)
        for distance, towards in product(DISTANCES, DIRECTIONS):
            box = _box(point, half, distance * scale, towards)
            hides = int(np.sum(np.all((hidden > box[:2]) & (hidden < box[2:]), axis=1)))
            overlap = sum(_overlap(box, other) for other in boxes) + _outside(box, frame)
            cost = 3 * hides + distance - 6 * float(direction @ towards)
            if not overlap and cost < found:
                found, best = cost, (distance, towards)
        if found == np.inf:
            text.remove()
            left_out += 1
            continue
        distance, towards = best
        boxes.append(_box(point, half, distance * scale, towards))
        text.set_position(tuple(towards * (distance + _reach(half, towards) / scale)))
        if distance > NEAR:
            ends = np.array([point, point + towards * distance * scale])
            ax.plot(*ax.transData.inverted().transform(ends).T, color="black", linewidth=0.5, zorder=5)
    return left_out


def _taken(ax: Axes) -> list[Floats]:
    """Return the boxes of a picture that no label may touch: texts, the legend, and other panels."""
    legend = ax.get_legend()
    others: list[Any] = [panel for panel in ax.figure.axes if panel is not ax]
    panels = [np.asarray(panel.get_tightbbox().extents) for panel in others]
    return [_extent(text) for text in ax.texts] + ([] if legend is None else [_extent(legend)]) + panels


def _box(point: Floats, half: Floats, distance: float, towards: Floats) -> Floats:
    """Return the corners of a label of some half width and height whose edge is so far from a point."""
    centre = point + towards * (distance + _reach(half, towards))
    return np.concatenate([centre - half, centre + half])


def _extent(text: Any) -> Floats:
    extent: Floats = np.asarray(text.get_window_extent().extents)
    return extent


def _reach(half: Floats, towards: Floats) -> float:
    """Return how far the edge of a box is from its centre in a direction."""
    return float(np.min(half / np.maximum(np.abs(towards), 1e-9)))


def _overlap(a: Floats, b: Floats) -> float:
    width, height = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    return float(max(width, 0) * max(height, 0))


def _outside(box: Floats, frame: Floats) -> float:
    """Return how far a box sticks out of a frame."""
    return float(np.maximum(frame[:2] - box[:2], 0).sum() + np.maximum(box[2:] - frame[2:], 0).sum())
