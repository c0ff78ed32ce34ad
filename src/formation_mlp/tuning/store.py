"""The trials of a search in one file, which several processes write: a journal of Optuna, plain JSON lines."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from formation_mlp.config.schema import TuneConfig
from formation_mlp.config.search_space import PRUNERS, SAMPLERS, Parameter
from formation_mlp.errors import CheckpointError, ConfigError, FormationMLPError
from formation_mlp.registry import lookup
from formation_mlp.runs.fingerprint import differences
from formation_mlp.seeding import stream_seed

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

STUDY = "search"
FINGERPRINT, VALUES, RESULT = "fingerprint", "values", "result"
STALE_LOCK_SECONDS = 3
"""A process that was killed while it wrote leaves a lock, which is broken after this time."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One network of a search, finished or not.

    Attributes
    ----------
    number : counted from 0, which has the values of the configuration
    values : key to value
    state : ``complete``, ``pruned`` (ended early), ``failed`` or ``running``
    score : best validation score so far, lower is better; None before the first epoch
    epochs, best_epoch : trained, and the one with this score; 0 where there is none
    error : why it failed
    seconds : from its start to its end
    """

    number: int
    values: Mapping[str, Any]
    state: str = "running"
    score: float | None = None
    epochs: int = 0
    best_epoch: int = 0
    error: str | None = None
    seconds: float = 0.0


def require_optuna() -> None:
    """Check that Optuna can be imported.

    Raises
    ------
    ConfigError
        If it is not installed.
    """
    try:
        for name in ("optuna", "filelock"):
            import_module(name)
    except ImportError as error:
        raise ConfigError(f"a search needs the package {error.name!r}: pip install 'formation-mlp[tune]'.") from error


class TrialStore:
    """The trials of one search.

    Parameters
    ----------
    path : the file; it is made if it is missing
    tune : section of the configuration
    parameters : what is searched
    seed : of the configuration

    Raises
    ------
    CheckpointError
        If the file is damaged.
    FormationMLPError
        If it cannot be written, now or by any of the methods.
    """

    def __init__(self, path: Path, tune: TuneConfig, parameters: Sequence[Parameter], seed: int) -> None:
        from optuna.storages import JournalStorage
        from optuna.study import StudyDirection

        from formation_mlp.tuning.journal import Journal

        self.path, self.tune, self.seed = path, tune, seed
        self.parameters = {parameter.key: parameter for parameter in parameters}
        self._pruner = lookup(PRUNERS, tune.pruner, "tune.pruner", "pruner")(tune.warmup_epochs)
        backend = Journal(path)
        try:
            self._storage = JournalStorage(backend)
            names = [study.study_name for study in self._storage.get_all_studies()]
        except FormationMLPError:
            raise
        except Exception as error:  # Optuna replays the lines, and raises any kind for a wrong one
            raise CheckpointError(f"{path}: damaged: {error!r}. Search again with --overwrite.") from error
        if STUDY not in names:
            with _quiet():
                self._storage.create_new_study([StudyDirection.MINIMIZE], STUDY)
        self._id = self._storage.get_study_id_from_name(STUDY)
        self._require_sound()

    def check_rows(self, fingerprint: Mapping[str, Any]) -> None:
        """Keep the fingerprint of what the trials learn from, or compare it with the one that is kept.

        Raises
        ------
        CheckpointError
            If the trials so far had other rows, targets, parts or features.
        """
        kept = self._storage.get_study_user_attrs(self._id).get(FINGERPRINT)
        if kept is None and not self.trials():
            self._storage.set_study_user_attr(self._id, FINGERPRINT, dict(fingerprint))
        elif kept is None:
            raise CheckpointError(
                f"{self.path}: it does not tell what its trials learned from (as in earlier versions), so it cannot "
                "go on. Start anew with --overwrite."
            )
        elif differing := differences(kept, fingerprint):
            raise CheckpointError(
                f"{self.path}: the search was begun with other {', '.join(differing)}. "
                "Put back what it was begun with to go on, or start anew with --overwrite."
            )

    def begin(self, number: int, default: Mapping[str, Any]) -> Trial:
        """Return a trial with its values: those that are kept, or ``default`` for number 0, or drawn ones.

        What is drawn depends on the seed, the number and the trials that are finished; so a trial that is begun
        again, after its process was killed, has the same values.
        """
        kept = self._storage.get_all_trials(self._id, deepcopy=False)
        trial_id = kept[number]._trial_id if number < len(kept) else self._storage.create_new_trial(self._id)
        values = self._storage.get_trial(trial_id).user_attrs.get(VALUES)
        if values is None:
            values = dict(default) if number == 0 else self._draw(trial_id)
            for key, parameter in self.parameters.items():
                drawn, distribution = parameter.drawn(values[key]), parameter.distribution()
                if drawn is not None:  # a value of the configuration may lie outside of what is declared
                    self._storage.set_trial_param(trial_id, key, distribution.to_internal_repr(drawn), distribution)
            self._storage.set_trial_user_attr(trial_id, VALUES, values)
        return Trial(number, values)

    def report(self, number: int, scores: Sequence[float]) -> bool:
        """Write the validation score of the last epoch; return whether the trial should end here.

        ``scores`` are those of all its epochs. Trial 0 goes on to its end: the others are compared with it.
        """
        from optuna.exceptions import UpdateFinishedTrialError

        trial = self._trial(number)
        try:
            self._storage.set_trial_intermediate_value(trial._trial_id, len(scores), scores[-1])
        except UpdateFinishedTrialError:  # by a process that outlived the one that had started it
            return True
        if number == 0:
            return False
        as_reported = copy(trial)  # an earlier attempt may have come further
        as_reported.intermediate_values = dict(enumerate(scores, start=1))
        return self._pruner.prune(self._study(0), as_reported)

    def end(self, number: int, scores: Sequence[float], *, pruned: bool = False, error: str | None = None) -> None:
        """Write how a trial with these validation scores, epoch by epoch, ended; the first end counts.

        For Optuna a failed trial is a pruned one: so it learns that such values do badly.
        """
        from optuna.exceptions import UpdateFinishedTrialError
        from optuna.trial import TrialState

        finite = [score for score in scores if math.isfinite(score)]
        best = min(finite, default=None)
        result = {
            "state": "failed" if error is not None else "pruned" if pruned else "complete",
            "score": best,
            "epochs": len(scores),
            "best_epoch": 0 if best is None else list(scores).index(best) + 1,
            "error": error,
        }
        trial_id = self._trial(number)._trial_id
        state = TrialState.COMPLETE if result["state"] == "complete" else TrialState.PRUNED
        with suppress(UpdateFinishedTrialError):
            self._storage.set_trial_user_attr(trial_id, RESULT, result)
            self._storage.set_trial_state_values(trial_id, state, None if best is None else [best])

    def trials(self) -> list[Trial]:
        """Return all trials that are begun, by number."""
        return [_as_trial(trial) for trial in self._storage.get_all_trials(self._id, deepcopy=False)]

    def _require_sound(self) -> None:
        try:
            self.trials()
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise CheckpointError(f"{self.path}: damaged: {error!r}. Search again with --overwrite.") from error

    def _trial(self, number: int) -> FrozenTrial:
        return self._storage.get_all_trials(self._id, deepcopy=False)[number]

    def _draw(self, trial_id: int) -> dict[str, Any]:
        trial = self._storage.get_trial(trial_id)
        study = self._study(trial.number)
        space = {key: parameter.distribution() for key, parameter in self.parameters.items()}
        drawn = study.sampler.sample_relative(study, trial, space)  # nothing, as long as there are few trials
        for key, distribution in space.items():
            if key not in drawn:
                drawn[key] = study.sampler.sample_independent(study, trial, key, distribution)
        return {key: parameter.value(drawn[key]) for key, parameter in self.parameters.items()}

    def _study(self, number: int) -> Study:
        """Return the study with a sampler that depends on nothing but seed and number of a trial."""
        from optuna import load_study

        seed = stream_seed(self.seed, f"trial {number}") % 2**32
        sampler = lookup(SAMPLERS, self.tune.sampler, "tune.sampler", "sampler")(seed)
        return load_study(study_name=STUDY, storage=self._storage, sampler=sampler, pruner=self._pruner)


def mend(path: Path) -> None:
    """Cut off a line that a killed process has not written to its end; nobody else may write meanwhile."""
    from optuna.storages.journal import JournalFileOpenLock

    from formation_mlp.tuning.journal import append, cannot_be_written

    if not path.exists():
        return
    lock = JournalFileOpenLock(str(path), STALE_LOCK_SECONDS)
    try:
        with _quiet():
            lock.acquire()
        try:
            append(path, b"")
        finally:
            lock.release()
    except OSError as error:
        raise cannot_be_written(path, error) from error


def _as_trial(frozen: FrozenTrial) -> Trial:
    values = frozen.user_attrs.get(VALUES, {})
    start, end = frozen.datetime_start, frozen.datetime_complete
    if not frozen.state.is_finished() or start is None or end is None:
        return Trial(frozen.number, values)
    return Trial(frozen.number, values, seconds=(end - start).total_seconds(), **frozen.user_attrs[RESULT])


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Optuna's messages, since this package prints its own."""
    logger = logging.getLogger("optuna")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
