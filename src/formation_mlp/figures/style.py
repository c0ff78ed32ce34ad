"""What all figures share: colours, sizes, labels, and how one is written."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from formation_mlp.system.files import write_bytes
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes


# The palette of M. Okabe and K. Ito, "Color universal design" (2008), told apart by the colour-blind too.
BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
)
GREY = "#808080"
SHADES = ((0.0, "#440154"), (0.33, "#34618d"), (0.67, "#1f9a8a"), (1.0, "#8fd744"))
"""From low to high: viridis without its light end, which cannot be seen on white."""

DENSE = 2_000
"""Above this number of rows a plot counts rows in hexagons, since points would hide one another."""

TICKS, LEGEND, LABEL, TITLE = 9, 8.5, 10, 10.5
"""Sizes of text in points."""


def save_figure(figure: Figure, path: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write a figure as PNG, whole or not at all.

    Parameters
    ----------
    figure
        The figure; its own size and resolution are used.
    path
        The file.
    metadata
        Texts stored in the PNG, such as ``{"Title": ..., "Source": ...}``.

    Raises
    ------
    FormationMLPError
        If the file cannot be written.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata=dict(metadata or {}))
    write_bytes(path, buffer.getvalue())


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches, whose panels are laid out so that nothing overlaps."""
    return Figure(figsize=(width, height), dpi=150, layout="compressed")


def label_axes(ax: Axes, x: str, y: str, title: str | None) -> None:
    """Name both axes and the panel; dollar signs in names stay dollar signs."""
    ax.set_xlabel(plain(x), fontsize=LABEL)
    ax.set_ylabel(plain(y), fontsize=LABEL)
    ax.tick_params(labelsize=TICKS)
    if title:
        ax.set_title(plain(textwrap.fill(title, 48)), fontsize=TITLE)


def plain(text: str) -> str:
    """Keep a dollar sign in a user's name from starting a formula."""
    return text.replace("$", r"\$")


def short(name: str) -> str:
    """Shorten a name that would push the axes aside."""
    return plain(name if len(name) <= 32 else f"{name[:16]}...{name[-13:]}")


def finite_pair(y: Floats, prediction: Floats) -> tuple[Floats, Floats]:
    """Return both as arrays ``[n]``.

    Raises
    ------
    ValueError
        If they are empty, of different shapes, or hold a value that is not finite.
    """
    y, prediction = np.asarray(y, np.float64), np.asarray(prediction, np.float64)
    if y.ndim != 1 or y.shape != prediction.shape or not len(y):
        raise ValueError(f"expected two arrays [n] with n at least 1, found shapes {y.shape} and {prediction.shape}")
    if not (np.isfinite(y).all() and np.isfinite(prediction).all()):
        raise ValueError("a value to be drawn is not finite")
    return y, prediction


def padded_limits(values: Floats) -> tuple[float, float]:
    """Return the ends of an axis that holds all values with a margin."""
    low, high = float(values.min()), float(values.max())
    pad = 0.04 * (high - low) or 0.5
    return low - pad, high + pad


def is_dark(rgba: Sequence[float]) -> bool:
    """Return whether white text has more contrast than black: luminance below 0.18 (WCAG 2.2, gamma 2.2)."""
    return float(np.dot((0.2126, 0.7152, 0.0722), np.power(rgba[:3], 2.2))) < 0.18
