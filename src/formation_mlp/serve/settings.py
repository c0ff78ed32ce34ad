"""What a service is started with: where it listens, what it may be asked, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Limits:
    """What a single request may take, so that no request takes all.

    Attributes
    ----------
    body_bytes : of a request, but for tables
    table_bytes : of a table that becomes a job
    table_rows : of such a table
    jobs : that are kept at a time
    keep_days : after which a job is deleted
    rows : formulas of a request; an answer in lines may have more
    files : structure files of a request
    atoms : of the largest reduced formula that a screening makes up
    candidates : compositions that are screened at once
    seconds : until an answer, or a part of one in lines, is given up; what it had begun ends by itself
    at_once : requests that compute side by side in one process
    waiting : requests that wait for these; further ones are refused
    idle_seconds : that a client may take between two blocks of a body, or to take one of an answer in lines
    ending_seconds : that answers which have begun may take when the service is to end
    """

    body_bytes: int = 16 * 2**20
    table_bytes: int = 2**30
    table_rows: int = 1_000_000
    jobs: int = 50
    keep_days: float = 7.0
    rows: int = 10_000
    files: int = 500
    atoms: int = 40
    candidates: int = 50_000
    seconds: float = 60.0
    at_once: int = 2
    waiting: int = 64
    idle_seconds: float = 30.0
    ending_seconds: int = 30


@dataclass(frozen=True, slots=True)
class Settings:
    """How a service runs.

    Attributes
    ----------
    host, port : where it listens
    token : that a request must show, or None where only this machine can ask
    hosts : names by which browsers may call it, beside the usual ones
    runs : folder of run folders, or None
    jobs : folder in which tables lie, or None for the usual one
    workers : processes that answer
    limits : of a request
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    hosts: tuple[str, ...] = ()
    runs: Path | None = None
    jobs: Path | None = None
    workers: int = 1
    limits: Limits = field(default_factory=Limits)

    @property
    def is_local(self) -> bool:
        """Whether no other machine can reach it."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, and no other can reach it.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
