"""What to believe of a run and what not: the first thing that a reader sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.reporting.groups import (
    NEW_FORMULA,
    NEW_SYSTEM,
    by_class,
    by_element,
    by_novelty,
    clearly_worse,
    group_errors,
    mean_error,
)
from formation_mlp.reporting.html import verdict
from formation_mlp.reporting.text import MEAN, comparison

if TYPE_CHECKING:
    from formation_mlp.reporting.finished import FinishedRun

Claim = tuple[str, str]
"""Words that stand out, and what is said."""

FEW = 100
"""Rows below which an error is called uncertain."""
NAMED = 5
"""Groups and elements that are named."""


def summary(run: FinishedRun, statements: Sequence[str] = ()) -> Markup:
    """Return what to believe and what not, each with the numbers behind it.

    Parameters
    ----------
    run
        A finished run.
    statements
        What a benchmark on the same rows says of the model and its opponents.
    """
    believe = [*_error(run), *_others(run, statements), *_novelty(run), *_intervals(run, holds=True)]
    doubt = [*_known(run), *_failures(run), *_intervals(run, holds=False), *_elements(run), *_kind(run)]
    return verdict(believe, doubt)


def _error(run: FinishedRun) -> list[Claim]:
    errors, unit, name = group_errors(run)
    known, new = _start_scores(run)
    rows = f"Over {len(errors):,} {run.part} rows; "
    text = rows + (
        f"half are off by less than {np.median(errors):.3f}, one in ten by more than {np.quantile(errors, 0.9):.3f}."
        if unit
        else "this is the share of wrong classes."
    )
    found = mean_error(errors)
    if known and new:
        text += f" On the {new['n']:,} formulas that the start model has not learned: {new['score']:.3f} {unit}."
    spread = f"{found.mean:.3f} ± {found.half:.3f} {unit}".strip()
    return [(f"{name[0].upper()}{name[1:]} {spread} (95 %).", text)]


def _others(run: FinishedRun, statements: Sequence[str]) -> list[Claim]:
    if statements:
        return [("Against others:", f"{one.rstrip('.')}.") for one in statements]
    blind = comparison(run).get(MEAN, {}).get("MAE")
    if not blind:
        return []
    share = f"{100 * run.errors.mean() / blind:.0f} %"
    return [("Against the mean:", f"the error is {share} of that of always answering the mean of the training rows.")]


def _novelty(run: FinishedRun) -> list[Claim]:
    errors, unit, _ = group_errors(run)
    groups = by_novelty(run, errors) or {}
    kinds = {NEW_FORMULA: "new formulas of known chemical systems", NEW_SYSTEM: "chemical systems without training row"}
    said = [
        f"{words} {mean_error(groups[kind]).words(unit)}" for kind, words in kinds.items() if len(groups.get(kind, ()))
    ]
    return [("For a compound of your own:", f"{'; '.join(said)}.")] if said else []


def _intervals(run: FinishedRun, *, holds: bool) -> list[Claim]:
    intervals = run.half_widths()
    if intervals is None:
        return []
    levels, half_widths = intervals
    k = min(range(len(levels)), key=lambda i: abs(levels[i] - 0.9))
    inside, level = float(np.mean(run.errors <= half_widths[k])), levels[k]
    scatter = 2 * (level * (1 - level) / len(run.errors)) ** 0.5
    if holds != (run.part == "test" and inside >= level - scatter):
        return []
    text = f"{100 * inside:.1f} % of the truths lie inside the intervals of the level {level:g}"
    if run.part == "val":
        return [("Intervals are untested:", f"they were calibrated on the very rows shown; {text}.")]
    return [("Intervals hold:" if holds else "Intervals are too narrow:", f"{text}.")]


def _start_scores(run: FinishedRun) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return rows and score of the formulas that the start model has learned, and of the others; empty without."""
    start = run.report.get("start") or {}
    counts = start.get("rows", {}).get(run.part, {})
    scores: Mapping[str, Mapping[str, Any]] = start.get("scores", {}).get(run.part, {})
    key = "log loss" if run.is_classification else "MAE"
    known, new = ({"n": counts.get(name, 0), "score": scores.get(name, {}).get(key)} for name in ("known", "new"))
    return ({} if known["score"] is None else known), ({} if new["score"] is None else new)


def _known(run: FinishedRun) -> list[Claim]:
    """Return what of the rows was known before: to the start model, or in training."""
    claims: list[Claim] = []
    start, n = run.report.get("start"), len(run.y)
    known, new = _start_scores(run)
    if start and not start.get("is_told", True):
        claims.append(
            ("The scores may be too good:", f"nothing tells what the start model {start['model']} has learned.")
        )
    elif start and known:
        rest = f", the other {new['n']:,} with {new['score']:.3f}" if new else ", there are no others"
        claims.append(
            (
                "Rows known before:",
                f"{known['n']:,} of {n:,} {run.part} rows are formulas that the start model {start['model']} has "
                f"learned (error {known['score']:.3f}{rest}). Only the latter tells of new compounds.",
            )
        )
    shared = run.report["overlap"]
    leaked = shared.get("test_rows_with_formula_in_train", 0) if run.part == "test" else 0
    if leaked:
        share = 100 * leaked / shared["test_rows"]
        claims.append(("Leaked rows:", f"{leaked:,} test rows ({share:.0f} %) have their formula in training, too."))
    if run.part == "val":
        claims.append(
            ("No test rows:", "the rows shown have helped to choose the model, which looks better than it is.")
        )
    elif n < FEW:
        claims.append(("Few rows:", f"{n} test rows; another draw would give another error."))
    return claims


def _failures(run: FinishedRun) -> list[Claim]:
    if run.compositions is None:
        return []
    errors, unit, _ = group_errors(run)
    overall = float(errors.mean())
    groups = clearly_worse(by_class(run.compositions, errors), overall)
    elements = clearly_worse(by_element(run.compositions, errors), overall)
    said = [f"{name} ({one.mean:.3f}, {one.n} rows)" for name, one in [*groups.items(), *elements.items()][:NAMED]]
    worst = int(np.argmax(run.errors))
    claims = [("Clearly worse than the mean:", f"{', '.join(said)}.")] if said else []
    if unit:
        error = f"{run.prediction[worst] - run.y[worst]:+.2f}".replace("-", "−")
        claims.append(("The worst row:", f"{run.formulas[worst]} is off by {error} {unit}; see the worst rows below."))
    return claims


def _elements(run: FinishedRun) -> list[Claim]:
    if run.training is None:
        return []
    compositions = run.training.dataset.materials.compositions.take(run.training.rows["train"])
    held = {SYMBOLS[z] for z in compositions.elements()}
    missing = [symbol for symbol in SYMBOLS[1:95] if symbol not in held]
    if not missing:
        return []
    named = ", ".join(missing[:12]) + (f" and {len(missing) - 12} more" if len(missing) > 12 else "")
    return [("Elements without training row:", f"{named}. Predictions for them are guesses; predict flags them.")]


def _kind(run: FinishedRun) -> list[Claim]:
    if run.is_classification:
        return []
    source = run.report["target"].get("source")
    scale = f"They are energies of the origin {source!r}" if source else "The origin of the energies is not declared"
    return [
        ("Other energies:", f"{scale}: do not mix them with other scales. A low energy alone is no proof of stability.")
    ]
