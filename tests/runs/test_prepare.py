"""From rows to a network and a saved model: what is fitted sees train rows only, and no row is lost in silence."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import ArrayLike

from formation_mlp.config.loading import check_config
from formation_mlp.config.schema import Config
from formation_mlp.data.records import Dataset, Target
from formation_mlp.errors import CheckpointError, ConfigError, DataError
from formation_mlp.materials.inputs import read_materials
from formation_mlp.runs.assemble import checkpoint, network_member, with_trust
from formation_mlp.runs.prepare import Prepared, load_rows, network_training, prepare
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.saved_model.members import Member, NetworkMember
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.training.network import NetworkTraining

FORMULAS = ["NaCl", "KCl", "MgO", "CaO", "Al2O3", "Fe2O3", "TiO2", "ZnS", "CdS", "GaAs", "InP", "NiAl"]
ENERGIES = np.linspace(-3, 0.3, 12)
Writer = Callable[..., list[object]]


def config(**sections: Any) -> Config:
    raw = {
        "data": {"path": "given"},
        "features": ["stoichiometry", "element_fraction"],
        "split": {"val": 0.2, "test": 0.2},
        "model": {"hidden": [4]},
        "training": {"max_epochs": 2, "device": "cpu"},
    }
    return check_config(raw | sections, "test")


def dataset(formulas: list[str] = FORMULAS, y: ArrayLike = ENERGIES) -> Dataset:
    read = read_materials(list(formulas))
    ids = tuple(f"row {i}" for i in range(len(formulas)))
    return Dataset(ids, tuple(formulas), read.materials, np.asarray(y, float), Target("e_form", "eV/atom", "here"))


def test_parts_are_rows_of_the_table_with_their_labels() -> None:
    rows, prepared = dataset(), prepare(config(), dataset())
    for name in ("train", "val", "test"):
        part, chosen = prepared.part(name), getattr(prepared.split, name)
        np.testing.assert_array_equal(part.y, rows.y[chosen])
        np.testing.assert_array_equal(part.X, prepared.table.X[chosen])
        assert part.compositions is not None
        assert part.compositions.formulas() == [rows.materials.compositions.formulas()[i] for i in chosen]
        assert part.auxiliary is None
        assert len(part.X)


def test_scalers_see_train_rows_only() -> None:
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


def test_energies_become_classes_where_the_task_asks_for_them() -> None:
    task = {"type": "classification", "boundary": -1.0}
    prepared = prepare(config(task=task), dataset())
    np.testing.assert_array_equal(prepared.y, ENERGIES <= -1.0)
    assert network_training(prepared).task.is_classification


@pytest.fixture
def table_without(tmp_path: Path) -> Writer:
    """Return a function that makes features which some formulas do not have."""

    def write(*absent: str) -> list[object]:
        path = tmp_path / "features.csv"
        lines = [f"{formula},{i},{i % 3}" for i, formula in enumerate(FORMULAS) if formula not in absent]
        path.write_text("\n".join(["formula,a,b", *lines]) + "\n", encoding="utf-8")
        return [{"table": {"path": str(path), "key": "formula"}}]

    return write


def test_rows_that_cannot_be_described_are_an_error_that_names_them(table_without: Writer) -> None:
    with pytest.raises(
        DataError, match=r"(?s)given: 2 rows cannot be used.*row row 2: .*row row 5: .*data.invalid: drop"
    ):
        prepare(config(features=table_without("MgO", "Fe2O3")), dataset())


def test_or_they_are_left_out_named_and_counted(table_without: Writer) -> None:
    features = table_without("MgO", "Fe2O3")
    prepared = prepare(config(features=features, data={"path": "given", "invalid": "drop"}), dataset())
    assert [row.id for row in prepared.dataset.left_out] == ["row 2", "row 5"]
    assert all(row.reason for row in prepared.dataset.left_out)
    assert "2 rows cannot be featurized" in prepared.dataset.notes[0]
    assert len(prepared.dataset) == len(prepared.table) == len(prepared.y) == 10
    assert prepared.table.failures == {}
    np.testing.assert_array_equal(prepared.table.X[:, 0], [0, 1, 3, 4, 6, 7, 8, 9, 10, 11])
    np.testing.assert_array_equal(prepared.y, np.delete(ENERGIES, [2, 5]))


def test_nothing_left_is_an_error_with_the_first_reason(table_without: Writer) -> None:
    features = table_without(*FORMULAS[1:])
    rows = dataset(FORMULAS[1:], ENERGIES[1:])
    with pytest.raises(DataError, match=r"given: no row can be featurized:\n  row ."):
        prepare(config(features=features, data={"path": "given", "invalid": "drop"}), rows)


def trained() -> tuple[Prepared, NetworkTraining]:
    prepared = prepare(config(), dataset())
    job = network_training(prepared)
    for _ in job.epochs():
        pass
    return prepared, job


def test_a_saved_model_counts_the_elements_of_the_train_rows_and_holds_the_best_weights() -> None:
    prepared, job = trained()
    saved = checkpoint(prepared, [network_member(prepared, job)], {"val": {"MAE": 1.0}})
    formulas = [FORMULAS[i] for i in prepared.split.train]
    assert saved.training_elements["O"] == sum("O" in formula for formula in formulas)
    assert set(saved.training_elements) == set(re.findall("[A-Z][a-z]?", "".join(formulas)))
    (member,) = saved.members
    assert member.weights is job.best_weights
    assert (member.share, member.model) == (1.0, config().model.model_dump())
    assert saved.target == Target("e_form", "eV/atom", "here")
    assert saved.scores == {"val": {"MAE": 1.0}}
    assert saved.config == config().model_dump()


def test_the_seed_of_the_configuration_decides_everything() -> None:
    first, again, other = (
        network_training(prepare(config(seed=seed), dataset())).best_weights["head.weight"] for seed in (0, 0, 1)
    )
    assert first.tolist() == again.tolist() != other.tolist()


# --- starting from a trained model


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return the file of a trained model of two members."""
    path = tmp_path / "source.safetensors"
    prepared, job = trained()
    second = network_training(replace(prepared, config=config(seed=7)))
    members = [replace(network_member(prepared, one), share=0.5) for one in (job, second)]
    checkpoint(prepared, members, {}).save(path)
    return path


