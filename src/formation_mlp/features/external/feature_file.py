"""A user's own table of features, matched to the materials by id or by formula."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from formation_mlp.data import columns
from formation_mlp.data.numbers import number
from formation_mlp.data.sources import read_table
from formation_mlp.errors import ConfigError, FeatureError
from formation_mlp.features.base import FeatureBlock, Preset
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    import pandas as pd

    from formation_mlp.materials.records import Materials

KEYS = {"id": columns.ID, "formula": columns.FORMULA}
"""What rows may be matched by, and the usual names of such a column."""


def table(path: str, key: str | None = None) -> Preset:
    """Return the preset that looks its numbers up in a file: each column that is no key is a feature.

    An empty cell is a missing value. A material without a row fails, and so does one whose row has a text in a
    column ``error``, as the tables have that ``formation-mlp featurize`` writes.

    Parameters
    ----------
    path
        A .parquet, .csv or .json file.
    key
        ``id``: rows belong to the material with the same id. ``formula``: to all materials with the same atomic
        fractions, however they are written. If not given: ``id`` if the file has such a column.

    Raises
    ------
    ConfigError
        If the key is neither.
    DataError
        If the file cannot be read.
    FeatureError
        If the file has no such column, a key twice, a column that is not of numbers, or a target; and from ``compute``,
        if rows are matched by id and the materials have none.
    """
    if key not in (None, *KEYS):
        raise ConfigError(f"features.table.key: found {key!r}; choose 'id' or 'formula', or leave it out.")
    file = Path(path).expanduser()
    state = file.stat() if file.is_file() else None
    content = _read(str(path), key, state and (state.st_mtime_ns, state.st_size))

    def compute(materials: Materials) -> FeatureBlock:
        keys = materials.compositions.keys() if content.key == "formula" else materials.ids
        if keys is None:
            raise FeatureError(
                f"features.table: {path} is matched by id, but these materials have no ids. Give them with their ids, "
                "or match by composition with {table: {path: ..., key: formula}}."
            )
        found = np.array([content.rows.get(key, -1) for key in keys], np.int64)
        X = content.X[found]
        X[found < 0] = np.nan
        failures = dict.fromkeys(np.flatnonzero(found < 0).tolist(), f"{path} has no row with this {content.key}")
        failures |= {row: content.errors[k] for row, k in enumerate(found.tolist()) if k in content.errors}
        n_missing = np.isnan(np.delete(X, list(failures), axis=0)).sum(axis=0).tolist()
        return FeatureBlock(X, failures, {name: n for name, n in zip(content.names, n_missing, strict=True) if n})

    return Preset(content.names, compute, needs_structure=False, citation=f"the file {file.name}")


@dataclass(frozen=True, slots=True)
class _Content:
    names: tuple[str, ...]
    X: Floats
    key: str
    rows: dict[str, int]
    errors: dict[int, str]


@lru_cache(maxsize=4)
def _read(path: str, key: str | None, _state: tuple[int, int] | None) -> _Content:
    """Read a file once for each state that it is in."""
    frame = read_table(path)
    places = {kind: columns.find_column(frame, None, names, "") for kind, names in KEYS.items()}
    kind = key or ("id" if places["id"] else "formula")
    place = places[kind]
    if place is None:
        wanted = KEYS[kind] if key else (*KEYS["id"], *KEYS["formula"])
        raise FeatureError(
            f"features.table: {path} has no column to match rows by: none is called {' or '.join(wanted)}. "
            f"Columns: {', '.join(map(str, frame.columns[:8]))}."
        )
    rows = _row_of_key(columns.cells_of(frame, place), kind, f"features.table: {path}, column {place!r}")
    cells = columns.cells_of(frame, "error") if "error" in frame.columns else []
    errors = {row: cell for row, cell in enumerate(cells) if cell and isinstance(cell, str)}
    numbers = frame.drop(columns=[name for name in (*places.values(), "error") if name in frame.columns])
    return _Content(tuple(map(str, numbers.columns)), _numbers(numbers, path), kind, rows, errors)


def _row_of_key(cells: list[Any], kind: str, where: str) -> dict[str, int]:
    keys = [str(cell) for cell in cells]
    if kind == "formula":
        parsed = parse_formulas(cells)
        for row, reason in parsed.failures.items():
            raise FeatureError(f"{where}, row {row + 1}: {reason}")
        keys = parsed.compositions.keys()
    rows: dict[str, int] = {}
    for row, key in enumerate(keys):
        if key in rows:
            raise FeatureError(
                f"{where}: rows {rows[key] + 1} and {row + 1} have the same {kind}, {cells[rows[key]]!r} and "
                f"{cells[row]!r}. Keep one of them."
            )
        rows[key] = row
    return rows


def _column(cells: pd.Series[Any]) -> Floats:
    """Return a column as numbers, an empty cell as NaN; raise ValueError for the first cell that is none."""
    if cells.dtype.kind in "iuf":
        return cells.to_numpy(float)
    # `nan` and `inf` are allowed here: the former is a missing value, the latter is refused with its column
    values = [np.nan if cell in (None, "") else cell for cell in columns.cells_of(cells.to_frame("x"), "x")]
    found = np.empty(len(values))
    for row, cell in enumerate(values):
        try:
            found[row] = float(cell) if isinstance(cell, bool | np.bool_) else number(cell)
        except ValueError as error:
            raise ValueError(f"{error}, row {row + 1}") from error
    return found


def _numbers(frame: pd.DataFrame, path: str) -> Floats:
    """Return the columns as numbers ``[n, d]``, an empty cell as NaN."""
    nameless = [name for name in frame.columns if name.startswith("Unnamed: ")]
    if nameless:
        raise FeatureError(
            f"features.table: {path}: column {int(nameless[0].split()[-1]) + 1} has no name. Does it number the rows? "
            "Leave them out of the file, or name the column."
        )
    if frame.shape[1] == 0:
        raise FeatureError(f"features.table: {path} has no column of numbers beside the key.")
    X = np.empty(frame.shape)
    text = []
    for j, name in enumerate(frame.columns):
        try:
            X[:, j] = _column(frame[name])
        except ValueError as error:
            text.append(f"{name} ({error})")
    if text:
        raise FeatureError(
            f"features.table: {path}: these columns are not numbers: {', '.join(text[:5])}. "
            "Leave them out of the file, or write them as numbers."
        )
    targets = [name for name in frame.columns if name.lower() in columns.TARGET]
    if targets:
        raise FeatureError(
            f"features.table: {path}: {targets[0]!r} is a target, not a feature. Leave it out of the file."
        )
    infinite = [name for name, n in zip(frame.columns, np.isinf(X).sum(axis=0).tolist(), strict=True) if n]
    if infinite:
        raise FeatureError(
            f"features.table: {path}: infinite values in {', '.join(infinite[:5])}. Leave the cells empty."
        )
    return X
