"""What a fitted model answers on the val and the test part; a baseline is fitted here, too."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from formation_mlp.baselines import Baseline
from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.runs.own_metrics import all_scores
from formation_mlp.runs.prepare import Prepared
from formation_mlp.runs.results import ModelResult
from formation_mlp.system.costs import Meter
from formation_mlp.typing import Floats, Ints


def result_of(
    name: str,
    prepared: Prepared,
    predict: Callable[[Floats, Compositions | None, Ints | None], Floats],
    fit_seconds: float,
    details: Mapping[str, Any],
    of_val: Floats | None = None,
) -> ModelResult:
    """Let a fitted model predict: the val part, unless its predictions are known, and once the test part.

    Parameters
    ----------
    name
        Of the model.
    prepared
        The rows.
    predict
        Of features ``[n, d]``, compositions and scales of rows, ``[n]``, where they are known: predictions, ``[n]``.
    fit_seconds, details
        What the fit took, and what else a report says of it.
    of_val
        Predictions of the val part, ``[n_val]``, if they are known.
    """
    val, test = prepared.part("val"), prepared.part("test")
    if of_val is None:
        of_val = predict(val.X, val.compositions, val.scale)
    start = time.perf_counter()
    of_test = predict(test.X, test.compositions, test.scale) if len(test.y) else np.empty(0)
    seconds = time.perf_counter() - start
    part_scores = {"val": all_scores(prepared, val.y, of_val), "test": all_scores(prepared, test.y, of_test)}
    return ModelResult(name, {"val": of_val, "test": of_test}, part_scores, fit_seconds, seconds, details)


def fit_baseline(prepared: Prepared, baseline: Baseline) -> ModelResult:
    """Fit a baseline to the train rows, and predict the val and test rows."""
    train, val = prepared.part("train"), prepared.part("val")
    scale = prepared.scaler.transform
    X, X_val = scale(train.X), scale(val.X)
    meter = Meter()
    baseline.fit(X, train.y, X_val, val.y)
    cost = meter.cost()
    details = {**baseline.details(), **cost.as_json()}

    def predict(X: Floats, _compositions: Compositions | None, _scale: Ints | None) -> Floats:
        return baseline.predict(scale(X))

    return result_of(baseline.label, prepared, predict, cost.seconds, details)
