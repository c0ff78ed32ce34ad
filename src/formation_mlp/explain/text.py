"""Explanations as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np

from formation_mlp.explain.explanation import Contribution, Explanation, Neighbour
from formation_mlp.explain.groups import statistic_of, with_unit
from formation_mlp.explain.permutation import Importance
from formation_mlp.explain.rows import RunRows
from formation_mlp.system.text_table import aligned
from formation_mlp.typing import Floats

SHOWN, COLUMNS_SHOWN, BAR, WIDTH = 8, 2, 24, 100
"""Groups and columns of each that are shown; length of the longest bar and of a line."""


def explanation_text(
    explanation: Explanation,
    model: str,
    *,
    kind: str = "property",
    train: RunRows | None = None,
    near: Sequence[Neighbour] | str = "",
    n_shown: int = SHOWN,
) -> str:
    """Return why a number is what it is: the largest contributions as bars, the features behind them, neighbours.

    Parameters
    ----------
    explanation
        Of one material.
    model
        What the user calls the model.
    kind
        Of groups: ``property`` or ``preset``.
    train
        The train rows, with which the features are compared; without them, only with their mean and spread.
    near
        The nearest training rows, or why they are not known.
    n_shown
        Groups that are shown; the others are added up.
    """
    contributions = explanation.contributions(kind)
    shown, rest = contributions[:n_shown], contributions[n_shown:]
    bars = [(one.name, one.amount) for one in shown]
    if rest:
        bars.append((f"{len(rest)} others together", sum(one.amount for one in rest)))
    bars.append(("sum", explanation.prediction - explanation.baseline))
    what = "probability" if explanation.is_probability else "eV/atom"
    lines = [
        *textwrap.wrap(_sentences(explanation, shown, model, what), WIDTH),
        "",
        f"What each adds to the prediction ({what})",
        *_bars(bars),
        "",
        "Features behind it",
        *(f"  {line}" for line in _features(explanation, shown, train)),
        "",
        *_neighbours(near, explanation),
    ]
    if explanation.warning:
        lines += ["", *textwrap.wrap(f"Caution: {explanation.warning}.", WIDTH)]
    return "\n".join(lines)


def importance_text(importances: Importance, model: str, n_shown: int | None = None) -> str:
    """Return what the model loses by the permutation of each group, as a table with bars.

    Parameters
    ----------
    found
        From `formation_mlp.explain.permutation.importance`.
    model
        What the user calls the model.
    n_shown
        Groups that are shown; all if not given.
    """
    unit = "eV/atom" if importances.score_name == "MAE" else "nats"
    mean, std = importances.mean[:n_shown], importances.std[:n_shown]
    most = max(float(importances.mean.max()), 1e-12)
    rows = [
        [name, f"{value:.4f}", f"{spread:.4f}", str(size or ""), "#" * round(BAR * max(value, 0) / most)]
        for name, value, spread, size in zip(importances.names, mean, std, importances.sizes, strict=False)
    ]
    table = aligned(["permuted together", f"{importances.score_name} +", "+-", "columns", ""], rows)
    return (
        f"{model}: {importances.score_name} {importances.score:.4f} {unit} on {importances.n_rows} val rows; "
        f"what {importances.losses.shape[1]} permutations add to it\n\n{table}"
    )


def _bars(amounts: Sequence[tuple[str, float]]) -> list[str]:
    """Return one line for each amount: to the left of a middle where it is below zero, to the right above."""
    width = max(len(name) for name, _ in amounts)
    largest = max((abs(amount) for _, amount in amounts), default=0.0) or 1.0
    lines = []
    for name, amount in amounts:
        n = round(BAR * abs(amount) / largest)
        left, right = ("<" * n, "") if amount < 0 else ("", ">" * n)
        lines.append(f"  {name:{width}}  {amount:+7.3f}  {left:>{BAR}}|{right}".rstrip())
    return lines


def _sentences(explanation: Explanation, shown: Sequence[Contribution], model: str, what: str) -> str:
    """Say the prediction, where it would be without what is special about the material, and the largest reasons."""
    start, end = explanation.baseline, explanation.prediction
    reasons = [f"{one.name} ({one.amount:+.3f})" for one in shown[:3]]
    return (
        f"{model} predicts {end:.3f} {what} for {explanation.label}, and {start:.3f} where every feature has its "
        f"training mean. The difference of {end - start:+.3f} has its largest parts from: {', '.join(reasons)}. "
        "These are the reasons of the model: of features that go together it may use any."
    )


def _features(explanation: Explanation, shown: Sequence[Contribution], train: RunRows | None) -> list[str]:
    """Say what the most important features of each group are, and how that compares with the train rows."""
    scaler = explanation.scaler
    rows = []
    for i in (i for one in shown for i in one.columns[:COLUMNS_SHOWN]):
        name, value = scaler.kept_names[i], float(explanation.values[i])
        known = "none, so the median" if np.isnan(value) else with_unit(name, value)
        usual = f"{scaler.centre[i]:.4g} +- {scaler.scale[i]:.3g}"
        rank = "" if train is None or np.isnan(value) else _rank(value, train.X[:, scaler.kept[i]])
        rows.append([statistic_of(name), known, usual, rank, f"{explanation.attributions[i]:+.3f}"])
    header = ["feature", "value", "training mean +- std", "compared with training rows", "adds"]
    keep = [j for j in range(len(header)) if train is not None or j != 3]
    return aligned([header[j] for j in keep], [[row[j] for j in keep] for row in rows]).splitlines()


def _rank(value: float, others: Floats) -> str:
    others = others[np.isfinite(others)]
    below, above = float(np.mean(others < value)), float(np.mean(others > value))
    if max(below, above) < 0.5:
        return "among the most common"
    return f"{'higher' if below > above else 'lower'} than {100 * max(below, above):.0f} %"


def _neighbours(near: Sequence[Neighbour] | str, explanation: Explanation) -> list[str]:
    if isinstance(near, str):
        return [f"Nearest training rows: not available: {near}"]
    what = "class" if explanation.is_probability else "eV/atom"
    rows = [
        [one.formula, f"{one.y:.0f}" if explanation.is_probability else f"{one.y:.3f}", f"{one.distance:.2f}"]
        for one in near
    ]
    return ["Nearest training rows", *aligned(["formula", what, "distance"], rows).splitlines()]
