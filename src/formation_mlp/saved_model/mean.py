"""The mean of the members of a model, by their shares."""

from __future__ import annotations

import numpy as np

from formation_mlp.typing import Floats


def mean_and_std(members: Floats, shares: Floats) -> tuple[Floats, Floats]:
    """Return mean and standard deviation over the members, ``[n_members, n]``, by their shares ``[n_members]``."""
    with np.errstate(invalid="ignore"):  # a network with wild weights may answer with infinity
        mean = _weighted(members, shares)
        return mean, np.sqrt(_weighted((members - mean) ** 2, shares))


def _weighted(members: Floats, shares: Floats) -> Floats:
    """Add up members one after another: the rounding of a product would depend on the number of rows."""
    total = np.zeros(members.shape[1])
    for member, share in zip(members, shares, strict=True):
        total += share * member
    return total
