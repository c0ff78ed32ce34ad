"""Do jobs on the workers of a Dask cluster; needs the extra ``cluster``.

Any cluster will do whose workers have the same versions as this process. Under Slurm, for example::

    from dask_jobqueue import SLURMCluster

    cluster = SLURMCluster(cores=16, processes=16, memory="64GB", walltime="04:00:00")
    cluster.scale(jobs=8)
    featurize(materials, ["ward2017"], compute=Compute(scheduler=cluster.scheduler_address))

or, within one job, as in ``scripts/cluster/featurize.slurm``: ``dask scheduler --scheduler-file scheduler.json &``,
then ``srun dask worker --scheduler-file scheduler.json --nthreads 1 &``, and ``Compute(scheduler="scheduler.json")``.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from formation_mlp.errors import ComputeError
from formation_mlp.system.compute import Event, Job, Terms
from formation_mlp.system.processes import ChildProcess, ProcessDied

K = TypeVar("K")

SECONDS_FOR_ANSWER = 30
SECONDS_FOR_WORKERS = 600
SAME_VERSIONS = "Install the same versions of formation_mlp and the packages it uses on the workers as here."


def on_cluster(jobs: Iterator[Job[K]], scheduler: str, terms: Terms) -> Generator[Event[K], None, None]:
    """Do jobs on a cluster; see `formation_mlp.system.jobs.run_jobs`.

    Dask gives the job of a lost worker to another one. What a job yields comes when the job has ended.

    Raises
    ------
    ComputeError
        If Dask is not installed, the scheduler does not answer, no worker comes up in ten minutes, or a worker does not
        keep to the terms.
    """
    distributed = distributed_package()
    first = list(islice(jobs, 1))
    if not first:
        return
    common = terms, dict(terms.versions()), Path.cwd()
    with connected(distributed, scheduler) as client:

        def submit(jobs: Iterable[Job[K]]) -> dict[Any, Job[K]]:
            with warnings.catch_warnings():  # data that is scattered beforehand is lost with its worker
                warnings.filterwarnings("ignore", "Sending large graph")
                return {client.submit(on_worker, job.function, job.arguments, *common, pure=False): job for job in jobs}

        def more() -> dict[Any, Job[K]]:
            n_wanted = terms.ahead * max(1, sum(client.nthreads().values()))
            return submit(islice(jobs, max(0, n_wanted - len(running))))

        running = submit(first)
        running |= more()
        queue = distributed.as_completed(running, loop=client.loop)
        for future in queue:
            job, lost = running.pop(future), ""
            try:
                for item in future.result():
                    yield Event(job.key, item)
            except ProcessDied as died:
                lost = died.end
            except distributed.KilledWorker as error:
                lost = f"with {error.allowed_failures + 1} workers of the cluster"
            except (ImportError, AttributeError, distributed.client.FutureCancelledError) as error:
                raise ComputeError(f"scheduler {scheduler}: {error}. {SAME_VERSIONS}") from error
            yield Event(job.key, is_end=True, lost=lost)
            added = more()
            running |= added
            queue.update(added)


def on_worker(
    function: Callable[..., Iterable[Any]],
    arguments: tuple[Any, ...],
    terms: Terms,
    versions: Mapping[str, str],
    folder: Path,
) -> list[Any]:
    """Do a job on a worker, and return what it yields.

    Parameters
    ----------
    function, arguments
        Of the job.
    terms
        What the worker must have in common with the process that asks.
    versions
        What `Terms.versions` returns there.
    folder
        Its working folder, where relative paths start.

    Raises
    ------
    ComputeError
        If this worker does not keep to the terms.
    ProcessDied
        If the job's own process dies each time.
    """
    own = terms.versions()
    differing = sorted(name for name in {*own, *versions} if own.get(name) != versions.get(name))
    if differing:
        raise ComputeError(f"a worker of the cluster has other versions of {', '.join(differing)}. {SAME_VERSIONS}")
    if terms.shared is not None and not terms.shared.exists():
        raise ComputeError(
            f"{terms.shared}: a worker of the cluster does not see it. Choose an output on a disk that they share."
        )
    if not terms.own_process:
        return list(function(*arguments))
    child = ChildProcess()
    try:
        return list(child.run_again(in_folder, folder, function, *arguments))
    finally:
        child.close()


def in_folder(folder: Path, function: Callable[..., Iterable[Any]], *arguments: object) -> Iterator[Any]:
    """Yield what a function yields, with another working folder if this machine has it."""
    if folder.is_dir():
        os.chdir(folder)
    yield from function(*arguments)


def distributed_package() -> Any:
    """Return Dask's package `distributed`, or say how to install it."""
    try:
        return import_module("distributed")
    except ImportError as error:
        raise ComputeError(
            "a Dask scheduler needs the package 'distributed': pip install 'formation-mlp[cluster]'."
        ) from error


def connected(distributed: Any, scheduler: str) -> Any:
    """Return a client of a cluster that has a worker."""
    is_file = scheduler.endswith(".json")
    where = {"scheduler_file" if is_file else "address": scheduler}
    try:
        if is_file and not Path(scheduler).is_file():
            raise FileNotFoundError("there is no such file")  # Dask would wait for it
        client = distributed.Client(**where, timeout=SECONDS_FOR_ANSWER, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise ComputeError(
            f"scheduler {scheduler!r}: no Dask scheduler answers there: {error}. "
            "Give its address, such as tcp://10.0.0.1:8786, or its scheduler file (.json)."
        ) from error
    try:
        client.wait_for_workers(1, timeout=SECONDS_FOR_WORKERS)
    except TimeoutError as error:
        client.close()
        raise ComputeError(f"scheduler {scheduler!r}: no worker came up in {SECONDS_FOR_WORKERS} s.") from error
    return client
