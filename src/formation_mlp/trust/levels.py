"""Levels of trust: what is expected of an answer's error, in one word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formation_mlp.typing import Bools, Floats

NAMES = ("high", "medium", "low")
LEVELS = (0.045, 0.11)
"""eV/atom: an expected error up to the first is high trust, up to the second medium, above it low."""
ENOUGH = 30
"""Rows of a level on an energy scale, from which on its mean error there is stated beside that of all scales."""


@dataclass(frozen=True, slots=True)
class Level:
    """One level of trust.

    Attributes
    ----------
    name : ``high``, ``medium`` or ``low``
    up_to : the largest expected absolute error of the level, eV/atom; None for the last
    mean_error : the mean absolute error of the rows of this level on which the model was examined, eV/atom
    by_scale : the same on single energy scales, of those that had enough rows of the level

    Examples
    --------
    >>> level = Level("high", 0.045, 0.027, {"measured": 0.044})
    >>> level.error_on("measured"), level.error_on("mp2020")
    (0.044, 0.027)
    """

    name: str
    up_to: float | None
    mean_error: float
    by_scale: dict[str, float] = field(default_factory=dict)

    def error_on(self, scale: str) -> float:
        """Return the mean absolute error on an energy scale, or that of all scales if its own is not known, eV/atom."""
        return self.by_scale.get(scale, self.mean_error)

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        plain = asdict(self)
        return plain if self.by_scale else {key: value for key, value in plain.items() if key != "by_scale"}


def trust_of(size: Floats, is_flagged: Bools, levels: Sequence[Level] = ()) -> list[str]:
    """Return the level of each row: by its expected absolute error ``[n]``, and the lowest where it is flagged ``[n]``.

    Without levels of the model, on which its errors were measured, the usual ones are taken: they end at `LEVELS`.

    Examples
    --------
    >>> levels = [Level("high", 0.05, 0.02), Level("medium", 0.1, 0.07), Level("low", None, 0.2)]
    >>> trust_of(np.array([0.01, 0.06, 0.01]), np.array([False, False, True]), levels)
    ['high', 'medium', 'low']
    """
    ends = [level.up_to for level in levels if level.up_to is not None] if levels else LEVELS
    names = [level.name for level in levels] or NAMES
    place = np.where(is_flagged, len(names) - 1, np.searchsorted(ends, size))
    return [names[i] for i in place.tolist()]


def levels_of(size: Floats, error: Floats, scale: NDArray[np.str_] | None = None) -> tuple[Level, ...]:
    """Return the levels with the mean absolute errors that rows had, on all energy scales and on each.

    A level without rows has the middle of its range.

    Parameters
    ----------
    size, error : expected absolute errors and errors, eV/atom, ``[n]``
    scale : energy scale of each, ``[n]``; None if there are not several

    Examples
    --------
    >>> scale = np.repeat(["mp2020", "measured"], 50)
    >>> high, *_ = levels_of(np.full(100, 0.03), np.repeat([0.02, -0.04], 50), scale)
    >>> high.mean_error, high.by_scale
    (0.03, {'measured': 0.04, 'mp2020': 0.02})
    """
    place, off = np.searchsorted(LEVELS, size), np.abs(error)
    guess = (LEVELS[0] / 2, sum(LEVELS) / 2, 2 * LEVELS[1])
    names = [] if scale is None else np.unique(scale).tolist()
    found = []
    for i, up_to in enumerate((*LEVELS, None)):
        rows = place == i
        on_scale = {name: off[rows & (scale == name)] for name in names}
        by_scale = {name: round(float(some.mean()), 4) for name, some in on_scale.items() if len(some) >= ENOUGH}
        mean = float(off[rows].mean()) if rows.any() else guess[i]
        found.append(Level(NAMES[i], up_to, round(mean, 4), by_scale))
    return tuple(found)


def meaning_without_levels(n_val: int, n_members: int, has_difficulty: bool = False) -> str:
    """Return in words what trust means for a model of few val rows, of which no level has a mean error of its own.

    With a difficulty (`formation_mlp.trust.difficulty.Difficulty`), more than members or elements tells the error.

    Examples
    --------
    >>> print(meaning_without_levels(150, 3))
    high (up to 0.045), medium (up to 0.11), low (above, or flagged) by the expected error: how far the 3 members \
disagree, in proportion to the errors of 150 held-out rows
    >>> print(meaning_without_levels(40, 1).partition(": ")[2])
    the mean error of the held-out rows (40) with as many elements
    >>> print(meaning_without_levels(150, 3, has_difficulty=True).partition(": ")[2])
    learned from 150 held-out rows by the spread of the 3 members, the distance to the training rows and the energy
    """
    how = f"the mean error of the held-out rows ({n_val:,}) with as many elements"
    if has_difficulty:
        spread = f"the spread of the {n_members} members, " if n_members > 1 else ""
        joined = "the distance to the training rows and the energy"
        how = f"learned from {n_val:,} held-out rows by {spread}{joined}"
    elif n_members > 1:
        how = f"how far the {n_members} members disagree, in proportion to the errors of {n_val:,} held-out rows"
    high, medium, low = NAMES
    told = f"{high} (up to {LEVELS[0]:g}), {medium} (up to {LEVELS[1]:g}), {low} (above, or flagged)"
    return f"{told} by the expected error: {how}"


def meaning(levels: Sequence[Level], scale: str = "") -> str:
    """Return in words what the levels mean, with the errors on an energy scale if there is one.

    Examples
    --------
    >>> print(meaning([Level("high", 0.045, 0.027, {"measured": 0.044}), Level("low", None, 0.29)], "measured"))
    high (up to 0.045), low (above) by the expected error; held-out rows of these levels were off by 0.044, 0.29 \
eV/atom on average
    """
    ends = [f"up to {level.up_to:g}" if level.up_to is not None else "above" for level in levels]
    told = ", ".join(f"{level.name} ({end})" for level, end in zip(levels, ends, strict=True))
    errors = ", ".join(f"{level.error_on(scale):.2g}" for level in levels)
    return f"{told} by the expected error; held-out rows of these levels were off by {errors} eV/atom on average"
