"""What the page says is to be believed: of rows that no start model has learned, and of enough of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from html import unescape
from typing import Any, cast

import numpy as np
import pytest

from formation_mlp.benchmark.of_rows import statements_of_rows
from formation_mlp.benchmark.results import Results
from formation_mlp.benchmark.write import ShownRows
from formation_mlp.reporting.finished import FinishedRun
from formation_mlp.reporting.interval_claims import interval_claim
from formation_mlp.reporting.intervals import IntervalEnds
from formation_mlp.reporting.judged import judged_rows
from formation_mlp.reporting.pictures import interval_pictures
from formation_mlp.reporting.summary import summary
from formation_mlp.typing import Floats

LEARNED_ERROR, NEW_ERROR = 0.125, 0.5


def around(prediction: Floats, half_width: Floats) -> IntervalEnds:
    """Return the same intervals at two levels."""
    return IntervalEnds((0.5, 0.9), *(np.tile(prediction + sign * half_width, (2, 1)) for sign in (-1, 1)))


@dataclass(frozen=True)
class Run:
    """What the summary asks of a finished run, with the first rows learned by a start model."""

    n: int
    n_known: int = 0
    is_told: bool = True
    part: str = "test"
    half_width: float | None = None
    is_classification: bool = False
    unit: str = "eV/atom"
    training: None = None
    compositions: None = None
    config: dict[str, Any] = field(default_factory=dict)
    untrained: dict[str, Any] | None = None

    @property
    def ids(self) -> list[str]:
        return [f"row {i}" for i in range(self.n)]

    @property
    def formulas(self) -> list[str]:
        return [f"Na{i + 1}Cl" for i in range(self.n)]

    @property
    def y(self) -> Floats:
        return np.zeros(self.n)

    @property
    def errors(self) -> Floats:
        return np.where(np.arange(self.n) < self.n_known, LEARNED_ERROR, NEW_ERROR)

    @property
    def prediction(self) -> Floats:
        return self.errors

    @property
    def report(self) -> dict[str, Any]:
        start = {
            "model": "composition",
            "is_told": self.is_told,
            "known_ids": self.ids[: self.n_known],
            "rows": {self.part: {"known": self.n_known, "new": self.n - self.n_known}},
            "scores": {self.part: {"known": {"MAE": LEARNED_ERROR}, "new": {"MAE": NEW_ERROR}}},
        }
        if self.n == self.n_known:
            del start["scores"][self.part]["new"]  # type: ignore[index]
        return {"target": {}, "overlap": {}, "untrained": self.untrained} | ({"start": start} if self.n_known else {})

    def intervals(self) -> IntervalEnds | None:
        return None if self.half_width is None else around(self.prediction, np.full(self.n, self.half_width))


def as_run(run: Run) -> FinishedRun:
    return cast("FinishedRun", run)


def halves(run: Run, statements: list[str] | None = None) -> tuple[str, str]:
    """Return what is to be believed and what not."""
    believe, doubt = summary(as_run(run), statements or []).split('class="doubt"')
    return unescape(believe), unescape(doubt)


def test_without_a_start_model_all_rows_count() -> None:
    believe, doubt = halves(Run(200), ["a is better than b"])
    assert "Mean absolute error 0.500 ± 0.000 eV/atom" in believe
    assert "Over 200 test rows; half" in believe
    assert "a is better than b." in believe
    assert "Few rows" not in doubt


def test_claims_are_made_of_what_the_start_model_has_not_learned() -> None:
    believe, doubt = halves(Run(60, 40))
    assert "Mean absolute error 0.500" in believe
    assert "Over 20 test rows whose formula the start model 'composition' has not learned; half" in believe
    assert "0.125" not in believe
    assert "40 of 60 test rows are formulas that the start model 'composition' has learned (error 0.125;" in doubt
    assert "of the other 20: 0.500" in doubt
    assert "20 test rows; another draw" in doubt


@pytest.mark.parametrize(("n", "n_known"), [(9, 0), (60, 51), (60, 60)])
def test_of_fewer_than_ten_rows_nothing_is_claimed(n: int, n_known: int) -> None:
    believe, doubt = halves(Run(n, n_known, half_width=1.0))
    assert "No error yet" in believe
    assert "too few for a claim" in believe
    assert "±" not in believe
    assert f"mean absolute error of {n} test rows" in doubt
    assert ("may have learned" in doubt) == bool(n_known)
    assert ("tell nothing of new compounds" in doubt) == (n == n_known)


def test_one_row_is_no_rows() -> None:
    believe, doubt = halves(Run(1))
    assert "there is 1 test row," in believe
    assert "1 test rows" not in believe + doubt


def test_a_start_model_that_does_not_tell_what_it_learned_is_not_praised() -> None:
    believe, doubt = halves(Run(60, 60, is_told=False))
    assert "Mean absolute error 0" not in believe
    assert "nothing tells what the start model 'composition' has learned" in doubt


@pytest.mark.parametrize(
    ("share", "said", "is_good"),
    [
        (0.90, "Intervals hold:", True),
        (0.85, "Intervals hold:", True),
        (0.80, "Intervals are too narrow:", False),
        (0.99, "Intervals are too wide:", False),
    ],
)
def test_intervals_hold_only_within_chance(share: float, said: str, is_good: bool) -> None:
    @dataclass(frozen=True)
    class Some(Run):
        def intervals(self) -> IntervalEnds:
            inside = np.arange(self.n) < round(share * self.n)
            return around(self.prediction, np.where(inside, 1.0, 0.01))

    run = as_run(Some(100))
    held, broken = interval_claim(run, judged_rows(run))
    assert [name for name, _ in held] == [said] * is_good
    assert [name for name, _ in broken] == [said] * (not is_good)
    assert "chance allows 84 to 95 %" in (held + broken)[0][1]


def test_intervals_that_hold_at_one_level_only_are_not_praised() -> None:
    @dataclass(frozen=True)
    class Wide(Run):
        def intervals(self) -> IntervalEnds:
            shares = np.array([0.7, 0.8, 0.92])  # of the levels 0.5, 0.6 and 0.9
            inside = np.arange(self.n) < np.round(shares * self.n)[:, None]
            half = np.where(inside, 1.0, 0.01)
            return IntervalEnds((0.5, 0.6, 0.9), self.prediction - half, self.prediction + half)

    run = as_run(Wide(100))
    held, ((name, text),) = interval_claim(run, judged_rows(run))
    assert not held
    assert name == "Intervals are too wide:"
    assert text.startswith("92.0 % of the truths lie inside the intervals of the level 0.9 (100 test rows; chance")
    assert "70 % at the level 0.5 (chance allows 40 to 60 %), 80 % at the level 0.6 (chance allows" in text


@pytest.mark.parametrize(("n_known", "n_shown"), [(0, 200), (100, 100), (195, 200)])
def test_the_picture_of_intervals_shows_the_rows_that_are_judged(n_known: int, n_shown: int) -> None:
    run = as_run(Run(200, n_known, half_width=0.3))
    ends = run.intervals()
    assert ends is not None
    (picture,) = interval_pictures(run, ends)
    assert f"{n_shown} test rows" in picture.caption
    assert ("has not learned" in picture.caption) == (n_shown == 100)
    assert f"share of {n_shown} rows inside" in [panel.get_ylabel() for panel in picture.figure.axes]


def test_intervals_of_learned_rows_do_not_count() -> None:
    run = Run(200, 100, half_width=0.3)  # all of the learned rows lie inside, none of the others
    doubt = halves(run)[1]
    assert "Intervals are too narrow:" in doubt
    assert "0.0 % of the truths" in doubt
    assert "untested" in halves(replace(run, part="val"))[1]


def test_the_opponent_is_judged_by_the_same_new_rows() -> None:
    names = ("own", "better_on_learned", "worse")
    ids = [f"row {i}" for i in range(40)]
    formulas = [f"Na{i + 1}Cl" for i in range(40)]
    is_new = np.arange(40) >= 20
    jitter = np.linspace(0.0, 0.01, 40)
    errors = {
        "own": np.full(40, 0.1),
        "better_on_learned": np.where(is_new, 0.2, 0.0),
        "worse": np.full(40, 0.3),
    }
    rows = {name: ShownRows(ids, formulas, np.zeros(40), errors[name] + jitter * i) for i, name in enumerate(names)}

    class About:
        main = "own"

    class Some:
        about, unit, divisions = About, "eV/atom", (None,)

    some = cast("Results", Some)
    (said,) = statements_of_rows(some, rows, set(ids[20:]), "these 20 test rows")
    assert said.startswith("own is better than better_on_learned by 0.108 eV/atom")
    assert said.endswith("over these 20 test rows")
    assert statements_of_rows(some, {"own": rows["own"]}, set(ids[20:]), "") == []
    assert statements_of_rows(some, rows, set(ids[:1]), "") == []


@pytest.mark.parametrize(("low", "is_said"), [(-0.2, True), (0.01, False)])
def test_a_page_says_where_no_training_was_needed(low: float, is_said: bool) -> None:
    about = {"model": "composition", "scale": "measured", "part": "test", "rows": 41, "MAE": 0.06, "high": 0.1}
    run = Run(200, untrained=about | {"MAE_of_training": 0.24, "low": low})
    plain = re.sub(r"</?span[^>]*>", "", halves(run)[0])
    assert ("formation-mlp predict composition --csv NEW.csv --scale measured" in plain) is is_said
