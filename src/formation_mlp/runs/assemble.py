"""From trained weights to a model: with what prediction needs, and what tells how far to trust it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.runs.error_fit import ENOUGH, OutOfSample, fit_error_model, halves
from formation_mlp.runs.inherited_trust import FEWEST, training_elements
from formation_mlp.runs.prepare import Prepared
from formation_mlp.saved_model.checkpoint import Checkpoint, package_versions
from formation_mlp.saved_model.mean import mean_and_std
from formation_mlp.saved_model.members import Member, NetworkMember
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.training.network import NetworkTraining
from formation_mlp.trust.calibration import Calibration
from formation_mlp.trust.difficulty import Hints
from formation_mlp.trust.domain import Domain
from formation_mlp.trust.error_inputs import Asked, pair_counts
from formation_mlp.trust.error_model import KNOWN, ErrorModel, group_name
from formation_mlp.trust.listed import fingerprints
from formation_mlp.typing import Floats, Ints

FEWEST_NEW = 30
"""Val rows of formulas new to the model to start from, from which on only these calibrate."""


def network_member(prepared: Prepared, job: NetworkTraining) -> NetworkMember:
    """Return the network's best weights so far, as the only member of a model."""
    return NetworkMember("network", 1.0, prepared.config.model.model_dump(), job.best_weights, job.architectures)


def checkpoint(prepared: Prepared, members: Sequence[Member], part_scores: Mapping[str, Any]) -> Checkpoint:
    """Return a model with all that prediction needs."""
    compositions = prepared.dataset.materials.compositions.take(prepared.split.train)
    counts = np.bincount(compositions.z, minlength=len(SYMBOLS))
    own = {SYMBOLS[z]: int(counts[z]) for z in np.flatnonzero(counts)}
    elements = training_elements(prepared.start_elements, own)
    return Checkpoint(
        prepared.config.model_dump(),
        prepared.dataset.target,
        prepared.scaler,
        prepared.task.target_scaler,
        tuple(members),
        elements,
        dict(part_scores),
        package_versions(),
    )


def with_trust(prepared: Prepared, model: Checkpoint, of_val: Floats | None = None) -> Checkpoint:
    """Return the model with what tells how far its predictions can be trusted.

    The calibration is learned from its errors on the val rows (regression only), the domain from the train rows. Val
    rows whose formula the model to start from has learned are left out, if enough others are there. With enough val
    rows an error model is learned from them; with fewer, that of the model to start from is taken, if there is one.

    ``of_val`` are the predictions of its members on the val rows, ``[n_members, n_val]``; if they are not given, they
    are made here.
    """
    train, val = prepared.part("train"), prepared.part("val")
    scale = prepared.scaler.transform
    materials = prepared.dataset.materials.take(prepared.split.train)
    domain = Domain.fit(scale(train.X), materials, scale(val.X), prepared.config.seed)
    if prepared.task.is_classification:
        return replace(model, domain=domain)
    members = Predictor(model).predict_members(val.X, val.compositions, val.scale) if of_val is None else of_val
    mean, std = mean_and_std(members, np.array([member.share for member in model.members]))
    n_elements = prepared.dataset.materials.compositions.n_elements[prepared.split.val]
    rows = calibration_rows(prepared)
    distance = domain.position(scale(val.X[rows]))[1]
    hints = Hints(std[rows] if len(members) > 1 else None, distance, mean[rows])
    calibration = Calibration.learned(np.abs(val.y - mean)[rows], hints, n_elements[rows])
    model = replace(model, calibration=calibration, domain=domain)
    if len(rows) >= ENOUGH:
        return replace(model, errors=_errors(prepared, model, rows))
    inherited, rows = prepared.start_trust, calibration_rows(prepared, FEWEST)
    if inherited is None or len(rows) < FEWEST:
        return model
    model = replace(model, domain=inherited.domain)
    asked, out_of_sample = _judged(prepared, model, rows, inherited.errors.pairs)
    every = replace(out_of_sample, scored=np.ones(len(rows), np.bool_))
    return replace(model, errors=inherited.calibrated(asked, every, _groups(model)))


def calibration_rows(prepared: Prepared, fewest_new: int = FEWEST_NEW) -> Ints:
    """Return the places in the val part of the rows that tell how far predictions are off, ``[k]``.

    On a formula that the model to start from has learned, errors are too small for intervals to hold elsewhere. So only
    the others count, if they are not fewer than ``fewest_new``.
    """
    every = np.arange(len(prepared.split.val))
    if prepared.start_rows is None:
        return every
    new = np.flatnonzero(prepared.start_rows.new(prepared.split.val))
    return new if len(new) >= fewest_new else every


def _errors(prepared: Prepared, model: Checkpoint, rows: Ints) -> ErrorModel:
    """Return an error model that was learned from half of the given val rows, and calibrated on the others."""
    train = prepared.dataset.materials.compositions.take(prepared.split.train)
    pairs = pair_counts(train)
    _, out_of_sample = _judged(prepared, model, rows, pairs)
    return fit_error_model(out_of_sample, pairs, np.unique(fingerprints(train)), prepared.config.seed)


def _judged(prepared: Prepared, model: Checkpoint, rows: Ints, pairs: NDArray[np.uint16]) -> tuple[Asked, OutOfSample]:
    """Return what an error model is asked of the given val rows, and how far the model is off on them."""
    val, predictor = prepared.rows(prepared.split.val[rows]), Predictor(model)
    own, n = prepared.dataset.materials.compositions.take(prepared.split.val[rows]), len(val.y)
    scale = np.zeros(n, np.int64) if val.scale is None else val.scale
    answers = predictor.on_all_scales(val.X, own)
    asked = Asked(own, *predictor.position(val.X), answers, scale, np.zeros(n, np.bool_))
    error, group = val.y - answers[np.arange(n), scale], np.array(_groups(model))[scale]
    return asked, OutOfSample(asked.inputs(pairs), error, group, halves(own.keys(), prepared.config.seed), np.ones(n))


def _groups(model: Checkpoint) -> list[str]:
    """Return the name of the group of known compounds on each energy scale of a model."""
    return [group_name(name, KNOWN) for name in model.target.scales or ("",)]
