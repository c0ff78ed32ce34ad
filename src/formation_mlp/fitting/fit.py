"""The verb fit: read a table, choose the recipe, train it beside its opponents, and write the page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from formation_mlp.benchmark.benchmark import Benchmark, benchmark
from formation_mlp.errors import ConfigError
from formation_mlp.fitting.choice import Choice, choose_start
from formation_mlp.fitting.job import Asked, FitJob, job_for
from formation_mlp.reporting.report import write_report
from formation_mlp.runs.folder import RunFolder
from formation_mlp.runs.progress import Reporter
from formation_mlp.system.compute import HERE, Compute
from formation_mlp.system.files import write_json

STARTS = {"compositions": "composition", "structures": "structure"}
"""Kind of table to the shipped model from which a training may start."""
NO_START = "none"


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a fit has made.

    Attributes
    ----------
    job : the table, as it was understood
    choice : the recipe
    benchmark : the network and its opponents
    page : the report
    """

    job: FitJob
    choice: Choice
    benchmark: Benchmark
    page: Path

    @property
    def folder(self) -> RunFolder:
        """The run."""
        return RunFolder(str(self.choice.config.output))


def fit_table(
    asked: Asked,
    reporter: Reporter,
    *,
    start: str | None = None,
    overwrite: bool = False,
    compute: Compute = HERE,
) -> Fitted:
    """Train the best recipe for a table, compare it with its opponents on the same rows, and write the page.

    Parameters
    ----------
    asked
        The table, and what the user says of it.
    reporter
        Told of what is found and done.
    start
        Run folder, model file or shipped model from which the training starts; ``none`` for none; None for the shipped
        model of the kind of the table, where that is better.
    overwrite
        Replace an earlier run in the same folder. Without it, an interrupted fit goes on.
    compute
        Where structures are featurized, and models are trained.

    Raises
    ------
    DataError
        If anything about the table is unsure; the message lists all of it.
    ConfigError
        If an option is wrong, no training can start from the model, or the folder is in use for another run.
    CheckpointError
        If there is no such model to start from.
    """
    job = job_for(asked)
    for note in job.notes:
        reporter.say(note)
    model = model_to_try(job, start)
    is_asked_for = start not in (None, NO_START)
    choice = choose_start(job.config, model, reporter, compute, is_asked_for=is_asked_for, said=job.said)
    if choice.sentence:
        reporter.say(choice.sentence)
    done = benchmark(choice.config, reporter, overwrite=overwrite, compute=compute)
    folder = RunFolder(str(choice.config.output))
    _write_untrained(folder, choice, done)
    page, _ = write_report([folder.path])
    return Fitted(job, choice, done, page)


def _write_untrained(folder: RunFolder, choice: Choice, done: Benchmark) -> None:
    """Write how the model to start from does on the same rows without training into ``report.json``."""
    of_main = [one for one in done.outcomes if one.model == done.about.main and one.fraction == 1]
    if choice.untrained is None or len(of_main) != 1 or not folder.report.exists():
        return
    about = choice.untrained.beside(of_main[0])
    if about is not None:
        write_json(folder.report, folder.read_json(folder.report) | {"untrained": about})


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
