"""What is said of epochs where there is no terminal."""

from __future__ import annotations

import pytest

from formation_mlp.runs.progress import Reporter
from formation_mlp.training.state import EpochRecord


def say(reporter: Reporter, clock: list[float], seconds: list[float]) -> None:
    for number, now in enumerate(seconds, start=1):
        clock[0] = now
        reporter.epoch(EpochRecord(number, 0.5, 0.5, 0.5, 1.0, is_best=False), "MAE")


@pytest.mark.parametrize(
    ("verbosity", "few", "epochs"),
    [(0, False, [1, 2, 3, 4]), (0, True, [2, 4]), (1, True, [1, 2, 3, 4]), (-1, False, []), (-1, True, [])],
)
def test_epochs_are_said_at_most_once_in_a_while_where_few_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    verbosity: int,
    few: bool,
    epochs: list[int],
) -> None:
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    reporter = Reporter(verbosity, few_epochs=few)
    say(reporter, clock, [110.0, 131.0, 140.0, 162.0])
    assert [int(line.split()[1]) for line in capsys.readouterr().err.splitlines()] == epochs
