"""Early stopping as a table: which epochs are the best, and when a run is over."""

from __future__ import annotations

import math
from dataclasses import asdict

import pytest

from formation_mlp.training.state import LoopState

NAN = math.nan

# case: validation scores, patience, max_epochs -> epochs done, best epoch, epochs waited
CASES = {
    "every epoch improves": ([5, 4, 3, 2], 1, 4, (4, 4, 0)),
    "flat scores do not count as better": ([3, 3, 3], 2, 9, (3, 1, 2)),
    "worse scores use up the patience": ([1, 2, 3, 4], 3, 9, (4, 1, 3)),
    "a late improvement resets the patience": ([3, 4, 5, 2, 3, 4, 5], 3, 9, (7, 4, 3)),
    "an improvement in the last patient epoch counts": ([3, 4, 2, 4, 4], 2, 9, (5, 3, 2)),
    "a nan is never the best": ([NAN, 2, NAN, NAN], 2, 9, (4, 2, 2)),
    "nothing but nan": ([NAN, NAN, NAN], 3, 9, (3, 0, 3)),
    "infinity is never the best": ([math.inf, 1], 2, 2, (2, 2, 0)),
    "no patience: all epochs": ([1, 2, 3, 4, 5], None, 5, (5, 1, 4)),
    "the epochs end before the patience": ([1, 2], 5, 2, (2, 1, 1)),
    "a patience of one": ([2, 1, 1], 1, 9, (3, 2, 1)),
    "scores may be negative": ([-1, -2, -1], 9, 3, (3, 2, 1)),
}


@pytest.mark.parametrize(("scores", "patience", "max_epochs", "expected"), CASES.values(), ids=CASES)
def test_a_run_ends_where_the_table_says(
    scores: list[int] | list[float], patience: int | None, max_epochs: int, expected: tuple[int, int, int]
) -> None:
    state = LoopState()
    for score in scores:
        assert not state.finished(max_epochs, patience)
        state.advance(score)
    assert state.finished(max_epochs, patience)
    assert (state.epoch, state.best_epoch, state.waiting) == expected


def test_advance_tells_whether_the_epoch_is_the_best_so_far() -> None:
    state = LoopState()
    assert [state.advance(score) for score in [3, 4, NAN, 3, 2.9, -1]] == [True, False, False, False, True, True]
    assert (state.best_epoch, state.best_score) == (6, -1)


def test_a_run_without_epochs_is_over_at_once() -> None:
    assert LoopState().finished(max_epochs=0, patience=None)


def test_a_state_made_from_the_numbers_of_another_goes_on_like_it() -> None:
    state = LoopState()
    for score in [3, 4]:
        state.advance(score)
    copy = LoopState(**asdict(state))
    for score in [2, 5, 5]:
        assert copy.advance(score) == state.advance(score)
    assert copy == state
