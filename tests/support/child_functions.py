"""What tests ask of child processes; each child imports this module, so it imports little."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from formation_mlp.errors import DataError

if TYPE_CHECKING:
    from formation_mlp.materials.records import Materials


def count(n: int) -> Iterator[tuple[int, int]]:
    for i in range(n):
        print("a line that must not get between the replies")
        yield os.getpid(), i


def working_folder() -> Iterator[str]:
    yield str(Path.cwd())


def process_of() -> dict[str, str]:
    """Stand in for versions that no two processes share."""
    return {"process": str(os.getpid()), "other": "the same"}


def refuse(message: str) -> Iterator[None]:
    yield None
    raise DataError(message)


class NeedsTwo(Exception):  # noqa: N818
    def __init__(self, a: str, b: str) -> None:
        super().__init__(a + b)


def refuse_oddly() -> Iterator[None]:
    yield from ()
    raise NeedsTwo("odd ", "error")


def die(n: int) -> Iterator[int]:
    yield from range(n)
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(flag: Path, rows: list[int]) -> Iterator[int]:
    if not flag.exists():
        flag.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    yield sum(rows)


def wait() -> Iterator[int]:
    yield os.getpid()
    time.sleep(60)


def crash_at_magnesium(_text: str, _seconds: float, materials: Materials) -> Iterator[list[float] | str]:
    """Stand in for `featurize_rows`."""
    for row in range(len(materials)):
        z = materials.compositions.take([row]).z.tolist()
        if 12 in z:
            os._exit(3)
        yield [float(z[0])]


def crash_once(flag: str, _seconds: float, materials: Materials) -> Iterator[list[float] | str]:
    """Stand in for `featurize_rows`: die at magnesium if there is no file ``flag`` yet."""
    for row in range(len(materials)):
        z = materials.compositions.take([row]).z.tolist()
        if 12 in z and not Path(flag).exists():
            Path(flag).touch()
            os._exit(3)
        yield [float(z[0])]
