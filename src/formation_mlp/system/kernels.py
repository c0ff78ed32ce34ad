"""Machine code for loops over the sites and neighbours of a structure.

This module is imported on use, since it imports numba.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TypeVar, cast

from formation_mlp.system.compiled import compiled

F = TypeVar("F", bound=Callable[..., object])


def kernel(function: F) -> F:
    """Compile a function of numbers and arrays on its first call; later processes load it from disk.

    The copy on disk holds the machine code of the kernels that the function calls, and numba notices a change
    of the function's own file only. So the name of the copy tells the state of all files with kernels.
    """
    function.__qualname__ += f"_{_state_of(Path(function.__code__.co_filename).parent)}"
    return cast("F", compiled(function))


@cache
def _state_of(folder: Path) -> str:
    sources = (path.read_bytes() for path in sorted(folder.glob("*.py")))
    return sha256(b"".join(source for source in sources if b"@kernel" in source)).hexdigest()[:12]
