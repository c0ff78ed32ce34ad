"""Opponents of the network, fitted on the same rows and descriptors: scikit-learn, nothing of our own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formation_mlp.config import Part, TaskConfig, named_options
from formation_mlp.errors import ConfigError
from formation_mlp.metrics import log_loss
from formation_mlp.registry import lookup, unknown_name

Floats = NDArray[np.float64]


class Baseline:
    """A baseline by name, fitted on train rows; ``tuned: true`` chooses its options on the val rows.

    Parameters
    ----------
    part
        ``name`` or ``{name: options}``. Options are those of the scikit-learn estimator, and ``tuned``.
    task
        Decides between regressors and classifiers.
    seed
        Of the estimator, where it is random.

    Attributes
    ----------
    name : the name in the table of baselines
    options : what was asked for; after `fit`, with the options that were chosen
    n_fits : how many candidates were fitted
    """

    def __init__(self, part: Part, task: TaskConfig, seed: int) -> None:
        self.name, options = named_options(part, "benchmark.baselines")
        where = f"benchmark.baselines.{self.name}"
        table = BASELINES[task.type]
        make, self._grid = lookup(table, self.name, "benchmark.baselines", f"baseline of a {task.type}")
        self.tuned = options.pop("tuned", False)
        if not isinstance(self.tuned, bool):
            raise ConfigError(f"{where}.tuned: found {self.tuned!r}, but it is true or false.")
        if self.tuned and not self._grid:
            raise ConfigError(f"{where}.tuned: this baseline has nothing to tune.")
        allowed = make(seed).get_params()
        for option in options:
            if option not in allowed:
                raise ConfigError(unknown_name(option, [*allowed, "tuned"], where, "option"))
        self.options = options
        self.n_fits = 0
        self._classifies = task.type == "classification"
        self._estimator: Any = None
        self._make, self._seed = make, seed

    def fit(self, X: Floats, y: Floats, X_val: Floats, y_val: Floats) -> Baseline:
        """Fit on the train rows; the val rows only choose among candidates."""
        best = np.inf
        for chosen in self._candidates():
            estimator = self._make(self._seed).set_params(**chosen)
            try:
                estimator.fit(X, y)
            except (TypeError, ValueError) as error:
                raise ConfigError(f"benchmark.baselines.{self.name}: scikit-learn refuses {chosen}: {error}") from error
            self.n_fits += 1
            score = self._score(y_val, self._predict(estimator, X_val)) if self.tuned else 0.0
            if score < best:
                best, self._estimator, self.options = score, estimator, chosen
        return self

    def predict(self, X: Floats) -> Floats:
        """Return energies, or probabilities of the positive class, ``[n]``."""
        return self._predict(self._estimator, X)

    def _candidates(self) -> list[dict[str, Any]]:
        if not self.tuned:
            return [self.options]
        return [dict(zip(self._grid, values, strict=True)) | self.options for values in product(*self._grid.values())]

    def _predict(self, estimator: Any, X: Floats) -> Floats:
        return np.asarray(estimator.predict_proba(X)[:, 1] if self._classifies else estimator.predict(X), float)

    def _score(self, y: Floats, prediction: Floats) -> float:
        return log_loss(y, prediction) if self._classifies else float(np.mean(np.abs(y - prediction)))


def _mean(_seed: int) -> Any:
    from sklearn.dummy import DummyRegressor

    return DummyRegressor()


def _ridge(_seed: int) -> Any:
    from sklearn.linear_model import Ridge

    return Ridge(alpha=1.0)


def _random_forest(seed: int) -> Any:
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(n_estimators=300, max_features=0.33, n_jobs=-1, random_state=seed % 2**32)


def _class_shares(_seed: int) -> Any:
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="prior")


def _logistic_regression(_seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=1.0, max_iter=5000)


def _random_forest_classifier(seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(n_estimators=300, n_jobs=-1, random_state=seed % 2**32)


_Grid = Mapping[str, Sequence[Any]]
_FOREST_GRID: _Grid = {"max_features": [0.2, 0.33, 0.5]}

BASELINES: dict[str, dict[str, tuple[Callable[[int], Any], _Grid]]] = {
    "regression": {
        "mean": (_mean, {}),
        "ridge": (_ridge, {"alpha": [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0]}),
        "random_forest": (_random_forest, _FOREST_GRID),
    },
    "classification": {
        "mean": (_class_shares, {}),
        "logistic_regression": (_logistic_regression, {"C": [1e-3, 1e-2, 0.1, 1.0, 10.0]}),
        "random_forest": (_random_forest_classifier, _FOREST_GRID),
    },
}
"""Task to its baselines: how to make one from a seed, and what ``tuned: true`` tries."""
