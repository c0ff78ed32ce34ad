"""Scores against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from formation_mlp.targets.metrics import classification_scores, log_loss, regression_scores


@pytest.fixture
def numbers() -> np.random.Generator:
    return np.random.default_rng(0)


def test_regression_scores_are_those_of_scikit_learn(numbers: np.random.Generator) -> None:
    y = numbers.normal(size=200)
    prediction = y + numbers.normal(scale=0.3, size=200)
    assert regression_scores(y, prediction) == pytest.approx(
        {
            "MAE": metrics.mean_absolute_error(y, prediction),
            "RMSE": metrics.root_mean_squared_error(y, prediction),
            "R2": metrics.r2_score(y, prediction),
        },
        rel=1e-12,
    )


def test_r2_of_equal_targets_has_no_value() -> None:
    scores = regression_scores(np.ones(3), np.array([1.0, 1.1, 0.9]))
    assert np.isnan(scores.pop("R2"))
    assert scores == pytest.approx({"MAE": 0.2 / 3, "RMSE": np.sqrt(0.02 / 3)})


@pytest.mark.parametrize("threshold", [0.5, 0.2, 0.9])
def test_classification_scores_are_those_of_scikit_learn(numbers: np.random.Generator, threshold: float) -> None:
    y = (numbers.random(300) < 0.3).astype(float)
    probability = np.clip(0.4 * y + numbers.random(300) * 0.6, 0, 1)
    called = probability >= threshold
    assert classification_scores(y, probability, threshold) == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(y, called),
            "balanced accuracy": metrics.balanced_accuracy_score(y, called),
            "precision": metrics.precision_score(y, called, zero_division=0),
            "recall": metrics.recall_score(y, called),
            "F1": metrics.f1_score(y, called, zero_division=0),
            "ROC-AUC": metrics.roc_auc_score(y, probability),
            "PR-AUC": metrics.average_precision_score(y, probability),
            "log loss": metrics.log_loss(y, probability),
        },
        rel=1e-12,
    )


def test_a_row_at_the_threshold_is_called_positive() -> None:
    assert classification_scores(np.array([1.0, 0.0]), np.array([0.5, 0.4]), 0.5)["accuracy"] == 1


@pytest.mark.parametrize("y", [np.zeros(4), np.ones(4)])
def test_one_class_alone_has_no_ranking_scores(y: np.ndarray) -> None:
    scores = classification_scores(y, np.array([0.1, 0.4, 0.6, 0.9]), 0.5)
    undefined = {name for name, value in scores.items() if np.isnan(value)}
    assert undefined == {"balanced accuracy", "ROC-AUC", "PR-AUC"}


def test_log_loss_of_a_certain_error_is_large_but_finite() -> None:
    assert log_loss(np.array([1.0]), np.array([0.0])) == pytest.approx(-np.log(1e-15))
    assert log_loss(np.array([0.0]), np.array([1.0])) == pytest.approx(-np.log(1e-15), rel=1e-3)
