"""Make ``model_format_3.safetensors``, a tiny model in the third format of saved models: calibrated, with a domain.

The file is never made again: it stands for the models that users keep, and every later version must load
it and predict the numbers in ``tests/saved_model/test_checkpoint.py``. This script tells how it was made::

    python tests/golden/make_model_format_3.py
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from make_model_format_2 import ENERGIES, SHARES, config

from formation_mlp.config.loading import check_config
from formation_mlp.data.records import Dataset, Target
from formation_mlp.materials.inputs import read_materials
from formation_mlp.materials.records import Materials
from formation_mlp.materials.structures import Structures
from formation_mlp.runs.assemble import checkpoint, network_member, with_trust
from formation_mlp.runs.prepare import network_training, prepare
from formation_mlp.saved_model.predictor import Predictor


def cubes(n: int) -> Structures:
    """Return one silicon atom in cubes from 3 to 4 angstrom: enough for a range of densities."""
    lattices = np.linspace(3, 4, n)[:, None, None] * np.eye(3)
    return Structures(np.arange(n + 1), lattices, np.full(n, 14), np.zeros((n, 3)))


if __name__ == "__main__":
    compositions = read_materials(list(ENERGIES)).materials.compositions
    materials = Materials(compositions, cubes(len(ENERGIES)))
    ids = tuple(map(str, range(len(ENERGIES))))
    y = np.array(list(ENERGIES.values()))
    rows = Dataset(ids, tuple(ENERGIES), materials, y, Target("formation_energy_per_atom", "eV/atom"))
    members = []
    for name, share in SHARES.items():
        prepared = prepare(check_config(config(name), name), rows)
        job = network_training(prepared)
        for _ in job.epochs():
            pass
        members.append(replace(network_member(prepared, job), name=name, share=share))
    model = with_trust(prepared, checkpoint(prepared, members, {"val": {"MAE": job.state.best_score}}))
    path = Path(__file__).with_name("model_format_3.safetensors")
    model.save(path)
    found = Predictor(model).predict_rows(["NaCl", "Fe2O3", "CsBr"], level=0.5)
    print(path.stat().st_size, "bytes;", found)
