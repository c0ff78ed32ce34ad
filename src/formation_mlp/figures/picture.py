"""A figure with the words that go with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from formation_mlp.typing import Floats


@dataclass(frozen=True)
class Points:
    """Dots of a figure that have names.

    Attributes
    ----------
    panel : number of the axes on which they lie
    x, y : in the coordinates of these axes, ``[n]``
    names : of the dots, such as formulas, ``[n]``, in the order in which they are stepped through
    words : what is said of each, ``[n]``
    """

    panel: int
    x: Floats
    y: Floats
    names: Sequence[str]
    words: Sequence[str]


@dataclass(frozen=True)
class Picture:
    """A figure with the words that go with it.

    Attributes
    ----------
    name : of its files, without ending
    figure : to be drawn
    alt : what it shows, for those who cannot see it
    caption : how to read it
    points : its dots by name, or None
    """

    name: str
    figure: Figure
    alt: str
    caption: str
    points: Points | None = None
