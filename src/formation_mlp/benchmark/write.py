"""From outcomes to the files of a benchmark and the text that is printed."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from formation_mlp.benchmark.matbench_record import is_record, write_record
from formation_mlp.benchmark.novelty import GROUPS
from formation_mlp.benchmark.outcome import About, Outcome
from formation_mlp.benchmark.pictures import pictures
from formation_mlp.benchmark.results import Results, as_json, from_json, results_of
from formation_mlp.benchmark.summary import by_division
from formation_mlp.benchmark.text import results_text
from formation_mlp.errors import CheckpointError
from formation_mlp.runs.contents import BENCHMARK_FILES
from formation_mlp.system.files import write_csv, write_json
from formation_mlp.typing import Floats

RESULTS_FILE, ROWS_FILE, RECORD_FILE = BENCHMARK_FILES
PREDICTION = "prediction "
"""How the columns of predictions begin; the model follows."""


def write_results(folder: Path, outcomes: Sequence[Outcome], about: About) -> str:
    """Write all numbers, the predictions of all shown rows and the figures into a folder; return the text to print.

    Predictions of several seeds are averaged. With ids of matbench there is the main model's record for matbench, too.

    Raises
    ------
    DataError
        If no shown row has a truth, or the main model is missing.
    ValueError
        If models were shown on other rows of the same division.
    """
    from formation_mlp.figures import save_figure

    results = results_of(outcomes, about)
    write_json(folder / RESULTS_FILE, as_json(results))
    _write_rows(folder / ROWS_FILE, outcomes)
    for drawn in pictures(results, read_rows(folder)):
        save_figure(drawn.figure, folder / f"{drawn.name}.png")
    text = results_text(results)
    record = _write_record(folder / RECORD_FILE, outcomes, about)
    return f"{text}\n\n{record}" if record else text


def read_results(folder: Path) -> Results:
    """Return the results of a benchmark from its folder.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged or of another format.
    """
    path = folder / RESULTS_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"{path}: missing or damaged: {error}. Run 'formation-mlp benchmark CONFIG' again."
        ) from error
    return from_json(content, path)


@dataclass(frozen=True, slots=True)
class ShownRows:
    """The shown rows of a model whose truth is known: ``ids``, ``formulas``, ``y`` and ``prediction``, ``[n]`` each."""

    ids: list[str]
    formulas: list[str]
    y: Floats
    prediction: Floats


def read_rows(folder: Path) -> dict[str, tuple[Floats, Floats]]:
    """Return truths and predictions of all shown rows by model, ``[n]`` each; rows without a truth are left out.

    Raises
    ------
    CheckpointError
        If the file is missing or damaged.
    """
    return {name: (rows.y, rows.prediction) for name, rows in read_named_rows(folder).items()}


def read_named_rows(folder: Path) -> dict[str, ShownRows]:
    """Return the shown rows of each model with their names; otherwise as `read_rows`."""
    path = folder / ROWS_FILE
    found: dict[str, list[tuple[str, str, float, float]]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            models = [name for name in reader.fieldnames or () if name.startswith(PREDICTION)]
            for row in reader:
                for name in models if row["truth"] else ():
                    if row[name]:
                        line = (row["id"], row["formula"], float(row["truth"]), float(row[name]))
                        found.setdefault(name.removeprefix(PREDICTION), []).append(line)
    except (OSError, KeyError, ValueError, csv.Error) as error:
        raise CheckpointError(
            f"{path}: missing or damaged: {error}. Run 'formation-mlp benchmark CONFIG' again."
        ) from error
    return {
        name: ShownRows(list(ids), list(formulas), np.array(y, np.float64), np.array(prediction, np.float64))
        for name, (ids, formulas, y, prediction) in ((name, zip(*rows, strict=True)) for name, rows in found.items())
    }


def _write_rows(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write one line per shown row and division: id, formula, truth, what train holds of it, and all predictions."""
    whole = [outcome for outcome in outcomes if outcome.fraction == 1]
    models = list(dict.fromkeys(outcome.model for outcome in whole))
    lines: list[list[object]] = []
    for name, some in by_division(whole).items():
        first = some[0]
        mean = {model: _mean_prediction([one for one in some if one.model == model], first) for model in models}
        for i, key in enumerate(first.ids):
            truth = f"{first.y[i]:.6f}" if np.isfinite(first.y[i]) else None
            line = [key, first.formulas[i], name, first.part, GROUPS[int(first.novelty[i])], truth]
            lines.append([*line, *(_cell(mean[model], i) for model in models)])
    header = ["id", "formula", "division", "part", "train_holds", "truth"]
    write_csv(path, [*header, *(PREDICTION + model for model in models)], lines)


def _mean_prediction(outcomes: Sequence[Outcome], first: Outcome) -> Floats | None:
    if not outcomes:
        return None
    if any(list(one.ids) != list(first.ids) for one in outcomes):
        raise ValueError(f"{outcomes[0].model} and {first.model} were shown on other rows of {first.division!r}")
    mean: Floats = np.mean([one.prediction for one in outcomes], axis=0)
    return mean


def _cell(prediction: Floats | None, i: int) -> str | None:
    return None if prediction is None else f"{prediction[i]:.6f}"


def _write_record(path: Path, outcomes: Sequence[Outcome], about: About) -> str:
    """Write matbench's record of the main model's first seed if the rows are those of matbench; say so."""
    if about.protocol != "matbench" or about.task != "regression":
        return ""
    own = [one for one in outcomes if one.model == about.main and one.fraction == 1 and one.part == "test"]
    own = [one for one in own if one.seed == min(other.seed for other in own)]
    if not is_record(own):
        return "No record for matbench: its ids are mb-mp-e-form-000001 and so on; name their column under data.id."
    missing = write_record(path, own)
    return f"{path}: the predictions of {about.main} in matbench's format" + (f"; {missing}" if missing else "")
