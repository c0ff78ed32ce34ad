"""Rows as tensors, and the mini-batches of an epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from formation_mlp.errors import ConfigError
from formation_mlp.registry import lookup
from formation_mlp.training.parallel import current_group

Inputs = tuple[Tensor, ...]

GATHERED = 32
"""Batches whose rows are copied at once: a copy for each batch spends most of its time on asking for memory."""


@dataclass(frozen=True, slots=True)
class DeviceRows:
    """What a network is given, and what it should answer; resident on one device.

    Attributes
    ----------
    inputs : the arguments of the network, each ``[n, ...]``; the first are the scaled features
    y : encoded targets, ``[n]``, or ``[n, 1 + t]`` with auxiliary ones
    """

    inputs: Inputs
    y: Tensor

    def __post_init__(self) -> None:
        lengths = {len(tensor) for tensor in (*self.inputs, self.y)}
        if len(lengths) != 1:
            raise ValueError(f"inputs and targets of unequal length: {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.y)

    @property
    def device(self) -> torch.device:
        """Where the rows are."""
        return self.y.device


def as_inputs(device: torch.device, X: ArrayLike, *others: ArrayLike, dtype: torch.dtype = torch.float32) -> Inputs:
    """Convert arrays to a network's arguments, once: real numbers to ``dtype``, whole numbers stay whole."""
    tensors = (torch.as_tensor(array, device=device) for array in (X, *others))
    return tuple(tensor.to(dtype) if tensor.is_floating_point() else tensor for tensor in tensors)


def n_batches(n: int, batch_size: int) -> int:
    """Return the number of mini-batches of an epoch: ``n / batch_size`` to the nearest whole number.

    Halves go down; so no batch is a single row, unless ``n`` or ``batch_size`` is one.
    """
    return max(1, math.ceil(n / batch_size - 0.5))


def shuffled_batches(rows: DeviceRows, batch_size: int, generator: torch.Generator) -> Iterator[tuple[Inputs, Tensor]]:
    """Yield all rows once, in random order, as non-overlapping mini-batches of nearly equal size.

    Sizes differ by one row at most, so that no small last batch gets the weight of a whole one, or is a
    single row, which batch normalisation cannot take.
    """
    order = torch.randperm(len(rows), generator=generator).to(rows.device)
    batches = torch.tensor_split(order, n_batches(len(rows), batch_size))
    for start in range(0, len(batches), GATHERED):
        block = batches[start : start + GATHERED]
        sizes, index = [len(batch) for batch in block], torch.cat(block)
        columns = [tensor.index_select(0, index).split(sizes) for tensor in (*rows.inputs, rows.y)]
        for *inputs, y in zip(*columns, strict=True):
            yield tuple(inputs), y


def choose_device(name: str) -> torch.device:
    """Return the device of a configuration; ``auto`` is cuda if there is one, else the cpu.

    Each process of a group has a cuda device of its own.

    Raises
    ------
    ConfigError
        If the name is unknown, or this machine has no such device, or not enough of them.
    """
    available = lookup(DEVICES, name, "training.device", "device")
    if not available():
        present = [key for key, check in DEVICES.items() if check()]
        raise ConfigError(f"training.device: this machine has no {name!r}. Choose one of: {', '.join(present)}.")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    group = current_group()
    if group.size == 1 or name == "cpu":
        return torch.device(name)
    if name != "cuda" or group.local_rank >= torch.cuda.device_count():
        raise ConfigError(
            f"training.device: {group.size} processes need a cuda device each on their machine, which has "
            f"{torch.cuda.device_count()}. Start fewer with --nproc-per-node, or choose cpu."
        )
    return torch.device(name, group.local_rank)


DEVICES: dict[str, Callable[[], bool]] = {
    "auto": lambda: True,
    "cpu": lambda: True,
    "cuda": torch.cuda.is_available,
    "mps": torch.backends.mps.is_available,
}
