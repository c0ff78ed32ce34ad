"""The pages that move tell the numbers of the lessons: the cells of a lesson are run, and compared."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from formation_mlp.lessons.cells import find_lesson
from formation_mlp.lessons.session import Session, session
from live.support import module
from support.paths import ROOT

pytestmark = pytest.mark.slow

training_curves = module(ROOT / "scripts" / "site" / "live_data", "training_curves")


def run_until(number: str, name: str, folder: Path) -> dict[str, Any]:
    """Run the cells of a lesson up to the one that gives a name its value; return all names."""
    lesson = find_lesson(number)
    found: dict[str, Any] = {"__name__": f"lesson_{number}", "__file__": str(lesson.path)}
    with session(Session(lesson.digits, folder, None, lambda _block: None)), redirect_stdout(StringIO()):
        for cell in lesson.cells:
            if not cell.is_prose:
                exec(compile(cell.text, str(lesson.path), "exec", dont_inherit=True), found)  # noqa: S102
            if name in found:
                return found
    raise AssertionError(f"lesson {number} has no {name}")


@pytest.fixture
def data(scripts: Callable[..., Any]) -> dict[str, Any]:
    found: dict[str, Any] = scripts("return live.data")
    return found


def test_lesson_1_has_these_compounds(data: dict[str, Any], tmp_path: Path) -> None:
    lesson, shown = run_until("1", "split", tmp_path), data["boundary"]
    train, val = lesson["split"].train, lesson["split"].val
    np.testing.assert_allclose(shown["x"], lesson["X"][train], atol=1e-6)
    np.testing.assert_array_equal(shown["y"], lesson["y"][train])
    np.testing.assert_array_equal(data["threshold"]["y"], lesson["y"][val])


def test_lesson_5_has_this_neuron(scripts: Callable[..., Any], data: dict[str, Any], tmp_path: Path) -> None:
    lesson, shown = run_until("5", "E_new", tmp_path), data["backprop"]
    compound = shown["compounds"][lesson["COMPOUND"]]
    np.testing.assert_allclose(compound["x"], lesson["x"], atol=1e-8)
    assert (compound["y"], shown["rate"]) == (lesson["y"], lesson["RATE"])
    layers = shown["networks"]["neuron"]
    known = scripts("return live.backprop.values(arguments[0], arguments[1].x, arguments[1].y)", layers, compound)
    names = {"z.0.0": "z", "h.0.0": "y_hat", "E": "E", "dh.0.0": "dE_dy", "db.0.0": "dE_db"}
    assert {key: known[key] for key in names} == pytest.approx({key: lesson[name] for key, name in names.items()})
    np.testing.assert_allclose([known["dW.0.0.0"], known["dW.0.0.1"]], lesson["dE_dw"], atol=1e-8)


def test_lesson_7_has_these_rows_and_settings(data: dict[str, Any], tmp_path: Path) -> None:
    few, shown = run_until("7", "few", tmp_path)["few"], data["curves"]["heart"]
    assert (len(few.split.train), len(few.split.val)) == (shown["nTrain"], shown["nVal"])
    assert few.config.training.max_epochs == len(shown["val"])
    made = training_curves.RAW
    assert {key: getattr(few.config.training, key) for key in made["training"]} == made["training"]
    assert few.config.model.hidden == made["model"]["hidden"]


def test_lesson_8_has_this_network_but_for_its_width(data: dict[str, Any], tmp_path: Path) -> None:
    lesson, shown = run_until("8", "prepared", tmp_path), data["energy"]
    prepared = lesson["prepared"]
    assert shown["names"] == list(prepared.scaler.names)
    parts = {part: list(getattr(prepared.split, part)) for part in ("train", "val", "test")}
    formulas = prepared.dataset.formulas
    assert {formula: part for formula, (_, part) in shown["measured"].items()} == {
        formulas[i]: part for part, rows in parts.items() for i in rows
    }
