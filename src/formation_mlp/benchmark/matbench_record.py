"""The file in which matbench keeps predictions: one model on the official folds of matbench_mp_e_form."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from formation_mlp.benchmark.official import Matbench
from formation_mlp.benchmark.outcome import Outcome
from formation_mlp.errors import DataError
from formation_mlp.splits.groups import MATBENCH_FOLDS, matbench_folds
from formation_mlp.system.files import write_bytes
from formation_mlp.typing import Floats, Ints
from formation_mlp.version import __version__

TASK, PREFIX = "matbench_mp_e_form", "mb-mp-e-form-"
"""The task, and how the ids of its rows begin; six digits follow, counted from 1."""

FORMAT_VERSION = "0.6"
"""Version of matbench whose format is written; it reads that of others with a warning."""

SMALLEST = 1e-5
"""Targets closer to zero do not count in the percentage error, as in matbench, eV/atom."""


def write_record(path: Path, outcomes: Sequence[Outcome]) -> str:
    """Write the predictions of one model in matbench's own format (its class ``MatbenchBenchmark``), compressed.

    A fold without targets has predictions and no scores: they are NaN there.

    Parameters
    ----------
    path
        The file, ending in ``.json.gz``; matbench reads it after ``gunzip``.
    outcomes
        One per fold, whose ids are those of matbench: ``mb-mp-e-form-000001`` and so on.

    Returns
    -------
    str
        Which folds have no scores, and what matbench's own loader would still miss; empty if nothing.

    Raises
    ------
    DataError
        If an id is none of the task, or a row is not in the test part of its official fold.
    """
    folds, official = {}, matbench_folds(Matbench.N_ROWS)
    for outcome in outcomes:
        number = _official_fold(outcome.ids, official)
        if number in folds:
            raise DataError(f"{path.name}: fold {number} was predicted twice. Give one seed of one model.")
        folds[number] = outcome
    results = {f"fold_{number}": _fold(folds[number]) for number in sorted(folds)}
    task = {
        "@module": "matbench.task",
        "@class": "MatbenchTask",
        "benchmark_name": "matbench_v0.1",
        "dataset_name": TASK,
        "results": results,
    }
    content: dict[str, Any] = {
        "@module": "matbench.bench",
        "@class": "MatbenchBenchmark",
        "version": FORMAT_VERSION,
        "benchmark_name": "matbench_v0.1",
        "tasks": {TASK: task},
        "user_metadata": {"algorithm": outcomes[0].model, "package": f"formation_mlp {__version__}"},
        "datestamp": datetime.now(UTC).strftime("%Y.%m.%d %H:%M.%S"),
    }
    content["hash"] = record_hash(content)
    write_bytes(path, gzip.compress(json.dumps(content).encode(), 6, mtime=0))
    return _missing(folds, official)


def record_hash(content: Mapping[str, Any]) -> str:
    """Return the fingerprint that matbench recomputes when it reads a record: of the JSON with all keys in order."""
    return sha256(json.dumps(_in_order(content)).encode()).hexdigest()


def record_scores(y: Floats, prediction: Floats) -> dict[str, float]:
    """Return the scores as matbench computes them, eV/atom; NaN without a known target.

    ``mape`` is the mean of ``|error / y|``, not in percent, over the rows whose target is farther than `SMALLEST` from
    zero.
    """
    known = np.isfinite(y)
    if not known.any():
        return dict.fromkeys(("mae", "rmse", "mape", "max_error"), math.nan)
    y, error = y[known], np.abs(prediction - y)[known]
    far = np.abs(y) > SMALLEST
    return {
        "mae": float(error.mean()),
        "rmse": float(np.sqrt(np.mean(error**2))),
        "mape": float(np.mean(error[far] / np.abs(y[far]))) if far.any() else math.nan,
        "max_error": float(error.max()),
    }


def is_record(outcomes: Sequence[Outcome]) -> bool:
    """Return whether all rows have ids of the task, so that a record can be written."""
    return bool(outcomes) and all(str(name).startswith(PREFIX) for one in outcomes for name in one.ids)


def _official_fold(ids: Sequence[str], official: Ints) -> int:
    numbers = np.array([_number(name) for name in ids], np.int64)
    folds = np.unique(official[numbers - 1])
    if len(folds) != 1:
        raise DataError(
            f"{TASK}: the rows of one fold, such as {ids[0]!r}, are in the official folds {folds.tolist()}. "
            "Divide the rows with the protocol matbench."
        )
    return int(folds[0])


def _number(name: str) -> int:
    digits = name.removeprefix(PREFIX)
    if not (name.startswith(PREFIX) and len(digits) == 6 and digits.isdecimal() and 0 < int(digits) <= Matbench.N_ROWS):
        raise DataError(f"{TASK}: {name!r} is no id of a row; they are {PREFIX}000001 to {PREFIX}{Matbench.N_ROWS}.")
    return int(digits)


def _fold(outcome: Outcome) -> dict[str, Any]:
    order = np.argsort(np.asarray(outcome.ids, dtype=str), kind="stable")
    details = {key: value for key, value in outcome.details.items() if _is_plain(value)}
    fit = {"fit_seconds": outcome.fit_seconds, "seed": outcome.seed, outcome.size_unit: outcome.size}
    return {
        "data": {str(outcome.ids[i]): float(outcome.prediction[i]) for i in order},
        "parameters": {"model": outcome.model, **fit, **details},
        "scores": record_scores(np.asarray(outcome.y, float), np.asarray(outcome.prediction, float)),
    }


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _missing(folds: Mapping[int, Outcome], official: Ints) -> str:
    n_known = {number: len(outcome.ids) for number, outcome in folds.items()}
    lacking = {number: int(n) - n_known.get(number, 0) for number, n in enumerate(np.bincount(official))}
    parts = [f"{count:,} rows of fold {number}" for number, count in lacking.items() if count]
    unscored = [str(number) for number, outcome in folds.items() if not np.isfinite(outcome.y).any()]
    said = [f"fold {' and '.join(unscored)} without scores, for its targets are withheld"] if unscored else []
    if parts:
        said.append(f"it lacks {' and '.join(parts)}, and matbench's own loader takes all {MATBENCH_FOLDS} folds only")
    return "; ".join(said)


def _in_order(value: Any) -> Any:
    """Return plain data with the keys of all dictionaries sorted; what lists hold stays as it is."""
    return {key: _in_order(value[key]) for key in sorted(value)} if isinstance(value, Mapping) else value
