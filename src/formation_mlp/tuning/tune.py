"""The verb tune: search for better values of some keys of a configuration."""

from __future__ import annotations

from formation_mlp.config.own_code import NONE_OWN, Architectures, require_importable
from formation_mlp.config.schema import Config, TuneConfig
from formation_mlp.config.search_space import Parameter, parameters, with_values
from formation_mlp.errors import CheckpointError, ConfigError, TrainingError
from formation_mlp.runs.ensemble.plan import check_sizes
from formation_mlp.runs.fingerprint import Fingerprint
from formation_mlp.runs.prepare import Prepared, load_rows, prepare
from formation_mlp.runs.progress import Reporter
from formation_mlp.runs.results import announce
from formation_mlp.system.compute import HERE, Compute
from formation_mlp.system.interrupts import noted
from formation_mlp.tuning.folder import SearchFolder
from formation_mlp.tuning.report import SearchResult, write_search, write_trials
from formation_mlp.tuning.store import TrialStore, mend, require_optuna
from formation_mlp.tuning.trial import prepare_rows
from formation_mlp.tuning.workers import Search, train_trials

__all__ = ["SearchResult", "tune"]


def tune(
    config: Config,
    reporter: Reporter | None = None,
    *,
    trials: int | None = None,
    compute: Compute = HERE,
    overwrite: bool = False,
    resume: bool = False,
    architectures: Architectures = NONE_OWN,
) -> SearchResult:
    """Train networks with other values of the keys that the section `tune` names, and keep the best configuration.

    Every trial is judged by its best epoch on the val rows; no trial sees the test rows. The first one has the
    values of the configuration. The folder of the search is ``output`` with ``_search`` added; in it is ``best.yaml``,
    which ``formation-mlp train`` takes as it is and which gives the score of the best trial, ``trials.csv``, and
    ``search.png``. A search that was killed goes on with ``resume``; with one worker it ends with the same files as
    an undisturbed one.

    Parameters
    ----------
    config
        With a section `tune`, and without a section `ensemble`.
    reporter
        Told of every trial; says nothing if not given.
    trials
        Instead of ``tune.trials``; to resume a search with more of them adds trials.
    compute
        Where the trials are trained: several at a time, each in a process of its own, know less of one another when
        they start, and what they try depends on which is faster. The workers of a Dask cluster need the folder of the
        search on a disk that they share with this process.
    overwrite, resume
        Replace an earlier search in the same folder, or go on with it.
    architectures
        Classes of networks of your own that the configuration names, such as ``{"my_module:MyNet": MyNet}``.

    Raises
    ------
    ConfigError
        If there is nothing to search, a declared value is impossible, Optuna is not installed, or the folder is in
        use.
    InUseError
        If another process searches in the folder.
    CheckpointError
        If the search to resume is missing, finished, or not of this configuration or these rows.
    TrainingError
        If no trial could be trained.

    Examples
    --------
    >>> import tempfile
    >>> from formation_mlp.config.loading import check_config
    >>> from formation_mlp.tuning.tune import tune
    >>> folder = tempfile.TemporaryDirectory()
    >>> config = check_config(
    ...     {
    ...         "data": {"path": "bundled"},
    ...         "features": ["stoichiometry", "element_fraction"],
    ...         "model": {"hidden": [16]},
    ...         "training": {"max_epochs": 1, "device": "cpu"},
    ...         "tune": {"trials": 3, "parameters": {"training.learning_rate": {"log": [1e-4, 1e-2]}}},
    ...         "output": f"{folder.name}/quick",
    ...     },
    ...     "example",
    ... )
    >>> result = tune(config)
    >>> [trial.number for trial in result.trials], result.best.score <= result.default.score
    ([0, 1, 2], True)
    >>> result.config.training.learning_rate == result.best.values["training.learning_rate"]
    True
    >>> sorted(path.name for path in result.folder.iterdir())
    ['DONE', 'best.yaml', 'config.yaml', 'search.journal', 'search.png', 'trials.csv']
    >>> folder.cleanup()
    """
    reporter = reporter or Reporter(-1)
    if not compute.is_here:
        require_importable(architectures)
    config, section = _checked(config, trials)
    declared = parameters(config, section)
    check_sizes(config)
    for p in declared:
        for value in p.values if p.form == "choices" and p.key.startswith("model.") else ():
            check_sizes(with_values(config, {p.key: value}), where=f"tune.parameters.{p.key}: ")
    folder = SearchFolder(f"{config.output}_search")
    way_on = "'formation-mlp tune CONFIG --resume' continues the search"
    with folder.alone(), noted(way_on, lambda: folder.config.exists() and not folder.is_done()):
        folder.begin(config.model_dump(), overwrite=overwrite, resume=resume)
        search = _search(config, section, declared, folder, reporter, compute, architectures)
        missing = _missing(search, folder)
        train_trials(search, missing, compute)
        result = _result(search, folder)
        write_search(folder, result, declared)
        folder.finish()
    reporter.say(result.summary())
    return result


