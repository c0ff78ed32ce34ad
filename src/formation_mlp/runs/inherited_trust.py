"""What a model to start from knows of its own errors, for the model that a training makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from formation_mlp.runs.error_fit import OutOfSample, calibrated
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.trust.domain import Domain
from formation_mlp.trust.error_inputs import Asked
from formation_mlp.trust.error_model import KNOWN, ErrorModel, group_name
from formation_mlp.trust.levels import Level

FEWEST = 10
"""Rows by which errors that a start model expects are put on the scale of another table."""
OF_A_LEVEL = 10
"""Rows of a level of trust from which on their mean error is stated, in place of that of the start model's rows."""


@dataclass(frozen=True, slots=True)
class InheritedTrust:
    """What tells a model that was trained further how far it may be off.

    A small table has too few val rows to learn which answers are bad. The model that the training starts from has
    learned that from many, and its error model still ranks errors after the few steps of such a training: what it
    expects is only put on the scale of the val rows. To which side errors lie does not carry over: intervals reach
    equally far to both. Positions among training rows are then those of the start model.

    Attributes
    ----------
    errors : of the start model, for the energy scales of the new one
    domain : of the start model
    powers : of the start model on each of its scales that the new one answers on
    """

    errors: ErrorModel
    domain: Domain
    powers: tuple[float, ...]

    @classmethod
    def of(cls, start: Checkpoint, places: Sequence[int]) -> InheritedTrust | None:
        """Return what a start model hands on to one that answers on some of its scales; None without error model."""
        if start.errors is None or start.domain is None:
            return None
        scales = start.target.scales or ("",)
        powers = dict(zip(start.errors.groups, start.errors.powers.tolist(), strict=True))
        return cls(
            replace(start.errors.for_scales(places, len(scales)), is_symmetric=True),
            start.domain,
            tuple(powers.get(group_name(scales[place], KNOWN), 1.0) for place in places),
        )

    def calibrated(self, asked: Asked, rows: OutOfSample, groups: Sequence[str]) -> ErrorModel:
        """Return the error model with the factors of the val rows, which are all ``scored``.

        Parameters
        ----------
        asked
            The val rows.
        rows
            Their inputs and errors.
        groups
            Name of the group of known compounds on each scale of the new model, ``[s]``.
        """
        powers = dict(zip(groups, self.powers, strict=True))
        model = calibrated(self.errors, self.errors.errors(asked), rows, powers)
        size = np.empty(len(rows.error))
        for name in model.groups:
            own = rows.group == name
            size[own] = model.sizes(self.errors.errors(asked), name)[own]
        return replace(model, levels=_levels(self.errors.levels, size, rows))


def training_elements(start: Mapping[str, int], own: Mapping[str, int]) -> dict[str, int]:
    """Return in how many rows each element was seen, by the start model or after it.

    Examples
    --------
    >>> training_elements({"O": 5, "Na": 2}, {"Cl": 1, "Na": 1})
    {'O': 5, 'Na': 3, 'Cl': 1}
    """
    return {symbol: start.get(symbol, 0) + own.get(symbol, 0) for symbol in {**start, **own}}


def _levels(inherited: Sequence[Level], size: np.ndarray, rows: OutOfSample) -> tuple[Level, ...]:
    """Return the levels with the mean errors of enough val rows; all as inherited if these would not rise."""
    ends = [level.up_to for level in inherited if level.up_to is not None]
    place, off = np.searchsorted(ends, size), np.abs(rows.error)
    found = []
    for i, level in enumerate(inherited):
        own = off[place == i]
        mean = round(float(own.mean()), 4) if len(own) >= OF_A_LEVEL else level.mean_error
        found.append(Level(level.name, level.up_to, mean))
    means = [level.mean_error for level in found]
    return tuple(found) if means == sorted(means) else tuple(replace(level, by_scale={}) for level in inherited)
