"""The network's opponents: scikit-learn as it is, tuned on nothing but the val rows."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from threadpoolctl import threadpool_info, threadpool_limits

from formation_mlp.baselines import BASELINES, Baseline
from formation_mlp.baselines.kinds import Kind
from formation_mlp.config.schema import TaskConfig
from formation_mlp.errors import ConfigError, TrainingError
from formation_mlp.typing import Floats
from support.networks import noisy_classes, smooth_problem

pytestmark = pytest.mark.slow

REGRESSION, CLASSIFICATION = TaskConfig(), TaskConfig(type="classification")
SMALL = {"n_estimators": 10, "n_jobs": 1}


def parts(task: TaskConfig = REGRESSION) -> tuple[Floats, Floats, Floats, Floats]:
    X, y = smooth_problem(60) if task is REGRESSION else noisy_classes(60)
    return X[:40], y[:40], X[40:], y[40:]


def fitted(part: str | dict[str, Any], task: TaskConfig = REGRESSION, seed: int = 0) -> Baseline:
    return Baseline(part, task, seed).fit(*parts(task))


def test_the_mean_is_the_mean_of_the_train_targets_or_the_share_of_the_positive_class() -> None:
    for task in (REGRESSION, CLASSIFICATION):
        X, y, X_val, _ = parts(task)
        prediction = fitted("mean", task).predict(X_val)
        np.testing.assert_allclose(prediction, np.full(20, y.mean()), rtol=1e-12)
        assert len(X) == 40


ESTIMATORS = {
    ("regression", "ridge"): Ridge(alpha=1.0),
    ("regression", "random_forest"): RandomForestRegressor(**SMALL, max_features=0.33, random_state=7),
    ("classification", "logistic_regression"): LogisticRegression(C=1.0, max_iter=5000),
    ("classification", "random_forest"): RandomForestClassifier(**SMALL, random_state=7),
}


@pytest.mark.parametrize(("kind", "name"), ESTIMATORS)
def test_a_baseline_is_scikit_learns_estimator(kind: str, name: str) -> None:
    task = REGRESSION if kind == "regression" else CLASSIFICATION
    X, y, X_val, _ = parts(task)
    reference = ESTIMATORS[kind, name].fit(X, y)
    expected = reference.predict_proba(X_val)[:, 1] if task is CLASSIFICATION else reference.predict(X_val)
    part = {name: SMALL} if name == "random_forest" else name
    np.testing.assert_allclose(fitted(part, task, seed=7).predict(X_val), expected, rtol=1e-12)


def test_the_seed_decides_the_forest() -> None:
    X_val = parts()[2]
    first, again, other = (fitted({"random_forest": SMALL}, seed=seed).predict(X_val) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    fitted({"random_forest": SMALL}, seed=2**40)  # scikit-learn's seeds end at 2^32


def test_options_reach_the_estimator() -> None:
    X_val = parts()[2]
    np.testing.assert_allclose(fitted({"ridge": {"alpha": 1e12}}).predict(X_val), parts()[1].mean(), rtol=1e-6)
    baseline = fitted({"ridge": {"alpha": 3.0}})
    assert (baseline.options, baseline.n_fits, baseline.tuned) == ({"alpha": 3.0}, 1, False)


def test_tuning_takes_the_candidate_with_the_lowest_error_on_the_val_rows() -> None:
    X, y, X_val, y_val = parts()
    grid = BASELINES["regression"]["ridge"].grid["alpha"]
    error = {alpha: np.mean(np.abs(Ridge(alpha=alpha).fit(X, y).predict(X_val) - y_val)) for alpha in grid}
    best = min(error, key=lambda alpha: error[alpha])
    assert best != 1.0, "the default must not be the best here, or the test shows nothing"
    baseline = fitted({"ridge": {"tuned": True}})
    assert baseline.options == {"alpha": best}
    assert baseline.n_fits == len(grid)
    assert baseline.tuned
    np.testing.assert_allclose(baseline.predict(X_val), Ridge(alpha=best).fit(X, y).predict(X_val), rtol=1e-12)


def test_a_tuned_classifier_is_chosen_by_log_loss() -> None:
    X, y, X_val, y_val = parts(CLASSIFICATION)
    loss = {}
    for C in BASELINES["classification"]["logistic_regression"].grid["C"]:
        p = LogisticRegression(C=C, max_iter=5000).fit(X, y).predict_proba(X_val)[:, 1]
        loss[C] = -np.mean(y_val * np.log(p) + (1 - y_val) * np.log(1 - p))
    baseline = fitted({"logistic_regression": {"tuned": True}}, CLASSIFICATION)
    assert baseline.options == {"C": min(loss, key=lambda C: loss[C])}


class Spy:
    """An estimator that remembers the rows it was fitted on and asked about."""

    seen: list[tuple[str, np.ndarray]] = []  # noqa: RUF012 (shared by all candidates on purpose)

    def __init__(self) -> None:
        self.parameters = {"bias": 0.0}

    def get_params(self) -> dict[str, float]:
        return self.parameters

    def set_params(self, **parameters: float) -> Spy:
        self.parameters |= parameters
        return self

    def fit(self, X: Floats, y: Floats) -> Spy:
        self.seen.append(("fit", X))
        self.mean = y.mean()
        return self

    def predict(self, X: Floats) -> Floats:
        self.seen.append(("predict", X))
        return np.full(len(X), self.mean + self.parameters["bias"])


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> type[Spy]:
    monkeypatch.setattr(Spy, "seen", [])
    monkeypatch.setitem(
        BASELINES["regression"],
        "spy",
        Kind(lambda _seed, _threads: Spy(), lambda _: (1, "parameters"), {"bias": [-1.0, 0.0, 5.0]}),
    )
    return Spy


def test_candidates_are_fitted_on_train_rows_and_only_judged_on_val_rows(spy: type[Spy]) -> None:
    X, y, X_val, _ = parts()
    baseline = Baseline({"spy": {"tuned": True}}, REGRESSION, 0).fit(X, y, X_val, np.full(len(X_val), y.mean() - 0.9))
    assert [kind for kind, _ in spy.seen] == ["fit", "predict"] * 3
    assert all(rows is (X if kind == "fit" else X_val) for kind, rows in spy.seen)
    assert baseline.options == {"bias": -1.0}


def test_without_tuning_the_val_rows_are_not_looked_at(spy: type[Spy]) -> None:
    fitted("spy")
    assert [kind for kind, rows in spy.seen if len(rows) == 20 and kind == "fit"] == []
    X, y, *_ = parts()
    baseline = Baseline("spy", REGRESSION, 0).fit(X, y, np.empty((0, 4)), np.empty(0))
    assert np.isfinite(baseline.predict(parts()[2])).all()


def test_an_option_that_is_given_is_not_tuned(spy: type[Spy]) -> None:
    X, y, X_val, y_val = parts()
    baseline = Baseline({"spy": {"tuned": True, "bias": 3.0}}, REGRESSION, 0).fit(X, y, X_val, y_val)
    assert baseline.options == {"bias": 3.0}


def test_a_baseline_may_have_features_and_a_label_of_its_own() -> None:
    plain = Baseline("ridge", REGRESSION, 0)
    assert (plain.label, plain.features) == ("ridge", None)
    own = {"features": ["magpie", {"matminer": "BandCenter"}], "label": "straight line", "tuned": True}
    named = Baseline({"ridge": own}, REGRESSION, 0)
    assert (named.label, named.features, named.options) == ("straight line", own["features"], {})
    assert Baseline({"ridge": {"tuned": True}}, REGRESSION, 0).label == "ridge (tuned)"


def test_the_report_says_how_many_candidates_were_fitted() -> None:
    assert fitted({"nearest_neighbours": {"tuned": True}}).details() == {"options": {"n_neighbors": 2}, "candidates": 4}


@pytest.mark.parametrize("threads", [1, 2, None])
def test_products_of_matrices_are_on_one_thread_so_that_sums_are_the_same(
    monkeypatch: pytest.MonkeyPatch, threads: int | None
) -> None:
    seen = []

    class Spy(BaseEstimator):  # type: ignore[misc]
        def fit(self, X: Floats, y: Floats) -> None:
            seen.append({pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"})

    monkeypatch.setitem(
        BASELINES["regression"], "ridge", Kind(lambda _seed, _threads: Spy(), lambda _: (1, "parameters"))
    )
    with threadpool_limits(2, user_api="blas"):
        Baseline("ridge", REGRESSION, 0, threads).fit(*parts())
    assert seen == [{1}]


@pytest.mark.parametrize("threads", [1, 2, None])
def test_an_estimator_uses_no_more_threads_than_it_is_given(threads: int | None) -> None:
    baseline = Baseline({"random_forest": {"n_estimators": 3}}, REGRESSION, 0, threads).fit(*parts())
    assert baseline._estimator.n_jobs == (threads or -1)


def test_a_forest_that_grows_becomes_the_forest_that_was_fitted_and_is_looked_at_on_the_way() -> None:
    X, y, X_val, y_val = parts()
    baseline = fitted({"random_forest": {"n_estimators": 35, "n_jobs": 1}})
    points = baseline.anytime(X, y, X_val, y_val)
    forests = [RandomForestRegressor(n, max_features=0.33, random_state=0).fit(X, y) for n in (10, 30, 35)]
    errors = [np.mean(np.abs(forest.predict(X_val) - y_val)) for forest in forests]
    np.testing.assert_allclose([score for _, score in points], np.minimum.accumulate(errors), rtol=1e-9)


@pytest.mark.parametrize(("name", "n_points"), [("lightgbm", 3), ("hist_gradient_boosting", 3), ("ridge", 1)])
def test_boosted_trees_are_looked_at_in_stages_and_a_straight_line_once(name: str, n_points: int) -> None:
    key = {"lightgbm": {"n_estimators": 40, "min_child_samples": 1}, "hist_gradient_boosting": {"max_iter": 40}}.get(
        name, {}
    )
    baseline = Baseline({name: key}, REGRESSION, 0, 1).fit(*parts())
    points = baseline.anytime(*parts())
    assert len(points) == n_points
    last = np.mean(np.abs(baseline.predict(parts()[2]) - parts()[3]))
    assert points[-1][1] <= last + 1e-12


def test_the_network_of_scikit_learn_is_looked_at_after_every_epoch() -> None:
    baseline = Baseline({"mlp_regressor": {"max_iter": 7}}, REGRESSION, 0, 1).fit(*parts())
    assert len(baseline.anytime(*parts())) == 7
    at_once = Baseline({"mlp_regressor": {"solver": "lbfgs", "max_iter": 7}}, REGRESSION, 0, 1).fit(*parts())
    assert len(at_once.anytime(*parts())) == 1


def test_sizes_are_those_that_the_libraries_tell() -> None:
    X, y, X_val, y_val = parts()
    forest = fitted({"random_forest": {**SMALL, "max_depth": 1}})
    assert forest.size() == (30, "nodes")  # one question and two answers each
    lightgbm = Baseline({"lightgbm": {"n_estimators": 4, "num_leaves": 2, "min_child_samples": 1}}, REGRESSION, 0, 1)
    trees = lightgbm.fit(X, y, X_val, y_val)._estimator.booster_.trees_to_dataframe()
    assert lightgbm.size() == (len(trees), "nodes")
    boosted = Baseline({"hist_gradient_boosting": {"max_iter": 5, "max_leaf_nodes": 2}}, REGRESSION, 0, 1)
    assert boosted.fit(X, y, X_val, y_val).size() == (15, "nodes")
    network = Baseline({"mlp_regressor": {"hidden_layer_sizes": [3], "max_iter": 2}}, REGRESSION, 0, 1)
    assert network.fit(X, y, X_val, y_val).size() == (X.shape[1] * 3 + 3 + 3 + 1, "parameters")
    assert fitted("ridge").size() == (X.shape[1] + 1, "parameters")
    assert fitted("nearest_neighbours").size() == (40, "stored rows")
    assert fitted("median").size() == (1, "parameters")


@pytest.mark.parametrize("task", [REGRESSION, CLASSIFICATION], ids=["regression", "classification"])
def test_every_baseline_can_be_fitted_to_the_few_rows_of_a_learning_curve(task: TaskConfig) -> None:
    X, y, X_val, y_val = parts(task)
    few = [int(np.argmin(y)), int(np.argmax(y)), 0]
    for name in BASELINES[task.type]:
        baseline = Baseline(name, task, 0, 1).fit(X[few], y[few], X_val, y_val)
        assert np.isfinite(baseline.predict(X_val)).all()


def test_train_rows_of_one_class_are_refused() -> None:
    X, y, X_val, y_val = parts(CLASSIFICATION)
    with pytest.raises(TrainingError, match=r"baselines.random_forest: all 40 train rows are of one class"):
        Baseline("random_forest", CLASSIFICATION, 0).fit(X, np.ones_like(y), X_val, y_val)


def test_without_lightgbm_the_message_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(ConfigError, match=r"LightGBM is not installed.*pip install 'formation-mlp\[trees\]'"):
        Baseline("lightgbm", REGRESSION, 0)


def test_lightgbm_stops_when_the_val_error_does_not_fall_any_more() -> None:
    X, y, X_val, y_val = parts()
    own = {"learning_rate": 0.5, "min_child_samples": 1, "n_estimators": 400}
    baseline = Baseline({"lightgbm": own}, REGRESSION, 0, 1).fit(X, y, X_val, y_val)
    assert baseline._estimator.best_iteration_ < 300


# part -> what the message says
REFUSED = {
    "unknown name": ("random_forst", r"unknown baseline of a regression 'random_forst'.*Did you mean 'random_forest'"),
    "name of the other task": ("logistic_regression", "unknown baseline of a regression 'logistic_regression'"),
    "unknown option": (
        {"ridge": {"alfa": 1}},
        r"benchmark.baselines.ridge: unknown option 'alfa'.*Did you mean 'alpha'",
    ),
    "two parts in one": ({"ridge": {}, "mean": {}}, "is not one part"),
    "options that are none": ({"ridge": 3}, "benchmark.baselines.ridge: 3 are no options"),
    "tuned is no word": ({"ridge": {"tuned": "yes"}}, r"ridge.tuned: found 'yes', but it is true or false"),
    "label is no text": ({"ridge": {"label": 3}}, r"ridge.label: found 3, but it is a text"),
    "features are no list": ({"ridge": {"features": "magpie"}}, r"ridge.features: found 'magpie', but it is a list of"),
    "no features": ({"ridge": {"features": []}}, r"ridge.features: found \[\], but it is a list of"),
    "nothing to tune": ({"mean": {"tuned": True}}, r"mean.tuned: this baseline has nothing to tune"),
}


@pytest.mark.parametrize(("part", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant_is_refused_before_any_fit(part: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Baseline(part, REGRESSION, 0)


@pytest.mark.parametrize(
    "part", [{"ridge": {"alpha": -1}}, {"ridge": {"alpha": "much"}}, {"lightgbm": {"max_bin": -3}}]
)
def test_a_value_that_its_library_refuses_is_a_config_error(
    part: dict[str, dict[str, int]] | dict[str, dict[str, str]],
) -> None:
    with pytest.raises(
        ConfigError, match=r"benchmark.baselines.\w+: (scikit-learn|LightGBM) refuses .*(alpha|max_bin)"
    ):
        fitted(part)


def test_the_configuration_is_not_changed_by_use() -> None:
    part = {"ridge": {"tuned": True}}
    fitted(part)
    assert part == {"ridge": {"tuned": True}}
    assert BASELINES["regression"]["ridge"].grid == {"alpha": [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0]}
