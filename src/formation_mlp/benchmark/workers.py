"""Fit the models of a benchmark: one after another, side by side in processes, or on a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing

from formation_mlp.benchmark.fit import is_done, run_fit
from formation_mlp.benchmark.plan import Fit
from formation_mlp.benchmark.rows import AllRows, FitRows
from formation_mlp.errors import TrainingError
from formation_mlp.quoting import counted
from formation_mlp.runs.folder import RunFolder
from formation_mlp.runs.progress import Reporter
from formation_mlp.saved_model.checkpoint import package_versions
from formation_mlp.system.compute import HERE, Compute, Job, Terms
from formation_mlp.system.jobs import run_jobs

Done = Callable[[Fit], None]
"""Told of each fit that is fitted."""


def run_here(fits: Sequence[Fit], rows: AllRows, reporter: Reporter, done: Done, compute: Compute = HERE) -> None:
    """Fit fits one after another in this process, but the members of an ensemble where ``compute`` says."""
    for fit in fits:
        own = reporter if fit.is_main else Reporter(reporter.verbosity - 1)
        run_fit(fit, rows.of(fit), own, compute=compute)
        done(fit)


def run_side_by_side(fits: Sequence[Fit], rows: AllRows, done: Done, compute: Compute) -> None:
    """Fit fits in processes of one thread each, here or on a cluster.

    A fit whose process dies is begun once more: a network goes on from its last state. If that process dies, too,
    the other fits are fitted all the same. The workers of a cluster write the fits themselves: the folder of the
    benchmark must lie on a disk that they share with this process.

    Raises
    ------
    TrainingError
        In the end, if a fit could not be fitted.
    """
    lost: dict[str, str] = {}
    jobs = (Job(fit, fit_alone, (fit, rows.of(fit))) for fit in fits)
    terms = Terms(package_versions, RunFolder(str(rows.config.output)).config.resolve())
    with closing(run_jobs(jobs, compute, terms)) as events:
        for event in events:
            if event.lost:
                lost[event.key.title()] = event.lost
            elif event.is_end:
                done(event.key)
    _complain(lost)


def fit_alone(fit: Fit, rows: FitRows) -> Iterator[None]:
    """Fit a fit on one thread, in a process that does nothing else, unless a process that was lost has finished it."""
    if not is_done(fit, rows):
        run_fit(fit, rows, Reporter(-1), threads=1)
    yield from ()


def _complain(lost: Mapping[str, str]) -> None:
    if lost:
        some = "; ".join(f"{title}: {end}" for title, end in lost.items())
        raise TrainingError(
            f"{counted(len(lost), 'model')} could not be fitted, for their process died ({some}). All others are kept: "
            "run the benchmark again with fewer --workers, or with more memory."
        )