def started(source: Path, **sections: Any) -> Config:
    return config(training={"max_epochs": 2, "device": "cpu", "start_from": str(source)}, **sections)


def other_rows() -> Dataset:
    return dataset([*FORMULAS[::-1], "LiF", "CsBr"], np.linspace(50, 80, 14))


def test_training_starts_exactly_from_the_weights_and_scalers_of_a_model(source: Path) -> None:
    model = Checkpoint.load(source)
    prepared = prepare(started(source, seed=3), other_rows())
    for name in ("kept", "median", "centre", "scale"):
        np.testing.assert_array_equal(getattr(prepared.scaler, name), getattr(model.scaler, name))
    assert prepared.task.target_scaler == model.target_scaler
    rows = prepared.part("train")
    expected = Predictor(model).predict_members(rows.X, rows.compositions)
    assert np.abs(expected[0] - expected[1]).min() > 1e-6
    for number in range(4):
        np.testing.assert_allclose(network_training(prepared, number).predict(rows.X), expected[number % 2], rtol=1e-6)


def test_a_model_that_went_on_from_another_is_complete(source: Path) -> None:
    prepared = prepare(started(source), other_rows())
    job = network_training(prepared)
    for _ in job.epochs():
        pass
    saved = checkpoint(prepared, [network_member(prepared, job)], {})
    rows = prepared.part("val")
    np.testing.assert_allclose(Predictor(saved).predict_features(rows.X, None), job.predict(rows.X), rtol=1e-6)
    assert not torch.equal(job.best_weights["head.weight"], Checkpoint.load(source).members[0].weights["head.weight"])


def test_a_folder_of_a_run_is_a_start_too(source: Path, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(source.read_bytes())
    assert len(prepare(started(tmp_path), other_rows()).start) == 2


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        (
            {"features": ["stoichiometry"]},
            r"was trained on the features \['stoichiometry', 'element_fraction'\]; use the same under 'features'",
        ),
        ({"task": {"type": "classification", "boundary": 60.0}}, "is a regression; so must be task.type"),
    ],
)
def test_a_start_must_have_the_same_features_and_task(
    source: Path, sections: dict[str, list[str]] | dict[str, dict[str, Any]], message: str
) -> None:
    with pytest.raises(ConfigError, match=rf"training.start_from: .*source.safetensors .*{message}"):
        prepare(started(source, **sections), other_rows())


def test_a_start_must_have_a_network_of_the_same_shape(source: Path) -> None:
    prepared = prepare(started(source, model={"hidden": [5]}), other_rows())
    with pytest.raises(
        ConfigError,
        match=r"start_from: .*source.safetensors is mlp with hidden \[4\], normalization none; this network is "
        r"mlp with hidden \[5\], normalization none. Give the same under 'model'",
    ):
        network_training(prepared)


def test_a_network_starts_from_a_member_of_its_own_shape(source: Path) -> None:
    model = Checkpoint.load(source)
    wider = network_training(prepare(config(model={"hidden": [5]}), dataset()))
    other = NetworkMember("wider", 0.5, model.members[0].model | {"hidden": [5]}, wider.best_weights)
    replace(model, members=(replace(model.members[0], share=0.5), other)).save(source)
    for hidden, expected in (([4], 0), ([5], 1)):
        prepared = prepare(started(source, model={"hidden": hidden}), other_rows())
        for number in range(2):
            weights = network_training(prepared, number).best_weights
            known = prepared.start[expected].weights
            assert all(torch.equal(weights[name], known[name]) for name in known)


def test_boosted_trees_are_no_start(source: Path) -> None:
    model = Checkpoint.load(source)
    trees = replace(model.members[1], model={"boosted_trees": {}}, weights={"text": torch.zeros(3)})
    replace(model, members=(model.members[0], trees)).save(source)
    with pytest.raises(ConfigError, match=r"training.start_from: .* holds boosted trees, which cannot be trained"):
        prepare(started(source), other_rows())


