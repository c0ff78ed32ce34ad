"""From errors on own rows to a shift and intervals: both hold on new rows, and what is said of them is true."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from formation_mlp.runs.own_fit import (
    OwnErrors,
    binomial_interval,
    cross_validated,
    fitted,
    folds,
    held,
    shift_of,
)
from formation_mlp.trust.own_rows import OwnRows

BLANK = OwnRows.unit("own.csv", "model", "", ())


def drawn(generator: np.random.Generator, n: int, mean: float = 0.1, rows: int = 1) -> OwnErrors:
    """Return errors whose spread is told up to a factor; ``rows`` of each formula are alike."""
    unit = generator.uniform(0.05, 0.3, n)
    error = mean + unit * 1.7 * generator.standard_t(3, n)
    formula = np.repeat(np.arange(n), rows)
    return OwnErrors(error[formula] + generator.normal(0, 0.001, n * rows), unit[formula], formula)


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("level", [0.8, 0.9])
def test_intervals_hold_on_new_rows(level: float, rows: int) -> None:
    generator = np.random.default_rng(0)
    shares, told = [], []
    for _ in range(150):
        own, new = drawn(generator, 40, rows=rows), drawn(generator, 200)
        model = fitted(own, BLANK, shift_of(own, 0).amount)
        reach = model.half_width(level, new.unit)
        shares.append(np.mean(np.abs(new.error - model.shift) <= reach))
        told.append(cross_validated(own, level, 0).share)
    assert level - 0.02 < np.mean(shares) < level + 0.04
    assert abs(np.mean(told) - np.mean(shares)) < 0.02


def test_units_make_narrow_intervals_where_errors_are_small() -> None:
    own = drawn(np.random.default_rng(1), 200)
    same = OwnErrors(own.error, np.ones(200), own.formula)
    assert cross_validated(own, 0.9, 0).width < 0.95 * cross_validated(same, 0.9, 0).width


def test_a_shift_is_taken_only_if_it_helps_on_left_out_rows() -> None:
    generator = np.random.default_rng(2)
    errors = [generator.normal(0, 0.1, 40) for _ in range(100)]
    formula, unit = np.arange(40), np.ones(40)
    taken = [shift_of(OwnErrors(error, unit, formula), 0).amount != 0 for error in errors]
    assert np.mean(taken) < 0.1
    moved = [shift_of(OwnErrors(error + 0.15, unit, formula), 0) for error in errors]
    assert all(shift.gain > 0 for shift in moved)
    np.testing.assert_allclose([shift.amount for shift in moved], 0.15, atol=0.08)


def test_one_formula_of_many_rows_does_not_make_the_shift() -> None:
    error = np.concatenate([np.random.default_rng(3).normal(0, 0.05, 40), np.full(200, 0.8)])
    own = OwnErrors(error, np.ones(240), np.concatenate([np.arange(40), np.full(200, 40)]))
    assert shift_of(own, 0).amount == 0
    assert abs(shift_of(own, 0).candidate) < 0.05


def test_a_formula_is_left_out_whole() -> None:
    formula = np.repeat(np.arange(35), [1, 2, 3, 4, 5] * 7)
    parts = np.array(list(folds(formula, 0)))
    assert parts.sum(axis=0).tolist() == [1] * len(formula)
    for part in parts:
        assert not set(formula[part]) & set(formula[~part])


def test_a_level_for_which_the_other_parts_are_too_few_has_no_share() -> None:
    own = drawn(np.random.default_rng(4), 30)
    found = cross_validated(own, 30 / 31, 0)
    assert np.isnan([found.share, found.low, found.high, found.width]).all()
    assert 0 < found.mae < 1


@pytest.mark.parametrize("count", [0, 1, 27, 30])
def test_the_binomial_interval_is_that_of_scipy(count: int) -> None:
    expected = binomtest(count, 30).proportion_ci(0.95, method="exact")
    np.testing.assert_allclose(binomial_interval(count, 30), [expected.low, expected.high], atol=1e-12)


def test_each_formula_counts_once() -> None:
    own = OwnErrors(np.array([0.1, 0.3, 0.5]), np.ones(3), np.array([0, 1, 1]))
    found = held(own, own.error, np.full(3, -0.4), np.full(3, 0.4))
    np.testing.assert_allclose([found.mae, found.share], [0.25, 0.75])
    assert found.width == pytest.approx(0.8)
