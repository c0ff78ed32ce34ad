"""Kernels that are interpreted for few sites, and machine code for many."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from formation_mlp.features.presets import choose_presets
from formation_mlp.materials.records import Materials
from formation_mlp.materials.structures import Structures
from formation_mlp.system import compiled, kernels
from formation_mlp.system.kernels import kernel
from formation_mlp.typing import Array

PRESETS = ("ward2017", "contacts", "electrostatics", "scaled_rdf")


@kernel
def exponential(x: float) -> float:
    return math.exp(x)


@kernel
def ratio(a: float, b: float) -> float:
    return exponential(a) / b


@kernel
def twice_the_ratio(numbers: Array) -> float:
    return 2 * ratio(numbers[0], numbers[1])


@pytest.fixture
def new_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what forgets all that a process has compiled or counted; the folder on disk stays."""
    from numba import config

    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))

    def forget() -> None:
        monkeypatch.setattr(compiled, "_COMPILED", {})
        monkeypatch.setattr(kernels, "_SITES", Counter())
        for cached in (compiled._say_that_it_compiles, kernels.machine_code, kernels._callee):
            cached.cache_clear()

    forget()
    return forget


class Listener(logging.Handler):
    """Keeps what is said."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage().split(":")[0])


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """Return what listens to the package in place of a console."""
    logger, found = logging.getLogger("formation_mlp"), Listener()
    monkeypatch.setattr(logger, "handlers", [found])
    before = logger.level
    logger.setLevel(logging.INFO)
    yield found
    logger.setLevel(before)


def crystals(n: int) -> Materials:
    """Return structures of 1 to 9 sites with any elements, in cells without symmetry."""
    rng = np.random.default_rng(7)
    n_sites = rng.integers(1, 10, n)
    edges = np.cbrt(15.0 * n_sites)[:, None, None] * np.eye(3)
    lattice = edges + rng.normal(scale=0.5, size=(n, 3, 3))
    site_ptr, total = np.concatenate([[0], np.cumsum(n_sites)]), int(n_sites.sum())
    structures = Structures(site_ptr, lattice, rng.integers(1, 100, total), rng.random((total, 3)))
    return Materials(structures.compositions(), structures)


@pytest.mark.parametrize("preset", PRESETS)
def test_both_ways_give_the_same_bits(preset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A prediction does not depend on whether machine code was at hand."""
    (chosen,) = choose_presets([preset])
    found = []
    for fewest in (10**9, 0):
        monkeypatch.setattr(kernels, "LOAD_FROM", fewest)
        monkeypatch.setattr(kernels, "COMPILE_FROM", fewest)
        found.append(chosen.preset.compute(crystals(25)))
    assert np.isfinite(found[0].X).any()
    np.testing.assert_array_equal(found[0].X, found[1].X)
    assert (found[0].failures, found[0].missing) == (found[1].failures, found[1].missing)


def is_interpreted(function: Any) -> bool:
    return not hasattr(function, "signatures")


def test_little_work_is_interpreted_and_much_compiled(new_process: Callable[[], None]) -> None:
    def chosen(n_sites: int) -> Any:
        return kernels.kernels_for(n_sites, twice_the_ratio)[0]

    assert is_interpreted(chosen(kernels.LOAD_FROM - 1))
    assert is_interpreted(chosen(1))  # enough to load machine code, but there is none
    code = chosen(kernels.COMPILE_FROM)
    assert not is_interpreted(code)
    assert code(np.array([0.0, 2.0])) == 1.0
    new_process()
    assert is_interpreted(chosen(kernels.LOAD_FROM - 1))
    assert not is_interpreted(chosen(1))  # an earlier process left it on disk


def test_kernels_that_work_together_are_counted_together(new_process: Callable[[], None]) -> None:
    chosen = kernels.kernels_for(kernels.LOAD_FROM, twice_the_ratio, ratio)
    assert all(is_interpreted(function) for function in chosen)
    assert all(is_interpreted(function) for function in kernels.kernels_for(kernels.LOAD_FROM, ratio))


def test_machine_code_of_one_of_two_is_not_enough(new_process: Callable[[], None]) -> None:
    kernels.machine_code(twice_the_ratio)(np.array([0.0, 2.0]))
    chosen = kernels.kernels_for(kernels.LOAD_FROM, twice_the_ratio, ratio)
    assert all(is_interpreted(function) for function in chosen)


@pytest.mark.parametrize(
    ("numbers", "expected"), [([1000.0, 1.0], np.inf), ([0.0, 0.0], np.inf), ([np.nan, 1.0], np.nan), ([0.0, 2.0], 1.0)]
)
def test_where_python_has_no_number_machine_code_gives_one(
    new_process: Callable[[], None], numbers: list[float], expected: float
) -> None:
    np.testing.assert_equal(kernels.interpreted(twice_the_ratio)(np.array(numbers)), expected)
    np.testing.assert_equal(kernels.machine_code(twice_the_ratio)(np.array(numbers)), expected)


def test_that_it_compiles_is_said_once_and_only_when_it_does(
    new_process: Callable[[], None], listener: Listener
) -> None:
    numbers = np.array([0.0, 2.0])
    kernels.interpreted(twice_the_ratio)(numbers)
    assert listener.said == []
    kernels.machine_code(twice_the_ratio)(numbers)
    kernels.machine_code(twice_the_ratio)(numbers.astype(np.float32))
    assert listener.said == ["compiling numerical code for this machine"]
    new_process()
    kernels.machine_code(twice_the_ratio)(numbers)
    assert len(listener.said) == 1


def test_that_it_compiles_is_said_without_a_folder_too(
    new_process: Callable[[], None], listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    from numba.core import caching

    def nowhere(_self: Any, _kernel: Any) -> None:
        raise RuntimeError("cannot cache function: no locator available")

    monkeypatch.setattr(caching.CacheImpl, "__init__", nowhere)
    kernels.machine_code(twice_the_ratio)(np.array([0.0, 2.0]))
    assert len(listener.said) == 1
