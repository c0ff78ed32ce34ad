"""From rows to a network and a saved model: what is fitted sees train rows only, and no row is lost in silence."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from formation_mlp.choices import CHOICES
from formation_mlp.config import Config
from formation_mlp.config_file import check_config
from formation_mlp.data.records import Dataset, Target
from formation_mlp.errors import ConfigError, DataError
from formation_mlp.materials.inputs import read_materials
from formation_mlp.stages import Prepared, checkpoint, load_rows, network_training, prepare

FORMULAS = ["NaCl", "KCl", "MgO", "CaO", "Al2O3", "Fe2O3", "TiO2", "ZnS", "CdS", "GaAs", "InP", "NiAl"]
ENERGIES = np.linspace(-3, 0.3, 12)


def config(**sections) -> Config:
    raw = {
        "data": {"path": "given"},
        "features": ["stoichiometry", "element_fraction"],
        "split": {"val": 0.2, "test": 0.2},
        "model": {"hidden": [4]},
        "training": {"max_epochs": 2, "device": "cpu"},
    }
    return check_config(raw | sections, "test", CHOICES)


def dataset(formulas=FORMULAS, y=ENERGIES) -> Dataset:
    read = read_materials(list(formulas))
    ids = tuple(f"row {i}" for i in range(len(formulas)))
    return Dataset(ids, tuple(formulas), read.materials, np.asarray(y, float), Target("e_form", "eV/atom", "here"))


def test_parts_are_rows_of_the_table_with_their_labels():
    rows, prepared = dataset(), prepare(config(), dataset())
    for name in ("train", "val", "test"):
        X, y = prepared.part(name)
        np.testing.assert_array_equal(y, rows.y[getattr(prepared.split, name)])
        np.testing.assert_array_equal(X, prepared.table.X[getattr(prepared.split, name)])
        assert len(X)


def test_scalers_see_train_rows_only():
    first = prepare(config(), dataset())
    other = dataset()
    held_out = np.concatenate([first.split.val, first.split.test])
    y = other.y.copy()
    y[held_out] += 100
    second = prepare(config(), replace(other, y=y))
    assert second.task.target_scaler == first.task.target_scaler
    X = first.table.X[first.split.train]
    kept = first.scaler.kept
    np.testing.assert_allclose(first.scaler.centre, X[:, kept].mean(axis=0))
    assert set(first.scaler.dropped) == {
        name for name, spread in zip(first.table.names, np.ptp(X, axis=0), strict=True) if spread == 0
    }


def test_energies_become_classes_where_the_task_asks_for_them():
    task = {"type": "classification", "boundary": -1.0}
    prepared = prepare(config(task=task), dataset())
    np.testing.assert_array_equal(prepared.y, ENERGIES < -1.0)
    assert network_training(prepared).task.is_classification


@pytest.fixture
def table_without(tmp_path):
    """Return a function that makes descriptors which some formulas do not have."""

    def write(*absent: str) -> list[object]:
        path = tmp_path / "descriptors.csv"
        lines = [f"{formula},{i},{i % 3}" for i, formula in enumerate(FORMULAS) if formula not in absent]
        path.write_text("\n".join(["formula,a,b", *lines]) + "\n", encoding="utf-8")
        return [{"table": {"path": str(path), "key": "formula"}}]

    return write


def test_rows_that_cannot_be_described_are_an_error_that_names_them(table_without):
    with pytest.raises(
        DataError, match=r"(?s)given: 2 rows cannot be used.*row row 2: .*row row 5: .*data.invalid: drop"
    ):
        prepare(config(features=table_without("MgO", "Fe2O3")), dataset())


def test_or_they_are_left_out_named_and_counted(table_without):
    features = table_without("MgO", "Fe2O3")
    prepared = prepare(config(features=features, data={"path": "given", "invalid": "drop"}), dataset())
    assert [row.id for row in prepared.dataset.left_out] == ["row 2", "row 5"]
    assert all(row.reason for row in prepared.dataset.left_out)
    assert "2 rows cannot be described" in prepared.dataset.notes[0]
    assert len(prepared.dataset) == len(prepared.table) == len(prepared.y) == 10
    assert prepared.table.failures == {}
    np.testing.assert_array_equal(prepared.table.X[:, 0], [0, 1, 3, 4, 6, 7, 8, 9, 10, 11])
    np.testing.assert_array_equal(prepared.y, np.delete(ENERGIES, [2, 5]))


def test_nothing_left_is_an_error_with_the_first_reason(table_without):
    features = table_without(*FORMULAS[1:])
    rows = dataset(FORMULAS[1:], ENERGIES[1:])
    with pytest.raises(DataError, match=r"given: no row can be described; the first: ."):
        prepare(config(features=features, data={"path": "given", "invalid": "drop"}), rows)


def trained() -> tuple[Prepared, object]:
    prepared = prepare(config(), dataset())
    job = network_training(prepared)
    for _ in job.epochs():
        pass
    return prepared, job


def test_a_saved_model_counts_the_elements_of_the_train_rows_and_holds_the_best_weights():
    prepared, job = trained()
    saved = checkpoint(prepared, job, {"val": {"MAE": 1.0}})
    formulas = [FORMULAS[i] for i in prepared.split.train]
    assert saved.training_elements["O"] == sum("O" in formula for formula in formulas)
    assert set(saved.training_elements) == set(re.findall("[A-Z][a-z]?", "".join(formulas)))
    assert saved.weights is job.best_weights
    assert saved.target == Target("e_form", "eV/atom", "here")
    assert saved.scores == {"val": {"MAE": 1.0}}
    assert saved.config == config().model_dump()


def test_the_seed_of_the_configuration_decides_everything():
    first, again, other = (
        network_training(prepare(config(seed=seed), dataset())).best_weights["head.weight"] for seed in (0, 0, 1)
    )
    assert first.tolist() == again.tolist() != other.tolist()


@pytest.mark.parametrize("split", [{"method": "column"}, {"method": "random", "column": "part"}])
def test_a_column_of_parts_and_its_method_belong_together(split):
    with pytest.raises(ConfigError, match=r"method 'column' and the key split.column belong together"):
        load_rows(config(split=split))
