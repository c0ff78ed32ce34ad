"""Child processes: what they answer, and that their death loses nothing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator, Sequence
from itertools import pairwise

import numpy as np
import pytest

from formation_mlp.errors import ComputeError, ConfigError, DataError, FeatureError
from formation_mlp.features.base import FeatureBlock
from formation_mlp.features.engine import chunks
from formation_mlp.features.engine.chunks import (
    Chunk,
    Timed,
    chunk_ranges,
    featurize_by_halves,
    featurize_chunks,
    joined,
)
from formation_mlp.features.engine.table import featurize
from formation_mlp.features.presets import choose_preset
from formation_mlp.materials.inputs import read_materials
from formation_mlp.materials.records import Materials
from formation_mlp.materials.structures import Structures
from formation_mlp.system import processes as workers
from formation_mlp.system.compute import Compute
from formation_mlp.system.processes import DIED, ChildProcess, ProcessDied
from support.child_functions import count, die, refuse, refuse_oddly, wait


@pytest.fixture(scope="module")
def child() -> Iterator[ChildProcess]:
    child = ChildProcess()
    yield child
    child.close()


def cells(n: int, seed: int = 0) -> Materials:
    """Return random structures of one to five atoms."""
    rng = np.random.default_rng(seed)
    ptr = np.concatenate([[0], np.cumsum(rng.integers(1, 6, n))])
    lattice = 5.0 * np.eye(3) + rng.normal(0, 0.2, (n, 3, 3))
    structures = Structures(ptr, lattice, rng.integers(1, 80, ptr[-1]), rng.random((ptr[-1], 3)))
    return Materials(structures.compositions(), structures)


def test_a_child_gives_what_the_function_yields_and_stays_for_the_next_call(child: ChildProcess) -> None:
    first, second = list(child.run(count, 3)), list(child.run(count, 2))
    assert [i for _, i in first] == [0, 1, 2]
    assert {pid for pid, _ in first} == {pid for pid, _ in second} != {os.getpid()}


def test_an_error_in_a_child_is_raised_here(child: ChildProcess) -> None:
    with pytest.raises(DataError, match="what is wrong") as info:
        list(child.run(refuse, "what is wrong"))
    assert "in refuse" in "".join(info.value.__notes__)
    with pytest.raises(RuntimeError, match=r"NeedsTwo: odd error"):
        list(child.run(refuse_oddly))


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_dead_child_is_noticed_and_replaced(child: ChildProcess) -> None:
    seen: list[int] = []
    with pytest.raises(ProcessDied) as info:
        seen.extend(child.run(die, 2))
    assert info.value.end == "SIGKILL"
    assert [i for _, i in child.run(count, 2)] == [0, 1]


def test_a_given_up_iteration_ends_the_process(child: ChildProcess) -> None:
    replies = child.run(wait)
    pid = next(replies)
    assert isinstance(replies, Generator)
    replies.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_process_that_cannot_start_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(ComputeError, match=r"could not be started: .*false ended with exit code 1"):
        list(ChildProcess().run(count, 1))


def test_a_closed_child_starts_no_more() -> None:
    child = ChildProcess()
    child.close()
    with pytest.raises(ProcessDied):
        list(child.run(count, 1))


def test_chunks_cover_all_rows_in_order_and_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "MAX_ROWS", 7)
    monkeypatch.setattr(chunks, "MAX_SITES", 15)
    materials = cells(100)
    ranges = chunk_ranges(materials)
    assert [row for rows in ranges for row in rows] == list(range(100))
    assert materials.structures is not None
    sites = [int(materials.structures.n_sites[rows].sum()) for rows in ranges]
    assert max(map(len, ranges)) <= 7
    assert max(sites) <= 15
    assert min(a + b for a, b in pairwise(sites)) > 7  # none is needlessly small
    assert chunk_ranges(Materials(materials.compositions)) == [range(i, min(i + 7, 100)) for i in range(0, 100, 7)]
    assert chunk_ranges(materials.take([])) == []


def test_a_row_larger_than_a_chunk_is_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "MAX_SITES", 0)
    assert chunk_ranges(cells(3)) == [range(1), range(1, 2), range(2, 3)]


def test_joined_blocks_keep_rows_failures_and_counts() -> None:
    a = FeatureBlock(np.zeros((2, 1)), {1: "first"}, {"x": 1})
    b = FeatureBlock(np.ones((3, 1)), {0: "second"}, {"x": 2, "y": 1})
    both = joined([a, b])
    assert both.X[:, 0].tolist() == [0, 0, 1, 1, 1]
    assert both.failures == {1: "first", 2: "second"}
    assert both.missing == {"x": 3, "y": 1}


@pytest.mark.parametrize("killers", [{4}, {0, 1, 6}, set(range(7))])
def test_the_row_that_kills_is_named_and_the_others_have_their_numbers(killers: set[int]) -> None:
    part = choose_preset("tm_fraction").text
    materials = read_materials([f"FeO{i}" for i in range(1, 8)]).materials
    deadly = {float(1 + row) for row in killers}

    def run(parts: Sequence[str], rows: Materials) -> list[Timed]:
        if deadly & set(rows.compositions.amount[rows.compositions.z == 8].tolist()):
            raise ProcessDied("SIGKILL", -9)
        return next(chunks.featurize_chunk(parts, rows))

    ((block, _),) = featurize_by_halves(run, (part,), materials, ProcessDied("SIGKILL", -9))
    assert set(block.failures) == killers
    assert all(reason == f"{DIED}: SIGKILL" for reason in block.failures.values())
    expected = [np.nan if row in killers else 1 / (2 + row) for row in range(7)]
    np.testing.assert_allclose(block.X[:, 0], expected)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_killed_workers_lose_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "MAX_ROWS", 10)
    started: list[int] = []
    popen = subprocess.Popen

    class Recorded(popen):  # type: ignore[misc, valid-type]
        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(*args, **kwargs)
            started.append(self.pid)

    monkeypatch.setattr(subprocess, "Popen", Recorded)
    killed: list[int] = []

    def kill_one(done: int, total: int) -> None:
        seen.append((done, total))
        if done and not killed:
            killed.append(started[0])
            os.kill(started[0], signal.SIGKILL)

    seen: list[tuple[int, int]] = []
    materials = cells(200)
    features = ["density", "symmetry", "sine_coulomb"]
    table = featurize(materials, features, compute=Compute(2), cache="off", progress=kill_one)
    assert killed
    assert seen[0] == (0, 200)
    assert [done for done, _ in seen] == list(range(0, 201, 10))
    expected = featurize(materials, features, cache="off")
    assert table.failures == expected.failures == {}
    assert len(started) == 3
    np.testing.assert_array_equal(table.X, expected.X)


def test_an_error_in_a_worker_ends_the_job_and_its_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    children: list[ChildProcess] = []

    class Known(ChildProcess):
        def __init__(self) -> None:
            super().__init__()
            children.append(self)

    monkeypatch.setattr(workers, "ChildProcess", Known)
    rows = Materials(cells(5).compositions)  # without structures
    tasks = iter([Chunk(number, (choose_preset("density").text,), rows) for number in range(4)])
    with pytest.raises(FeatureError, match="compositions only"):
        list(featurize_chunks(tasks, Compute(2)))
    assert len(children) == 2
    assert all(child.closed for child in children)


def test_processes_end_with_a_job_that_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    children: list[ChildProcess] = []

    class Known(ChildProcess):
        def __init__(self) -> None:
            super().__init__()
            children.append(self)

    def give_up(done: int, _total: int) -> None:
        if done:
            raise KeyboardInterrupt

    monkeypatch.setattr(chunks, "MAX_ROWS", 10)
    monkeypatch.setattr(workers, "ChildProcess", Known)
    with pytest.raises(KeyboardInterrupt):
        featurize(cells(100), ["density"], compute=Compute(2), cache="off", progress=give_up)
    assert [child.closed for child in children] == [True, True]
    assert [child._process for child in children] == [None, None]


@pytest.mark.parametrize("workers", [0, -1, 1.5, "2"])
def test_a_wrong_number_of_workers_is_refused(workers: object) -> None:
    with pytest.raises(ConfigError, match="workers: found"):
        featurize(cells(2), ["density"], compute=Compute(workers))  # type: ignore[arg-type]
