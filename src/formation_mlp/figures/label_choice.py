"""Which points of a phase diagram are named, where there is no room to name all."""

from __future__ import annotations

import numpy as np

from formation_mlp.typing import Bools, Floats, Ints

MOST = 15
"""Labels in one picture: more cannot be read at the width of a page."""


def named_points(
    on_hull: Bools, below: Bools, known: Bools | None = None, chance: Floats | None = None, most: int = MOST
) -> Ints:
    """Choose the points that are named, the most important first.

    These are known compounds on the hull, new ones on it, and what lies below the hull of others. Within each kind the
    surest come first. What lies above the hull is not named.

    Parameters
    ----------
    on_hull : whether a compound is a corner of the hull, ``[n]``
    below : whether it lies below the hull of others, of which it is no part, ``[n]``
    known : whether it is a known compound, ``[n]``; all are if None
    chance : to lie on the hull, ``[n]``, NaN where it is not told
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
    [1, 0]
    """
    known = np.ones(len(on_hull), np.bool_) if known is None else known
    chance = np.full(len(on_hull), np.nan) if chance is None else chance
    kind = np.select([on_hull & known, on_hull, below], [0, 1, 2], 3)
    order = np.lexsort((-np.nan_to_num(chance, nan=1.0), kind))
    chosen: Ints = order[kind[order] < 3][:most]
    return chosen