def test_a_start_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"nowhere: no such run folder"):
        prepare(started(tmp_path / "nowhere"), other_rows())


# --- trust


def two_members(prepared: Prepared) -> list[Member]:
    members: list[Member] = []
    for number, share in enumerate((0.25, 0.75)):
        job = network_training(replace(prepared, config=prepared.config.model_copy(update={"seed": number})))
        list(job.epochs())
        members.append(replace(network_member(prepared, job), name=f"network-{number}", share=share))
    return members


def test_a_model_is_calibrated_on_its_val_rows_and_knows_its_train_rows() -> None:
    prepared = prepare(config(), dataset())
    members = two_members(prepared)
    model = with_trust(prepared, checkpoint(prepared, members, {}))
    val, shares = prepared.part("val"), np.array([0.25, 0.75])
    answers = Predictor(model).predict_members(val.X, val.compositions)
    std = np.sqrt(shares @ (answers - shares @ answers) ** 2)
    assert model.calibration is not None
    assert model.domain is not None
    scores = np.abs(val.y - shares @ answers) / (std + model.calibration.beta)
    np.testing.assert_allclose(np.sort(model.calibration.scores), np.sort(scores), rtol=1e-5)
    assert val.compositions is not None
    assert sorted(model.calibration.n_elements) == sorted(val.compositions.n_elements)
    assert len(model.domain.points.grid) == len(prepared.split.train)
    found = Predictor(model).predict_rows([FORMULAS[i] for i in prepared.split.train]).domain
    assert found is not None
    assert found.unseen == [""] * len(prepared.split.train)
    assert model == replace(checkpoint(prepared, members, {}), calibration=model.calibration, domain=model.domain)


def test_no_target_of_a_train_or_test_row_reaches_the_calibration() -> None:
    first = dataset()
    split = prepare(config(), first).split
    y = first.y.copy()
    y[split.test] += 100
    models = []
    for rows in (first, replace(first, y=y)):
        prepared = prepare(config(), rows)
        models.append(with_trust(prepared, checkpoint(prepared, two_members(prepared), {})))
    first_calibration, second_calibration = (model.calibration for model in models)
    assert first_calibration is not None
    assert second_calibration is not None
    np.testing.assert_array_equal(first_calibration.scores, second_calibration.scores)


def test_a_classifier_is_not_calibrated() -> None:
    task = {"type": "classification", "labels": ["no", "yes"], "boundary": -1.5}
    prepared = prepare(config(task=task), dataset())
    model = with_trust(prepared, checkpoint(prepared, two_members(prepared), {}))
    assert model.calibration is None
    assert model.domain is not None


# --- auxiliary targets


AUXILIARY = {"gap": 0.5}


def test_auxiliary_targets_come_with_their_rows_and_are_scaled_on_train_rows_that_have_them() -> None:
    gap = np.where(np.arange(12) % 2, np.nan, np.arange(12.0))[:, None]
    prepared = prepare(config(task={"auxiliary": AUXILIARY}), replace(dataset(), auxiliary=gap))
    for name in ("train", "val", "test"):
        np.testing.assert_array_equal(prepared.part(name).auxiliary, gap[getattr(prepared.split, name)])
    values = gap[prepared.split.train][:, 0]
    assert prepared.task.auxiliary_scalers[0].centre == pytest.approx(np.nanmean(values))
    assert len(network_training(prepared).model.get_parameter("head.weight")) == 2


def test_an_auxiliary_target_that_no_train_row_has_is_refused_by_name() -> None:
    held_out = prepare(config(), dataset()).split
    gap = np.full((12, 1), np.nan)
    gap[held_out.test] = 1.0
    with pytest.raises(DataError, match=r"task.auxiliary: the column 'gap' has no value in the train part"):
        prepare(config(task={"auxiliary": AUXILIARY}), replace(dataset(), auxiliary=gap))


def test_rows_that_are_left_out_take_their_auxiliary_targets_along(table_without: Writer) -> None:
    raw = {"features": table_without("MgO", "Fe2O3"), "data": {"path": "given", "invalid": "drop"}}
    rows = replace(dataset(), auxiliary=np.arange(12.0)[:, None])
    prepared = prepare(config(task={"auxiliary": AUXILIARY}, **raw), rows)
    assert prepared.dataset.auxiliary is not None
    np.testing.assert_array_equal(prepared.dataset.auxiliary[:, 0], np.delete(np.arange(12.0), [2, 5]))


READ_A_COLUMN = [{"method": "column"}, {"method": "fold_column"}, {"method": "random", "column": "part"}]


@pytest.mark.parametrize("split", READ_A_COLUMN)
def test_a_column_and_the_methods_that_read_one_belong_together(split: dict[str, str]) -> None:
    with pytest.raises(
        ConfigError, match=r"methods column, fold_column and time and the key split.column belong together"
    ):
        load_rows(config(split=split))
