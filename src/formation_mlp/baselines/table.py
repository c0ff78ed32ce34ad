"""The baselines by name."""

from __future__ import annotations

import re
from typing import Any

from formation_mlp.baselines.kinds import (
    Kind,
    epoch_by_epoch,
    fit_lightgbm,
    of_lightgbm,
    of_sklearn,
    round_by_round,
    stage_by_stage,
    tree_by_tree,
)


def _one_number(_estimator: Any) -> tuple[int, str]:
    return 1, "parameters"


def _coefficients(estimator: Any) -> tuple[int, str]:
    return int(estimator.coef_.size + 1), "parameters"


def _rows(estimator: Any) -> tuple[int, str]:
    return int(estimator.n_samples_fit_), "stored rows"


def _nodes_of_forest(estimator: Any) -> tuple[int, str]:
    return sum(tree.tree_.node_count for tree in estimator.estimators_), "nodes"


def _nodes_of_stages(estimator: Any) -> tuple[int, str]:
    # scikit-learn has no public way to ask for the trees of its histogram-based boosting
    return sum(len(tree.nodes) for stage in estimator._predictors for tree in stage), "nodes"


def _nodes_of_lightgbm(estimator: Any) -> tuple[int, str]:
    text = estimator.booster_.model_to_string(num_iteration=estimator.best_iteration_)
    return sum(2 * int(leaves) - 1 for leaves in re.findall(r"^num_leaves=(\d+)$", text, re.MULTILINE)), "nodes"


def _weights(estimator: Any) -> tuple[int, str]:
    return sum(array.size for array in [*estimator.coefs_, *estimator.intercepts_]), "parameters"


_FOREST: dict[str, Any] = {"size": _nodes_of_forest, "grid": {"max_features": [0.2, 0.33, 0.5]}, "curve": tree_by_tree}
_STAGES: dict[str, Any] = {
    "size": _nodes_of_stages,
    "grid": {"learning_rate": [0.05, 0.1], "max_leaf_nodes": [31, 127]},
    "curve": stage_by_stage,
}
_LIGHTGBM: dict[str, Any] = {
    "size": _nodes_of_lightgbm,
    "grid": {"num_leaves": [31, 127], "min_child_samples": [5, 20]},
    "fit": fit_lightgbm,
    "curve": round_by_round,
}
_NETWORK: dict[str, Any] = {
    "size": _weights,
    "grid": {"hidden_layer_sizes": [[256], [256, 256]], "alpha": [1e-4, 1e-2]},
    "curve": epoch_by_epoch,
}
_NEIGHBOURS: dict[str, Any] = {"size": _rows, "grid": {"n_neighbors": [2, 5, 10, 20]}}

_RANDOM: dict[str, Any] = {"n_estimators": 300, "max_features": 0.33, "uses_threads": True}
_EXTRA: dict[str, Any] = {"n_estimators": 300, "max_features": 0.5, "uses_threads": True}
_BOOSTED: dict[str, Any] = {"max_iter": 1000, "learning_rate": 0.1, "early_stopping": True, "n_iter_no_change": 20}
_LAYERS: dict[str, Any] = {"hidden_layer_sizes": [256, 256], "early_stopping": True, "n_iter_no_change": 20}
_NEAREST: dict[str, Any] = {"n_neighbors": 5, "weights": "distance", "uses_threads": True}

BASELINES: dict[str, dict[str, Kind]] = {
    "regression": {
        "mean": Kind(of_sklearn("dummy.DummyRegressor"), _one_number),
        "median": Kind(of_sklearn("dummy.DummyRegressor", strategy="median"), _one_number),
        "ridge": Kind(
            of_sklearn("linear_model.Ridge", alpha=1.0),
            _coefficients,
            {"alpha": [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0]},
        ),
        "nearest_neighbours": Kind(of_sklearn("neighbors.KNeighborsRegressor", **_NEAREST), **_NEIGHBOURS),
        "random_forest": Kind(of_sklearn("ensemble.RandomForestRegressor", **_RANDOM), **_FOREST),
        "extra_trees": Kind(of_sklearn("ensemble.ExtraTreesRegressor", **_EXTRA), **_FOREST),
        "hist_gradient_boosting": Kind(of_sklearn("ensemble.HistGradientBoostingRegressor", **_BOOSTED), **_STAGES),
        "lightgbm": Kind(of_lightgbm("LGBMRegressor"), **_LIGHTGBM),
        "mlp_regressor": Kind(of_sklearn("neural_network.MLPRegressor", **_LAYERS), **_NETWORK),
    },
    "classification": {
        "mean": Kind(of_sklearn("dummy.DummyClassifier", strategy="prior"), _one_number),
        "logistic_regression": Kind(
            of_sklearn("linear_model.LogisticRegression", C=1.0, max_iter=5000),
            _coefficients,
            {"C": [1e-3, 1e-2, 0.1, 1.0, 10.0]},
        ),
        "nearest_neighbours": Kind(of_sklearn("neighbors.KNeighborsClassifier", **_NEAREST), **_NEIGHBOURS),
        "random_forest": Kind(
            of_sklearn("ensemble.RandomForestClassifier", n_estimators=300, uses_threads=True), **_FOREST
        ),
        "extra_trees": Kind(
            of_sklearn("ensemble.ExtraTreesClassifier", n_estimators=300, uses_threads=True), **_FOREST
        ),
        "hist_gradient_boosting": Kind(of_sklearn("ensemble.HistGradientBoostingClassifier", **_BOOSTED), **_STAGES),
        "lightgbm": Kind(of_lightgbm("LGBMClassifier"), **_LIGHTGBM),
        "mlp_classifier": Kind(of_sklearn("neural_network.MLPClassifier", **_LAYERS), **_NETWORK),
    },
}
"""Task to its baselines."""
