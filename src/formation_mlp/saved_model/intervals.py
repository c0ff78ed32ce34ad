"""How far the answers of a model may be off: for which compounds its intervals are meant, and where they end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.elements import ATOMIC_NUMBER, SYMBOLS
from formation_mlp.errors import ConfigError
from formation_mlp.registry import lookup
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.trust.difficulty import Hints
from formation_mlp.trust.error_inputs import Asked
from formation_mlp.trust.error_model import HYPOTHETICAL, KNOWN, POPULATIONS, ErrorModel, Errors, Singles, group_name
from formation_mlp.trust.levels import Level
from formation_mlp.trust.listed import are_listed
from formation_mlp.trust.own_rows import OWN, OwnRows
from formation_mlp.trust.unseen_elements import widened
from formation_mlp.typing import Bools, Floats

if TYPE_CHECKING:
    from formation_mlp.chemistry.compositions import Compositions


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a model.

    Attributes
    ----------
    level : share of the truths that the intervals are to hold, or None
    place : of the energy scale among those of the model
    population : for which the intervals are meant; empty leaves it to each compound
    """

    level: float | None = None
    place: int = 0
    population: str = ""


@dataclass(frozen=True, slots=True)
class Off:
    """How far ``n`` predictions may be off.

    Attributes
    ----------
    below, above : ends of the intervals, from the predictions, eV/atom, ``[n]``; NaN without a level
    size : mean absolute error to expect, eV/atom, ``[n]``; NaN if nothing tells
    is_hypothetical : whether the compound counts as one that nobody has made, ``[n]``
    """

    below: Floats
    above: Floats
    size: Floats
    is_hypothetical: Bools


