"""Featurize chunks on a Dask cluster; needs the extra ``cluster``.

Any cluster will do whose workers have the same version of this package. Under Slurm, for example::

    from dask_jobqueue import SLURMCluster

    cluster = SLURMCluster(cores=16, processes=16, memory="64GB", walltime="04:00:00")
    cluster.scale(jobs=8)
    featurize(materials, ["ward2017"], compute=Compute(scheduler=cluster.scheduler_address))

or, within one job, as in ``scripts/cluster/featurize.slurm``: ``dask scheduler --scheduler-file scheduler.json &``,
then ``srun dask worker --scheduler-file scheduler.json --nthreads 1 &``, and ``Compute(scheduler="scheduler.json")``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from formation_mlp.errors import FeatureError
from formation_mlp.features.engine.cache import engine_state
from formation_mlp.features.engine.chunks import Chunk, Results, Timed, featurize_by_halves, featurize_chunk
from formation_mlp.materials.records import Materials
from formation_mlp.system.processes import ProcessDied

SECONDS_FOR_ANSWER = 30
SECONDS_FOR_WORKERS = 600
QUEUED_PER_THREAD = 3
"""Chunks on the cluster at a time, so that neither the scheduler nor this process holds them all."""


def featurize_on_cluster(tasks: Iterator[Chunk], scheduler: str) -> Results:
    """Run tasks on the workers of a Dask cluster.

    Dask gives the chunk of a lost worker to another one. A chunk that loses several workers is divided until the row
    that does it is alone; it fails with this reason.

    Parameters
    ----------
    tasks
        What to do.
    scheduler
        An address such as ``tcp://10.0.0.1:8786``, or the path of a scheduler file.

    Raises
    ------
    FeatureError
        If Dask is not installed, the scheduler does not answer, no worker comes up in ten minutes, or the workers
        have another version of this package or of one that it computes with.
    """
    distributed = distributed_package()
    first = list(islice(tasks, 1))
    if not first:
        return
    with connected(distributed, scheduler) as client:

        def submit(parts: Sequence[str], materials: Materials) -> Any:
            return client.submit(featurize_here, engine_state(), tuple(parts), materials, pure=False)

        def result_of(future: Any) -> list[Timed]:
            try:
                found: list[Timed] = future.result()
            except distributed.KilledWorker as error:
                raise ProcessDied(f"with {error.allowed_failures + 1} workers of the cluster") from error
            except (ImportError, AttributeError, distributed.client.FutureCancelledError) as error:
                raise FeatureError(f"scheduler {scheduler}: {error}. {_SAME}") from error
            return found

        running = {submit(task.parts, task.materials): task for task in first}
        queue = distributed.as_completed(running, loop=client.loop)
        for future in queue:
            task = running.pop(future)
            try:
                result = result_of(future)
            except ProcessDied as died:
                result = featurize_by_halves(lambda *half: result_of(submit(*half)), task.parts, task.materials, died)
            n_free = QUEUED_PER_THREAD * max(1, sum(client.nthreads().values())) - len(running)
            for more in islice(tasks, max(n_free, 1)):
                added = submit(more.parts, more.materials)
                running[added] = more
                queue.add(added)
            yield task.number, result


def featurize_here(state: str, parts: Sequence[str], materials: Materials) -> list[Timed]:
    """Featurize a chunk on a worker, if the worker would give the same numbers as the process that asks."""
    if engine_state() != state:
        raise FeatureError(f"a worker of the cluster would give other numbers. {_SAME}")
    return list(featurize_chunk(parts, materials))


_SAME = (
    "Install the same versions of formation_mlp, matminer, pymatgen, numpy, scipy and spglib on the workers as here."
)


def distributed_package() -> Any:
    """Return Dask's package `distributed`, or say how to install it."""
    try:
        return import_module("distributed")
    except ImportError as error:
        raise FeatureError(
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
        raise FeatureError(
            f"scheduler {scheduler!r}: no Dask scheduler answers there: {error}. "
            "Give its address, such as tcp://10.0.0.1:8786, or its scheduler file (.json)."
        ) from error
    try:
        client.wait_for_workers(1, timeout=SECONDS_FOR_WORKERS)
    except TimeoutError as error:
        client.close()
        raise FeatureError(f"scheduler {scheduler!r}: no worker came up in {SECONDS_FOR_WORKERS} s.") from error
    return client
