"""The intervals on the page are those that predict gives, whatever they rest on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from formation_mlp import load
from formation_mlp.materials.inputs import read_materials
from formation_mlp.reporting.finished import load_run
from formation_mlp.reporting.intervals import LEVELS, IntervalEnds, ends_by_formula, interval_ends
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.trust.calibration import Calibration
from formation_mlp.trust.difficulty import Hints

FORMULAS = ["NaCl", "Fe2O3", "Na7Cl3", "Fe", "PuXe"]


@pytest.mark.parametrize("name", ["composition", "measured"])
def test_ends_are_those_of_predictions_by_an_error_model(name: str) -> None:
    predictor, read = load(name), read_materials(FORMULAS)
    assert predictor.checkpoint.errors is not None
    found = interval_ends(predictor, read.materials, predictor.predict_read(read))
    assert found is not None
    assert found.levels == LEVELS
    for k, level in enumerate(LEVELS):
        asked = predictor.predict_read(read, level=level)
        assert asked.lo is not None
        assert asked.hi is not None
        np.testing.assert_allclose(found.low[k], asked.lo)
        np.testing.assert_allclose(found.high[k], asked.hi)
    assert not np.allclose(found.low + found.high, 2 * predictor.predict(FORMULAS))  # they are asymmetric


def test_ends_are_those_of_predictions_by_val_rows(finished_run: Path) -> None:
    run, predictor = load_run(finished_run, "run"), load(finished_run)
    found = run.intervals()
    assert found is not None
    asked = predictor.predict_rows(run.formulas, level=0.9)
    k = found.levels.index(0.9)
    assert asked.lo is not None
    assert asked.hi is not None
    np.testing.assert_allclose(found.low[k], asked.lo, atol=1e-5)
    np.testing.assert_allclose(found.high[k], asked.hi, atol=1e-5)


def test_ends_follow_the_difficulty_of_each_row_and_without_rows_there_are_none(finished_run: Path) -> None:
    read, run = read_materials(["NaCl", "Fe2O3", "Na7Cl3"]), load_run(finished_run, "run")
    generator, several = np.random.default_rng(0), len(run.checkpoint.members) > 1
    std, distance, error = np.exp(generator.normal(-1, 1, (3, 40)))
    hints = Hints(std if several else None, distance, generator.normal(-2, 1, 40))
    model = replace(run.checkpoint, calibration=Calibration.learned(error, hints, np.full(40, 2)))
    predictor = Predictor(model)
    found = interval_ends(predictor, read.materials, predictor.predict_read(read))
    asked = predictor.predict_read(read, level=0.9)
    assert found is not None
    assert asked.lo is not None
    assert np.ptp(asked.values - asked.lo) > 0
    np.testing.assert_allclose(found.low[found.levels.index(0.9)], asked.lo, atol=1e-5)
    assert ends_by_formula(model, read.materials.compositions, asked.values) is None


def test_without_its_rows_a_single_network_still_has_its_intervals(finished_run: Path) -> None:
    run = load_run(finished_run, "run")
    gone = replace(run, training=None, answers=None, ends=None)
    found, there = gone.intervals(), run.intervals()
    if len(run.checkpoint.members) > 1:
        assert found is None
        return
    assert found is not None
    assert there is not None
    np.testing.assert_allclose(found.high, there.high, atol=1e-5)


def test_without_its_rows_an_error_model_tells_nothing(finished_run: Path) -> None:
    errors = load("composition").checkpoint.errors
    run = load_run(finished_run, "run")
    gone = replace(run, training=None, answers=None, ends=None, checkpoint=replace(run.checkpoint, errors=errors))
    assert gone.intervals() is None


def test_a_classifier_has_none() -> None:
    predictor, read = load("stability"), read_materials(["NaCl"])
    assert isinstance(predictor, Predictor)
    assert interval_ends(predictor, read.materials, predictor.predict_read(read)) is None


def test_a_truth_lies_inside_or_not() -> None:
    ends = IntervalEnds((0.5, 0.9), np.array([[-1.0, -1.0], [-2.0, -2.0]]), np.array([[0.0, 0.5], [1.0, 1.0]]))
    assert ends.holds(np.array([0.0, 0.7])).tolist() == [[True, False], [True, True]]
    assert ends.width.tolist() == [[1.0, 1.5], [3.0, 3.0]]
    assert ends.nearest(0.8) == 1
