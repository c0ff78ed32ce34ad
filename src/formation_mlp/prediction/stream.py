"""Predict a table of any size: in parts, each of which is kept as soon as it is done."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from formation_mlp.config.schema import DataConfig
from formation_mlp.data import columns
from formation_mlp.data.dataset import materials_of_frame
from formation_mlp.data.sources import read_table_in_parts
from formation_mlp.errors import DataError
from formation_mlp.features.presets import files_of
from formation_mlp.prediction.answers import Answers, answer
from formation_mlp.prediction.inputs import Query, default_for
from formation_mlp.prediction.job_key import job_key, part_mark
from formation_mlp.prediction.output import about, csv_lines, parquet_table
from formation_mlp.saved_model.checkpoint import model_path
from formation_mlp.saved_model.named import NamedModel, named_model
from formation_mlp.system.blocks import rows_alone
from formation_mlp.system.compute import Compute, Job
from formation_mlp.system.files import (
    beside,
    move,
    remove_folder,
    sweep,
    whole_file,
    write_bytes,
    write_json,
    write_text,
)
from formation_mlp.system.jobs import run_jobs
from formation_mlp.system.outputs import PARTS, about_path, claimed, state_of
from formation_mlp.system.processes import ProcessDied
from formation_mlp.typing import Progress

if TYPE_CHECKING:
    import pandas as pd

ROWS_PER_PART = 50_000
"""From this number on formulas are read by the compiled scanner."""
LABEL = "job.json"
"""The file in the hidden folder of parts that names the job."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of each row of a table.

    Attributes
    ----------
    model : as the user calls it, or None for the shipped ones
    formula, id : columns, or None to find them by their usual names
    level, unit, strict : as for `formation_mlp.prediction.answers.answer`
    """

    model: str | None = None
    formula: str | None = None
    id: str | None = None
    level: float | None = None
    unit: str | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """A table that is predicted.

    Attributes
    ----------
    n_rows : of the source, and of the result
    n_failed : rows without a prediction, each with its reason in the column ``error``
    n_found : rows that an earlier call had predicted
    meaning : what the numbers are, in one line
    """

    n_rows: int
    n_failed: int
    n_found: int
    meaning: str


def predict_table(
    path: Path,
    out: Path,
    request: Request,
    *,
    rows_per_part: int = ROWS_PER_PART,
    workers: int = 1,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Done:
    """Predict every row of a table, and write them in their order to a .csv or .parquet file with its ``.about.json``.

    Parts that are done wait in a hidden folder beside ``out``, so that the same call goes on where an interrupted one
    stopped, and ends with the same file. Memory holds one part a process, whatever the size of a csv or parquet table.

    Parameters
    ----------
    path
        A table of formulas or structures, of any kind that `formation_mlp.data.sources.read_table` reads.
    out
        The file to write, ending in ``.csv`` or ``.parquet``.
    request
        Which model, which columns, and what is asked of them.
    rows_per_part
        Rows that are predicted at a time.
    workers
        Processes.
    overwrite
        Whether ``out`` is replaced if it exists, and not as an interrupted call of this job has left it.
    progress
        Called with the number of rows done and of all; of csv files the latter is the number of lines.

    Raises
    ------
    DataError
        If the table is missing, empty, or lacks a column; or ``out`` is one of the inputs, or exists.
    InUseError
        If another process writes ``out``.
    CheckpointError, ConfigError
        As for `formation_mlp.prediction.answers.answer`.
    """
    folder = beside(out, PARTS)
    with closing(read_table_in_parts(str(path), rows_per_part)) as frames:
        first = next(frames)
        query = _query(_needed(first.head(100), request), request)
        described_by = files_of(query.model.predictor.features)
        key = _key(path, query.model.path, described_by, out, request, rows_per_part)
        reads, others = (path, request.model, query.model.path, *described_by), (about_path(out),)
        goes_on = partial(_goes_on, folder, key, out)
        with claimed(out, reads, overwrite=overwrite, others=others, goes_on=goes_on), _way_on(folder):
            _open_folder(folder, key, out)
            count = _Count(folder, progress, _n_rows(path))
            tasks = ((number, _needed(frame, request)) for number, frame in enumerate(chain([first], frames)))
            missing = ((number, frame) for number, frame in tasks if not count.found(number, frame, out.suffix))
            for number in _run(missing, folder, out.suffix, request, workers):
                count.finished(number)
            if _key(path, query.model.path, described_by, out, request, rows_per_part) != key:
                raise DataError(
                    f"{path}, or the model, was changed while its rows were predicted, so {out} would mix two of them: "
                    "nothing was written there. The same call begins anew."
                )
            return _joined(folder, out, request, query.model, count)


def _joined(folder: Path, out: Path, request: Request, model: NamedModel, count: _Count) -> Done:
    """Put the parts together, and remove their folder."""
    summaries = count.in_order()
    unit, names = summaries[0]["unit"], summaries[0]["columns"]
    n_rows, n_failed = (sum(summary[key] for summary in summaries) for key in ("rows", "failed"))
    description = about([model], unit, names, n_rows, n_failed, out, strict=request.strict)
    files = [_part(folder, number, out.suffix) for number in range(len(summaries))]
    result = folder / f"result{out.suffix}"
    JOINERS[out.suffix](result, files, names, description)
    label = folder / LABEL
    write_json(label, {**json.loads(label.read_text(encoding="utf-8")), "result": state_of(result)})
    move(result, out)
    write_json(about_path(out), description)
    remove_folder(folder)
    return Done(n_rows, n_failed, count.n_found, model.heading(unit))


class _Count:
    """How many rows are done: those of an earlier call, and new ones."""

    def __init__(self, folder: Path, progress: Progress | None, n_rows: int) -> None:
        self.folder, self.progress, self.n_rows = folder, progress, n_rows
        self.n_done = self.n_found = 0
        self.summaries: dict[int, dict[str, Any]] = {}

    def found(self, number: int, frame: pd.DataFrame, suffix: str) -> bool:
        """Return whether a part is done already, from the same rows and structure files."""
        known = _summary(self.folder, number)
        is_there = known is not None and _part(self.folder, number, suffix).exists()
        if known is None or not is_there or known.get("mark") != part_mark(frame):
            return False
        self.n_found += len(frame)
        self._add(number, known)
        return True

    def finished(self, number: int) -> None:
        """Count a part that has just been written."""
        summary = _summary(self.folder, number)
        if summary is None:
            raise DataError(f"{self.folder}: part {number} has disappeared while the job was running.")
        self._add(number, summary)

    def in_order(self) -> list[dict[str, Any]]:
        """Return what is known of each part."""
        return [self.summaries[number] for number in sorted(self.summaries)]

    def _add(self, number: int, summary: dict[str, Any]) -> None:
        self.summaries[number] = summary
        self.n_done += summary["rows"]
        if self.progress is not None:
            self.progress(self.n_done, max(self.n_rows, self.n_done))


def _run(
    tasks: Iterator[tuple[int, pd.DataFrame]], folder: Path, suffix: str, request: Request, workers: int
) -> Iterator[int]:
    """Predict parts, here or in processes, and yield their numbers as they are done."""
    jobs = (Job(number, write_part, (number, frame, folder, suffix, request)) for number, frame in tasks)
    for event in run_jobs(jobs, Compute(workers)):
        if event.lost:
            raise ProcessDied(event.lost)
        if event.is_end:
            yield event.key


def write_part(number: int, frame: pd.DataFrame, folder: Path, suffix: str, request: Request) -> Iterator[int]:
    """Predict the rows of ``frame``, write them and a summary, and yield the number of the part."""
    mark = part_mark(frame)
    with rows_alone():
        answers = answer(
            [_query(frame, request)],
            _ids(frame, request),
            level=request.level,
            unit=request.unit,
            strict=request.strict,
        )
    WRITERS[suffix](_part(folder, number, suffix), answers)
    summary = {"rows": len(answers), "failed": answers.n_failed, "unit": answers.unit, "columns": list(answers.columns)}
    summary["mark"] = mark
    write_json(folder / f"{number:06}.json", summary)
    yield number


def _query(frame: pd.DataFrame, request: Request) -> Query:
    read = materials_of_frame(frame, DataConfig(path="the table", formula=request.formula, id=request.id))
    return Query.of_all(_loaded(request.model, default_for(read)), read)


_loaded = lru_cache(maxsize=1)(named_model)
"""A model is loaded once a process."""


def _needed(frame: pd.DataFrame, request: Request) -> pd.DataFrame:
    """Return the columns that are looked at, so that the others need not travel."""
    wanted = {*columns.FORMULA, *columns.STRUCTURE, *columns.ID, *columns.CELL}
    names = [name for name in frame.columns if name.lower() in wanted or name in (request.formula, request.id)]
    columns.find_column(frame, request.formula, (), "--formula")  # said with all names of the table
    columns.find_column(frame, request.id, (), "--id")
    return frame[names] if names else frame


def _ids(frame: pd.DataFrame, request: Request) -> list[str] | None:
    column = columns.find_column(frame, request.id, columns.ID, "--id")
    if column is None:
        return None
    return ["" if cell is None else str(cell) for cell in columns.cells_of(frame, column)]


def _key(
    source: Path, model: Path, described_by: Sequence[Path], out: Path, request: Request, rows_per_part: int
) -> str:
    """Return a text that tells this job from any other."""
    options = {"job": asdict(request), "rows": rows_per_part, "ending": out.suffix}
    return job_key(source, model_path(model), described_by, options)


def _n_rows(source: Path) -> int:
    """Return about how many rows a table has, or 0 if only reading it would tell."""
    if source.name.lower().endswith(".parquet"):
        import pyarrow.parquet as pq

        try:
            return int(pq.read_metadata(source).num_rows)
        except (OSError, ValueError):  # reading the table says what is wrong
            return 0
    if not source.name.lower().endswith(".csv") or not source.is_file():
        return 0
    with source.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")) - 1


def _open_folder(folder: Path, key: str, out: Path) -> None:
    """Make the folder of parts ready; parts of another job, which is dead if nobody holds the lock, are of no use."""
    label = folder / LABEL
    if folder.exists():
        sweep(folder)
        if not folder.is_dir():
            raise DataError(f"{folder}: is a file, where parts of the result are kept. Remove it.")
        if not label.exists() and any(folder.iterdir()):
            raise DataError(f"{folder}: holds files of unknown origin. Move it away, or choose another --out.")
        if _label(folder).get("key") == key:
            return
        remove_folder(folder)
    write_json(label, {"key": key, "replaces": state_of(out)})


def _label(folder: Path) -> dict[str, Any]:
    """Return what the folder of parts says of itself; nothing if it is damaged."""
    try:
        found = json.loads((folder / LABEL).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _goes_on(folder: Path, key: str, out: Path) -> bool:
    """Return whether an interrupted call of this job was to replace ``out`` as it is, or had already written it."""
    label = _label(folder)
    return label.get("key") == key and state_of(out) in (label.get("replaces"), label.get("result"))


@contextmanager
def _way_on(folder: Path) -> Iterator[None]:
    """Say of an interrupt that the work is not lost."""
    try:
        yield
    except KeyboardInterrupt as stop:
        if any(folder.glob("[0-9]*.json")):
            stop.add_note("the same call goes on where this one stopped")
        raise


def _part(folder: Path, number: int, suffix: str) -> Path:
    return folder / f"{number:06}{suffix}"


def _summary(folder: Path, number: int) -> dict[str, Any] | None:
    path = folder / f"{number:06}.json"  # written after the part itself
    if not path.exists():
        return None
    summary: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return summary


def _write_csv_part(path: Path, answers: Answers) -> None:
    write_text(path, csv_lines(answers))


def _write_parquet_part(path: Path, answers: Answers) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(parquet_table(answers), sink)
    write_bytes(path, sink.getvalue())


def _join_csv(out: Path, parts: list[Path], names: list[str], _description: dict[str, Any]) -> None:
    with whole_file(out) as file:
        file.write((",".join(names) + "\n").encode())
        for part in parts:
            with part.open("rb") as content:
                shutil.copyfileobj(content, file)


def _join_parquet(out: Path, parts: list[Path], _names: list[str], description: dict[str, Any]) -> None:
    import pyarrow.parquet as pq

    schema = pq.read_schema(parts[0]).with_metadata({b"formation_mlp": json.dumps(description).encode()})
    with whole_file(out) as file, pq.ParquetWriter(file, schema) as writer:
        for part in parts:
            writer.write_table(pq.read_table(part).cast(schema))


WRITERS: dict[str, Callable[[Path, Answers], None]] = {".csv": _write_csv_part, ".parquet": _write_parquet_part}
JOINERS = {".csv": _join_csv, ".parquet": _join_parquet}
"""Ending of a file to what writes a part of it, and what puts the parts together."""
