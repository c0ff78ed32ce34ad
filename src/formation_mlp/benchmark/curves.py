"""Errors against the number of train rows and against the time of training, and where one model overtakes another."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from formation_mlp.benchmark.outcome import About, Outcome
from formation_mlp.benchmark.summary import by_division, by_model, outcome_scores, scored, selection_name, spread


@dataclass(frozen=True, slots=True)
class Point:
    """A place on a learning curve.

    Attributes
    ----------
    n_train : rows that the model was fitted on, the mean over the divisions
    score : MAE in eV/atom, or log loss
    spread : standard deviation over the divisions or, with a single one, over the seeds; None if there is neither
    """

    n_train: float
    score: float
    spread: float | None


def learning_curves(outcomes: Sequence[Outcome], about: About) -> dict[str, list[Point]]:
    """Return the points of each model that was fitted on at least two shares of the train rows, fewest rows first."""
    name, curves = selection_name(about), {}
    for model, some in by_model(scored(outcomes, whole=False)).items():
        fractions: dict[float, list[Outcome]] = defaultdict(list)
        for outcome in some:
            fractions[outcome.fraction].append(outcome)
        if len(fractions) > 1:
            curves[model] = [_point(fractions[key], about, name) for key in sorted(fractions)]
    return curves


def _point(outcomes: Sequence[Outcome], about: About, name: str) -> Point:
    divisions = by_division(outcomes)
    score = spread({key: [outcome_scores(one, about)[name] for one in some] for key, some in divisions.items()})
    n_train = float(np.mean([np.mean([one.n_train for one in some]) for some in divisions.values()]))
    return Point(n_train, score.mean, score.divisions if len(divisions) > 1 else score.seeds)


def crossings(first: Sequence[Point], second: Sequence[Point]) -> list[tuple[float, bool]]:
    """Return where two learning curves cross: the number of train rows, and whether the first is better from there.

    Both curves are straight lines between their points in a plot with logarithmic axes; only the range of both counts.
    """
    sizes = _common_sizes(first, second)
    gaps = _gaps(first, second, sizes)
    crossed, ahead = [], 0.0
    for i, gap in enumerate(gaps):
        if gap * ahead < 0:
            j = max(k for k in range(i) if gaps[k] != 0)
            share = gaps[j] / (gaps[j] - gap)
            crossed.append((math.exp(np.log(sizes[j]) + share * np.log(sizes[i] / sizes[j])), gap < 0))
        ahead = gap or ahead
    return crossed


def crossing_words(first: str, second: str, curves: dict[str, list[Point]]) -> str:
    """Say which of two models has the lower error at which number of train rows; empty if a curve is missing."""
    if first not in curves or second not in curves:
        return ""
    points = (curves[first], curves[second])
    sizes = _common_sizes(*points)
    if len(sizes) < 2:
        return ""
    places = crossings(*points)
    if not places:
        gap = sum(_gaps(*points, sizes))
        place = "ahead of" if gap < 0 else "behind" if gap > 0 else "level with"
        return f"{first} is {place} {second} at every size from {sizes[0]:,.0f} to {sizes[-1]:,.0f} train rows"
    if len(places) == 1:
        size, better = places[0]
        winner, loser = (first, second) if better else (second, first)
        return f"{winner} overtakes {loser} at about {_about(size)} train rows"
    parts = [f"{first if better else second} leads from about {_about(size)}" for size, better in places]
    return f"{first} and {second} overtake one another: {', '.join(parts)} train rows"


def _common_sizes(first: Sequence[Point], second: Sequence[Point]) -> list[float]:
    low = max(first[0].n_train, second[0].n_train)
    high = min(first[-1].n_train, second[-1].n_train)
    return sorted({point.n_train for point in (*first, *second) if low <= point.n_train <= high})


def _gaps(first: Sequence[Point], second: Sequence[Point], sizes: Sequence[float]) -> list[float]:
    """Return the logarithm of the first error over the second at each size."""
    logs = [
        np.interp(
            np.log(sizes),
            np.log([point.n_train for point in curve]),
            np.log([max(point.score, 1e-12) for point in curve]),
        )
        for curve in (first, second)
    ]
    return [float(gap) for gap in logs[0] - logs[1]]


def _about(n: float) -> str:
    """Return a number of rows to two digits, which is all that an interpolation is good for."""
    return f"{float(f'{n:.2g}'):,.0f}"


def cost_curves(outcomes: Sequence[Outcome]) -> dict[str, list[tuple[float, float]]]:
    """Return pairs of training seconds and the best val score by then, for each model in the order of time.

    A model without a course of its own has one pair: the time of its whole fit. The courses of several divisions and
    seeds are averaged from the time when all have begun; each keeps its last score to the end, which is the mean time
    of a fit, that of the table of scores.
    """
    curves = {}
    for model, some in by_model(scored(outcomes)).items():
        courses = [list(one.anytime) for one in some]
        end = float(np.mean([one.fit_seconds for one in some]))
        if any(len(course) < 2 for course in courses):
            curves[model] = [(end, float(np.mean([one.val_score for one in some])))]
            continue
        begin = max(course[0][0] for course in courses)
        times = sorted({begin, *(time for course in courses for time, _ in course if time > begin)})
        curve = [(time, float(np.mean([_at(course, time) for course in courses]))) for time in times]
        curves[model] = [*(point for point in curve if point[0] < end), (end, curve[-1][1])]
    return curves


def _at(course: Sequence[tuple[float, float]], time: float) -> float:
    """Return the last score of a course that was reached by a time."""
    return [score for when, score in course if when <= time][-1]
