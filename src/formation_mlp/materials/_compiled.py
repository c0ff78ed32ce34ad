"""Run one kernel two ways: interpreted for a few rows, compiled by numba for many.

A kernel is a function of arrays and numbers written with plain loops. Importing numba takes half a second,
more than a whole prediction for one formula; compiling makes a kernel some hundred times faster.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

Kernel = Callable[..., Any]

COMPILE_FROM = 25_000
"""Numbers to compute from which a kernel is compiled (about 200 rows of the Magpie set)."""


def kernel_for(n_numbers: int, kernel: Kernel) -> Kernel:
    """Return ``kernel`` in the form that computes so many numbers soonest."""
    return kernel if n_numbers < COMPILE_FROM else compiled(kernel)


@cache
def compiled(kernel: Kernel) -> Kernel:
    """Return ``kernel`` compiled by numba, from numba's disk cache where it has been compiled before.

    numba keeps the machine code beside the module, in ``NUMBA_CACHE_DIR`` or in the user's cache folder;
    where none of them can be written the kernel is compiled anew in each process.
    """
    from numba import njit

    options = {"nogil": True, "error_model": "numpy"}
    try:
        return njit(cache=True, **options)(kernel)  # type: ignore[no-any-return]
    except RuntimeError:  # "no locator available": no folder for the cache
        return njit(**options)(kernel)  # type: ignore[no-any-return]
