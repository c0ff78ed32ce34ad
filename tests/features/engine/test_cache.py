"""Numbers that are kept for the next run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from formation_mlp.config.schema import Entry
from formation_mlp.features.base import FeatureBlock
from formation_mlp.features.engine import cache, chunks, costly
from formation_mlp.features.engine.cache import FeatureCache, cache_folder, chunk_key, engine_state
from formation_mlp.features.engine.table import FeatureTable, featurize
from formation_mlp.materials.records import Materials
from formation_mlp.materials.structures import Structures
from formation_mlp.system.compute import Compute
from formation_mlp.system.processes import DIED

FEATURES: list[Entry] = ["density", {"sine_coulomb": {"n_eigenvalues": 3}}]
N = 30


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "MAX_ROWS", 10)
    monkeypatch.setattr(costly, "WORTH_SECONDS", 0.0)


@pytest.fixture
def materials() -> Materials:
    rng = np.random.default_rng(0)
    lattice = 5.0 * np.eye(3) + rng.normal(0, 0.2, (N, 3, 3))
    structures = Structures(
        np.arange(0, 2 * N + 1, 2), lattice, rng.integers(1, 80, 2 * N), np.tile([[0, 0, 0], [0.5, 0.5, 0.5]], (N, 1))
    )
    structures.lattice[7] = 0.0  # a failure
    return Materials(structures.compositions(), structures)


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by the rows of each chunk that is computed."""
    computed: list[int] = []
    describe = chunks.featurize_chunk

    def counting(parts: Any, rows: Materials) -> Any:
        computed.append(len(rows))
        return describe(parts, rows)

    monkeypatch.setattr(chunks, "featurize_chunk", counting)
    return computed


def same(a: FeatureTable, b: FeatureTable) -> None:
    np.testing.assert_array_equal(a.X, b.X)
    assert (a.names, a.failures, a.missing) == (b.names, b.failures, b.missing)


def test_a_second_run_reads_what_the_first_has_written(materials: Materials, count: list[int], tmp_path: Path) -> None:
    expected = featurize(materials, FEATURES, cache="off")
    assert list(expected.failures) == [7]
    assert not list(tmp_path.iterdir())
    first = featurize(materials, FEATURES, cache=tmp_path)
    count.clear()
    second = featurize(materials, FEATURES, cache=tmp_path)
    assert count == []
    same(first, expected)
    same(second, expected)
    assert second.notes == ()


