"""The one driver of work: jobs in, what comes of them out, wherever they are done."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import TypeVar

from formation_mlp.system.compute import NO_TERMS, Compute, Event, Job, Terms
from formation_mlp.system.processes import in_processes

K = TypeVar("K")


def run_jobs(jobs: Iterable[Job[K]], compute: Compute, terms: Terms = NO_TERMS) -> Generator[Event[K], None, None]:
    """Do jobs, and yield what comes of them as it comes; closing the generator ends what still runs.

    Jobs are taken from ``jobs`` one by one, when there is room for one more. In this process they are done one after
    another; elsewhere several are done at a time, and events of different jobs come in any order. A job whose process
    dies is begun once more, so its function must go on from what it finds, or begin anew. If that process dies too,
    the job ends with the reason in `Event.lost`, and the others go on.

    Parameters
    ----------
    jobs
        What to do.
    compute
        Where.
    terms
        For the workers of a cluster.

    Raises
    ------
    ComputeError
        If no process can be started, the cluster does not answer, or a worker does not keep to the terms.
    Exception
        What a job raises; it ends all others.
    """
    if compute.scheduler is not None:
        from formation_mlp.system.cluster import on_cluster

        yield from on_cluster(iter(jobs), compute.scheduler, terms)
    elif compute.is_here:
        for job in jobs:
            for item in job.function(*job.arguments):
                yield Event(job.key, item)
            yield Event(job.key, is_end=True)
    else:
        yield from in_processes(iter(jobs), compute.workers)
