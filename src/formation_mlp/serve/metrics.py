"""Counts for Prometheus; of several processes together, where a folder for them is named before they begin."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from formation_mlp.serve.jobs.store import Jobs

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""Variable by which prometheus_client is told the folder; it looks at it when it is imported."""
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""Seconds."""


@cache
def _instruments() -> tuple[Any, Any, Any]:
    from prometheus_client import Counter, Histogram

    return (
        Counter("formation_mlp_requests", "Requests that were answered.", ["method", "address", "status"]),
        Histogram("formation_mlp_request_seconds", "Time of an answer.", ["address"], buckets=BUCKETS),
        Counter("formation_mlp_rows", "Formulas and structures that were predicted."),
    )


def counted(method: str, address: str, status: int, seconds: float) -> None:
    """Count a request."""
    requests, times, _ = _instruments()
    known = method if method in ("GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH") else "other"
    requests.labels(known, address, str(status)).inc()
    times.labels(address).observe(seconds)


def counted_rows(n: int) -> None:
    """Count rows that were predicted."""
    _instruments()[2].inc(n)


def exposition(jobs: Jobs) -> tuple[bytes, str]:
    """Return all counts as Prometheus reads them, and the type of that text."""
    from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    _instruments()
    registry: CollectorRegistry = REGISTRY
    if SHARED in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry) + _of_jobs(jobs), CONTENT_TYPE_LATEST


def _of_jobs(jobs: Jobs) -> bytes:
    from prometheus_client import CollectorRegistry, Gauge, generate_latest

    registry = CollectorRegistry()
    gauge = Gauge("formation_mlp_jobs", "Tables by their state.", ["state"], registry=registry)
    for state in ("waiting", "running", "done", "failed", "cancelled"):
        gauge.labels(state).set(0)
    for job in jobs.all():
        gauge.labels(job.state).inc()
    return generate_latest(registry)
