"""What is to be done, and where: in this process, in several processes of this machine, or on a cluster.

`formation_mlp.system.jobs.run_jobs` does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from formation_mlp.errors import ConfigError

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Compute:
    """Where the parts of some work are done.

    Attributes
    ----------
    workers : processes of this machine, each with one part of the work at a time; 1 is this process
    scheduler : address of a Dask cluster that does the work instead, such as ``tcp://10.0.0.1:8786``, or the path of
        its scheduler file, which ends in ``.json``; None for this machine

    Raises
    ------
    ConfigError
        If ``workers`` is no whole number of at least 1.
    """

    workers: int = 1
    scheduler: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.workers, int) or self.workers < 1:
            raise ConfigError(f"workers: found {self.workers!r}; give a whole number of at least 1.")

    def for_parts(self, n: int) -> Compute:
        """Return where ``n`` parts are done: in no more processes than there are parts."""
        return Compute(max(1, min(self.workers, n)), self.scheduler)

    @property
    def is_here(self) -> bool:
        """Whether this process does the work itself."""
        return self.workers == 1 and self.scheduler is None


HERE = Compute()
"""This process."""


@dataclass(frozen=True, slots=True)
class Job(Generic[K]):
    """One part of some work.

    Attributes
    ----------
    key : what it is for, as its owner calls it
    function : of a module, so that other processes find it; yields what its owner is to know, or nothing
    arguments : of the function; other processes get a copy
    """

    key: K
    function: Callable[..., Iterable[Any]]
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Event(Generic[K]):
    """What comes of a job: each item that its function yields, and at last its end.

    Attributes
    ----------
    key : of the job
    item : what the function yielded; None at the end
    is_end : whether nothing more comes of this job
    lost : how every process ended that began the job, if none could finish it; such as ``SIGKILL``
    """

    key: K
    item: Any = None
    is_end: bool = False
    lost: str = ""


def no_versions() -> Mapping[str, str]:
    """Return nothing: any version will do."""
    return {}


@dataclass(frozen=True, slots=True)
class Terms:
    """What the workers of a cluster must have in common with the process that asks them, and how they work.

    Attributes
    ----------
    versions : returns what decides the numbers, such as the versions of packages, by name; a function of a module
    shared : a file or folder that a worker must see, because it writes beside it; None if it writes nothing
    own_process : whether each job has a process of its own, since the threads of one worker would share torch's
        generator of random numbers
    ahead : jobs on the cluster at a time for each of its threads; more than one keeps the threads busy if jobs are
        short
    """

    versions: Callable[[], Mapping[str, str]] = no_versions
    shared: Path | None = None
    own_process: bool = True
    ahead: int = 1


NO_TERMS = Terms()
