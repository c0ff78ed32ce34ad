"""The network without hidden layers is logistic regression: it ends where scikit-learn's does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from formation_mlp.typing import Floats
from support.networks import network_on, noisy_classes, smooth_problem

WITHOUT_HIDDEN_LAYERS: dict[str, Any] = {"model": {"hidden": []}, "weight_decay": 0.0}
TO_CONVERGENCE: dict[str, dict[str, Any]] = {
    "adam": {"optimizer": "adam", "learning_rate": 0.1, "max_epochs": 500, "batch_size": 200},
    "sgd": {"optimizer": "sgd", "learning_rate": 1.0, "max_epochs": 500, "batch_size": 200},
    "muon": {"optimizer": "muon", "learning_rate": 0.1, "max_epochs": 500, "batch_size": 200},
    "mini-batches": {"optimizer": "adam", "learning_rate": 0.1, "max_epochs": 500, "batch_size": 50},
}


def standardised(X: Floats, like: Floats) -> Floats:
    scaled: Floats = (X - like.mean(axis=0)) / like.std(axis=0)
    return scaled


@pytest.mark.parametrize("way", TO_CONVERGENCE)
def test_it_equals_scikit_learns_logistic_regression(way: str) -> None:
    X, y = noisy_classes(200)
    reference = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000).fit(standardised(X, X), y)
    assert 0.7 < reference.score(standardised(X, X), y) < 0.95, "classes must overlap, or the coefficients are infinite"

    job = network_on(X, y, task="classification", **WITHOUT_HIDDEN_LAYERS | TO_CONVERGENCE[way])
    for _ in job.epochs():
        pass

    np.testing.assert_allclose(
        job.model.get_parameter("head.weight").detach().numpy(), reference.coef_, rtol=0, atol=1e-3
    )
    np.testing.assert_allclose(
        job.model.get_parameter("head.bias").detach().numpy(), reference.intercept_, rtol=0, atol=1e-3
    )
    X_new, _ = noisy_classes(1000, seed=1)
    probability = job.predict(X_new)
    np.testing.assert_allclose(probability, reference.predict_proba(standardised(X_new, X))[:, 1], atol=1e-3)
    np.testing.assert_array_equal(probability >= 0.5, reference.predict(standardised(X_new, X)) == 1)


def test_as_a_regression_it_equals_least_squares() -> None:
    X, _ = smooth_problem(100)
    y = X @ [1.0, -2.0, 0.5, 0.0] + 3 + np.random.default_rng(1).normal(size=100)
    keys: dict[str, Any] = {
        "optimizer": "adam",
        "loss": "mse",
        "learning_rate": 0.1,
        "max_epochs": 500,
        "batch_size": 100,
    }
    job = network_on(X, y, **WITHOUT_HIDDEN_LAYERS | keys)
    for _ in job.epochs():
        prediction = job.predict(X)  # of the last epoch: the best one by MAE is another
    np.testing.assert_allclose(prediction, LinearRegression().fit(X, y).predict(X), atol=1e-3)
