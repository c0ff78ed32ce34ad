"""The verb fit: read a table, choose the recipe, train it beside its opponents, and write the page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from formation_mlp.benchmark.benchmark import Benchmark, benchmark, way_on
from formation_mlp.benchmark.fit import same_config
from formation_mlp.fitting.choice import Choice, choose
from formation_mlp.fitting.job import Asked, FitJob, job_for
from formation_mlp.fitting.kept import kept_choice, to_keep
from formation_mlp.fitting.recipes import Recipes, recipes_for
from formation_mlp.fitting.start_table import PLAIN
from formation_mlp.reporting.report import write_report
from formation_mlp.runs.folder import RunFolder
from formation_mlp.runs.progress import Reporter
from formation_mlp.system.compute import HERE, Compute
from formation_mlp.system.files import write_json


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
    recipes, folder = recipes_for(job, start), RunFolder(str(job.config.output))
    was_finished = folder.is_done() and not overwrite
    choice = _choice(folder, recipes, reporter, overwrite, compute)
    if choice.sentence:
        reporter.say(choice.sentence)
    done = benchmark(choice.config, reporter, overwrite=overwrite, compute=compute, choice=to_keep(choice, recipes))
    if was_finished:
        reporter.say(f"{folder.path} was finished before: its networks are not trained again. --overwrite does so.")
    _write_untrained(folder, choice, done)
    page, _ = write_report([folder.path])
    return Fitted(job, choice, done, page)


def _choice(folder: RunFolder, recipes: Recipes, reporter: Reporter, overwrite: bool, compute: Compute) -> Choice:
    """Return the choice that the folder keeps, or make it; a folder that is in use is refused before any training."""
    kept = None if overwrite else kept_choice(folder, recipes)
    if kept is not None:
        return kept
    saved = folder.saved_config() if folder.config.exists() and not overwrite else None
    if saved is None or not any(same_config(saved, config, is_main=True) for config in recipes.possible):
        folder.require_free(recipes.configs[PLAIN].model_dump(), overwrite=overwrite, way_on=way_on(folder))
    return choose(recipes, reporter, compute)


def _write_untrained(folder: RunFolder, choice: Choice, done: Benchmark) -> None:
    """Write how the model to start from does on the same rows without training into ``report.json``."""
    of_main = [one for one in done.outcomes if one.model == done.about.main and one.fraction == 1]
    if choice.untrained is None or len(of_main) != 1 or not folder.report.exists():
        return
    about = choice.untrained.beside(of_main[0])
    if about is not None:
        write_json(folder.report, folder.read_json(folder.report) | {"untrained": about})
