"""Which number format the matrix products of a training use, and on how many CPU threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from formation_mlp.errors import ConfigError
from formation_mlp.registry import lookup

SMALL_STEP = 5e7
"""Rows times weights of an update below which it is in float32: converting numbers costs more than it saves."""

THREADS_FROM = {0.0: 1, 1e9: 4, 8e9: 16}
"""Rows times weights of an update, from which on it runs on so many CPU threads.

The threads of a small update wait for each other longer than they compute: with spinning threads an epoch takes
four times as long beside one busy process, with sleeping ones longer than on one thread. Members of an ensemble use the
cores side by side.

Sums over other numbers of threads round differently. So the number follows from the network and the rows alone, and not
from the cores of the machine or from other processes beside this one: the last digits are the same with any
``--workers``. More threads than cores cost little (2 cores, 1.3 million weights, 2048 rows a step: 0.7 s on 4 or 8
threads, 1.0 s on 1 or 2).
"""


def has_bfloat16(device: torch.device) -> bool:
    """Tell whether a device multiplies matrices of bfloat16 faster than those of float32."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        able = torch.cpu.get_capabilities()
        return bool(able.get("avx512_bf16") or able.get("amx_bf16"))
    return False


def choose_precision(name: str, device: torch.device, step_size: float) -> torch.dtype:
    """Return the number format of a configuration; ``step_size`` is rows times weights of an update.

    Raises
    ------
    ConfigError
        If the name is unknown, or the device cannot.
    """
    choice = lookup(PRECISIONS, name, "training.precision", "precision")(device, step_size)
    if choice == torch.bfloat16 and device.type == "mps":
        raise ConfigError("training.precision: 'bfloat16' is not for this device (mps). Choose 'float32' or 'auto'.")
    return choice


def autocast(device: torch.device, dtype: torch.dtype) -> torch.autocast:
    """Return a context in which matrix products use ``dtype``; sums, norms and weights stay in float32."""
    return torch.autocast(device.type, dtype, enabled=dtype != torch.float32)


def n_cpu_threads(step_size: float) -> int:
    """Return the number of CPU threads of an update; ``step_size`` is rows times weights.

    Examples
    --------
    >>> n_cpu_threads(512 * 460_000), n_cpu_threads(2048 * 1_300_000)
    (1, 4)
    """
    return max(threads for least, threads in THREADS_FROM.items() if step_size >= least)


@contextmanager
def cpu_threads(n: int) -> Iterator[None]:
    """Compute with ``n`` threads inside the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _auto(device: torch.device, step_size: float) -> torch.dtype:
    return torch.bfloat16 if step_size >= SMALL_STEP and has_bfloat16(device) else torch.float32


PRECISIONS: dict[str, Callable[[torch.device, float], torch.dtype]] = {
    "auto": _auto,
    "float32": lambda _device, _size: torch.float32,
    "bfloat16": lambda _device, _size: torch.bfloat16,
}