@pytest.mark.parametrize("broken", ["empty", "cut", "foreign", "other rows", "text", "edited"])
def test_a_damaged_or_foreign_file_is_noticed_and_rebuilt(
    broken: str, materials: Materials, count: list[int], tmp_path: Path
) -> None:
    expected = featurize(materials, ["density"], cache=tmp_path)
    victim, other, *_ = sorted(tmp_path.rglob("*.parquet"))
    content = victim.read_bytes()
    if broken == "foreign":
        pq.write_table(pa.table({"x": [1.0]}), victim)
    elif broken == "other rows":
        shutil.copy(other, victim)
    elif broken == "edited":
        rows = pq.read_table(victim)
        changed = rows.set_column(0, rows.column_names[0], pa.array(np.full(len(rows), 3.14)))
        pq.write_table(changed.replace_schema_metadata(rows.schema.metadata), victim)
    else:
        victim.write_bytes(
            {
                "empty": b"",
                "cut": content[: len(content) // 2],
                "text": b"not a parquet file at all",
            }[broken]
        )
    count.clear()
    again = featurize(materials, ["density"], cache=tmp_path)
    assert count == [10]
    same(again, expected)
    assert len(again.notes) == 1
    assert victim.name in again.notes[0]
    assert "featurized anew" in again.notes[0]
    count.clear()
    same(featurize(materials, ["density"], cache=tmp_path), expected)
    assert count == []


def test_an_interrupted_run_goes_on_where_it_stopped(materials: Materials, count: list[int], tmp_path: Path) -> None:
    def stop(done: int, _total: int) -> None:
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        featurize(materials, FEATURES, cache=tmp_path, progress=stop)
    assert count == [10, 10]
    seen: list[tuple[int, int]] = []
    table = featurize(materials, FEATURES, cache=tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert count == [10, 10, 10]
    assert seen == [(20, N), (N, N)]
    same(table, featurize(materials, FEATURES, cache="off"))


def test_rows_that_are_added_leave_the_finished_chunks_alone(
    materials: Materials, count: list[int], tmp_path: Path
) -> None:
    featurize(materials.take(range(20)), FEATURES, cache=tmp_path)
    count.clear()
    featurize(materials, FEATURES, cache=tmp_path)
    assert count == [10]


def test_a_preset_that_is_added_leaves_the_others_alone(materials: Materials, tmp_path: Path) -> None:
    featurize(materials, FEATURES[:1], cache=tmp_path)
    n = len(list(tmp_path.rglob("*.parquet")))
    featurize(materials, FEATURES, cache=tmp_path)
    assert (n, len(list(tmp_path.rglob("*.parquet")))) == (3, 6)


def test_the_key_tells_all_that_decides_the_numbers(materials: Materials, monkeypatch: pytest.MonkeyPatch) -> None:
    assert materials.structures is not None
    plain = chunk_key("{}", materials, True)
    keys = [plain, chunk_key('{"a": 1}', materials, True), chunk_key("{}", materials, False)]
    for name in ("lattice", "z", "frac"):
        changed = materials.take(range(N))
        assert changed.structures is not None
        getattr(changed.structures, name)[-1] += 1
        keys.append(chunk_key("{}", changed, True))
        assert chunk_key("{}", changed, False) == keys[2]
    changed = materials.take(range(N))
    changed.compositions.amount[0] += 1
    keys.append(chunk_key("{}", changed, True))
    monkeypatch.setattr(cache, "versions", lambda: {"pymatgen": "another"})
    engine_state.cache_clear()
    keys.append(chunk_key("{}", materials, True))
    monkeypatch.undo()
    engine_state.cache_clear()
    assert len(set(keys)) == len(keys)
    assert chunk_key("{}", materials.take(range(N)), True) == plain


def test_presets_of_compositions_are_not_kept(materials: Materials, tmp_path: Path) -> None:
    featurize(materials, ["stoichiometry"], cache=tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_took_no_time_is_not_kept(materials: Materials, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costly, "WORTH_SECONDS", 1000.0)
    featurize(materials, FEATURES, cache=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_row_whose_process_died_is_tried_again_next_time(
    materials: Materials, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(tasks: Any, _compute: Compute) -> Any:
        for task in tasks:
            lost = FeatureBlock(np.full((len(task.materials), 3), np.nan), {0: f"{DIED}: SIGKILL"})
            yield task.number, [(lost, 1.0)]

    monkeypatch.setattr(costly, "featurize_chunks", run)
    assert list(featurize(materials, ["density"], cache=tmp_path).failures) == [0, 10, 20]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("obstacle", ["a file in the way", "read-only", "full"])
def test_a_folder_that_cannot_be_written_does_not_stop_the_job(
    obstacle: str, materials: Materials, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "cache"
    if obstacle == "a file in the way":
        folder.write_text("")
    else:

        def refuse(*_args: object, **_kwargs: object) -> None:
            raise PermissionError(13, "Permission denied") if obstacle == "read-only" else OSError(28, "No space left")

        monkeypatch.setattr("tempfile.mkstemp", refuse)
    found = featurize(materials, FEATURES, cache=folder)
    same(found, featurize(materials, FEATURES, cache="off"))
    assert len(found.notes) == 1
    assert "not kept for the next run" in found.notes[0]


def test_workers_and_this_process_share_what_is_kept(
    materials: Materials, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    by_workers = featurize(materials, FEATURES, compute=Compute(2), cache=tmp_path)
    computed = request.getfixturevalue("count")
    same(featurize(materials, FEATURES, cache=tmp_path), by_workers)
    assert computed == []


def test_the_folder_is_asked_for_or_named_by_the_environment_or_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORMATION_MLP_CACHE", str(tmp_path / "there"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.setattr("sys.platform", "linux")
    assert cache_folder() == tmp_path / "there" / "descriptors"
    assert cache_folder(tmp_path / "here") == tmp_path / "here" / "descriptors"
    assert cache_folder("off") is None
    monkeypatch.setenv("FORMATION_MLP_CACHE", "off")
    assert cache_folder() is None
    monkeypatch.delenv("FORMATION_MLP_CACHE")
    assert cache_folder() == tmp_path / "user" / "formation_mlp" / "descriptors"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    assert cache_folder() is None


def test_a_block_survives_the_journey_to_the_disk(tmp_path: Path) -> None:
    block = FeatureBlock(np.array([[1.0, np.nan], [np.nan, np.nan]]), {1: "„why“"}, {"b": 1})
    store = FeatureCache(tmp_path)
    store.store("ab12", ("a", "b"), block)
    found = store.load("ab12", ("a", "b"), 2)
    assert found is not None
    np.testing.assert_array_equal(found.X, block.X)
    assert (found.failures, found.missing) == (block.failures, block.missing)
    assert store.load("ab13", ("a", "b"), 2) is None
    assert store.notes == []


def test_no_flipped_byte_gives_other_numbers(tmp_path: Path) -> None:
    block = FeatureBlock(np.random.default_rng(0).normal(size=(20, 2)), {3: "why"}, {"b": 1})
    store = FeatureCache(tmp_path)
    store.store("ab12", ("a", "b"), block)
    (path,) = tmp_path.rglob("*.parquet")
    content = path.read_bytes()
    n_noticed = 0
    for position in range(0, len(content), 13):
        flipped = bytearray(content)
        flipped[position] ^= 4
        path.write_bytes(flipped)
        found = store.load("ab12", ("a", "b"), 20)
        n_noticed += found is None
        if found is not None:
            np.testing.assert_array_equal(found.X, block.X)
            assert (found.failures, found.missing) == (block.failures, block.missing)
    assert n_noticed > 10
    assert len(store.notes) == n_noticed


def test_a_few_structures_are_not_looked_for(
    materials: Materials, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To name their entry, all code that featurizes would be read, which takes longer than their numbers."""
    monkeypatch.setattr(costly, "WORTH_SECONDS", 0.02)
    monkeypatch.setattr(costly, "chunk_key", lambda *_: pytest.fail("the code is read"))
    assert featurize(materials.take([0]), ["density"], cache=tmp_path).failures == {}
    with pytest.raises(pytest.fail.Exception, match="the code is read"):
        featurize(materials, ["density"], cache=tmp_path)
