"""How far predictions were off on the val rows, turned into intervals that hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formation_mlp.errors import CheckpointError
from formation_mlp.system.array_checks import checked_array
from formation_mlp.trust import conformal
from formation_mlp.trust.difficulty import FEWEST, Difficulty, Hints
from formation_mlp.typing import Floats, Ints

MOST_ELEMENTS = 5
"""Compounds of this many elements, or more, are one group."""
GROUP = 10
"""Rows of the smallest group that has a quantile of its own."""


@dataclass(frozen=True)
class Calibration:
    """Normalised split conformal intervals (Papadopoulos et al., ICTAI 2008; Lei et al., JASA 113, 1094 (2018)).

    The score of a val row is its absolute error in a unit of its own. An interval reaches to either side as far as the
    ``ceil((n + 1) level)``-th smallest of ``n`` scores, times the unit of its own row. For rows drawn as the val rows
    were, it holds the truth with a probability of at least ``level``, however wrong the units are.

    The unit is the `Difficulty` of a row, from `formation_mlp.trust.difficulty.FEWEST` val rows on. Each score is then
    in the unit that the other rows give to its row, for the promise to hold. With fewer rows, and in files of earlier
    versions, the unit is what the members disagree by, ``std + beta``, and each number of elements has its own quantile
    (Mondrian conformal prediction, Vovk et al., Algorithmic Learning in a Random World, 2005); groups of few rows join
    a neighbour.

    Not covered by the theorem is that the same rows chose the best epoch and the shares of the members. These are few
    numbers for many rows; of a few dozen val rows the errors are too small.

    Attributes
    ----------
    beta : eV/atom, added to the standard deviation of the members; 1 for a single member, whose intervals are
        equally wide within a group, and 1 with a difficulty, which needs none
    scores : float32 ``[n]``, of the val rows, ordered by group and size
    n_elements : uint8 ``[n]``, groups of the val rows: their numbers of elements, at most `MOST_ELEMENTS`; 0 with a
        difficulty, which makes one group of all
    difficulty : what the units are from; None if they are from ``beta``

    Examples
    --------
    With errors from 0.01 to 0.99 eV/atom on 99 val rows, nine of ten lie within 0.9 eV/atom.

    >>> errors, binary = np.linspace(0.01, 0.99, 99), np.full(99, 2)
    >>> calibration = Calibration.fit(errors, None, binary)
    >>> calibration.half_width(0.9, calibration.unit(None, 1), np.array([2])).round(3).tolist()
    [0.9]
    """

    beta: float
    scores: NDArray[np.float32]
    n_elements: NDArray[np.uint8]
    difficulty: Difficulty | None = None
    _by_level: dict[float, Floats] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.beta) and self.beta > 0):
            raise ValueError(f"calibration: beta is {self.beta}")
        if self.scores.ndim != 1 or self.scores.shape != self.n_elements.shape or not len(self.scores):
            raise ValueError(f"calibration: {self.scores.shape} scores of {self.n_elements.shape} rows")
        if not np.isfinite(self.scores).all() or self.n_elements.max() > MOST_ELEMENTS:
            raise ValueError("calibration: a score is not finite, or a row has too many elements")

    @classmethod
    def fit(cls, error: Floats, std: Floats | None, n_elements: Ints) -> Calibration:
        """Learn from a few val rows: their units are what the members disagree by.

        Parameters
        ----------
        error
            Absolute errors ``[n]``, at least one.
        std
            Standard deviations of the members ``[n]``, or None if there is only one.
        n_elements
            Numbers of elements, ``[n]``.
        """
        groups = np.minimum(n_elements, MOST_ELEMENTS)
        beta = 1.0 if std is None else float(std.mean()) or 1.0
        scores = (error / _scale(beta, std, len(error))).astype(np.float32)
        order = np.lexsort((scores, groups))
        return cls(beta, scores[order], groups[order].astype(np.uint8))

    @classmethod
    def learned(cls, error: Floats, hints: Hints, n_elements: Ints) -> Calibration:
        """Learn from val rows, and how difficult rows are if there are enough.

        Parameters
        ----------
        error
            Absolute errors ``[n]``, at least one.
        hints
            What may tell their sizes, ``[n]``.
        n_elements
            Numbers of elements, ``[n]``.

        Examples
        --------
        >>> generator, hints = np.random.default_rng(0), Hints(None, np.linspace(0.1, 10, 99), np.full(99, -2.0))
        >>> calibration = Calibration.learned(np.abs(generator.normal(0, hints.distance)), hints, np.full(99, 2))
        >>> some = Hints(None, np.array([0.5, 5.0]), np.full(2, -2.0))
        >>> near, far = calibration.half_width(0.9, calibration.difficulty.size(some), np.array([2, 2]))
        >>> bool(far > 3 * near)
        True
        """
        if len(error) < FEWEST:
            return cls.fit(error, hints.std, n_elements)
        difficulty, left_out = Difficulty.fit(error, hints)
        scores = np.sort((error / left_out).astype(np.float32))
        return cls(1.0, scores, np.zeros(len(scores), np.uint8), difficulty)

    def reason(self, level: float) -> str:
        """Return why there are no intervals at ``level``, or an empty text."""
        return conformal.reason(level, len(self.scores))

    def half_width(self, level: float, unit: Floats, n_elements: Ints) -> Floats:
        """Return how far the interval of each row reaches to either side, eV/atom, ``[n]``.

        Parameters
        ----------
        level
            Share of the rows whose truth lies inside.
        unit
            Units of the scores, see `unit`, ``[n]``.
        n_elements
            Numbers of elements, ``[n]``.

        Raises
        ------
        CheckpointError
            If the level is not between 0 and 1, or too high for the number of val rows.

        Examples
        --------
        >>> import numpy as np
        >>> errors, binary = np.linspace(0.01, 0.99, 99), np.full(99, 2)
        >>> calibration = Calibration.fit(errors, None, binary)
        >>> calibration.half_width(0.9, calibration.unit(None, 2), np.array([2, 3])).round(3).tolist()
        [0.9, 0.9]
        """
        reason = self.reason(level)
        if reason:
            raise CheckpointError(f"no intervals: {reason}.")
        if level not in self._by_level:
            scores, groups = self.scores.astype(np.float64), self.n_elements.astype(np.int64)
            self._by_level[level] = _quantiles(scores, groups, level)
        return self._by_level[level][np.minimum(n_elements, MOST_ELEMENTS)] * unit

    @property
    def tells_errors(self) -> bool:
        """Whether there are enough val rows for an expected error of each prediction."""
        return len(self.scores) >= GROUP

    def expected_error(self, unit: Floats, n_elements: Ints) -> Floats:
        """Return the mean absolute error to expect of each row, eV/atom, ``[n]``; NaN with fewer than `GROUP` val rows.

        It is the mean score of the val rows of its group, times the unit of the row.

        Parameters
        ----------
        unit
            Units of the scores, see `unit`, ``[n]``.
        n_elements
            Numbers of elements, ``[n]``.

        Examples
        --------
        >>> errors, binary = np.linspace(0.01, 0.99, 99), np.full(99, 2)
        >>> calibration = Calibration.fit(errors, None, binary)
        >>> calibration.expected_error(calibration.unit(None, 2), np.array([2, 3])).round(3).tolist()
        [0.5, 0.5]
        """
        if not self.tells_errors:
            return np.full(len(n_elements), np.nan)
        found, groups = np.empty(MOST_ELEMENTS + 1), self.n_elements.astype(np.int64)
        for numbers in _joined(np.bincount(groups, minlength=MOST_ELEMENTS + 1), GROUP):
            found[numbers] = self.scores[np.isin(groups, numbers)].mean(dtype=np.float64)
        expected: Floats = found[np.minimum(n_elements, MOST_ELEMENTS)] * unit
        return expected

    def unit(self, std: Floats | None, n: int) -> Floats:
        """Return the unit of the scores of ``n`` rows, eV/atom, ``[n]``, from the deviations ``std [n]`` or None.

        It serves where there is no difficulty, whose `Difficulty.size` is the unit.
        """
        return _scale(self.beta, std, n)

    def dump(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return arrays and plain data, for `restore`."""
        plain: dict[str, Any] = {"beta": self.beta}
        if self.difficulty is not None:
            plain["difficulty"] = self.difficulty.dump()
        return {"scores": self.scores, "n_elements": self.n_elements}, plain

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], plain: Mapping[str, Any]) -> Calibration:
        """Return what was dumped.

        Raises
        ------
        ValueError
            If it is something else.
        """
        if set(arrays) != {"scores", "n_elements"}:
            raise ValueError(f"calibration: found {', '.join(arrays) or 'nothing'} in place of scores and n_elements")
        scores = checked_array(arrays, "scores", np.float32, [None], 0)
        groups = checked_array(arrays, "n_elements", np.uint8, scores.shape, 0, MOST_ELEMENTS)
        difficulty = plain.get("difficulty")
        return cls(plain["beta"], scores, groups, None if difficulty is None else Difficulty.restore(difficulty))


