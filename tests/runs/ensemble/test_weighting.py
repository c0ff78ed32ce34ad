"""Shares of the members of an ensemble."""

from __future__ import annotations

import numpy as np
import pytest

from formation_mlp.runs.ensemble.weighting import ROUNDS, SELECTIONS, equal_shares, greedy_shares
from formation_mlp.typing import Floats

Y = np.random.default_rng(0).normal(size=200)


def mae(prediction: Floats) -> float:
    return float(np.mean(np.abs(prediction - Y)))


def noisy(*sizes: float, seed: int = 1) -> Floats:
    """Predictions of members whose errors are independent and of these sizes."""
    generator = np.random.default_rng(seed)
    return np.stack([Y + size * generator.normal(size=len(Y)) for size in sizes])


@pytest.mark.parametrize("name", SELECTIONS)
@pytest.mark.parametrize("n", [1, 2, 7])
def test_shares_are_one_per_member_not_negative_and_add_up_to_one(name: str, n: int) -> None:
    shares = SELECTIONS[name](noisy(*np.linspace(0.1, 0.5, n)), mae)
    assert shares.shape == (n,)
    assert (shares >= 0).all()
    assert shares.sum() == pytest.approx(1, abs=1e-12)


def test_equal_shares_ask_for_no_score() -> None:
    def score(_prediction: Floats) -> float:
        pytest.fail("a score was asked for")

    assert equal_shares(noisy(0.1, 9.0, 0.1, 0.1), score).tolist() == [0.25] * 4


def test_greedy_ignores_a_member_that_only_harms() -> None:
    shares = greedy_shares(noisy(0.1, 5.0, 0.1), mae)
    assert shares[1] == 0
    assert shares[[0, 2]] == pytest.approx([0.5, 0.5], abs=0.1)


def test_greedy_takes_members_whose_errors_cancel_before_a_better_one_that_stands_alone() -> None:
    error = np.abs(np.random.default_rng(2).normal(size=len(Y))) + 0.5
    alone = Y + 0.6 * error * np.random.default_rng(3).choice([-1, 1], len(Y))
    shares = greedy_shares(np.stack([alone, Y + error, Y - error]), mae)
    assert shares[1] == pytest.approx(shares[2], abs=0.05)
    assert shares[0] < 0.1


@pytest.mark.parametrize("seed", range(10))
def test_greedy_is_never_worse_than_the_best_member_alone(seed: int) -> None:
    generator = np.random.default_rng(seed)
    predictions = noisy(*generator.uniform(0.05, 1, 6), seed=seed) + generator.normal(size=(6, 1)) * 0.2
    found = mae(greedy_shares(predictions, mae) @ predictions)
    assert found <= min(map(mae, predictions))


def test_greedy_of_one_member_far_better_than_all_is_that_member() -> None:
    assert greedy_shares(np.stack([Y, Y + 1, Y + 2]), mae).tolist() == [1, 0, 0]


def test_greedy_weighs_by_repetition() -> None:
    """With errors of +1 and -3, the mean is right where the first is taken three times as often."""
    shares = greedy_shares(np.stack([Y + 1, Y - 3]), mae)
    assert shares.tolist() == [0.75, 0.25]


def test_greedy_tries_a_limited_number_of_means() -> None:
    asked: list[float] = []

    def asking(prediction: Floats) -> float:
        asked.append(mae(prediction))
        return asked[-1]

    greedy_shares(noisy(0.1, 0.2, 0.3), asking)
    assert len(asked) == 3 * ROUNDS


def test_greedy_sees_means_of_predictions_never_sums() -> None:
    seen: list[Floats] = []

    def seeing(prediction: Floats) -> float:
        seen.append(prediction)
        return 0.0

    greedy_shares(np.array([[1.0, 1.0], [3.0, 3.0]]), seeing)
    assert 1 - 1e-12 <= np.min(seen) <= np.max(seen) <= 3 + 1e-12
