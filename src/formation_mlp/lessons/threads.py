"""How many threads the small networks of the lessons use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_limits: list[Any] = []


def limit_threads(n: int = 1) -> None:
    """Let PyTorch and the linear algebra of NumPy use ``n`` threads, in a notebook until its kernel ends.

    The matrices of the lessons are so small that threads would wait for one another longer than they work: on two busy
    cores lesson 4 took 12 minutes with threads, and less than one without.
    """
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(n)
    _limits.append(threadpool_limits(n))


@contextmanager
def own_threads() -> Iterator[None]:
    """Undo after the block what a lesson inside it has limited."""
    import torch

    before, n_limits = torch.get_num_threads(), len(_limits)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        while len(_limits) > n_limits:
            _limits.pop().restore_original_limits()
