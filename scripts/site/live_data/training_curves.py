"""Training curves: of lesson 7, with few rows and nothing against over-fitting, and of the network of lesson 8."""

from __future__ import annotations

from typing import Any

import energy_network
import numpy as np

from formation_mlp.config.loading import check_config
from formation_mlp.runs.prepare import Prepared, load_rows, network_training, prepare
from formation_mlp.training.network import NetworkTraining

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
    """Return the losses of every epoch of lesson 7, which over-fits on purpose, and of the network of lesson 8."""
    config = check_config(RAW, "lesson 7")
    dataset = load_rows(config)
    chosen = np.sort(np.random.default_rng(0).permutation(len(dataset))[: round(N_FEW / 0.4)])
    prepared = prepare(config, dataset.take(chosen))
    job = network_training(prepared)
    for _ in job.epochs():
        pass
    return {"heart": _losses(prepared, job), "energy": _losses(*energy_network.trained())}


def _losses(prepared: Prepared, job: NetworkTraining) -> dict[str, Any]:
    return {
        "train": [round(record.train_loss, 6) for record in job.history],
        "val": [round(record.val_loss, 6) for record in job.history],
        "nTrain": len(prepared.split.train),
        "nVal": len(prepared.split.val),
        "nWeights": job.n_parameters,
    }
