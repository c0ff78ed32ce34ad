"""The shares of the members of an ensemble in its answer: all equal, or chosen on the val rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from formation_mlp.typing import Floats

Score = Callable[[Floats], float]

ROUNDS = 50
"""Most members, counted with repetition, that greedy selection adds up."""


def equal_shares(predictions: Floats, _score: Score) -> Floats:
    """Give every member the same share."""
    return np.full(len(predictions), 1 / len(predictions))


def greedy_shares(predictions: Floats, score: Score) -> Floats:
    """Add the member that lowers the score of the mean most, again and again (Caruana et al., ICML 2004).

    Parameters
    ----------
    predictions
        Of each member on the val rows, ``[n_members, n]``.
    score
        Of one prediction ``[n]``; lower is better.

    Returns
    -------
    ndarray ``[n_members]``
        How often each member was added before the lowest score was reached, as shares that add up to one.
    """
    counts = np.zeros(len(predictions))
    best, best_counts = np.inf, counts
    for _ in range(ROUNDS):
        candidates = counts + np.eye(len(predictions))
        scores = [score(candidate @ predictions / candidate.sum()) for candidate in candidates]
        counts = candidates[int(np.argmin(scores))]
        if min(scores) < best:
            best, best_counts = min(scores), counts
    shares: Floats = best_counts / best_counts.sum()
    return shares


SELECTIONS: dict[str, Callable[[Floats, Score], Floats]] = {"equal": equal_shares, "greedy": greedy_shares}
