"""Tables, remarks and figures of a run."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from formation_mlp.config.loading import check_config
from formation_mlp.data.records import Dataset, LeftOut, Target
from formation_mlp.materials.inputs import read_materials
from formation_mlp.runs.prepare import Prepared, prepare
from formation_mlp.runs.progress import Reporter
from formation_mlp.runs.results import (
    ModelResult,
    announce,
    description,
    evaluation_table,
    quantity,
    rows_sha256,
    score_table,
    without_nan,
    write_predictions,
)
from formation_mlp.runs.scores import Evaluation
from formation_mlp.system.text_table import aligned
from support.configs import TINY, changed


def dataset_of(rows: list[tuple[str, str]], **changes: Any) -> Dataset:
    formulas = [formula for formula, _ in rows]
    fields: dict[str, Any] = {
        "ids": tuple(f"row {i}" for i in range(len(rows))),
        "formulas": tuple(formulas),
        "materials": read_materials(formulas).materials,
        "y": np.array([float(energy) for _, energy in rows]),
        "target": Target("formation_energy_per_atom", "eV/atom", "measured", "kJ/mol"),
        "left_out": (LeftOut("row 99", "no target"),),
        "notes": ("1 rows have no target and are not used",),
    }
    return Dataset(**fields | changes)


@pytest.fixture(scope="module")
def prepared(rows: list[tuple[str, str]]) -> Prepared:
    return prepare(check_config(TINY, ""), dataset_of(rows))


def result(name: str, prepared: Prepared, **scores: dict[str, float]) -> ModelResult:
    n_val, n_test = len(prepared.split.val), len(prepared.split.test)
    prediction = {"val": np.full(n_val, -1.0), "test": np.full(n_test, -2.0)}
    return ModelResult(name, prediction, scores, 1.25, 0.5, {"parameters": 7})


VAL = {"MAE": 0.25, "RMSE": 0.5, "R2": 0.75}
TEST = {"MAE": 0.125, "RMSE": 0.375, "R2": float("nan")}


def test_a_table_is_aligned_to_the_left_once_and_then_to_the_right() -> None:
    assert aligned(["model", "MAE"], [["mean", "0.7"], ["random forest", "0.125"]]).splitlines() == [
        "model            MAE",
        "-------------  -----",
        "mean             0.7",
        "random forest  0.125",
    ]


def test_scores_of_the_test_part_stand_beside_the_one_of_val(prepared: Prepared) -> None:
    assert score_table([result("mlp", prepared, val=VAL, test=TEST)], prepared.task).splitlines() == [
        "model  val MAE  test MAE    RMSE   R2  fit (s)  predict (s)",
        "-----  -------  --------  ------  ---  -------  -----------",
        "mlp     0.2500    0.1250  0.3750  nan      1.2        0.500",
    ]


def test_without_a_test_part_the_scores_of_val_are_shown(prepared: Prepared) -> None:
    table = score_table([result("mlp", prepared, val=VAL, test={})], prepared.task)
    assert table.splitlines()[-1].split()[2:5] == ["0.2500", "0.5000", "0.7500"]


def test_an_evaluation_counts_what_failed() -> None:
    evaluation = Evaluation(np.zeros(3), np.zeros(3), {"MAE": 0.5}, {4: "why"})
    assert evaluation_table({"new.csv": evaluation}).splitlines()[-1].split() == ["new.csv", "3", "1", "0.5000"]


def test_json_has_no_nan(prepared: Prepared) -> None:
    assert without_nan({"MAE": 0.5, "R2": float("nan"), "x": float("inf")}) == {"MAE": 0.5, "R2": None, "x": None}
    assert result("mlp", prepared, val=VAL, test=TEST).as_json() == {
        "scores": {"val": VAL, "test": TEST | {"R2": None}},
        "fit_seconds": 1.25,
        "predict_seconds": 0.5,
        "parameters": 7,
    }


@pytest.mark.parametrize(
    ("names", "columns"), [(["mlp"], ["prediction"]), (["mean", "mlp"], ["prediction mean", "prediction mlp"])]
)
def test_predictions_are_written_beside_the_truth(
    prepared: Prepared, tmp_path: Path, names: list[str], columns: list[str]
) -> None:
    results = [result(name, prepared, val=VAL, test=TEST) for name in names]
    write_predictions(tmp_path / "p.csv", prepared.dataset, prepared.split, prepared.y, results)
    with (tmp_path / "p.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert list(lines[0]) == ["id", "formula", "part", "formation_energy_per_atom", *columns]
    shown = [*prepared.split.val, *prepared.split.test]
    assert [line["id"] for line in lines] == [f"row {i}" for i in shown]
    assert [line["formula"] for line in lines] == [prepared.dataset.formulas[i] for i in shown]
    assert {(line["part"], line[columns[-1]]) for line in lines} == {("val", "-1.000000"), ("test", "-2.000000")}


@pytest.mark.parametrize("verbosity", [-1, 0, 1])
def test_more_is_said_the_more_is_asked(prepared: Prepared, verbosity: int, capsys: pytest.CaptureFixture[str]) -> None:
    announce(prepared, Reporter(verbosity))
    said = capsys.readouterr()
    assert said.out == ""
    assert ("60 rows of table.csv" in said.err) == (verbosity >= 0)
    assert ("1 rows have no target" in said.err) == (verbosity >= 0)
    assert ("dropped: " in said.err) == (verbosity >= 1)


def test_what_test_shares_with_train_is_said(rows: list[tuple[str, str]], capsys: pytest.CaptureFixture[str]) -> None:
    doubled = dataset_of(rows[:20] + [(f"({formula})2", energy) for formula, energy in rows[:20]])
    config = check_config(changed(TINY, {"split": {"method": "random"}}), "")
    prepared = prepare(config, doubled)
    shared = description(prepared)["overlap"]
    assert 0 < shared["test_rows_with_formula_in_train"] <= shared["test_rows_with_chemical_system_in_train"] <= 8
    announce(prepared, Reporter())
    assert f"of the test rows {shared['test_rows_with_formula_in_train']} have their" in capsys.readouterr().err


def test_missing_values_are_said_before_training(
    rows: list[tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    config = check_config(changed(TINY, {"features": ["magpie"]}), "")
    announce(prepare(config, dataset_of([*rows, ("HeNe", "0.1"), ("HeAr", "0.1"), ("HeKr", "0.2")])), Reporter())
    assert "lack values of their own in some rows" in capsys.readouterr().err


def test_the_description_is_enough_to_judge_the_numbers(prepared: Prepared) -> None:
    found = description(prepared)
    assert found["target"] == {
        "name": "formation_energy_per_atom",
        "column": "formation_energy_per_atom",
        "unit": "eV/atom",
        "declared_unit": "kJ/mol",
        "source": "measured",
    }
    assert found["rows"] == {"train": 36, "val": 12, "test": 12}
    assert found["left_out"] == {"row 99": "no target"}
    assert found["notes"] == ["1 rows have no target and are not used"]
    assert found["config"] == prepared.config.model_dump()


def test_rows_have_a_fingerprint_of_ids_compositions_and_targets(rows: list[tuple[str, str]]) -> None:
    first = dataset_of(rows)
    assert rows_sha256(first) == rows_sha256(dataset_of(rows, target=Target("other", "eV/atom")))
    others = [
        dataset_of(rows[::-1]),
        dataset_of(rows, ids=tuple(map(str, range(len(rows))))),
        dataset_of(rows, y=first.y + 1e-12),
        dataset_of([("KCl", rows[0][1]), *rows[1:]]),
    ]
    assert len({rows_sha256(dataset) for dataset in [first, *others]}) == 5


def test_the_quantity_of_an_axis_is_made_of_words(prepared: Prepared) -> None:
    assert quantity(prepared) == "formation energy"
