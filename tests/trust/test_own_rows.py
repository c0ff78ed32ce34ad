"""Intervals from rows of the user's own: how wide they are, what they take, and how they come from a file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from formation_mlp.errors import CheckpointError
from formation_mlp.trust import conformal
from formation_mlp.trust.levels import Level
from formation_mlp.trust.own_rows import OwnRows

LEVELS = (Level("high", 0.05, 0.02), Level("medium", 0.1, 0.07), Level("low", None, 0.2))


def own_rows(n: int = 50, repeats: int = 1) -> OwnRows:
    scores = np.repeat(np.linspace(0.1, 5, n), repeats).astype(np.float32)
    return OwnRows(
        "own.csv", "composition", "oqmd", 0.03, 1.5, LEVELS, scores, np.full(n * repeats, repeats, np.uint32)
    )


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9, 50 / 51])
def test_an_interval_takes_the_score_of_split_conformal_prediction(level: float) -> None:
    found = own_rows().half_width(level, np.array([1.0, 2.0]))
    expected = np.sort(own_rows().scores)[conformal.rank(50, level) - 1]
    np.testing.assert_allclose(found, [expected, 2 * expected])


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_a_formula_of_many_rows_counts_as_one(level: float) -> None:
    once, often = own_rows(), own_rows(repeats=7)
    assert (often.n_rows, often.n_formulas) == (350, 50)
    np.testing.assert_allclose(often.half_width(level, np.ones(1)), once.half_width(level, np.ones(1)))
    one_of_many = np.concatenate([once.scores, np.full(1000, 9, np.float32)])
    repeats = np.concatenate([once.repeats, np.full(1000, 1000, np.uint32)])
    assert replace(once, scores=one_of_many, repeats=repeats).half_width(level, np.ones(1)) < 6


def test_a_level_takes_enough_formulas() -> None:
    own = own_rows(repeats=3)
    assert own.reason(0.98) == ""
    assert own.reason(0.99) == (
        "the level 0.99 takes at least 99 different formulas, and own.csv had 50; ask for a level of at most 0.98, or "
        "calibrate with more of them"
    )
    with pytest.raises(CheckpointError, match="takes at least 99"):
        own.half_width(0.99, np.ones(1))
    with pytest.raises(CheckpointError, match="between 0 and 1"):
        own.half_width(1.0, np.ones(1))


def test_it_comes_back_from_a_file_as_it_was() -> None:
    own = own_rows()
    again = OwnRows.restore(*own.dump())
    assert (again.levels, again.shift, again.said()) == (own.levels, own.shift, own.said())
    np.testing.assert_array_equal(again.scores, own.scores)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("scores", np.full(50, -1, np.float32)),
        ("scores", np.full(50, np.nan, np.float32)),
        ("repeats", np.zeros(50, np.uint32)),
        ("repeats", np.ones(49, np.uint32)),
        ("more", np.ones(1)),
    ],
)
def test_what_does_not_fit_is_refused(name: str, array: np.ndarray) -> None:
    arrays, plain = own_rows().dump()
    with pytest.raises(ValueError, match=r"own|scores|repeats"):
        OwnRows.restore(arrays | {name: array}, plain)


def test_what_was_done_is_said() -> None:
    assert own_rows().said() == "shifted by +0.030 eV/atom, calibrated on 50 rows of own.csv"
    assert replace(own_rows(), shift=0.0).said() == "not shifted, calibrated on 50 rows of own.csv"