def _scale(beta: float, std: Floats | None, n: int) -> Floats:
    return np.full(n, beta) if std is None else std + beta


def _quantiles(scores: Floats, groups: Ints, level: float) -> Floats:
    """Return the quantile of the scores for each number of elements, ``[MOST_ELEMENTS + 1]``."""
    found = np.empty(MOST_ELEMENTS + 1)
    for numbers in _joined(np.bincount(groups, minlength=MOST_ELEMENTS + 1), max(GROUP, conformal.least(level))):
        own = scores[np.isin(groups, numbers)]
        place = min(conformal.rank(len(own), level), len(own)) - 1
        found[numbers] = np.partition(own, place)[place]
    return found


def _joined(counts: Ints, least: int) -> list[list[int]]:
    """Return the numbers of elements in groups: the smallest joins its smaller neighbour until all have ``least``."""
    groups, sizes = [[i] for i in range(len(counts))], counts.tolist()
    while len(groups) > 1 and min(sizes) < least:
        i = sizes.index(min(sizes))
        j = min((k for k in (i - 1, i + 1) if 0 <= k < len(groups)), key=lambda k: sizes[k])
        first, second = min(i, j), max(i, j)
        groups[first] += groups.pop(second)
        sizes[first] += sizes.pop(second)
    return groups
