"""Compute the scores of a model from its predictions and the true values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from formation_mlp.data.records import Dataset
from formation_mlp.errors import DataError
from formation_mlp.materials.inputs import ReadMaterials
from formation_mlp.quoting import counted, first_of
from formation_mlp.runs.start_rows import KNOWN, NEW, scores_apart, start_rows
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.targets.task import Task, labels
from formation_mlp.typing import Floats, Ints


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The predictions and scores of a model on a set of rows.

    Attributes
    ----------
    y : labels (eV/atom, or 0 and 1), ``[n]``
    prediction : eV/atom, or the probability of the positive class, ``[n]``
    scores : name to value
    errors : row to the reason why it could not be predicted; such rows are not in ``y``
    """

    y: Floats
    prediction: Floats
    scores: dict[str, float]
    errors: dict[int, str]


def evaluate(predictor: Predictor, dataset: Dataset) -> Evaluation:
    """Predict the rows of ``dataset`` from their formulas or structures, and score them.

    Raises
    ------
    DataError
        If no row can be predicted.
    ConfigError
        If the model does not answer on the energy scale of a row.

    Examples
    --------
    >>> from formation_mlp import load
    >>> from formation_mlp.config.schema import DataConfig, TaskConfig
    >>> from formation_mlp.data.dataset import load_dataset
    >>> dataset = load_dataset(DataConfig(path="bundled"), TaskConfig())
    >>> measured = evaluate(load("composition"), dataset.take(range(100)))
    >>> measured.y.shape, 0.05 < measured.scores["MAE"] < 0.5  # eV/atom, against energies of another kind
    ((100,), True)
    """
    values, errors = _predicted(predictor, dataset)
    good = np.array([i for i in range(len(dataset)) if i not in errors], np.int64)
    if not len(good):
        named = [(dataset.ids[i], why) for i, why in sorted(errors.items())]
        raise DataError(f"none of {counted(len(dataset), 'row')} can be predicted:{first_of(named)}")
    y = labels(predictor.task.config, dataset.y)[good]
    return Evaluation(y, values[good], scores(predictor.task, y, values[good]), errors)


def _predicted(predictor: Predictor, dataset: Dataset) -> tuple[Floats, dict[int, str]]:
    """Return predictions, each on the energy scale of its row, ``[n]``, and why a row has none.

    Rows that do not say on which scale they are, are compared with the model's default.

    Raises
    ------
    ConfigError
        If the model does not answer on one of their scales.
    """
    values, errors, scales = np.full(len(dataset), np.nan), dict[int, str](), dataset.target.scales
    for k, scale in enumerate(scales or (None,)):
        rows = np.arange(len(dataset)) if dataset.scale is None else np.flatnonzero(dataset.scale == k)
        part = dataset.take(rows)
        read = ReadMaterials(part.materials, list(part.formulas), {}, {})
        found = predictor.predict_read(read, scale=scale if predictor.scales else None)
        values[rows] = found.values
        errors |= {int(rows[i]): error for i, error in enumerate(found.errors) if error}
    return values, errors


def by_scale(task: Task, dataset: Dataset, whole: Evaluation) -> dict[str, Evaluation]:
    """Return energy scale to the scores of its rows alone; empty where the predicted rows are all on one.

    ``whole`` is what `evaluate` returned for all rows of ``dataset``.
    """
    if dataset.scale is None:
        return {}
    of_row = dataset.scale[_predicted_rows(dataset, whole)]
    found = {}
    for k in np.unique(of_row).tolist():
        y, prediction = whole.y[of_row == k], whole.prediction[of_row == k]
        errors = {row: error for row, error in whole.errors.items() if dataset.scale[row] == k}
        found[dataset.target.scales[k]] = Evaluation(y, prediction, scores(task, y, prediction), errors)
    return found if len(found) > 1 else {}


def learned_in_words(predictor: Predictor, dataset: Dataset, whole: Evaluation) -> str:
    """Return how many rows are formulas that the model has learned, and the scores of these and of the others.

    ``whole`` is what `evaluate` returned for all rows of ``dataset``.
    """
    rows = _predicted_rows(dataset, whole)
    start = start_rows(predictor.checkpoint, dataset.take(rows).materials.compositions)
    if not start.is_told:
        return "nothing tells which formulas the model has learned, so the scores may be too good"
    n_known, name = int(start.known.sum()), predictor.task.selection_score
    if not n_known:
        return f"the model has learned none of {counted(len(rows), 'formula')}"
    apart = scores_apart(predictor.task, start.known, whole.y, whole.prediction)
    said = (
        f"{n_known:,} of {counted(len(rows), 'row is a formula', 'rows are formulas')} that the model has learned: "
        f"{name} {apart[KNOWN][name]:.3f}"
    )
    return said + (f"; the others {apart[NEW][name]:.3f}" if NEW in apart else "; there are no others")


def _predicted_rows(dataset: Dataset, whole: Evaluation) -> Ints:
    return np.setdiff1d(np.arange(len(dataset)), np.array(list(whole.errors), np.int64))


def scores(task: Task, y: Floats, prediction: Floats) -> dict[str, float]:
    """Return the scores of a part; an empty part has none."""
    return task.scores(y, prediction) if len(y) else {}
