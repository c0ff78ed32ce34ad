"""Intervals hold at every level, are those of the textbook and of MAPIE, and are refused where they cannot hold."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

from formation_mlp.errors import CheckpointError
from formation_mlp.trust.calibration import GROUP, MOST_ELEMENTS, Calibration
from formation_mlp.trust.difficulty import FEWEST, Difficulty, Hints
from formation_mlp.typing import Floats, Ints

LEVELS = [0.5, 0.8, 0.9, 0.95]


def rows(n: int, seed: int = 0, sizes: tuple[int, ...] = (1, 2, 3, 4, 5, 6)) -> tuple[Floats, Floats, Ints]:
    """Return errors, a spread that is only roughly their size, and numbers of elements, of rows of one kind.

    The errors are wide where the spread is, and wider for few elements, which the spread does not say.
    """
    generator = np.random.default_rng(seed)
    n_elements = generator.choice(sizes, n)
    std = np.exp(generator.normal(-3, 0.8, n))
    error = (
        np.abs(generator.standard_t(4, n)) * (std + 0.01) * (1 + 2 / n_elements) * np.exp(generator.normal(0, 0.3, n))
    )
    return error, std, n_elements


def half_width(calibration: Calibration, level: float, std: Floats | None, n_elements: Ints) -> Floats:
    return calibration.half_width(level, calibration.unit(std, len(n_elements)), n_elements)


def expected_error(calibration: Calibration, std: Floats | None, n_elements: Ints) -> Floats:
    return calibration.expected_error(calibration.unit(std, len(n_elements)), n_elements)


def constant(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return errors 1/n, 2/n, ... 1 of binary compounds."""
    return np.arange(1, n + 1) / n, np.full(n, 2)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("spread", ["of several members", "of one member"])
def test_new_rows_lie_inside_as_often_as_promised_for_every_number_of_elements(level: float, spread: str) -> None:
    error, std, n_elements = rows(20_000)
    new_error, new_std, new_elements = rows(60_000, seed=1)
    several = spread == "of several members"
    calibration = Calibration.fit(error, std if several else None, n_elements)
    inside = new_error <= half_width(calibration, level, new_std if several else None, new_elements)
    assert inside.mean() == pytest.approx(level, abs=0.01)
    for number in range(1, 6):
        assert inside[np.minimum(new_elements, 5) == number].mean() == pytest.approx(level, abs=0.03)


def test_the_promise_holds_on_average_for_few_rows_too() -> None:
    covered = []
    for seed in range(300):
        error, std, n_elements = rows(60, seed)
        new_error, new_std, new_elements = rows(200, seed + 1000)
        reach = half_width(Calibration.fit(error, std, n_elements), 0.8, new_std, new_elements)
        covered.append((new_error <= reach).mean())
    assert 0.79 < np.mean(covered) < 0.83


def test_intervals_follow_the_spread_and_are_narrower_for_it() -> None:
    error, std, n_elements = rows(5000)
    _, new_std, new_elements = rows(5000, seed=1)
    local = half_width(Calibration.fit(error, std, n_elements), 0.9, new_std, new_elements)
    even = half_width(Calibration.fit(error, None, n_elements), 0.9, None, new_elements)
    assert np.corrcoef(local, new_std)[0, 1] > 0.8
    assert local.mean() < 0.9 * even.mean()
    assert len(np.unique(even)) == MOST_ELEMENTS


@pytest.mark.parametrize(
    ("n", "level", "rank"), [(9, 0.9, 9), (10, 0.9, 10), (19, 0.9, 18), (99, 0.9, 90), (1, 0.5, 1)]
)
def test_the_quantile_is_the_smallest_score_that_the_theorem_allows(n: int, level: float, rank: int) -> None:
    """Of ``n`` scores the one of rank ceil((n + 1) level): Papadopoulos et al. 2008, Lei et al. 2018."""
    error, n_elements = constant(n)
    calibration = Calibration.fit(error, None, n_elements)
    np.testing.assert_allclose(half_width(calibration, level, None, np.array([2])), rank / n, rtol=1e-6)


