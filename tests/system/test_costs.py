"""Time and memory of a piece of work."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from formation_mlp.system import costs
from formation_mlp.system.costs import Cost, Meter, total


def test_times_add_up_and_the_largest_memory_counts() -> None:
    assert total([Cost(1.0, 2.0, 30), Cost(4.0, 5.0, 60), Cost(7.0, 8.0)]) == Cost(12.0, 15.0, 60)
    assert total([]) == Cost()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts the peak of a part of a process")
def test_the_peak_of_memory_is_that_of_the_piece_of_work() -> None:
    np.ones(50_000_000).sum()  # 400 MB, before
    meter = Meter()
    small = meter.cost().peak_memory
    np.ones(25_000_000).sum()
    cost = meter.cost()
    if small is None or cost.peak_memory is None:
        pytest.skip("this system does not let the peak be counted anew")
    assert 150e6 < cost.peak_memory - small < 250e6
    assert cost.cpu_seconds > 0
    assert cost.seconds > 0


def test_a_system_that_does_not_tell_the_peak_gives_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs, "_PROCESS", tmp_path / "absent")
    assert Meter().cost().peak_memory is None
