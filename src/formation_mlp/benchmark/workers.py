"""Fit the cells of a benchmark: one after another, side by side in processes, or on a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from formation_mlp.benchmark.fit import is_done, run_cell
from formation_mlp.benchmark.plan import Cell
from formation_mlp.benchmark.rows import AllRows, Rows
from formation_mlp.errors import TrainingError
from formation_mlp.features.engine.cluster import connected, distributed_package
from formation_mlp.runs.ensemble.cluster import SAME_VERSIONS, in_child_of_worker
from formation_mlp.runs.folder import RunFolder
from formation_mlp.runs.progress import Reporter
from formation_mlp.saved_model.checkpoint import package_versions
from formation_mlp.system.processes import ChildProcess, ProcessDied, in_processes

ATTEMPTS = 2
"""How often a cell is begun whose process dies."""

Done = Callable[[Cell], None]
"""Told of each cell that is fitted."""


def run_here(
    cells: Sequence[Cell],
    rows: AllRows,
    reporter: Reporter,
    done: Done,
    workers: int = 1,
    scheduler: str | None = None,
) -> None:
    """Fit cells one after another in this process, but the members of an ensemble in others if these are given."""
    for cell in cells:
        own = reporter if cell.is_main else Reporter(reporter.verbosity - 1)
        run_cell(cell, rows.of(cell), own, workers=workers, scheduler=scheduler)
        done(cell)


def run_in_processes(cells: Sequence[Cell], rows: AllRows, done: Done, workers: int) -> None:
    """Fit cells in processes of one thread each.

    A cell whose process dies is begun once more: a network goes on from its last state. If that process dies, too,
    the other cells are fitted all the same.

    Raises
    ------
    TrainingError
        In the end, if a cell could not be fitted.
    """
    lost: dict[str, str] = {}

    def fitted(child: ChildProcess, cell: Cell) -> Iterator[Cell]:
        for attempt in range(ATTEMPTS):
            try:
                for _ in child.run(run_in_child, cell, rows.of(cell), Path.cwd()):
                    pass
            except ProcessDied as died:
                if child.closed:  # the whole benchmark is given up
                    raise
                if attempt == ATTEMPTS - 1:
                    lost[cell.title()] = died.end
            else:
                yield cell
                return

    for cell in in_processes(iter(cells), min(workers, len(cells)), fitted):
        done(cell)
    _complain(lost)


def run_on_cluster(cells: Sequence[Cell], rows: AllRows, done: Done, scheduler: str, home: RunFolder) -> None:
    """Fit cells on the workers of a Dask cluster, one at a time for each of their threads.

    The workers write the cells themselves: the folder of the benchmark must lie on a disk that they share with this
    process. Dask gives the cell of a lost worker to another one.

    Raises
    ------
    TrainingError
        If a cell was lost with several workers, in the end; or if a worker has other versions of this package.
    """
    distributed = distributed_package()
    todo, lost = iter(cells), dict[str, str]()
    common = Path.cwd(), home.path.resolve(), package_versions()
    with connected(distributed, scheduler) as client:

        def submit(n_free: int) -> dict[Any, Cell]:
            begun = {}
            for cell in islice(todo, max(n_free, 0)):
                own = client.scatter(rows.of(cell), hash=False)
                begun[client.submit(run_on_worker, cell, own, *common, pure=False)] = cell
            return begun

        running = submit(max(1, sum(client.nthreads().values())))
        queue = distributed.as_completed(running, loop=client.loop)
        for future in queue:
            cell = running.pop(future)
            try:
                future.result()
            except ProcessDied as died:
                lost[cell.title()] = died.end
            except distributed.KilledWorker as error:
                lost[cell.title()] = f"with {error.allowed_failures + 1} workers of the cluster"
            except (ImportError, AttributeError, distributed.client.FutureCancelledError) as error:
                raise TrainingError(f"scheduler {scheduler}: {error}. {SAME_VERSIONS}") from error
            else:
                done(cell)
            added = submit(max(1, sum(client.nthreads().values())) - len(running))
            running |= added
            queue.update(added)
    _complain(lost)


def run_on_worker(cell: Cell, rows: Rows, where: Path, home: Path, versions: Mapping[str, str]) -> None:
    """Fit a cell on a worker of a cluster."""
    in_child_of_worker(home, versions, run_in_child, cell, rows, where)


def run_in_child(cell: Cell, rows: Rows, where: Path) -> Iterator[None]:
    """Fit a cell in a process that does nothing else, and on one thread."""
    os.chdir(where)  # paths in the configuration start there
    if not is_done(cell, rows):  # by a worker that was lost
        run_cell(cell, rows, Reporter(-1), threads=1)
    yield from ()


def _complain(lost: Mapping[str, str]) -> None:
    if lost:
        some = "; ".join(f"{title}: {end}" for title, end in lost.items())
        raise TrainingError(
            f"{len(lost)} models could not be fitted, for their process died ({some}). All others are kept: run the "
            "benchmark again with fewer --workers, or with more memory."
        )