def _checked(config: Config, trials: int | None) -> tuple[Config, TuneConfig]:
    """Return the configuration with its number of trials, and its section `tune`."""
    require_optuna()
    if config.output is None:
        raise ConfigError("output: a search needs a place for its folder. Give one, such as runs/mine.")
    if config.ensemble is not None:
        raise ConfigError(
            "ensemble: a search trains single networks. Leave the section out, on the command line by "
            "--set ensemble=null, and add it to the best.yaml that the search writes."
        )
    section = config.tune or TuneConfig()
    if trials is not None:
        if trials < 1:
            raise ConfigError(f"trials: found {trials}; give a whole number of at least 1.")
        section = section.model_copy(update={"trials": trials})
    return config.model_copy(update={"tune": section}), section


def _search(
    config: Config,
    section: TuneConfig,
    declared: tuple[Parameter, ...],
    folder: SearchFolder,
    reporter: Reporter,
    compute: Compute,
    architectures: Architectures,
) -> Search:
    """Read the rows, featurize them, and open the storage."""
    dataset = load_rows(config)
    told: list[Prepared] = []
    fingerprints: list[Fingerprint] = []

    def prepared(own: Config) -> Prepared:
        with reporter:
            found = prepare(own, dataset, compute=compute, progress=reporter.rows, architectures=architectures)
        for note in found.table.notes:
            reporter.say(note)
        fingerprints.append(found.fingerprint())
        if not told:
            announce(found, reporter)
            told.append(found)
        return found

    rows = prepare_rows(config, declared, prepared)
    mend(folder.store)
    store = TrialStore(folder.store, section, declared, config.seed)
    features = [fingerprint["descriptors"] for fingerprint in fingerprints]
    store.check_rows({**fingerprints[0], "configuration": None, "descriptors": features})
    default = {parameter.key: parameter.of(config) for parameter in declared}
    return Search(config, section, default, rows, store, told[0].task.selection_score, reporter)


def _missing(search: Search, folder: SearchFolder) -> list[int]:
    """Return the trials that are not finished yet: those that were interrupted, and those not begun."""
    finished = {trial.number for trial in search.store.trials() if trial.state != "running"}
    missing = [number for number in range(search.tune.trials) if number not in finished]
    if not missing and folder.is_done():
        raise CheckpointError(
            f"{folder.path}: this search is finished with {len(finished)} trials; there is nothing to resume. "
            "For more of them, give --trials."
        )
    folder.done.unlink(missing_ok=True)
    if finished:
        search.reporter.say(f"resumed: {len(finished)} of {len(finished) + len(missing)} trials are finished")
    searched = ", ".join(search.default)
    search.reporter.say(f"{search.tune.trials} trials ({search.tune.sampler}, pruner {search.tune.pruner}): {searched}")
    return missing


def _result(search: Search, folder: SearchFolder) -> SearchResult:
    """Write the table of trials and choose the best one."""
    trials = [trial for trial in search.store.trials() if trial.state != "running"]
    write_trials(folder.trials, trials, search.score)
    complete = [trial for trial in trials if trial.state == "complete"]
    if not complete:
        raise TrainingError(f"no trial could be trained to its end; {folder.trials} says why.")
    best = min(complete, key=lambda trial: (trial.score, trial.number))
    config = with_values(search.config, best.values).model_copy(update={"output": None})
    return SearchResult(folder.path, search.score, tuple(trials), best, config)
