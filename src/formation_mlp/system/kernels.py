"""Loops over sites, neighbours and phases that call one another: interpreted for little work, else machine code.

A kernel is a function of arrays and numbers, written with plain loops and marked as one. For the few sites of one
structure the interpreter is faster than the import of numba; where the machine code is not on disk yet, compiling
it takes as long as interpreting a thousand sites. Both ways give the same numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache, wraps
from hashlib import sha256
from pathlib import Path
from types import FunctionType
from typing import Any, ParamSpec, TypeVar, cast

import numpy as np

from formation_mlp.system.compiled import compiled, is_at_hand

F = TypeVar("F", bound=Callable[..., object])
P = ParamSpec("P")
R = TypeVar("R")

LOAD_FROM = 60
"""Sites, in this process, from which machine code on disk is faster than the interpreter (15 ms a site)."""
COMPILE_FROM = 900
"""Sites from which it pays to compile."""

_SITES: Counter[tuple[Callable[..., Any], ...]] = Counter()


def kernel(function: F) -> F:
    """Mark a function as a kernel, so that kernels which call it can be compiled."""
    function.__dict__["is_kernel"] = True
    return function


def kernels_for(n_sites: int, *functions: Callable[..., Any]) -> tuple[Callable[..., Any], ...]:
    """Return kernels that work together, for structures of ``n_sites`` sites in all: interpreted, or machine code."""
    _SITES[functions] += n_sites
    if _SITES[functions] >= LOAD_FROM:
        codes = tuple(machine_code(function) for function in functions)
        if _SITES[functions] >= COMPILE_FROM or all(is_at_hand(code) for code in codes):
            return codes
    return tuple(interpreted(function) for function in functions)


def interpreted(function: Callable[P, R]) -> Callable[P, R]:
    """Return a kernel that the interpreter runs, as quietly as machine code.

    Where Python has no number for a result, such as the exponential of 1000, machine code has one, and is asked.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with np.errstate(all="ignore"):
                return function(*args, **kwargs)
        except (ArithmeticError, ValueError):
            code: Callable[P, R] = machine_code(function)
            return code(*args, **kwargs)

    return run


@cache
def machine_code(function: Callable[P, R]) -> Callable[P, R]:
    """Return a kernel that is compiled on its first call, or loaded from disk by later processes.

    The copy on disk holds the machine code of the kernels that the function calls, and numba notices a change
    of the function's own file only. So the name of the copy tells the state of all files with kernels.
    """
    code = _linked(function)
    code.__qualname__ += f"_{_state_of(Path(code.__code__.co_filename).parent)}"
    return cast("Callable[P, R]", compiled(code))


@cache
def _callee(function: Callable[..., Any]) -> Any:
    """Return a kernel compiled for other kernels only, without the parts that let Python call it."""
    from numba import njit

    options = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return njit(_linked(function), nogil=True, error_model="numpy", **options)


def _linked(function: Callable[..., Any]) -> FunctionType:
    """Return a copy of a kernel that calls compiled kernels."""
    original = cast("FunctionType", function)
    known = original.__globals__
    kernels = {name: known[name] for name in original.__code__.co_names if hasattr(known.get(name), "is_kernel")}
    callees = {name: _callee(callee) for name, callee in kernels.items()}
    copy = FunctionType(original.__code__, known | callees, original.__name__, original.__defaults__)
    copy.__qualname__, copy.__module__ = original.__qualname__, original.__module__
    return copy


@cache
def _state_of(folder: Path) -> str:
    sources = (path.read_bytes() for path in sorted(folder.glob("*.py")))
    return sha256(b"".join(source for source in sources if b"@kernel" in source)).hexdigest()[:12]
