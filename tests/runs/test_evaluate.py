"""A saved model on rows with a target: scores of the rows it can predict, reasons for the others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike
from pymatgen.core import Lattice, Structure

from formation_mlp import FormationEnergyClassifier, FormationEnergyRegressor, load
from formation_mlp.config.schema import TaskConfig
from formation_mlp.data.records import Dataset, Target
from formation_mlp.errors import DataError
from formation_mlp.materials.inputs import read_materials
from formation_mlp.runs.scores import evaluate, learned_in_words, scores
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.targets.task import Task

FORMULAS = ["NaCl", "MgO", "Fe2O3", "TiO2", "CuS", "Al2O3"]
ENERGIES = np.array([-2.1, -3.1, -1.7, -3.3, -0.3, -3.5])


@pytest.fixture(scope="module", autouse=True)
def _cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORMATION_MLP_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def dataset(items: Sequence[object], y: ArrayLike) -> Dataset:
    read = read_materials(items)
    ids = tuple(str(i) for i in range(len(items)))
    return Dataset(ids, tuple(read.labels), read.materials, np.asarray(y, float), Target("y", "eV/atom"))


def test_scores_are_those_of_the_predictions(finished_run: Path) -> None:
    predictor = load(finished_run)
    found = evaluate(predictor, dataset(FORMULAS, ENERGIES))
    np.testing.assert_array_equal(found.y, ENERGIES)
    np.testing.assert_allclose(found.prediction, predictor.predict(FORMULAS), rtol=1e-6)
    assert found.scores["MAE"] == pytest.approx(np.mean(np.abs(found.prediction - ENERGIES)))
    assert found.scores == predictor.task.scores(found.y, found.prediction)
    assert found.errors == {}


def test_a_classifier_is_scored_on_classes() -> None:
    keys: dict[str, Any] = {
        "features": ["stoichiometry", "element_fraction"],
        "hidden": (),
        "architecture": "mlp",
        "max_epochs": 3,
    }
    model = FormationEnergyClassifier(**keys, validation_fraction=0.3, device="cpu", random_state=1)
    model.fit([*FORMULAS, "KCl", "CaO", "ZnS"], [0, 1, 0, 1, 0, 1, 0, 1, 0])
    found = evaluate(model.predictor_, dataset(FORMULAS, [0, 1, 0, 1, 0, 1]))
    np.testing.assert_allclose(found.prediction, model.predict_proba(FORMULAS)[:, 1], rtol=1e-6)
    assert found.scores["accuracy"] == np.mean((found.prediction >= 0.5) == found.y)


def test_energies_become_classes_by_the_boundary_of_the_model(finished_run: Path) -> None:
    predictor = load(finished_run)
    task = TaskConfig(type="classification", boundary=-2.0)
    predictor.task = Task(task, predictor.checkpoint.target_scaler)
    np.testing.assert_array_equal(evaluate(predictor, dataset(FORMULAS, ENERGIES)).y, [1, 1, 0, 1, 0, 1])


def structures_of(cells: Sequence[ArrayLike], metals: Sequence[str] = ("Na",)) -> list[Structure]:
    basis = [[0, 0, 0], [0.5, 0.5, 0.5]]
    return [Structure(Lattice(cell), [metal, "Cl"], basis) for metal in metals for cell in cells]


FLAT = [[4, 0, 0], [0, 4, 0], [4, 4, 0]]


def flat_rows(n: int) -> Dataset:
    """Return rows that a reader would refuse: cells without volume."""
    whole = dataset(structures_of([np.eye(3) * 4.0] * n), np.arange(n))
    assert whole.materials.structures is not None
    structures = replace(whole.materials.structures, lattice=np.array([FLAT] * n, float))
    return replace(whole, materials=replace(whole.materials, structures=structures))


@pytest.fixture(scope="module")
def structure_model() -> Predictor:
    keys: dict[str, Any] = {"features": ["density"], "hidden": (4,), "architecture": "mlp", "max_epochs": 2}
    structures = structures_of([np.eye(3) * a for a in np.linspace(3, 5, 5)], ("Na", "K", "Li"))
    model = FormationEnergyRegressor(**keys, device="cpu", random_state=0)
    return model.fit(structures, np.linspace(-2, 0, 15)).predictor_


def test_rows_that_cannot_be_predicted_are_named_and_not_scored(structure_model: Predictor) -> None:
    items = structures_of([np.eye(3) * 3.3, FLAT, np.eye(3) * 4.1])
    found = evaluate(structure_model, dataset(items, [-1.0, 100.0, -0.5]))
    assert list(found.errors) == [1]
    assert found.errors[1]
    np.testing.assert_array_equal(found.y, [-1.0, -0.5])
    assert len(found.prediction) == 2
    assert found.scores["MAE"] < 10


def test_nothing_to_score_is_an_error_with_the_first_reason(structure_model: Predictor) -> None:
    with pytest.raises(DataError, match=r"none of 2 rows can be predicted:\n  row ."):
        evaluate(structure_model, flat_rows(2))


@pytest.mark.parametrize(
    ("formulas", "said"),
    [
        (
            ["NaCl", "MgO", "Na7Cl"],
            r"2 of 3 rows are formulas that the model has learned: MAE \d\.\d{3}; the others \d\.\d{3}",
        ),
        (["NaCl", "MgO"], r"2 of 2 rows are formulas that the model has learned: MAE \d\.\d{3}; there are no others"),
        (["Na7Cl"], "the model has learned none of 1 formula"),
    ],
)
@pytest.mark.filterwarnings("ignore:R")
def test_rows_that_the_model_has_learned_are_counted_and_scored_apart(formulas: list[str], said: str) -> None:
    predictor, rows = load("composition"), dataset(formulas, [-1.0] * len(formulas))
    assert re.fullmatch(said, learned_in_words(predictor, rows, evaluate(predictor, rows)))


def test_an_empty_part_has_no_scores() -> None:
    task = Task.fit(TaskConfig(), ENERGIES)
    assert scores(task, ENERGIES[:0], ENERGIES[:0]) == {}
    assert scores(task, ENERGIES, ENERGIES)["MAE"] == 0