class _Known(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A model that reads its answer from a column of X."""

    def __init__(self, column: int = 0) -> None:
        self.column = column

    def fit(self, _X: Floats, _y: Floats | None = None) -> _Known:
        self.fitted_ = True
        return self

    def predict(self, X: Floats) -> Floats:
        return np.asarray(X)[:, self.column]


@pytest.mark.parametrize("level", LEVELS)
def test_intervals_are_those_of_mapie(level: float) -> None:
    """One group, so that MAPIE's normalised residuals with ``std + beta`` as their model are the same thing."""
    from mapie.conformity_scores import ResidualNormalisedScore
    from mapie.regression import SplitConformalRegressor

    error, std, _ = rows(500, sizes=(3,))
    _, new_std, n_elements = rows(200, seed=1, sizes=(3,))
    calibration = Calibration.fit(error, std, np.full(500, 3))
    prediction, scale = np.linspace(-3, 0, 500), std + calibration.beta
    y = prediction + error * np.where(np.arange(500) % 2, 1, -1)
    X, new_X = np.column_stack([prediction, scale]), np.column_stack([np.zeros(200), new_std + calibration.beta])
    score = ResidualNormalisedScore(_Known(1).fit(X), prefit=True, sym=True)
    theirs = SplitConformalRegressor(_Known(0).fit(X), level, conformity_score=score, prefit=True).conformalize(X, y)
    _, intervals = theirs.predict_interval(new_X)
    reach = half_width(calibration, level, new_std, n_elements)
    np.testing.assert_allclose(intervals[:, :, 0], np.column_stack([-reach, reach]), rtol=1e-5)


def test_the_order_of_the_val_rows_does_not_matter() -> None:
    error, std, n_elements = rows(1000)
    shuffled = np.random.default_rng(5).permutation(1000)
    first = Calibration.fit(error, std, n_elements)
    second = Calibration.fit(error[shuffled], std[shuffled], n_elements[shuffled])
    assert first.beta == pytest.approx(second.beta, rel=1e-12)
    np.testing.assert_array_equal(first.scores, second.scores)
    np.testing.assert_array_equal(first.n_elements, second.n_elements)


def test_the_unit_of_the_energies_does_not_matter() -> None:
    error, std, n_elements = rows(1000)
    in_ev = half_width(Calibration.fit(error, std, n_elements), 0.9, std, n_elements)
    in_mev = half_width(Calibration.fit(1000 * error, 1000 * std, n_elements), 0.9, 1000 * std, n_elements)
    np.testing.assert_allclose(in_mev, 1000 * in_ev, rtol=1e-5)


def test_intervals_widen_with_the_level() -> None:
    error, std, n_elements = rows(400)
    calibration = Calibration.fit(error, std, n_elements)
    widths = [half_width(calibration, level, std, n_elements) for level in (0.1, 0.5, 0.8, 0.9, 0.95)]
    assert all((wide >= narrow).all() for narrow, wide in pairwise(widths))


def test_a_small_group_joins_its_smaller_neighbour_and_a_large_one_stands_alone() -> None:
    sizes = {1: 5, 2: GROUP, 3: 4 * GROUP, 4: GROUP - 1, 5: GROUP + 10}
    n_elements = np.repeat(list(sizes), list(sizes.values()))
    error = n_elements + np.random.default_rng(0).random(len(n_elements)) / 10
    found = half_width(Calibration.fit(error, None, n_elements), 0.8, None, np.arange(1, 8))
    assert np.floor(found).tolist() == [2, 2, 3, 5, 5, 5, 5]
    assert found[0] == found[1]  # elements with binary compounds
    assert found[3] == found[4]  # four elements with five: fewer than those with three


def test_a_high_level_takes_groups_together_until_there_are_rows_enough() -> None:
    n_elements = np.repeat([2, 3], 60)
    error = np.where(n_elements == 2, 1.0, 2.0)
    calibration = Calibration.fit(error, None, n_elements)
    assert half_width(calibration, 0.98, None, np.array([2, 3])).tolist() == [1, 2]
    assert half_width(calibration, 0.99, None, np.array([2, 3])).tolist() == [2, 2]


def test_a_level_that_takes_more_rows_is_refused_with_what_is_allowed() -> None:
    error, n_elements = constant(8)
    calibration = Calibration.fit(error, None, n_elements)
    message = r"level 0.9 takes at least 9 validation rows, and the model had 8; ask for a level of at most 0.888,"
    with pytest.raises(CheckpointError, match=message):
        half_width(calibration, 0.9, None, n_elements)
    assert half_width(calibration, 0.888, None, np.array([2])).tolist() == [1]
    assert not calibration.reason(0.888)
    assert not Calibration.fit(*[array[:1] for array in (error, error, n_elements)]).reason(0.5)


@pytest.mark.parametrize("level", [0.0, 1.0, 90, -0.5, float("nan")])
def test_what_is_no_level_is_refused(level: float) -> None:
    calibration = Calibration.fit(constant(50)[0], None, constant(50)[1])
    with pytest.raises(CheckpointError, match=r"a level lies between 0 and 1, such as 0\.9; found"):
        half_width(calibration, level, None, np.array([2]))


def test_members_that_always_agree_still_have_an_interval() -> None:
    error, n_elements = constant(200)
    calibration = Calibration.fit(error, np.zeros(200), n_elements)
    np.testing.assert_allclose(half_width(calibration, 0.9, np.zeros(1), np.array([2])), 181 / 200, rtol=1e-6)


def test_a_dumped_calibration_comes_back_and_is_small() -> None:
    error, std, n_elements = rows(10_000)
    calibration = Calibration.fit(error, std, n_elements)
    arrays, plain = calibration.dump()
    assert sum(array.nbytes for array in arrays.values()) == 50_000
    again = Calibration.restore(arrays, plain)
    np.testing.assert_array_equal(
        half_width(again, 0.9, std, n_elements), half_width(calibration, 0.9, std, n_elements)
    )


@pytest.mark.parametrize("spread", ["members", "none"])
def test_expected_errors_are_right_on_average_for_every_number_of_elements(spread: str) -> None:
    error, std, n_elements = rows(20_000)
    own = std if spread == "members" else None
    calibration = Calibration.fit(error[:10_000], None if own is None else own[:10_000], n_elements[:10_000])
    expected = expected_error(calibration, None if own is None else own[10_000:], n_elements[10_000:])
    for n in (2, 3, 4):
        some = n_elements[10_000:] == n
        assert expected[some].mean() == pytest.approx(error[10_000:][some].mean(), rel=0.15)
        assert (len(np.unique(expected[some])) == 1) == (own is None)


def test_expected_errors_rank_new_rows_as_the_members_disagree() -> None:
    error, std, n_elements = rows(4_000)
    expected = expected_error(Calibration.fit(error[:150], std[:150], n_elements[:150]), std[150:], n_elements[150:])
    order = np.argsort(expected)
    assert error[150:][order[:500]].mean() < 0.6 * error[150:].mean()


@pytest.mark.parametrize(("n", "is_told"), [(GROUP - 1, False), (GROUP, True)])
def test_a_handful_of_val_rows_tells_no_expected_error(n: int, is_told: bool) -> None:
    calibration = Calibration.fit(np.full(n, 0.1), None, np.full(n, 2))
    assert calibration.tells_errors == is_told
    assert np.isfinite(expected_error(calibration, None, np.array([1, 2, 7]))).all() == is_told


def of_difficulty(n: int, seed: int = 0) -> tuple[Floats, Hints]:
    """Return errors that grow with the distance and with the size of the energy, and what hints at them."""
    generator = np.random.default_rng(seed)
    hints = Hints(np.exp(generator.normal(-3, 0.8, n)), np.exp(generator.normal(1, 0.7, n)), generator.normal(-2, 1, n))
    return np.abs(generator.normal(0, 0.02 * hints.distance * np.exp(-0.4 * hints.prediction))), hints


def test_from_enough_val_rows_on_units_are_the_difficulties_that_the_other_rows_give() -> None:
    error, hints = of_difficulty(FEWEST)
    calibration = Calibration.learned(error, hints, np.full(FEWEST, 3))
    difficulty, left_out = Difficulty.fit(error, hints)
    assert calibration.difficulty == difficulty
    np.testing.assert_allclose(calibration.scores, np.sort(error / left_out), rtol=1e-6)
    assert not calibration.n_elements.any()  # one group
    fewer = Hints(np.exp(hints.prediction[1:]), hints.distance[1:], hints.prediction[1:])
    of_few = Calibration.learned(error[1:], fewer, np.full(FEWEST - 1, 3))
    assert of_few.difficulty is None
    np.testing.assert_array_equal(
        of_few.scores, Calibration.fit(error[1:], np.exp(hints.prediction[1:]), np.full(FEWEST - 1, 3)).scores
    )


def test_intervals_of_difficulty_hold_as_promised_of_few_rows_and_are_narrower_where_errors_are_small() -> None:
    covered, narrower = [], []
    for seed in range(200):
        error, hints = of_difficulty(40, seed)
        new_error, new = of_difficulty(200, seed + 1000)
        calibration = Calibration.learned(error, hints, np.full(40, 3))
        assert calibration.difficulty is not None
        reach = calibration.half_width(0.9, calibration.difficulty.size(new), np.full(200, 3))
        covered.append((new_error <= reach).mean())
        easy = np.argsort(reach)[:50]
        narrower.append(new_error[easy].mean() / new_error.mean())
    assert 0.89 < np.mean(covered) < 0.92
    assert np.mean(narrower) < 0.5


def test_expected_errors_of_difficulty_are_right_on_average() -> None:
    (error, hints), (new_error, new) = of_difficulty(1000), of_difficulty(5000, 1)
    calibration = Calibration.learned(error, hints, np.full(1000, 3))
    assert calibration.difficulty is not None
    expected = calibration.expected_error(calibration.difficulty.size(new), np.full(5000, 3))
    assert expected.mean() == pytest.approx(new_error.mean(), rel=0.15)


def test_a_dumped_calibration_with_a_difficulty_comes_back() -> None:
    error, hints = of_difficulty(100)
    calibration = Calibration.learned(error, hints, np.full(100, 3))
    arrays, plain = calibration.dump()
    again = Calibration.restore(arrays, json.loads(json.dumps(plain)))
    assert again.difficulty == calibration.difficulty
    np.testing.assert_array_equal(again.scores, calibration.scores)
