"""The lower facets of a convex hull: which phases coexist, for the tie lines of a phase diagram."""

from __future__ import annotations

import numpy as np

from formation_mlp.typing import Floats, Ints

STEEPEST = 1e-9
"""A facet whose normal has a smaller part along the energy stands upright, and is no side of a phase diagram."""


def lower_facets(fractions: Floats, energies: Floats) -> Ints:
    """Return which ``k`` phases coexist at each composition of ``k`` elements.

    Parameters
    ----------
    fractions
        Atomic fractions of the phases, ``[n, k]``, no composition twice; the elements are among them.
    energies
        Formation energies in eV/atom, ``[n]``, of the elements zero.

    Returns
    -------
    ndarray ``[m, k]``
        Rows of the phases at the corners of each facet, in rising order. Where more phases lie in one plane, they are
        divided into triangles, in one of several ways.

    Notes
    -----
    The hull is Qhull's (Barber, Dobkin, Huhdanpaa, ACM Trans. Math. Softw. 22, 469, 1996) of the phases and a point
    far above them, without which phases in one plane, such as the elements alone, would have none.
    """
    from scipy.spatial import ConvexHull

    above = [*fractions.mean(axis=0)[1:], energies.max() + 10.0]
    points = np.vstack([np.column_stack([fractions[:, 1:], energies]), above])
    hull = ConvexHull(points)
    facets = hull.simplices[hull.equations[:, -2] < -STEEPEST].astype(np.int64)
    return np.unique(np.sort(facets, axis=1), axis=0)


def tie_lines(facets: Ints) -> Ints:
    """Return the pairs of phases that are joined by a side of a facet, each once, ``[m, 2]``."""
    k = facets.shape[1]
    pairs = [facets[:, [i, j]] for i in range(k) for j in range(i + 1, k)]
    found: Ints = np.unique(np.concatenate(pairs), axis=0)
    return found
