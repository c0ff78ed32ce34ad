"""Mini-batches: every row once, nearly equal sizes, in an order that the seed alone decides."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from formation_mlp.errors import ConfigError
from formation_mlp.training import batches
from formation_mlp.training.batches import DeviceRows, as_inputs, choose_device, n_batches, shuffled_batches

CPU = torch.device("cpu")
SIZES = [(1, 1), (1, 64), (2, 2), (3, 2), (7, 2), (5, 1), (64, 64), (95, 64), (96, 64), (97, 64), (1000, 64), (10, 99)]


def numbered(n: int) -> DeviceRows:
    """Rows whose feature and target both tell the number of the row."""
    number = np.arange(n, dtype=float)
    *inputs, y = as_inputs(CPU, np.stack([number, -number], axis=1), np.arange(n), number)
    return DeviceRows(tuple(inputs), y)


def drawn(n: int, batch_size: int, seed: int = 0) -> list[list[int]]:
    generator = torch.Generator().manual_seed(seed)
    return [y.int().tolist() for _, y in shuffled_batches(numbered(n), batch_size, generator)]


@pytest.mark.parametrize(("n", "batch_size"), SIZES)
def test_an_epoch_holds_every_row_once_in_batches_of_nearly_one_size(n: int, batch_size: int) -> None:
    parts = drawn(n, batch_size)
    assert sorted(row for part in parts for row in part) == list(range(n))
    sizes = {len(part) for part in parts}
    assert max(sizes) - min(sizes) <= 1
    assert len(parts) == n_batches(n, batch_size)


def test_the_number_of_batches_is_the_quotient_rounded_with_halves_down() -> None:
    assert [n_batches(n, 64) for n in (1, 63, 64, 95, 96, 97, 160, 161)] == [1, 1, 1, 1, 1, 2, 2, 3]


def test_no_batch_is_a_single_row_unless_it_is_asked_for() -> None:
    smallest = {(n, size): n // n_batches(n, size) for n in range(2, 300) for size in range(2, 40)}
    assert min(smallest.values()) == 2
    assert n_batches(5, 1) == 5


def test_a_batch_holds_all_inputs_and_targets_of_the_same_rows() -> None:
    for (X, number), y in shuffled_batches(numbered(20), 6, torch.Generator().manual_seed(1)):
        assert torch.equal(X, torch.stack([y, -y], dim=1))
        assert torch.equal(number, y.long())


def test_the_seed_alone_decides_the_order_and_every_epoch_has_a_new_one() -> None:
    assert drawn(30, 8, seed=1) == drawn(30, 8, seed=1)
    assert drawn(30, 8, seed=1) != drawn(30, 8, seed=2)
    generator = torch.Generator().manual_seed(0)
    first, second = ([y.tolist() for _, y in shuffled_batches(numbered(30), 8, generator)] for _ in range(2))
    assert first != second
    torch.manual_seed(5)
    assert drawn(30, 8, seed=1) == drawn(30, 8, seed=1)


def test_rows_are_shuffled_not_dealt_in_order() -> None:
    order = [row for part in drawn(1000, 100) for row in part]
    assert abs(np.corrcoef(order, np.arange(1000))[0, 1]) < 0.1


def test_real_numbers_get_the_asked_precision_and_whole_numbers_stay_whole() -> None:
    X, z, y = np.array([[1 / 3]]), np.array([[26]]), np.array([1 / 3])
    assert [tensor.dtype for tensor in as_inputs(CPU, X, z, y)] == [torch.float32, torch.int64, torch.float32]
    double = as_inputs(CPU, X, z, y, dtype=torch.float64)
    assert [tensor.item() for tensor in double] == [1 / 3, 26, 1 / 3]
    assert double[1].dtype == torch.int64
    rows = DeviceRows(double[:2], double[2])
    assert (len(rows), rows.device) == (1, CPU)


@pytest.mark.parametrize("lengths", [(2, 2, 3), (2, 3, 2), (1, 2, 2)])
def test_inputs_and_targets_of_unequal_length_are_refused(lengths: tuple[int, int, int]) -> None:
    *inputs, y = (torch.zeros(n) for n in lengths)
    with pytest.raises(ValueError, match=r"inputs and targets of unequal length: \[\d, \d\]"):
        DeviceRows(tuple(inputs), y)


@pytest.fixture
def machine_with(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that pretends which accelerators this machine has."""

    def pretend(*present: str) -> None:
        for name in ("cuda", "mps"):
            monkeypatch.setitem(batches.DEVICES, name, (name in present).__bool__)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in present)

    return pretend


def test_auto_takes_cuda_where_there_is_one_and_never_mps(machine_with: Callable[..., None]) -> None:
    machine_with()
    assert choose_device("auto") == CPU
    machine_with("cuda")
    assert choose_device("auto").type == "cuda"
    machine_with("mps")
    assert choose_device("auto") == CPU


def test_a_present_device_is_taken_by_name(machine_with: Callable[..., None]) -> None:
    machine_with("cuda", "mps")
    assert [choose_device(name).type for name in ("cpu", "cuda", "mps")] == ["cpu", "cuda", "mps"]


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_an_absent_device_is_refused_with_those_that_are_there(machine_with: Callable[..., None], name: str) -> None:
    machine_with()
    with pytest.raises(
        ConfigError, match=rf"training.device: this machine has no '{name}'. Choose one of: auto, cpu\."
    ):
        choose_device(name)


def test_an_unknown_device_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match=r"unknown device 'cudas'.*Did you mean 'cuda'"):
        choose_device("cudas")
