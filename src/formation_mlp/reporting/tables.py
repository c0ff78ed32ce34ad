"""The tables of the page: how good, at which threshold, which rows are worst, which run is best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from formation_mlp.chemistry.chemical_class import CHEMICAL_CLASSES
from formation_mlp.reporting.html import details, facts, paragraph, table
from formation_mlp.reporting.judged import counted_rows
from formation_mlp.reporting.text import comparison, number
from formation_mlp.reporting.unusual import FACTS, shares, unusual_facts

if TYPE_CHECKING:
    from formation_mlp.reporting.finished import FinishedRun

WORST = 20
"""Rows of the largest error that are shown."""


def score_section(run: FinishedRun) -> Markup:
    """Return the table of the model beside the mean and the opponents."""
    models = comparison(run)
    own, names = run.model, list(run.report["scores"][run.part])
    selection = "log loss" if run.is_classification else "MAE"
    ordered = sorted(models, key=lambda name: _sortable(models[name].get(selection)))
    unit = f" ({run.unit})" if run.unit else ""
    header = ["model", *(f"{name}{unit}" if name in ("MAE", "RMSE") else _nice(name) for name in names)]
    rows = [[name, *(number(models[name].get(key)) for key in names)] for name in ordered]
    caption = f"Scores on the {counted_rows(len(run.y), run.part)}"
    text = table(header, rows, caption, own)
    val = run.report["scores"].get("val")
    if run.part != "val" and val:
        scores = ", ".join(f"{_nice(name)} {number(value)}" for name, value in val.items())
        rows_of_val = f"{run.report['rows']['val']:,} validation rows, which helped to choose the model"
        text += paragraph(f"On the {rows_of_val}: {scores}.", "soft")
    if len(models) <= 2:
        text += paragraph("Opponents such as a random forest: formation-mlp benchmark CONFIG.", "soft")
    return text


def threshold_section(run: FinishedRun) -> Markup:
    """Return what a classifier does at other thresholds."""
    chosen = float(run.config["task"]["threshold"])
    rows = []
    for threshold in sorted({*np.round(np.arange(0.1, 0.95, 0.1), 1).tolist(), 0.05, 0.95, chosen}):
        called, positive = run.prediction >= threshold, run.y == 1
        right = int(np.sum(called & positive))
        precision = right / called.sum() if called.any() else None
        recall = right / positive.sum() if positive.any() else None
        f1 = 2 * right / (called.sum() + positive.sum()) if called.any() or positive.any() else None
        alarms = np.mean(called[~positive]) if (~positive).any() else None
        shown = [number(value, 3) for value in (precision, recall, f1, alarms)]
        rows.append([f"{threshold:g}", f"{int(called.sum()):,}", *shown])
    label = run.config["task"]["labels"][1]
    header = ["threshold", f"rows called '{label}'", "precision", "recall", "F1", "false positive rate"]
    return table(header, rows, f"What other thresholds would do; the model uses {chosen:g}", f"{chosen:g}")


def worst_section(run: FinishedRun) -> Markup:
    """Return the rows of the largest errors, with what is unusual about them."""
    worst = np.argsort(-run.errors, kind="stable")[:WORST].tolist()
    unusual, intervals = unusual_facts(run), run.intervals()
    usual = "nothing unusual found" if run.training is not None or run.answers is not None else "not known"
    ends = None
    if intervals is not None and 0.9 in intervals.levels:
        k = intervals.levels.index(0.9)
        ends = intervals.low[k], intervals.high[k]
    header, rows = ["id", "formula", "actual", "predicted", "error"], []
    if run.is_classification:
        header = ["id", "formula", "actual class", "probability"]
    if ends is not None:
        header.append("90 % interval")
    for i in worst:
        cells = [run.ids[i], run.formulas[i]]
        if run.is_classification:
            cells += [run.config["task"]["labels"][int(run.y[i])], number(run.prediction[i], 3)]
        else:
            numbers = (run.y[i], run.prediction[i], run.prediction[i] - run.y[i])
            cells += [number(value, 3) for value in numbers[:2]] + [number(numbers[2], 3, sign=True)]
        if ends is not None:
            cells.append(f"{number(ends[0][i], 3)} to {number(ends[1][i], 3)}")
        rows.append([*cells, "; ".join(unusual[i].values()) or usual])
    header.append("what is unusual")
    what = "probabilities farthest from the class" if run.is_classification else f"largest errors, in {run.unit}"
    text = table(header, rows, f"The {len(worst)} {what}")
    frequent = [
        [FACTS[name], f"{100 * among:.0f} %", f"{100 * everywhere:.0f} %"]
        for name, among, everywhere in shares(unusual, worst)
    ]
    if frequent:
        header = ["fact", f"of the {len(worst)} worst", f"of the {counted_rows(len(run.y), run.part)}"]
        text += table(header, frequent, "How common that is")
    return text


def class_definitions() -> Markup:
    """Return what belongs to each chemical class."""
    return details("Chemical classes", facts(CHEMICAL_CLASSES, "chemical classes"))


def are_comparable(runs: Sequence[FinishedRun]) -> bool:
    """Return whether all runs are scored on the same rows and truths."""
    return len({(run.part, tuple(run.ids), run.y.tobytes()) for run in runs}) == 1


def runs_section(runs: Sequence[FinishedRun]) -> Markup:
    """Return the runs of one kind beside each other."""
    first, names = runs[0], list(runs[0].report["scores"][runs[0].part])
    unit = f" ({first.unit})" if first.unit else ""
    header = ["run", "model", "target", "training rows", "scored on"]
    header += [f"{name}{unit}" if name in ("MAE", "RMSE") else _nice(name) for name in names]
    rows = [
        [
            run.name,
            run.model,
            run.target,
            f"{run.report['rows']['train']:,}",
            counted_rows(len(run.y), run.part),
            *(number(run.report["scores"][run.part].get(name)) for name in names),
        ]
        for run in runs
    ]
    if len(runs) == 1:
        remark = Markup()
    elif are_comparable(runs):
        remark = paragraph(f"All are scored on the same {len(first.y):,} {first.part} rows.", "soft")
    else:
        remark = paragraph("They are scored on different rows: their scores cannot be compared directly.", "note")
    return table(header, rows, "Classifiers" if first.is_classification else "Regressions") + remark


def _nice(name: str) -> str:
    return name.replace("R2", "R²")


def _sortable(value: float | None) -> float:
    return math.inf if value is None or not math.isfinite(value) else value
