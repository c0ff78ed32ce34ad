"""Rows that the model to start from knows: counted, scored apart, and said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from formation_mlp.config.schema import TaskConfig
from formation_mlp.runs.start_rows import StartRows, apart_in_words, scores_apart
from formation_mlp.splits.methods import Split
from formation_mlp.targets.task import Task

KNOWN = np.array([True, False, True, True, False])
Y = np.array([-1.0, -2.0, -3.0, -1.5, -0.5])


def test_known_and_new_rows_are_counted_in_each_part() -> None:
    split = Split(np.array([0, 1]), np.array([2]), np.array([3, 4]))
    assert StartRows(KNOWN).counts(split) == {
        "train": {"known": 1, "new": 1},
        "val": {"known": 1, "new": 0},
        "test": {"known": 1, "new": 1},
    }


def test_each_group_has_its_own_score() -> None:
    task = Task.fit(TaskConfig(), Y)
    scores = scores_apart(task, KNOWN, Y, Y + np.where(KNOWN, 0.01, 0.5))
    assert scores["known"]["MAE"] == pytest.approx(0.01)
    assert scores["new"]["MAE"] == pytest.approx(0.5)
    assert set(scores_apart(task, np.ones(5, np.bool_), Y, Y)) == {"known"}
    assert set(scores_apart(task, np.zeros(5, np.bool_), Y, Y)) == {"new"}


def about(known: int, new: int, *, is_told: bool = True) -> dict[str, Any]:
    scores = {name: {"MAE": mae} for name, mae, n in (("known", 0.045, known), ("new", 0.083, new)) if n}
    counts = {"test": {"known": known, "new": new}}
    return {"model": "composition", "is_told": is_told, "rows": counts, "scores": {"test": scores}}


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (
            about(213, 54),
            "213 of 267 test rows are formulas that the start model 'composition' knows: MAE 0.045; the other 54: "
            "0.083",
        ),
        (
            about(267, 0),
            "267 of 267 test rows are formulas that the start model 'composition' knows: MAE 0.045; there are no "
            "others",
        ),
        (about(0, 54), "the start model 'composition' knows none of the 54 test formulas"),
        (
            about(5, 0, is_told=False),
            "nothing tells which formulas the start model 'composition' has learned, so the scores of the test rows "
            "may be too good",
        ),
        (about(0, 0), ""),
    ],
)
def test_the_sentence_says_what_is_known(found: dict[str, Any], sentence: str) -> None:
    assert apart_in_words(found, "test", "MAE") == sentence
