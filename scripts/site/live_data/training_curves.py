"""The training curves of lesson 7: a wide network, few rows, and nothing against over-fitting."""

from __future__ import annotations

from typing import Any

import numpy as np

from formation_mlp.config.loading import check_config
from formation_mlp.runs.prepare import load_rows, network_training, prepare

N_FEW, EPOCHS = 300, 60
RAW = {
    "data": {"path": "bundled", "target": "formation_enthalpy_per_atom", "unit": "eV/atom"},
    "split": {"method": "formula", "val": 0.4, "test": 0.2},
    "model": {"hidden": [256, 256]},
    "training": {
        "optimizer": "adam",
        "learning_rate": 5e-4,
        "schedule": "constant",
        "weight_decay": 0.0,
        "loss": "bce",
        "batch_size": 32,
        "max_epochs": EPOCHS,
        "device": "cpu",
    },
    "features": ["magpie", "stoichiometry", "valence_orbital", "element_fraction"],
    "task": {"type": "classification", "boundary": -1.0, "labels": ["weakly bound", "strongly bound"]},
    "seed": 0,
}


def curves() -> dict[str, Any]:
    """Return the losses of every epoch, and the share of validation rows that is called right."""
    config = check_config(RAW, "lesson 7")
    dataset = load_rows(config)
    chosen = np.sort(np.random.default_rng(0).permutation(len(dataset))[: round(N_FEW / 0.4)])
    prepared = prepare(config, dataset.take(chosen))
    val = prepared.part("val")
    job = network_training(prepared)
    found: dict[str, list[float]] = {"train": [], "val": [], "accuracy": []}
    for record in job.epochs():
        found["train"].append(round(record.train_loss, 6))
        found["val"].append(round(record.val_score, 6))
        found["accuracy"].append(round(float(np.mean((job.predict(val.X) >= 0.5) == val.y)), 6))
    return {
        **found,
        "nTrain": len(prepared.split.train),
        "nVal": len(prepared.split.val),
        "nWeights": job.n_parameters,
    }
