"""Streams of random numbers, and torch's global generator borrowed and given back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from formation_mlp.seeding import borrowed_torch_rng, numpy_generator, stream_seed, torch_generator

STREAMS = ("split", "weights", "batches", "layers")


def test_seeds_of_streams_are_frozen_for_they_decide_every_published_number() -> None:
    assert [stream_seed(0, stream) for stream in STREAMS] == [
        2515624203271457519,
        3699729803252847382,
        598306082256072567,
        3247737477698024904,
    ]


def test_streams_and_seeds_are_independent() -> None:
    seeds = {stream_seed(seed, stream) for seed in range(100) for stream in STREAMS}
    assert len(seeds) == 400
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_a_stream_repeats_itself_and_another_differs() -> None:
    numbers = numpy_generator(3, "split").random(5)
    np.testing.assert_array_equal(numbers, numpy_generator(3, "split").random(5))
    assert not np.array_equal(numbers, numpy_generator(4, "split").random(5))
    assert not np.array_equal(numbers, numpy_generator(3, "other").random(5))
    draws = torch.rand(5, generator=torch_generator(3, "batches"))
    assert torch.equal(draws, torch.rand(5, generator=torch_generator(3, "batches")))
    assert not torch.equal(draws, torch.rand(5, generator=torch_generator(3, "layers")))


def test_borrowing_continues_the_generator_and_gives_the_global_one_back() -> None:
    before = torch.get_rng_state()
    generator, reference = torch_generator(0, "layers"), torch_generator(0, "layers")
    for _ in range(2):
        with borrowed_torch_rng(generator):
            drawn = torch.rand(3)
        assert torch.equal(drawn, torch.rand(3, generator=reference))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(generator.get_state(), reference.get_state())


def test_an_error_inside_gives_the_global_generator_back_too() -> None:
    before = torch.get_rng_state()

    def draw_and_fail() -> None:
        with borrowed_torch_rng(torch_generator(0, "layers")):
            torch.rand(1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        draw_and_fail()
    assert torch.equal(torch.get_rng_state(), before)


class Device:
    """Stands for ``torch.cuda``: a generator of another kind than that of the cpu."""

    def __init__(self) -> None:
        self.generator = np.random.default_rng(5)

    def manual_seed(self, seed: int) -> None:
        self.generator = np.random.default_rng(seed)

    def get_rng_state(self) -> object:
        return self.generator.bit_generator.state

    def set_rng_state(self, state: Any) -> None:
        self.generator.bit_generator.state = state


def test_on_another_device_noise_is_repeated_from_any_block_on(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device()
    monkeypatch.setattr(torch, "get_device_module", lambda asked: device if asked.type == "cuda" else None)
    before = device.get_rng_state()

    def draws(generator: torch.Generator, n: int) -> list[float]:
        found = []
        for _ in range(n):
            with borrowed_torch_rng(generator, torch.device("cuda")):
                found.append(device.generator.random())
        return found

    whole = draws(torch_generator(0, "layers"), 3)
    assert len(set(whole)) == 3
    stopped = torch_generator(0, "layers")
    assert draws(stopped, 1) == whole[:1]
    resumed = torch.Generator()
    resumed.set_state(stopped.get_state())
    assert draws(resumed, 2) == whole[1:]
    assert draws(torch_generator(1, "layers"), 1) != whole[:1]
    assert device.get_rng_state() == before


def test_on_the_cpu_the_device_changes_nothing() -> None:
    drawn = []
    for device in (None, torch.device("cpu")):
        with borrowed_torch_rng(torch_generator(0, "layers"), device):
            drawn.append(torch.rand(3))
    assert torch.equal(*drawn)
