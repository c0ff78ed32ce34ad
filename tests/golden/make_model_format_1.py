"""Make ``model_format_1.safetensors``, a tiny model in the first format of saved models.

The file is never made again: it stands for the models that users keep, and every later version must load
it and predict the numbers in ``tests/saved_model/test_checkpoint.py``. This script tells how it was made::

    python tests/golden/make_model_format_1.py
"""

from pathlib import Path

from formation_mlp import FormationEnergyRegressor

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

if __name__ == "__main__":
    model = FormationEnergyRegressor(
        n_members=1,
        features=["stoichiometry", "element_fraction"],
        hidden=(4, 4),
        activation="swish",
        max_epochs=40,
        device="cpu",
        random_state=0,
    )
    model.fit(list(ENERGIES), list(ENERGIES.values()))
    path = Path(__file__).with_name("model_format_1.safetensors")
    model.save(path)
    print(path.stat().st_size, "bytes;", model.predict(["NaCl", "Fe2O3", "CsBr"]).tolist())
