"""Predict a table of any size: in parts, each of which is kept as soon as it is done."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, replace
from functools import lru_cache, partial
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from formation_mlp.config.schema import DataConfig
from formation_mlp.data import columns
from formation_mlp.data.dataset import materials_of_frame
from formation_mlp.data.sources import read_table_in_parts
from formation_mlp.errors import DataError
from formation_mlp.features.presets import files_of
from formation_mlp.materials.structure.cache import contents
from formation_mlp.prediction.answers import Answers, answer
from formation_mlp.prediction.inputs import Query, Request, default_for, trained_on
from formation_mlp.prediction.output import Predicted, about, csv_lines, parquet_table
from formation_mlp.prediction.tables import material_columns
from formation_mlp.saved_model.checkpoint import model_path
from formation_mlp.saved_model.named import FOR_FORMULAS, NamedModel, named_model
from formation_mlp.system.blocks import rows_alone
from formation_mlp.system.compute import Compute, Job
from formation_mlp.system.files import content_digest, whole_file, write_json, write_text
from formation_mlp.system.outputs import about_path
from formation_mlp.system.parquet import with_note, write_parquet
from formation_mlp.system.parts import Parts, Summary, job_key, parts_of_file, put_together
from formation_mlp.typing import Progress
from formation_mlp.version import __version__

if TYPE_CHECKING:
    import pandas as pd

ROWS_PER_PART = 50_000
"""From this number on formulas are read by the compiled scanner."""


def predict_in_parts(
    path: Path,
    out: Path,
    request: Request,
    *,
    rows_per_part: int = ROWS_PER_PART,
    workers: int = 1,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Predicted:
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
    with closing(read_table_in_parts(str(path), rows_per_part, request.encoding)) as frames:
        first = next(frames)
        named = material_columns(first, str(path), request.formula, request.id, _trained_on(request.model))
        request = replace(request, formula=named.formula, structure=named.structure, id=named.id)
        query = _query(_needed(first.head(100), request), request)
        model, described_by = query.model.path, files_of(query.model.predictor.features)
        options = {"request": asdict(request), "rows": rows_per_part, "ending": out.suffix}
        known = partial(_known, path, model_path(model), described_by, options)
        key = job_key(known())
        read = (path, request.model, model, *described_by)
        with parts_of_file(out, key, read, overwrite=overwrite, others=(about_path(out),)) as folder:
            parts = Parts(folder, out.suffix, _summary, _n_rows(path), progress)
            for _ in parts.write(_jobs(chain([first], frames), parts, request), Compute(workers)):
                pass
            if job_key(known()) != key:
                raise DataError(
                    f"{path}, or the model, was changed while its rows were predicted, so {out} would mix two of them: "
                    "nothing was written there. The same call begins anew."
                )
            return _joined(parts, out, request, query.model)


def _known(source: Path, model: Path, described_by: Iterable[Path], options: dict[str, Any]) -> dict[str, Any]:
    """Return what tells this job from any other: the content of all that it reads, and not its paths.

    A source that is no file is told by its path; what it holds, `_content` tells.
    """
    read = {"source": source, "model": model}
    return {
        "version": __version__,
        **options,
        **{name: content_digest(file) if file.is_file() else str(file) for name, file in read.items()},
        "descriptors": [content_digest(file) for file in described_by],
    }


def _jobs(
    frames: Iterable[pd.DataFrame], parts: Parts, request: Request
) -> Iterator[tuple[Callable[[], str], Job[int]]]:
    for number, frame in enumerate(frames):
        needed = _needed(frame, request)
        yield partial(_content, needed, request), Job(number, write_part, (parts.path(number), needed, request))


def _content(frame: pd.DataFrame, request: Request) -> str:
    """Return the SHA-256 of the cells of some rows, and of the structure files that these name."""
    digest = sha256()
    for name in frame.columns:
        texts = [str(name), *map(str, frame[name].tolist())]
        digest.update(json.dumps(texts).encode())
    column = columns.find_column(frame, request.structure, columns.STRUCTURE, "structure")
    if column is not None:
        cells = columns.cells_of(frame, column)
        digest.update(contents(cells, Path(frame.attrs.get("folder", "."))).encode())
    return digest.hexdigest()


def write_part(path: Path, frame: pd.DataFrame, request: Request) -> Iterator[None]:
    """Predict the rows of ``frame``, and write them and what is known of them."""
    content = _content(frame, request)  # before the structures are read
    ids = _ids(frame, request)
    with rows_alone():
        answers = answer([_query(frame, request)], ids, **request.of_the_answer())
    WRITERS[path.suffix](path, answers)
    known = {"rows": len(answers), "failed": answers.n_failed, "unit": answers.unit, "columns": list(answers.columns)}
    write_json(path.with_suffix(".json"), known | {"content": content, "notes": answers.notes, "scale": answers.scale})
    yield from ()


def _summary(path: Path) -> Summary | None:
    """Return what is known of a part: the file that tells it is written after the part itself."""
    known = path.with_suffix(".json")
    if not (path.exists() and known.exists()):
        return None
    summary: Summary = json.loads(known.read_text(encoding="utf-8"))
    return summary


def _joined(parts: Parts, out: Path, request: Request, model: NamedModel) -> Predicted:
    """Put the parts together in their order."""
    first, n_rows, n_failed = parts.summaries()[0], parts.total("rows"), parts.total("failed")
    told = {"strict": request.strict, "scale": first["scale"], "notes": first["notes"]}
    description = about([model], first["unit"], first["columns"], n_rows, n_failed, out, **told)
    result = parts.folder / f"result{out.suffix}"
    JOINERS[out.suffix](result, parts.files(), first["columns"], description)
    put_together(parts.folder, result, out)
    write_json(about_path(out), description)
    return Predicted(
        n_rows, n_failed, parts.n_rows_found, "\n".join([model.heading(first["unit"], first["scale"]), *first["notes"]])
    )


def _query(frame: pd.DataFrame, request: Request) -> Query:
    config = DataConfig(path="the table", formula=request.formula, structure=request.structure, id=request.id)
    read = materials_of_frame(frame, config)
    return Query.of_all(_loaded(request.model, FOR_FORMULAS if request.model else default_for(read)), read)


def _trained_on(model: str | None) -> dict[str, Any]:
    return trained_on(None if model is None else _loaded(model, FOR_FORMULAS))


_loaded = lru_cache(maxsize=1)(named_model)
"""A model is loaded once a process."""


def _needed(frame: pd.DataFrame, request: Request) -> pd.DataFrame:
    """Return the columns that are looked at, so that the others need not travel."""
    wanted = {*columns.FORMULA, *columns.STRUCTURE, *columns.ID, *columns.CELL}
    named = (request.formula, request.structure, request.id)
    names = [name for name in frame.columns if name.lower() in wanted or name in named]
    columns.find_column(frame, request.formula, (), "--formula")  # said with all names of the table
    columns.find_column(frame, request.id, (), "--id")
    return frame[names] if names else frame


def _ids(frame: pd.DataFrame, request: Request) -> list[str] | None:
    column = columns.find_column(frame, request.id, columns.ID, "--id")
    if column is None:
        return None
    return ["" if cell is None else str(cell) for cell in columns.cells_of(frame, column)]


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


def _write_csv_part(path: Path, answers: Answers) -> None:
    write_text(path, csv_lines(answers))


def _write_parquet_part(path: Path, answers: Answers) -> None:
    write_parquet(path, parquet_table(answers))


def _join_csv(out: Path, parts: list[Path], names: list[str], _description: dict[str, Any]) -> None:
    with whole_file(out) as file:
        file.write((",".join(names) + "\n").encode())
        for part in parts:
            with part.open("rb") as content:
                shutil.copyfileobj(content, file)


def _join_parquet(out: Path, parts: list[Path], _names: list[str], description: dict[str, Any]) -> None:
    import pyarrow.parquet as pq

    schema = with_note(pq.read_schema(parts[0]), description)
    with whole_file(out) as file, pq.ParquetWriter(file, schema) as writer:
        for part in parts:
            writer.write_table(pq.read_table(part).cast(schema))


WRITERS: dict[str, Callable[[Path, Answers], None]] = {".csv": _write_csv_part, ".parquet": _write_parquet_part}
JOINERS = {".csv": _join_csv, ".parquet": _join_parquet}
"""Ending of a file to what writes a part of it, and what puts the parts together."""
