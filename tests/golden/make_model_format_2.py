"""Make ``model_format_2.safetensors``, a tiny model of two members in the second format of saved models.

The file is never made again: it stands for the models that users keep, and every later version must load
it and predict the numbers in ``tests/saved_model/test_checkpoint.py``. This script tells how it was made::

    python tests/golden/make_model_format_2.py
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from formation_mlp.config.loading import check_config
from formation_mlp.data.records import Dataset, Target
from formation_mlp.materials.inputs import read_materials
from formation_mlp.runs.assemble import checkpoint, network_member
from formation_mlp.runs.prepare import network_training, prepare
from formation_mlp.saved_model.predictor import Predictor

ENERGIES = {
    "NaCl": -2.13,
    "KCl": -2.26,
    "LiF": -3.19,
    "MgO": -3.12,
    "CaO": -3.29,
    "SrO": -3.07,
    "Al2O3": -3.46,
    "Fe2O3": -1.71,
    "Cr2O3": -2.36,
    "TiO2": -3.26,
    "CaF2": -4.23,
    "AlN": -1.65,
    "FeS": -0.52,
    "Ni3Al": -0.38,
    "GaAs": -0.37,
}
MODELS = {
    "set": {"architecture": "set", "hidden": [4], "set_width": 4, "set_layers": 1, "set_heads": 2},
    "residual": {"architecture": "residual", "hidden": [4, 4], "activation": "swish"},
}
SHARES = {"set": 0.25, "residual": 0.75}


def config(model: str) -> dict[str, Any]:
    """Return the plain configuration of a member."""
    return {
        "data": {"path": "given"},
        "features": ["stoichiometry", "valence_orbital"],
        "split": {"val": 0.2, "test": 0.0},
        "model": MODELS[model],
        "training": {"max_epochs": 40, "batch_size": 4, "learning_rate": 0.02, "average": 0.9, "device": "cpu"},
    }


if __name__ == "__main__":
    read = read_materials(list(ENERGIES))
    ids = tuple(map(str, range(len(ENERGIES))))
    y = np.array(list(ENERGIES.values()))
    rows = Dataset(ids, tuple(ENERGIES), read.materials, y, Target("formation_energy_per_atom", "eV/atom"))
    members = []
    for name, share in SHARES.items():
        prepared = prepare(check_config(config(name), name), rows)
        job = network_training(prepared)
        for _ in job.epochs():
            pass
        members.append(replace(network_member(prepared, job), name=name, share=share))
    model = checkpoint(prepared, members, {"val": {"MAE": job.state.best_score}})
    path = Path(__file__).with_name("model_format_2.safetensors")
    model.save(path)
    print(path.stat().st_size, "bytes;", Predictor(model).predict(["NaCl", "Fe2O3", "CsBr"]).tolist())
