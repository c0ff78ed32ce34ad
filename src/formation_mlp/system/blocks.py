"""Products of matrices whose rows do not depend on how many there are, nor on the number of threads.

A library of linear algebra divides the rows of a product among its threads and its registers, and sums in another
order at an edge: the last digits of a row then depend on the rows beside it. Here every product has the same number of
rows, the last one being filled up, and runs on one thread; several of them run side by side. On some processors even
the place of a row within a product decides its last digits; there `product` multiplies fewer rows at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

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


def product(rows: NDArray[Any], matrix: NDArray[Any]) -> NDArray[Any]:
    """Return ``rows @ matrix``, ``[n, k]`` times ``[k, m]``, where the bits of a row do not depend on its place.

    This holds where ``n`` is a multiple of eight, as in `in_blocks`; other numbers of rows are one product.

    Examples
    --------
    >>> row = np.linspace(0, 1, 3, dtype=np.float32)
    >>> found = product(np.tile(row, (BLOCK, 1)), np.eye(3, 2, dtype=np.float32))
    >>> found.shape, len(np.unique(found, axis=0))
    ((192, 2), 1)
    """
    n = len(rows)
    return rows @ matrix if n == 0 or n % 8 else _in_groups(rows, matrix, _rows_at_once(rows.dtype.str))


def _in_groups(rows: NDArray[Any], matrix: NDArray[Any], size: int) -> NDArray[Any]:
    n, k = rows.shape
    if size == BLOCK:
        whole: NDArray[Any] = rows @ matrix
        return whole
    groups: NDArray[Any] = rows.reshape(n // size, size, k) @ matrix
    return groups.reshape(n, matrix.shape[1])


@cache
def _rows_at_once(kind: str) -> int:
    """Return the most rows of a product whose bits do not depend on their place in it: it is tried out.

    OpenBLAS on processors of the kinds Haswell and Zen takes twelve rows at a time, and sums the first six in another
    order than the others; AVX-512 has no such difference.
    """
    generator = np.random.default_rng(0)
    for size in (BLOCK, 8, 4, 2):
        tries = [
            (generator.normal(size=k), generator.normal(size=(k, m))) for k, m in ((64, 64), (132, 16), (270, 128))
        ]
        found = [_in_groups(np.tile(x.astype(kind), (BLOCK, 1)), W.astype(kind), size) for x, W in tries]
        if all((answer == answer[0]).all() for answer in found):
            return size
    return 1


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
