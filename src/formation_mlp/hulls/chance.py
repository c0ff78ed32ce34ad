"""How far a distance to the hull may be off, and the chance that a compound lies on the hull.

A decomposition energy is a difference of predictions whose errors partly cancel. So its uncertainty is asked of what
the members of a model answer for the whole difference, each with its own hull, and of errors that were seen: those of
compounds that neither the model nor the hull knew. A classifier that looks at the formula alone errs in other ways, and
is joined with the hull by logistic regression.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from formation_mlp.errors import CheckpointError
from formation_mlp.typing import Bools, Floats

PATH = Path(__file__).parent / "tables" / "stability_joint.json"
"""What was fitted; ``scripts/bench/unlike_stability.py --write`` makes it."""

FORMAT = 1
SHARE_OF_REACH = 0.3
"""Share of a prediction's half width that is added, in quadrature, to the spread of the members' distances."""
N_QUANTILES = 401
CLIPPED = 1e-3
"""Chances nearer to 0 or 1 than this are moved to it before they are joined."""
KNOWN_ERROR = 0.01
"""eV/atom, standard error of a distance between energies of the database: its hulls lack phases."""
PER_STANDARD_ERROR = 1.645
"""Half the width of a 90 % interval in standard errors, of normal errors."""


@dataclass(frozen=True)
class HullErrors:
    """A conformal predictive distribution (Vovk et al., Mach. Learn. 108, 445 (2019)) of decomposition energies.

    The score of a compound is the error of its decomposition energy, true less found, in units of a scale that was
    known beforehand. Where scores are distributed as those it was fitted to, the true value of a compound lies at
    or below ``found + scale * q`` with the chance that a score does at ``q``.

    Attributes
    ----------
    quantiles : of the scores, in rising order, at equal steps from 0 to 1, ``[N_QUANTILES]``

    Examples
    --------
    Of errors that are spread evenly from -1 to 1 scales, a compound half a scale above the hull is on it with 1/4.

    >>> errors = HullErrors.fit(np.linspace(-1, 1, 2001))
    >>> found, scale = np.array([0.05, -0.2]), np.array([0.1, 0.1])
    >>> errors.chance(found, scale).round(2).tolist()
    [0.25, 1.0]
    >>> [ends.round(2).tolist() for ends in errors.interval(0.9, found, scale)]
    [[-0.04, -0.29], [0.14, -0.11]]
    """

    quantiles: Floats

    @classmethod
    def fit(cls, scores: Floats) -> HullErrors:
        """Learn from scores ``[m]`` of compounds that nothing was fitted to."""
        return cls(np.quantile(scores, np.linspace(0, 1, N_QUANTILES)))

    @property
    def standard(self) -> float:
        """The standard error in units of the scale, from the 90 % interval as if errors were normal."""
        low, high = self._at([0.05, 0.95])
        return float((high - low) / 2 / PER_STANDARD_ERROR)

    def chance(self, found: Floats, scale: Floats) -> Floats:
        """Return the chance that each true decomposition energy is zero or less, ``[n]``.

        Parameters
        ----------
        found : decomposition energies in eV/atom, ``[n]``
        scale : eV/atom, above zero, ``[n]``
        """
        return np.interp(-found / scale, self.quantiles, np.linspace(0, 1, len(self.quantiles)), left=0.0, right=1.0)

    def interval(self, level: float, found: Floats, scale: Floats) -> tuple[Floats, Floats]:
        """Return the ends between which the true values lie with the chance ``level``, eV/atom, ``[n]`` each."""
        low, high = self._at([(1 - level) / 2, (1 + level) / 2])
        return found + scale * low, found + scale * high

    def _at(self, places: list[float]) -> Floats:
        return np.interp(places, np.linspace(0, 1, len(self.quantiles)), self.quantiles)


@dataclass(frozen=True)
class Joint:
    """The chance to be stable, from a classifier and from the hull: logistic regression on the logits of both.

    Attributes
    ----------
    intercept, of_classifier, of_hull : coefficients
    threshold : chance from which on a compound is called stable: the best F1 of the rows that it was fitted to

    Examples
    --------
    >>> joint = Joint(0.0, 0.5, 0.5, 0.5)
    >>> joint.chance(np.array([0.9, 0.2]), np.array([0.9, 0.8])).round(2).tolist()
    [0.9, 0.5]
    """

    intercept: float
    of_classifier: float
    of_hull: float
    threshold: float

    @classmethod
    def fit(cls, classifier: Floats, hull: Floats, is_stable: Bools) -> Joint:
        """Learn from chances by the classifier and by the hull, and whether the compounds are stable, ``[n]`` each.

        The likelihood is maximised by Newton's method.
        """
        X = np.stack([np.ones(len(hull)), logit(classifier), logit(hull)], axis=1)
        weights = np.zeros(3)
        for _ in range(50):
            chance = _logistic(X @ weights)
            step = np.linalg.solve((X.T * (chance * (1 - chance))) @ X, X.T @ (is_stable - chance))
            weights = weights + step
            if np.abs(step).max() < 1e-10:
                break
        intercept, of_classifier, of_hull = weights.tolist()
        return cls(intercept, of_classifier, of_hull, best_threshold(_logistic(X @ weights), is_stable))

    def chance(self, classifier: Floats, hull: Floats) -> Floats:
        """Return the joined chance, ``[n]``, of the chances by the classifier and by the hull, ``[n]`` each."""
        return _logistic(self.intercept + self.of_classifier * logit(classifier) + self.of_hull * logit(hull))


def best_threshold(chance: Floats, is_stable: Bools) -> float:
    """Return the chance from which on calling compounds stable has the best F1."""
    order = np.argsort(-chance, kind="stable")
    right = np.cumsum(is_stable[order])
    scores = 2 * right / (np.arange(1, len(order) + 1) + is_stable.sum())
    return float(chance[order[int(np.argmax(scores))]])


def logit(chance: Floats) -> Floats:
    """Return the logarithm of the odds, of chances between `CLIPPED` and one less that."""
    clipped = np.clip(chance, CLIPPED, 1 - CLIPPED)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _logistic(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)))


@dataclass(frozen=True)
class Fitted:
    """Errors of distances and the joint, for one kind of scale.

    Attributes
    ----------
    errors : of the distances
    joint : of classifier and hull
    """

    errors: HullErrors
    joint: Joint

    def described(self) -> dict[str, Any]:
        """Return it as plain data."""
        joint = {name: round(value, 6) for name, value in vars(self.joint).items()}
        return {"quantiles": [round(q, 4) for q in self.errors.quantiles.tolist()], "joint": joint}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Fitted:
        """Return what `described` came from."""
        quantiles = np.array(plain["quantiles"], float)
        if quantiles.ndim != 1 or len(quantiles) < 2 or not (np.diff(quantiles) >= 0).all():
            raise ValueError("quantiles: no rising numbers")
        return cls(HullErrors(quantiles), Joint(**plain["joint"]))


KINDS = ("members", "interval")
"""What a scale is made of: the spread of the members' distances and a share of the interval, or the interval alone."""


