"""What `predict` answers: one table of rows, from one model or two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from formation_mlp.errors import ConfigError
from formation_mlp.prediction.inputs import Query
from formation_mlp.saved_model.answer_columns import ALL_SCALES, LEVEL, Asked, columns_of, unit_of
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.saved_model.columns import Columns, ordered, texts
from formation_mlp.saved_model.named import NamedModel
from formation_mlp.trust.error_model import HYPOTHETICAL, KNOWN, POPULATIONS
from formation_mlp.trust.levels import meaning, meaning_without_levels
from formation_mlp.trust.own_rows import OWN

__all__ = ["ALL_SCALES", "LEVEL", "Answers", "answer"]


@dataclass(frozen=True, slots=True)
class Answers:
    """Predictions of ``n`` rows in the order of the question.

    Attributes
    ----------
    columns : name to texts, or to numbers with NaN where there are none, ``[n]``
    unit : of the numbers
    models : those that answered
    scale : energy scale that was asked for, or None
    notes : what holds for all rows, such as what the levels of trust mean
    sorted_by : column that orders the rows; empty where that is the question
    """

    columns: Columns
    unit: str
    models: list[NamedModel]
    scale: str | None = None
    notes: tuple[str, ...] = ()
    sorted_by: str = ""

    def __len__(self) -> int:
        return len(self.columns["formula"])

    @property
    def n_failed(self) -> int:
        """Number of rows without a prediction."""
        return sum(map(bool, self.columns["error"]))

    def surest(self, n: int) -> Answers:
        """Return the ``n`` rows with the smallest expected errors, the smallest first, and a note that says so.

        Rows without a prediction or an expected error are none of them.

        Raises
        ------
        ConfigError
            If the model expects no errors.
        """
        errors = np.asarray(self.columns.get("expected_error", []), np.float64)
        if not np.isfinite(errors).any():
            raise ConfigError(
                "--surest: the model expects no errors: it is a classifier, or has too few val rows. Leave "
                "--surest out, or take another model."
            )
        order = np.argsort(errors, kind="stable")[: min(n, int(np.isfinite(errors).sum()))]
        columns: Columns = {
            name: values[order] if isinstance(values, np.ndarray) else [values[row] for row in order.tolist()]
            for name, values in self.columns.items()
        }
        note = f"rows: the {len(order):,} of {len(self):,} with the smallest expected_error, the smallest first"
        return replace(self, columns=columns, notes=(*self.notes, note), sorted_by="expected_error")

    def rows(self, names: Sequence[str], digits: int) -> Iterator[tuple[str, ...]]:
        """Yield the cells of each row as texts."""
        return zip(*(texts(name, self.columns[name], digits) for name in names), strict=True)


def answer(
    queries: Sequence[Query],
    ids: Sequence[str] | None = None,
    *,
    level: float | None = None,
    unit: str | None = None,
    strict: bool = False,
    scale: str | None = None,
    population: str | None = None,
) -> Answers:
    """Predict the materials of all queries.

    Parameters
    ----------
    queries
        Of one model each.
    ids
        Names of the rows, if they have any.
    level
        Of the intervals; by default 0.9 where a model has intervals, and none elsewhere.
    unit
        Of energies, per atom; eV/atom by default.
    strict
        Whether a row that is out of a model's depth has an error instead of a number.
    scale
        Energy scale of the answers, or `ALL_SCALES`; by default that of each model.
    population
        ``known``, ``hypothetical`` or ``own``, for which the intervals are meant; see `Predictor.predict_rows`.

    Raises
    ------
    ConfigError
        If the unit is unknown, or is asked of a probability; or a model does not answer on the scale.
    CheckpointError
        If a model lacks what the level or ``strict`` takes.
    """
    asked = Asked(level, unit, strict, scale, population, dashes="--")
    units = {unit_of(query.model.predictor, asked, query.model.name) for query in queries}
    if len(units) != 1:
        raise ConfigError(f"the models answer in different units: {', '.join(sorted(units))}. Ask one at a time.")
    merged = _merged([_columns(query, asked) for query in queries], [query.rows for query in queries])
    if ids is not None:
        merged = {"id": list(ids), **merged}
    models = {query.model.name: query.model for query in queries}
    if len(models) == 1:
        del merged["model"]
    notes = tuple(dict.fromkeys(note for query in queries for note in _notes(query, asked)))
    return Answers(ordered(merged), units.pop(), list(models.values()), asked.main_scale, notes)


def _columns(query: Query, asked: Asked) -> Columns:
    name = query.model.name
    return columns_of(query.model.predictor, query.read, asked, name, query.are_named) | {
        "model": [name] * len(query.read.labels)
    }


def _notes(query: Query, asked: Asked) -> list[str]:
    """Return what a reader must know of the intervals and of the levels of trust."""
    predictor = query.model.predictor
    errors, own = predictor.checkpoint.errors, predictor.checkpoint.own
    elsewhere = own is not None and asked.scale == ALL_SCALES and own.scale != predictor.scale
    notes = [f"{own.scale}: {own.said()}"] if own is not None and elsewhere else []
    is_own = own is not None and predictor.intervals.population(asked.population, asked.main_scale) == OWN
    if errors is None and predictor.intervals.tells_errors:
        notes.append(f"trust: {_meaning_without_levels(predictor.checkpoint, is_own)}")
    if own is not None and is_own:
        return [
            *notes,
            *([f"trust: {meaning(own.levels)}"] if own.levels else []),
            f"intervals: for {POPULATIONS[OWN]}",
        ]
    if errors is None:
        return notes
    notes.append(f"trust: {meaning(errors.levels, asked.main_scale or predictor.scale)}")
    if predictor.intervals.tells_populations:
        told = asked.population or f"{KNOWN} if databases list the formula, else {HYPOTHETICAL}"
        meant = "; ".join(f"{name}: {POPULATIONS[name]}" for name in (KNOWN, HYPOTHETICAL))
        notes.append(f"population of the intervals: {told} ({meant})")
    return notes


def _meaning_without_levels(model: Checkpoint, is_own: bool) -> str:
    """Return what trust means for a model without an error model, by its val rows or by its user's own rows."""
    calibration = model.calibration
    n_val = 0 if calibration is None else len(calibration.scores)
    n_rows = model.own.n_rows if is_own and model.own is not None else n_val
    has_difficulty = calibration is not None and calibration.difficulty is not None
    return meaning_without_levels(n_rows, len(model.members), has_difficulty)


def _merged(parts: Sequence[Columns], rows: Sequence[Sequence[int]]) -> Columns:
    """Put the rows of several tables in their places; a column that a table lacks is empty there."""
    if len(parts) == 1:
        return dict(parts[0])
    n = sum(map(len, rows))
    merged: Columns = {}
    for name in dict.fromkeys(name for part in parts for name in part):
        known = [part.get(name) for part in parts]
        numbers = any(isinstance(values, np.ndarray) for values in known)
        column: Any = np.full(n, np.nan) if numbers else [""] * n
        for values, places in zip(known, rows, strict=True):
            for place, value in zip(places, () if values is None else values, strict=values is not None):
                column[place] = value
        merged[name] = column
    return merged
