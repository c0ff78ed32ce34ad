"""Numbers of the user's own beside or instead of what formulas tell: columns of a table, and functions."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from formation_mlp import FormationEnergyClassifier, FormationEnergyRegressor, load
from formation_mlp.errors import ConfigError, DataError, FeatureError

FORMULAS = [f"{metal}{anion}" for metal in ("Na", "K", "Li", "Mg", "Ca", "Sr", "Al", "Ti") for anion in "FOSN"]
GAP = np.random.default_rng(0).normal(size=32)
FRAME = pd.DataFrame({"gap": GAP, "formula": FORMULAS, "is_hot": GAP > 0}, index=range(50, 82))
SMALL: dict[str, Any] = {
    "features": ["stoichiometry", "element_fraction"],
    "hidden": (16,),
    "architecture": "mlp",
    "optimizer": "adam",
    "max_epochs": 3,
    "batch_size": 8,
    "n_members": 1,
    "device": "cpu",
    "random_state": 0,
}


def regressor(**keys: Any) -> FormationEnergyRegressor:
    return FormationEnergyRegressor(**SMALL | keys)


def lengths(items: list[Any]) -> Any:
    return np.array([[len(item), item.count("O")] for item in items])


def anions(items: list[Any]) -> Any:
    return pd.DataFrame({"ends_in_f": [item.endswith("F") for item in items], "blank": [np.nan] * len(items)})


# --- columns beside the formulas


def test_a_column_beside_the_formulas_is_learned_from() -> None:
    keys = {"max_epochs": 150, "learning_rate": 0.02}
    with_column = regressor(**keys).fit(FRAME[["formula", "gap"]], GAP)
    without = regressor(**keys).fit(FRAME[["formula"]], GAP)
    other = FRAME.assign(gap=-FRAME["gap"])[["formula", "gap"]]
    assert with_column.score(FRAME[["formula", "gap"]], GAP) > 0.7 > without.score(FRAME[["formula"]], GAP) - 0.3
    assert not np.allclose(with_column.predict(other), with_column.predict(FRAME[["formula", "gap"]]))


def test_columns_are_matched_by_name_and_a_saved_model_asks_for_them(tmp_path: Path) -> None:
    model = regressor().fit(FRAME, GAP)
    expected = model.predict(FRAME)
    np.testing.assert_array_equal(model.predict(FRAME[["is_hot", "formula", "gap"]]), expected)
    model.save(tmp_path / "model")
    saved = load(tmp_path / "model")
    assert list(saved.columns) == ["gap", "is_hot"]
    for ask in (model, saved):
        np.testing.assert_array_equal(ask.predict(FRAME), expected)
        assert ask.predict_table(FRAME).index.equals(FRAME.index)
        for X, message in {
            "formulas": (FORMULAS, r"knows the columns gap, is_hot, and gap, is_hot are missing"),
            "one is missing": (FRAME[["formula", "gap"]], "and is_hot is missing"),
            "one too many": (FRAME.assign(z=1.0), "the model does not know the columns z"),
        }.values():
            with pytest.raises(DataError, match=message):
                ask.predict(X)
    restored = pickle.loads(pickle.dumps(model))  # noqa: S301 (our own bytes)
    np.testing.assert_array_equal(restored.predict(FRAME), expected)


def test_a_missing_number_becomes_the_median_and_bad_formulas_are_coerced() -> None:
    model = regressor().fit(FRAME[["formula", "gap"]], GAP)
    train = FRAME[["formula", "gap"]].assign(gap=np.nan)
    assert np.isfinite(model.predict(train)).all()
    bad = FRAME[["formula", "gap"]].assign(formula=["Xx", *FORMULAS[1:]])
    with pytest.warns(UserWarning, match="1 of 32 inputs"):
        found = model.predict(bad, errors="coerce")
    assert np.isnan(found).tolist() == [True] + [False] * 31


BAD_TABLES: dict[str, tuple[Any, str]] = {
    "text": (FRAME.assign(note="x"), "the column 'note' is not of numbers"),
    "infinite": (FRAME.assign(gap=np.inf), "the column 'gap' is infinite in row 0"),
    "the target": (FRAME.assign(formation_energy=GAP), "'formation_energy' is a target by its name"),
    "two columns of text": (pd.DataFrame({"a": FORMULAS, "b": FORMULAS}), "the columns 'a', 'b' are not of numbers"),
    "numbers only": (FRAME[["gap", "is_hot"]], "all are of numbers"),
    "a name twice": (pd.concat([FRAME, FRAME[["gap"]]], axis=1), "several columns are called 'gap'"),
    "three dimensions": (np.zeros((32, 2, 2)), r"an array of shape \(32, 2, 2\)"),
}


@pytest.mark.parametrize(("X", "message"), BAD_TABLES.values(), ids=BAD_TABLES)
def test_bad_tables_are_refused_by_the_name_of_the_column(X: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        regressor().fit(X, GAP)


def test_a_column_called_like_a_descriptor_is_refused() -> None:
    with pytest.raises(FeatureError, match="columns occur twice: 0-norm"):
        regressor().fit(FRAME[["formula"]].assign(**{"0-norm": 1.0}), GAP)


# --- functions


@pytest.mark.parametrize("features", [lengths, [lengths], ["stoichiometry", lengths, anions]])
def test_functions_stand_beside_or_instead_of_presets(features: Any) -> None:
    model = regressor(features=features).fit(FORMULAS, GAP)
    value = model.predict(FORMULAS)
    np.testing.assert_array_equal(clone(model).fit(FRAME[["formula"]], GAP).predict(FORMULAS), value)
    names = model.predictor_.checkpoint.scaler.names
    assert names[-2:] == (("ends_in_f", "blank") if isinstance(features, list) and anions in features else
                          ("lengths_0", "lengths_1"))  # fmt: skip
    assert model.predict_table(FORMULAS)["prediction"].tolist() == value.tolist()


def test_functions_are_called_with_what_can_be_read_only() -> None:
    asked: list[list[Any]] = []

    def spy(items: list[Any]) -> Any:
        asked.append(items)
        return np.arange(float(len(items)))

    model = regressor(features=["stoichiometry", spy]).fit(FORMULAS, GAP)
    with pytest.warns(UserWarning, match="1 of 3"):
        assert np.isnan(model.predict(["NaF", "Xx", "MgO"], errors="coerce")).tolist() == [False, True, False]
    assert asked == [FORMULAS, ["NaF", "MgO"]]


def test_a_saved_model_holds_no_function_and_is_given_its_columns(tmp_path: Path) -> None:
    model = regressor(features=["stoichiometry", anions]).fit(FRAME[["formula", "gap"]], GAP)
    model.save(tmp_path / "model")
    table = FRAME[["formula", "gap"]].reset_index(drop=True).join(anions(FORMULAS))
    np.testing.assert_array_equal(load(tmp_path / "model").predict(table), model.predict(FRAME[["formula", "gap"]]))


BAD_FUNCTIONS: dict[str, tuple[Callable[[list[Any]], Any], str]] = {
    "too few rows": (lambda items: np.zeros(len(items) - 1), "gave 31 rows for 32 materials"),
    "text": (lambda items: items, "is not of numbers"),
    "infinite": (lambda items: np.full(len(items), np.inf), "is infinite in row 0"),
    "three dimensions": (lambda items: np.zeros((len(items), 2, 2)), r"gave an array of shape \(32, 2, 2\)"),
    "a number": (lambda _items: 1.0, r"gave an array of shape \(\)"),
}


@pytest.mark.parametrize(("function", "message"), BAD_FUNCTIONS.values(), ids=BAD_FUNCTIONS)
def test_a_function_that_gives_something_else_is_named(function: Any, message: str) -> None:
    with pytest.raises(DataError, match=f"features: <lambda>.*{message}"):
        regressor(features=[function]).fit(FORMULAS, GAP)


def test_columns_may_be_all_there_is() -> None:
    assert regressor(features=[]).fit(FRAME, GAP).predict(FRAME).shape == (32,)
    with pytest.raises(ConfigError, match="features"):
        regressor(features=[]).fit(FORMULAS, GAP)


# --- with scikit-learn's own parts


def test_pipelines_with_tables_beside_the_formulas() -> None:
    scale = ColumnTransformer([("formula", "passthrough", ["formula"]), ("numbers", StandardScaler(), ["gap"])])
    union = FeatureUnion([
        ("formula", FunctionTransformer(lambda X: X[["formula"]].to_numpy(object))),
        ("numbers", FunctionTransformer(lambda X: X[["gap"]].to_numpy())),
    ])  # fmt: skip
    for parts in (scale, union):
        pipeline = Pipeline([("columns", parts), ("model", regressor())])
        assert pipeline.fit(FRAME, GAP).predict(FRAME).shape == (32,)
        assert np.isfinite(cross_val_score(pipeline, FRAME, GAP, cv=2)).all()
    frames = Pipeline([("columns", clone(scale).set_output(transform="pandas")), ("model", regressor())])
    assert list(frames.fit(FRAME, GAP)[-1].predictor_.columns) == ["numbers__gap"]


def test_a_search_may_choose_features_and_a_classifier_has_them_too() -> None:
    search = GridSearchCV(regressor(), {"features": [["element_fraction"], ["element_fraction", lengths]]}, cv=2).fit(
        FORMULAS, GAP
    )
    assert search.predict(FORMULAS).shape == (32,)
    labels = np.where(GAP > 0, "hot", "cold")
    model = FormationEnergyClassifier(**SMALL | {"features": [lengths]}).fit(FRAME[["formula", "gap"]], labels)
    assert model.predict_proba(FRAME[["formula", "gap"]]).shape == (32, 2)
