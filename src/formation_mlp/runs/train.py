"""The verb train: a network or an ensemble in its run folder; and a baseline beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from formation_mlp.baselines import Baseline
from formation_mlp.config.own_code import NONE_OWN, Architectures, is_own
from formation_mlp.config.schema import Config, named_options
from formation_mlp.runs.answers import fit_baseline, result_of
from formation_mlp.runs.assemble import checkpoint, network_member, with_trust
from formation_mlp.runs.ensemble.plan import check_sizes
from formation_mlp.runs.ensemble.train import Trained, train_ensemble
from formation_mlp.runs.folder import RunFolder
from formation_mlp.runs.loggers import check_loggers
from formation_mlp.runs.network import NetworkRun
from formation_mlp.runs.own_metrics import check_metrics
from formation_mlp.runs.prepare import Prepared, load_rows, prepare
from formation_mlp.runs.progress import Reporter
from formation_mlp.runs.results import (
    ModelResult,
    announce,
    description,
    without_nan,
    write_figures,
    write_loss_figure,
    write_predictions,
    write_split,
)
from formation_mlp.runs.start_rows import scores_apart
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.saved_model.mean import mean_and_std
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.system.compute import HERE, Compute
from formation_mlp.system.files import write_json
from formation_mlp.system.interrupts import noted
from formation_mlp.training.callbacks import Callback, check_callbacks

FOREST, MOST_FOR_FOREST = "random_forest", 20_000
"""The baseline beside every network, and the train rows up to which it takes less time than the network."""

DETAILS = ("parameters", "epochs", "best_epoch", "device", "precision", "members", "cpu_seconds", "peak_memory")
"""What the report of a run says of its model, beside scores and times."""


def train(
    config: Config,
    reporter: Reporter,
    *,
    overwrite: bool = False,
    resume: bool = False,
    compute: Compute = HERE,
    architectures: Architectures = NONE_OWN,
    with_forest: bool = False,
    callbacks: Sequence[Callback] = (),
) -> tuple[Prepared, list[ModelResult]]:
    """Train the network of ``config`` in its run folder; return it beside the mean of the train rows.

    ``architectures`` are networks, losses and metrics of your own that the configuration names, such as
    ``{"my_module:MyNet": MyNet}``. ``with_forest`` adds the random forest of ``benchmark.baselines``, if there is one,
    without a search for its options; the report of the run names its scores. ``callbacks`` are told of each
    `formation_mlp.training.callbacks.Epoch`; one that returns True ends the training of the network. With callbacks the
    members of an ensemble are trained one after another.

    Raises
    ------
    ConfigError
        If a logger's package is missing, a callback is no function, or a network takes more memory than there is.
    InUseError
        If another process works in the folder; nothing in it is touched.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from formation_mlp.config.loading import check_config
    >>> raw = {"data": {"path": "bundled"}, "features": ["stoichiometry"], "training": {"max_epochs": 2}}
    >>> with TemporaryDirectory() as folder:
    ...     config = check_config(raw | {"output": f"{folder}/run"}, "example")
    ...     prepared, (mean, network) = train(config, Reporter(-1))
    >>> network.scores["test"]["MAE"] < mean.scores["test"]["MAE"]
    True
    """
    told = check_callbacks(callbacks)
    check_loggers(config)
    folder = RunFolder(str(config.output))
    way_on = "'formation-mlp train CONFIG --resume' continues the run"
    with folder.alone(), folder.fitting(), noted(way_on, lambda: folder.config.exists() and not folder.is_done()):
        prepared = _prepare(config, reporter, compute, architectures)
        check_metrics(prepared)
        announce(prepared, reporter)
        result = train_prepared(
            prepared,
            main_name(config),
            reporter,
            overwrite=overwrite,
            resume=resume,
            compute=compute,
            callbacks=told,
        )
        beside = _baselines(prepared, reporter, with_forest=with_forest)
        report = {"baselines": {one.name: one.as_json() for one in beside}}
        write_json(folder.report, folder.read_json(folder.report) | report)
        folder.finish()
    return prepared, [*beside, result]


def _baselines(prepared: Prepared, reporter: Reporter, *, with_forest: bool) -> list[ModelResult]:
    """Return the mean and, if asked for, the random forest of the configuration, as it is without a search."""
    config = prepared.config
    found = [fit_baseline(prepared, Baseline("mean", config.task, config.seed))]
    named = (named_options(part, "benchmark.baselines") for part in config.benchmark.baselines)
    options = next((options for name, options in named if name == FOREST), None) if with_forest else None
    if options is None or prepared.task.has_several_scales:  # trees know no energy scales
        return found
    n = len(prepared.split.train)
    if n > MOST_FOR_FOREST:
        reporter.say(f"{FOREST}: left out, for it is slow with {n:,} train rows; 'formation-mlp benchmark' fits it")
        return found
    untuned = {key: value for key, value in options.items() if key not in ("tuned", "features", "label")}
    reporter.say(f"{FOREST}: on the same rows")
    return [*found, fit_baseline(prepared, Baseline({FOREST: untuned}, config.task, config.seed))]


def _prepare(config: Config, reporter: Reporter, compute: Compute, architectures: Architectures) -> Prepared:
    check_sizes(config)  # rather now than after all rows are featurized
    with reporter:
        prepared = prepare(
            config, load_rows(config), compute=compute, progress=reporter.rows, architectures=architectures
        )
    for note in prepared.table.notes:
        reporter.say(note)
    return prepared


def main_name(config: Config) -> str:
    """Return what the network of a configuration is called: by its architecture where it has hidden layers."""
    if config.ensemble is not None:
        return "ensemble"
    if is_own(config.model.architecture):
        return config.model.architecture.partition(":")[2]
    if config.model.hidden:
        return config.model.architecture
    return "logistic" if config.task.type == "classification" else "linear"


def train_prepared(
    prepared: Prepared,
    name: str,
    reporter: Reporter,
    *,
    overwrite: bool,
    resume: bool,
    compute: Compute,
    draw: bool = True,
    callbacks: Sequence[Callback] = (),
) -> ModelResult:
    """Train one network, or an ensemble, in its run folder, and write everything but `RunFolder.done`.

    Figures are only drawn if asked for.
    """
    folder = RunFolder(str(prepared.config.output))
    if prepared.config.ensemble is None:
        result = _train_network(
            prepared, name, folder, reporter, overwrite=overwrite, resume=resume, callbacks=callbacks
        )
        if draw:
            write_loss_figure(folder.path, prepared, folder.read_history())
    else:
        ensemble = prepared.config.ensemble
        trained = train_ensemble(
            prepared,
            ensemble,
            folder,
            reporter,
            overwrite=overwrite,
            resume=resume,
            compute=compute,
            callbacks=callbacks,
        )
        result = _ensemble_result(prepared, name, folder, trained)
    write_predictions(folder.predictions, prepared.dataset, prepared.split, prepared.y, [result])
    if draw:
        write_figures(folder.path, prepared, result)
    write_json(
        folder.report, {"model": name, **result.as_json(), **_about_start(prepared, result), **description(prepared)}
    )
    return result


def _about_start(prepared: Prepared, result: ModelResult) -> dict[str, Any]:
    """Return what a report says of the model to start from: which rows it knows, and the scores without them."""
    if prepared.start_rows is None:
        return {}
    apart = {}
    for part in ("val", "test"):
        rows = getattr(prepared.split, part)
        if len(rows):
            known, y = prepared.start_rows.known[rows], prepared.y[rows]
            found = scores_apart(prepared.task, known, y, result.prediction[part])
            apart[part] = {group: without_nan(values) for group, values in found.items()}
    return {
        "start": {
            "model": prepared.config.training.start_from,
            "is_told": prepared.start_rows.is_told,
            "rows": prepared.start_rows.counts(prepared.split),
            "scores": apart,
            "known_ids": [prepared.dataset.ids[i] for i in _scored(prepared) if prepared.start_rows.known[i]],
        }
    }


def _scored(prepared: Prepared) -> list[int]:
    """Return the val and test rows."""
    return [*prepared.split.val.tolist(), *prepared.split.test.tolist()]


def _train_network(
    prepared: Prepared,
    name: str,
    folder: RunFolder,
    reporter: Reporter,
    *,
    overwrite: bool,
    resume: bool,
    callbacks: Sequence[Callback],
) -> ModelResult:
    network = NetworkRun(prepared, folder, resume=resume, overwrite=overwrite, callbacks=callbacks)
    write_split(folder.split, prepared)
    if network.resumed:
        reporter.say("; ".join([f"resumed after epoch {network.resumed}", *network.remarks]))
    reporter.say(f"{name}: {network.job.description()}")
    with reporter:
        reporter.begin_training(name, network.job.limits.max_epochs)
        for record in network.epochs():
            reporter.epoch(record, prepared.task.selection_score)
    result = result_of(name, prepared, network.job.predict, network.cost.seconds, network.details())
    network.save_state()
    model = checkpoint(prepared, [network_member(prepared, network.job)], _without_nan(result))
    with_trust(prepared, model, result.prediction["val"][None]).save(folder.model)
    return result


def _ensemble_result(prepared: Prepared, name: str, folder: RunFolder, trained: Trained) -> ModelResult:
    predictor = trained.predictor
    shares = np.array([member.share for member in predictor.checkpoint.members])
    of_val, _ = mean_and_std(trained.of_val, shares)
    result = result_of(name, prepared, predictor.predict_features, trained.cost.seconds, trained.details, of_val)
    model = replace(predictor.checkpoint, scores=_without_nan(result))
    with_trust(prepared, model, trained.of_val).save(folder.model)
    return result


def _without_nan(result: ModelResult) -> dict[str, dict[str, float | None]]:
    return {part: without_nan(values) for part, values in result.scores.items()}


def trained_before(prepared: Prepared) -> ModelResult:
    """Return the result of a finished run, whose configuration and rows are those given."""
    folder = RunFolder(str(prepared.config.output))
    report = folder.read_json(folder.report)
    predictor = Predictor(Checkpoint.load(folder.model, architectures=prepared.architectures))
    details = {key: report[key] for key in DETAILS if key in report}
    return result_of(report["model"], prepared, predictor.predict_features, report["fit_seconds"], details)
