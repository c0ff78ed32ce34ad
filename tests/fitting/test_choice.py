"""Rows that are left out in turn, when a start is better, and a model beside the training that started from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from formation_mlp.benchmark.outcome import Outcome
from formation_mlp.config.schema import DataConfig, TaskConfig
from formation_mlp.data.dataset import load_dataset
from formation_mlp.fitting.choice import _Errors
from formation_mlp.fitting.start_table import N_PARTS, PLAIN, STARTED, StartTable
from formation_mlp.fitting.untrained import Untrained
from formation_mlp.runs.start_rows import StartRows, is_as_good_untrained, untrained_in_words
from formation_mlp.splits.methods import Split


def table(n: int = 40, n_known: int = 20) -> StartTable:
    """Return bundled rows of which the first are known: train, val and test in turn."""
    dataset = load_dataset(DataConfig(path="bundled"), TaskConfig()).take(range(n))
    rows = np.arange(n)
    split = Split(rows[rows % 4 > 1], rows[rows % 4 == 0], rows[rows % 4 == 1])
    return StartTable(dataset, {}, split, StartRows(rows < n_known))


def test_each_new_train_and_val_row_is_left_out_once_and_known_rows_stay() -> None:
    rows = table()
    parts = rows.left_out_in_turn(0)
    assert len(parts) == N_PARTS
    left_out = np.concatenate([fold for _, fold in parts])
    assert sorted(left_out) == rows.tried.tolist()
    assert set(left_out) == set(range(20, 40)) - set(rows.split.test)
    for split, fold in parts:
        used = {*split.train, *split.val}
        assert not used & {*fold, *rows.split.test}
        assert used | {*fold} == {*rows.split.train, *rows.split.val}
        assert {*split.val} <= {*rows.split.val}


def test_a_part_that_holds_all_val_rows_leaves_one_of_another_kind_to_select_by() -> None:
    rows = table(12, 0)
    rows = StartTable(rows.dataset, {}, Split(np.arange(1, 8), np.arange(1), np.arange(8, 12)), rows.start)
    assert all(len(split.val) == 1 for split, _ in rows.left_out_in_turn(0))


def errors(of_start: list[float], are_few: bool) -> _Errors:
    of_start = of_start * (1 if are_few else 4)
    plain = np.linspace(0.1, 0.3, len(of_start))
    of = {PLAIN: plain, STARTED: plain + np.array(of_start)}
    return _Errors("m", of, None, [f"Na{i + 1}Cl" for i in range(len(of_start))], "some rows", True)


@pytest.mark.parametrize(
    ("of_start", "are_few", "wins"),
    [
        ([-0.1] * 11 + [-0.05], True, True),
        ([-0.5] + [0.03] * 11, True, False),  # ahead by one row alone
        ([-0.5] + [0.03] * 11, False, True),  # of 48 rows the mean decides
        ([0.1] * 11 + [0.05], True, False),
    ],
)
def test_few_rows_must_speak_clearly_for_a_start(of_start: list[float], are_few: bool, wins: bool) -> None:
    assert errors(of_start, are_few).speak_for_start is wins
    assert "paired t-test, p" in str(errors(of_start, are_few))


def outcome(n: int, off: float) -> Outcome:
    y = np.linspace(-3, 0, n)
    ids, formulas = [str(i) for i in range(n)], [f"Na{i + 1}Cl" for i in range(n)]
    novelty = np.zeros(n, np.int8)
    wobble = np.where(np.arange(n) % 2, 0.01, -0.01)
    return Outcome(
        "ensemble", True, "", 0, 1, 9, "test", ids, formulas, novelty, y, y + off + wobble, 0, 0, 0, 0, None, 1, "p"
    )


def beside(off_untrained: float, off_trained: float, n_new: int = 12) -> dict[str, Any] | None:
    n = 20
    shown = outcome(n, off_trained)
    model = Untrained("composition", "measured", tuple(shown.ids), np.arange(n) < n_new, shown.y + off_untrained)
    return model.beside(shown)


def test_a_model_that_is_as_good_without_training_is_recommended_as_it_is() -> None:
    about = beside(0.06, 0.24)
    assert about is not None
    assert (about["rows"], about["MAE"], about["MAE_of_training"]) == (12, 0.06, 0.24)
    assert is_as_good_untrained(about)
    said = untrained_in_words(about)
    assert said.endswith("formation-mlp predict composition --csv NEW.csv --scale measured")


def test_a_training_that_is_clearly_better_is_said_to_be() -> None:
    about = beside(0.24, 0.06)
    assert about is not None
    assert not is_as_good_untrained(about)
    assert "clearly better" in untrained_in_words(about)
    assert "predict" not in untrained_in_words(about)


def test_of_few_rows_nothing_is_said_of_the_model_as_it_is() -> None:
    assert beside(0.06, 0.24, n_new=9) is None
