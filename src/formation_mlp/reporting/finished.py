"""A finished run, read back from its folder, and what its rows and its model still tell."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.config.schema import Config
from formation_mlp.data.quantity import quantity_words
from formation_mlp.data.records import Dataset
from formation_mlp.data.unit_names import name_in
from formation_mlp.errors import CheckpointError, FormationMLPError
from formation_mlp.materials.inputs import ReadMaterials, read_materials
from formation_mlp.quoting import shortened
from formation_mlp.reporting.intervals import IntervalEnds, ends_by_formula, interval_ends
from formation_mlp.runs.finished_rows import RowsChangedError, rows_of_run
from formation_mlp.runs.folder import RunFolder
from formation_mlp.runs.folder_files import ReportFile, read_json_file
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.saved_model.predictions import Predictions
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.splits.methods import PARTS
from formation_mlp.targets.task import labels
from formation_mlp.typing import Floats, Ints

OF_THE_PLACE = ("output", "tune", "benchmark")
"""Sections of a configuration that may differ from that of the model."""

AGREEMENT = 1e-3
"""A model that is predicted anew may differ from its predictions.csv by this much, eV/atom or probability."""


@dataclass(frozen=True)
class Training:
    """The rows that the run had, as they are today: the same as then, or this does not exist.

    Attributes
    ----------
    dataset : all rows
    labels : eV/atom, or 0 and 1, of all rows
    rows : part to its rows in ``dataset``
    """

    dataset: Dataset
    labels: Floats
    rows: Mapping[str, Ints]


@dataclass(frozen=True)
class FinishedRun:
    """What a run folder holds, and the rows of the part that is reported: ``test``, or ``val`` without one.

    Attributes
    ----------
    folder : of the run
    name : of the run on the page, unique there
    report, config : the content of report.json, and the resolved configuration
    part : ``test`` or ``val``
    ids, formulas : of the ``n`` rows of the part
    y, prediction : eV/atom, or classes and probabilities, ``[n]``
    histories : epochs of the network, or of every member of an ensemble, by name
    benchmark : model to its entry in benchmark.json, of the same rows; empty without one, or with several divisions
    training : the rows behind the run, or None where they are gone
    checkpoint : the model
    answers : the model's own remarks and deviations for the rows of the part, or None
    ends : its intervals for them, or None
    notes : what could not be found out, and why
    """

    folder: RunFolder
    name: str
    report: dict[str, Any]
    config: dict[str, Any]
    part: str
    ids: list[str]
    formulas: list[str]
    y: Floats
    prediction: Floats
    histories: dict[str, list[dict[str, Any]]]
    benchmark: dict[str, Any]
    checkpoint: Checkpoint
    training: Training | None = None
    answers: Predictions | None = None
    ends: IntervalEnds | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def is_classification(self) -> bool:
        """Whether probabilities were predicted."""
        return str(self.config["task"]["type"]) == "classification"

    @property
    def errors(self) -> Floats:
        """Absolute errors (eV/atom), or how far the probability is from the class, ``[n]``."""
        return np.abs(self.prediction - self.y)

    @property
    def unit(self) -> str:
        """``eV/atom``, or empty for a class."""
        return "" if self.is_classification else "eV/atom"

    @property
    def model(self) -> str:
        """What the model is: a single network by its architecture, anything else by its own name."""
        return model_name(str(self.report["model"]), self.config)

    @property
    def target(self) -> str:
        """What the numbers are called; reports of earlier versions name the column, in whatever unit that is."""
        return name_in(self.unit, str(self.report["target"]["name"]))

    @property
    def quantity(self) -> str:
        """The target's name as words for an axis."""
        return quantity_words(str(self.report["target"]["name"]))

    @cached_property
    def compositions(self) -> Compositions | None:
        """Compositions of the rows, ``[n]``; None if the formulas cannot be read alone."""
        if self.training is not None:
            compositions = self.training.dataset.materials.compositions
            return compositions.take(self.training.rows[self.part])
        read = read_materials(self.formulas)
        return None if read.failures else read.materials.compositions

    def intervals(self) -> IntervalEnds | None:
        """Return the intervals that the model gives to the rows, or None if it gives none or they cannot be told."""
        if self.ends is not None or self.answers is not None or self.compositions is None:
            return self.ends
        return ends_by_formula(self.checkpoint, self.compositions, self.prediction)


def model_name(name: str, config: Mapping[str, Any]) -> str:
    """Return ``residual`` or ``set`` for a network that an older run calls ``mlp`` as every other one."""
    architecture = str(config.get("model", {}).get("architecture", name))
    return architecture if name == "mlp" and ":" not in architecture else name