def scale_of_distance(spread: Floats | None, half_width: Floats) -> tuple[str, Floats]:
    """Return the kind of a scale, one of `KINDS`, and the scale of each distance in eV/atom, ``[n]``.

    Parameters
    ----------
    spread
        Standard deviation of the members' own decomposition energies in eV/atom, ``[n]``; None with one member.
    half_width
        Of the 90 % intervals of the predictions, eV/atom, ``[n]``.
    """
    if spread is None:
        return "interval", half_width
    return "members", np.hypot(spread, SHARE_OF_REACH * half_width)


@cache
def fitted(kind: str) -> Fitted:
    """Return what was fitted for a kind of scale.

    Raises
    ------
    CheckpointError
        If the file is missing or damaged.

    Examples
    --------
    >>> 0.3 < fitted("members").joint.threshold < 0.6
    True
    """
    try:
        plain = json.loads(PATH.read_text(encoding="utf-8"))
        if plain["format"] != FORMAT:
            raise ValueError(f"format {plain['format']}")
        return Fitted.of(plain["kinds"][kind])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{PATH}: missing or damaged ({error}). Install again.") from error


def chance_of_known(found: Floats, error: Floats) -> Floats:
    """Return the chance to be on the hull where energies of the database are compared with one another, ``[n]``.

    Errors are taken as normal, with the standard errors ``[n]`` in eV/atom and `KNOWN_ERROR` beside them.
    """
    from math import erf, sqrt

    scaled = -found / np.hypot(error, KNOWN_ERROR) / sqrt(2)
    return np.array([0.5 * (1 + erf(value)) for value in scaled.tolist()])
