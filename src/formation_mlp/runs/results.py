"""What a run tells its reader: a table, a JSON file, predictions and figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from formation_mlp.data.quantity import quantity_words
from formation_mlp.data.records import Dataset, Target
from formation_mlp.data.unit_names import unit_in
from formation_mlp.quoting import counted
from formation_mlp.runs.fingerprint import parts_of
from formation_mlp.runs.prepare import Prepared
from formation_mlp.runs.progress import Reporter
from formation_mlp.runs.scores import Evaluation
from formation_mlp.saved_model.checkpoint import package_versions
from formation_mlp.splits.methods import Split, overlap
from formation_mlp.system.files import write_csv, write_json
from formation_mlp.system.text_table import aligned
from formation_mlp.targets.task import Task
from formation_mlp.typing import Floats, Ints


@dataclass(frozen=True, slots=True)
class ModelResult:
    """The predictions, scores and costs of one model on the val and test rows.

    Attributes
    ----------
    name : of the model
    prediction : part to predictions, ``val`` and ``test``
    scores : part to scores; a part without rows has none
    fit_seconds : to learn, with all candidates of a search
    predict_seconds : for the test rows, from features
    details : options, number of weights, best epoch and the like
    """

    name: str
    prediction: Mapping[str, Floats]
    scores: Mapping[str, Mapping[str, float]]
    fit_seconds: float
    predict_seconds: float
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return everything but the predictions as plain data; NaN becomes null."""
        return {
            "scores": {part: without_nan(scores) for part, scores in self.scores.items()},
            "fit_seconds": round(self.fit_seconds, 3),
            "predict_seconds": round(self.predict_seconds, 5),
            **self.details,
        }


def without_nan(scores: Mapping[str, float]) -> dict[str, float | None]:
    """Return scores for JSON, which has no NaN."""
    return {name: value if math.isfinite(value) else None for name, value in scores.items()}


_SHORT = {"accuracy": "acc.", "balanced accuracy": "bal. acc.", "precision": "prec."}
"""Shorter names of scores, for a table that fits a terminal."""


def score_table(results: Sequence[ModelResult], task: Task) -> str:
    """Return the results as one aligned table; the test scores, or those of val where there is no test part."""
    part = "test" if results[0].scores.get("test") else "val"
    names = list(results[0].scores[part])
    selection = task.selection_score
    first, *others = (_SHORT.get(name, name) for name in names)
    header = ["model", f"val {selection}", f"{part} {first}", *others, "fit (s)", "predict (s)"]
    rows = [
        [
            result.name,
            f"{result.scores['val'][selection]:.4f}",
            *(f"{result.scores[part][name]:.4f}" for name in names),
            f"{result.fit_seconds:.1f}",
            f"{result.predict_seconds:.3f}",
        ]
        for result in results
    ]
    return aligned(header, rows)


def evaluation_table(evaluations: Mapping[str, Evaluation]) -> str:
    """Return the scores of one model on several sets of rows as one aligned table."""
    names = list(next(iter(evaluations.values())).scores)
    rows = [
        [part, str(len(e.y)), str(len(e.errors)), *(f"{e.scores[name]:.4f}" for name in names)]
        for part, e in evaluations.items()
    ]
    return aligned(["rows", "predicted", "failed", *names], rows)


def write_predictions(path: Path, dataset: Dataset, split: Split, y: Floats, results: Sequence[ModelResult]) -> None:
    """Write one line per val and test row: id, formula, part, truth, and the prediction of each model."""
    rows = []
    for part in ("val", "test"):
        for j, i in enumerate(getattr(split, part)):
            numbers = [f"{result.prediction[part][j]:.6f}" for result in results]
            rows.append([dataset.ids[i], dataset.formulas[i], part, f"{y[i]:.6f}", *numbers])
    one = len(results) == 1
    columns = ["prediction"] if one else [f"prediction {result.name}" for result in results]
    write_csv(path, ["id", "formula", "part", dataset.target.label, *columns], rows)


def write_split(path: Path, prepared: Prepared) -> None:
    """Write the ids of the rows of each part."""
    write_json(path, parts_of(prepared.dataset, prepared.split))


def write_loss_figure(folder: Path, prepared: Prepared, history: Sequence[Mapping[str, Any]]) -> None:
    """Draw the losses of a network, epoch by epoch."""
    from formation_mlp import figures

    task = prepared.task
    best = max(record["epoch"] for record in history if record["is_best"])
    selection = task.selection_score if task.is_classification else f"{task.selection_score} (eV/atom)"
    figures.save_figure(figures.loss_curves(history, best, f"validation {selection}"), folder / "loss.png")


