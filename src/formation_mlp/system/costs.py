"""What a piece of work costs: time on the clock, time of all threads, memory."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

_PROCESS = Path("/proc/self")
_FORGET_PEAK = "5"
"""What resets ``VmHWM`` when it is written to ``clear_refs``; see proc(5)."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a piece of work took.

    Attributes
    ----------
    seconds : on the clock
    cpu_seconds : of all threads of the process
    peak_memory : the most memory that the process held meanwhile, data and libraries included, in bytes; None where
        the system does not tell
    """

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory: int | None = None

    def __add__(self, other: Cost) -> Cost:
        """Return the cost of two pieces of work, one after the other."""
        peaks = [cost.peak_memory for cost in (self, other) if cost.peak_memory is not None]
        seconds, cpu_seconds = self.seconds + other.seconds, self.cpu_seconds + other.cpu_seconds
        return Cost(seconds, cpu_seconds, max(peaks, default=None))

    def as_json(self) -> dict[str, float | int | None]:
        """Return what a report says of it, beside the seconds on the clock."""
        return {"cpu_seconds": round(self.cpu_seconds, 3), "peak_memory": self.peak_memory}


class Meter:
    """Measure a piece of work, from now on."""

    def __init__(self) -> None:
        self._knows_peak = _forget_peak()
        self._start = time.perf_counter(), time.process_time()

    def cost(self) -> Cost:
        """Return the cost so far."""
        seconds, cpu_seconds = time.perf_counter() - self._start[0], time.process_time() - self._start[1]
        return Cost(seconds, cpu_seconds, _peak() if self._knows_peak else None)


def total(costs: Iterable[Cost]) -> Cost:
    """Return the cost of several pieces of work: times add up, the largest memory counts."""
    return reduce(Cost.__add__, costs, Cost())


def _forget_peak() -> bool:
    """Let the system count the peak of this process's memory anew; return whether it does."""
    try:
        (_PROCESS / "clear_refs").write_text(_FORGET_PEAK, encoding="ascii")
    except OSError:
        return False
    return True


def _peak() -> int | None:
    for line in (_PROCESS / "status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return None
