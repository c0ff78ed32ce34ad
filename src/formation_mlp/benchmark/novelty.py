"""How much of the shown rows also occurs in the train rows, and the score of each model by that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from formation_mlp.benchmark.outcome import NEW_FORMULA, NEW_SYSTEM, SEEN_FORMULA, About, Outcome
from formation_mlp.benchmark.summary import by_division, by_model, row_losses, scored

GROUPS = {SEEN_FORMULA: "seen formula", NEW_FORMULA: "new formula", NEW_SYSTEM: "new system"}
"""Mark of a row to its group: its formula is in train, only its chemical system is, or neither."""


@dataclass(frozen=True, slots=True)
class NoveltyScores:
    """Shown rows by what train holds of them.

    Attributes
    ----------
    counts : group to its rows, over all divisions; groups without rows are left out
    scores : model to group to the selection score on its rows: MAE in eV/atom, or log loss
    """

    counts: Mapping[str, int]
    scores: Mapping[str, Mapping[str, float]]


def novelty_scores(outcomes: Sequence[Outcome], about: About) -> NoveltyScores:
    """Return how many rows of each group are shown, and every model's score on them, over all divisions and seeds."""
    whole = scored(outcomes)
    divisions = [some[0] for some in by_division(whole).values()]
    counts = {name: sum(int(np.sum(one.novelty == mark)) for one in divisions) for mark, name in GROUPS.items()}
    scores = {}
    for model, some in by_model(whole).items():
        losses = np.concatenate([row_losses(one, about) for one in some])
        marks = np.concatenate([one.novelty for one in some])
        scores[model] = {
            name: float(losses[marks == mark].mean()) for mark, name in GROUPS.items() if np.any(marks == mark)
        }
    return NoveltyScores({name: count for name, count in counts.items() if count}, scores)
