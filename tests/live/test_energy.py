"""The formation-energy network in the browser: formulas, features and energies are those of the package."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from formation_mlp.features.engine.table import featurize
from formation_mlp.materials.inputs import read_materials
from formation_mlp.models.mlp import MLP
from formation_mlp.targets.scaler import FeatureScaler
from live.support import Page, module
from support.paths import ROOT

energy_network = module(ROOT / "scripts" / "site" / "live_data", "energy_network")

FORMULAS = [
    *("Fe2O3", "Fe₂O₃", "NaCl", "Ca(OH)2", "K4[Fe(CN)6]", "CuSO4·5H2O", "La0.5Sr0.5MnO3", "Mg[AlO2]2", "TiB2"),
    *("Fe", "O2", "XeF2", "HeNe", "Fe0.45O0.55", "Ni 3 Al", "{Fe}2O3", "Li7La3Zr2O12", "UO2", "Og2O", "C60", "SiO2"),
    *("AlCoCrFeNi", "Fe0.500001O0.499999", "Ca10(PO4)6(OH)2", "((Fe2)3O)2", "H2O", "Y1Ba2Cu3O6.93", "BkF3"),
]
REFUSED = ["", "fe2o3", "Xx2", "(Fe", "Fe)", "Fe0", "2Fe2O3", "Fe2O-3", "CuSO4.5H2O", "Fe2()", "1e3", "Fe2O3x", "·Fe"]

READ = """
const [formulas] = arguments;
const {symbols} = live.data.energy;
return formulas.map((formula) => {
  try { return [...live.formula.read(formula, symbols)]; } catch (problem) { return problem.message; }
});
"""
PREDICT = """
const [formulas] = arguments;
const network = live.residual.load(live.data.energy);
return formulas.map((formula) => {
  const features = live.features.compute(live.formula.read(formula, live.data.energy.symbols), live.data.energy);
  return [features.map((value) => (Number.isNaN(value) ? null : value)), network(features)];
});
"""


@pytest.fixture(scope="module")
def data(scripts: Callable[..., Any]) -> dict[str, Any]:
    found: dict[str, Any] = scripts("return live.data.energy")
    return found


@pytest.fixture(scope="module")
def predict(data: dict[str, Any]) -> Callable[[list[str]], tuple[np.ndarray, np.ndarray]]:
    """Return features and energies by the package: its featurizers, scaler and network, in double precision."""
    weights = {
        name: torch.tensor(_unpacked(one["data"], "<f4").reshape(one["shape"])) for name, one in data["weights"].items()
    }
    width = len(weights["body.0.bias"])
    network = MLP(len(data["kept"]), [width, width], "relu", normalization="layer", residual=True).double().eval()
    network.load_state_dict(weights)
    scaler = FeatureScaler(
        tuple(data["names"]),
        np.array(data["kept"]),
        *(_unpacked(data[key], "<f8") for key in ("median", "centre", "scale")),
    )

    def answer(formulas: list[str]) -> tuple[np.ndarray, np.ndarray]:
        read = read_materials(formulas)
        assert not read.failures
        table = featurize(read.materials, energy_network.RAW["features"])
        assert tuple(table.names) == scaler.names
        with torch.no_grad():
            out = network(torch.tensor(scaler.transform(table.X))).numpy()
        return table.X, out * data["target"][1] + data["target"][0]

    return answer


def _unpacked(text: str, kind: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), kind).astype(float)


def test_formulas_are_read_alike(scripts: Callable[..., Any], data: dict[str, Any]) -> None:
    formulas = [*FORMULAS, *data["measured"]]
    read = read_materials(formulas)
    assert not read.failures
    compositions = read.materials.compositions
    for row, found in enumerate(scripts(READ, formulas)):
        assert not isinstance(found, str), found
        part = slice(*compositions.row_ptr[row : row + 2])
        pairs = zip(compositions.z[part], compositions.amount[part], strict=True)
        expected = {data["symbols"][z - 1]: amount for z, amount in pairs}
        assert dict(found) == pytest.approx(expected, rel=1e-12), formulas[row]


def test_what_is_no_formula_is_refused_with_a_reason(scripts: Callable[..., Any]) -> None:
    for formula, found in zip(REFUSED, scripts(READ, REFUSED), strict=True):
        assert isinstance(found, str), (formula, found)
        assert re.fullmatch(r"[A-Z“].{20,}[.]", found), found


def test_features_and_energies(
    scripts: Callable[..., Any], data: dict[str, Any], predict: Callable[[list[str]], tuple[np.ndarray, np.ndarray]]
) -> None:
    formulas = [*FORMULAS, *data["measured"]]
    found = scripts(PREDICT, formulas)
    X, energies = predict(formulas)
    shown = np.array([[np.nan if value is None else value for value in row] for row, _ in found])
    assert np.isnan(X).any()  # helium has no electronegativity
    np.testing.assert_allclose(shown, X, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose([energy for _, energy in found], energies, atol=1e-6)


def test_the_error_on_test_rows(
    data: dict[str, Any], predict: Callable[[list[str]], tuple[np.ndarray, np.ndarray]]
) -> None:
    rows = [(formula, energy) for formula, (energy, part) in data["measured"].items() if part == "test"]
    formulas, energies = zip(*rows, strict=True)
    error = np.abs(predict(list(formulas))[1] - np.array(energies)).mean()
    assert error == pytest.approx(data["testMAE"], abs=1e-3)
    text = (ROOT / "docs" / "live" / "energy.md").read_text(encoding="utf-8")
    claims = (f"{len(data['names'])} features", f"{data['nWeights']:,} weights", f"{data['testMAE']:.3f} eV/atom")
    assert all(claim in text for claim in (*claims, f"{data['nTest']} test rows", f"{data['nTrain']:,} measured"))


def test_a_reader_types_and_drags(
    open_page: Callable[..., Page],
    data: dict[str, Any],
    predict: Callable[[list[str]], tuple[np.ndarray, np.ndarray]],
) -> None:
    page = open_page("energy")
    box = page.labelled("Formula")

    def write(formula: str) -> None:
        box.clear()
        box.send_keys(formula)

    write("Al2O3")
    assert page.number("prediction") == pytest.approx(predict(["Al2O3"])[1][0], abs=6e-4)
    assert page.number("measured") == pytest.approx(data["measured"]["Al2O3"][0], abs=1e-9)
    write("Al4O6")
    assert page.sentence.startswith("Al₂O₃ is ")
    write("XeF2")
    assert page.sentence == "No train row holds Xe: do not believe this number."
    before = page.value("prediction")
    write("Qz2")
    assert page.all(".live-error")[0].text == "“Qz” is no element. Write the symbols of the periodic table."
    assert (box.get_attribute("aria-invalid"), page.value("prediction")) == ("true", before)
    write("Fe2O3")
    assert (page.all(".live-error")[0].text, box.get_attribute("aria-invalid")) == ("", None)
    page.drag("Composition", -80, 0)
    mixed = box.get_attribute("value") or ""
    assert re.fullmatch(r"Fe0\.\d+O0\.\d+", mixed)
    assert page.number("prediction") == pytest.approx(predict([mixed])[1][0], abs=6e-4)
    page.choose("Draw towards", "Fe")
    assert "fraction of Fe" in page.all(".live-plot")[0].text
    page.press("Ca(OH)₂")
    assert page.number("prediction") == pytest.approx(predict(["Ca(OH)2"])[1][0], abs=6e-4)
    write("Fe")
    assert not page.all(".live-plot")[0].is_displayed()
