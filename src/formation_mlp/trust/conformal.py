"""Which of ``n`` scores makes an interval that holds, and how many rows that takes.

Of ``n`` exchangeable rows and a new one, the score of the new one is at most the ``ceil((n + 1) level)``-th smallest
of the others with a probability of at least the level (split conformal prediction; Vovk, Gammerman and Shafer,
Algorithmic Learning in a Random World, 2005). That score must exist: the level is at most ``n / (n + 1)``.
"""

from __future__ import annotations

import math

import numpy as np

from formation_mlp.typing import Floats

ROUNDING = 1e-9


def rank(n: int, level: float) -> int:
    """Return the place, counted from 1, of the score that an interval at ``level`` takes of ``n`` sorted ones.

    Examples
    --------
    >>> rank(99, 0.9), rank(9, 0.9), rank(8, 0.9)  # of 8 scores there is no ninth
    (90, 9, 9)
    """
    return math.ceil((n + 1) * level - ROUNDING)


def least(level: float) -> int:
    """Return the smallest number of rows whose largest score is the quantile at ``level``, or above it."""
    return math.ceil(level / (1 - level) - ROUNDING)


def reason(level: float, n: int, rows: str = "validation rows", had: str = "the model had", do: str = "train") -> str:
    """Return why ``n`` rows give no intervals at ``level``, or an empty text; the words say what the rows are.

    Examples
    --------
    >>> reason(0.9, 50)
    ''
    >>> print(reason(0.99, 50))
    the level 0.99 takes at least 99 validation rows, and the model had 50; ask for a level of at most 0.98, or train \
with more of them
    """
    if not 0 < level < 1:
        return f"a level lies between 0 and 1, such as 0.9; found {level:g}"
    if rank(n, level) <= n:
        return ""
    highest = math.floor(1000 * n / (n + 1)) / 1000
    return (
        f"the level {level:g} takes at least {least(level)} {rows}, and {had} {n}; "
        f"ask for a level of at most {highest:g}, or {do} with more of them"
    )


def weighted_rank(scores: Floats, weights: Floats, mass: float) -> float:
    """Return the smallest of ``scores [n]`` up to which their ``weights [n]`` add up to ``mass``; else the largest.

    Examples
    --------
    The second of three scores; then the last two are of one formula, and count half each.

    >>> scores = np.array([0.1, 0.2, 0.3])
    >>> weighted_rank(scores, np.ones(3), 2.0), weighted_rank(scores, np.array([1, 0.5, 0.5]), 2.0)
    (0.2, 0.3)
    """
    order = np.argsort(scores, kind="stable")
    reached = np.searchsorted(np.cumsum(weights[order]), mass - ROUNDING * max(1.0, mass))
    return float(scores[order[min(int(reached), len(order) - 1)]])
