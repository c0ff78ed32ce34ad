"""The verb benchmark: fit all models that are not fitted yet, compare them, and write the results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from formation_mlp.benchmark import protocols
from formation_mlp.benchmark.fit import is_done, read_outcome, same_config, summary_line
from formation_mlp.benchmark.outcome import About, Outcome
from formation_mlp.benchmark.plan import Fit, contenders, fits, is_plain
from formation_mlp.benchmark.rows import AllRows, Shown
from formation_mlp.benchmark.text import brief_text
from formation_mlp.benchmark.workers import run_here, run_side_by_side
from formation_mlp.benchmark.write import read_results, write_results
from formation_mlp.config.schema import Config
from formation_mlp.quoting import counted
from formation_mlp.runs.ensemble.plan import check_sizes, plan_members
from formation_mlp.runs.folder import RunFolder
from formation_mlp.runs.prepare import Prepared, divide, load_rows, network_training
from formation_mlp.runs.progress import Reporter
from formation_mlp.runs.results import announce, announce_rows, description, quantity
from formation_mlp.runs.train import main_name
from formation_mlp.system.compute import HERE, Compute
from formation_mlp.system.files import write_json
from formation_mlp.system.interrupts import SAME_CALL, noted


@dataclass(frozen=True, slots=True)
class Benchmark:
    """The results of a benchmark.

    Attributes
    ----------
    outcomes : of all fits
    about : what they have in common
    text : tables and sentences, to be printed
    brief : the scores, and who is ahead
    """

    outcomes: list[Outcome]
    about: About
    text: str
    brief: str


def benchmark(
    config: Config,
    reporter: Reporter,
    *,
    overwrite: bool = False,
    compute: Compute = HERE,
    choice: Mapping[str, Any] | None = None,
) -> Benchmark:
    """Fit the network of ``config``, other networks and baselines on the same rows, and compare them.

    Every fit has a run folder of its own below ``output``, which is itself that of the main network if the rows are
    divided once and as ``formation-mlp train`` divides them. What is finished there, with the same configuration and
    rows, is not fitted again; what was interrupted goes on.

    Parameters
    ----------
    config
        With a section `benchmark`.
    reporter
        Told of every fit.
    overwrite
        Replace an earlier run or benchmark in the same folder.
    compute
        Where the models are fitted: by this process, with all its threads; several at a time, each in a process of one
        thread; or on a Dask cluster, whose workers need the folder on a disk that they share with this process.
        Ensembles are trained one after another, their members side by side.
    choice
        How a fit came to this configuration, which the folder keeps.

    Raises
    ------
    ConfigError
        If the folder holds a run of another configuration, or a model or protocol is impossible.
    InUseError
        If another process works in the folder.
    TrainingError
        If a model could not be fitted.
    """
    folder = RunFolder(str(config.output))
    with folder.alone(), noted(SAME_CALL, folder.config.exists):
        return _benchmark(config, reporter, overwrite, compute, choice)


def way_on(folder: RunFolder) -> str:
    """Return what a message offers where the folder holds an interrupted run of another configuration."""
    return f"Its own configuration, {folder.config}, continues it"


def _benchmark(
    config: Config, reporter: Reporter, overwrite: bool, compute: Compute, choice: Mapping[str, Any] | None
) -> Benchmark:
    dataset = load_rows(protocols.with_protocol(config))
    models = contenders(config)
    for model in models:
        if model.baseline is None:
            check_sizes(model.config, where=f"{model.name}: ")
    with reporter:
        # The main network's features come first: clusters of rows are made of them.
        configs = [config, *(model.config for model in models)]
        rows = AllRows(config, dataset, configs, compute, reporter.rows)
    divisions = protocols.divisions(config, rows.dataset)
    every = fits(config, models, divisions)
    main = next(fit for fit in every if fit.model == main_name(config) and fit.fraction == 1)
    own = rows.of(main)
    first = divide(main.config, own.dataset, own.table, own.split, own.content)
    sentence = protocols.sentence(config, divisions)
    _announce(first, rows, None if is_plain(config, divisions) else sentence, reporter)
    reporter.say(f"{counted(len(models), 'model')}, {counted(len(every), 'fit')}")
    if overwrite or not is_done(main, own):
        _require_possible(first)
    for fit in every:
        if fit.baseline is None:
            fit_rows = rows.of(fit)
            check_sizes(fit.config, len(fit_rows.split.train), len(fit_rows.table.names), where=f"{fit.model}: ")
    _begin(config, every, rows, overwrite)
    folder = RunFolder(str(config.output))
    if choice is not None:
        write_json(folder.choice, choice)
    _fit(every, rows, reporter, first.task.selection_score, compute)
    outcomes = _collect(every, rows)
    about = _about(config, first, rows, sentence)
    text = write_results(folder.path, outcomes, about)
    return Benchmark(outcomes, about, text, brief_text(read_results(folder.path)))


def _require_possible(first: Prepared) -> None:
    """Raise what is wrong with the main network before anything is written."""
    if first.config.ensemble is None:
        network_training(first)
    else:
        plan_members(first, first.config.ensemble)


def _announce(first: Prepared, rows: AllRows, sentence: str | None, reporter: Reporter) -> None:
    for table in rows.tables.values():
        for note in table.notes:
            reporter.say(note)
    if sentence is None:
        announce(first, reporter)
    else:
        announce_rows(first, reporter)
        reporter.say(sentence)


def _begin(config: Config, every: Sequence[Fit], rows: AllRows, overwrite: bool) -> None:
    """Make the folder ready; what is there of the same configuration stays.

    Raises
    ------
    ConfigError
        If the folder is in use for something else.
    """
    folder = RunFolder(str(config.output))
    main = next((fit for fit in every if fit.is_main), None)
    is_ours = not overwrite and folder.config.exists() and same_config(folder.saved_config(), config, is_main=True)
    if is_ours and main is not None and folder.is_done():
        is_ours = is_done(main, rows.of(main))
    if not is_ours:
        folder.begin(config.model_dump(), overwrite=overwrite, resume=False, way_on=way_on(folder))
    elif not folder.is_done():
        folder.write_config(config.model_dump())  # the baselines may have changed since


def _fit(every: Sequence[Fit], rows: AllRows, reporter: Reporter, score: str, compute: Compute) -> None:
    """Fit what is missing: networks before baselines, which takes the long ones first."""

    def say(fit: Fit, *, found: bool = False) -> None:
        outcome = fit.folder.read_json(fit.folder.outcome)
        reporter.say(summary_line(fit, outcome, score, found=found))

    todo = []
    for fit in sorted(every, key=lambda fit: (not fit.is_main, fit.baseline is not None)):
        if not is_done(fit, rows.of(fit)):
            todo.append(fit)
        elif fit.folder.outcome.exists():
            say(fit, found=True)
        else:  # formation-mlp train has finished it
            run_here([fit], rows, reporter, lambda fit: say(fit, found=True))
    ensembles = [fit for fit in todo if fit.baseline is None and fit.config.ensemble is not None]
    single = [fit for fit in todo if fit not in ensembles]
    run_here(ensembles, rows, reporter, say, compute)
    compute = compute.for_parts(len(single))
    if compute.is_here:
        run_here(single, rows, reporter, say)
    else:
        run_side_by_side(single, rows, say, compute)


def _collect(every: Sequence[Fit], rows: AllRows) -> list[Outcome]:
    shown: dict[str, Shown] = {}
    for fit in every:
        mark = rows.of(fit).mark
        if mark not in shown:
            shown[mark] = rows.shown(fit)
    return [read_outcome(fit, shown[rows.of(fit).mark]) for fit in every]


def _about(config: Config, first: Prepared, rows: AllRows, sentence: str) -> About:
    content = description(first)
    content["rows_left_out"] = content.pop("left_out")
    content["config"] = config.model_dump()
    protocol = config.benchmark.protocol
    return About(
        protocol=protocol if isinstance(protocol, str) else next(iter(protocol)),
        sentence=sentence,
        main=main_name(config),
        task=config.task.type,
        threshold=config.task.threshold,
        quantity=quantity(first),
        source=first.dataset.target.source or "",
        description=content,
        published=protocols.published(config, rows.dataset),
    )
