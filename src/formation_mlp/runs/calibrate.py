"""The verb calibrate: a trained model and rows of the user's own in, a model with intervals for their kind out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from formation_mlp.data.records import Dataset, LeftOut
from formation_mlp.errors import ConfigError, DataError
from formation_mlp.materials.inputs import ReadMaterials
from formation_mlp.quoting import counted, encodable
from formation_mlp.runs.calibrated import LEARNED_FROM, Calibrated
from formation_mlp.runs.evaluate import declared_scale, read_rows, say_left_out
from formation_mlp.runs.own_fit import Held, OwnErrors, cross_validated, fitted, held, shift_of
from formation_mlp.runs.progress import Reporter
from formation_mlp.runs.start_rows import start_rows
from formation_mlp.saved_model.checkpoint import model_path
from formation_mlp.saved_model.predictions import Predictions
from formation_mlp.saved_model.predictor import Predictor, load
from formation_mlp.saved_model.shipped import FOLDER
from formation_mlp.system.files import real_path, write_json
from formation_mlp.system.outputs import about_path, claimed
from formation_mlp.trust.levels import Level, trust_of
from formation_mlp.trust.own_rows import OWN, OwnRows
from formation_mlp.typing import Floats, Ints
from formation_mlp.units import LARGEST_ENERGY

FEWEST = 30
"""Formulas: of fewer, the share of rows inside the new intervals would differ much from one draw to the next."""
HAS_LEARNED = "the model has learned its formula, and would look better than it is"
OF_A_LEVEL = 10
"""Formulas of a level of trust from which on its mean error is that of the own rows."""
UNITS_AT = 0.5
"""A level at which the intervals of one row, whose score is one, exist."""


def calibrate(
    predictor: Predictor, dataset: Dataset, name: str, table: str, level: float = 0.9, seed: int = 0
) -> Calibrated:
    """Give a model intervals for the kind of compounds that own rows are, and a shift if that makes it better there.

    Rows whose formula the model has learned are left out, if those of `FEWEST` other formulas remain.

    Parameters
    ----------
    predictor
        The model. What it learned from other own rows before is forgotten.
    dataset
        The rows, on one energy scale: one of the model's, or none, which means its default.
    name, table
        What the model and the table are called.
    level
        Of the intervals that are compared; the calibrated model gives intervals at any level.
    seed
        Of the parts of the cross-validation.

    Raises
    ------
    ConfigError
        If the model is a classifier or does not answer on the scale, or the level is none or takes more rows.
    DataError
        If there are several scales, or too few rows of different formulas.

    Examples
    --------
    The shipped model predicts calculated energies; measured ones lie elsewhere.

    >>> from formation_mlp import load
    >>> from formation_mlp.config.schema import DataConfig, TaskConfig
    >>> from formation_mlp.data.dataset import load_dataset
    >>> measured = load_dataset(DataConfig(path="bundled"), TaskConfig()).take(range(0, 2000, 20))
    >>> found = calibrate(load("composition"), measured, "composition", "bundled")
    >>> found.own.n_rows, 0.8 < found.rows["after"].share <= 1
    (100, True)
    >>> answer = Predictor(found.model).predict_rows(["NaCl"], level=0.9)
    >>> answer.population, bool(answer.lo[0] < -2.13 < answer.hi[0])
    (['own'], True)
    """
    scale = _scale_of(predictor, dataset)
    dataset, remark = _not_learned(predictor, dataset)
    plain = Predictor(replace(predictor.checkpoint, own=None), predictor.scale or None)
    errors = plain.checkpoint.errors
    levels = [] if errors is None else [Level(one.name, one.up_to, one.error_on(scale or "")) for one in errors.levels]
    blank = OwnRows.unit(encodable(table), encodable(name), scale or "", levels)
    measuring = Predictor(replace(plain.checkpoint, own=blank), predictor.scale or None)
    found = _predicted(measuring, dataset, UNITS_AT, scale, OWN)
    good = np.array([i for i, error in enumerate(found.errors) if not error], np.int64)
    left_out = tuple(LeftOut(dataset.ids[i], error) for i, error in enumerate(found.errors) if error)
    own = _errors(dataset, found, good)
    _require_enough(own, level, left_out, table, blank)
    shift = shift_of(own, seed)
    if abs(shift.amount) > LARGEST_ENERGY:
        raise DataError(f"{table}: the median error is {shift.amount:g} eV/atom. Look at target, unit and scale.")
    new = _with_sizes(fitted(own, blank, shift.amount), found, own, good)
    rows = _before(plain, dataset, own, good, level, scale) | {"after": cross_validated(own, level, seed)}
    model = replace(plain.checkpoint, own=new)
    return Calibrated(model, shift, level, rows, (*dataset.left_out, *left_out), remark)


def calibrate_file(
    model: str | Path,
    path: Path,
    out: Path,
    reporter: Reporter,
    *,
    scale: str | None = None,
    target: str | None = None,
    unit: str | None = None,
    formula: str | None = None,
    id_column: str | None = None,
    encoding: str | None = None,
    level: float = 0.9,
    seed: int = 0,
    overwrite: bool = False,
) -> Calibrated:
    """Calibrate a model by the rows of a table, and write it with its ``.about.json``.

    Parameters
    ----------
    model
        A run folder, a model file, or the name of a shipped model.
    path
        A table of formulas or structures with formation energies.
    out
        The file of the new model, ending in ``.safetensors``.
    reporter
        Says what is read and left out.
    scale
        Energy scale of the table, or its column that names one; by default a column ``scale`` if there is one, else
        the default scale of the model.
    target, unit, formula, id_column
        Column of the energies, their unit, column of the formulas, and column of row names.
    encoding
        Of a table of text; see `formation_mlp.data.sources.read_table`.
    level, seed
        As for `calibrate`.
    overwrite
        Whether existing files are replaced.

    Raises
    ------
    ConfigError, DataError
        As for `calibrate`; or the files must not be written.
    """
    file = model_path(model)
    if real_path(out).parent == real_path(FOLDER):
        raise DataError(f"--out: {str(out)!r} lies among the models of the package. Choose another folder.")
    with claimed(out, [model, file, path], overwrite=overwrite, others=[about_path(out)]):
        predictor = load(model)
        _require_energies(predictor)
        declared = declared_scale(path, encoding) if scale is None and predictor.scales else scale
        dataset = read_rows(predictor, path, target, unit, declared, formula, id_column, encoding)
        _say_what_is_read(predictor, dataset, path, scale, reporter)
        done = calibrate(predictor, dataset, str(model), path.name, level, seed)
        if done.left_out:
            n_all = len(dataset) + len(dataset.left_out)
            are = "is" if len(done.left_out) == 1 else "are"
            reporter.say(f"{len(done.left_out):,} of {counted(n_all, 'row')} {are} left out:")
            say_left_out(done.left_out, reporter)
        done.model.save(out)
        write_json(about_path(out), {"file": out.name, **done.as_json()})
    return done


def _not_learned(predictor: Predictor, dataset: Dataset) -> tuple[Dataset, str]:
    """Return the rows whose formula the model has not learned, if they are enough, and what to say of the others."""
    rows = start_rows(predictor.checkpoint, dataset.materials.compositions)
    if not rows.is_told:
        return dataset, LEARNED_FROM
    n_known, new = int(rows.known.sum()), np.flatnonzero(~rows.known)
    if not n_known:
        return dataset, "the model has learned none of these formulas"
    keys = dataset.keys()
    n_new = len({keys[i] for i in new.tolist()})
    have = counted(n_known, "row has a formula", "rows have formulas")
    if n_new < FEWEST:
        return dataset, (
            f"{have} that the model has learned, which makes intervals too narrow; they stay, for there are "
            f"only {counted(n_new, 'other formula')}: add rows until there are {FEWEST}"
        )
    left_out = [LeftOut(dataset.ids[i], HAS_LEARNED) for i in np.flatnonzero(rows.known).tolist()]
    return dataset.take(
        new, left_out
    ), f"{have} that the model has learned, and {'is' if n_known == 1 else 'are'} left out"


def _require_energies(predictor: Predictor) -> None:
    if predictor.task.is_classification:
        raise ConfigError(f"calibrate: {predictor.interval_reason()}. Name a model of energies.")


def _scale_of(predictor: Predictor, dataset: Dataset) -> str | None:
    """Return the energy scale of the rows as the model calls it; None if it knows no scales."""
    _require_energies(predictor)
    scales = dataset.target.scales
    if len(scales) > 1:
        raise DataError(
            f"--scale: the rows are on several energy scales ({', '.join(scales)}), and a model is calibrated on one. "
            "Give a table of one of them, or put all on one: formation-mlp convert."
        )
    place = predictor.place_of(scales[0] if scales else None)
    return predictor.scales[place] if predictor.scales else None


def _say_what_is_read(
    predictor: Predictor, dataset: Dataset, path: Path, scale: str | None, reporter: Reporter
) -> None:
    known = _scale_of(predictor, dataset)
    if known is None:
        meant = "the model does not say on which energy scale it answers: the shift leads to that of the table"
    elif scale is not None or dataset.target.scales:
        meant = f"energy scale {known}"
    else:
        meant = f"energy scale {known}, the model's default: the table does not say; give --scale if it is another"
    reporter.say(f"{path.name}: {len(dataset):,} rows, target {dataset.target.label} in eV/atom, {meant}")
    if predictor.checkpoint.own is not None:
        reporter.say(f"what the model learned from {predictor.checkpoint.own.table} is forgotten")


def _predicted(
    predictor: Predictor, dataset: Dataset, level: float, scale: str | None, population: str | None
) -> Predictions:
    read = ReadMaterials(dataset.materials, list(dataset.formulas), {}, {})
    return predictor.predict_read(read, level=level, scale=scale, population=population)


def _errors(dataset: Dataset, found: Predictions, good: Ints) -> OwnErrors:
    """Return the errors of the rows that are predicted; the units are what the intervals reach to either side."""
    if found.lo is None or found.hi is None:
        raise RuntimeError("predictions without intervals")
    keys = dataset.keys()
    _, formula = np.unique([keys[i] for i in good], return_inverse=True)
    unit = (found.hi - found.lo)[good] / 2
    return OwnErrors(dataset.y[good] - found.values[good], unit, formula)


def _require_enough(own: OwnErrors, level: float, left_out: Sequence[LeftOut], table: str, blank: OwnRows) -> None:
    """Refuse too few rows, and a level that takes more.

    Raises
    ------
    DataError
        With how many rows there are, and the first that could not be predicted.
    ConfigError
        With what level there may be.
    """
    if not len(own.error) or own.n_formulas < FEWEST:
        m = own.n_formulas if len(own.error) else 0
        first = f"; row {left_out[0].id} has no prediction: {left_out[0].reason}" if left_out else ""
        raise DataError(
            f"{table}: {m} different formulas with an energy can be predicted, and calibration takes at least {FEWEST}"
            f"{first}. Add rows; those of one formula count as one."
        )
    one_each = np.ones(own.n_formulas, np.float32), np.ones(own.n_formulas, np.uint32)
    reason = replace(blank, scores=one_each[0], repeats=one_each[1]).reason(level)
    if reason:
        raise ConfigError(f"--level: {reason}.")


def _with_sizes(new: OwnRows, found: Predictions, own: OwnErrors, good: Ints) -> OwnRows:
    """Return own rows with the factor of expected errors, and what the levels of trust mean for such rows.

    The thresholds of the levels stay. A level of few formulas keeps the mean error that the model had for it, and all
    levels do if the mean errors would not rise from one to the next.
    """
    if found.expected_error is None or found.domain is None or not new.levels:
        return new
    left, size, weight = np.abs(own.error - new.shift), found.expected_error[good], own.weight
    factor = float(np.clip(weight @ left / (weight @ size), 1e-3, 1e3))
    names = np.array(trust_of(factor * size, found.domain.flagged[good], new.levels))
    levels = tuple(_level(level, left[names == level.name], weight[names == level.name]) for level in new.levels)
    means = [level.mean_error for level in levels]
    if means != sorted(means):  # few rows must not say that high trust is worse than medium
        levels = new.levels
    return replace(new, size_factor=factor, levels=levels)


def _level(level: Level, left: Floats, weight: Floats) -> Level:
    if weight.sum() < OF_A_LEVEL:
        return level
    return replace(level, mean_error=round(float(weight @ left / weight.sum()), 4))


def _before(
    plain: Predictor, dataset: Dataset, own: OwnErrors, good: Ints, level: float, scale: str | None
) -> dict[str, Held]:
    """Return what the model's own intervals are worth on the rows."""
    below = above = np.full(len(own.error), np.nan)
    if not plain.interval_reason(level, scale):
        found = _predicted(plain, dataset, level, scale, None)
        if found.lo is not None and found.hi is not None:
            below, above = (found.lo - found.values)[good], (found.hi - found.values)[good]
    return {"before": held(own, own.error, below, above)}