def write_figures(folder: Path, prepared: Prepared, result: ModelResult) -> None:
    """Draw one model: parity and residuals of an energy, confusion matrix and ROC curve of a class."""
    from formation_mlp import figures

    task, part = prepared.task, shown_part(prepared.split)
    y = prepared.part(part).y
    prediction, scores = result.prediction[part], result.scores[part]
    rows = counted(len(y), f"{part} row")
    title = f"{result.name}, {rows}"
    drawn = {}
    if task.is_classification:
        called = (prediction >= task.config.threshold).astype(int)
        drawn["confusion_matrix.png"] = figures.confusion_matrix_plot(y.astype(int), called, task.config.labels, title)
        drawn["roc.png"] = figures.roc_curve_plot({result.name: (y, prediction)}, rows)
    else:
        name = quantity(prepared)
        drawn["parity.png"] = figures.parity_plot(y, prediction, "eV/atom", title, scores, name)
        drawn["residuals.png"] = figures.residual_histogram(y, prediction, "eV/atom", title, name)
    for name, figure in drawn.items():
        figures.save_figure(figure, folder / name)


def shown_part(split: Split) -> str:
    """Return the part that tables and figures show: ``val`` where there is no test part."""
    return "test" if len(split.test) else "val"


def announce(prepared: Prepared, reporter: Reporter) -> None:
    """Say what the rows, the features and the split are."""
    split, shared = prepared.split, overlap(prepared.dataset, prepared.split)
    announce_rows(prepared, reporter)
    reporter.say(
        f"split by {prepared.config.split.method}: "
        f"{len(split.train)} train, {len(split.val)} val, {len(split.test)} test; "
        f"of the test rows {shared['test_rows_with_formula_in_train']} have their formula in train, "
        f"{shared['test_rows_with_chemical_system_in_train']} their chemical system"
    )


def announce_rows(prepared: Prepared, reporter: Reporter) -> None:
    """Say what the rows and the features are."""
    dataset = prepared.dataset
    reporter.say(
        f"{counted(len(dataset), 'row')} of {prepared.config.data.path}, target {target_words(dataset.target)}"
    )
    for note in (*dataset.notes, *(f"not to believe without a look: {doubt}" for doubt in dataset.doubts)):
        reporter.say(f"  {note}")
    reporter.say(
        f"{counted(len(prepared.table.names), 'feature')}, {len(prepared.scaler.dropped)} constant over the train rows"
    )
    if prepared.scaler.dropped:
        reporter.say("  dropped: " + ", ".join(prepared.scaler.dropped), level=1)
    missing = prepared.table.missing
    if missing:
        most = max(missing, key=lambda name: missing[name])
        reporter.say(
            f"{len(missing)} of them lack values of their own in some rows, {most} in the most ({missing[most]}); "
            "the scaler fills them from the train rows"
        )
    for name, count in missing.items():
        reporter.say(f"  {name}: {counted(count, 'row has', 'rows have')} no value of its own", level=1)


def target_words(target: Target) -> str:
    """Return the name of a target with its unit, which is not named twice.

    Examples
    --------
    >>> target_words(Target("E_f [eV/at]", "eV/atom")), target_words(Target("Hf (kJ/mol)", "eV/atom"))
    ('E_f [eV/at]', 'Hf (kJ/mol), converted to eV/atom')
    >>> target_words(Target("e_form", "eV/atom"))
    'e_form eV/atom'
    """
    named = unit_in(target.name)
    if not target.unit or not named.energy:
        return f"{target.name} {target.unit}".rstrip()
    return target.name if named.candidates == [target.unit] else f"{target.name}, converted to {target.unit}"


def quantity(prepared: Prepared) -> str:
    """Return the target's name as words for an axis."""
    return quantity_words(prepared.dataset.target.name)


def description(prepared: Prepared) -> dict[str, Any]:
    """Return what a reader needs to judge, and to make again, the numbers of a run."""
    dataset, split = prepared.dataset, prepared.split
    return {
        "target": {
            "name": dataset.target.label,
            "column": dataset.target.name,
            "unit": dataset.target.unit,
            "declared_unit": dataset.target.declared_unit,
            "source": dataset.target.source,
        },
        "rows": {part: len(getattr(split, part)) for part in ("train", "val", "test")},
        "rows_sha256": rows_sha256(dataset if not len(split.unused) else dataset.take(_used(split))),
        "overlap": overlap(dataset, split),
        "notes": list(dataset.notes),
        **({"doubts": list(dataset.doubts)} if dataset.doubts else {}),
        "left_out": {row.id: row.reason for row in dataset.left_out},
        "descriptors": len(prepared.table.names),
        "constant_descriptors": prepared.scaler.dropped,
        "rows_without_own_value": prepared.table.missing,
        "config": prepared.config.model_dump(),
        "versions": package_versions(),
    }


def _used(split: Split) -> Ints:
    return np.sort(np.concatenate([split.train, split.val, split.test]))


def rows_sha256(dataset: Dataset) -> str:
    """Return a fingerprint of ids, compositions and targets."""
    text = "\n".join(dataset.ids) + "\n" + "\n".join(dataset.keys())
    return sha256(text.encode(errors="surrogatepass") + dataset.y.tobytes()).hexdigest()
