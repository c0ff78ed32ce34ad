"""What every baseline must do; a new entry of the table is held to it by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from formation_mlp.baselines import BASELINES, Baseline
from formation_mlp.config.names import NAMES
from formation_mlp.config.schema import TaskConfig
from formation_mlp.targets.task import Task
from formation_mlp.typing import Floats
from support.networks import noisy_classes, smooth_problem

pytestmark = pytest.mark.slow

ENTRIES = [(task, name) for task, table in BASELINES.items() for name in table]
TUNABLE = [(task, name) for task, name in ENTRIES if BASELINES[task][name].grid]
FAST = {"n_estimators": 12, "max_iter": 12}
"""Options that make an estimator quick, where it has them."""


def problem(task: str) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return train and val rows, and new rows."""
    X, y = noisy_classes(90) if task == "classification" else smooth_problem(90)
    return X[:50], y[:50], X[50:70], y[50:70], X[70:]


def fitted(task: str, name: str, seed: int = 0, **options: Any) -> Baseline:
    has = BASELINES[task][name].make(0, 1).get_params()
    fast = {key: value for key, value in FAST.items() if key in has and name not in ("ridge", "logistic_regression")}
    return Baseline({name: fast | options}, TaskConfig(type=task), seed, threads=1).fit(*problem(task)[:4])


@pytest.mark.parametrize(("task", "name"), ENTRIES)
def test_it_predicts_one_finite_number_per_row_whatever_the_other_rows(task: str, name: str) -> None:
    baseline, X_new = fitted(task, name), problem(task)[4]
    prediction = baseline.predict(X_new)
    assert prediction.shape == (20,)
    assert prediction.dtype == np.float64
    assert np.isfinite(prediction).all()
    if task == "classification":
        assert ((prediction >= 0) & (prediction <= 1)).all()
    np.testing.assert_allclose(baseline.predict(X_new[::-1])[::-1], prediction, rtol=1e-9)
    np.testing.assert_allclose(baseline.predict(X_new[:1]), prediction[:1], rtol=1e-9)


@pytest.mark.parametrize(("task", "name"), ENTRIES)
def test_its_scores_can_be_taken_and_no_train_row_is_changed(task: str, name: str) -> None:
    X, y, X_val, y_val, _ = problem(task)
    copies = [a.copy() for a in (X, y, X_val, y_val)]
    baseline = Baseline({name: fitted(task, name).options}, TaskConfig(type=task), 0).fit(X, y, X_val, y_val)
    scores = Task.fit(TaskConfig(type=task), y).scores(y_val, baseline.predict(X_val))
    assert np.isfinite(list(scores.values())).all()
    assert all(np.array_equal(a, b) for a, b in zip((X, y, X_val, y_val), copies, strict=True))


@pytest.mark.parametrize(("task", "name"), ENTRIES)
@pytest.mark.parametrize("seed", [0, 2**40])
def test_a_seed_repeats_it(task: str, name: str, seed: int) -> None:
    X_new = problem(task)[4]
    first, second = (fitted(task, name, seed).predict(X_new) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(("task", "name"), TUNABLE)
def test_tuning_fits_every_candidate_once_and_is_no_worse_on_the_val_rows(task: str, name: str) -> None:
    grid = BASELINES[task][name].grid
    assert set(grid) <= set(BASELINES[task][name].make(0, 1).get_params())
    tuned, plain = fitted(task, name, tuned=True), fitted(task, name)
    assert tuned.n_fits == np.prod([len(values) for values in grid.values()])
    assert all(tuned.options[key] in values for key, values in grid.items())
    _, _, X_val, y_val, _ = problem(task)
    judge = Task.fit(TaskConfig(type=task), y_val)
    assert judge.selection(y_val, tuned.predict(X_val)) <= judge.selection(y_val, plain.predict(X_val)) + 1e-12


@pytest.mark.parametrize(("task", "name"), ENTRIES)
def test_it_tells_its_size_and_how_its_error_falls_with_the_seconds(task: str, name: str) -> None:
    baseline, (X, y, X_val, y_val, _) = fitted(task, name), problem(task)
    size, unit = baseline.size()
    assert size > 0
    assert unit in ("parameters", "nodes", "stored rows")
    before = baseline.predict(X_val)
    seconds, scores = np.array(baseline.anytime(X, y, X_val, y_val)).T
    assert (np.diff(seconds) > 0).all()
    assert (seconds > 0).all()
    assert (np.diff(scores) <= 0).all()
    np.testing.assert_array_equal(baseline.predict(X_val), before)
    judge = Task.fit(TaskConfig(type=task), y_val)
    if "mlp" not in name:  # which, to know when to stop, was fitted on fewer rows
        assert scores[-1] <= judge.selection(y_val, before) + 1e-9


def test_every_task_has_the_mean_and_every_name_may_be_configured() -> None:
    assert set(BASELINES) == set(NAMES["task.type"])
    assert all("mean" in table for table in BASELINES.values())
    assert {name for _, name in ENTRIES} <= set(NAMES["benchmark.baselines"])
