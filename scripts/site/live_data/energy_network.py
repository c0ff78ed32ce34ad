"""The network of lesson 8, narrow enough for a page: weights, scalers, and the element data that it needs."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

import numpy as np

from formation_mlp.chemistry.element_data import select_properties
from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.config.loading import check_config
from formation_mlp.features.composition.element_statistics import MAGPIE_PROPERTIES
from formation_mlp.runs.prepare import Prepared, load_rows, network_training, prepare
from formation_mlp.targets.metrics import regression_scores
from formation_mlp.training.network import NetworkTraining
from formation_mlp.typing import Floats

WIDTH = 64
RAW = {
    "data": {"path": "bundled", "target": "formation_enthalpy_per_atom", "unit": "eV/atom"},
    "features": ["magpie", "stoichiometry", "valence_orbital", "element_fraction"],
    "split": {"method": "formula", "val": 0.15, "test": 0.15},
    "model": {"architecture": "residual", "hidden": [WIDTH, WIDTH], "activation": "relu", "dropout": 0.1},
    "training": {
        "loss": "huber",
        "optimizer": "adamw",
        "learning_rate": 2e-3,
        "weight_decay": 0.1,
        "batch_size": 64,
        "max_epochs": 160,
        "device": "cpu",
    },
    "seed": 0,
}


@cache
def trained() -> tuple[Prepared, NetworkTraining]:
    """Return the rows, and the network of the epoch that is best on the validation rows."""
    config = check_config(RAW, "lesson 8")
    prepared = prepare(config, load_rows(config))
    job = network_training(prepared)
    for _ in job.epochs():
        pass
    return prepared, job


def energy() -> dict[str, Any]:
    """Return all that is needed to predict."""
    prepared, job = trained()
    scaler, target = prepared.scaler, prepared.task.target_scaler
    train, test = prepared.part("train"), prepared.part("test")
    scores = regression_scores(test.y, job.predict(test.X))
    dataset = prepared.dataset
    known = dataset.materials.compositions.take(prepared.split.train)
    counts = np.bincount(known.z, minlength=len(SYMBOLS))
    parts = {part: getattr(prepared.split, part) for part in ("train", "val", "test")}
    return {
        "symbols": list(SYMBOLS[1:]),
        "properties": list(MAGPIE_PROPERTIES),
        "elements": [_row(values) for values in select_properties("magpie", MAGPIE_PROPERTIES).values[1:]],
        "rows": counts[1:].tolist(),
        "names": list(scaler.names),
        "kept": scaler.kept.tolist(),
        "median": packed(scaler.median, np.float64),
        "centre": packed(scaler.centre, np.float64),
        "scale": packed(scaler.scale, np.float64),
        "target": [target.centre, target.scale],
        "weights": {
            name: {"shape": list(value.shape), "data": packed(value.numpy(), np.float32)}
            for name, value in job.model.state_dict().items()
        },
        "measured": {
            dataset.formulas[i]: [round(float(dataset.y[i]), 3), part] for part, rows in parts.items() for i in rows
        },
        "testMAE": round(float(scores["MAE"]), 4),
        "nTrain": len(train.y),
        "nTest": len(test.y),
        "nWeights": job.n_parameters,
    }


def packed(values: Floats, kind: type) -> str:
    """Return an array as the base64 text of its little-endian bytes."""
    return base64.b64encode(np.ascontiguousarray(values, np.dtype(kind).newbyteorder("<")).tobytes()).decode()


def _row(values: Floats) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]
