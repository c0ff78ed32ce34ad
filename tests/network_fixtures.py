"""Small problems, and networks in training on them, for the tests of the network floors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formation_mlp.config import ModelConfig, TaskConfig, TrainingConfig
from formation_mlp.scaler import FeatureScaler
from formation_mlp.tasks import Task
from formation_mlp.training.network import NetworkTraining

Floats = NDArray[np.float64]


def smooth_problem(n: int = 40, d: int = 4, seed: int = 0) -> tuple[Floats, Floats]:
    """Return descriptors ``[n, d]`` and targets ``[n]`` that a small network can learn, in no one's units."""
    X = np.random.default_rng(seed).normal(size=(n, d)) * 3 + 10
    return X, np.sin(X[:, 0]) + 0.1 * X[:, 1] * X[:, 2] - 5


def noisy_classes(n: int = 200, d: int = 4, seed: int = 0) -> tuple[Floats, Floats]:
    """Return descriptors ``[n, d]`` and classes ``[n]`` that no hyperplane separates."""
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, d)) * np.linspace(0.5, 3, d) + 1
    logits = X @ np.linspace(-1, 1, d) + 0.5
    return X, (generator.random(n) < 1 / (1 + np.exp(-logits))).astype(float)


def network_on(
    X: Floats,
    y: Floats,
    X_val: Floats | None = None,
    y_val: Floats | None = None,
    *,
    task: str = "regression",
    model: Mapping[str, Any] | None = None,
    seed: int = 0,
    **training: Any,
) -> NetworkTraining:
    """Return a network in training on arrays; without val rows the train rows select the best epoch."""
    scaler = FeatureScaler.fit(X, [f"x{i}" for i in range(X.shape[1])])
    return NetworkTraining(
        X,
        y,
        X if X_val is None else X_val,
        y if y_val is None else y_val,
        scaler,
        Task.fit(TaskConfig(type=task), y),
        ModelConfig(**{"hidden": [8]} | dict(model or {})),
        TrainingConfig(**{"device": "cpu", "batch_size": 8, "max_epochs": 5} | training),
        seed,
    )
