"""The jobs: train a network in its run folder, compare it, score it again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formation_mlp.baselines import Baseline
from formation_mlp.checkpoint import Checkpoint
from formation_mlp.choices import CHOICES
from formation_mlp.config import Config, Part
from formation_mlp.config_file import check_config, merged
from formation_mlp.data.dataset import SHOWN
from formation_mlp.data.sources import read_table
from formation_mlp.ensemble_run import Trained, train_ensemble
from formation_mlp.errors import CheckpointError, ConfigError
from formation_mlp.evaluate import Evaluation, evaluate, scores
from formation_mlp.files import write_json
from formation_mlp.materials.compositions import Compositions
from formation_mlp.network_run import NetworkRun
from formation_mlp.predict import Predictor, load
from formation_mlp.progress import Reporter
from formation_mlp.report import (
    ModelResult,
    announce,
    description,
    rows_sha256,
    without_nan,
    write_benchmark_figures,
    write_figures,
    write_loss_figure,
    write_predictions,
)
from formation_mlp.run_folder import RunFolder
from formation_mlp.split import PARTS
from formation_mlp.stages import Prepared, checkpoint, load_rows, network_member, prepare, with_trust

Floats = NDArray[np.float64]

DETAILS = ("parameters", "epochs", "best_epoch", "device", "precision", "members")
"""What the report of a run says of its model, beside scores and times."""


def train(
    config: Config,
    reporter: Reporter,
    *,
    overwrite: bool = False,
    resume: bool = False,
    workers: int = 1,
    scheduler: str | None = None,
) -> tuple[Prepared, list[ModelResult]]:
    """Train the network of ``config`` in its run folder; return it beside the mean of the train rows."""
    prepared = _prepare(config, reporter, workers, scheduler)
    announce(prepared, reporter)
    name = _main_name(config)
    keys = {"overwrite": overwrite, "resume": resume}
    result = _train_in_folder(prepared, name, reporter, workers=workers, scheduler=scheduler, **keys)
    return prepared, [_fit_baseline(prepared, "mean"), result]


def benchmark(
    config: Config, reporter: Reporter, *, overwrite: bool = False, workers: int = 1, scheduler: str | None = None
) -> tuple[Prepared, list[ModelResult]]:
    """Compare the network of ``config`` with other networks and the baselines, on the same rows.

    A finished run with the same configuration and rows is not trained again.
    """
    prepared = _prepare(config, reporter, workers, scheduler)
    announce(prepared, reporter)
    baselines = [Baseline(part, config.task, config.seed) for part in config.benchmark.baselines]
    networks: list[ModelResult] = []
    for name, variant in _variants(config).items():
        own = replace(prepared, config=variant, start=prepared.start if variant is config else ())
        found = None if overwrite else _finished(own, name)
        keys = {"overwrite": overwrite, "resume": False}
        networks.append(found or _train_in_folder(own, name, reporter, workers=workers, scheduler=scheduler, **keys))
        reporter.say(f"{name}: {'already trained' if found else 'trained'} in {networks[-1].fit_seconds:.1f} s")
    results = []
    for baseline in baselines:
        results.append(_fit_baseline(prepared, baseline))
        reporter.say(f"{results[-1].name}: fitted in {results[-1].fit_seconds:.1f} s")
    results += networks
    _write_benchmark(prepared, results, [result.name for result in networks])
    return prepared, results


def _prepare(config: Config, reporter: Reporter, workers: int, scheduler: str | None) -> Prepared:
    with reporter:
        prepared = prepare(config, load_rows(config), workers=workers, scheduler=scheduler, progress=reporter.rows)
    for note in prepared.table.notes:
        reporter.say(note)
    return prepared


def score_again(folder: Path) -> tuple[Predictor, dict[str, Evaluation]]:
    """Predict the val and test rows of a finished run anew, from their formulas or structures.

    Raises
    ------
    CheckpointError
        If the folder is no finished run, or its rows have changed since.
    DataError
        If the rows are no longer where the configuration says.
    """
    run = RunFolder(folder)
    if not run.is_done():
        raise CheckpointError(f"{folder}: not the folder of a finished run.")
    predictor = Predictor(Checkpoint.load(run.model))
    dataset = load_rows(check_config(predictor.checkpoint.config, str(run.model), CHOICES))
    row = {name: i for i, name in enumerate(dataset.ids)}
    parts = run.read_json(run.split)
    path = predictor.checkpoint.config["data"]["path"]
    used = [name for part in PARTS for name in parts[part]]
    gone = [name for name in used if name not in row]
    if gone:
        raise CheckpointError(f"{folder}: row {gone[0]!r} of the run is no longer in {path}.")
    if rows_sha256(dataset.take(sorted(row[name] for name in used))) != run.read_json(run.report)["rows_sha256"]:
        raise CheckpointError(f"{folder}: formulas or targets in {path} have changed since the run. Train again.")
    rows = {part: [row[name] for name in parts[part]] for part in ("val", "test") if parts[part]}
    return predictor, {part: evaluate(predictor, dataset.take(index)) for part, index in rows.items()}


def score_table_file(
    folder: Path, path: Path, target: str | None, unit: str | None, reporter: Reporter
) -> tuple[Predictor, Evaluation]:
    """Score a trained model on a table with a target; rows that cannot be read are named and left out."""
    predictor = load(folder)
    raw = predictor.checkpoint.config
    named = target or _present_column(path, predictor.checkpoint.target.name)
    data = {"path": str(path), "target": named, "unit": unit, "invalid": "drop"}
    task = raw["task"] | {"auxiliary": {}}
    config = check_config(raw | {"data": data, "split": {}, "task": task}, str(path), CHOICES)
    dataset = load_rows(config)
    for row in dataset.left_out[:SHOWN]:
        reporter.say(f"row {row.id} is left out: {row.reason}")
    if len(dataset.left_out) > SHOWN:
        reporter.say(f"... and {len(dataset.left_out) - SHOWN} more")
    return predictor, evaluate(predictor, dataset)


def _present_column(path: Path, name: str) -> str | None:
    """Return the model's own target column if the table has it, else None: then the usual names are tried."""
    return name if name in read_table(str(path)).columns else None


