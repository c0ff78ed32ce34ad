"""Featurize a table that is larger than memory: a parquet dataset in, a partitioned parquet dataset out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from formation_mlp.config.schema import DataConfig, Entry
from formation_mlp.errors import DataError
from formation_mlp.features.engine.cache import engine_state, versions
from formation_mlp.features.engine.table import FeatureTable, featurize
from formation_mlp.features.presets import choose_presets, files_of
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.materials.inputs import read_structures
from formation_mlp.materials.records import Materials
from formation_mlp.materials.structure.cache import contents
from formation_mlp.prediction.parquet_rows import Source, open_source
from formation_mlp.system.compute import HERE, Compute, Job
from formation_mlp.system.files import beside, content_digest, sweep, write_json
from formation_mlp.system.locks import held
from formation_mlp.system.outputs import LOCK, check_folder_not_read
from formation_mlp.system.parquet import note_of, write_parquet
from formation_mlp.system.parts import Parts, Summary, going_on, job_key
from formation_mlp.typing import Progress

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_PER_PART = 50_000
MANIFEST = "_manifest.json"
"""Readers of parquet folders pass over names with an underscore."""

Describe = Callable[[Materials], FeatureTable]


@dataclass(frozen=True, slots=True)
class Featurized:
    """What a folder of features holds.

    Attributes
    ----------
    n_rows : rows of the source, and of the result
    n_errors : rows without numbers, each with its reason in the column ``error``
    n_columns : features
    n_parts : files
    n_found : files that an earlier run had written
    notes : remarks for the reader
    """

    n_rows: int
    n_errors: int
    n_columns: int
    n_parts: int
    n_found: int
    notes: tuple[str, ...]


def featurize_in_parts(
    data: DataConfig,
    out: Path,
    features: Sequence[Entry],
    *,
    rows_per_part: int = ROWS_PER_PART,
    single_precision: bool = False,
    compute: Compute = HERE,
    cache: str | Path | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Featurized:
    """Featurize every row and write ``out/part-00000.parquet`` and so on, and at the end ``out/_manifest.json``.

    Rows stay in their order. A part has the id (where there is one), the formula, the column ``error`` (empty where
    there are numbers) and the features. It is written whole or not at all, so that the same call goes on where
    an interrupted one stopped; what a file holds tells it from others, not its name or its time. Memory holds one
    part, whatever the size of the source.

    Parameters
    ----------
    data
        ``path`` is a parquet file, or a folder of them, read in the order of their names. The columns ``formula``,
        ``structure`` and ``id`` are found by their usual names if not given. Nothing else is used.
    out
        The folder to write.
    features, compute, cache
        As for `formation_mlp.features.engine.table.featurize`.
    rows_per_part
        Rows in each file but the last.
    single_precision
        Whether features are written as float32.
    overwrite
        Whether features of another job that ``out`` holds are replaced.
    progress
        Called after each part with the number of rows done, and of all.

    Raises
    ------
    DataError
        If the source is no parquet dataset, lacks a column, or is changed in the meantime, or ``out`` holds something
        else or is the source.
    InUseError
        If another process writes to ``out``.
    ConfigError, FeatureError
        As for `formation_mlp.features.engine.table.featurize`.
    """
    source = open_source(data)
    read = [*source.files, *files_of(features)]
    chosen = choose_presets(features)
    names = [name for one in chosen for name in one.preset.names]
    options = {"rows_per_part": rows_per_part, "single_precision": single_precision}
    job = _job(source, read, [one.text for one in chosen]) | options
    key = job_key(job)
    describe = partial(featurize, features=features, compute=compute, cache=cache)
    check_folder_not_read(out, [data.path, *read])
    with held(beside(out, LOCK), out), going_on(out):
        sweep(out)
        _remove_others(out, key, overwrite=overwrite)
        parts = Parts(out, ".parquet", _summary, source.n_rows, progress)
        jobs = (
            (
                partial(_content, rows, source),
                Job(i, _write_part, (parts.path(i), rows, source, key, describe, single_precision)),
            )
            for i, rows in enumerate(source.rows(rows_per_part))
        )
        notes = tuple(dict.fromkeys(parts.write(jobs, HERE)))
        if list(map(content_digest, read)) != job["source"]:
            raise DataError(
                f"{data.path}, or a file of --features, was changed while its rows were featurized, so {out} mixes "
                "two of it. Begin anew with --overwrite."
            )
        totals = {"rows": parts.total("rows"), "errors": parts.total("errors"), "versions": versions()}
        listed = [{"file": path.name, **known} for path, known in zip(parts.files(), parts.summaries(), strict=True)]
        write_json(out / MANIFEST, totals | {"descriptors": names, "parts": listed, "job": job, "key": key})
    return Featurized(parts.total("rows"), parts.total("errors"), len(names), len(listed), parts.n_found, notes)


def _job(source: Source, read: Sequence[Path], features: list[str]) -> dict[str, Any]:
    """Return what decides the features: the content of the files that are read, and not their paths."""
    return {
        "source": list(map(content_digest, read)),
        "columns": [source.material, source.id],
        "features": features,
        "engine": engine_state(),
    }


def _content(rows: pa.Table, source: Source) -> str | None:
    """Return the SHA-256 of the structures of a part, where cells may name files; formulas are in the source itself."""
    return contents(rows.column(source.material).to_pylist(), _folder(source)) if source.is_structure else None


def _folder(source: Source) -> Path:
    """Return where the structure files lie that a table names."""
    return source.files[0].parent


def _write_part(
    path: Path, rows: pa.Table, source: Source, key: str, describe: Describe, single_precision: bool
) -> Iterator[str]:
    """Featurize the rows of a part, write them to a file that tells its job and what it holds, and yield remarks."""
    mark = _content(rows, source)  # before the structures are read
    columns, summary, notes = _featurize_rows(rows, source, describe, single_precision)
    summary |= {} if mark is None else {"content": mark}
    write_parquet(path, columns, {"key": key, "summary": summary}, "zstd")
    yield from notes


def _featurize_rows(
    rows: pa.Table, source: Source, describe: Describe, single_precision: bool
) -> tuple[pa.Table, Summary, tuple[str, ...]]:
    """Return the columns of a part, what is known of it, and remarks."""
    import pyarrow as pa

    n = len(rows)
    cells = rows.column(source.material).to_pylist()
    ids = None if source.id is None else tuple(map(str, rows.column(source.id).to_pylist()))
    labels, materials, failures = _read(cells, source)
    good = np.setdiff1d(np.arange(n), list(failures))
    table = describe(replace(materials, ids=ids).take(good))
    errors = failures | {int(good[row]): reason for row, reason in table.failures.items()}
    X = np.full((len(table.names), n), np.nan, np.float32 if single_precision else np.float64)
    X[:, good] = table.X.T
    content = {} if ids is None else {"id": pa.array(ids)}
    content |= {"formula": pa.array(labels), "error": pa.array([errors.get(i, "") for i in range(n)])}
    content |= dict(zip(table.names, map(pa.array, X), strict=True))
    return pa.table(content), {"rows": n, "errors": len(errors), "missing": table.missing}, table.notes


def _read(cells: list[Any], source: Source) -> tuple[list[str], Materials, dict[int, str]]:
    """Return formulas, materials, and the rows that cannot be read."""
    if source.is_structure:
        read = read_structures(cells, _folder(source))
        return read.labels, read.materials, read.failures
    parsed = parse_formulas(cells)
    return ["" if cell is None else str(cell) for cell in cells], Materials(parsed.compositions), parsed.failures


def _remove_others(out: Path, key: str, *, overwrite: bool) -> None:
    """Remove the parts of another job if they may be replaced, and if nothing else is there."""
    described = {path: _description(path) for path in sorted(out.glob("*.parquet"))}
    manifest = out / MANIFEST
    others = [path for path, description in described.items() if description.get("key") != key]
    if not others:
        return
    foreign = [path for path in sorted(out.iterdir()) if path != manifest and not described.get(path)]
    if foreign:
        raise DataError(f"{foreign[0]}: not of this job, and of no other one, or damaged. Choose another folder.")
    if not overwrite:
        raise DataError(
            f"{others[0]}: not of this job: its source, features or versions differ. Choose another folder, or replace "
            "what this one holds with --overwrite."
        )
    for path in (manifest, *described):
        path.unlink(missing_ok=True)


def _summary(path: Path) -> Summary | None:
    """Return what is known of a part that this job has written."""
    return _description(path).get("summary") if path.exists() else None


def _description(path: Path) -> dict[str, Any]:
    """Return what a part says of itself; nothing if it is not one."""
    import pyarrow.parquet as pq

    try:
        found = note_of(pq.read_schema(path))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and {"key", "summary"} <= set(found) else {}
