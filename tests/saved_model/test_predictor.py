"""Predictions from a saved model: nothing but the model is needed, and every row has a number or a reason."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pymatgen.core import Composition, Lattice, Structure

from formation_mlp import FormationEnergyClassifier, FormationEnergyRegressor, load
from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.errors import CheckpointError, DataError, FeatureError
from formation_mlp.saved_model import predictor as predict
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.trust.calibration import Calibration
from formation_mlp.trust.domain_columns import DomainColumns
from formation_mlp.typing import Floats
from support.paths import GOLDEN

FORMULAS = ["NaCl", "Fe2O3", "MgO", "TiO2", "Al2O3"]


@pytest.fixture(scope="module", autouse=True)
def _cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORMATION_MLP_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def predictor(finished_run: Path) -> Predictor:
    return load(finished_run)


def chloride(a: float, metal: str = "Na") -> Structure:
    """The structure of caesium chloride with the lattice constant ``a`` in angstrom."""
    return Structure(Lattice.cubic(a), [metal, "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])


@pytest.fixture(scope="module")
def structure_model() -> Predictor:
    """A model on the density of the structure."""
    structures = [chloride(a, metal) for metal in ("Na", "K", "Li", "Ag") for a in (5.0, 5.3, 5.6)]
    energies = np.linspace(-3, -1, len(structures))
    keys: dict[str, Any] = {"features": ["density"], "hidden": (8,), "architecture": "mlp", "max_epochs": 3}
    return FormationEnergyRegressor(**keys, device="cpu", random_state=0).fit(structures, energies).predictor_


def test_a_run_folder_and_its_model_file_give_the_same_model(finished_run: Path) -> None:
    expected = load(finished_run).predict(FORMULAS)
    for path in (str(finished_run), finished_run / "model.safetensors", str(finished_run / "model.safetensors")):
        np.testing.assert_array_equal(load(path).predict(FORMULAS), expected)


def test_a_model_needs_nothing_but_its_own_file(
    finished_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(finished_run / "model.safetensors", tmp_path / "alone")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORMATION_MLP_DATA", str(tmp_path / "nowhere"))
    np.testing.assert_array_equal(load("alone").predict(FORMULAS), load(finished_run).predict(FORMULAS))


def test_predictions_follow_the_order_of_the_inputs_and_do_not_depend_on_the_other_rows(predictor: Predictor) -> None:
    together = predictor.predict(FORMULAS)
    assert together.shape == (5,)
    assert len(set(together)) == 5
    np.testing.assert_allclose(predictor.predict(FORMULAS[::-1])[::-1], together, rtol=1e-5)
    np.testing.assert_allclose([predictor.predict([formula])[0] for formula in FORMULAS], together, rtol=1e-5)


def assert_same_domain(first: DomainColumns | None, second: DomainColumns | None) -> None:
    assert first is not None
    assert second is not None
    for name in ("unseen", "rare", "charge_balanced", "unknown_states", "density"):
        assert getattr(first, name) == getattr(second, name)
    np.testing.assert_allclose(first.distance, second.distance, atol=0.2)
    np.testing.assert_array_equal(first.flagged, second.flagged)


def test_rows_are_described_in_chunks_without_a_trace(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = ["NaCl", "Xx2O", "MgO", "", "UF6", "Fe2O3", "NACL"]
    at_once = predictor.predict_rows(inputs)
    monkeypatch.setattr(predict, "CHUNK", 2)
    in_chunks = predictor.predict_rows(inputs)
    np.testing.assert_allclose(in_chunks.values, at_once.values, rtol=1e-5)
    assert (in_chunks.errors, in_chunks.warnings) == (at_once.errors, at_once.warnings)
    assert_same_domain(in_chunks.domain, at_once.domain)


def test_a_row_that_fails_carries_its_reason_and_the_others_are_predicted(predictor: Predictor) -> None:
    inputs = ["NaCl", "Xx2O", "MgO", "", 17, None, "Fe2O3"]
    found = predictor.predict_rows(inputs)
    assert [bool(error) for error in found.errors] == [False, True, False, True, True, True, False]
    assert "Xx" in found.errors[1]
    assert "17" in found.errors[4]
    np.testing.assert_array_equal(np.isnan(found.values), [bool(error) for error in found.errors])
    np.testing.assert_allclose(found.values[[0, 2, 6]], predictor.predict(["NaCl", "MgO", "Fe2O3"]), rtol=1e-6)
    rows = found.rows()
    assert [row[0] for row in rows] == ["NaCl", "Xx2O", "MgO", "", "17", "None", "Fe2O3"]
    assert [row[1] is None for row in rows] == [bool(error) for error in found.errors]
    assert all(isinstance(row[1], float) for row in rows if not row[3])


def test_predict_raises_the_first_reason_and_counts_the_failures(predictor: Predictor) -> None:
    with pytest.raises(DataError, match=r"2 of 3 inputs have no prediction; number 1: .*Xx"):
        predictor.predict(["NaCl", "Xx2O", "NACL"])


def test_no_inputs_give_no_predictions(predictor: Predictor) -> None:
    assert predictor.predict([]).shape == (0,)
    assert predictor.predict_rows([]).rows() == []


def test_nothing_but_failures_is_an_answer_too(predictor: Predictor) -> None:
    found = predictor.predict_rows(["Xx", "Yy"])
    assert np.isnan(found.values).all()
    assert all(found.errors)


def test_one_text_is_not_taken_for_a_list_of_elements(predictor: Predictor) -> None:
    for call in (predictor.predict, predictor.predict_rows):
        with pytest.raises(DataError, match=r"found the text 'CO'.*such as \['CO'\]"):
            call("CO")


def test_elements_never_seen_in_training_are_named(predictor: Predictor) -> None:
    known = predictor.checkpoint.training_elements
    assert not {"Pu", "Xe", "Ac"} & set(known)
    seen = max(known, key=lambda symbol: known[symbol])
    found = predictor.predict_rows([f"XePuAc2{seen}", f"Pu{seen}2", "Xx2O"])
    assert found.warnings[0].startswith("never seen in training: Ac, Pu, Xe")
    assert found.warnings[1].startswith("never seen in training: Pu")
    assert found.warnings[2] == ""
    assert found.errors[:2] == ["", ""]
    assert found.domain is not None
    assert found.domain.unseen == ["Ac Pu Xe", "Pu", ""]
    assert found.domain.flagged.tolist() == [True, True, False]


def test_a_remark_on_the_reading_stands_beside_the_unseen_elements(predictor: Predictor) -> None:
    (warning,) = predictor.predict_rows(["D2PuO"]).warnings
    assert "D read as H; never seen in training: " in warning
    assert "Pu" in warning


def test_spellings_and_objects_of_one_compound_have_one_prediction(predictor: Predictor) -> None:
    values = predictor.predict(["Fe2O3", "Fe4O6", "O3Fe2"])
    np.testing.assert_allclose(values, values[0], rtol=1e-5)
    compositions = predictor.predict([Composition("Fe2O3"), Composition("NaCl")])
    np.testing.assert_allclose(compositions, predictor.predict(["Fe2O3", "NaCl"]), rtol=1e-6)


def test_a_model_of_compositions_accepts_structures(predictor: Predictor, tmp_path: Path) -> None:
    structure = chloride(5.64)
    structure.to(filename=str(tmp_path / "salt.cif"))
    expected = predictor.predict(["NaCl"])[0]
    found = predictor.predict_rows([structure, tmp_path / "salt.cif", str(tmp_path / "salt.cif"), structure.as_dict()])
    assert found.errors == [""] * 4
    np.testing.assert_allclose(found.values, expected, rtol=1e-5)
    assert found.labels == ["NaCl"] * 4


def test_a_model_of_structures_tells_polymorphs_apart(structure_model: Predictor) -> None:
    small, large = structure_model.predict([chloride(5.0), chloride(6.0)])
    assert small != large


def test_a_model_of_structures_refuses_formulas(structure_model: Predictor) -> None:
    with pytest.raises(FeatureError, match="formulas only"):
        structure_model.predict(["NaCl"])


def test_a_structure_that_cannot_be_used_carries_its_reason(structure_model: Predictor, tmp_path: Path) -> None:
    disordered = Structure(Lattice.cubic(4), [{"Na": 0.5, "K": 0.5}], [[0, 0, 0]])
    inputs = [chloride(5.0), disordered, tmp_path / "missing.cif", "NaCl", chloride(6.0)]
    found = structure_model.predict_rows(inputs)
    assert [bool(error) for error in found.errors] == [False, True, True, True, False]
    assert "partially occupied" in found.errors[1]
    assert "missing.cif" in found.errors[2]
    assert "NaCl" in found.errors[3]
    np.testing.assert_allclose(found.values[[0, 4]], structure_model.predict([inputs[0], inputs[4]]), rtol=1e-6)


@pytest.mark.parametrize("chunk", [100, 2])
def test_a_structure_that_can_be_read_but_not_described_carries_its_reason(
    structure_model: Predictor, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    flat = Structure(Lattice([[4, 0, 0], [0, 4, 0], [4, 4, 0]]), ["Pu", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    monkeypatch.setattr(predict, "CHUNK", chunk)
    seen = next(symbol for symbol in structure_model.checkpoint.training_elements if symbol != "Cl")
    small, large, unseen = chloride(5.0, seen), chloride(6.0, seen), chloride(5.0, "Pu")
    found = structure_model.predict_rows(["NaCl", small, large, unseen, flat, small])
    assert [bool(error) for error in found.errors] == [True, False, False, False, True, False]
    assert (found.warnings[0], found.warnings[4]) == ("", "")
    assert found.warnings[3].startswith("never seen in training: Pu")
    np.testing.assert_array_equal(np.isnan(found.values), [bool(error) for error in found.errors])
    assert found.values[1] == pytest.approx(found.values[5]) != pytest.approx(found.values[2])


def changed_scaler(predictor: Predictor, names: tuple[str, ...]) -> Predictor:
    scaler = replace(predictor.checkpoint.scaler, names=names)
    return Predictor(replace(predictor.checkpoint, scaler=scaler))


def test_features_that_are_not_those_of_the_model_are_refused_by_name(predictor: Predictor) -> None:
    names = predictor.checkpoint.scaler.names
    with pytest.raises(CheckpointError, match=r"other features.*1 are missing \(lost\), 1 are new.*torch"):
        changed_scaler(predictor, ("lost", *names[1:])).predict(["NaCl"])
    with pytest.raises(CheckpointError, match="other features"):
        changed_scaler(predictor, names[::-1]).predict(["NaCl"])


def test_a_preset_that_no_longer_exists_is_named(predictor: Predictor) -> None:
    config = predictor.checkpoint.config | {"features": ["stoichiometri"]}
    with pytest.raises(CheckpointError, match=r"unknown preset 'stoichiometri'.*Did you mean 'stoichiometry'"):
        Predictor(replace(predictor.checkpoint, config=config)).predict(["NaCl"])


def test_a_prediction_that_is_not_finite_is_an_error_not_a_number(predictor: Predictor) -> None:
    (member,) = predictor.checkpoint.members
    wild = replace(member, weights=member.weights | {"head.bias": torch.tensor([torch.inf])})
    found = Predictor(replace(predictor.checkpoint, members=(wild,))).predict_rows(["NaCl", "Xx"])
    assert found.errors[0] == "the prediction is not finite"
    assert np.isnan(found.values).all()


def test_predictions_from_features_equal_those_from_formulas(predictor: Predictor) -> None:
    from formation_mlp.features.engine.table import featurize
    from formation_mlp.materials.inputs import read_materials

    materials = read_materials(FORMULAS).materials
    X = featurize(materials, predictor.features).X
    found = predictor.predict_features(X, materials.compositions)
    np.testing.assert_array_equal(found, predictor.predict(FORMULAS))


def test_loading_and_predicting_leave_the_model_and_the_global_generator_alone(finished_run: Path) -> None:
    state = torch.get_rng_state()
    predictor = load(finished_run)
    first = predictor.predict(FORMULAS)
    np.testing.assert_array_equal(predictor.predict(FORMULAS), first)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"model.safetensors: no such file. Give the folder of a finished run"):
        load(tmp_path)
    with pytest.raises(CheckpointError, match=r"no such run folder\. Train one with"):
        load(Path("nowhere at all"))


@pytest.fixture(scope="module")
def ensemble() -> Predictor:
    """A model of two members that is calibrated and knows its domain."""
    return load(GOLDEN / "model_format_3.safetensors")


def test_an_interval_reaches_as_far_to_either_side_and_wider_where_the_members_disagree(ensemble: Predictor) -> None:
    found = ensemble.predict_rows(["NaCl", "Xx", "Fe2O3", "CsBr"], level=0.5)
    assert found.level == 0.5
    assert found.std is not None
    assert found.lo is not None
    assert found.hi is not None
    assert np.isnan([found.std[1], found.lo[1], found.hi[1]]).all()
    good = [0, 2, 3]
    np.testing.assert_allclose((found.lo + found.hi)[good] / 2, found.values[good], rtol=1e-6)
    order = np.argsort(found.std[good])
    assert (np.diff((found.hi - found.lo)[good][order]) > 0).all()
    members = ensemble.predict_members(*described(ensemble, ["NaCl", "Fe2O3", "CsBr"]))
    shares = np.array([member.share for member in ensemble.checkpoint.members])
    spread = np.sqrt(np.average((members - found.values[good]) ** 2, axis=0, weights=shares))
    np.testing.assert_allclose(found.std[good], spread, rtol=1e-4)


def described(predictor: Predictor, formulas: list[str]) -> tuple[Floats, Compositions]:
    from formation_mlp.features.engine.table import featurize
    from formation_mlp.materials.inputs import read_materials

    materials = read_materials(formulas).materials
    return featurize(materials, predictor.features).X, materials.compositions


def test_without_a_level_there_are_no_intervals(ensemble: Predictor) -> None:
    found = ensemble.predict_rows(FORMULAS)
    assert (found.lo, found.hi, found.level) == (None, None, None)
    assert found.std is not None


def test_a_single_network_has_intervals_of_one_width_and_no_spread(predictor: Predictor) -> None:
    assert len(predictor.checkpoint.members) == 1
    found = predictor.predict_rows(FORMULAS, level=0.8)
    assert found.std is None
    assert found.lo is not None
    assert found.hi is not None
    np.testing.assert_allclose(found.hi - found.lo, (found.hi - found.lo)[0], rtol=1e-9)


def test_a_model_of_few_val_rows_has_an_expected_error_and_trust(predictor: Predictor) -> None:
    assert predictor.checkpoint.errors is None
    found = predictor.predict_rows([*FORMULAS, "Xx", "PuXe2"])
    assert found.expected_error is not None
    assert found.trust is not None
    calibration = predictor.checkpoint.calibration
    assert calibration is not None
    n_elements = described(predictor, FORMULAS)[1].n_elements
    expected = calibration.expected_error(calibration.unit(None, len(FORMULAS)), n_elements)
    np.testing.assert_allclose(found.expected_error[: len(FORMULAS)], expected)
    assert found.trust[-2:] == ["", "low"]  # not readable; never seen


def test_of_an_element_never_seen_more_is_expected_whatever_the_val_rows_say(predictor: Predictor) -> None:
    exact = Calibration.fit(np.full(20, 0.001), None, np.full(20, 2))
    found = Predictor(replace(predictor.checkpoint, calibration=exact)).predict_rows(["NaCl", "PuXe2"], level=0.9)
    assert found.expected_error is not None
    assert found.lo is not None
    assert found.trust is not None
    assert found.trust[1] == "low"
    assert found.expected_error[1] > 0.1
    assert found.values[1] - found.lo[1] > found.expected_error[1]


def test_a_model_of_a_handful_of_val_rows_has_neither(ensemble: Predictor) -> None:
    found = ensemble.predict_rows(FORMULAS)
    assert (found.expected_error, found.trust) == (None, None)


def test_a_model_says_whether_it_has_intervals_and_why_not(predictor: Predictor, ensemble: Predictor) -> None:
    assert predictor.checkpoint.calibration is not None
    n = len(predictor.checkpoint.calibration.scores)
    assert 9 <= n < 19
    assert predictor.has_intervals
    assert predictor.interval_reason(0.95) == (
        f"the level 0.95 takes at least 19 validation rows, and the model had {n}; ask for a level of at most "
        f"{np.floor(1000 * n / (n + 1)) / 1000:g}, or train with more of them"
    )
    assert not ensemble.has_intervals
    assert "takes at least 9 validation rows, and the model had 3" in ensemble.interval_reason()
    with pytest.raises(CheckpointError, match=r"no intervals: the level 0\.9 takes at least 9 validation rows"):
        ensemble.predict_rows(["NaCl"], level=0.9)
    with pytest.raises(CheckpointError, match=r"no intervals: a level lies between 0 and 1, such as 0\.9; found 90"):
        predictor.predict_rows(["NaCl"], level=90)


def test_a_classifier_refuses_intervals_but_knows_its_domain() -> None:
    formulas = [f"{metal}{anion}" for metal in ("Na", "K", "Mg", "Ca", "Fe", "Ni") for anion in ("O", "S", "Cl")]
    classes = ["oxide" if formula.endswith("O") else "other" for formula in formulas]
    keys: dict[str, Any] = {"features": ["stoichiometry", "element_fraction"], "hidden": (4,), "max_epochs": 2}
    predictor = FormationEnergyClassifier(**keys, device="cpu", random_state=0).fit(formulas, classes).predictor_
    assert not predictor.has_intervals
    with pytest.raises(CheckpointError, match="no intervals: the model is a classifier"):
        predictor.predict_rows(["NaCl"], level=0.9)
    found = predictor.predict_rows(["NaXe"])
    assert found.domain is not None
    assert found.domain.unseen == ["Xe"]


def test_a_structure_far_from_the_density_of_its_elements_is_flagged(structure_model: Predictor) -> None:
    metal = next(symbol for symbol in ("Na", "K", "Li", "Ag") if symbol in structure_model.checkpoint.training_elements)
    found = structure_model.predict_rows([chloride(5.3, metal), chloride(3.5, metal), chloride(9.0, metal)])
    assert found.domain is not None
    assert found.domain.density == ["", "above", "below"]
    assert found.domain.flagged.tolist()[1:] == [True, True]
    assert "density above the range of the training rows" in found.warnings[1]
    assert "density below the range of the training rows" in found.warnings[2]


def test_rows_without_a_prediction_have_no_domain(predictor: Predictor) -> None:
    found = predictor.predict_rows(["", "NaCl2", "Xx"])
    assert found.domain is not None
    assert found.domain.charge_balanced == ["", "no", ""]
    np.testing.assert_array_equal(np.isnan(found.domain.distance), [True, False, True])
    assert found.domain.flagged.tolist() == [False, True, False]
    assert "Na+2 with Cl" in found.warnings[1]


def test_a_model_copied_to_another_process_keeps_intervals_and_domain(ensemble: Predictor) -> None:
    copy = pickle.loads(pickle.dumps(ensemble))  # noqa: S301
    first, second = (one.predict_rows(FORMULAS, level=0.5) for one in (ensemble, copy))
    np.testing.assert_array_equal(first.lo, second.lo)
    assert_same_domain(first.domain, second.domain)


@pytest.mark.parametrize("items", [5, None, {"NaCl"}, {"NaCl": 1}, np.array([["NaCl", "MgO"]])], ids=repr)
def test_inputs_that_are_no_list_are_refused_in_a_sentence(items: Any) -> None:
    with pytest.raises(DataError, match="but a list of inputs is expected"):
        load("composition").predict_rows(items)


def test_inputs_may_come_one_after_another() -> None:
    items: Any = iter(["NaCl", "KCl"])
    found = load("composition").predict_rows(items)
    assert found.errors == ["", ""]
