"""The figures of a benchmark, each with the words that go with it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from formation_mlp.benchmark.results import Results
from formation_mlp.benchmark.summary import ModelSummary
from formation_mlp.figures.picture import Picture
from formation_mlp.quoting import counted
from formation_mlp.typing import Floats

MOST_PANELS = 6
"""Models that have a parity plot, or a ROC curve."""


def pictures(results: Results, rows: Mapping[str, tuple[Floats, Floats]]) -> list[Picture]:
    """Return the figures for which there are enough results.

    Parameters
    ----------
    results
        All numbers.
    rows
        Model to truths and predictions of all shown rows, ``[n]`` each; for parity plots and ROC curves.
    """
    found = [_bars(results), _rows(results, rows), _learning(results), _cost(results), _seen(results)]
    return [drawn for drawn in found if drawn is not None]


def _bars(results: Results) -> Picture:
    from formation_mlp.figures import benchmark_bars

    scores = [one.scores[results.selection] for one in results.models]
    label = f"{results.part} {results.selection}"
    names = [one.model for one in results.models]
    spreads = [one.divisions for one in scores]
    figure = benchmark_bars(names, [one.mean for one in scores], results.unit, results.networks, label, spreads)
    spread = f" Lines are standard deviations over {len(results.divisions)} divisions."
    return Picture(
        "benchmark",
        figure,
        f"{label} of {len(names)} models",
        "A shorter bar is better; networks of this package are blue." + spread * (len(results.divisions) > 1),
    )


def _rows(results: Results, rows: Mapping[str, tuple[Floats, Floats]]) -> Picture | None:
    from formation_mlp.figures import parity_plots, roc_curve_plot

    shown = shown_models(results, rows)
    if not shown:
        return None
    pairs = {one.model: rows[one.model] for one in shown}
    n = counted(len(next(iter(pairs.values()))[0]), f"{results.part} row")
    if results.about.task == "classification":
        caption = "Over all thresholds: the share of the positive rows that are found, against that of false alarms."
        return Picture("benchmark_roc", roc_curve_plot(pairs, n), f"ROC curves of {n}", caption)
    scores = {one.model: {name: one.scores[name].mean for name in ("MAE", "RMSE", "R2")} for one in shown}
    figure = parity_plots(pairs, results.unit, scores, results.about.quantity)
    alt = f"Predicted against actual {results.about.quantity} of {n}, {len(shown)} models"
    return Picture("benchmark_parity", figure, alt, "On the dashed line the prediction is right.")


def _learning(results: Results) -> Picture | None:
    from formation_mlp.figures import learning_curve_plot

    if not results.learning:
        return None
    curves = {name: [(one.n_train, one.score, one.spread) for one in curve] for name, curve in results.learning.items()}
    label = f"{results.part} {results.selection}"
    crossing = f" Here {results.crossing}." if results.crossing else ""
    return Picture(
        "benchmark_learning",
        learning_curve_plot(curves, results.unit, results.networks, label),
        f"{label} against the number of train rows, {len(curves)} models",
        "What more rows bring: both axes are logarithmic, so a straight line is a power law." + crossing,
    )


def _cost(results: Results) -> Picture | None:
    from formation_mlp.figures import cost_curve_plot

    if len(results.cost) < 2:
        return None
    unit = f" ({results.unit})" if results.unit else ""
    return Picture(
        "benchmark_cost",
        cost_curve_plot(results.cost, f"best val {results.selection}{unit}", results.networks),
        f"Best val {results.selection} against training time, {len(results.cost)} models",
        "What a second of training brings. A model that has no score before its end is a single marker.",
    )


def _seen(results: Results) -> Picture | None:
    from formation_mlp.figures import seen_plot

    counts = results.novelty.counts
    if len(counts) < 2:
        return None
    scores = {one.model: results.novelty.scores[one.model] for one in results.models}
    label = f"{results.part} {results.selection}"
    return Picture(
        "benchmark_seen",
        seen_plot(scores, counts, results.unit, label),
        f"{label} on rows that training held more or less of, {len(scores)} models",
        "How much of the accuracy is look-up: rows whose formula is in training, whose system is, and neither.",
    )


def shown_models(results: Results, rows: Mapping[str, tuple[Floats, Floats]]) -> list[ModelSummary]:
    """Return the models that have a parity plot, or a ROC curve: the best, the main one and the best opponent."""
    ranked = [one for one in results.models if one.model in rows and np.ptp(rows[one.model][1]) > 0]
    first = {results.about.main, results.opponent}  # a constant prediction has nothing to draw
    chosen = {one.model for one in [one for one in ranked if one.model in first]}
    chosen |= {one.model for one in ranked[: MOST_PANELS - len(chosen - {one.model for one in ranked[:MOST_PANELS]})]}
    return [one for one in ranked if one.model in chosen]
