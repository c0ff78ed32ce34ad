"""What figures of two classes share: their points, and a map of the probability behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from formation_mlp.figures.style import BLUE, VERMILLION
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PROBABILITY = LinearSegmentedColormap.from_list("probability", [BLUE, "#ffffff", VERMILLION])
CLASSES = ((0, BLUE, "weakly bound"), (1, VERMILLION, "strongly bound"))
"""Value, colour and name of each class."""


def scatter(ax: Axes, X: Floats, y: Floats, size: float = 10) -> None:
    """Draw compounds ``X [n, 2]`` as dots in the colours of their classes ``y [n]``."""
    for value, colour, label in CLASSES:
        x1, x2 = X[y == value].T
        ax.scatter(x1, x2, s=size, color=colour, alpha=0.65, linewidths=0, label=label)


def plane(X: Floats, n: int = 260) -> tuple[Floats, Floats, Floats]:
    """Return both axes ``[n]`` of a grid around compounds ``X [m, 2]``, and its points ``[n * n, 2]``."""
    low, high = X.min(axis=0), X.max(axis=0)
    margin = 0.04 * (high - low)
    x1, x2 = (np.linspace(a - m, b + m, n) for a, b, m in zip(low, high, margin, strict=True))
    return x1, x2, np.stack(np.meshgrid(x1, x2), axis=-1).reshape(-1, 2)


def probability_map(ax: Axes, x1: Floats, x2: Floats, values: Floats, **keys: Any) -> Any:
    """Colour a plane by the probability at the points of `plane`; return what a colour bar needs."""
    options: dict[str, Any] = {
        "cmap": PROBABILITY,
        "vmin": 0,
        "vmax": 1,
        "alpha": 0.5,
        "rasterized": True,
        "linewidth": 0,
    } | keys
    image = ax.pcolormesh(x1, x2, values.reshape(len(x2), len(x1)), **options)
    ax.set(xlim=(x1[0], x1[-1]), ylim=(x2[0], x2[-1]))
    return image