class Intervals:
    """What a model file tells of the errors of its predictions.

    Parameters
    ----------
    checkpoint
        The file.
    scale
        The energy scale on which the model answers if none is asked for, or an empty text.

    Examples
    --------
    >>> from formation_mlp import load
    >>> intervals = load("composition").intervals
    >>> intervals.tells_populations, intervals.reason(0.9)
    (True, '')
    """

    def __init__(self, checkpoint: Checkpoint, scale: str) -> None:
        self._checkpoint, self._scale = checkpoint, scale
        self._errors, self._calibration, self._own = checkpoint.errors, checkpoint.calibration, checkpoint.own
        self._is_classification = checkpoint.config["task"]["type"] == "classification"
        self._is_seen = np.zeros(len(SYMBOLS), np.bool_)
        self._is_seen[[ATOMIC_NUMBER[symbol] for symbol in checkpoint.training_elements]] = True

    @property
    def tells_populations(self) -> bool:
        """Whether the intervals for hypothetical compounds differ from those for known ones."""
        return self._errors is not None and any(group.endswith(HYPOTHETICAL) for group in self._errors.groups)

    @property
    def tells_errors(self) -> bool:
        """Whether each row has an expected error, from an error model or from the errors of enough val rows."""
        return self._errors is not None or (self._calibration is not None and self._calibration.tells_errors)

    @property
    def asks_position(self) -> bool:
        """Whether they depend on where a row lies among the training rows."""
        calibration = self._calibration
        return self._errors is not None or (calibration is not None and calibration.difficulty is not None)

    def own_rows(self, scale: str | None = None) -> OwnRows | None:
        """Return what the model learned from rows of its user on a scale, by default its own; None if from none."""
        own = self._own
        return own if own is not None and own.scale == (self._scale if scale is None else scale) else None

    def population(self, asked: str | None, scale: str | None = None) -> str:
        """Return the population that the intervals on a scale are meant for; empty leaves it to each compound.

        If none is asked for, it is that of the rows by which the user calibrated the model, if there are any.

        Raises
        ------
        ConfigError
            If there is no such population, or the model does not know it on this scale.
        """
        if asked is not None:
            lookup(POPULATIONS, asked, "population", "population")
        own = self.own_rows(scale)
        if own is not None and asked in (None, OWN):
            return OWN
        if asked == OWN:
            known = self._own
            where = "" if known is None else f"; it was on the scale {known.scale}"
            raise ConfigError(
                f"population: the model was not calibrated by own rows{' on this scale' * (known is not None)}{where}. "
                "Leave the population out, or calibrate the model by rows of yours: formation-mlp calibrate."
            )
        if asked == HYPOTHETICAL and not self.tells_populations:
            raise ConfigError(
                "population: the model does not tell hypothetical compounds from known ones: all its rows are of one "
                "kind. Leave the population out."
            )
        return asked or ("" if self.tells_populations else KNOWN)

    def reason(self, level: float, scale: str | None = None, population: str | None = None) -> str:
        """Return why there are no intervals at ``level``, or an empty text; scale and population by default its own."""
        if self._is_classification:
            return "the model is a classifier: its probabilities say themselves how sure it is"
        own = self.own_rows(scale)
        if own is not None and self.population(population, scale) == OWN:
            return own.reason(level)
        if self._errors is not None:
            return self._errors.reason(level)
        if self._calibration is None:
            return (
                "the model file does not hold the errors on the validation rows. It is of an older format, a single "
                "member of an ensemble, or of a run that did not finish; train again"
            )
        return self._calibration.reason(level)

    def levels(self, population: str) -> tuple[Level, ...]:
        """Return what the levels of trust mean for a population; none without an error model, see `trust_of`."""
        if self._own is not None and population == OWN:
            return self._own.levels
        return () if self._errors is None else self._errors.levels

    def of(
        self,
        question: Question,
        compositions: Compositions,
        position: tuple[Singles, Singles] | None,
        answers: Floats,
        std: Floats | None,
    ) -> Off:
        """Return how far predictions may be off.

        Parameters
        ----------
        question
            What is asked.
        compositions
            Of the rows, ``[n]``.
        position
            Where they lie among the training rows, see `formation_mlp.trust.domain.Domain.position`; None if that is
            not known or not asked, which leaves errors untold if they depend on it (`asks_position`).
        answers
            Mean of the members, not shifted, on each energy scale of the model, ``[n]`` or ``[n, s]``.
        std
            Standard deviation of the members, ``[n]``; None with one member.
        """
        n = len(compositions)
        if self._errors is not None and position is not None:
            return self._of_error_model(self._errors, question, compositions, position, answers.reshape(n, -1))
        return self._of_val_rows(question, compositions, self._unit(question, position, answers, std))

    def _unit(
        self, question: Question, position: tuple[Singles, Singles] | None, answers: Floats, std: Floats | None
    ) -> Floats:
        """Return the unit of the errors of each row without an error model, ``[n]``; NaN if it is not known."""
        n, calibration = len(answers), self._calibration
        if calibration is None:
            return np.ones(n)
        if calibration.difficulty is None:
            return calibration.unit(std, n)
        if position is None:
            return np.full(n, np.nan)
        return calibration.difficulty.size(Hints(std, position[1], answers.reshape(n, -1)[:, question.place]))

    def _of_val_rows(self, question: Question, compositions: Compositions, unit: Floats) -> Off:
        """Return how far predictions may be off without an error model: as far as val rows or own rows were."""
        level, n_elements, calibration = question.level, compositions.n_elements, self._calibration
        half_width = size = np.full(len(compositions), np.nan)
        if self._own is not None and question.population == OWN:
            if calibration is not None:
                size = self._own.expected_error(unit)
            if level is not None:
                half_width = self._own.half_width(level, unit)
        elif calibration is not None:
            size = calibration.expected_error(unit, n_elements)
            if level is not None:
                half_width = calibration.half_width(level, unit, n_elements)
        below, above, size = widened(-half_width, half_width, size, level, compositions, self._is_seen)
        return Off(below, above, size, np.zeros(len(compositions), np.bool_))

    def _of_error_model(
        self,
        model: ErrorModel,
        question: Question,
        compositions: Compositions,
        position: tuple[Singles, Singles],
        answers: Floats,
    ) -> Off:
        n, own, scales = len(answers), self._own, self._checkpoint.target.scales
        is_own = own is not None and question.population == OWN
        is_hypothetical = np.full(n, question.population == HYPOTHETICAL)
        if not question.population or (is_own and self.tells_populations):
            is_hypothetical = ~are_listed(compositions, model.listed)
        asked = Asked(compositions, *position, answers, np.full(n, question.place), is_hypothetical)
        errors = model.errors(asked)
        below, above, size = np.full((3, n), np.nan)
        scale = scales[question.place] if scales else ""
        if is_own and own is not None:
            size = model.sizes(errors, group_name(scale, KNOWN)) * own.size_factor
            if question.level is not None:
                above = own.half_width(question.level, (errors.high - errors.low) / 2)
                below = -above
            below, above, size = widened(below, above, size, question.level, compositions, model.is_seen)
            return Off(below, above, size, is_hypothetical)
        for population, rows in ((KNOWN, ~is_hypothetical), (HYPOTHETICAL, is_hypothetical)):
            some, group = Errors(*(column[rows] for column in errors)), group_name(scale, population)
            size[rows] = model.sizes(some, group)
            if question.level is not None:
                below[rows], above[rows] = model.ends(question.level, some, group)
        below, above, size = widened(below, above, size, question.level, compositions, model.is_seen)
        return Off(below, above, size, is_hypothetical)
