"""Where work is done: in this process, in several processes of this machine, or on a cluster."""

from __future__ import annotations

from dataclasses import dataclass

from formation_mlp.errors import ConfigError


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
