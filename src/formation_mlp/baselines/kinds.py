"""What a baseline is made of, and how it learns: at once, tree by tree, or epoch by epoch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from importlib import import_module
from inspect import signature
from typing import Any

import numpy as np

from formation_mlp.errors import ConfigError
from formation_mlp.models.boosted_trees import OPTIONS as TREE_OPTIONS
from formation_mlp.models.boosted_trees import PATIENCE
from formation_mlp.typing import Floats

TrainAndVal = tuple[Floats, Floats, Floats, Floats]
"""Train rows and val rows: ``X, y, X_val, y_val``."""
Points = list[tuple[float, Floats]]
"""Seconds of training so far, and what is then predicted for the val rows."""
Make = Callable[[int, int], Any]


def at_once(kind: Kind, fresh: Any, fitted: Any, rows: TrainAndVal, seconds: float) -> Points:
    """There is nothing to see before the end."""
    return [(seconds, _predicted(fitted, rows[2]))]


def _fit(estimator: Any, X: Floats, y: Floats, X_val: Floats, y_val: Floats) -> None:
    estimator.fit(X, y)


@dataclass(frozen=True, slots=True)
class Kind:
    """An entry of the table of baselines.

    Attributes
    ----------
    make : returns an estimator for a seed and a number of threads (-1: all)
    size : returns how much a fitted estimator holds, and of what
    grid : option to the values that ``tuned: true`` tries, each with each
    fit : of an estimator, to train rows; the val rows may tell when to stop
    curve : looks at the val rows on the way of a fit; given a new estimator and the fitted one, and its seconds
    """

    make: Make
    size: Callable[[Any], tuple[int, str]]
    grid: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    fit: Callable[[Any, Floats, Floats, Floats, Floats], None] = _fit
    curve: Callable[[Kind, Any, Any, TrainAndVal, float], Points] = at_once


def tree_by_tree(kind: Kind, fresh: Any, fitted: Any, rows: TrainAndVal, seconds: float) -> Points:
    """Look at the first trees of a forest, which are counted as equally costly."""
    trees, part, points = fitted.estimators_, copy(fitted), Points()
    for n_trees in _milestones(len(trees)):
        part.estimators_ = trees[:n_trees]
        points.append((seconds * n_trees / len(trees), _predicted(part, rows[2])))
    return points


def stage_by_stage(kind: Kind, fresh: Any, fitted: Any, rows: TrainAndVal, seconds: float) -> Points:
    """Look back at the stages of scikit-learn's boosted trees, which are counted as equally long."""
    last, classifies = fitted.n_iter_, hasattr(fitted, "staged_predict_proba")
    stages = fitted.staged_predict_proba(rows[2]) if classifies else fitted.staged_predict(rows[2])
    wanted = set(_milestones(last))
    return [
        (seconds * number / last, stage[:, 1] if classifies else stage)
        for number, stage in enumerate(stages, start=1)
        if number in wanted
    ]


def round_by_round(kind: Kind, fresh: Any, fitted: Any, rows: TrainAndVal, seconds: float) -> Points:
    """Look at the first trees of LightGBM, which are counted as equally costly, as are those after the best."""
    best = fitted.best_iteration_ or fitted.n_estimators_
    grown = min(best + PATIENCE, fitted.n_estimators) if fitted.best_iteration_ else best
    return [(seconds * n / grown, _predicted(fitted, rows[2], num_iteration=n)) for n in _milestones(best)]


def epoch_by_epoch(kind: Kind, fresh: Any, fitted: Any, rows: TrainAndVal, seconds: float) -> Points:
    """Train scikit-learn's network again, as many epochs as `fit` did, on all train rows."""
    if fitted.solver == "lbfgs":  # has no epochs
        return at_once(kind, fresh, fitted, rows, seconds)
    fresh.set_params(early_stopping=False)
    classes = {"classes": fitted.classes_} if hasattr(fitted, "classes_") else {}
    points, seconds = Points(), 0.0
    for _ in range(fitted.n_iter_):
        start = time.perf_counter()
        fresh.partial_fit(*rows[:2], **classes)
        seconds += time.perf_counter() - start
        points.append((seconds, _predicted(fresh, rows[2])))
    return points


def _milestones(last: int) -> list[int]:
    """Return 10, 30, 100, ... and the last number."""
    powers = (factor * 10**exponent for exponent in range(1, 9) for factor in (1, 3))
    return [*(number for number in powers if number < last), last]


def _predicted(estimator: Any, X: Floats, **options: Any) -> Floats:
    if hasattr(estimator, "predict_proba"):
        return np.asarray(estimator.predict_proba(X, **options)[:, 1], float)
    return np.asarray(estimator.predict(X, **options), float)


def of_sklearn(place: str, *, uses_threads: bool = False, **options: Any) -> Make:
    """Return what makes an estimator of scikit-learn, such as ``linear_model.Ridge``."""
    module, name = place.split(".")

    def make(seed: int, threads: int) -> Any:
        estimator = getattr(import_module(f"sklearn.{module}"), name)(**options)
        if "random_state" in estimator.get_params():
            estimator.set_params(random_state=seed % 2**32)
        return estimator.set_params(n_jobs=threads) if uses_threads else estimator

    return make


def of_lightgbm(name: str) -> Make:
    """Return what makes an estimator of LightGBM, with the usual options of the trees in an ensemble."""

    def make(seed: int, threads: int) -> Any:
        try:
            import lightgbm
        except ImportError as error:
            raise ConfigError(
                "benchmark.baselines.lightgbm: LightGBM is not installed. Install it with: "
                "pip install 'formation-mlp[trees]', or leave this baseline out."
            ) from error
        return getattr(lightgbm, name)(
            n_estimators=TREE_OPTIONS["num_iterations"],
            learning_rate=TREE_OPTIONS["learning_rate"],
            num_leaves=TREE_OPTIONS["num_leaves"],
            max_bin=TREE_OPTIONS["max_bin"],
            colsample_bytree=TREE_OPTIONS["feature_fraction"],
            min_child_samples=TREE_OPTIONS["min_data_in_leaf"],
            random_state=seed % 2**31,
            n_jobs=threads,
            deterministic=True,
            verbosity=-1,
        )

    return make


def fit_lightgbm(estimator: Any, X: Floats, y: Floats, X_val: Floats, y_val: Floats) -> None:
    """Grow trees until the val error has not fallen for `PATIENCE` of them."""
    from lightgbm import early_stopping
    from lightgbm.basic import LightGBMError

    is_new = "eval_X" in signature(estimator.fit).parameters  # LightGBM 4.7 renames
    val = {"eval_X": X_val, "eval_y": y_val} if is_new else {"eval_set": [(X_val, y_val)]}
    try:
        estimator.fit(X, y, callbacks=[early_stopping(PATIENCE, verbose=False)], **val)
    except LightGBMError as error:
        raise ValueError(str(error)) from error
