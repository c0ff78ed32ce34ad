"""Levels of trust: what is expected of an answer's error, in one word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from formation_mlp.typing import Bools, Floats

NAMES = ("high", "medium", "low")
LEVELS = (0.045, 0.11)
"""eV/atom: an expected error up to the first is high trust, up to the second medium, above it low."""


@dataclass(frozen=True, slots=True)
class Level:
    """One level of trust.

    Attributes
    ----------
    name : ``high``, ``medium`` or ``low``
    up_to : the largest expected absolute error of the level, eV/atom; None for the last
    mean_error : the mean absolute error of the rows of this level on which the model was examined, eV/atom
    """

    name: str
    up_to: float | None
    mean_error: float

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def trust_of(size: Floats, is_flagged: Bools, levels: Sequence[Level]) -> list[str]:
    """Return the level of each row: by its expected absolute error ``[n]``, and the lowest where it is flagged ``[n]``.

    Examples
    --------
    >>> levels = [Level("high", 0.05, 0.02), Level("medium", 0.1, 0.07), Level("low", None, 0.2)]
    >>> trust_of(np.array([0.01, 0.06, 0.01]), np.array([False, False, True]), levels)
    ['high', 'medium', 'low']
    """
    ends = [level.up_to for level in levels if level.up_to is not None]
    place = np.where(is_flagged, len(levels) - 1, np.searchsorted(ends, size))
    return [levels[i].name for i in place.tolist()]


def levels_of(size: Floats, error: Floats) -> tuple[Level, ...]:
    """Return the levels with the mean absolute errors that rows had, from expected sizes ``[n]`` and errors ``[n]``.

    A level without rows has the middle of its range.
    """
    place = np.searchsorted(LEVELS, size)
    guess = (LEVELS[0] / 2, sum(LEVELS) / 2, 2 * LEVELS[1])
    means = [float(np.abs(error[place == i]).mean()) if (place == i).any() else guess[i] for i in range(len(NAMES))]
    return tuple(
        Level(name, up_to, round(mean, 4)) for name, up_to, mean in zip(NAMES, (*LEVELS, None), means, strict=True)
    )


def meaning(levels: Sequence[Level]) -> str:
    """Return in words what the levels mean."""
    ends = [f"up to {level.up_to:g}" if level.up_to is not None else "above" for level in levels]
    told = ", ".join(f"{level.name} ({end})" for level, end in zip(levels, ends, strict=True))
    errors = ", ".join(f"{level.mean_error:.2g}" for level in levels)
    return f"{told} by the expected error; held-out rows of these levels were off by {errors} eV/atom on average"
