"""Run one kernel two ways: interpreted for a few rows, compiled by numba for many.

A kernel is a function of arrays and numbers written with plain loops. Importing numba takes half a second,
more than a whole prediction for one formula; compiling makes a kernel some hundred times faster.
"""

from __future__ import annotations

import logging
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

COMPILE_FROM = 500
"""Rows, in this process, from which numba, its import included, is faster than the interpreter."""

_ROWS: Counter[Callable[..., Any]] = Counter()
_COMPILED: dict[Callable[..., Any], Callable[..., Any]] = {}
_REMARKS: list[str] = []  # of numba's cache; only the first counts


def kernel_for(n_rows: int, kernel: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``kernel`` for the next ``n_rows`` rows: compiled once it has had enough of them."""
    _ROWS[kernel] += n_rows
    return kernel if _ROWS[kernel] < COMPILE_FROM else compiled(kernel)


def compiled(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``kernel`` compiled by numba, taken from numba's disk cache where it has been compiled before.

    numba keeps the machine code beside the module, in ``NUMBA_CACHE_DIR`` or in the user's cache folder. Where none
    of them can be written, or what is there is damaged, the kernel is compiled anew, and `remarks` tells it.
    """
    if kernel not in _COMPILED:
        from numba import njit

        from formation_mlp.system.machine_code import CheckedCache, NoCache

        dispatcher = njit(kernel, nogil=True, error_model="numpy")
        try:
            dispatcher._cache = CheckedCache(kernel, _remark, _say_that_it_compiles)
        except RuntimeError:  # numba finds no folder for its cache
            dispatcher._cache = NoCache(_say_that_it_compiles)
        _COMPILED[kernel] = dispatcher
    return _COMPILED[kernel]


def is_at_hand(code: Any) -> bool:
    """Tell whether what `compiled` returned has been compiled already, in this process or by an earlier one."""
    return bool(code.signatures) or code._cache.holds_code()


def remarks() -> list[str]:
    """Return what there is to say of numba's cache: one remark at most, once in a process."""
    new = [text for text in _REMARKS if text]
    _REMARKS[:] = [""] * len(_REMARKS)
    return new


@cache
def _say_that_it_compiles() -> None:
    """Tell whoever listens, once in a process, why the next seconds pass without anything to see."""
    logging.getLogger("formation_mlp").info(
        "compiling numerical code for this machine: some seconds, once for each kind of work after an installation"
    )


def _remark(text: str) -> None:
    if not _REMARKS:
        _REMARKS.append(text)
