"""One seed, many independent streams of random numbers.

Nothing in the package seeds a global generator for good: who needs random numbers is handed a
generator, and what must use torch's global one (layers such as dropout) borrows it and gives it back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

if TYPE_CHECKING:
    import torch


def stream_seed(seed: int, stream: str) -> int:
    """Return a 63-bit seed for a named stream, such as ``split`` or ``batches``."""
    sequence = np.random.SeedSequence([seed, crc32(stream.encode())])
    return int(sequence.generate_state(1, np.uint64)[0]) >> 1


def numpy_generator(seed: int, stream: str) -> np.random.Generator:
    """Return NumPy's generator of a named stream."""
    return np.random.default_rng(stream_seed(seed, stream))


def torch_generator(seed: int, stream: str) -> torch.Generator:
    """Return a CPU generator of torch for a named stream."""
    import torch

    return torch.Generator().manual_seed(stream_seed(seed, stream))


@contextmanager
def borrowed_torch_rng(generator: torch.Generator, device: torch.device | None = None) -> Iterator[None]:
    """Let torch's global generators continue ``generator`` inside the block.

    Weight initialisation, dropout and RReLU draw from the global generator of their device only. Afterwards it is as
    it was before, and ``generator`` has advanced by what the block drew.

    A cuda or mps ``device`` has a generator of another kind, which cannot continue ``generator``: it is seeded with a
    number drawn from it. So a seed repeats a run on the same device, as far as the device's sums do; it has been tried
    with a stand-in for such a device only.
    """
    import torch

    saved = torch.get_rng_state()
    torch.set_rng_state(generator.get_state())
    try:
        with _seeded(device):
            yield
    finally:
        generator.set_state(torch.get_rng_state())
        torch.set_rng_state(saved)


@contextmanager
def _seeded(device: torch.device | None) -> Iterator[None]:
    """Seed the generator of a device that is not the cpu from that of the cpu, and give it back as it was."""
    import torch

    if device is None or device.type == "cpu":
        yield
        return
    module = torch.get_device_module(device)
    saved = module.get_rng_state()
    module.manual_seed(int(torch.randint(2**62, ())))
    try:
        yield
    finally:
        module.set_rng_state(saved)