def load_run(path: Path, name: str, *, predict: bool = True) -> FinishedRun:
    """Read a run folder; predict the reported rows again, unless told not to, if they are still there.

    Raises
    ------
    CheckpointError
        If the folder is no finished run, or one of its files is missing or damaged.
    """
    folder = RunFolder(path)
    folder.require_finished()
    report, model = read_json_file(folder.report, ReportFile), Checkpoint.load(folder.model, "numpy")
    part = "test" if report["rows"].get("test") else "val"
    if not report["scores"].get(part):
        raise CheckpointError(f"{folder.report}: damaged: it has no scores of the {part} rows. Train again.")
    ids, formulas, y, prediction, n_wild = _predictions(folder, part)
    run = FinishedRun(
        folder,
        name,
        report,
        Config.model_validate(model.config).model_dump(),
        part,
        ids,
        formulas,
        y,
        prediction,
        _histories(folder),
        {},
        model,
    )
    run.notes.extend(_other_configuration(run))
    run.notes.extend(f"Remark: {remark}." for remark in run.checkpoint.remarks)
    if n_wild:
        run.notes.append(f"{n_wild} of the {part} rows have a prediction that is not finite; they are left out.")
    run = replace(run, benchmark=_benchmark(run))
    return _with_answers(_with_training(run)) if predict else run


def _other_configuration(run: FinishedRun) -> list[str]:
    """Say where config.yaml is not that of the model any more: the page is about the model."""
    saved, own = run.folder.saved_config(), run.checkpoint
    if own.remarks:  # of an older format, whose keys have been renamed
        return []
    keys = [key for key, value in own.config.items() if key not in OF_THE_PLACE and saved.get(key) != value]
    return [f"{run.folder.config} differs from the model's own configuration under: {', '.join(keys)}."] if keys else []


def _predictions(folder: RunFolder, part: str) -> tuple[list[str], list[str], Floats, Floats, int]:
    """Return ids, formulas, truths and predictions of a part, and how many rows were not finite."""
    path = folder.predictions
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            header = next(reader)
            rows = [row for row in reader if row[2] == part]
        if header[:3] != ["id", "formula", "part"] or len(header) != 5:
            raise ValueError(f"its columns are {', '.join(header)}")
        numbers = np.array([[float(row[3]), float(row[4])] for row in rows], np.float64).reshape(-1, 2)
    except (OSError, StopIteration, IndexError, ValueError, csv.Error) as error:
        raise CheckpointError(
            f"{path}: missing or damaged: {shortened(str(error))}. Train again with --overwrite."
        ) from error
    good = np.flatnonzero(np.isfinite(numbers).all(axis=1)).tolist()
    if not good:
        raise CheckpointError(f"{path}: no {part} row has a prediction. Train again with --overwrite.")
    y, prediction = numbers[good].T
    return [rows[i][0] for i in good], [rows[i][1] for i in good], y, prediction, len(rows) - len(good)


def _histories(folder: RunFolder) -> dict[str, list[dict[str, Any]]]:
    runs = {"": folder}
    if (folder.path / "members").is_dir():
        runs |= {path.name: RunFolder(path) for path in sorted((folder.path / "members").iterdir())}
    found = {name: run.read_history() for name, run in runs.items() if run.history.exists()}
    return {name: history for name, history in found.items() if history}


def _benchmark(run: FinishedRun) -> dict[str, Any]:
    path = run.folder.path / "benchmark.json"
    if not path.exists():
        return {}
    content = run.folder.read_json(path)
    if content.get("rows_sha256") != run.report["rows_sha256"]:
        run.notes.append("benchmark.json is of other rows than this run; it is left out.")
        return {}
    models, divisions = content.get("models"), content.get("divisions", ())
    return dict(models) if isinstance(models, dict) and len(divisions) <= 1 else {}


def _with_training(run: FinishedRun) -> FinishedRun:
    """Return the run with the rows behind it, if they are where and what they were."""
    run.folder.read_json(run.folder.split)  # a damaged folder is refused; rows that are gone are only said
    try:
        config, dataset, of_parts = rows_of_run(run.folder.path, run.checkpoint.config)
        y = labels(config.task, dataset.y)
    except FormationMLPError as error:
        gone = isinstance(error, RowsChangedError)
        said = "have changed since the run" if gone else "cannot be read any more"
        run.notes.append(f"The rows of the run {said}, so facts about training rows are left out: {error}")
        return run
    rows = {part: np.array(of_parts[part], np.int64) for part in PARTS}
    number = {dataset.ids[i]: i for i in rows[run.part].tolist()}
    if any(name not in number for name in run.ids):
        run.notes.append(f"{run.folder.predictions} names other rows than the run has; facts about rows are left out.")
        return run
    rows[run.part] = np.array([number[name] for name in run.ids], np.int64)
    return replace(run, training=Training(dataset, y, rows))


def _with_answers(run: FinishedRun) -> FinishedRun:
    """Return the run with the model's predictions of the same rows, made anew, if they are what they were."""
    if run.training is None:
        return run
    rows = run.training.rows[run.part]
    materials = run.training.dataset.materials.take(rows)
    predictor = Predictor(run.checkpoint)
    try:
        answers = predictor.predict_read(ReadMaterials(materials, run.formulas, {}, {}))
    except FormationMLPError as error:
        run.notes.append(f"The model cannot predict its rows again, so its own remarks are left out: {error}")
        return run
    off = np.abs(answers.values - run.prediction)
    if not np.all(off <= AGREEMENT):
        n = int(np.sum(~(off <= AGREEMENT)))
        run.notes.append(
            f"Predicted anew, {n} of {len(off)} rows differ from predictions.csv by more than {AGREEMENT}: "
            "the versions of the packages that make features may have changed. Its own remarks are left out."
        )
        return run
    return replace(run, answers=answers, ends=interval_ends(predictor, materials, answers))
