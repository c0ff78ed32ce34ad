"""What the JSON files of a run folder hold, each as one schema: what a hand or a full disk has changed is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from formation_mlp.errors import CheckpointError

Count = Annotated[int, Field(ge=0)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Scores = dict[str, dict[str, Finite | None]]


class _File(BaseModel):
    """A file of a run; what a later version adds is left aside."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)


class SplitFile(_File):
    """``split.json``: the ids of the rows of each part."""

    train: Annotated[list[str], Field(min_length=1)]
    val: Annotated[list[str], Field(min_length=1)]
    test: list[str]

    @model_validator(mode="after")
    def _each_once(self) -> SplitFile:
        ids = [*self.train, *self.val, *self.test]
        if len(set(ids)) < len(ids):
            raise ValueError("a row stands in it twice")
        return self


class FitFile(_File):
    """``report.json`` of a member of an ensemble."""

    fit_seconds: Seconds
    cpu_seconds: Seconds = 0.0
    peak_memory: Count | None = None
    parameters: Count = 0


class TargetPart(_File):
    """What was predicted."""

    name: str
    unit: str | None = None
    declared_unit: str | None = None
    source: str | None = None


class OverlapPart(_File):
    """What the test rows share with the train rows."""

    test_rows: Count
    test_rows_with_formula_in_train: Count
    test_rows_with_chemical_system_in_train: Count


class ReportFile(FitFile):
    """``report.json`` of a run."""

    model: str
    scores: Scores
    target: TargetPart
    rows: dict[str, Count]
    rows_sha256: str
    overlap: OverlapPart
    descriptors: Count
    versions: dict[str, str]
    notes: list[str] = []
    left_out: dict[str, str] = {}
    constant_descriptors: list[str] = []
    members: dict[str, dict[str, Any]] = {}
    predict_seconds: Seconds = 0.0


class CalibrationFile(_File):
    """``.about.json`` beside a calibrated model: what its intervals are worth."""

    level: Annotated[float, Field(gt=0, lt=1)]
    intervals: dict[str, dict[str, Finite | None]]
    left_out: dict[str, str] = {}
    remark: str = ""


class PlannedFitFile(_File):
    """``cell.json``: which training of a benchmark this is."""

    rows: str


class OutcomeFile(_File):
    """``outcome.json``: what a benchmark needs of a training."""

    n_train: Count
    part: str
    score: float | None
    val_score: float
    fit_seconds: Seconds
    cpu_seconds: Seconds
    predict_seconds: Seconds
    peak_memory: Count | None
    size: Annotated[list[int | str], Field(min_length=2, max_length=2)]
    anytime: list[Annotated[list[float], Field(min_length=2, max_length=2)]]
    details: dict[str, Any]
    prediction: list[float]


class UntrainedPart(_File):
    """What the model to start from answers as it is."""

    model: str
    scale: str
    ids: list[str]
    is_new: list[bool]
    values: list[Finite]

    @model_validator(mode="after")
    def _as_long(self) -> UntrainedPart:
        if not len(self.ids) == len(self.is_new) == len(self.values):
            raise ValueError("its lists differ in length")
        return self


class ChoiceFile(_File):
    """``choice.json``: between which recipes a fit has chosen, and why."""

    recipe: str
    question: dict[str, Any]
    sentence: str
    untrained: UntrainedPart | None


class BenchmarkFile(_File):
    """``benchmark.json``, as far as the report of a run looks at it."""

    rows_sha256: str | None = None
    divisions: list[Any] = []


class HistoryLine(_File):
    """A line of ``history.jsonl``: an epoch."""

    epoch: Annotated[int, Field(ge=1)]
    train_loss: float
    val_loss: float
    val_score: float
    learning_rate: float
    is_best: bool


SCHEMAS: Mapping[str, type[_File]] = {
    "split.json": SplitFile,
    "report.json": FitFile,
    "cell.json": PlannedFitFile,
    "outcome.json": OutcomeFile,
    "choice.json": ChoiceFile,
    "benchmark.json": BenchmarkFile,
}
"""Name of a file to what it must hold at least."""


def read_json_file(path: Path, schema: type[_File] | None = None) -> dict[str, Any]:
    """Return the content of a JSON file of a run, by its own schema or by that of its name.

    Raises
    ------
    CheckpointError
        If the file is missing or damaged; the message names the field.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(path, "nested too deep" if isinstance(error, RecursionError) else str(error)) from error
    return checked(content, schema or SCHEMAS.get(path.name, _File), path)


def read_json_lines(path: Path, schema: type[_File]) -> list[dict[str, Any]]:
    """Return the lines of a file of JSON lines.

    Raises
    ------
    CheckpointError
        If the file is missing, or a line is damaged; the message names it.
    """
    found = []
    try:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found.append(checked(json.loads(line), schema, path, f"line {number}: "))
    except (OSError, ValueError, RecursionError) as error:
        where = f"line {len(found) + 1}: " if isinstance(error, json.JSONDecodeError) else ""
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise damaged(path, f"{where}{reason}") from error
    return found


def checked(content: Any, schema: type[_File], path: Path, where: str = "") -> dict[str, Any]:
    """Return plain data that a schema allows; raise `CheckpointError` with the field that it does not."""
    try:
        schema.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        shown = repr(first["input"])
        shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
        reason = "it is missing" if first["type"] == "missing" else f"found {shown}: {first['msg']}"
        raise damaged(path, f"{where}{place}: {reason}" if place else f"{where}{reason}") from error
    plain: dict[str, Any] = content
    return plain


def damaged(path: Path, reason: str) -> CheckpointError:
    """Return the error that a file of a run is missing or damaged."""
    return CheckpointError(f"{path}: missing or damaged: {reason.rstrip('.')}. Train again with --overwrite.")
