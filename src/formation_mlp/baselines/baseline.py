"""A baseline by name: its options, the search for better ones, and its cost."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import numpy as np

from formation_mlp.baselines.table import BASELINES
from formation_mlp.config.schema import Entry, TaskConfig, named_options
from formation_mlp.errors import ConfigError, TrainingError
from formation_mlp.registry import lookup, unknown_name
from formation_mlp.targets.metrics import log_loss
from formation_mlp.typing import Floats

OWN_OPTIONS = ("tuned", "features", "label")
"""Options that are not those of the estimator."""

FORESTS = ("random_forest", "extra_trees")

FEW_ROWS, FEW_OF_A_CLASS = 100, 20
"""Below these an estimator that holds some train rows back to know when to stop has too few of them, and does not."""


class Baseline:
    """A baseline by name, fitted on train rows; ``tuned: true`` chooses its options on the val rows.

    Parameters
    ----------
    part
        ``name`` or ``{name: options}``. Options are those of the estimator, and `OWN_OPTIONS`.
    task
        Decides between regressors and classifiers.
    seed
        Of the estimator, where it is random.
    threads
        How many an estimator may use; None: all. Where several processes fit at once, give each its share.

    Attributes
    ----------
    name : the name in the table of baselines
    label : its name in reports; the option of that name, or the name and whether it is tuned
    features : feature presets of its own; None: those of the main network
    tuned : whether its options are chosen on the val rows
    options : of the estimator, as asked for; after `fit`, with the options that were chosen
    n_fits : how many candidates were fitted
    """

    def __init__(self, part: Entry, task: TaskConfig, seed: int, threads: int | None = None) -> None:
        self.name, options = named_options(part, "benchmark.baselines")
        where = f"benchmark.baselines.{self.name}"
        self._kind = lookup(BASELINES[task.type], self.name, "benchmark.baselines", f"baseline of a {task.type}")
        self.tuned: bool = options.pop("tuned", False)
        self.features: list[Entry] | None = options.pop("features", None)
        self.label: str = options.pop("label", self.name + " (tuned)" * (self.tuned is True))
        _check(where, "tuned", self.tuned, isinstance(self.tuned, bool), "true or false")
        _check(where, "label", self.label, isinstance(self.label, str) and self.label.strip(), "a text")
        is_list = self.features is None or (isinstance(self.features, list) and self.features)
        _check(where, "features", self.features, is_list, "a list of feature presets")
        if self.tuned and not self._kind.grid:
            raise ConfigError(f"{where}.tuned: this baseline has nothing to tune.")
        self._seed, self._threads = seed, threads
        self._n_jobs = -1 if threads is None else threads
        allowed = self._kind.make(seed, self._n_jobs).get_params()
        for option in options:
            if option not in allowed:
                raise ConfigError(unknown_name(option, [*allowed, *OWN_OPTIONS], where, "option"))
        self.options: dict[str, Any] = options
        self.n_fits = 0
        self._classifies = task.type == "classification"
        self._estimator: Any = None
        self._seconds = 0.0

    def fit(self, X: Floats, y: Floats, X_val: Floats, y_val: Floats) -> Baseline:
        """Fit on the train rows ``X [n, d]``, standardised.

        The val rows choose among candidates, and tell LightGBM when to stop; other estimators never see them.

        Raises
        ------
        ConfigError
            If the estimator refuses a value of an option.
        TrainingError
            If all train rows are of one class.
        """
        if self._classifies and y.min() == y.max():
            raise TrainingError(f"benchmark.baselines.{self.name}: all {len(y)} train rows are of one class.")
        best = np.inf
        for chosen in self._candidates():
            estimator = self._new(chosen, y)
            start = time.perf_counter()
            with self._quiet(), self._refusals(chosen):
                self._kind.fit(estimator, X, y, X_val, y_val)
            seconds = time.perf_counter() - start
            self.n_fits += 1
            score = self._score(y_val, self._predict(estimator, X_val)) if self.tuned else 0.0
            if score < best:
                best, self._estimator, self.options, self._seconds = score, estimator, chosen, seconds
        return self

    def predict(self, X: Floats) -> Floats:
        """Return energies, or probabilities of the positive class, ``[n]``."""
        with self._limited():
            return self._predict(self._estimator, X)

    def size(self) -> tuple[int, str]:
        """Return how much the fitted estimator holds, and of what: ``(12345, "nodes")``."""
        return self._kind.size(self._estimator)

    def anytime(self, X: Floats, y: Floats, X_val: Floats, y_val: Floats) -> list[tuple[float, float]]:
        """Look at the val rows on the way of the fit, and return pairs (seconds so far, best val score so far).

        The score is the mean absolute error in eV/atom, or the log loss. Forests and boosted trees are looked at
        with 10, 30, 100, ... trees, all counted as equally long, others at the end. Networks are trained again on these
        train rows, and looked at after each epoch. Seconds are on the clock and without what the scores take.
        """
        fresh = self._new(self.options, y)
        with self._quiet(), self._refusals(self.options):
            points = self._kind.curve(self._kind, fresh, self._estimator, (X, y, X_val, y_val), self._seconds)
        best = np.minimum.accumulate([self._score(y_val, np.asarray(prediction, float)) for _, prediction in points])
        return [(seconds, float(score)) for (seconds, _), score in zip(points, best, strict=True)]

    def details(self) -> dict[str, Any]:
        """Return what a report should say of the fit."""
        return {"options": self.options, "candidates": self.n_fits}

    def _candidates(self) -> list[dict[str, Any]]:
        if not self.tuned:
            return [self.options]
        grid = self._kind.grid
        return [dict(zip(grid, values, strict=True)) | self.options for values in product(*grid.values())]

    def _new(self, options: dict[str, Any], y: Floats) -> Any:
        """Return an estimator that is not fitted, and can be with so few rows."""
        with self._refusals(options):
            estimator = self._kind.make(self._seed, self._n_jobs).set_params(**options)
        asked = estimator.get_params()
        if isinstance(asked.get("n_neighbors"), int):
            estimator.set_params(n_neighbors=min(asked["n_neighbors"], len(y)))
        rarest = min(np.sum(y == 0), np.sum(y == 1)) if self._classifies else FEW_OF_A_CLASS
        if asked.get("early_stopping") is True and (len(y) < FEW_ROWS or rarest < FEW_OF_A_CLASS):
            estimator.set_params(early_stopping=False)
        return estimator

    def _predict(self, estimator: Any, X: Floats) -> Floats:
        if (
            self.name in FORESTS
        ):  # its threads add up the trees as they come, and the last digits change from call to call
            estimator.set_params(n_jobs=1)
        return np.asarray(estimator.predict_proba(X)[:, 1] if self._classifies else estimator.predict(X), float)

    def _score(self, y: Floats, prediction: Floats) -> float:
        return log_loss(y, prediction) if self._classifies else float(np.mean(np.abs(y - prediction)))

    @contextmanager
    def _refusals(self, options: dict[str, Any]) -> Iterator[None]:
        try:
            yield
        except (TypeError, ValueError) as error:
            library = "LightGBM" if self.name == "lightgbm" else "scikit-learn"
            raise ConfigError(f"benchmark.baselines.{self.name}: {library} refuses {options}: {error}") from error

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        """Keep to the threads; an estimator at its limit of epochs is no news here, for the scores show it."""
        from sklearn.exceptions import ConvergenceWarning

        with self._limited(), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            yield

    def _limited(self) -> Any:
        """Keep to the threads; products of matrices are on one, for with more their sums differ in the last digits."""
        from threadpoolctl import threadpool_limits

        return threadpool_limits({"blas": 1} if self._threads is None else {"blas": 1, "openmp": self._threads})


def _check(where: str, option: str, found: object, is_right: object, allowed: str) -> None:
    if not is_right:
        raise ConfigError(f"{where}.{option}: found {found!r}, but it is {allowed}.")
