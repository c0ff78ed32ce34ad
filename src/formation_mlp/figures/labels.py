"""Labels of points that do not hide one another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from formation_mlp.figures.style import plain
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DIRECTIONS = np.array([[np.cos(turn), np.sin(turn)] for turn in np.arange(16) * np.pi / 8])
AFTER_ALL = 1000.0
"""What it costs to be joined by a line where the label would not be nearest to its own mark."""
DISTANCES = (1.0, 2.5, 4.5, 7.0, 11.0, 16.0, 22.0, 30.0, 40.0, 52.0, 66.0)
"""Between the mark of a point and the edge of its label, in points of type."""
NEAR = 7.0
"""A label farther than this is joined to its mark by a line."""
CLEAR = 7.0
"""What a label that is not nearest to its own mark keeps from all others, in points of type."""
RADIUS = 4.0
"""Of a mark, in points of type, where none is told."""


def formula_label(formula: str) -> str:
    """Return a formula with its numbers set low, as mathtext.

    Examples
    --------
    >>> formula_label("Fe2O3")
    'Fe$_{2}$O$_{3}$'
    """
    return re.sub(r"(\d+(?:\.\d+)?)", r"$_{\1}$", plain(formula))


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of a picture, named or not.

    Attributes
    ----------
    places : in the panel's coordinates, ``[k, 2]``
    radii : in points of type, ``[k]``
    """

    places: Floats
    radii: Floats


@dataclass(frozen=True, slots=True)
class _Choice:
    """A place for a label: what it costs, its box in pixels, where the box lies from its point, and the gap between."""

    cost: float
    box: Floats
    shift: Floats
    distance: float


