"""How sure the verdict on each candidate is: the interval of its distance to the hull, and its chance to be stable."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.excess_anions import has_excess_anions
from formation_mlp.hulls.chance import KNOWN_ERROR, PER_STANDARD_ERROR, chance_of_known, fitted, scale_of_distance
from formation_mlp.hulls.hull import Decompositions
from formation_mlp.typing import Bools, Floats

WORTH_A_TRY = 0.1
"""Chance from which on a compound that is not called stable is called so perhaps."""
OF_KNOWN = 0.5
"""Chance from which on a compound is called stable that is judged by an energy of the database."""
DOUBTFUL = "doubtful"
"""The verdict on a compound with excess anions, of which no energy at hand tells whether it is stable."""


@dataclass(frozen=True, slots=True)
class Chances:
    """Of ``n`` compounds.

    Attributes
    ----------
    low, high : ends of the interval of the decomposition energy, eV/atom, ``[n]``
    by_hull : chance to be on the hull, as energies and hull say, ``[n]``
    joined : the same, together with the classifier, ``[n]``
    stable : yes, perhaps, no or `DOUBTFUL`, ``[n]``
    threshold : chance from which on a compound is called stable that is judged by hull and classifier
    """

    low: Floats
    high: Floats
    by_hull: Floats
    joined: Floats
    stable: list[str]
    threshold: float


@dataclass(frozen=True, slots=True)
class Errors:
    """What is known of the errors of ``n`` compounds and their products, eV/atom.

    Attributes
    ----------
    half_width : of the intervals of the predictions at 90 %, ``[n]``
    spread : standard deviation of the members' own decomposition energies, ``[n]``; None if there is one member
    own : standard errors of the energies of the database, ``[n]``; NaN for compounds that are judged by a prediction
    products : standard errors that the products bring in, see `product_errors`, ``[n]``
    """

    half_width: Floats
    spread: Floats | None
    own: Floats
    products: Floats

    @property
    def is_measure(self) -> Bools:
        """Whether a compound is judged by an energy of the database, ``[n]``."""
        return np.isfinite(self.own)


def product_errors(found: Decompositions, errors: Floats) -> Floats:
    """Return what the errors of the products add to those of the decomposition energies, eV/atom, ``[n]``.

    Errors of different products are taken as independent.

    Parameters
    ----------
    found
        Decompositions of ``n`` compounds.
    errors
        Standard errors of the competing phases.
    """
    row = np.repeat(np.arange(len(found.energy)), np.diff(found.row_ptr))
    of_product = np.where(found.product < 0, 0.0, errors[np.maximum(found.product, 0)] if len(errors) else 0.0)
    squares = np.bincount(row, weights=(found.share * of_product) ** 2, minlength=len(found.energy))
    return np.sqrt(squares)


def chances(energy: Floats, errors: Errors, classifier: Floats, level: float) -> Chances:
    """Return how sure the verdict on each compound is.

    A compound that is judged by an energy of the database is judged by the hull alone; any other one by hull and
    classifier.

    Parameters
    ----------
    energy
        Decomposition energies in eV/atom, ``[n]``.
    errors
        What is known of their errors.
    classifier
        Chances to be stable by the classifier, ``[n]``.
    level
        Of the intervals.
    """
    kind, scale = scale_of_distance(errors.spread, errors.half_width)
    known = fitted(kind)
    scale = np.maximum(np.hypot(scale, errors.products / known.errors.standard), 1e-6)
    low, high = known.errors.interval(level, energy, scale)
    by_hull = known.errors.chance(energy, scale)
    joined = known.joint.chance(classifier, by_hull)
    threshold = np.full(len(energy), known.joint.threshold)
    rows = np.flatnonzero(errors.is_measure)
    spread = 0.0 if errors.spread is None else errors.spread[rows]
    error = np.sqrt(errors.own[rows] ** 2 + errors.products[rows] ** 2 + spread**2)
    reach = np.hypot(error, KNOWN_ERROR) * NormalDist().inv_cdf((1 + level) / 2)
    low[rows], high[rows] = energy[rows] - reach, energy[rows] + reach
    by_hull[rows] = joined[rows] = chance_of_known(energy[rows], error)
    threshold[rows] = OF_KNOWN
    is_stable = joined >= threshold
    words = np.where(is_stable, "yes", np.where(joined >= WORTH_A_TRY, "perhaps", "no"))
    return Chances(low, high, by_hull, joined, words.tolist(), known.joint.threshold)


def settled(found: Chances, compositions: Compositions, energy: Floats) -> Chances:
    """Return the chances with what is settled without them: elements are stable, excess anions make doubtful.

    Parameters
    ----------
    found
        Of ``n`` compounds, and elements among them.
    compositions
        ``[n]``
    energy
        Decomposition energies in eV/atom, ``[n]``; of an element, zero if it is the stable form.
    """
    is_element, is_doubtful = compositions.n_elements == 1, has_excess_anions(compositions)
    pairs = ((energy, found.low), (energy, found.high), (energy <= 0, found.by_hull), (energy <= 0, found.joined))
    numbers = [np.where(is_doubtful, np.nan, np.where(is_element, value, own)) for value, own in pairs]
    stable = [
        DOUBTFUL if doubtful else ("yes" if value <= 0 else "no") if element else word
        for word, element, doubtful, value in zip(found.stable, is_element, is_doubtful, energy.tolist(), strict=True)
    ]
    low, high, by_hull, joined = numbers
    return Chances(low, high, by_hull, joined, stable, found.threshold)


def at_ninety(half_width: Floats, level: float) -> Floats:
    """Return half widths at 90 %, of those at another level, as if errors were normal, ``[n]``."""
    return half_width * PER_STANDARD_ERROR / NormalDist().inv_cdf((1 + level) / 2)
