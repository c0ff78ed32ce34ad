"""Imputation, constant columns and standardisation, learned from train rows only."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from formation_mlp.errors import FeatureError
from formation_mlp.targets.scaler import FeatureScaler, TargetScaler

NAN = np.nan


def test_columns_are_filled_and_standardised_as_by_scikit_learn() -> None:
    numbers = np.random.default_rng(0)
    X = numbers.normal(size=(50, 4)) * [1, 10, 0.01, 3] + [0, 100, 5, -2]
    X[numbers.random(X.shape) < 0.2] = NAN
    ours = FeatureScaler.fit(X[:30], "abcd")
    theirs = make_pipeline(SimpleImputer(strategy="median"), StandardScaler()).fit(X[:30])
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X), rtol=0, atol=1e-12)


def test_constant_and_empty_columns_are_dropped_by_name() -> None:
    x = np.array([1.0, 2.0, 4.0])
    rounding = np.array([0.3, 0.1 + 0.2, 0.3])
    scaler = FeatureScaler.fit(
        np.stack([x, np.full(3, 7.0), np.full(3, NAN), rounding, -x], 1), ["a", "b", "c", "d", "e"]
    )
    assert scaler.dropped == ["b", "c", "d"]
    assert scaler.kept_names == ["a", "e"]
    assert scaler.transform(np.zeros((2, 5))).shape == (2, 2)


def test_a_column_that_varies_only_by_missing_values_is_constant() -> None:
    scaler = FeatureScaler.fit(np.array([[1.0, 1.0], [2.0, NAN]]), ["a", "b"])
    assert scaler.dropped == ["b"]


def test_a_small_column_is_not_taken_for_constant() -> None:
    scaler = FeatureScaler.fit(np.array([[1e-6], [2e-6], [3e-6]]), ["a"])
    np.testing.assert_allclose(scaler.transform(np.array([[2e-6]])), 0, atol=1e-9)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([[1.0, 2.0], [2.0, np.inf]], "column 'b' holds an infinite value"),
        ([[1.0, 2.0], [1.0, 2.0]], "every column is constant"),
        ([[1.0, 2.0]], "every column is constant"),
    ],
)
def test_features_that_teach_nothing_are_refused(X: list[list[float]], message: str) -> None:
    with pytest.raises(FeatureError, match=message):
        FeatureScaler.fit(np.array(X), ["a", "b"])


def test_targets_come_back_from_their_scale() -> None:
    y = np.array([-3.0, -1.0, 0.5])
    scaler = TargetScaler.fit(y)
    z = scaler.transform(y)
    np.testing.assert_allclose([z.mean(), z.std()], [0, 1], atol=1e-12)
    np.testing.assert_allclose(scaler.inverse(z), y)
    assert TargetScaler().transform(y) is not y
    np.testing.assert_array_equal(TargetScaler().transform(y), y)
