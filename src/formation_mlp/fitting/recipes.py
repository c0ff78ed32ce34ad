"""The recipes between which a fit chooses: from nothing, or from a model that suits the rows and what the user sets."""

from __future__ import annotations

from dataclasses import dataclass

from formation_mlp.config.schema import Config
from formation_mlp.data.records import Dataset
from formation_mlp.errors import ConfigError
from formation_mlp.fitting.job import FitJob
from formation_mlp.fitting.start_table import PLAIN, STARTED
from formation_mlp.fitting.started import other_scales, started, unfit
from formation_mlp.runs.fingerprint import configuration_digest
from formation_mlp.runs.prepare import load_rows
from formation_mlp.saved_model.checkpoint import Checkpoint, model_path

STARTS = {"compositions": "composition", "structures": "structure"}
"""Kind of table to the shipped model from which a training may start."""
NO_START = "none"


@dataclass(frozen=True, slots=True)
class Start:
    """A model from which the training may start.

    Attributes
    ----------
    name : as the user calls it
    model : the model
    dataset : the rows
    is_asked_for : whether the user names it
    """

    name: str
    model: Checkpoint
    dataset: Dataset
    is_asked_for: bool


@dataclass(frozen=True, slots=True)
class Recipes:
    """The recipes for a table.

    Attributes
    ----------
    configs : `PLAIN`, and `STARTED` if there is a start, to the configuration
    start : the model to start from, if any
    sentence : why there is none; empty where none was looked for
    """

    configs: dict[str, Config]
    start: Start | None
    sentence: str = ""

    @property
    def possible(self) -> list[Config]:
        """What may come out of the choice: of a model that the user names a training starts in any case."""
        return [self.configs[STARTED]] if self.start and self.start.is_asked_for else list(self.configs.values())

    def question(self) -> dict[str, object]:
        """Return what decides the choice, but for the rows, as plain data."""
        start = None if self.start is None else [self.start.name, self.start.is_asked_for]
        return {"start": start, "configuration": configuration_digest(self.configs[PLAIN].model_dump())}


def recipes_for(job: FitJob, asked: str | None) -> Recipes:
    """Return the recipes for a table.

    Parameters
    ----------
    job
        The table.
    asked
        What the user says of the start: a run folder, a model file, a shipped model, or ``none``; None for nothing.

    Raises
    ------
    CheckpointError
        If there is no such model.
    ConfigError
        If the user names a model from which no training for these rows can start.
    """
    plain, name = {PLAIN: job.config}, model_to_try(job, asked)
    if name is None:
        return Recipes(plain, None)
    model = Checkpoint.load(model_path(name))
    dataset = load_rows(job.config)
    reason = unfit(model, job.config, job.said) or other_scales(model, dataset.target.scales)
    if reason and asked is not None:
        raise ConfigError(
            f"--start: the model {name} {reason}. Name another one, leave out what it contradicts, "
            "or start from nothing: --start none"
        )
    if reason:
        return Recipes(plain, None, f"Recipe: a training from nothing, for the model {name} {reason}.")
    own = started(job.config, name, model, job.said)
    return Recipes(plain | {STARTED: own}, Start(name, model, dataset, asked is not None))


def model_to_try(job: FitJob, start: str | None) -> str | None:
    """Return the model from which a training may start, or None.

    Raises
    ------
    ConfigError
        If two options say it.
    """
    if "start_from" in job.said.get("training", {}):
        if start is not None:
            raise ConfigError("--start: --set training.start_from says it, too. Leave one of them out.")
        return None
    if start == NO_START or (start is None and job.config.task.type != "regression"):
        return None
    return STARTS[job.table.kind] if start is None else start
