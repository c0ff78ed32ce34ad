"""Machine code for loops that numpy cannot express."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function of numbers and arrays on its first call; later processes load it from disk."""
    return cast("F", numba.njit(cache=True, nogil=True, error_model="numpy")(function))
