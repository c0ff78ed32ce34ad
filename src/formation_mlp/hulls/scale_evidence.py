"""On which energy scale energies seem to lie that declare none: the known phases among the compounds tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.hulls.known_phases import ORIGINS, known_phases, scales
from formation_mlp.quoting import counted
from formation_mlp.typing import Floats

FEWEST = 10
"""Known compounds below which nothing is said."""
NEAR, CLEAR = 0.1, 1.5
"""Energies look like those of a scale if they lie on average nearer than so many eV/atom to the known ones, and those
of any other scale so many times as far away."""


@dataclass(frozen=True, slots=True)
class ScaleEvidence:
    """How far energies lie from those of known compounds.

    Attributes
    ----------
    n : known compounds among them
    errors : energy scale to the mean absolute distance in eV/atom, the nearest first
    """

    n: int
    errors: dict[str, float]

    @property
    def clear(self) -> str:
        """The scale that the energies look like, or an empty text if that is not clear."""
        if self.n < FEWEST:
            return ""
        (first, least), (_, second) = list(self.errors.items())[:2]
        return first if least <= NEAR and second >= CLEAR * least else ""

    def allows(self, scale: str) -> bool:
        """Return whether nothing speaks against a scale: too few compounds, or near enough and none much nearer."""
        error = self.errors.get(scale, 0.0)
        return self.n < FEWEST or (self.clear in ("", scale) and error <= NEAR)

    def __str__(self) -> str:
        """Return the numbers in words."""
        if self.n < FEWEST:
            return f"{counted(self.n, 'known compound is', 'known compounds are')} too few to tell"
        told = ", ".join(f"{name} {error:.3f}" for name, error in self.errors.items())
        return f"mean distance from {self.n} known compounds in eV/atom: {told}"


def scale_evidence(compositions: Compositions, energies: Floats) -> ScaleEvidence:
    """Compare energies with those of the known phases, where the database has them, on each energy scale.

    Parameters
    ----------
    compositions
        ``[n]``; elements tell nothing, since they are at zero on each scale.
    energies
        Formation energies in eV/atom, ``[n]``; NaN where there is none.

    Examples
    --------
    >>> import numpy as np
    >>> phases = known_phases("mp2019", np.array([3, 26, 8]))
    >>> scale_evidence(phases.compositions, phases.energies + 0.01).clear
    'mp2019'
    """
    asked = np.isfinite(energies) & (compositions.n_elements > 1)
    keys = compositions.keys()
    errors, n = dict[str, float](), 0
    for scale in scales():
        known = known_phases(scale, compositions.elements())
        there = {key: row for row, key in enumerate(known.compositions.keys())}
        places = np.array([there.get(key, -1) for key in keys], np.int64)
        rows = np.flatnonzero(asked & (places >= 0))
        rows = rows[known.origins[places[rows]] != ORIGINS.index("predicted")]
        n = len(rows)
        if n:
            errors[scale] = float(np.abs(energies[rows] - known.energies[places[rows]]).mean())
    return ScaleEvidence(n, dict(sorted(errors.items(), key=lambda one: one[1])))
