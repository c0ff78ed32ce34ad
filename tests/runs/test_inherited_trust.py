"""What a model that starts from another one inherits of its knowledge of errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from formation_mlp import load
from formation_mlp.config.loading import check_config
from formation_mlp.config.schema import Config
from formation_mlp.fitting.started import started
from formation_mlp.runs.in_memory import train_in_memory
from formation_mlp.runs.inherited_trust import InheritedTrust, training_elements
from formation_mlp.runs.prepare import load_rows, prepare
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.saved_model.predictor import Predictor

pytestmark = pytest.mark.slow

EASY, HARD = ["NaBr", "KF", "CaO"], ["CsAu3", "PuH9", "XeB2"]


def config(folder: Path, rows: list[tuple[str, str]], start: str = "composition", val: float = 0.4) -> Config:
    table = folder / "table.csv"
    table.write_text("formula,energy\n" + "".join(f"{a},{b}\n" for a, b in rows), encoding="utf-8")
    raw = {
        "data": {"path": str(table), "target": "energy", "unit": "eV/atom", "scale": "measured"},
        "features": [
            "magpie",
            "stoichiometry",
            "valence_orbital",
            "ion_property",
            "element_fraction",
            "charge_balance",
        ],
        "split": {"val": val, "test": 0.0},
        "output": str(folder / "run"),
    }
    return started(check_config(raw, ""), start, load(start).checkpoint, {})


def trained(of: Config) -> Checkpoint:
    of = of.model_copy(update={"training": of.training.model_copy(update={"max_epochs": 1, "learning_rate": 1e-5})})
    return train_in_memory(prepare(of, load_rows(of)))[0]


def is_domain_of(model: Checkpoint, other: Checkpoint) -> bool:
    assert model.domain is not None
    assert other.domain is not None
    return np.array_equal(model.domain.percentiles, other.domain.percentiles)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> Checkpoint:
    return trained(config(tmp_path_factory.mktemp("few"), rows))


def test_few_rows_suffice_to_tell_good_answers_from_bad_ones(model: Checkpoint, tmp_path: Path) -> None:
    start = load("composition").checkpoint
    assert is_domain_of(model, start)
    assert model.errors is not None
    assert model.errors.groups == ("measured/known",)
    path = tmp_path / "model.safetensors"
    model.save(path)
    found = Predictor(Checkpoint.load(path)).predict_rows(EASY + HARD, level=0.8)
    assert found.expected_error is not None
    assert found.lo is not None
    assert found.hi is not None
    assert found.expected_error[:3].max() < found.expected_error[3:].min()
    assert (found.lo < found.values).all()
    assert (found.values < found.hi).all()


def test_expected_errors_are_on_the_scale_of_the_val_rows(model: Checkpoint, tmp_path: Path) -> None:
    lines = (Path(model.config["data"]["path"])).read_text(encoding="utf-8").split()[1:]
    worse = [(a, f"{float(b) + 2 * (-1) ** i}") for i, (a, b) in enumerate(line.split(",") for line in lines)]
    other = trained(config(tmp_path, worse))
    mine, its = (Predictor(one).predict_rows(EASY).expected_error for one in (model, other))
    assert mine is not None
    assert its is not None
    assert (its > 5 * mine).all()
    assert np.argsort(its).tolist() == np.argsort(mine).tolist()


def test_elements_that_the_start_has_seen_are_not_new(model: Checkpoint) -> None:
    start = load("composition").checkpoint
    assert model.training_elements.keys() == start.training_elements.keys()
    assert model.training_elements["O"] > start.training_elements["O"]
    assert training_elements({}, {"Na": 2}) == {"Na": 2}


def test_with_hardly_any_val_rows_or_from_a_model_without_error_model_nothing_is_inherited(
    tmp_path: Path, rows: list[tuple[str, str]], model: Checkpoint
) -> None:
    few = trained(config(tmp_path, rows, val=0.1))
    assert few.errors is None
    assert not is_domain_of(few, load("composition").checkpoint)
    assert InheritedTrust.of(few, [0]) is None
    assert InheritedTrust.of(model, [0]) is not None
