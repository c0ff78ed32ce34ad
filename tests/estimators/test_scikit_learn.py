"""What a user of scikit-learn does with the estimators, without a detour: tables, weights, spread, and callbacks."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline

from formation_mlp import FormationEnergyClassifier, FormationEnergyRegressor, load
from formation_mlp.errors import CheckpointError, ConfigError, DataError
from formation_mlp.training.callbacks import Epoch

METALS, ANIONS = ("Na", "K", "Li", "Mg", "Ca", "Sr", "Al", "Ga", "Ti", "Zr"), ("Cl", "F", "O", "S")
FORMULAS = [f"{metal}{anion}" for metal in METALS for anion in ANIONS]
ENERGIES = np.random.default_rng(0).normal(-1.5, 1.0, len(FORMULAS))
LABELS = ["oxide" if formula.endswith("O") else "other" for formula in FORMULAS]
FRAME = pd.DataFrame({"formula": FORMULAS, "energy": ENERGIES, "note": "x"}, index=range(100, 140))
SMALL: dict[str, Any] = {
    "features": ["stoichiometry", "element_fraction"],
    "hidden": (8,),
    "architecture": "mlp",
    "optimizer": "adam",
    "max_epochs": 3,
    "batch_size": 8,
    "n_members": 2,
    "device": "cpu",
    "random_state": 0,
}


def regressor(**keys: Any) -> FormationEnergyRegressor:
    return FormationEnergyRegressor(**SMALL | keys)


def classifier(**keys: Any) -> FormationEnergyClassifier:
    return FormationEnergyClassifier(**SMALL | keys)


@pytest.fixture(scope="module")
def fitted() -> FormationEnergyRegressor:
    return regressor(validation_fraction=0.4).fit(FORMULAS, ENERGIES)


# --- tables of one column, wherever scikit-learn hands them over


@pytest.mark.parametrize("X", [FRAME["formula"], FRAME[["formula"]], FRAME[["formula"]].to_numpy()])
@pytest.mark.parametrize("y", [FRAME["energy"], FRAME[["energy"]], FRAME["energy"].tolist()])
def test_columns_and_tables_of_one_column_are_as_good_as_lists(X: Any, y: Any) -> None:
    expected = regressor().fit(FORMULAS, ENERGIES).predict(FORMULAS)
    np.testing.assert_array_equal(regressor().fit(X, y).predict(X), expected)


def test_a_pipeline_picks_the_column_from_a_table() -> None:
    pick = ColumnTransformer([("formula", "passthrough", ["formula"])])
    pipeline = Pipeline([("pick", pick), ("model", regressor())]).fit(FRAME, ENERGIES)
    expected = regressor().fit(FORMULAS, ENERGIES)
    np.testing.assert_array_equal(pipeline.predict(FRAME), expected.predict(FORMULAS))
    assert pipeline.score(FRAME, ENERGIES) == expected.score(FORMULAS, ENERGIES)
    assert np.isfinite(cross_val_score(pipeline, FRAME, ENERGIES, cv=2)).all()


@pytest.mark.parametrize("X", [FRAME["formula"], FRAME[["formula"]]], ids=["series", "frame"])
def test_searches_and_cross_validation_take_tables(X: Any) -> None:
    assert np.isfinite(cross_val_score(regressor(), X, FRAME["energy"], cv=2)).all()
    search = GridSearchCV(regressor(), {"n_members": [1, 2], "hidden": [(4,)]}, cv=2).fit(X, FRAME["energy"])
    assert search.best_params_["n_members"] in (1, 2)
    assert search.predict(X).shape == (40,)
    assert np.isfinite(cross_val_score(classifier(), X, LABELS, cv=2)).all()


def test_a_transformed_target_comes_back() -> None:
    model = TransformedTargetRegressor(regressor(), func=np.negative, inverse_func=np.negative)
    expected = -regressor().fit(FORMULAS, -ENERGIES).predict(FORMULAS)
    np.testing.assert_array_equal(model.fit(FRAME[["formula"]], ENERGIES).predict(FRAME[["formula"]]), expected)


# --- several networks


def test_members_differ_by_seed_and_their_spread_is_the_std(fitted: FormationEnergyRegressor) -> None:
    members = fitted.predictor_.checkpoint.members
    assert [(member.name, member.share) for member in members] == [("network-0", 0.5), ("network-1", 0.5)]
    value, std = fitted.predict(FORMULAS, return_std=True)
    single = regressor(validation_fraction=0.4, n_members=1).fit(FORMULAS, ENERGIES).predict(FORMULAS)
    other = 2 * value - single
    np.testing.assert_allclose(std, np.abs(single - other) / 2, atol=1e-6)
    assert std.min() > 0


def test_one_network_has_no_spread() -> None:
    with pytest.raises(CheckpointError, match="return_std: the model has one member"):
        regressor(n_members=1).fit(FORMULAS, ENERGIES).predict(FORMULAS, return_std=True)


@pytest.mark.parametrize("n_members", [0, -1, 1.5, "two", None])
def test_the_number_of_networks_is_a_whole_number(n_members: Any) -> None:
    with pytest.raises(ConfigError, match="n_members: found"):
        regressor(n_members=n_members).fit(FORMULAS, ENERGIES)


def test_a_fitted_ensemble_is_cloned_and_saved(fitted: FormationEnergyRegressor, tmp_path: Path) -> None:
    assert clone(fitted).get_params() == fitted.get_params()
    fitted.save(tmp_path / "model")
    np.testing.assert_array_equal(load(tmp_path / "model").predict(FORMULAS), fitted.predict(FORMULAS))


# --- intervals, tables, coerced errors


def test_intervals_hold_the_prediction_and_grow_with_the_level(fitted: FormationEnergyRegressor) -> None:
    value = fitted.predict(FRAME[["formula"]])
    (lo, hi), (wide_lo, wide_hi) = (fitted.predict_interval(FRAME[["formula"]], level).T for level in (0.5, 0.9))
    assert ((wide_lo <= lo) & (lo < value) & (value < hi) & (hi <= wide_hi)).all()
    with pytest.raises(CheckpointError, match=r"the level 0\.99 takes at least"):
        fitted.predict_interval(FORMULAS, 0.99)


def test_a_table_has_a_row_for_each_input(fitted: FormationEnergyRegressor) -> None:
    table = fitted.predict_table(FRAME["formula"], level=0.8, unit="kJ/mol")
    assert table.index.equals(FRAME.index)
    assert {"prediction", "std", "lo80", "hi80", "unit", "warning", "error"} <= set(table.columns)
    np.testing.assert_allclose(table["prediction"] / 96.48533212331, fitted.predict(FORMULAS))
    p = classifier().fit(FORMULAS, LABELS)
    np.testing.assert_array_equal(p.predict_table(FORMULAS)["prediction"], p.predict_proba(FORMULAS)[:, 1])


def test_one_bad_formula_does_not_lose_the_batch(fitted: FormationEnergyRegressor) -> None:
    bad = ["NaCl", "Xx", "MgO"]
    p = classifier().fit(FORMULAS, LABELS)
    asks: list[Any] = [fitted.predict, fitted.predict_interval, p.predict_proba]
    for ask in asks:
        with pytest.warns(UserWarning, match=r"1 of 3 inputs have no prediction; number 1: .*Xx"):
            found = ask(bad, errors="coerce")
        assert np.isfinite(found).reshape(3, -1).all(axis=1).tolist() == [True, False, True]
        with pytest.raises(DataError, match="1 of 3 inputs"):
            ask(bad)
        with pytest.raises(ConfigError, match="errors: found 'ignore'"):
            ask(bad, errors="ignore")


# --- weights


@pytest.mark.parametrize("loss", ["l1", "mse", "huber", "quantile"])
def test_equal_weights_are_no_weights_whatever_their_size(loss: str) -> None:
    keys = {"loss": loss, "n_members": 1}
    plain = regressor(**keys).fit(FORMULAS, ENERGIES).predict(FORMULAS)
    for size in (1.0, 1e-6, 1e6):
        weighted = regressor(**keys).fit(FORMULAS, ENERGIES, sample_weight=np.full(40, size))
        np.testing.assert_allclose(weighted.predict(FORMULAS), plain, atol=1e-5)


def test_a_row_of_weight_zero_is_as_if_it_had_not_been_given() -> None:
    kept = np.arange(40) % 3 > 0
    wild = np.where(kept, ENERGIES, 9.0)
    weighted = regressor().fit(FORMULAS, wild, sample_weight=kept.astype(float))
    without = regressor().fit([f for f, keep in zip(FORMULAS, kept, strict=True) if keep], ENERGIES[kept])
    np.testing.assert_array_equal(weighted.predict(FORMULAS), without.predict(FORMULAS))
    with_weights = classifier().fit(FORMULAS, LABELS, sample_weight=FRAME[["energy"]].abs())
    assert not np.array_equal(
        with_weights.predict_proba(FORMULAS), classifier().fit(FORMULAS, LABELS).predict_proba(FORMULAS)
    )


def test_heavy_rows_pull_the_model() -> None:
    twice, y = FORMULAS * 2, np.repeat([0.0, 1.0], 40)
    keys = {"loss": "mse", "max_epochs": 60, "learning_rate": 0.02, "validation_fraction": 0.2, "n_members": 1}
    for heavy, expected in ((0, 0.1), (1, 0.9)):
        weight = np.where(y == heavy, 9.0, 1.0)
        found = regressor(**keys).fit(twice, y, sample_weight=weight).predict(FORMULAS)
        assert found.mean() == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(39), r"sample_weight: found the shape \(39,\) for 40 inputs"),
        (np.r_[np.ones(39), -1], "sample_weight: number 39 is -1, but weights are zero or positive"),
        (np.r_[np.nan, np.ones(39)], "sample_weight: number 0 is nan"),
        (np.r_[np.inf, np.ones(39)], "sample_weight: number 0 is inf"),
        (np.zeros(40), "sample_weight: all weights are zero"),
        (["a"] * 40, "sample_weight: one number per input is expected"),
    ],
)
def test_bad_weights_are_named(weight: Any, message: str) -> None:
    for model, y in ((regressor(), ENERGIES), (classifier(), LABELS)):
        with pytest.raises(DataError, match=message):
            model.fit(FORMULAS, y, sample_weight=weight)


# --- callbacks


def test_a_callback_is_told_of_every_epoch() -> None:
    told: list[Epoch] = []
    model = regressor(learning_rate=0.01).fit(FORMULAS, ENERGIES, callbacks=[told.append])
    assert told == model.history_
    assert [(one.member, one.epoch) for one in told] == [(f"network-{k}", e) for k in (0, 1) for e in (1, 2, 3)]
    for first, second in pairwise(told[:3]):
        assert 0 < first.seconds < second.seconds
    assert all(0 <= one.learning_rate <= 0.01 and np.isfinite([one.train_loss, one.val_score]).all() for one in told)


def test_a_callback_ends_a_network_by_returning_true_and_the_best_epoch_is_kept() -> None:
    stopped = regressor(max_epochs=50).fit(FORMULAS, ENERGIES, callbacks=[lambda epoch: epoch.epoch == 2])
    assert [one.epoch for one in stopped.history_] == [1, 2, 1, 2]
    untold = regressor(max_epochs=50).fit(FORMULAS, ENERGIES, callbacks=[lambda epoch: 1])
    assert len(untold.history_) == 100, "only True ends a training"
    assert np.isfinite(stopped.predict(FORMULAS)).all()
    assert len(classifier().fit(FORMULAS, LABELS, callbacks=[lambda _: True, lambda _: None]).history_) == 2


def test_an_error_of_a_callback_is_the_users_and_leaves_an_unfitted_model() -> None:
    def broken(_epoch: Epoch) -> None:
        raise ZeroDivisionError

    model = regressor()
    with pytest.raises(ZeroDivisionError):
        model.fit(FORMULAS, ENERGIES, callbacks=[broken])
    assert not hasattr(model, "predictor_")


@pytest.mark.parametrize("callbacks", [print, [print, 3], 5])
def test_callbacks_are_functions(callbacks: Any) -> None:
    with pytest.raises(ConfigError, match="callbacks: found"):
        regressor().fit(FORMULAS, ENERGIES, callbacks=callbacks)


# --- in a notebook


def test_a_notebook_shows_the_estimator_as_scikit_learn_does(fitted: FormationEnergyRegressor) -> None:
    assert "sk-" in fitted._repr_html_()
    assert "formation" in fitted.predictor_._repr_html_().lower()
