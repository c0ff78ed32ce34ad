"""The same chunks on a Dask cluster."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from formation_mlp.errors import ComputeError, FeatureError
from formation_mlp.features.engine import chunks
from formation_mlp.features.engine.chunks import Chunk, featurize_chunks
from formation_mlp.features.engine.table import featurize
from formation_mlp.features.presets import choose_preset
from formation_mlp.materials.inputs import read_materials
from formation_mlp.materials.records import Materials
from formation_mlp.materials.structures import Structures
from formation_mlp.system import cluster
from formation_mlp.system.cluster import on_worker
from formation_mlp.system.compute import NO_TERMS, Compute, Job, Terms
from formation_mlp.system.jobs import run_jobs
from formation_mlp.system.processes import DIED
from support.child_functions import count, die_once, process_of, working_folder

distributed = pytest.importorskip("distributed")
N = 240


@pytest.fixture(scope="module")
def two_workers() -> Iterator[Any]:
    """Return a local cluster of two workers, each a process."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=50
    ) as local:
        yield local


@pytest.fixture(scope="module")
def materials() -> Materials:
    rng = np.random.default_rng(1)
    lattice = 6.0 * np.eye(3) + rng.normal(0, 0.3, (N, 3, 3))
    structures = Structures(
        np.arange(0, 4 * N + 1, 4), lattice, rng.integers(1, 80, 4 * N), rng.random((4 * N, 3)).round(3)
    )
    return Materials(structures.compositions(), structures)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_every_row_is_there_once_though_a_worker_is_killed_half_way(
    two_workers: Any, materials: Materials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "MAX_ROWS", 10)
    features = ["symmetry", "sine_coulomb", "density"]
    expected = featurize(materials, features, cache="off")
    killed: list[int] = []
    seen: list[int] = []

    def kill_one(done: int, total: int) -> None:
        assert total == N
        seen.append(done)
        if done >= N // 2 and not killed:
            killed.append(two_workers.workers[0].pid)
            os.kill(killed[0], signal.SIGKILL)

    address = two_workers.scheduler_address
    table = featurize(materials, features, compute=Compute(scheduler=address), cache="off", progress=kill_one)
    assert killed
    assert seen == list(range(0, N + 1, 10))
    assert table.failures == expected.failures == {}
    np.testing.assert_allclose(table.X, expected.X, rtol=1e-12, atol=1e-12)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("own_process", [False, True])
def test_a_job_whose_worker_is_lost_is_done_by_another_with_the_same_rows(
    own_process: bool, two_workers: Any, tmp_path: Path
) -> None:
    compute = Compute(scheduler=two_workers.scheduler_address)
    jobs = [Job(i, die_once, (tmp_path / "flag", [i, 1])) for i in range(3)]
    events = list(run_jobs(jobs, compute, Terms(own_process=own_process)))
    assert (tmp_path / "flag").exists()
    assert sorted((event.key, event.item) for event in events if not event.is_end) == [(0, 1), (1, 2), (2, 3)]
    assert sorted((event.key, event.lost) for event in events if event.is_end) == [(0, ""), (1, ""), (2, "")]


@pytest.mark.slow
def test_an_error_on_the_cluster_is_raised_here(two_workers: Any) -> None:
    task = Chunk(0, (choose_preset("density").text,), read_materials(["NaCl"]).materials)
    with pytest.raises(FeatureError, match="compositions only"):
        list(featurize_chunks([task], Compute(scheduler=two_workers.scheduler_address)))


@pytest.mark.slow
def test_workers_with_other_versions_are_refused(
    two_workers: Any, materials: Materials, monkeypatch: pytest.MonkeyPatch
) -> None:
    terms = Terms(process_of, own_process=False)
    monkeypatch.setattr(chunks, "TERMS", terms)
    with pytest.raises(ComputeError, match=r"other versions of process\. Install the same versions"):
        featurize(materials, ["density"], compute=Compute(scheduler=two_workers.scheduler_address), cache="off")


def test_a_worker_without_the_shared_disk_says_so(tmp_path: Path) -> None:
    terms = Terms(shared=tmp_path / "config.yaml")
    with pytest.raises(ComputeError, match=r"config\.yaml: a worker of the cluster does not see it\. Choose"):
        on_worker(count, (2,), terms, {}, tmp_path)


def test_a_worker_works_in_the_folder_of_the_one_that_asks_and_gives_all_that_comes(tmp_path: Path) -> None:
    assert on_worker(working_folder, (), NO_TERMS, {}, tmp_path) == [str(tmp_path)]
    assert on_worker(working_folder, (), NO_TERMS, {}, tmp_path / "absent") == [str(Path.cwd())]


def test_a_row_that_kills_every_worker_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in for Dask, since killing real workers again and again takes long."""

    class KilledWorker(Exception):  # noqa: N818
        allowed_failures = 3

    class Future:
        def __init__(self, parts: Any, rows: Materials) -> None:
            self.parts, self.rows = parts, rows

        def result(self) -> Any:
            if 12 in self.rows.compositions.z:
                raise KilledWorker
            return list(chunks.featurize_chunk(self.parts, self.rows))

    class Client:
        loop = None

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def nthreads(self) -> dict[str, int]:
            return {}

        def submit(self, _on_worker: object, _function: object, arguments: Any, *_terms: object, pure: bool) -> Future:
            return Future(*arguments)

    class Dask:
        @staticmethod
        def as_completed(futures: Any, loop: None) -> Any:
            class Queue(list[Any]):
                def __iter__(self) -> Iterator[Any]:
                    while self:
                        yield self.pop(0)

                update = list.extend

            return Queue(futures)

        client = distributed.client

    Dask.KilledWorker = KilledWorker  # type: ignore[attr-defined]
    monkeypatch.setattr(cluster, "distributed_package", lambda: Dask)
    monkeypatch.setattr(cluster, "connected", lambda *_: Client())
    rows = read_materials(["NaCl", "KCl", "MgO", "FeO", "TiO2"]).materials
    text = choose_preset("tm_fraction").text
    tasks = [Chunk(i, (text,), rows.take(part)) for i, part in enumerate(([0, 1, 2], [3, 4]))]
    found = dict(featurize_chunks(tasks, Compute(scheduler="tcp://stand-in")))
    assert found[0][0][0].failures == {2: f"{DIED}: with 4 workers of the cluster"}
    assert found[0][0][0].X[:2, 0].tolist() == [0, 0]
    assert found[1][0][0].X[:, 0].tolist() == [0.5, 1 / 3]


@pytest.mark.parametrize("scheduler", ["tcp://127.0.0.1:9", "not an address", "nowhere.json"])
def test_a_scheduler_that_does_not_answer_is_an_error(
    scheduler: str, materials: Materials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "SECONDS_FOR_ANSWER", 1)
    with pytest.raises(ComputeError, match="no Dask scheduler answers"):
        featurize(materials, ["density"], compute=Compute(scheduler=scheduler), cache="off")


def test_without_dask_the_error_says_what_to_install(materials: Materials, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ComputeError, match=r"formation-mlp\[cluster\]"):
        featurize(materials, ["density"], compute=Compute(scheduler="tcp://127.0.0.1:9"), cache="off")


def test_a_job_that_is_cached_needs_no_cluster(
    materials: Materials, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("formation_mlp.features.engine.costly.WORTH_SECONDS", 0.0)
    featurize(materials, ["density"], cache=tmp_path)
    table = featurize(materials, ["density"], compute=Compute(scheduler="tcp://127.0.0.1:9"), cache=tmp_path)
    assert len(table) == N
