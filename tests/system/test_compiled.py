"""Compiled kernels, whatever state numba's cache on disk is in."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from formation_mlp.features.engine.table import featurize
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.materials.records import Materials
from formation_mlp.system import compiled as _compiled


def total(numbers: Any) -> float:
    result = 0.0
    for i in range(len(numbers)):
        result += numbers[i]
    return result


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that numba keeps its cache in, as a new process would find it."""
    from numba import config

    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    new_process(monkeypatch)
    return tmp_path


def new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_compiled, "_COMPILED", {})
    monkeypatch.setattr(_compiled, "_REMARKS", [])


def called() -> tuple[Any, list[str]]:
    """Compile the kernel, or take it from disk, call it, and return it with what is said of the cache."""
    kernel: Any = _compiled.compiled(total)
    assert kernel(np.arange(4.0)) == 6.0
    return kernel, _compiled.remarks()


def files(cache: Path, ending: str) -> list[Path]:
    return sorted(cache.rglob(f"*{ending}"))


def test_a_second_process_finds_the_machine_code(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel, said = called()
    assert (sum(kernel.stats.cache_hits.values()), said) == (0, [])
    new_process(monkeypatch)
    kernel, said = called()
    assert (sum(kernel.stats.cache_hits.values()), said) == (1, [])


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _content: b"",
    "cut in half": lambda content: content[: len(content) // 2],
    "without its end": lambda content: content[:-1],
    "one bit": flipped,
    "something else": lambda _content: b"not a pickle at all",
    "longer": lambda content: content + b"x",
}


@pytest.mark.parametrize("ending", [".nbi", ".nbc"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_said_once_not_used_and_made_anew(
    cache: Path, monkeypatch: pytest.MonkeyPatch, damage: str, ending: str
) -> None:
    called()
    (path,) = files(cache, ending)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    new_process(monkeypatch)
    kernel, said = called()
    assert sum(kernel.stats.cache_hits.values()) == 0
    assert len(said) == 1
    assert "numba's cache is damaged" in said[0]
    assert _compiled.remarks() == []
    new_process(monkeypatch)
    kernel, said = called()
    assert (sum(kernel.stats.cache_hits.values()), said) == (1, [])


def test_a_missing_file_is_made_anew(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called()
    (path,) = files(cache, ".nbc")
    path.unlink()
    new_process(monkeypatch)
    assert called()[1] == []
    assert path.exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("n_writes", [0, 1])
def test_a_cache_that_cannot_be_written_stops_nothing(
    cache: Path, monkeypatch: pytest.MonkeyPatch, number: int, n_writes: int
) -> None:
    from numba.core.caching import IndexDataCacheFile

    real, written = IndexDataCacheFile._open_for_write, []

    def full(self: Any, path: str) -> Any:
        written.append(path)
        if len(written) > n_writes:
            raise OSError(number, os.strerror(number), path)
        return real(self, path)

    monkeypatch.setattr(IndexDataCacheFile, "_open_for_write", full)
    _, said = called()
    assert len(said) == 1
    assert f"numba's cache cannot be written ({os.strerror(number)})" in said[0]
    kernel: Any = _compiled.compiled(total)
    assert kernel(np.arange(3)) == 3.0  # another type: compiled anew
    assert _compiled.remarks() == []
    monkeypatch.setattr(IndexDataCacheFile, "_open_for_write", real)
    new_process(monkeypatch)
    assert called()[1] == []


def test_no_folder_for_a_cache_stops_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from numba.core import caching

    def nowhere(_self: Any, _kernel: Any) -> None:
        raise RuntimeError("cannot cache function: no locator available")

    monkeypatch.setattr(caching.CacheImpl, "__init__", nowhere)
    kernel, said = called()
    assert said == []
    assert files(cache, "") == []
    assert kernel.stats.cache_path is None


def test_features_come_with_a_remark_on_the_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from numba.core.caching import IndexDataCacheFile

    def full(_self: Any, path: str) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    monkeypatch.setattr(IndexDataCacheFile, "_open_for_write", full)
    rows = Materials(parse_formulas(["Fe2O3", "NaCl"] * 300).compositions)
    table = featurize(rows, ["stoichiometry"])
    assert len(table.notes) == 1
    assert "each process compiles anew" in table.notes[0]
    assert featurize(rows, ["stoichiometry"]).notes == ()
