"""A model whose errors are larger than the distances it ranks is said to be of no use there."""

from __future__ import annotations

import numpy as np

from formation_mlp.hulls.chance import PER_STANDARD_ERROR
from formation_mlp.screening.screen import Screening

FEWEST, TOO_MANY, TOO_FAR = 10, 1 / 3, 2.0
"""An alarm takes so many candidates that are judged by predictions, and so large a share of them on the hull, or an
error so many times the distance."""


def alarm(screening: Screening) -> str:
    """Return a warning if the errors of the model are larger than the distances that it ranks, or an empty text.

    That is so if the standard error of a distance, in the median, is twice the distance or more, or if a third of the
    candidates is on the hull, which real chemical systems do not show. Candidates with known energies do not count.
    """
    columns, energy = screening.answers.columns, screening.decomposition_energy
    judged = screening.is_judged
    if "known_energy" in columns:
        judged &= np.isnan(np.asarray(columns["known_energy"], np.float64))
    n, n_on = int(judged.sum()), int(np.sum(energy[judged] <= 0))
    ends = [np.asarray(columns[name], np.float64) for name in columns if name.startswith("decomposition_lo")]
    ends += [np.asarray(columns[name], np.float64) for name in columns if name.startswith("decomposition_hi")]
    distance = float(np.median(np.abs(energy[judged]))) if n else 0.0
    error = float(np.median((ends[1] - ends[0])[judged])) / 2 / PER_STANDARD_ERROR if ends and n else 0.0
    if n < FEWEST or (n_on <= TOO_MANY * n and error <= TOO_FAR * distance):
        return ""
    why = f"; the error of a distance is about {error:.3f} eV/atom, the distances are {distance:.3f} (medians)"
    return f"{n_on:,} of {n:,} on the hull: this model cannot order them{why if error else ''}"
