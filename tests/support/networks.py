"""Small problems, and networks in training on them, for the tests of the network floors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.config.schema import ModelConfig, TaskConfig, TrainingConfig
from formation_mlp.models.networks import build_network
from formation_mlp.seeding import borrowed_torch_rng
from formation_mlp.targets.scaler import FeatureScaler
from formation_mlp.targets.task import Task
from formation_mlp.training.network import Examples, NetworkTraining

Floats = NDArray[np.float64]


FAST: dict[str, Any] = {"device": "cpu", "batch_size": 8, "max_epochs": 5}


def smooth_problem(n: int = 40, d: int = 4, seed: int = 0) -> tuple[Floats, Floats]:
    """Return features ``[n, d]`` and targets ``[n]`` that a small network can learn, in no one's units."""
    X = np.random.default_rng(seed).normal(size=(n, d)) * 3 + 10
    return X, np.sin(X[:, 0]) + 0.1 * X[:, 1] * X[:, 2] - 5


def noisy_classes(n: int = 200, d: int = 4, seed: int = 0) -> tuple[Floats, Floats]:
    """Return features ``[n, d]`` and classes ``[n]`` that no hyperplane separates."""
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
    train = Examples(X, y)
    val = train if X_val is None or y_val is None else Examples(X_val, y_val)
    return network_on_examples(train, val, TaskConfig(type=task), model=model, seed=seed, **training)


def network_on_examples(
    train: Examples,
    val: Examples,
    task: TaskConfig | None = None,
    *,
    model: Mapping[str, Any] | None = None,
    seed: int = 0,
    start: Mapping[str, Tensor] | None = None,
    **training: Any,
) -> NetworkTraining:
    """Return a network in training on rows that may have compositions and auxiliary targets."""
    return NetworkTraining(
        train,
        val,
        FeatureScaler.fit(train.X, [f"x{i}" for i in range(train.X.shape[1])]),
        Task.fit(task or TaskConfig(), train.y, train.auxiliary),
        ModelConfig(**{"hidden": [8]} | dict(model or {})),
        TrainingConfig(**{**FAST, **training}),
        seed,
        start,
    )


def network_with_noise(config: ModelConfig, d_in: int, n_outputs: int) -> torch.nn.Module:
    """Return a network whose every weight and statistic is far from its start, where many are zero or one."""
    generator = torch.Generator().manual_seed(7)
    with borrowed_torch_rng(generator):
        network = build_network(d_in, config, n_outputs).eval()
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if value.is_floating_point() and "properties" not in name:
                noise = 0.3 * torch.randn(value.shape, generator=generator)
                value.add_(noise.abs() if "running_var" in name else noise)
    return network


def random_compositions(n: int, most: int = 4, seed: int = 0) -> Compositions:
    """Return ``n`` compositions of one to ``most`` different elements, all counts in any order."""
    generator = np.random.default_rng(seed)
    counts = generator.integers(1, most + 1, n)
    z: list[list[int]] = [generator.choice(np.arange(1, 60), k, replace=False).tolist() for k in counts]
    return Compositions.from_rows([(row, generator.integers(1, 6, len(row)).astype(float).tolist()) for row in z])


def set_problem(n: int = 40, seed: int = 0, auxiliary: bool = False) -> Examples:
    """Return rows whose target depends on their elements, with an auxiliary target that some rows lack."""
    compositions = random_compositions(n, seed=seed)
    X, noise = smooth_problem(n, seed=seed)
    z, fraction = compositions.padded()
    y = (fraction * np.cos(z)).sum(axis=1) + 0.1 * noise
    other = np.where(np.arange(n) % 3 == 0, np.nan, 5 + 2 * y)[:, None]
    return Examples(X, y, compositions, other if auxiliary else None)
