"""The intervals that a model gives to the rows of a run, at several levels, with features made once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.features.engine.table import featurize
from formation_mlp.materials.records import Materials
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.saved_model.intervals import Intervals, Question
from formation_mlp.saved_model.predictions import Predictions
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.typing import Bools, Floats

LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Levels of the intervals that are drawn."""


@dataclass(frozen=True, slots=True)
class IntervalEnds:
    """The intervals of ``n`` rows at ``k`` levels, those that `predict` gives.

    Attributes
    ----------
    levels : share of the truths that they promise to hold, rising, ``[k]``
    low, high : their ends, eV/atom, ``[k, n]``
    """

    levels: tuple[float, ...]
    low: Floats
    high: Floats

    @property
    def width(self) -> Floats:
        """From end to end, eV/atom, ``[k, n]``."""
        found: Floats = self.high - self.low
        return found

    def holds(self, y: Floats) -> Bools:
        """Return whether the truths ``[n]``, eV/atom, lie inside, ``[k, n]``."""
        return (self.low <= y) & (y <= self.high)

    def nearest(self, level: float) -> int:
        """Return the place of the level that is nearest to this one."""
        return min(range(len(self.levels)), key=lambda k: abs(self.levels[k] - level))


def interval_ends(predictor: Predictor, materials: Materials, answers: Predictions) -> IntervalEnds | None:
    """Return the intervals of rows that a model has predicted, or None with less than two levels.

    Parameters
    ----------
    predictor
        The model.
    materials
        The rows.
    answers
        What it answers to them, without intervals.
    """
    levels = [level for level in LEVELS if not predictor.interval_reason(level)]
    if len(levels) < 2:
        return None
    compositions, position = materials.compositions, None
    on_scales = answers.values
    if predictor.intervals.asks_position and predictor.checkpoint.domain is not None:
        X = featurize(materials, predictor.features).X
        position, on_scales = predictor.position(X), predictor.on_all_scales(X, compositions)
    place, population = predictor.place_of(None), predictor.intervals.population(None)
    questions = [Question(level, place, population) for level in levels]
    off = [predictor.intervals.of(one, compositions, position, on_scales, answers.std) for one in questions]
    low, high = np.array([one.below for one in off]), np.array([one.above for one in off])
    if predictor.scales and materials.structures is None:
        low[:, compositions.n_elements == 1] = high[:, compositions.n_elements == 1] = 0.0  # zero by definition
    return IntervalEnds(tuple(levels), answers.values + low, answers.values + high)


def ends_by_formula(model: Checkpoint, compositions: Compositions, prediction: Floats) -> IntervalEnds | None:
    """Return the intervals where the rows are gone; None where they follow more than the formula.

    Parameters
    ----------
    model
        The model.
    compositions
        Of the rows, ``[n]``.
    prediction
        Of the rows, eV/atom, ``[n]``.
    """
    intervals = Intervals(model, "")
    if len(model.members) > 1 or intervals.asks_position:
        return None
    levels = [level for level in LEVELS if not intervals.reason(level)]
    if len(levels) < 2:
        return None
    off = [intervals.of(Question(level), compositions, None, prediction, None) for level in levels]
    low, high = np.array([one.below for one in off]), np.array([one.above for one in off])
    return IntervalEnds(tuple(levels), prediction + low, prediction + high)
