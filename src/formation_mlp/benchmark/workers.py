"""Fit the fits of a benchmark: one after another, side by side in processes, or on a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from formation_mlp.benchmark.fit import is_done, run_fit
from formation_mlp.benchmark.plan import Fit
from formation_mlp.benchmark.rows import AllRows, FitRows
from formation_mlp.errors import TrainingError
from formation_mlp.features.engine.cluster import connected, distributed_package
from formation_mlp.runs.ensemble.cluster import SAME_VERSIONS, in_child_of_worker
from formation_mlp.runs.folder import RunFolder
from formation_mlp.runs.progress import Reporter
from formation_mlp.saved_model.checkpoint import package_versions
from formation_mlp.system.compute import HERE, Compute
from formation_mlp.system.processes import ChildProcess, ProcessDied, in_processes

ATTEMPTS = 2
"""How often a fit is begun whose process dies."""

Done = Callable[[Fit], None]
"""Told of each fit that is fitted."""


def run_here(
    fits: Sequence[Fit],
    rows: AllRows,
    reporter: Reporter,
    done: Done,
    compute: Compute = HERE,
) -> None:
    """Fit fits one after another in this process, but the members of an ensemble in others if these are given."""
    for fit in fits:
        own = reporter if fit.is_main else Reporter(reporter.verbosity - 1)
        run_fit(fit, rows.of(fit), own, compute=compute)
        done(fit)


def run_in_processes(fits: Sequence[Fit], rows: AllRows, done: Done, workers: int) -> None:
    """Fit fits in processes of one thread each.

    A fit whose process dies is begun once more: a network goes on from its last state. If that process dies, too,
    the other fits are fitted all the same.

    Raises
    ------
    TrainingError
        In the end, if a fit could not be fitted.
    """
    lost: dict[str, str] = {}

    def fitted(child: ChildProcess, fit: Fit) -> Iterator[Fit]:
        for attempt in range(ATTEMPTS):
            try:
                for _ in child.run(run_in_child, fit, rows.of(fit), Path.cwd()):
                    pass
            except ProcessDied as died:
                if child.closed:  # the whole benchmark is given up
                    raise
                if attempt == ATTEMPTS - 1:
                    lost[fit.title()] = died.end
            else:
                yield fit
                return

    for fit in in_processes(iter(fits), min(workers, len(fits)), fitted):
        done(fit)
    _complain(lost)


def run_on_cluster(fits: Sequence[Fit], rows: AllRows, done: Done, scheduler: str, home: RunFolder) -> None:
    """Fit fits on the workers of a Dask cluster, one at a time for each of their threads.

    The workers write the fits themselves: the folder of the benchmark must lie on a disk that they share with this
    process. Dask gives the fit of a lost worker to another one.

    Raises
    ------
    TrainingError
        If a fit was lost with several workers, in the end; or if a worker has other versions of this package.
    """
    distributed = distributed_package()
    todo, lost = iter(fits), dict[str, str]()
    common = Path.cwd(), home.path.resolve(), package_versions()
    with connected(distributed, scheduler) as client:

        def submit(n_free: int) -> dict[Any, Fit]:
            begun = {}
            for fit in islice(todo, max(n_free, 0)):
                own = client.scatter(rows.of(fit), hash=False)
                begun[client.submit(run_on_worker, fit, own, *common, pure=False)] = fit
            return begun

        running = submit(max(1, sum(client.nthreads().values())))
        queue = distributed.as_completed(running, loop=client.loop)
        for future in queue:
            fit = running.pop(future)
            try:
                future.result()
            except ProcessDied as died:
                lost[fit.title()] = died.end
            except distributed.KilledWorker as error:
                lost[fit.title()] = f"with {error.allowed_failures + 1} workers of the cluster"
            except (ImportError, AttributeError, distributed.client.FutureCancelledError) as error:
                raise TrainingError(f"scheduler {scheduler}: {error}. {SAME_VERSIONS}") from error
            else:
                done(fit)
            added = submit(max(1, sum(client.nthreads().values())) - len(running))
            running |= added
            queue.update(added)
    _complain(lost)


def run_on_worker(fit: Fit, rows: FitRows, where: Path, home: Path, versions: Mapping[str, str]) -> None:
    """Fit a fit on a worker of a cluster."""
    in_child_of_worker(home, versions, run_in_child, fit, rows, where)


def run_in_child(fit: Fit, rows: FitRows, where: Path) -> Iterator[None]:
    """Fit a fit in a process that does nothing else, and on one thread."""
    os.chdir(where)  # paths in the configuration start there
    if not is_done(fit, rows):  # by a worker that was lost
        run_fit(fit, rows, Reporter(-1), threads=1)
    yield from ()


def _complain(lost: Mapping[str, str]) -> None:
    if lost:
        some = "; ".join(f"{title}: {end}" for title, end in lost.items())
        raise TrainingError(
            f"{len(lost)} models could not be fitted, for their process died ({some}). All others are kept: run the "
            "benchmark again with fewer --workers, or with more memory."
        )
