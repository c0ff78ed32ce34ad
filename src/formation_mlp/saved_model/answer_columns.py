"""From what a model answers to the columns of a table: one home for the command line and for data frames."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from formation_mlp.errors import CheckpointError, ConfigError
from formation_mlp.materials.inputs import ReadMaterials
from formation_mlp.saved_model.columns import PROBABILITY, Columns
from formation_mlp.saved_model.predictions import Predictions
from formation_mlp.targets.task import Task
from formation_mlp.typing import Floats
from formation_mlp.units import EV_PER_ATOM, check_per_atom, from_ev_per_atom

LEVEL = 0.9
"""Of the intervals that are given without being asked for, where the model has them."""

ALL_SCALES = "all"
"""Asks for a prediction on each energy scale of the model."""


class AnsweringModel(ABC):
    """What answers for materials that are read already: `formation_mlp.saved_model.predictor.Predictor`."""

    task: Task

    @property
    @abstractmethod
    def scales(self) -> tuple[str, ...]:
        """The energy scales on which the model answers; none if it does not say."""

    @property
    @abstractmethod
    def scale(self) -> str:
        """The energy scale on which it answers if none is asked for, or an empty text."""

    @abstractmethod
    def interval_reason(self, level: float = 0.9, scale: str | None = None, population: str | None = None) -> str:
        """Return why there are no intervals at ``level``, or an empty text; scale and population by default its own."""

    @abstractmethod
    def predict_numbers(self, read: ReadMaterials, scale: str | None = None) -> Predictions:
        """Predict inputs that are already read, without a look at the training rows."""

    @abstractmethod
    def predict_read(
        self,
        read: ReadMaterials,
        *,
        level: float | None = None,
        scale: str | None = None,
        population: str | None = None,
    ) -> Predictions:
        """Predict inputs that are already read, with intervals, domain and trust."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of every row.

    Attributes
    ----------
    level : of the intervals; None for 0.9 where the model has intervals, and none elsewhere
    unit : of energies, per atom; None for eV/atom
    strict : whether a row that is out of the model's depth has an error instead of a number
    scale : energy scale of the answers, or `ALL_SCALES`; None for that of the model
    population : for which the intervals are meant, see `formation_mlp.saved_model.predictor.Predictor.predict_rows`
    dashes : before the names of these things in messages, where they are options of a command
    """

    level: float | None = None
    unit: str | None = None
    strict: bool = False
    scale: str | None = None
    population: str | None = None
    dashes: str = ""

    @property
    def main_scale(self) -> str | None:
        """The scale of the column ``prediction``, or None for that of the model."""
        return None if self.scale == ALL_SCALES else self.scale


def unit_of(model: AnsweringModel, asked: Asked, name: str) -> str:
    """Return the unit of the answers of a model, which messages call ``name``.

    Raises
    ------
    ConfigError
        If the unit is unknown, or asked of a probability.
    """
    if asked.unit is not None:
        check_per_atom(asked.unit, f"{asked.dashes}unit")
    if not model.task.is_classification:
        return asked.unit or EV_PER_ATOM
    if asked.unit is not None:
        raise ConfigError(
            f"{asked.dashes}unit: {name} predicts a probability, which has no unit. Leave {asked.dashes}unit out."
        )
    return PROBABILITY


def columns_of(
    model: AnsweringModel, read: ReadMaterials, asked: Asked, name: str, with_symmetry: bool = False
) -> Columns:
    """Return all columns of the answers of a model to ``n`` materials, in no particular order.

    Parameters
    ----------
    model
        That answers.
    read
        The materials.
    asked
        What is asked of each.
    name
        Of the model, for messages.
    with_symmetry
        Whether the space group of each structure is told.

    Raises
    ------
    ConfigError
        If the unit or the scale is not one of the model's.
    CheckpointError
        If the model lacks what the level or ``strict`` takes.
    """
    unit, found = unit_of(model, asked, name), _found(model, read, asked, asked.main_scale, name)
    n = len(found.labels)
    columns: Columns = {"formula": found.labels, "unit": [unit] * n}
    if found.scale:
        columns["scale"] = [found.scale] * n
    columns |= _of_structures(read, with_symmetry)
    numbers = {"prediction": found.values, "std": found.std, **_ends(found), "expected_error": found.expected_error}
    for column, values in numbers.items():
        if values is not None:
            columns[column] = _in_unit(values, found.errors, asked.unit)
    if found.trust is not None:
        columns["trust"] = found.trust
    if found.population is not None:
        columns["population"] = found.population
    columns |= _of_domain(found)
    return columns | {"warning": found.warnings, "error": found.errors} | _further(model, read, asked, name)


def _found(model: AnsweringModel, read: ReadMaterials, asked: Asked, scale: str | None, name: str) -> Predictions:
    has_intervals = asked.level is None and not model.interval_reason(LEVEL, scale, asked.population)
    wanted = LEVEL if has_intervals else asked.level
    found = model.predict_read(read, level=wanted, scale=scale, population=asked.population)
    return _refused_where_flagged(found, name) if asked.strict else found


def _ends(found: Predictions) -> dict[str, Floats | None]:
    return {} if found.level is None else {f"lo{100 * found.level:g}": found.lo, f"hi{100 * found.level:g}": found.hi}


def _of_structures(read: ReadMaterials, with_symmetry: bool) -> Columns:
    structures = read.materials.structures
    if structures is None:
        return {}
    columns: Columns = {"sites": np.where(structures.n_sites > 0, structures.n_sites.astype(np.float64), np.nan)}
    if with_symmetry:
        from formation_mlp.features.structure.symmetry import space_groups

        columns["space_group"] = space_groups(structures)
    return columns


def _of_domain(found: Predictions) -> Columns:
    domain = found.domain
    if domain is None:
        return {}
    columns: Columns = {
        "unseen_elements": domain.unseen,
        "rare_elements": domain.rare,
        "distance_percentile": domain.distance,
        "charge_balanced": domain.charge_balanced,
        "unknown_states": domain.unknown_states,
    }
    return columns if domain.density is None else columns | {"density": domain.density}


def _further(model: AnsweringModel, read: ReadMaterials, asked: Asked, name: str) -> Columns:
    """Return predictions on the other energy scales of the model with their intervals, where all are asked for."""
    if asked.scale != ALL_SCALES:
        return {}
    if not model.scales:
        raise ConfigError(f"{asked.dashes}scale {ALL_SCALES}: {name} does not say on which energy scale it answers.")
    columns: Columns = {}
    for scale in model.scales:
        if scale != model.scale:
            found = _found(model, read, asked, scale, name)
            for which, values in {"": found.values, **_ends(found)}.items():
                if values is not None:
                    columns[f"{scale}_{which}" if which else scale] = _in_unit(values, found.errors, asked.unit)
    return columns


def _in_unit(values: Floats, errors: Sequence[str], unit: str | None) -> Floats:
    """Return energies in the unit that is asked for, NaN where there is an error."""
    energies = np.where(np.array([bool(error) for error in errors], bool), np.nan, values)
    return energies if unit is None else from_ev_per_atom(energies, unit)


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
