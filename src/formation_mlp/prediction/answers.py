"""What `predict` answers: one table of rows, from one model or two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from formation_mlp.errors import CheckpointError, ConfigError
from formation_mlp.prediction.columns import Columns, ordered, texts
from formation_mlp.prediction.inputs import Query
from formation_mlp.saved_model.named import PROBABILITY, NamedModel
from formation_mlp.saved_model.predictions import Predictions
from formation_mlp.trust.error_model import HYPOTHETICAL, KNOWN, POPULATIONS
from formation_mlp.trust.levels import meaning
from formation_mlp.trust.own_rows import OWN
from formation_mlp.typing import Floats
from formation_mlp.units import EV_PER_ATOM, check_per_atom, from_ev_per_atom

LEVEL = 0.9
"""Of the intervals that are given without being asked for, where the model has them."""

ALL_SCALES = "all"
"""Asks for a prediction on each energy scale of the model."""


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
    """

    columns: Columns
    unit: str
    models: list[NamedModel]
    scale: str | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.columns["formula"])

    @property
    def n_failed(self) -> int:
        """Number of rows without a prediction."""
        return sum(map(bool, self.columns["error"]))

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
    if unit is not None:
        check_per_atom(unit, "--unit")
    units = {_unit(query, unit) for query in queries}
    if len(units) != 1:
        raise ConfigError(f"the models answer in different units: {', '.join(sorted(units))}. Ask one at a time.")
    asked = Asked(level, unit, strict, None if scale == ALL_SCALES else scale, population)
    parts = [_columns(query, asked) | _further(query, asked, scale) for query in queries]
    merged = _merged(parts, [query.rows for query in queries])
    if ids is not None:
        merged = {"id": list(ids), **merged}
    models = {query.model.name: query.model for query in queries}
    if len(models) == 1:
        del merged["model"]
    notes = tuple(dict.fromkeys(note for query in queries for note in _notes(query, asked, scale)))
    return Answers(ordered(merged), units.pop(), list(models.values()), asked.scale, notes)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of every row, see `answer`."""

    level: float | None
    unit: str | None
    strict: bool
    scale: str | None
    population: str | None


def _unit(query: Query, unit: str | None) -> str:
    if not query.model.predictor.task.is_classification:
        return unit or EV_PER_ATOM
    if unit is not None:
        raise ConfigError(f"--unit: {query.model.name} predicts a probability, which has no unit. Leave --unit out.")
    return PROBABILITY


def _found(query: Query, asked: Asked, scale: str | None) -> Predictions:
    predictor = query.model.predictor
    has_intervals = asked.level is None and not predictor.interval_reason(LEVEL, scale, asked.population)
    wanted = LEVEL if has_intervals else asked.level
    found = predictor.predict_read(query.read, level=wanted, scale=scale, population=asked.population)
    return _refused_where_flagged(found, query.model.name) if asked.strict else found


def _notes(query: Query, asked: Asked, scale: str | None) -> list[str]:
    """Return what a reader must know of the intervals and of the levels of trust."""
    predictor = query.model.predictor
    errors, own = predictor.checkpoint.errors, predictor.checkpoint.own
    elsewhere = own is not None and scale == ALL_SCALES and own.scale != predictor.scale
    notes = [f"{own.scale}: {own.said()}"] if own is not None and elsewhere else []
    if own is not None and predictor.intervals.population(asked.population, asked.scale) == OWN:
        return [
            *notes,
            *([f"trust: {meaning(own.levels)}"] if own.levels else []),
            f"intervals: for {POPULATIONS[OWN]}",
        ]
    if errors is None:
        return notes
    notes.append(f"trust: {meaning(errors.levels)}")
    if predictor.intervals.tells_populations:
        told = asked.population or f"{KNOWN} if databases list the formula, else {HYPOTHETICAL}"
        meant = "; ".join(f"{name}: {POPULATIONS[name]}" for name in (KNOWN, HYPOTHETICAL))
        notes.append(f"population of the intervals: {told} ({meant})")
    return notes


def _further(query: Query, asked: Asked, scale: str | None) -> Columns:
    """Return predictions on the other energy scales of the model with their intervals, where all are asked for."""
    predictor = query.model.predictor
    if scale != ALL_SCALES:
        return {}
    if not predictor.scales:
        raise ConfigError(f"--scale {ALL_SCALES}: {query.model.name} does not say on which energy scale it answers.")
    columns: Columns = {}
    for name in predictor.scales:
        if name != predictor.scale:
            found = _found(query, asked, name)
            ends = {} if found.level is None else {"lo": found.lo, "hi": found.hi}
            for which, values in {"": found.values, **ends}.items():
                if values is not None:
                    percent = "" if found.level is None or not which else f"{100 * found.level:g}"
                    column = f"{name}_{which}{percent}" if which else name
                    columns[column] = _in_unit(values, found.errors, asked.unit)
    return columns


def _in_unit(values: Floats, errors: Sequence[str], unit: str | None) -> Floats:
    """Return energies in the unit that is asked for, NaN where there is an error."""
    energies = np.where(np.array([bool(error) for error in errors], bool), np.nan, values)
    return energies if unit is None else from_ev_per_atom(energies, unit)


def _columns(query: Query, asked: Asked) -> Columns:
    unit, found = asked.unit, _found(query, asked, asked.scale)
    n = len(found.labels)
    ends = {} if found.level is None else {f"lo{100 * found.level:g}": found.lo, f"hi{100 * found.level:g}": found.hi}
    columns: Columns = {"formula": found.labels, "unit": [_unit(query, unit)] * n, "model": [query.model.name] * n}
    if found.scale:
        columns["scale"] = [found.scale] * n
    structures = query.read.materials.structures
    if structures is not None:
        columns["sites"] = np.where(structures.n_sites > 0, structures.n_sites.astype(np.float64), np.nan)
        if query.are_named:
            from formation_mlp.features.structure.symmetry import space_groups

            columns["space_group"] = space_groups(structures)
    numbers = {"prediction": found.values, "std": found.std, **ends, "expected_error": found.expected_error}
    for name, values in numbers.items():
        if values is not None:
            columns[name] = _in_unit(values, found.errors, unit)
    if found.trust is not None:
        columns["trust"] = found.trust
    if found.population is not None:
        columns["population"] = found.population
    if found.domain is not None:
        columns |= {
            "unseen_elements": found.domain.unseen,
            "rare_elements": found.domain.rare,
            "distance_percentile": found.domain.distance,
            "charge_balanced": found.domain.charge_balanced,
            "unknown_states": found.domain.unknown_states,
        }
        if found.domain.density is not None:
            columns["density"] = found.domain.density
    return columns | {"warning": found.warnings, "error": found.errors}


def _refused_where_flagged(found: Predictions, name: str) -> Predictions:
    """Return the predictions with an error wherever the model is out of its depth."""
    if found.domain is None:
        raise CheckpointError(
            f"--strict: the model {name} does not know how far its training rows reach. "
            "It was trained by an older version of formation_mlp; train again."
        )
    errors = list(found.errors)
    for i in np.flatnonzero(found.domain.flagged):
        errors[i] = errors[i] or f"refused by --strict: {found.warnings[i]}"
    return replace(found, errors=errors)


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
