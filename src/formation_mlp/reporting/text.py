"""The sentences of the page: what was predicted, from what, and how good it is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from formation_mlp.config.schema import named_options
from formation_mlp.reporting.html import joined, paragraph
from formation_mlp.reporting.judged import counted_rows, judged_rows
from formation_mlp.reporting.model_words import model_words
from formation_mlp.runs.start_rows import KNOWN
from formation_mlp.targets.metrics import classification_scores, regression_scores

if TYPE_CHECKING:
    from formation_mlp.reporting.finished import FinishedRun

MEAN = "mean of the training rows"
PRIOR = "share of positives in training"
"""The answers that know nothing of the material, as rows of the table of scores."""


def introduction(run: FinishedRun) -> Markup:
    """Say in plain words what was predicted, from what, and how good it is; what is to be believed follows."""
    report, n = run.report, len(run.y)
    source = report["target"].get("source")
    presets = ", ".join(named_options(part, "features")[0] for part in run.config["features"])
    learned = f"{report['rows']['train']:,} training rows"
    words = model_words([member.model for member in run.checkpoint.members], run.config["training"].get("start_from"))
    what = (
        f"how probable it is that a compound is '{run.config['task']['labels'][1]}'"
        if run.is_classification
        else f"the {run.quantity} of a compound in {run.unit}"
    )
    texts = [
        paragraph(
            f"{words[0].upper()}{words[1:]} predicts {what}, from {report['descriptors']} features ({presets}). "
            f"It learned from {learned}"
            + (f"; origin of the values: {source}. " if source else ". ")
            + (_class_words if run.is_classification else _energy_words)(
                run, f"{counted_rows(n, run.part)}{_seen(run)}"
            ),
            "lead",
        )
    ]
    if run.part == "val":
        texts.append(
            paragraph(
                "This run has no test rows. The validation rows shown here have helped to choose the model and, in a "
                "regression, calibrated the intervals, so the model looks somewhat better than it is. "
                "Train with 'split.test' above 0 for an honest number.",
                "note",
            )
        )
    return joined([*texts, *(paragraph(note, "note") for note in run.notes)])


def _seen(run: FinishedRun) -> str:
    """Say what the model knew of the rows before."""
    if run.part == "val":
        return ", which have also helped to choose it,"
    start = run.report.get("start") or {}
    if start.get("rows", {}).get("test", {}).get(KNOWN):
        return ", which this training has not seen, but in part the model that it started from,"
    leaked = run.report["overlap"].get("test_rows_with_formula_in_train", 0)
    return ", which it has never seen," if not leaked else " that it has not learned from"


def _energy_words(run: FinishedRun, rows: str) -> str:
    text = f"On {rows} it is off by {run.errors.mean():.3f} {run.unit} on average."
    judged = judged_rows(run)
    if judged.n and not judged.are_all:
        text += f" Over the {judged.words} it is off by {run.errors[judged.is_new].mean():.3f} {run.unit}."
    return text


def _class_words(run: FinishedRun, rows: str) -> str:
    scores, positive = run.report["scores"][run.part], run.config["task"]["labels"][1]
    right = float(np.mean((run.prediction >= run.config["task"]["threshold"]) == run.y))
    commoner = max(run.y.mean(), 1 - run.y.mean())
    text = (
        f"Of {rows} it puts {100 * right:.1f} % into the right class; whoever always names the commoner class is "
        f"right for {100 * commoner:.1f} %."
    )
    if scores.get("precision") is not None and scores.get("recall") is not None:
        text += (
            f" Of the rows it calls '{positive}', {100 * scores['precision']:.1f} % are (precision); of those that "
            f"are, it finds {100 * scores['recall']:.1f} % (recall)."
        )
    return text


def interval_words(run: FinishedRun) -> Markup:
    """Say whether the intervals hold, or why there are none."""
    intervals = run.intervals()
    if intervals is None:
        calibration, errors = run.checkpoint.calibration, run.checkpoint.errors
        if calibration is None and errors is None:
            reason = (
                "The model file holds no errors of the validation rows (an older format); train again for intervals."
            )
        elif calibration is not None and errors is None and calibration.reason(0.6):
            reason = f"No intervals: {calibration.reason(0.6)}."
        else:
            reason = "No intervals: they follow features and members of the rows, which could not be computed again."
        return paragraph(reason)
    rows, words = judged_rows(run).shown
    shown = intervals.nearest(0.9)
    level, inside = intervals.levels[shown], np.mean(intervals.holds(run.y)[shown, rows])
    width = intervals.width[shown, rows]
    text = (
        f"Intervals at the level {level:g} hold the truth of {100 * inside:.1f} % of "
        f"{words}. They are {width.mean():.3f} {run.unit} wide on average"
    )
    narrow, wide = np.percentile(width, [10, 90])
    text += f", {narrow:.3f} to {wide:.3f} for 80 % of the rows." if wide > narrow else "."
    if run.part == "val":
        text += " They were calibrated on these very rows, so this shows nothing about new ones."
    return paragraph(text)


def comparison(run: FinishedRun) -> dict[str, dict[str, float | None]]:
    """Return the scores of the model, of the answer that knows no material, and of the opponents, by name."""
    own = run.model
    by_model: dict[str, dict[str, float | None]] = {own: dict(run.report["scores"][run.part])}
    if run.training is not None:
        mean = float(run.training.labels[run.training.rows["train"]].mean())
        blind = np.full(len(run.y), mean)
        by_model[PRIOR if run.is_classification else MEAN] = (
            dict(classification_scores(run.y, blind, run.config["task"]["threshold"]))
            if run.is_classification
            else dict(regression_scores(run.y, blind))
        )
    for name, entry in (run.report.get("baselines", {}) | run.benchmark).items():
        scores = entry.get("scores", {}).get(run.part) if isinstance(entry, dict) else None
        known = name in (own, run.report["model"]) or (name == "mean" and len(by_model) > 1)
        if scores and not known:
            by_model[MEAN if name == "mean" and not run.is_classification else name] = dict(scores)
    return by_model


def number(value: float | None, digits: int = 4, *, sign: bool = False) -> str:
    """Return a number with a true minus sign, or ``undefined``."""
    if value is None or not math.isfinite(value):
        return "undefined"
    text = f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"
    return text.replace("-", "−")
