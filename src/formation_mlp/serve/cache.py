"""The few things of one kind that were used last; each is made once, and used by one thread at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Last(Generic[T]):
    """Keeps the things that were used last.

    Parameters
    ----------
    most
        How many.

    Examples
    --------
    >>> last = Last[str](1)
    >>> with last.use("a", lambda: "made") as found:
    ...     found
    'made'
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._kept: dict[str, tuple[Lock, list[T]]] = {}

    @contextmanager
    def use(self, key: str, make: Callable[[], T]) -> Iterator[T]:
        """Lend a thing, which is made if it is not kept; who asks for the same meanwhile waits."""
        with self._lock:
            own, made = self._kept.pop(key, (Lock(), list[T]()))
            self._kept[key] = own, made
            for old in list(self._kept)[: -self._most]:
                del self._kept[old]
        with own:
            if not made:
                made.append(make())
            yield made[0]
