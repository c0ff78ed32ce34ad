"""Permutation importance (Breiman 2001) of groups of features: how much worse a model is without them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.errors import DataError
from formation_mlp.explain.groups import Columns, groups
from formation_mlp.explain.rows import RunRows
from formation_mlp.quoting import counted
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.saved_model.members import ELEMENTS, ELEMENTS_AND_HULL
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.typing import Floats, Ints

MOST_ROWS = 2000
"""Of more rows than this a random part is used: enough for the mean, and an ensemble answers in time."""


@dataclass(frozen=True, slots=True)
class Importance:
    """What a model loses by the permutation of each group.

    Attributes
    ----------
    names : of ``g`` groups, the most important first
    losses : score with the group permuted minus score as it is, ``[g, repeats]``; above zero, the group is needed
    sizes : columns of each group that reach the model, ``[g]``
    score : of the model as it is; lower is better
    score_name : ``MAE`` (eV/atom) or ``log loss``
    n_rows : rows that were used
    """

    names: tuple[str, ...]
    losses: Floats
    sizes: tuple[int, ...]
    score: float
    score_name: str
    n_rows: int

    @property
    def mean(self) -> Floats:
        """Mean over the repeats, ``[g]``."""
        mean: Floats = self.losses.mean(axis=1)
        return mean

    @property
    def std(self) -> Floats:
        """Standard deviation over the repeats, ``[g]``."""
        std: Floats = self.losses.std(axis=1)
        return std


def beside_features(checkpoint: Checkpoint) -> str:
    """Return the name of what a model sees of a composition beside its features, or an empty text."""
    seen = {member.beside_features for member in checkpoint.members}
    return next((name for name in (ELEMENTS_AND_HULL, ELEMENTS) if name in seen), "")


def importance(
    predictor: Predictor, rows: RunRows, kind: str = "property", *, repeats: int = 5, seed: int = 0
) -> Importance:
    """Permute each group of features among the rows, and score the model each time.

    All columns of a group are permuted together, so that what they say in common is lost with them; permuted one by
    one, correlated columns would stand in for one another and all look unimportant. A model of the architecture
    `set` sees the elements too: they are a group of their own. All groups are permuted in the same ways.

    Parameters
    ----------
    predictor
        The model.
    rows
        Such as the val rows of its run (`featurized_rows`). Of more than `MOST_ROWS`, a random part is used.
    kind
        Of groups: ``property`` or ``preset``.
    repeats
        Permutations of each group.
    seed
        Of the permutations.

    Raises
    ------
    ConfigError
        If there is no such kind of groups.
    DataError
        If there are fewer than two rows, or no repeats.
    """
    if len(rows) < 2 or repeats < 1:
        found = f"{counted(len(rows), 'row')}, {counted(repeats, 'repeat')}"
        raise DataError(f"importance: {found}; two rows and one repeat are the least.")
    rows = rows.sample(MOST_ROWS, seed)
    generator = np.random.default_rng(seed)
    permutations = np.stack([generator.permutation(len(rows)) for _ in range(repeats)])
    kept = set(predictor.checkpoint.scaler.kept.tolist())
    columns = {
        name: own
        for name, group in groups(predictor.features, kind).items()
        if len(own := np.array([i for i in group.tolist() if i in kept], np.int64))
    }
    score, losses = losses_by_permutation(
        predictor.predict_features, rows, columns, permutations, predictor.task.selection
    )
    sizes = {name: len(own) for name, own in columns.items()}
    if name := beside_features(predictor.checkpoint):
        shuffled = [predictor.predict_features(rows.X, rows.compositions.take(order)) for order in permutations]
        losses[name] = np.array([predictor.task.selection(rows.y, one) - score for one in shuffled])
        sizes[name] = 0
    names = tuple(sorted(losses, key=lambda name: -losses[name].mean()))
    return Importance(
        names,
        np.stack([losses[name] for name in names]),
        tuple(sizes[name] for name in names),
        score,
        predictor.task.selection_score,
        len(rows),
    )


def losses_by_permutation(
    predict: Callable[[Floats, Compositions], Floats],
    rows: RunRows,
    columns: Columns,
    permutations: Ints,
    score: Callable[[Floats, Floats], float],
) -> tuple[float, dict[str, Floats]]:
    """Return the score as it is, and what each permutation ``[repeats, n]`` of each group adds to it.

    Parameters
    ----------
    predict : features ``[n, d]`` and compositions to predictions ``[n]``
    columns : group to its columns
    score : truth and predictions to a number; lower is better
    """
    as_it_is = score(rows.y, predict(rows.X, rows.compositions))
    losses: Mapping[str, list[float]] = {name: [] for name in columns}
    for name, own in columns.items():
        for order in permutations:
            X = rows.X.copy()
            X[:, own] = X[np.ix_(order, own)]
            losses[name].append(score(rows.y, predict(X, rows.compositions)) - as_it_is)
    return as_it_is, {name: np.array(values) for name, values in losses.items()}
