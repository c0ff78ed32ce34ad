"""The figures of a run, each with the words that go with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from formation_mlp import figures
from formation_mlp.figures.picture import Picture
from formation_mlp.reporting.groups import by_class, by_count, by_element, by_novelty, group_errors
from formation_mlp.reporting.intervals import IntervalEnds
from formation_mlp.reporting.judged import counted_rows, judged_rows
from formation_mlp.reporting.named import named_points

if TYPE_CHECKING:
    from formation_mlp.reporting.finished import FinishedRun


def energy_pictures(run: FinishedRun) -> list[Picture]:
    """Return parity, residuals and residuals against predictions of a regression."""
    y, prediction, unit, name, n = run.y, run.prediction, run.unit, run.quantity, len(run.y)
    scores = {key: np.nan if value is None else value for key, value in run.report["scores"][run.part].items()}
    rows = counted_rows(n, run.part)
    return [
        Picture(
            "parity",
            figures.parity_plot(y, prediction, unit, None, scores, name),
            f"Predicted against actual {name} of {rows}",
            f"Predicted against actual values of {rows}. On the dashed line the prediction is right.",
            named_points(run.ids, run.formulas, y, prediction, unit),
        ),
        Picture(
            "residuals",
            figures.residual_histogram(y, prediction, unit, None, name),
            f"Histogram of predicted minus actual {name} of {rows}",
            "How often the model is off by how much: to the right of zero it predicts too high a value. "
            "A mean that is not zero is a bias.",
        ),
        Picture(
            "residuals_by_prediction",
            figures.residual_plot(y, prediction, unit, None, name),
            f"Predicted minus actual {name} against the prediction, {rows}",
            "Whether the errors depend on the predicted value: a median that leaves zero is a bias in that range.",
            named_points(run.ids, run.formulas, y, prediction, unit, residuals=True),
        ),
    ]


def class_pictures(run: FinishedRun) -> list[Picture]:
    """Return ROC, precision and recall, calibration and confusion matrix of a classification."""
    task, y, probability = run.config["task"], run.y, run.prediction
    name, rows, positive = run.model, counted_rows(len(y), run.part), task["labels"][1]
    called = (probability >= task["threshold"]).astype(int)
    return [
        Picture(
            "roc",
            figures.roc_curve_plot({name: (y, probability)}),
            f"ROC curve of {rows}",
            f"Over all thresholds: the share of the rows '{positive}' that are found, against the share of the others "
            "that are called so by mistake.",
        ),
        Picture(
            "precision_recall",
            figures.precision_recall_plot({name: (y, probability)}),
            f"Precision against recall of {rows}",
            f"Over all thresholds: how many of the calls '{positive}' are right, against how many of them are found.",
        ),
        Picture(
            "calibration",
            figures.reliability_plot(y, probability),
            f"Share of positive rows against predicted probability, {rows}",
            "Whether a probability means what it says: of rows given 0.8, eight in ten should be positive. "
            "Bars are 95 % intervals; below, the rows in each bin.",
        ),
        Picture(
            "confusion_matrix",
            figures.confusion_matrix_plot(y.astype(int), called, task["labels"]),
            f"Confusion matrix of {rows}",
            f"Rows are called '{positive}' where the probability reaches {task['threshold']:g}.",
        ),
    ]


def training_pictures(run: FinishedRun) -> list[Picture]:
    """Return the epochs of the network, or of the members of an ensemble; none where no history was kept."""
    score = "validation log loss" if run.is_classification else "validation MAE (eV/atom)"
    if list(run.histories) == [""]:
        history = run.histories[""]
        best = max((record["epoch"] for record in history if record["is_best"]), default=history[-1]["epoch"])
        return [
            Picture(
                "loss",
                figures.loss_curves(history, best, score),
                f"Loss and {score} by epoch, best epoch {best}",
                "Above: the loss that is minimised, of the standardised target in a regression. Below: the score that "
                f"selects the weights which are kept, those of epoch {best}.",
            )
        ]
    members = {name: history for name, history in run.histories.items() if name}
    if not members:
        return []
    return [
        Picture(
            "members",
            figures.member_curves(members, score),
            f"{score} of {len(members)} members by epoch",
            "Each member of the ensemble is trained on its own; a star marks the epoch whose weights are kept. "
            "A member that leaves out a fold of the train rows is scored on that fold.",
        )
    ]


def group_pictures(run: FinishedRun) -> list[Picture]:
    """Return the error by number of elements, chemical class and by what training held."""
    compositions = run.compositions
    if compositions is None:
        return []
    errors, unit, name = group_errors(run)
    overall = float(errors.mean())
    line = "The dotted line is the mean over all rows; black bars are 95 % intervals of the mean."
    kinds = {
        "number_of_elements": ("by number of elements", by_count(compositions, errors), line),
        "chemical_class": (
            "by chemical class",
            by_class(compositions, errors),
            f"The first class that fits counts; what belongs to each is said below. {line}",
        ),
        "novelty": (
            "by what the training rows hold",
            by_novelty(run, errors),
            f"How much of each row the model has met before. {line}",
        ),
    }
    return [
        Picture(key, figures.error_by_group(groups, unit, title, name, overall), f"{name} {title}", caption)
        for key, (title, groups, caption) in kinds.items()
        if groups is not None
    ]


def element_picture(run: FinishedRun) -> Picture | None:
    """Return the periodic table for a paper; the page has one of its own. None if the formulas cannot be read."""
    if run.compositions is None:
        return None
    errors, unit, name = group_errors(run)
    figure = figures.element_map(by_element(run.compositions, errors), unit, None, name)
    return Picture("elements", figure, f"Periodic table of the {name} of the rows that hold each element", "")


def interval_pictures(run: FinishedRun, intervals: IntervalEnds) -> list[Picture]:
    """Return coverage and width of the intervals, of the rows of which claims are made."""
    shown, words = judged_rows(run).shown
    holds, width = intervals.holds(run.y)[:, shown], intervals.width[:, shown]
    return [
        Picture(
            "intervals",
            figures.interval_plot(intervals.levels, holds, width, run.unit),
            f"Coverage and width of the intervals of {words}",
            f"Above: the share of {words} of which the truth lies inside, against what the level promises; the shaded "
            "band is what chance allows. Below: how wide the intervals are.",
        )
    ]
