"""The scikit-learn side: formulas in, numbers out, and everything that scikit-learn does with an estimator."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from pymatgen.core import Composition
from sklearn import base
from sklearn.ensemble import BaggingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.utils import estimator_checks

from formation_mlp import FormationEnergyClassifier, FormationEnergyRegressor, load
from formation_mlp.errors import CheckpointError, ConfigError, DataError, FeatureError, FormationMLPError, SplitError
from formation_mlp.typing import Floats

pytestmark = pytest.mark.slow

FORMULAS = [
    "NaCl", "KCl", "LiCl", "NaF", "KF", "LiF", "MgO", "CaO", "SrO", "BaO",
    "Al2O3", "Fe2O3", "Cr2O3", "V2O3", "Ga2O3", "TiO2", "ZrO2", "SiO2", "GeO2", "SnO2",
    "ZnS", "CdS", "FeS", "CuS", "NiS", "GaAs", "InAs", "AlAs", "GaP", "InP",
    "Ni3Al", "NiAl", "TiAl", "FeAl", "CoAl", "AlN", "GaN", "BN", "TiN", "VN",
]  # fmt: skip
ENERGIES = np.random.default_rng(0).normal(-1.5, 1.0, len(FORMULAS)) - [f.count("O") for f in FORMULAS]
METAL_OXIDES = ["oxide" if "O" in formula else "other" for formula in FORMULAS]
TINY: dict[str, Any] = {
    "features": ["stoichiometry", "element_fraction"],
    "hidden": (8,),
    "architecture": "mlp",
    "max_epochs": 4,
    "batch_size": 8,
    "device": "cpu",
    "n_members": 1,
    "random_state": 0,
}
BOTH = [FormationEnergyRegressor, FormationEnergyClassifier]


def regressor(**keys: Any) -> FormationEnergyRegressor:
    return FormationEnergyRegressor(**TINY | keys)


def classifier(**keys: Any) -> FormationEnergyClassifier:
    return FormationEnergyClassifier(**TINY | keys)


@pytest.fixture(scope="module")
def fitted() -> FormationEnergyRegressor:
    return regressor().fit(FORMULAS, ENERGIES)


@pytest.fixture(scope="module")
def fitted_classifier() -> FormationEnergyClassifier:
    return classifier(max_epochs=60, hidden=(32,), learning_rate=0.02).fit(FORMULAS, METAL_OXIDES)


# --- what scikit-learn expects of every estimator


@pytest.mark.parametrize("estimator", BOTH)
@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_set_params,
        estimator_checks.check_estimators_unfitted,
        estimator_checks.check_estimator_repr,
    ],
    ids=lambda check: check.__name__,
)
def test_scikit_learns_own_checks_pass(estimator: Any, check: Callable[..., Any]) -> None:
    check(estimator.__name__, estimator())


def test_parameters_are_read_set_and_cloned() -> None:
    model = regressor()
    assert model.get_params()["hidden"] == (8,)
    assert model.set_params(hidden=(3,), dropout=0.5) is model
    clone = base.clone(model)
    assert clone is not model
    assert clone.get_params() == model.get_params()
    assert not hasattr(base.clone(model.fit(FORMULAS, ENERGIES)), "predictor_")
    with pytest.raises(ValueError, match="Invalid parameter 'width'"):
        model.set_params(width=3)


def test_fitting_changes_no_parameter() -> None:
    model = regressor()
    before = copy.deepcopy(model.get_params())
    assert model.fit(FORMULAS, ENERGIES) is model
    assert model.get_params() == before


def test_it_says_what_it_is() -> None:
    assert base.is_regressor(regressor())
    assert base.is_classifier(classifier())


@pytest.mark.parametrize("call", ["predict", "predict_proba", "predict_interval", "predict_table", "save"])
def test_an_unfitted_model_says_so(call: str, tmp_path: Path) -> None:
    with pytest.raises(NotFittedError):
        getattr(regressor() if call == "predict_interval" else classifier(), call)(
            tmp_path / "m" if call == "save" else ["NaCl"]
        )


def test_a_fit_that_failed_leaves_an_unfitted_model() -> None:
    model = classifier(hidden=(-1,))
    with pytest.raises(ConfigError):
        model.fit(FORMULAS, METAL_OXIDES)
    with pytest.raises(NotFittedError):
        model.predict(["NaCl"])


def pickled(model: Any) -> Any:
    return pickle.loads(pickle.dumps(model))  # noqa: S301 (our own bytes)


def test_a_network_that_sees_elements_as_a_set_is_fitted_copied_and_saved(tmp_path: Path) -> None:
    model = regressor(architecture="set").fit(FORMULAS, ENERGIES)
    (member,) = model.predictor_.checkpoint.members
    assert member.model["architecture"] == "set"
    prediction = model.predict(["NaCl", "Fe2O3", "Fe3O2"])
    assert len(set(prediction)) == 3
    model.save(tmp_path / "model")
    np.testing.assert_array_equal(load(tmp_path / "model").predict(["NaCl", "Fe2O3", "Fe3O2"]), prediction)


@pytest.mark.parametrize("transfer", [copy.deepcopy, pickled])
def test_a_fitted_model_can_be_copied_and_sent_to_other_processes(
    fitted: FormationEnergyRegressor, transfer: Callable[..., Any]
) -> None:
    np.testing.assert_array_equal(transfer(fitted).predict(FORMULAS), fitted.predict(FORMULAS))


# --- regression


def test_predictions_are_one_float_per_input(fitted: FormationEnergyRegressor) -> None:
    prediction = fitted.predict(["CsBr", "NaCl"])
    assert prediction.shape == (2,)
    assert prediction.dtype == np.float64
    assert np.isfinite(prediction).all()
    assert fitted.predict([]).shape == (0,)


def test_the_score_is_r2(fitted: FormationEnergyRegressor) -> None:
    assert fitted.score(FORMULAS, ENERGIES) == pytest.approx(r2_score(ENERGIES, fitted.predict(FORMULAS)))


def test_it_learns() -> None:
    model = regressor(max_epochs=150, hidden=(64,), learning_rate=0.02, dropout=0.0)
    target = [3.0 * formula.count("O") - 1 for formula in FORMULAS]
    assert model.fit(FORMULAS, target).score(FORMULAS, target) > 0.9


def test_the_history_has_a_record_per_epoch_and_the_best_epoch_is_kept(fitted: FormationEnergyRegressor) -> None:
    assert [record.epoch for record in fitted.history_] == [1, 2, 3, 4]
    assert any(record.is_best for record in fitted.history_)


def test_a_random_state_repeats_a_fit_and_another_does_not() -> None:
    one, same, other = (regressor(random_state=seed).fit(FORMULAS, ENERGIES).predict(FORMULAS) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_without_a_random_state_fits_differ_and_a_generator_is_advanced() -> None:
    one, other = (regressor(random_state=None).fit(FORMULAS, ENERGIES).predict(FORMULAS) for _ in range(2))
    assert not np.array_equal(one, other)
    drawn = []
    for _ in range(2):
        model = regressor(random_state=np.random.RandomState(3))
        drawn.append([model.fit(FORMULAS, ENERGIES).predict(FORMULAS) for _ in range(2)])
    assert not np.array_equal(drawn[0][0], drawn[0][1])
    np.testing.assert_array_equal(drawn[0], drawn[1])


def test_fitting_leaves_the_global_generators_alone() -> None:
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state(legacy=False)["state"]  # noqa: NPY002
    regressor().fit(FORMULAS, ENERGIES)
    assert torch.equal(torch.get_rng_state(), torch_state)
    np.testing.assert_equal(np.random.get_state(legacy=False)["state"], numpy_state)  # noqa: NPY002


INPUTS = {
    "tuple": tuple(FORMULAS),
    "array of text": np.array(FORMULAS),
    "array of objects": np.array(FORMULAS, dtype=object),
    "pandas series": pd.Series(FORMULAS, index=range(7, 47)),
    "compositions": [Composition(formula) for formula in FORMULAS],
}


@pytest.mark.parametrize("inputs", INPUTS.values(), ids=INPUTS)
def test_formulas_come_in_every_usual_container(fitted: FormationEnergyRegressor, inputs: Any) -> None:
    model = regressor().fit(inputs, pd.Series(ENERGIES))
    np.testing.assert_allclose(model.predict(inputs), fitted.predict(FORMULAS), rtol=1e-5)


def test_a_search_hands_over_numbers_of_numpy() -> None:
    keys = {
        "hidden": np.array([8, 8]),
        "dropout": np.float64(0),
        "architecture": np.str_("mlp"),
        "random_state": np.int64(0),
    }
    numbers = {"batch_size": np.int64(8), "learning_rate": np.float32(0.01), "max_epochs": np.int32(2)}
    model = regressor(**keys | numbers).fit(FORMULAS, ENERGIES)
    assert len(model.history_) == 2
    plain = {
        "hidden": [8, 8],
        "dropout": 0.0,
        "batch_size": 8,
        "learning_rate": float(np.float32(0.01)),
        "max_epochs": 2,
    }
    np.testing.assert_array_equal(model.predict(FORMULAS), regressor(**plain).fit(FORMULAS, ENERGIES).predict(FORMULAS))


def test_cross_validation_and_grid_search_work() -> None:
    scores = cross_val_score(regressor(max_epochs=2), np.array(FORMULAS), ENERGIES, cv=3)
    assert scores.shape == (3,)
    assert np.isfinite(scores).all()
    search = GridSearchCV(regressor(max_epochs=2), {"hidden": [(4,), (8, 8)], "batch_size": [4, 16]}, cv=2)
    search.fit(np.array(FORMULAS), ENERGIES)
    assert set(search.best_params_) == {"hidden", "batch_size"}
    assert search.predict(np.array(FORMULAS)).shape == (40,)
    p = cross_val_predict(classifier(max_epochs=2), np.array(FORMULAS), METAL_OXIDES, cv=3, method="predict_proba")
    assert p.shape == (40, 2)


def test_polymorphs_and_repeats_of_a_formula_are_never_split_between_train_and_val() -> None:
    model = regressor(validation_fraction=0.5).fit(FORMULAS[:6] * 3, np.tile(ENERGIES[:6], 3))
    assert {n % 3 for n in model.predictor_.checkpoint.training_elements.values()} == {0}


# --- classification


@pytest.mark.parametrize("values", [("oxide", "other"), (3, 7), (True, False), (-1.5, 2.5)])
def test_labels_of_any_kind_come_back(values: Any) -> None:
    y = np.where([label == "oxide" for label in METAL_OXIDES], values[0], values[1])
    model = classifier().fit(FORMULAS, y)
    assert model.classes_.tolist() == sorted(values)
    prediction = model.predict(FORMULAS)
    assert prediction.dtype == y.dtype
    assert set(prediction) <= set(values)


def test_probabilities_are_of_both_classes_in_their_order(fitted_classifier: FormationEnergyClassifier) -> None:
    p = fitted_classifier.predict_proba(FORMULAS)
    assert p.shape == (40, 2)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert ((p > 0) & (p < 1)).all()
    assert fitted_classifier.classes_.tolist() == ["other", "oxide"]
    np.testing.assert_array_equal(fitted_classifier.predict(FORMULAS), fitted_classifier.classes_[p.argmax(axis=1)])


def test_a_classifier_learns_and_its_score_is_the_accuracy(fitted_classifier: FormationEnergyClassifier) -> None:
    accuracy = accuracy_score(METAL_OXIDES, fitted_classifier.predict(FORMULAS))
    assert fitted_classifier.score(FORMULAS, METAL_OXIDES) == accuracy
    assert accuracy > 0.9
    p = fitted_classifier.predict_proba(["Sc2O3", "ZnTe"])[:, fitted_classifier.classes_.tolist().index("oxide")]
    assert p[0] > p[1]


def test_without_hidden_layers_it_is_logistic_regression(fitted_classifier: FormationEnergyClassifier) -> None:
    model = classifier(hidden=()).fit(FORMULAS, METAL_OXIDES)
    (network,) = model.predictor_.checkpoint.members
    assert set(network.weights) == {"head.weight", "head.bias"}


@pytest.mark.parametrize("y", [["a"] * 40, (["a", "b", "c"] * 14)[:40]])
def test_there_must_be_two_classes(y: list[str]) -> None:
    with pytest.raises(DataError, match=r"y: found [13] classes, but the classifier tells two apart"):
        classifier().fit(FORMULAS, y)


def test_a_missing_label_is_no_class() -> None:
    with pytest.raises(DataError, match="y: a label is missing"):
        classifier().fit(FORMULAS, [1.0, np.nan] * 20)
    labels: list[Any] = ["a", None] * 20
    with pytest.raises(DataError, match="y: class labels of one kind are expected"):
        classifier().fit(FORMULAS, labels)


def test_a_class_that_is_missing_from_the_train_part_is_named() -> None:
    def fit_with_one_oxide() -> None:
        for seed in range(50):  # some seed puts the only oxide into the val part
            classifier(random_state=seed, max_epochs=1).fit(FORMULAS, ["oxide"] + ["other"] * 39)

    with pytest.raises(DataError, match=r"only the class 'other' occurs in the train part"):
        fit_with_one_oxide()


# --- saving


def test_a_saved_regressor_predicts_the_same_without_its_class(
    fitted: FormationEnergyRegressor, tmp_path: Path
) -> None:
    fitted.save(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(load(tmp_path / "model.safetensors").predict(FORMULAS), fitted.predict(FORMULAS))
    fitted.save(str(tmp_path / "again"))
    assert (tmp_path / "again").read_bytes() == (tmp_path / "model.safetensors").read_bytes()


def test_a_saved_classifier_knows_its_labels(fitted_classifier: FormationEnergyClassifier, tmp_path: Path) -> None:
    fitted_classifier.save(tmp_path / "model")
    predictor = load(tmp_path / "model")
    np.testing.assert_array_equal(predictor.predict(FORMULAS), fitted_classifier.predict_proba(FORMULAS)[:, 1])
    assert predictor.task.config.labels == ["other", "oxide"]
    (tmp_path / "model").write_bytes(b"")
    with pytest.raises(CheckpointError):
        load(tmp_path / "model")


# --- bad input


def replaced(index: int, value: object) -> list[object]:
    return [value if i == index else formula for i, formula in enumerate(FORMULAS)]


BAD_ROWS = {
    "unknown element": (replaced(3, "Xx2O"), r"X: 1 of 40 inputs cannot be read; number 3: .*Xx"),
    "empty": (replaced(0, ""), r"number 0: "),
    "missing": (replaced(5, np.nan), r"number 5: nan is no formula"),
    "none": (replaced(5, None), r"number 5: None is no formula"),
    "a number": (replaced(39, 12), r"number 39: 12 is no formula"),
    "one text": ("NaCl", r"X: found the text 'NaCl', but a list"),
    "a matrix": (np.array([FORMULAS, FORMULAS]).T, r"X: found an array of shape \(40, 2\)"),
    "a data frame": (pd.DataFrame({"formula": FORMULAS, "x": FORMULAS}), r"X: the column 'x' is not of numbers"),
}


@pytest.mark.parametrize(("X", "message"), BAD_ROWS.values(), ids=BAD_ROWS)
@pytest.mark.parametrize("estimator", [regressor, classifier])
def test_bad_rows_are_named(estimator: Callable[..., Any], X: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        estimator().fit(X, METAL_OXIDES if estimator is classifier else ENERGIES)


def test_bad_rows_are_named_in_prediction_too(
    fitted: FormationEnergyRegressor, fitted_classifier: FormationEnergyClassifier
) -> None:
    for predict in (fitted.predict, fitted_classifier.predict, fitted_classifier.predict_proba):
        with pytest.raises(DataError, match=r"1 of 2 inputs have no prediction; number 1: .*Xx"):
            predict(["NaCl", "Xx"])
        with pytest.raises(DataError, match="found the text 'NaCl'"):
            predict("NaCl")


BAD_TARGETS = {
    "too few": (ENERGIES[:-1], r"y: found the shape \(39,\) for 40 inputs"),
    "too many": ([*ENERGIES, 0.0], r"y: found the shape \(41,\) for 40 inputs"),
    "two columns": (np.stack([ENERGIES, ENERGIES], axis=1), r"y: found the shape \(40, 2\)"),
    "a number": (1.0, r"y: found the shape \(\)"),
    "nan": ([*ENERGIES[:-1], np.nan], r"y: number 39 is not finite"),
    "infinite": ([np.inf, *ENERGIES[1:]], r"y: number 0 is not finite"),
    "text": (METAL_OXIDES, r"y: energies in eV/atom are expected"),
    "none": ([None] * 39 + [[1]], r"y: energies in eV/atom are expected"),
    "equal": (np.full(40, -1.0), r"all targets are -1"),
}


@pytest.mark.parametrize(("y", "message"), BAD_TARGETS.values(), ids=BAD_TARGETS)
def test_bad_targets_are_refused(y: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        regressor().fit(FORMULAS, y)


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_rows_are_refused(n: int) -> None:
    with pytest.raises((DataError, SplitError)):
        regressor().fit(FORMULAS[:n], ENERGIES[:n])


def test_classes_and_inputs_must_be_equally_many() -> None:
    with pytest.raises(DataError, match=r"y: found the shape \(39,\) for 40 inputs"):
        classifier().fit(FORMULAS, METAL_OXIDES[:-1])


BAD_PARAMETERS = {
    "activation": ({"activation": "rellu"}, r"model.activation: unknown activation 'rellu'.*Did you mean 'relu'"),
    "a width alone": ({"hidden": 64}, r"model.hidden: found 64"),
    "a width of text": ({"hidden": "64"}, r"model.hidden: found '64'"),
    "half a unit": ({"hidden": (8.5,)}, r"model.hidden.0: found 8.5"),
    "a preset alone": ({"features": "magpie"}, r"features: found 'magpie'"),
    "an unknown preset": ({"features": ["magpy"]}, r"features: unknown preset 'magpy'"),
    "dropout": ({"dropout": 1.5}, r"model.dropout: found 1.5"),
    "loss": ({"loss": "l2"}, r"training.loss: .* 'l2'.*huber"),
    "optimizer": ({"optimizer": "sdg"}, r"training.optimizer: unknown optimizer 'sdg'.*Did you mean 'sgd'"),
    "learning rate": ({"learning_rate": -1.0}, r"training.learning_rate: found -1.0"),
    "batch size": ({"batch_size": 0}, r"training.batch_size: found 0"),
    "patience": ({"patience": 0}, r"training.patience: found 0"),
    "device": ({"device": "gpu"}, r"training.device: unknown device 'gpu'"),
    "validation share": ({"validation_fraction": 1.0}, r"split.val: found 1.0"),
    "seed": ({"random_state": -1}, r"seed: found -1"),
    "unequal widths": ({"hidden": (8, 4), "architecture": "residual"}, r"model.hidden: found \[8, 4\]"),
}


@pytest.mark.parametrize(("keys", "message"), BAD_PARAMETERS.values(), ids=BAD_PARAMETERS)
def test_bad_parameters_are_refused_at_fit(keys: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        regressor(**keys).fit(FORMULAS, ENERGIES)


def test_structures_are_needed_for_presets_of_structures() -> None:
    with pytest.raises(FeatureError, match="formulas only"):
        regressor(features=["density"]).fit(FORMULAS, ENERGIES)


FEW = ["NaCl", "KCl", "LiCl", "MgO", "CaO", "SrO", "Al2O3", "Fe2O3", "Cr2O3", "LiF"]
FEW_ENERGIES = np.array([-2.13, -2.26, -2.11, -3.12, -3.29, -3.07, -3.46, -1.71, -2.36, -3.19])


def few_epochs() -> FormationEnergyRegressor:
    return FormationEnergyRegressor(features=["stoichiometry"], hidden=(4,), max_epochs=2, random_state=0)


@pytest.mark.parametrize(
    ("y", "message"),
    [(FEW_ENERGIES * 96.5, "which looks like kJ/mol"), (FEW_ENERGIES - 4, "which looks like total energies")],
)
def test_energies_in_another_unit_are_doubted_as_train_does(y: Floats, message: str) -> None:
    with pytest.raises(DataError, match=rf"^y: .*{message}.*Give the unit to fit"):
        few_epochs().fit(FEW, y)


def test_a_unit_that_is_given_is_converted() -> None:
    known = few_epochs().fit(FEW, FEW_ENERGIES).predict(FEW)
    in_kj = few_epochs().fit(FEW, FEW_ENERGIES * 96.48533212331, unit="kJ/mol").predict(FEW)
    np.testing.assert_allclose(in_kj, known, atol=1e-4)
    with pytest.raises(UserWarning, match="known compounds lie in the median"):
        few_epochs().fit(FEW, FEW_ENERGIES, unit="kJ/mol")
    few_epochs().fit(FEW, FEW_ENERGIES - 4, unit="eV/atom")
    with pytest.raises(FormationMLPError, match="unit: unknown unit 'kJ'"):
        few_epochs().fit(FEW, FEW_ENERGIES, unit="kJ")


def test_one_column_of_a_table_is_a_list_of_inputs() -> None:
    column: Any = np.array(FEW, dtype=object)[:, None]
    known = few_epochs().fit(FEW, FEW_ENERGIES).predict(FEW)
    np.testing.assert_array_equal(few_epochs().fit(column, FEW_ENERGIES).predict(column), known)
    bagged = BaggingRegressor(few_epochs(), n_estimators=2, random_state=0).fit(column, FEW_ENERGIES)
    assert np.isfinite(bagged.predict(column)).all()


def test_several_columns_are_refused() -> None:
    columns: Any = np.zeros((10, 3))
    with pytest.raises(DataError, match=r"X: found an array of shape \(10, 3\), but a list of inputs"):
        few_epochs().fit(columns, FEW_ENERGIES)
