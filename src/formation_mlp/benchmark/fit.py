"""One fit of a benchmark in its run folder: it is made, or read where it is finished, and its outcome is returned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from formation_mlp.baselines import Baseline
from formation_mlp.benchmark.outcome import Outcome
from formation_mlp.benchmark.plan import Fit
from formation_mlp.benchmark.rows import FitRows, Shown
from formation_mlp.config.schema import Config
from formation_mlp.errors import CheckpointError
from formation_mlp.runs.answers import fit_baseline
from formation_mlp.runs.fingerprint import differences, differing_sections
from formation_mlp.runs.network import course
from formation_mlp.runs.prepare import Prepared, divide
from formation_mlp.runs.progress import Reporter
from formation_mlp.runs.results import ModelResult, rows_sha256, shown_part, write_predictions, write_split
from formation_mlp.runs.train import train_prepared, trained_before
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.splits.methods import PARTS
from formation_mlp.system.compute import HERE, Compute
from formation_mlp.system.files import write_json
from formation_mlp.typing import Floats

OF_THE_PLACE = ("output", "tune")
"""Keys of a configuration that do not decide what a fit gives."""

FINGERPRINT = "fingerprint"


def is_done(fit: Fit, rows: FitRows) -> bool:
    """Return whether the folder of a fit holds its outcome, or the run of the same network."""
    folder = fit.folder
    if not folder.is_done() or not same_config(folder.saved_config(), fit.config, fit.is_main):
        return False
    if folder.fit.exists() and not _same_rows(fit, rows, folder.read_json(folder.fit)):
        return False
    return folder.outcome.exists() or (fit.is_main and _is_trained(fit, rows))


def _same_rows(fit: Fit, rows: FitRows, saved: Mapping[str, Any]) -> bool:
    """Return whether a fit was fitted to these rows; earlier versions kept no fingerprint of the features."""
    if saved.get("rows") != rows.mark:
        return False
    return FINGERPRINT not in saved or not differences(saved[FINGERPRINT], rows.fingerprint(fit.config))


def _is_trained(fit: Fit, rows: FitRows) -> bool:
    """Return whether ``formation-mlp train`` has finished a run of these rows."""
    folder = fit.folder
    report, parts = folder.read_json(folder.report), folder.read_json(folder.split)
    if folder.rows.exists():
        kept, now = folder.read_json(folder.rows), rows.fingerprint(fit.config)
        if differences(kept, {**now, "hidden": None}):
            return False
    if report["rows_sha256"] != rows_sha256(rows.dataset) or "cpu_seconds" not in report:
        return False
    return all(parts[part] == [rows.dataset.ids[i] for i in getattr(rows.split, part)] for part in PARTS)


def same_config(saved: Mapping[str, Any], config: Config, is_main: bool) -> bool:
    """Return whether a saved configuration is that of a fit; the main network does not depend on its opponents."""
    ignored = {*OF_THE_PLACE, "benchmark"} if is_main else OF_THE_PLACE
    return all(saved.get(key) == value for key, value in config.model_dump().items() if key not in ignored)


def run_fit(
    fit: Fit,
    rows: FitRows,
    reporter: Reporter,
    *,
    compute: Compute = HERE,
    threads: int | None = None,
) -> None:
    """Fit a fit, or go on with an interrupted one, and write all that its folder holds.

    Parameters
    ----------
    fit, rows : what is fitted to what
    reporter : told of the epochs
    compute : where the members of an ensemble are trained
    threads : of a baseline; None: all
    """
    with fit.folder.fitting():
        _run_alone(fit, rows, reporter, compute, threads)


def _run_alone(fit: Fit, rows: FitRows, reporter: Reporter, compute: Compute, threads: int | None) -> None:
    folder = fit.folder
    if folder.is_done() and fit.is_main and is_done(fit, rows):  # by formation-mlp train
        prepared = divide(fit.config, rows.dataset, rows.table, rows.split, rows.content)
        _write_fit(fit, rows)
        _write_outcome(fit, rows, prepared, trained_before(prepared))
        return
    if _can_resume(fit, rows):
        folder.write_config(fit.config.model_dump())  # the folder may have been moved
    else:
        folder.begin(fit.config.model_dump(), overwrite=not fit.is_main, resume=False)
    _write_fit(fit, rows)
    prepared = divide(fit.config, rows.dataset, rows.table, rows.split, rows.content)
    if fit.baseline is not None:
        _run_baseline(fit, rows, prepared, threads)
    else:
        result = train_prepared(
            prepared, fit.model, reporter, overwrite=False, resume=True, compute=compute, draw=fit.is_main
        )
        _write_outcome(fit, rows, prepared, result)
    folder.finish()


def _can_resume(fit: Fit, rows: FitRows) -> bool:
    """Return whether the folder holds an interrupted fit of this configuration and these rows."""
    folder = fit.folder
    if folder.is_done() or not folder.config.exists():
        return False
    if differing_sections(folder.saved_config(), fit.config.model_dump()):
        return False
    if fit.is_main:  # perhaps begun by formation-mlp train, which looks at the rows itself and says what differs
        return True
    try:
        saved = folder.read_json(folder.fit)
        return FINGERPRINT in saved and _same_rows(fit, rows, saved)
    except CheckpointError:
        return False


def _run_baseline(fit: Fit, rows: FitRows, prepared: Prepared, threads: int | None) -> None:
    baseline = Baseline(fit.baseline or "", fit.config.task, fit.config.seed, threads)
    result = fit_baseline(prepared, baseline)
    folder = fit.folder
    write_split(folder.split, prepared)
    write_predictions(folder.predictions, prepared.dataset, prepared.split, prepared.y, [result])
    train, val = prepared.part("train"), prepared.part("val")
    scale = prepared.scaler.transform
    anytime = baseline.anytime(scale(train.X), train.y, scale(val.X), val.y) if fit.fraction == 1 else []
    hidden = None if rows.hidden is None else baseline.predict(scale(rows.hidden.X))
    _write(fit, prepared, result, hidden, anytime, baseline.size())


def _write_outcome(fit: Fit, rows: FitRows, prepared: Prepared, result: ModelResult) -> None:
    folder = fit.folder
    hidden = None
    if rows.hidden is not None:
        predictor = Predictor(Checkpoint.load(folder.model))
        hidden = predictor.predict_features(rows.hidden.X, rows.hidden.compositions)
    anytime = course(folder) if fit.config.ensemble is None else []
    size = int(result.details["parameters"]), "parameters"
    if not size[0]:  # an ensemble of nothing but boosted trees
        size = sum(member["trees"] for member in result.details["members"].values()), "trees"
    _write(fit, prepared, result, hidden, anytime, size)


def _write(
    fit: Fit,
    prepared: Prepared,
    result: ModelResult,
    hidden: Floats | None,
    anytime: list[tuple[float, float]],
    size: tuple[int, str],
) -> None:
    part = shown_part(prepared.split)
    details = {key: value for key, value in result.details.items() if key not in ("cpu_seconds", "peak_memory")}
    write_json(
        fit.folder.outcome,
        {
            "n_train": len(prepared.split.train),
            "part": part if hidden is None else "test",
            "score": prepared.task.selection(prepared.part(part).y, result.prediction[part]),
            "val_score": result.scores["val"][prepared.task.selection_score],
            "fit_seconds": round(result.fit_seconds, 4),
            "cpu_seconds": result.details["cpu_seconds"],
            "predict_seconds": round(result.predict_seconds, 5),
            "peak_memory": result.details["peak_memory"],
            "size": list(size),
            "anytime": [[round(seconds, 4), score] for seconds, score in anytime],
            "details": details,
            "prediction": (result.prediction[part] if hidden is None else hidden).tolist(),
        },
    )


def _write_fit(fit: Fit, rows: FitRows) -> None:
    what = {"model": fit.model, "division": fit.division, "seed": fit.seed, "fraction": fit.fraction}
    write_json(fit.folder.fit, {**what, "rows": rows.mark, FINGERPRINT: rows.fingerprint(fit.config)})


def read_outcome(fit: Fit, shown: Shown) -> Outcome:
    """Return the outcome of a finished fit, read from its folder."""
    saved = fit.folder.read_json(fit.folder.outcome)
    prediction = np.array(saved["prediction"], float)
    if len(prediction) != len(shown.ids):
        raise CheckpointError(f"{fit.folder.outcome}: {len(prediction)} predictions for {len(shown.ids)} rows.")
    size, unit = saved["size"]
    return Outcome(
        model=fit.model,
        is_network=fit.baseline is None,
        division=fit.division,
        seed=fit.seed,
        fraction=fit.fraction,
        n_train=saved["n_train"],
        part=saved["part"],
        ids=shown.ids,
        formulas=shown.formulas,
        novelty=shown.novelty,
        y=shown.y,
        prediction=prediction,
        val_score=saved["val_score"],
        fit_seconds=saved["fit_seconds"],
        cpu_seconds=saved["cpu_seconds"],
        predict_seconds=saved["predict_seconds"],
        peak_memory=saved["peak_memory"],
        size=size,
        size_unit=unit,
        anytime=[(seconds, score) for seconds, score in saved["anytime"]],
        details=saved["details"],
    )


def summary_line(fit: Fit, outcome: Mapping[str, Any], score: str, *, found: bool) -> str:
    """Return in words what a finished fit gave."""
    seconds = outcome["fit_seconds"]
    if found:
        return f"{fit.title()}: already trained in {seconds:.1f} s, {outcome['part']} {score} {outcome['score']:.4f}"
    return f"{fit.title()}: {outcome['part']} {score} {outcome['score']:.4f} in {seconds:.1f} s"
