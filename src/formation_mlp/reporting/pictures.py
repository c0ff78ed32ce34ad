"""The figures of a run, each with the words that go with it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp import figures
from formation_mlp.chemistry.chemical_class import CHEMICAL_CLASSES, chemical_classes
from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.figures.picture import Picture
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from formation_mlp.chemistry.compositions import Compositions
    from formation_mlp.reporting.finished import FinishedRun


def energy_pictures(run: FinishedRun) -> list[Picture]:
    """Return parity, residuals and residuals against predictions of a regression."""
    y, prediction, unit, name, n = run.y, run.prediction, run.unit, run.quantity, len(run.y)
    scores = {key: np.nan if value is None else value for key, value in run.report["scores"][run.part].items()}
    rows = f"{n:,} {run.part} rows"
    return [
        Picture(
            "parity",
            figures.parity_plot(y, prediction, unit, None, scores, name),
            f"Predicted against actual {name} of {rows}",
            f"Predicted against actual values of {rows}. On the dashed line the prediction is right.",
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
        ),
    ]


def class_pictures(run: FinishedRun) -> list[Picture]:
    """Return ROC, precision and recall, calibration and confusion matrix of a classification."""
    task, y, probability = run.config["task"], run.y, run.prediction
    name, rows, positive = str(run.report["model"]), f"{len(y):,} {run.part} rows", task["labels"][1]
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
                "Left: the loss that is minimised, of the standardised target in a regression. Right: the score that "
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
    """Return the error by element, number of elements, chemical class and by what training held."""
    compositions = run.compositions
    if compositions is None:
        return []
    errors, unit, name = _group_errors(run)
    overall, rows = float(errors.mean()), f"{len(errors):,} {run.part} rows"
    by_class = chemical_classes(compositions)
    classes = {one: errors[[i for i, found in enumerate(by_class) if found == one]] for one in CHEMICAL_CLASSES}
    counts = np.minimum(compositions.n_elements, 7)
    numbers = {_count_name(k): errors[counts == k] for k in range(1, 8)}
    line = "The dotted line is the mean over all rows; black bars are 95 % intervals of the mean."
    pictures = [
        Picture(
            "elements",
            figures.element_map(_by_element(compositions, errors), unit, None, name),
            f"Periodic table of the {name} of the rows that hold each element",
            f"Each element has the {name} of the {rows} that hold it, and their number. Elements of one or two rows "
            "have no colour: so few say little.",
        ),
        Picture(
            "number_of_elements",
            figures.error_by_group(numbers, unit, "by number of elements", name, overall),
            f"{name} by number of elements",
            line,
        ),
        Picture(
            "chemical_class",
            figures.error_by_group(classes, unit, "by chemical class", name, overall),
            f"{name} by chemical class",
            "The first class that fits counts; what belongs to each is said below. " + line,
        ),
    ]
    novelty = _by_novelty(run, errors)
    if novelty is not None:
        figure = figures.error_by_group(novelty, unit, "by what the training rows hold", name, overall)
        pictures.append(
            Picture(
                "novelty",
                figure,
                f"{name} of rows near to and far from training",
                "How much of each row the model has met before. " + line,
            )
        )
    return pictures


def interval_pictures(run: FinishedRun, levels: Sequence[float], half_widths: Floats) -> list[Picture]:
    """Return coverage and width of the intervals."""
    return [
        Picture(
            "intervals",
            figures.interval_plot(levels, run.errors, half_widths, run.unit),
            f"Coverage and width of the intervals of {len(run.y):,} {run.part} rows",
            "Left: the share of the rows whose truth lies inside, against what the level promises; the shaded band is "
            "what chance allows. Right: how wide the intervals are.",
        )
    ]


def _group_errors(run: FinishedRun) -> tuple[Floats, str, str]:
    """Return what is averaged over the rows of a group, its unit and its name."""
    if not run.is_classification:
        return run.errors, run.unit, "mean absolute error"
    called = run.prediction >= run.config["task"]["threshold"]
    return (called != run.y).astype(float), "", "share of wrong calls"


def _by_element(compositions: Compositions, errors: Floats) -> dict[str, Floats]:
    z = compositions.z.tolist()
    of_element: dict[str, set[int]] = {}
    for i, (a, b) in enumerate(pairwise(compositions.row_ptr.tolist())):
        for number in z[a:b]:
            of_element.setdefault(SYMBOLS[number], set()).add(i)
    return {symbol: errors[sorted(rows)] for symbol, rows in of_element.items()}


def _by_novelty(run: FinishedRun, errors: Floats) -> dict[str, Floats] | None:
    training = run.training
    if training is None:
        return None
    keys, systems = training.dataset.keys(), training.dataset.materials.compositions.chemical_systems()
    train = training.rows["train"].tolist()
    known_keys, known_systems = {keys[i] for i in train}, {systems[i] for i in train}
    groups: dict[str, list[int]] = {"formula in training": [], "new formula, known system": [], "new system": []}
    for j, i in enumerate(training.rows[run.part].tolist()):
        name = "formula in training" if keys[i] in known_keys else "new formula, known system"
        groups[name if systems[i] in known_systems else "new system"].append(j)
    return {name: errors[rows] for name, rows in groups.items()}


def _count_name(k: int) -> str:
    return "1 element" if k == 1 else f"{k} elements" if k < 7 else "7 or more"
