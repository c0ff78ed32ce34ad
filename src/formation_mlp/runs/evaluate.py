"""The verb evaluate: a trained model on its own val and test rows, or on a table with a target."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from formation_mlp.config.loading import check_config
from formation_mlp.data import columns
from formation_mlp.data.dataset import SHOWN
from formation_mlp.data.finding_columns import own_columns
from formation_mlp.data.records import Dataset, LeftOut
from formation_mlp.data.sources import read_table
from formation_mlp.data.unit_names import unit_of
from formation_mlp.runs.finished_rows import rows_of_run
from formation_mlp.runs.folder import RunFolder
from formation_mlp.runs.prepare import load_rows
from formation_mlp.runs.progress import Reporter
from formation_mlp.runs.scores import Evaluation, by_scale, evaluate, learned_in_words
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.saved_model.predictor import Predictor, load
from formation_mlp.scales.scale import SCALES


def score_again(folder: Path) -> tuple[Predictor, dict[str, Evaluation]]:
    """Predict the val and test rows of a finished run anew, from their formulas or structures.

    Raises
    ------
    CheckpointError
        If the folder is no finished run, or its rows have changed since.
    DataError
        If the rows are no longer where the configuration says.

    Examples
    --------
    >>> from formation_mlp.runs.train import train
    >>> from tempfile import TemporaryDirectory
    >>> from formation_mlp.config.loading import check_config
    >>> raw = {"data": {"path": "bundled"}, "features": ["stoichiometry"], "training": {"max_epochs": 2}}
    >>> with TemporaryDirectory() as folder:
    ...     _, results = train(check_config(raw | {"output": f"{folder}/run"}, "example"), Reporter(-1))
    ...     _, again = score_again(Path(folder, "run"))
    >>> abs(again["test"].scores["MAE"] - results[1].scores["test"]["MAE"]) < 1e-6
    True
    """
    run = RunFolder(folder)
    run.require_finished()
    predictor = Predictor(Checkpoint.load(run.model))
    _, dataset, rows = rows_of_run(folder, predictor.checkpoint.config)
    return predictor, {part: evaluate(predictor, dataset.take(rows[part])) for part in ("val", "test") if rows[part]}


def score_table_file(
    folder: Path,
    path: Path,
    target: str | None,
    unit: str | None,
    reporter: Reporter,
    scale: str | None = None,
    formula: str | None = None,
    id_column: str | None = None,
    encoding: str | None = None,
) -> tuple[Predictor, dict[str, Evaluation]]:
    """Score a trained model on a table with a target; rows that cannot be read are named and left out.

    The scores of all rows stand under the name of the table, before them those of each energy scale, if there are
    several. How many rows are formulas that the model has learned is said. The keywords are those of `read_rows`.
    """
    predictor = load(folder)
    dataset = read_rows(predictor, path, target, unit, scale, formula, id_column, encoding)
    say_what_is_read(dataset, path, reporter)
    if len(predictor.scales) > 1 and scale is None:
        reporter.say(
            f"the energy scale of {path.name} is not declared: its numbers are compared with predictions on "
            f"{predictor.scale}. Give --scale, one of: {', '.join(predictor.scales)}, or a column of them."
        )
    say_left_out(dataset.left_out, reporter)
    whole = evaluate(predictor, dataset)
    reporter.say(learned_in_words(predictor, dataset, whole))
    of_scales = by_scale(predictor.task, dataset, whole)
    return predictor, {f"{path.name} ({name})": found for name, found in of_scales.items()} | {path.name: whole}


def read_rows(
    predictor: Predictor,
    path: Path,
    target: str | None = None,
    unit: str | None = None,
    scale: str | None = None,
    formula: str | None = None,
    id_column: str | None = None,
    encoding: str | None = None,
) -> Dataset:
    """Read the rows of a table that a model is held against; those that cannot be read are left out.

    Columns that are not named are those of the table on which the model was trained, if they are there; else they are
    found by their usual names, or by what is in them.

    Parameters
    ----------
    predictor
        The model, which says whether energies or classes are expected.
    path
        The table.
    target, unit, formula, id_column
        Column of the target, its unit, column of the formulas, and column of row names.
    scale
        Energy scale of the table, or its column that names one in each row.
    encoding
        Of a table of text; see `read_table`.
    """
    raw = predictor.checkpoint.config
    if scale is None and predictor.scales:
        scale = declared_scale(path, encoding)
    own = own_columns(raw["data"] | {"target": predictor.checkpoint.target.name}, read_table(str(path), encoding))
    if formula is not None:
        own.pop("structure", None)
    if unit is None and target is None and "target" in own:
        unit = raw["data"].get("unit")
    unit = None if unit is None else unit_of(unit, "--unit")
    asked = {"target": target, "unit": unit, "scale": scale, "formula": formula, "id": id_column}
    asked |= {"encoding": encoding}
    task = raw["task"] | {"auxiliary": {}, "scale_weights": {}}
    data = {"path": str(path), "invalid": "drop", **own, **{k: v for k, v in asked.items() if v is not None}}
    return load_rows(check_config(raw | {"data": data, "split": {}, "task": task}, str(path)))


def say_what_is_read(dataset: Dataset, path: Path, reporter: Reporter) -> None:
    """Say which column the targets come from, and how their unit was found."""
    unit = f" in {dataset.target.unit}" if dataset.target.unit else ""
    found = "; ".join(note for note in dataset.notes if note.startswith("column "))
    reporter.say(f"{path.name}: {len(dataset):,} rows, target {dataset.target.label}{unit}{found and f'; {found}'}")
    for doubt in dataset.doubts:
        reporter.say(f"  not to believe without a look: {doubt}")


def say_left_out(rows: Sequence[LeftOut], reporter: Reporter) -> None:
    """Name the first rows that are not used, and say how many more there are."""
    for row in rows[:SHOWN]:
        reporter.say(f"row {row.id} is left out: {row.reason}")
    if len(rows) > SHOWN:
        reporter.say(f"... and {len(rows) - SHOWN} more")


def declared_scale(path: Path, encoding: str | None = None) -> str | None:
    """Return the name of the column ``scale``, if the table has one in which all cells are energy scales."""
    frame = read_table(str(path), encoding)
    if "scale" not in frame.columns:
        return None
    return "scale" if {str(cell).strip() for cell in columns.cells_of(frame, "scale")} <= set(SCALES) else None
