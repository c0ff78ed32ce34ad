"""What to believe of a run and what not: the first thing that a reader sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from formation_mlp.reporting.doubts import Claim, doubts
from formation_mlp.reporting.groups import NEW_FORMULA, NEW_SYSTEM, by_novelty, group_errors, mean_error
from formation_mlp.reporting.html import verdict
from formation_mlp.reporting.interval_claims import interval_claim
from formation_mlp.reporting.judged import JudgedRows, judged_rows
from formation_mlp.runs.start_rows import ahead_in_words, is_as_good_untrained, untrained_in_words

if TYPE_CHECKING:
    from formation_mlp.reporting.finished import FinishedRun


def summary(run: FinishedRun, statements: Sequence[str] = ()) -> Markup:
    """Return what to believe and what not, each with the numbers behind it.

    What is to be believed is said of rows whose formula no start model has learned, and only of ten rows at least.

    Parameters
    ----------
    run
        A finished run.
    statements
        What a benchmark on the same rows says of the model and its opponents.
    """
    rows = judged_rows(run)
    held, broken = interval_claim(run, rows)
    believe = [*_error(run, rows), *_untrained(run), *_others(run, rows, statements), *_novelty(run, rows), *held]
    if not rows.are_enough:
        believe = [
            (
                "No error yet:",
                f"there {'is' if rows.n == 1 else 'are'} {rows.words}, too few for a claim about other compounds.",
            )
        ]
    return verdict(believe, doubts(run, rows, broken))


def _error(run: FinishedRun, rows: JudgedRows) -> list[Claim]:
    if not rows.are_enough:
        return []
    errors, unit, name = group_errors(run)
    errors = errors[rows.is_new]
    text = f"Over {rows.words}; " + (
        f"half are off by less than {np.median(errors):.3f}, one in ten by more than {np.quantile(errors, 0.9):.3f}."
        if unit
        else "this is the share of wrong classes."
    )
    found = mean_error(errors)
    spread = f"{found.mean:.3f} ± {found.half:.3f} {unit}".strip()
    return [(f"{name[0].upper()}{name[1:]} {spread} (95 %).", text)]


def _untrained(run: FinishedRun) -> list[Claim]:
    """Return that a model is as good without the training, if it is: the first thing to know of the training."""
    about = run.report.get("untrained")
    if not about or not is_as_good_untrained(about):
        return []
    return [("The training was not needed:", untrained_in_words(about))]


def _others(run: FinishedRun, rows: JudgedRows, statements: Sequence[str]) -> list[Claim]:
    if statements:
        start = run.report.get("start")
        ahead = [("A head start:", ahead_in_words(start))] if start else []
        return [*(("Against others:", f"{one.rstrip('.')}.") for one in statements), *ahead]
    if run.training is None or run.is_classification or not rows.n:
        return []
    mean = float(run.training.labels[run.training.rows["train"]].mean())
    blind = float(np.abs(run.y[rows.is_new] - mean).mean())
    if not blind:
        return []
    share = f"{100 * run.errors[rows.is_new].mean() / blind:.0f} %"
    among = "" if rows.are_all else f" Over {rows.short}."
    text = f"the error is {share} of that of always answering the mean of the training rows."
    return [("Against the mean:", text + among)]


def _novelty(run: FinishedRun, rows: JudgedRows) -> list[Claim]:
    errors, unit, _ = group_errors(run)
    groups = by_novelty(run, np.where(rows.is_new, errors, np.nan)) or {}
    kinds = {NEW_FORMULA: "new formulas of known chemical systems", NEW_SYSTEM: "chemical systems without training row"}
    judged = {kind: groups[kind][np.isfinite(groups[kind])] for kind in kinds if kind in groups}
    said = [
        f"{words} {mean_error(judged[kind]).words(unit)}" for kind, words in kinds.items() if len(judged.get(kind, ()))
    ]
    if not said:
        return []
    among = "" if rows.are_all else f" Over {rows.short}."
    return [("For a compound of your own:", f"{'; '.join(said)}.{among}")]
