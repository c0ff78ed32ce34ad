"""How far answers may be off for compounds with elements that no training row holds.

An error model has seen no such compound. What is said here was learned from networks that had to do without some
elements: the typical error grows with the share of the atoms that are of unseen elements, and with how little these
resemble any element that was seen. ``scripts/build_unseen_elements.py`` trains the networks, fits the rule and writes
`FILE`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.element_data import select_properties
from formation_mlp.typing import Bools, Floats, Ints

FILE = "unseen_elements.json"
PROPERTIES = (
    "MendeleevNumber",
    "Column",
    "Row",
    "CovalentRadius",
    "Electronegativity",
    "NsValence",
    "NpValence",
    "NdValence",
    "NfValence",
)
"""Of the table of Magpie, by which elements resemble each other."""
LAST = 95
"""Atomic number up to which elements are compared; of heavier ones little is tabulated."""
NOTHING = 0.1
"""Added to a dissimilarity before its logarithm is taken: that of elements that are as good as equal."""
ANION = 2.2
"""Electronegativity from which on an element is an anion in most of its compounds."""


class Unseen(NamedTuple):
    """The compounds among some that hold an element which no training row holds.

    Attributes
    ----------
    rows : their places, ``[m]``
    fraction : share of the atoms that are of such elements, ``[m]``
    dissimilarity : of these elements from the most similar seen one, mean over those atoms, ``[m]``
    anion : by how much the electronegativity of these elements exceeds `ANION`, mean over those atoms, ``[m]``
    """

    rows: Ints
    fraction: Floats
    dissimilarity: Floats
    anion: Floats

    def terms(self) -> Floats:
        """Return what the rule multiplies by its coefficients, ``[m, 4]``."""
        columns = (np.ones(len(self.rows)), np.log(self.fraction), np.log(self.dissimilarity + NOTHING), self.anion)
        return np.stack(columns, axis=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """What left-out elements taught.

    Attributes
    ----------
    coefficients : of the logarithm of the mean absolute error, in eV/atom, ``[4]``
    levels, factors : share of left-out compounds, each element counting as one, whose error is at most the factor times
        the mean absolute error by the rule, ``[k]`` each, rising
    elements : symbols of the elements that were left out
    """

    coefficients: Floats
    levels: Floats
    factors: Floats
    elements: tuple[str, ...]

    @classmethod
    def restore(cls, plain: Mapping[str, Any]) -> Rule:
        """Return the rule of a file."""
        coefficients, levels, factors = (
            np.array(plain[name], np.float64) for name in ("coefficients", "levels", "factors")
        )
        return cls(coefficients, levels, factors, tuple(plain["elements"]))

    def size(self, unseen: Unseen) -> Floats:
        """Return the mean absolute error to expect, eV/atom, ``[m]``."""
        found: Floats = np.exp(unseen.terms() @ self.coefficients)
        return found

    def half_width(self, level: float, unseen: Unseen) -> Floats:
        """Return how far an interval at a level reaches to either side, eV/atom, ``[m]``.

        Above the last of `levels` it is the last factor: a share so near one takes more elements than there are.
        """
        return self.size(unseen) * float(np.interp(level, self.levels, self.factors))


@cache
def rule() -> Rule:
    """Return the rule that comes with the package."""
    return Rule.restore(json.loads((files(__package__) / FILE).read_text(encoding="utf-8")))


def unseen_among(compositions: Compositions, is_seen: Bools) -> Unseen:
    """Return which compounds hold elements that are not seen, and how these compare with the others.

    Parameters
    ----------
    compositions
        ``[n]``.
    is_seen
        By atomic number, ``[119]``.

    Examples
    --------
    >>> from formation_mlp.chemistry.elements import ATOMIC_NUMBER
    >>> from formation_mlp.materials.inputs import read_materials
    >>> is_seen = np.ones(119, bool)
    >>> is_seen[[ATOMIC_NUMBER["Hf"], ATOMIC_NUMBER["F"]]] = False
    >>> found = unseen_among(read_materials(["ZrO2", "HfO2", "CaF2"]).materials.compositions, is_seen)
    >>> found.rows.tolist(), found.fraction.round(2).tolist(), found.dissimilarity.round(1).tolist()
    ([1, 2], [0.33, 0.67], [0.4, 1.1])
    """
    z, fraction = compositions.padded()
    is_unseen = (z > 0) & ~is_seen[z]
    rows = np.flatnonzero(is_unseen.any(axis=1))
    if not len(rows):
        return Unseen(rows, *np.empty((3, 0)))
    z, parts = z[rows], np.where(is_unseen, fraction, 0.0)[rows]
    share = parts.sum(axis=1)
    table = select_properties("magpie", PROPERTIES)
    anion = np.maximum(table.imputed()[:, PROPERTIES.index("Electronegativity")] - ANION, 0.0)
    dissimilarity = _dissimilarity(is_seen)
    return Unseen(rows, share, *((parts * by_element[z]).sum(axis=1) / share for by_element in (dissimilarity, anion)))


def widened(
    below: Floats, above: Floats, size: Floats, level: float | None, compositions: Compositions, is_seen: Bools
) -> tuple[Floats, Floats, Floats]:
    """Return intervals and expected errors that are at least those of the rule, where an element is unseen.

    Parameters
    ----------
    below, above
        Ends of the intervals, from the predictions, eV/atom, ``[n]``; NaN without a level.
    size
        Expected absolute errors, eV/atom, ``[n]``.
    level
        Of the intervals, or None.
    compositions
        ``[n]``.
    is_seen
        By atomic number, ``[119]``.
    """
    unseen = unseen_among(compositions, is_seen)
    if not len(unseen.rows):
        return below, above, size
    below, above, size, rows = below.copy(), above.copy(), size.copy(), unseen.rows
    size[rows] = np.maximum(size[rows], rule().size(unseen))
    if level is not None:
        half_width = rule().half_width(level, unseen)
        below[rows], above[rows] = np.minimum(below[rows], -half_width), np.maximum(above[rows], half_width)
    return below, above, size


def _dissimilarity(is_seen: Bools) -> Floats:
    """Return the distance of each element to the most similar seen one in standardised properties, ``[119]``."""
    values = select_properties("magpie", PROPERTIES).imputed()
    values = np.where(np.isfinite(values), values, 0.0)
    values = (values - values[1:LAST].mean(axis=0)) / values[1:LAST].std(axis=0)
    seen = np.flatnonzero(is_seen[1:LAST]) + 1
    if not len(seen):
        return np.full(len(values), np.linalg.norm(values[1:LAST], axis=1).max())
    distances: Floats = np.linalg.norm(values[:, None] - values[seen], axis=2).min(axis=1)
    return distances
