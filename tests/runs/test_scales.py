"""Rows on several energy scales, from the table to the answer of the trained network, and to another training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from formation_mlp import load
from formation_mlp.config.loading import check_config
from formation_mlp.config.schema import Config
from formation_mlp.errors import ConfigError, DataError
from formation_mlp.runs.evaluate import score_again, score_table_file
from formation_mlp.runs.progress import Reporter
from formation_mlp.runs.train import train

CATIONS = ["Li", "Na", "K", "Mg", "Ca", "Al", "Fe", "Cu", "Ni", "Ti", "Zn", "Mn"]
ANIONS = ["O", "F", "Cl", "S"]
SHIFT = 1.5
"""eV/atom, between the scales."""


def table(path: Path) -> Path:
    formulas = [f"{a}{i}{x}{j}" for a in CATIONS for x in ANIONS for i in (1, 2) for j in (1, 2, 3)]
    energy = [-0.3 * len(formula) - 0.5 * ("O" in formula) for formula in formulas]
    both = pd.DataFrame({"formula": formulas * 2, "energy": [*energy, *(e + SHIFT for e in energy)]})
    both["scale"] = ["mp2020"] * len(formulas) + ["oqmd"] * len(formulas)
    both.drop(index=range(0, len(formulas), 3)).to_csv(path, index=False)
    return path


def config(folder: Path, **changes: object) -> Config:
    if "data" not in changes:
        table(folder / "t.csv")
    raw = {
        "data": {"path": str(folder / "t.csv"), "target": "energy", "unit": "eV/atom", "scale": "scale"},
        "features": ["stoichiometry", "element_fraction"],
        "split": {"val": 0.2, "test": 0.1},
        "model": {"architecture": "set", "hidden": [32], "set_width": 16},
        "training": {"max_epochs": 30, "optimizer": "muon", "device": "cpu"},
        "output": str(folder / "run"),
    }
    return check_config(raw | changes, "test")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("scales")
    train(config(place), Reporter(-1))
    return place


def test_one_network_answers_on_each_scale(folder: Path) -> None:
    predictor = load(folder / "run")
    assert predictor.scales == ("mp2020", "oqmd")
    items = ["LiCl", "Fe2O3", "MgF2"]
    difference = predictor.predict(items, scale="oqmd") - predictor.predict(items)
    assert np.abs(difference - SHIFT).max() < 0.5
    found = predictor.predict_rows(items, scale="oqmd")
    assert found.scale == "oqmd"
    np.testing.assert_array_equal(found.values, predictor.predict(items, scale="oqmd"))
    with pytest.raises(ConfigError, match=r"answers on mp2020, oqmd, not on measured"):
        predictor.predict(items, scale="measured")


def test_a_run_is_scored_with_each_row_on_its_scale(folder: Path) -> None:
    _, again = score_again(folder / "run")
    assert again["val"].scores["MAE"] < 0.5
    _, found = score_table_file(folder / "run", folder / "t.csv", "energy", "eV/atom", Reporter(-1), "scale")
    _, wrong = score_table_file(folder / "run", folder / "t.csv", "energy", "eV/atom", Reporter(-1), "oqmd")
    assert list(found) == ["t.csv (mp2020)", "t.csv (oqmd)", "t.csv"]
    assert list(wrong) == ["t.csv"]
    assert found["t.csv"].scores["MAE"] < 0.5 < wrong["t.csv"].scores["MAE"]
    first, second, whole = found.values()
    assert len(first.y) + len(second.y) == len(whole.y)
    mean = (first.scores["MAE"] * len(first.y) + second.scores["MAE"] * len(second.y)) / len(whole.y)
    assert mean == pytest.approx(whole.scores["MAE"])


def test_a_formula_on_two_scales_lies_in_one_part(folder: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(folder / "t.csv")
    frame["part"] = np.where(frame.scale == "oqmd", "val", "train")
    frame.to_csv(tmp_path / "t.csv", index=False)
    data = {"path": str(tmp_path / "t.csv"), "target": "energy", "unit": "eV/atom", "scale": "scale"}
    with pytest.raises(DataError, match="held out of all of them"):
        train(config(tmp_path, data=data, split={"method": "column", "column": "part"}), Reporter(-1))


def test_a_warm_start_takes_the_scale_nearest_to_its_own_rows(folder: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(folder / "t.csv")
    frame[frame.scale == "oqmd"].to_csv(tmp_path / "own.csv", index=False)
    data = {"path": str(tmp_path / "own.csv"), "target": "energy", "unit": "eV/atom"}
    training = {"max_epochs": 1, "learning_rate": 1e-5, "device": "cpu", "start_from": str(folder / "run")}
    prepared, results = train(config(tmp_path, data=data, training=training), Reporter(-1))
    assert any("start from the energy scale oqmd" in note for note in prepared.dataset.notes)
    assert results[1].scores["val"]["MAE"] < 0.5
    assert load(tmp_path / "run").scales == ()


def test_boosted_trees_know_no_scales(tmp_path: Path) -> None:
    pytest.importorskip("lightgbm")
    ensemble: dict[str, object] = {"members": {"trees": {"boosted_trees": {}}}}
    with pytest.raises(ConfigError, match="boosted trees know no energy scales"):
        train(config(tmp_path, ensemble=ensemble), Reporter(-1))
