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
    return int(sequence.generate_state(1, np.uint64)[0] >> 1)


def numpy_generator(seed: int, stream: str) -> np.random.Generator:
    """Return NumPy's generator of a named stream."""
    return np.random.default_rng(stream_seed(seed, stream))


def torch_generator(seed: int, stream: str) -> torch.Generator:
    """Return a CPU generator of torch for a named stream."""
    import torch

    return torch.Generator().manual_seed(stream_seed(seed, stream))


@contextmanager
def borrowed_torch_rng(generator: torch.Generator) -> Iterator[None]:
    """Let torch's global CPU generator continue ``generator`` inside the block.

    Weight initialisation, dropout and RReLU draw from the global generator only. Afterwards it is as
    it was before, and ``generator`` has advanced by what the block drew.
    """
    import torch

    saved = torch.get_rng_state()
    torch.set_rng_state(generator.get_state())
    try:
        yield
    finally:
        generator.set_state(torch.get_rng_state())
        torch.set_rng_state(saved)
