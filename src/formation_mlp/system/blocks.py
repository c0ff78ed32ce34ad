"""Products of matrices whose rows do not depend on how many there are, nor on the number of threads.

A library of linear algebra divides the rows of a product among its threads and its registers, and sums in another
order at an edge: the last digits of a row then depend on the rows beside it. Here every product has the same number of
rows, the last one being filled up, and runs on one thread; several of them run side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from formation_mlp.typing import Array

BLOCK = 192
"""Rows of a block: divisible by the 4, 6, 8, 12, 16, 32 and 64 rows that processors take at a time."""


_THREADS: ContextVar[int | None] = ContextVar("threads of a product outside of blocks", default=None)
_HOLDS: ContextVar[bool] = ContextVar("independent of the other rows", default=False)


@contextmanager
def rows_alone() -> Iterator[None]:
    """Compute every row in this block of code as if the others were not there, however few they are."""
    token = _HOLDS.set(True)
    try:
        with one_thread_each():
            yield
    finally:
        _HOLDS.reset(token)


def are_rows_alone() -> bool:
    """Return whether this code runs in `rows_alone`."""
    return _HOLDS.get()


def in_blocks(function: Callable[..., Array], *arrays: Array, rows: int = BLOCK) -> Array:
    """Return ``function(*arrays)`` for arrays ``[n, ...]`` and a function of rows, block by block.

    Parameters
    ----------
    function
        From as many rows of each array to an array of as many rows; it has no use for more than one thread.
    arrays
        At least one row each.
    rows
        Of a block.
    """
    n = len(arrays[0])
    starts = range(0, n, rows)

    def block(start: int) -> Array:
        stop = min(start + rows, n)
        if stop - start == rows:
            return function(*(array[start:stop] for array in arrays))
        index = np.resize(np.arange(start, stop), rows)  # rows occur again until the block is full
        return function(*(array[index] for array in arrays))[: stop - start]

    if n <= rows:  # one product; in `rows_alone` it has one thread, too
        return block(0)
    with one_thread_each() as n_threads:
        return np.concatenate(side_by_side(block, starts, n_threads))


def side_by_side(function: Callable[[Any], Array], items: Any, n_threads: int) -> list[Array]:
    """Return what a function gives for each item, in their order, computed by some threads."""
    if n_threads == 1 or len(items) == 1:
        return [function(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(n_threads, len(items))) as pool:
        return list(pool.map(function, items))


@contextmanager
def one_thread_each() -> Iterator[int]:
    """Let products in this block run on one thread each; the value is how many threads they had before."""
    from threadpoolctl import ThreadpoolController

    before = _THREADS.get()
    if before is not None:  # they are limited already
        yield before
        return
    blas = ThreadpoolController().select(user_api="blas")
    n = max((library.num_threads for library in blas.lib_controllers), default=1)
    token = _THREADS.set(n)
    try:
        with blas.limit(limits=1):
            yield n
    finally:
        _THREADS.reset(token)
