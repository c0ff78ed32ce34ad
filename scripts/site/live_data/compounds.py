"""The compounds of lessons 1 and 2, with the networks that the lessons train on them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from formation_mlp.chemistry.element_data import load_table
from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.config.schema import DataConfig, ModelConfig, SplitConfig, TaskConfig, TrainingConfig
from formation_mlp.data.dataset import load_dataset
from formation_mlp.data.records import Dataset
from formation_mlp.features.engine.table import featurize
from formation_mlp.splits.methods import Split, make_split
from formation_mlp.targets.scaler import FeatureScaler
from formation_mlp.targets.task import Task, labels
from formation_mlp.training.network import Examples, NetworkTraining
from formation_mlp.typing import Floats

TASK = TaskConfig(type="classification", boundary=-1.0, labels=["weakly bound", "strongly bound"])
NAMES = ("MagpieData range Electronegativity", "MagpieData mean NpValence")
DIGITS = 6


@cache
def _rows() -> tuple[Dataset, Floats, Floats, Split]:
    """Return the table of lesson 1: compounds, features ``[n, 2]``, classes ``[n]`` and parts."""
    dataset = load_dataset(DataConfig(path="bundled", source="measured, 298 K"), TASK)
    features = featurize(dataset, ["magpie"])
    X = features.X[:, [features.names.index(name) for name in NAMES]]
    return dataset, X, labels(TASK, dataset.y), make_split(dataset, SplitConfig(val=0.2, test=0.2), seed=0)


@cache
def _neuron() -> tuple[FeatureScaler, Floats, float]:
    """Return the scaler of the train rows, and weights and bias of lesson 1, by its gradient descent."""
    _, X, y, split = _rows()
    scaler = FeatureScaler.fit(X[split.train], NAMES)
    x, y = scaler.transform(X[split.train]), y[split.train]
    W, b = np.zeros(2), 0.0
    for _ in range(3000):
        error = 1 / (1 + np.exp(-(x @ W + b))) - y
        W, b = W - 2.0 * x.T @ error / len(x), b - 2.0 * float(error.mean())
    return scaler, W, b


def boundary() -> dict[str, Any]:
    """Return the train rows of lesson 1, as they are and how they are standardised, and the weights it ends with."""
    dataset, X, y, split = _rows()
    scaler, W, b = _neuron()
    return {
        "formulas": [dataset.formulas[i] for i in split.train],
        "energies": _plain(dataset.y[split.train], 3),
        "x": _plain(X[split.train]),
        "y": _plain(y[split.train], 0),
        "centre": _plain(scaler.centre, 12),
        "scale": _plain(scaler.scale, 12),
        "W": _plain(W),
        "b": round(b, DIGITS),
    }


def threshold() -> dict[str, Any]:
    """Return the probabilities that this neuron gives to the validation rows, and their classes."""
    dataset, X, y, split = _rows()
    scaler, W, b = _neuron()
    p = 1 / (1 + np.exp(-(scaler.transform(X[split.val]) @ W + b)))
    return {
        "formulas": [dataset.formulas[i] for i in split.val],
        "p": _plain(p),
        "y": _plain(y[split.val], 0),
    }


def pairs() -> dict[str, Any]:
    """Return the compounds of two elements of lesson 2, and the best of three networks with two hidden units."""
    dataset, _, y_all, _ = _rows()
    table = load_table("magpie")
    chi = table.values[:, table.properties.index("Electronegativity")]
    compositions = dataset.materials.compositions
    binary = np.flatnonzero(compositions.n_elements == 2)
    starts = compositions.row_ptr[binary]
    elements = [sorted(compositions.z[i : i + 2], key=lambda z: SYMBOLS[z]) for i in starts]
    X, y = chi[np.array(elements)], y_all[binary]
    scaler = FeatureScaler.fit(X, ("x1", "x2"))
    jobs = [_trained(X, y, scaler, seed) for seed in range(3)]
    best = min(jobs, key=lambda job: job.state.best_score).model.state_dict()
    layer = {name: _plain(value.double().numpy()) for name, value in best.items()}
    return {
        "formulas": [dataset.formulas[i] for i in binary],
        "x": _plain(X),
        "y": _plain(y, 0),
        "centre": _plain(scaler.centre, 12),
        "scale": _plain(scaler.scale, 12),
        "layers": [
            {"W": layer["body.0.weight"], "b": layer["body.0.bias"]},
            {"W": layer["head.weight"], "b": layer["head.bias"]},
        ],
    }


def _trained(X: Floats, y: Floats, scaler: FeatureScaler, seed: int) -> NetworkTraining:
    keys = {"optimizer": "adam", "learning_rate": 0.1, "weight_decay": 0.0, "batch_size": 256, "max_epochs": 80}
    job = NetworkTraining(
        train=Examples(X, y),
        val=Examples(X, y),  # as in the lesson, which looks at these compounds alone
        scaler=scaler,
        task=Task.fit(TaskConfig(type="classification"), y),
        model=ModelConfig(hidden=[2], activation="sigmoid"),
        training=TrainingConfig(**keys | {"device": "cpu"}),
        seed=seed,
    )
    for _ in job.epochs():
        pass
    return job


def _plain(values: Floats, digits: int = DIGITS) -> Any:
    """Return numbers as lists, rounded, whole ones without a point."""
    if values.ndim > 1:
        return [_plain(row, digits) for row in values]
    return [int(value) if float(value).is_integer() else value for value in np.round(values, digits).tolist()]