def _main_name(config: Config) -> str:
    if config.ensemble is not None:
        return "ensemble"
    if config.model.hidden:
        return "mlp"
    return "logistic" if config.task.type == "classification" else "linear"


def _variants(config: Config) -> dict[str, Config]:
    """Return the networks of a benchmark, each with a run folder of its own."""
    variants = {_main_name(config): config}
    for name, changes in config.benchmark.networks.items():
        if name in variants or not name.replace("_", "").replace("-", "").isalnum():
            raise ConfigError(f"benchmark.networks: {name!r} is taken, or not made of letters, digits, '-' and '_'.")
        if "start_from" in changes.training:
            raise ConfigError(f"benchmark.networks.{name}: start_from is for the main network only; others start anew.")
        changed = {"model": changes.model, "training": {**changes.training, "start_from": None}}
        raw = merged(config, changed, output=f"{config.output}/networks/{name}", ensemble=None, benchmark={})
        variants[name] = check_config(raw, f"benchmark.networks.{name}", CHOICES)
    return variants


def _train_in_folder(
    prepared: Prepared,
    name: str,
    reporter: Reporter,
    *,
    overwrite: bool,
    resume: bool,
    workers: int,
    scheduler: str | None,
) -> ModelResult:
    """Train one network, or an ensemble, and write everything a run folder holds."""
    folder = RunFolder(str(prepared.config.output))
    if prepared.config.ensemble is None:
        result = _train_network(prepared, name, folder, reporter, overwrite=overwrite, resume=resume)
        write_loss_figure(folder.path, prepared, folder.read_history())
    else:
        ensemble, keys = prepared.config.ensemble, {"overwrite": overwrite, "resume": resume}
        trained = train_ensemble(prepared, ensemble, folder, reporter, workers=workers, scheduler=scheduler, **keys)
        result = _ensemble_result(prepared, name, folder, trained)
    write_json(folder.split, {part: [prepared.dataset.ids[i] for i in getattr(prepared.split, part)] for part in PARTS})
    write_predictions(folder.predictions, prepared.dataset, prepared.split, prepared.y, [result])
    write_figures(folder.path, prepared, result)
    write_json(folder.report, {"model": name, **result.as_json(), **description(prepared)})
    folder.finish()
    return result


