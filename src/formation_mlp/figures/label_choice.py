"""Which points of a phase diagram are named, where there is no room to name all."""

from __future__ import annotations

import numpy as np

from formation_mlp.typing import Bools, Floats, Ints

MOST = 15
"""Labels in one picture: more cannot be read at the width of a page."""
LEAST_CHANCE = 0.1
"""Compounds above the hull with a smaller chance to be stable are not named; screenings call them not stable."""


def named_points(
    on_hull: Bools, below: Bools, known: Bools | None = None, chance: Floats | None = None, most: int = MOST
) -> Ints:
    """Choose the points that are named, the most important first.

    These are known compounds on the hull, new ones on it, what lies below the hull of others, and at last compounds
    above the hull, as long as they may be stable. Within each kind the surest come first.

    Parameters
    ----------
    on_hull : whether a compound is a corner of the hull, ``[n]``
    below : whether it lies below the hull of others, of which it is no part, ``[n]``
    known : whether it is a known compound, ``[n]``; all are if None
    chance : to lie on the hull, ``[n]``, NaN where it is not told; without chances nothing above the hull is named
    most : points at most

    Returns
    -------
    array of int
        Rows, ``[at most most]``.

    Examples
    --------
    >>> import numpy as np
    >>> on_hull, known = np.array([True, True, False, False]), np.array([False, True, True, False])
    >>> named_points(on_hull, np.zeros(4, bool), known, np.array([0.6, 0.9, 0.2, 0.01])).tolist()
    [1, 0, 2]
    """
    known = np.ones(len(on_hull), np.bool_) if known is None else known
    chance = np.full(len(on_hull), np.nan) if chance is None else chance
    may_be_stable = np.nan_to_num(chance, nan=0.0) >= LEAST_CHANCE
    kind = np.select([on_hull & known, on_hull, below, may_be_stable], [0, 1, 2, 3], 4)
    order = np.lexsort((-np.nan_to_num(chance, nan=1.0), kind))
    chosen: Ints = order[kind[order] < 4][:most]
    return chosen
