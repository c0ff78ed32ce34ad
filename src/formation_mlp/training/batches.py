"""Rows as tensors, and the mini-batches of an epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from formation_mlp.errors import ConfigError
from formation_mlp.registry import lookup


@dataclass(frozen=True, slots=True)
class Rows:
    """Scaled descriptors ``X [n, d]`` and encoded targets ``y [n]``, resident on one device."""

    X: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.X)

    @classmethod
    def from_arrays(
        cls,
        X: NDArray[np.float64],
        y: NDArray[np.float64],
        device: torch.device,
        dtype: torch.dtype = torch.float32,
    ) -> Rows:
        """Convert once; after this, batches are index selections."""
        if y.shape != (len(X),):
            raise ValueError(f"targets of shape {y.shape} for {len(X)} rows")
        return cls(torch.as_tensor(X, dtype=dtype, device=device), torch.as_tensor(y, dtype=dtype, device=device))


def n_batches(n: int, batch_size: int) -> int:
    """Return the number of mini-batches of an epoch: ``n / batch_size`` to the nearest whole number.

    Halves go down; so no batch is a single row, unless ``n`` or ``batch_size`` is one.
    """
    return max(1, math.ceil(n / batch_size - 0.5))


def shuffled_batches(rows: Rows, batch_size: int, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield all rows once, in random order, as non-overlapping mini-batches of nearly equal size.

    Sizes differ by one row at most, so that no small last batch gets the weight of a whole one, or is a
    single row, which batch normalisation cannot take.
    """
    order = torch.randperm(len(rows), generator=generator).to(rows.X.device)
    for batch in torch.tensor_split(order, n_batches(len(rows), batch_size)):
        yield rows.X.index_select(0, batch), rows.y.index_select(0, batch)


def choose_device(name: str) -> torch.device:
    """Return the device of a configuration; ``auto`` is cuda if there is one, else the cpu.

    Raises
    ------
    ConfigError
        If the name is unknown, or this machine has no such device.
    """
    available = lookup(DEVICES, name, "training.device", "device")
    if not available():
        present = [key for key, check in DEVICES.items() if check()]
        raise ConfigError(f"training.device: this machine has no {name!r}. Choose one of: {', '.join(present)}.")
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


DEVICES: dict[str, Callable[[], bool]] = {
    "auto": lambda: True,
    "cpu": lambda: True,
    "cuda": torch.cuda.is_available,
    "mps": torch.backends.mps.is_available,
}
