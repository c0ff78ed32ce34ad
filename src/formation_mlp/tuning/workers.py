"""Train the trials of a search: one after another, side by side in processes, or on a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from formation_mlp.config.schema import Config, TuneConfig
from formation_mlp.config.search_space import cut, short, shown
from formation_mlp.runs.prepare import Prepared
from formation_mlp.runs.progress import Reporter
from formation_mlp.saved_model.checkpoint import package_versions
from formation_mlp.system.compute import Compute, Job, Terms
from formation_mlp.system.jobs import run_jobs
from formation_mlp.training.state import EpochRecord
from formation_mlp.tuning.store import Trial, TrialStore
from formation_mlp.tuning.trial import TrialPlan, plan_trial, train_trial


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


def train_trials(search: Search, missing: list[int], compute: Compute) -> None:
    """Train the trials: one after another in this process, or side by side in processes of one thread each.

    A trial that kills its process twice is a failed trial. The workers of a cluster write the file of the search
    themselves: it must lie on a disk that they share with this process.
    """
    jobs = (Job(plan, train_trial, (plan, search.rows[plan.rows])) for plan in search.plans(missing))
    terms = Terms(package_versions, search.store.path.resolve())
    with closing(run_jobs(jobs, compute.for_parts(len(missing)), terms)) as events:
        for event in events:
            number = event.key.trial.number
            if event.lost:
                search.store.end(number, [], error=f"the process that trained it died: {event.lost}")
            if event.is_end:
                search.say_end(number)
            else:
                search.reporter.say(_epoch(event.key, event.item, search.score), 1)


def _epoch(plan: TrialPlan, record: EpochRecord, score: str) -> str:
    return f"trial {plan.trial.number}: epoch {record.epoch}, val {score} {record.val_score:.4f}"
