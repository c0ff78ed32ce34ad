"""Products of matrices whose rows do not depend on how many there are, nor on the number of threads.

A library of linear algebra divides the rows of a product among its threads and its registers, and sums in another
order at an edge: the last digits of a row then depend on the rows beside it. Here every product has the same number of
rows, the last one being filled up, and runs on one thread; several of them run side by side. On some processors even
the place of a row within a product decides its last digits; there `product` multiplies fewer rows at once. A few rows
make a smaller block where a product of their shape has been seen to give the same bits as that of a whole one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from formation_mlp.typing import Array

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

BLOCK = 192
"""Rows of a block: divisible by the 4, 6, 8, 12, 16, 32 and 64 rows that processors take at a time."""
SMALLER = (16, 96)
"""Rows of the blocks for a few rows, where `product` takes the place of a whole block's."""

_THREADS: ContextVar[int | None] = ContextVar("threads of a product outside of blocks", default=None)
_WHOLE: ContextVar[tuple[int, int]] = ContextVar("rows of this block, and of a whole one", default=(1, 1))
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

    def block(start: int, smaller: tuple[int, ...] = SMALLER) -> Array:
        stop = min(start + rows, n)
        size = next((size for size in smaller if stop - start <= size < rows == BLOCK), rows)
        token = _WHOLE.set((size, rows))
        try:
            if stop - start == size:
                return function(*(array[start:stop] for array in arrays))
            index = np.resize(np.arange(start, stop), size)  # rows occur again until the block is full
            return function(*(array[index] for array in arrays))[: stop - start]
        finally:
            _WHOLE.reset(token)

    if n <= rows and not are_rows_alone():  # one product on all threads
        return block(0, ())
    with one_thread_each() as n_threads:
        return np.concatenate(side_by_side(block, range(0, n, rows), n_threads))


def product(rows: NDArray[Any], matrix: NDArray[Any]) -> NDArray[Any]:
    """Return ``rows @ matrix``, ``[n, k]`` times ``[k, m]``, where the bits of a row do not depend on its place.

    This holds where ``n`` is a multiple of eight, as in `in_blocks`; other numbers of rows are one product. In a
    smaller block the rows are repeated to those of a whole one where the bits would differ.

    Examples
    --------
    >>> row = np.linspace(0, 1, 3, dtype=np.float32)
    >>> found = product(np.tile(row, (BLOCK, 1)), np.eye(3, 2, dtype=np.float32))
    >>> found.shape, len(np.unique(found, axis=0))
    ((192, 2), 1)
    """
    n = len(rows)
    if n == 0 or n % 8:
        whole: NDArray[Any] = rows @ matrix
        return whole
    of_block, of_whole = _WHOLE.get()
    size, m = _rows_at_once(rows.dtype.str), n // of_block * of_whole
    if n == m or _has_bits_of(m, n, matrix.shape, matrix.dtype.str, matrix.flags.c_contiguous, size):
        return _in_groups(rows, matrix, size)
    return _in_groups(np.resize(rows, (m, rows.shape[1])), matrix, size)[:n]


@cache
def _has_bits_of(whole: int, n: int, shape: tuple[int, int], kind: str, is_contiguous: bool, size: int) -> bool:
    """Return whether ``n`` rows give the bits of ``whole`` ones in a product with a matrix of a shape: it is tried out.

    A library has kernels of its own for small products, which may sum in another order.
    """
    generator = np.random.default_rng(0)
    rows, matrix = ((generator.random(some) - 0.5).astype(kind) for some in ((whole, shape[0]), shape))
    matrix = matrix if is_contiguous else np.asfortranarray(matrix)
    found, wanted = _in_groups(rows[:n], matrix, size), _in_groups(rows, matrix, size)[:n]
    return bool((found == wanted).all())


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


@lru_cache(maxsize=1)
def _libraries(_n_modules: int) -> ThreadpoolController:
    """Return the libraries of linear algebra; they are looked for again when a module has come, which may bring one."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


@contextmanager
def one_thread_each() -> Iterator[int]:
    """Let products in this block run on one thread each; the value is how many threads they had before."""
    before = _THREADS.get()
    if before is not None:  # they are limited already
        yield before
        return
    blas = _libraries(len(sys.modules))
    n = max((library.num_threads for library in blas.lib_controllers), default=1)
    token = _THREADS.set(n)
    try:
        with blas.limit(limits=1):
            yield n
    finally:
        _THREADS.reset(token)
