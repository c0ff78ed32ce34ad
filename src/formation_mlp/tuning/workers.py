"""Train the trials of a search: one after another, side by side in processes, or on a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from formation_mlp.config.schema import Config, TuneConfig
from formation_mlp.config.search_space import cut, short, shown
from formation_mlp.errors import ConfigError, TrainingError
from formation_mlp.features.engine.cluster import connected, distributed_package
from formation_mlp.runs.ensemble.cluster import SAME_VERSIONS, check_worker
from formation_mlp.runs.prepare import Prepared
from formation_mlp.runs.progress import Reporter
from formation_mlp.saved_model.checkpoint import package_versions
from formation_mlp.system.processes import ChildProcess, ProcessDied, in_processes
from formation_mlp.training.state import EpochRecord
from formation_mlp.tuning.store import Trial, TrialStore
from formation_mlp.tuning.trial import TrialPlan, plan_trial, train_trial

DIED = "the process that trained it died"
ATTEMPTS = 2
"""How often a trial is begun whose process dies."""


@dataclass(frozen=True, slots=True)
class Search:
    """What all trials of a search have in common.

    Attributes
    ----------
    config, tune : configuration, and its section of the search
    default : key to the value that the configuration gives it
    rows : train and val rows by the features that featurize them
    store : the trials
    score : name of the score that is minimised
    reporter : told of every trial
    """

    config: Config
    tune: TuneConfig
    default: Mapping[str, Any]
    rows: Mapping[str, Prepared]
    store: TrialStore
    score: str
    reporter: Reporter

    def plans(self, missing: list[int]) -> Iterator[TrialPlan]:
        """Yield the missing trials, each with values that are drawn when it is asked for."""
        for number in missing:
            trial = self.store.begin(number, self.default)
            yield plan_trial(self.config, self.tune, trial, self.store.path.resolve())

    def say_end(self, number: int) -> None:
        """Tell how a trial ended."""
        self.reporter.say(outcome(self.store.trials()[number], self.score))


def outcome(trial: Trial, score: str) -> str:
    """Return in words what became of a trial."""
    values = ", ".join(f"{short(key)} {cut(shown(value))}" for key, value in trial.values.items())
    if trial.state == "failed":
        return f"trial {trial.number}: failed: {trial.error} ({values})"
    ended = "" if trial.state == "complete" else ", ended early"
    return f"trial {trial.number}: val {score} {trial.score:.4f}, {trial.epochs} epochs{ended}; {values}"


def train_here(search: Search, missing: list[int]) -> None:
    """Train the trials one after another in this process."""
    for plan in search.plans(missing):
        for record in train_trial(plan, search.rows[plan.rows]):
            search.reporter.say(_epoch(plan, record, search.score), 1)
        search.say_end(plan.trial.number)


def train_in_processes(search: Search, missing: list[int], workers: int) -> None:
    """Train the trials in processes of one thread each; one that kills its process twice is a failed trial."""

    def events(child: ChildProcess, plan: TrialPlan) -> Iterator[tuple[TrialPlan, EpochRecord | None]]:
        try:
            for record in trained_in_child(child, plan, search.rows[plan.rows]):
                yield plan, record
        except ProcessDied as died:
            if child.closed:  # the whole search is given up
                raise
            search.store.end(plan.trial.number, [], error=f"{DIED}: {died.end}")
        yield plan, None

    for plan, record in in_processes(search.plans(missing), min(workers, len(missing)), events):
        if record is None:
            search.say_end(plan.trial.number)
        else:
            search.reporter.say(_epoch(plan, record, search.score), 1)


def trained_in_child(child: ChildProcess, plan: TrialPlan, prepared: Prepared) -> Iterator[EpochRecord]:
    """Train a trial in a process, and if that dies once more: it may have been killed for what others did.

    Raises
    ------
    ProcessDied
        If it dies each time, or is closed.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            yield from child.run(train_trial, plan, prepared)
        except ProcessDied:
            if child.closed or attempt == ATTEMPTS:
                raise
        else:
            return


def train_on_cluster(search: Search, missing: list[int], scheduler: str) -> None:
    """Train the trials on the workers of a Dask cluster, one at a time per thread of theirs.

    The workers write the file of the search themselves: it must lie on a disk that they share with this process.
    Dask gives the trial of a lost worker to another one.
    """
    distributed = distributed_package()
    plans, versions = search.plans(missing), package_versions()
    with connected(distributed, scheduler) as client:
        rows = {key: client.scatter(prepared, hash=False) for key, prepared in search.rows.items()}

        def submit(n_free: int) -> dict[Any, TrialPlan]:
            more = islice(plans, max(n_free, 0))
            return {client.submit(train_on_worker, plan, rows[plan.rows], versions, pure=False): plan for plan in more}

        running = submit(max(1, sum(client.nthreads().values())))
        queue = distributed.as_completed(running, loop=client.loop)
        for future in queue:
            plan = running.pop(future)
            try:
                future.result()
            except ProcessDied as died:
                search.store.end(plan.trial.number, [], error=f"{DIED}: {died.end}")
            except distributed.KilledWorker as error:
                end = f"with {error.allowed_failures + 1} workers of the cluster"
                search.store.end(plan.trial.number, [], error=f"{DIED}: {end}")
            except (ImportError, AttributeError, distributed.client.FutureCancelledError) as error:
                raise TrainingError(f"scheduler {scheduler}: {error}. {SAME_VERSIONS}") from error
            search.say_end(plan.trial.number)
            added = submit(max(1, sum(client.nthreads().values())) - len(running))
            running |= added
            queue.update(added)


def train_on_worker(plan: TrialPlan, prepared: Prepared, versions: Mapping[str, str]) -> None:
    """Train a trial on a worker, in a process of its own: a worker may have threads, which share torch's generator."""
    check_worker(versions)
    if not plan.store.exists():
        raise ConfigError(f"{plan.store}: not seen by a worker. The folder of a search must be on a shared disk.")
    child = ChildProcess()
    try:
        for _record in trained_in_child(child, plan, prepared):
            pass
    finally:
        child.close()


def _epoch(plan: TrialPlan, record: EpochRecord, score: str) -> str:
    return f"trial {plan.trial.number}: epoch {record.epoch}, val {score} {record.val_score:.4f}"
