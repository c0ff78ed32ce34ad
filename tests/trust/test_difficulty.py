"""A difficulty follows what errors follow, is learned without the row itself, and stays in the range of val rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from formation_mlp.trust.difficulty import OFFSET, PRIOR, Difficulty, Hints, Input
from formation_mlp.typing import Floats


def rows(n: int, seed: int = 0) -> tuple[Floats, Hints]:
    """Return errors that follow all inputs, and the inputs."""
    generator = np.random.default_rng(seed)
    std, distance = np.exp(generator.normal([[-3], [1]], 0.8, (2, n)))
    prediction = generator.normal(-2, 1, n)
    scale = np.sqrt(std) * distance**0.5 * np.exp(-0.3 * prediction)
    return np.abs(generator.normal(0, scale)), Hints(std, distance, prediction)


def columns_of(hints: Hints) -> list[Floats]:
    assert hints.std is not None
    return [hints.std, hints.distance, hints.prediction]


def standardised(hints: Hints) -> Floats:
    std, distance, prediction = columns_of(hints)
    X = np.column_stack([np.log(std), np.log(distance), prediction])
    return np.asarray((X - X.mean(axis=0)) / X.std(axis=0))


def test_the_weights_are_those_of_a_ridge_and_rows_left_out_are_really_left_out() -> None:
    """The reference is scikit-learn's ridge, trained anew without each row; the scaling of the inputs stays."""
    error, hints = rows(40)
    difficulty, left_out = Difficulty.fit(error, hints)
    Z, t = standardised(hints), np.log(error + OFFSET * error.mean())
    np.testing.assert_allclose(np.log(difficulty.size(hints)), Ridge(PRIOR).fit(Z, t).predict(Z), atol=1e-8)
    for i in range(40):
        others = np.arange(40) != i
        assert np.log(left_out[i]) == pytest.approx(Ridge(PRIOR).fit(Z[others], t[others]).predict(Z[i : i + 1])[0])


@pytest.mark.parametrize("has_std", [True, False])
def test_new_rows_are_ranked_by_their_errors(has_std: bool) -> None:
    (error, hints), (new_error, new) = rows(100), rows(5000, 1)
    if not has_std:
        hints, new = hints._replace(std=None), new._replace(std=None)
    order = np.argsort(Difficulty.fit(error, hints)[0].size(new))
    assert new_error[order[:1000]].mean() < 0.5 * new_error.mean()
    assert new_error[order[-1000:]].mean() > 1.5 * new_error.mean()


def test_the_unit_of_the_energies_does_not_matter() -> None:
    error, hints = rows(60)
    std, distance, prediction = columns_of(hints)
    in_mev = Hints(1000 * std, distance, 1000 * prediction)
    size = Difficulty.fit(error, hints)[0].size(hints)
    np.testing.assert_allclose(Difficulty.fit(1000 * error, in_mev)[0].size(in_mev), 1000 * size, rtol=1e-6)


def test_rows_beyond_the_val_rows_count_as_the_outermost() -> None:
    error, hints = rows(60)
    difficulty, _ = Difficulty.fit(error, hints)
    ends = Hints(*(np.array([column.min(), column.max()]) for column in columns_of(hints)))
    beyond = Hints(np.array([0.0, 1e9]), np.array([0.0, 1e9]), np.array([-1e9, 1e9]))
    np.testing.assert_allclose(difficulty.size(beyond), difficulty.size(ends), rtol=1e-9)


def test_inputs_that_say_nothing_make_all_rows_equal() -> None:
    error = np.linspace(0.01, 1, 50)
    hints = Hints(np.zeros(50), np.zeros(50), np.full(50, -1.0))
    difficulty, left_out = Difficulty.fit(error, hints)
    size = difficulty.size(Hints(np.array([0.0, 1.0]), np.array([0.0, 9.0]), np.array([-3.0, 3.0])))
    assert size[0] == size[1]
    assert np.isfinite(left_out).all()
    exact, left_out = Difficulty.fit(np.zeros(50), hints)
    assert np.isfinite(exact.size(hints)).all()
    assert (left_out > 0).all()


def test_the_answer_to_a_row_does_not_depend_on_the_others() -> None:
    error, hints = rows(100)
    difficulty, _ = Difficulty.fit(error, hints)
    alone = [Hints(*(column[i : i + 1] for column in columns_of(hints))) for i in range(100)]
    np.testing.assert_array_equal([difficulty.size(one)[0] for one in alone], difficulty.size(hints))


def test_what_does_not_fit_is_refused() -> None:
    error, hints = rows(40)
    difficulty, _ = Difficulty.fit(error, hints)
    with pytest.raises(ValueError, match="learned with a standard deviation of members, and there is none"):
        difficulty.size(hints._replace(std=None))
    with pytest.raises(ValueError, match=r"reaches from 2\.0 to 1\.0"):
        Input(0.1, 2.0, 1.0)
