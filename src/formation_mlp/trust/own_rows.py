"""What a model learned from rows of its user: how far it is off on that kind of compounds, and a shift towards them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formation_mlp.errors import CheckpointError
from formation_mlp.quoting import counted
from formation_mlp.system.array_checks import checked_array
from formation_mlp.trust import conformal
from formation_mlp.trust.levels import Level
from formation_mlp.typing import Floats

OWN = "own"
"""The population of these rows, see `formation_mlp.trust.error_model.POPULATIONS`."""


@dataclass(frozen=True)
class OwnRows:
    """Split conformal intervals from rows of the user's own, after predictions are shifted towards them.

    An interval reaches to either side of the shifted prediction as far as a score times the unit of its row: half the
    distance of the quantiles that an error model tells, or what `formation_mlp.trust.calibration.Calibration.unit`
    says where there is none. The score of an own row is its absolute error in that unit. Rows of one formula count
    together as one: of ``m`` formulas the interval at a level takes the score up to which the rows' weights, one over
    the number of rows of their formula, add up to ``(m + 1) level`` (Dunn, Wasserman and Ramdas, JASA 118, 2491
    (2023), the pooled distribution of their section 2; with one row for each formula it is split conformal
    prediction). The promise is marginal and about compounds drawn as the own rows were, none of them a row that the
    model has learned from.

    Attributes
    ----------
    table : name of the file that held the rows
    made_from : name of the model that was calibrated
    scale : energy scale of the rows; empty if the model knows none
    shift : added to predictions on that scale, eV/atom; 0 if it did not lower the error on left-out rows
    size_factor : by which the error model's mean absolute errors are multiplied for such rows; 1 without one
    levels : what high, medium and low trust mean for such rows; empty without an error model
    scores : float32 ``[n]``, of the rows, sorted
    repeats : uint32 ``[n]``, how many rows have the formula of each

    Examples
    --------
    With scores from 0.01 to 0.99 of 99 formulas, nine of ten errors are at most 0.9 units large.

    >>> scores = np.linspace(0.01, 0.99, 99, dtype=np.float32)
    >>> own = OwnRows("own.csv", "composition", "", 0.03, 1.0, (), scores, np.ones(99, np.uint32))
    >>> own.half_width(0.9, np.array([1.0, 2.0])).round(3).tolist()
    [0.9, 1.8]
    >>> print(own.said())
    shifted by +0.030 eV/atom, calibrated on 99 rows of own.csv
    """

    table: str
    made_from: str
    scale: str
    shift: float
    size_factor: float
    levels: tuple[Level, ...]
    scores: NDArray[np.float32]
    repeats: NDArray[np.uint32]
    _by_level: dict[float, float] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def unit(cls, table: str, made_from: str, scale: str, levels: Sequence[Level]) -> OwnRows:
        """Return what makes intervals reach one unit to either side, and shifts nothing: errors are measured by it."""
        return cls(table, made_from, scale, 0.0, 1.0, tuple(levels), np.ones(1, np.float32), np.ones(1, np.uint32))

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.scores)

    @property
    def n_formulas(self) -> int:
        """Number of different reduced formulas among the rows."""
        return round(float((1 / self.repeats).sum()))

    def said(self) -> str:
        """Return in words what was done to the model."""
        shift = f"shifted by {self.shift:+.3f} eV/atom" if self.shift else "not shifted"
        return f"{shift}, calibrated on {counted(self.n_rows, 'row')} of {self.table}"

    def as_json(self) -> dict[str, str | float | int]:
        """Return what the reader of a file of predictions must know, as plain data."""
        return {
            "rows": self.n_rows,
            "formulas": self.n_formulas,
            "table": self.table,
            "made_from": self.made_from,
            "scale": self.scale,
            "shift": self.shift,
        }

    def reason(self, level: float) -> str:
        """Return why there are no intervals at ``level``, or an empty text."""
        return conformal.reason(level, self.n_formulas, "different formulas", f"{self.table} had", "calibrate")

    def half_width(self, level: float, unit: Floats) -> Floats:
        """Return how far the interval of each row reaches to either side, eV/atom, ``[n]``, from its unit ``[n]``.

        Raises
        ------
        CheckpointError
            If the level is not between 0 and 1, or too high for the number of own rows.
        """
        reason = self.reason(level)
        if reason:
            raise CheckpointError(f"no intervals: {reason}.")
        if level not in self._by_level:
            mass = (self.n_formulas + 1) * level
            self._by_level[level] = conformal.weighted_rank(self.scores.astype(np.float64), 1 / self.repeats, mass)
        return self._by_level[level] * unit

    def expected_error(self, unit: Floats) -> Floats:
        """Return the mean absolute error to expect of rows without an error model, eV/atom, from their unit ``[n]``.

        Examples
        --------
        >>> scores, once = np.array([0.1, 0.3], np.float32), np.ones(2, np.uint32)
        >>> own = OwnRows("own.csv", "composition", "", 0.0, 1.0, (), scores, once)
        >>> own.expected_error(np.array([1.0, 2.0])).round(2).tolist()
        [0.2, 0.4]
        """
        return float(np.average(self.scores.astype(np.float64), weights=1 / self.repeats)) * unit

    def dump(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return arrays and plain data, for `restore`."""
        plain = {name: getattr(self, name) for name in ("table", "made_from", "scale", "shift", "size_factor")}
        levels = [level.as_json() for level in self.levels]
        return {"scores": self.scores, "repeats": self.repeats}, {**plain, "levels": levels}

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], plain: Mapping[str, Any]) -> OwnRows:
        """Return what was dumped.

        Raises
        ------
        ValueError
            If it is something else.
        """
        if set(arrays) != {"scores", "repeats"}:
            raise ValueError(f"own: found {', '.join(arrays) or 'nothing'} in place of scores and repeats")
        scores = checked_array(arrays, "scores", np.float32, [None], 0, 1e6)
        repeats = checked_array(arrays, "repeats", np.uint32, scores.shape, 1)
        levels = tuple(Level(**level) for level in plain["levels"])
        return cls(**{**plain, "levels": levels}, scores=scores, repeats=repeats)
