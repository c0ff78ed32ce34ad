"""The compounds and the start weights of lesson 5."""

from __future__ import annotations

from typing import Any

from formation_mlp.config.loading import check_config
from formation_mlp.runs.prepare import load_rows, prepare

RAW = {
    "data": {"path": "bundled", "target": "formation_enthalpy_per_atom", "unit": "eV/atom"},
    "features": ["magpie"],
    "split": {"method": "formula", "val": 0.15, "test": 0.15},
}
BOUNDARY = -1.0
NAMES = ("MagpieData range Electronegativity", "MagpieData mean NpValence")
COMPOUNDS = ("MgO", "NaCl", "Al2O3", "TiB2", "GaAs", "AgI", "LaF3")
NETWORKS = {
    "neuron": [{"W": [[-0.5, 0.5]], "b": [0]}],
    "hidden": [{"W": [[-0.5, 0.5], [1, -1]], "b": [0, 0.5]}, {"W": [[1, -1]], "b": [0]}],
}
"""Start weights: those of the lesson's neuron, bad on purpose, and some for two hidden units."""


def start() -> dict[str, Any]:
    """Return the two standardised features of each compound, its class, and the networks."""
    config = check_config(RAW, "lesson 5")
    prepared = prepare(config, load_rows(config))
    x = prepared.scaler.transform(prepared.table.X)[:, [prepared.scaler.kept_names.index(name) for name in NAMES]]
    formulas = list(prepared.dataset.formulas)
    compounds = {}
    for formula in COMPOUNDS:
        row = formulas.index(formula)
        energy = float(prepared.y[row])
        compounds[formula] = {"x": x[row].round(9).tolist(), "y": int(energy < BOUNDARY), "energy": round(energy, 3)}
    return {"compounds": compounds, "networks": NETWORKS, "rate": 1}
