"""One line per model: its scores over all divisions and seeds, how much they spread, and what they cost.

The outcomes are grouped here by hand. One long pandas table of all scores, grouped by model and division, gave the same
numbers with 68 lines in place of 50 (summaries, divisions and learning curves) in 1.5 times the time, and pandas leaves
out an undefined score from a mean unless it is told not to.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from formation_mlp.benchmark.outcome import About, Outcome
from formation_mlp.targets.metrics import classification_scores, regression_scores
from formation_mlp.typing import Floats, Ints

WORST_SHARE = 0.01
"""Share of the rows whose errors are averaged as those of the worst rows."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A number over divisions and seeds.

    Attributes
    ----------
    mean : over the divisions, after the mean over the seeds of each
    divisions : standard deviation over the divisions; None for a single one
    seeds : standard deviation over the seeds of a division, as root mean square over the divisions; None for one seed
    """

    mean: float
    divisions: float | None = None
    seeds: float | None = None


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """One model over all divisions and seeds, fitted on all train rows.

    Attributes
    ----------
    model, is_network, size_unit : as in `Outcome`
    n_divisions : number of divisions that it was shown on
    n_seeds : the most seeds on one division
    scores : name to value, of the shown part
    val_score : of the val rows, lower is better
    fit_seconds, cpu_seconds, predict_seconds, size : means over divisions and seeds
    peak_memory : the largest, in bytes; None where the system does not tell
    """

    model: str
    is_network: bool
    n_divisions: int
    n_seeds: int
    scores: Mapping[str, Spread]
    val_score: Spread
    fit_seconds: float
    cpu_seconds: float
    predict_seconds: float
    peak_memory: int | None
    size: float
    size_unit: str


def scored(outcomes: Iterable[Outcome], *, whole: bool = True) -> list[Outcome]:
    """Return the outcomes with rows whose truth is known, and of these only such rows.

    A truth is NaN where it is withheld. If some divisions show test rows, those that could only show val rows are left
    out: their scores are not of the same kind.

    Parameters
    ----------
    outcomes
        All of them.
    whole
        Only those fitted on all train rows, not those of a learning curve.
    """
    kept = []
    for outcome in outcomes:
        known = np.isfinite(outcome.y)
        if not known.any() or (whole and outcome.fraction != 1):
            continue
        kept.append(outcome if known.all() else _only(outcome, np.flatnonzero(known)))
    tested = [outcome for outcome in kept if outcome.part == "test"]
    return tested or kept


def selection_name(about: About) -> str:
    """Return the name of the score by which models are selected and ranked, lower is better."""
    return "log loss" if about.task == "classification" else "MAE"


def outcome_scores(outcome: Outcome, about: About) -> dict[str, float]:
    """Return the scores of the shown rows: those of `formation_mlp.targets.metrics`, and for energies two more.

    ``median error`` is the median of the absolute errors, ``worst 1 %`` the mean of the largest hundredth of them (one
    row at least); all but R2 in eV/atom.
    """
    if about.task == "classification":
        return classification_scores(outcome.y, outcome.prediction, about.threshold)
    errors = np.sort(np.abs(outcome.prediction - outcome.y))
    worst = errors[-math.ceil(WORST_SHARE * len(errors)) :]
    more = {"median error": float(np.median(errors)), "worst 1 %": float(worst.mean())}
    return regression_scores(outcome.y, outcome.prediction) | more


def row_losses(outcome: Outcome, about: About) -> Floats:
    """Return what each shown row adds to the selection score, ``[n]``: absolute error (eV/atom), or log loss."""
    if about.task != "classification":
        return np.abs(outcome.prediction - outcome.y)
    p = np.clip(outcome.prediction, 1e-15, 1 - 1e-15)
    losses: Floats = -(outcome.y * np.log(p) + (1 - outcome.y) * np.log1p(-p))
    return losses


def spread(values: Mapping[str, Sequence[float]]) -> Spread:
    """Return the mean and the spread of the values of each seed in each division."""
    means = [float(np.mean(of_seeds)) for of_seeds in values.values()]
    repeated = [float(np.var(of_seeds, ddof=1)) for of_seeds in values.values() if len(of_seeds) > 1]
    return Spread(
        float(np.mean(means)),
        float(np.std(means, ddof=1)) if len(means) > 1 else None,
        math.sqrt(float(np.mean(repeated))) if repeated else None,
    )


def by_model(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """Return the outcomes of each model, in the order of the first of each."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.model].append(outcome)
    return dict(groups)


def by_division(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """Return the outcomes of each division, in the order of the first of each."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.division].append(outcome)
    return dict(groups)


def summarise(outcomes: Sequence[Outcome], about: About) -> list[ModelSummary]:
    """Return one summary per model, the best first by the selection score of the shown rows."""
    summaries = [_summary(model, some, about) for model, some in by_model(scored(outcomes)).items()]
    return sorted(summaries, key=lambda summary: summary.scores[selection_name(about)].mean)


def _summary(model: str, outcomes: Sequence[Outcome], about: About) -> ModelSummary:
    divisions = by_division(outcomes)
    scores = {name: [outcome_scores(one, about) for one in some] for name, some in divisions.items()}
    names = next(iter(scores.values()))[0]
    memory = [one.peak_memory for one in outcomes if one.peak_memory is not None]
    return ModelSummary(
        model,
        outcomes[0].is_network,
        len(divisions),
        max(map(len, divisions.values())),
        {name: spread({key: [one[name] for one in some] for key, some in scores.items()}) for name in names},
        spread({key: [one.val_score for one in some] for key, some in divisions.items()}),
        float(np.mean([one.fit_seconds for one in outcomes])),
        float(np.mean([one.cpu_seconds for one in outcomes])),
        float(np.mean([one.predict_seconds for one in outcomes])),
        max(memory) if memory else None,
        float(np.mean([one.size for one in outcomes])),
        outcomes[0].size_unit,
    )


def _only(outcome: Outcome, rows: Ints) -> Outcome:
    return replace(
        outcome,
        ids=[outcome.ids[i] for i in rows],
        formulas=[outcome.formulas[i] for i in rows],
        novelty=outcome.novelty[rows],
        y=outcome.y[rows],
        prediction=outcome.prediction[rows],
    )