def place_labels(
    ax: Axes,
    places: Floats,
    labels: Sequence[str],
    outward: Floats,
    avoid: Floats,
    marks: Marks | None = None,
    **style: Any,
) -> int:
    """Write labels beside points, each where it hides least: near, outwards, away from labels, points and lines.

    The panel must have its final limits, and all else must be drawn: its layout is settled here. Labels that have few
    places choose first, then those that come first; one that finds none which is free of other labels, of the legend,
    of other panels and of the frame is left out. A label is nearer to its own mark than to any other; where there is no
    such place, it stands clear of all of them, joined to its own by a line.

    Parameters
    ----------
    ax : the panel
    places : of the points, in its coordinates, ``[n, 2]``
    labels : ``[n]``
    outward : the direction in which each label would rather stand, of length one or zero, ``[n, 2]``
    avoid : places that a label should not hide, in the panel's coordinates, ``[m, 2]``
    marks : to one of which a label might seem to belong; the points are told apart by nothing else if None
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
    around = np.zeros((0, 3)) if marks is None else _in_pixels(ax, marks)
    boxes, chosen, texts = _taken(ax), 0, []
    for place, point, label, direction in zip(places, points, labels, outward, strict=True):
        text = ax.annotate(label, place, (0, 0), textcoords="offset points", ha="center", va="center", **style)
        texts.append((text, point, _choices(ax, text, point, direction, hidden, around, boxes)))
    for text, point, choices in sorted(texts, key=lambda one: sum(choice.cost < AFTER_ALL / 2 for choice in one[2])):
        free = (choice for choice in choices if not any(_overlap(choice.box, box) for box in boxes))
        choice = next(free, None)
        if choice is None:
            text.remove()
            continue
        chosen += 1
        boxes.append(choice.box)
        _settle(ax, text, point, choice)
    return len(texts) - chosen


def _choices(
    ax: Axes, text: Any, point: Floats, outward: Floats, hidden: Floats, around: Floats, boxes: list[Floats]
) -> list[_Choice]:
    """Return the places of a label in the frame that are free of what is drawn already, the best first."""
    figure: Any = ax.figure
    frame = np.asarray((ax.bbox if ax.axison else figure.bbox).extents)
    extent, scale, found = _extent(text), figure.dpi / 72, []
    half = (extent[2:] - extent[:2]) / 2 + 1
    is_own = np.abs(around[:, :2] - point).max(axis=1, initial=0) < 0.5
    radius = around[is_own, 2].max(initial=0 if is_own.any() else RADIUS * scale)
    for distance, towards in product(DISTANCES, DIRECTIONS):
        shift = towards * (radius + distance * scale + _reach(half, towards))
        box = np.concatenate([point + shift - half, point + shift + half])
        if _outside(box, frame) or any(_overlap(box, other) for other in boxes):
            continue
        (own,), others = _gaps(box, np.append(point, radius)[None]), _gaps(box, around[~is_own])
        belongs = own < others.min(initial=np.inf)
        if own < 0 or not (belongs or _is_joined(box, point, others / scale, distance, around[~is_own])):
            continue
        hides = int(np.sum(np.all((hidden > box[:2]) & (hidden < box[2:]), axis=1)))
        cost = 3 * hides + distance - 6 * float(outward @ towards)
        found.append(_Choice(cost if belongs else AFTER_ALL + cost, box, shift, distance))
    return sorted(found, key=lambda choice: choice.cost)


def _is_joined(box: Floats, point: Floats, gaps: Floats, distance: float, others: Floats) -> bool:
    """Return whether a label far from its mark is clear of others, with a line to its mark that passes none of them."""
    if distance <= NEAR or gaps.min(initial=np.inf) < CLEAR:
        return False
    along = np.linspace(0, 1, 30)[:, None]
    line = point * (1 - along) + np.clip(point, box[:2], box[2:]) * along
    apart = np.linalg.norm(line[:, None] - others[None, :, :2], axis=2)
    return bool((apart > others[:, 2] + 1).all())


def _settle(ax: Axes, text: Any, point: Floats, choice: _Choice) -> None:
    """Move a label to its place, joined to its point by a line if it is far away."""
    figure: Any = ax.figure
    text.set_position(tuple(choice.shift / (figure.dpi / 72)))
    if choice.distance > NEAR:
        ends = np.array([point, np.clip(point, choice.box[:2], choice.box[2:])])
        ax.plot(*ax.transData.inverted().transform(ends).T, color="black", linewidth=0.5, zorder=5)


def _in_pixels(ax: Axes, marks: Marks) -> Floats:
    """Return the places and radii of marks in pixels, ``[k, 3]``."""
    figure: Any = ax.figure
    return np.column_stack([ax.transData.transform(marks.places), marks.radii * figure.dpi / 72])


def _taken(ax: Axes) -> list[Floats]:
    """Return the boxes of a picture that no label may touch: texts, the legend, and other panels."""
    legend = ax.get_legend()
    others: list[Any] = [panel for panel in ax.figure.axes if panel is not ax]
    panels = [np.asarray(panel.get_tightbbox().extents) for panel in others]
    return [_extent(text) for text in ax.texts] + ([] if legend is None else [_extent(legend)]) + panels


def _extent(text: Any) -> Floats:
    extent: Floats = np.asarray(text.get_window_extent().extents)
    return extent


def _reach(half: Floats, towards: Floats) -> float:
    """Return how far the edge of a box is from its centre in a direction."""
    return float(np.min(half / np.maximum(np.abs(towards), 1e-9)))


def _overlap(a: Floats, b: Floats) -> float:
    width, height = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    return float(max(width, 0) * max(height, 0))


def _gaps(box: Floats, marks: Floats) -> Floats:
    """Return how far the edges of marks, places and radii, are from a box, ``[n]``."""
    apart = np.maximum(np.maximum(box[:2] - marks[:, :2], marks[:, :2] - box[2:]), 0)
    gaps: Floats = np.linalg.norm(apart, axis=1) - marks[:, 2]
    return gaps


def _outside(box: Floats, frame: Floats) -> float:
    """Return how far a box sticks out of a frame."""
    return float(np.maximum(frame[:2] - box[:2], 0).sum() + np.maximum(box[2:] - frame[2:], 0).sum())