def _train_network(
    prepared: Prepared, name: str, folder: RunFolder, reporter: Reporter, *, overwrite: bool, resume: bool
) -> ModelResult:
    network = NetworkRun(prepared, folder, resume=resume, overwrite=overwrite)
    if network.resumed:
        reporter.say(f"resumed after epoch {network.resumed}")
    reporter.say(f"{name}: {network.job.description()}")
    with reporter:
        reporter.begin_training(name, network.job.limits.max_epochs)
        for record in network.epochs():
            reporter.epoch(record, prepared.task.selection_score)
    result = _result(name, prepared, network.job.predict, network.seconds, network.details())
    network.save(result.scores)
    members = [network_member(prepared, network.job)]
    with_trust(prepared, checkpoint(prepared, members, _without_nan(result))).save(folder.model)
    return result


def _ensemble_result(prepared: Prepared, name: str, folder: RunFolder, trained: Trained) -> ModelResult:
    result = _result(name, prepared, trained.predictor.predict_descriptors, trained.seconds, trained.details)
    model = replace(trained.predictor.checkpoint, scores=_without_nan(result))
    with_trust(prepared, model).save(folder.model)
    return result


def _without_nan(result: ModelResult) -> dict[str, dict[str, float | None]]:
    return {part: without_nan(values) for part, values in result.scores.items()}


def _finished(prepared: Prepared, name: str) -> ModelResult | None:
    """Return the result of a finished run if it has this very configuration and these rows."""
    folder = RunFolder(str(prepared.config.output))
    if not folder.is_done():
        return None
    saved, asked = folder.saved_config(), prepared.config.model_dump()
    if any(saved.get(key) != value for key, value in asked.items() if key not in ("benchmark", "output", "tune")):
        return None
    report = folder.read_json(folder.report)
    if report["rows_sha256"] != rows_sha256(prepared.dataset):
        return None
    predictor = Predictor(Checkpoint.load(folder.model))
    details = {key: report[key] for key in DETAILS if key in report}
    return _result(name, prepared, predictor.predict_descriptors, report["fit_seconds"], details)


def _fit_baseline(prepared: Prepared, part: Part | Baseline) -> ModelResult:
    config = prepared.config
    baseline = part if isinstance(part, Baseline) else Baseline(part, config.task, config.seed)
    train, val = prepared.part("train"), prepared.part("val")
    scale = prepared.scaler.transform
    start = time.perf_counter()
    baseline.fit(scale(train.X), train.y, scale(val.X), val.y)
    seconds = time.perf_counter() - start
    name = baseline.name + " (tuned)" * baseline.tuned
    details = {"options": baseline.options, "candidates": baseline.n_fits}
    return _result(name, prepared, lambda X, _compositions: baseline.predict(scale(X)), seconds, details)


def _result(
    name: str,
    prepared: Prepared,
    predict: Callable[[Floats, Compositions | None], Floats],
    fit_seconds: float,
    details: Mapping[str, Any],
) -> ModelResult:
    """Read the val part and, once, the test part."""
    val, test = prepared.part("val"), prepared.part("test")
    of_val = predict(val.X, val.compositions)
    start = time.perf_counter()
    of_test = predict(test.X, test.compositions) if len(test.y) else np.empty(0)
    seconds = time.perf_counter() - start
    part_scores = {"val": scores(prepared.task, val.y, of_val), "test": scores(prepared.task, test.y, of_test)}
    return ModelResult(name, {"val": of_val, "test": of_test}, part_scores, fit_seconds, seconds, details)


def _write_benchmark(prepared: Prepared, results: list[ModelResult], networks: list[str]) -> None:
    folder = Path(str(prepared.config.output))
    write_predictions(folder / "benchmark_predictions.csv", prepared.dataset, prepared.split, prepared.y, results)
    write_benchmark_figures(folder, prepared, results, networks)
    write_json(
        folder / "benchmark.json",
        {"models": {result.name: result.as_json() for result in results}, **description(prepared)},
    )
