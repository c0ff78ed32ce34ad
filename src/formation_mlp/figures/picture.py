"""A figure with the words that go with it."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.figure import Figure


@dataclass(frozen=True)
class Picture:
    """A figure with the words that go with it.

    Attributes
    ----------
    name : of its files, without ending
    figure : to be drawn
    alt : what it shows, for those who cannot see it
    caption : how to read it
    """

    name: str
    figure: Figure
    alt: str
    caption: str
