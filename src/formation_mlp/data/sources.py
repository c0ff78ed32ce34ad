"""Read a table from a file, a folder, the package, or matminer's collection."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from formation_mlp.data.csv_file import read_csv
from formation_mlp.data.structure_folder import read_folder
from formation_mlp.data.structure_table import require_once
from formation_mlp.data.table_file import IN_PARTS, Parts, read_file
from formation_mlp.data.text_file import UTF_8, has_control_sign
from formation_mlp.errors import DataError
from formation_mlp.quoting import encodable, quoted
from formation_mlp.registry import did_you_mean
from formation_mlp.system.path_text import usable_path

if TYPE_CHECKING:
    import pandas as pd

BUNDLED = "measured_enthalpies.csv"


def read_table(path: str, encoding: str | None = None) -> pd.DataFrame:
    """Read any source; text stays text, so that the formula ``NaN`` (sodium nitride) survives.

    Parameters
    ----------
    path
        ``bundled``, ``matminer:NAME``, a folder of structure files, or a file of a kind in
        `formation_mlp.data.table_file.READERS`; ``table.xlsx#SHEET`` is a sheet of a workbook.
    encoding
        Text encoding of a csv or JSON file; by default UTF-8, or what the mark at its beginning names.

    Returns
    -------
    pandas.DataFrame
        Its attribute ``attrs["folder"]`` is where relative paths in it start.

    Raises
    ------
    DataError
        If the source is missing, of an unknown kind or not readable.
    """
    if path == "bundled":
        frame, folder = read_csv(bundled_path(), "utf-8"), bundled_path().parent
    elif path.startswith("matminer:"):
        frame, folder = _read_matminer(path.removeprefix("matminer:")), Path()
    else:
        file = usable_path(path, "data.path", DataError)
        named = UTF_8 if encoding is None else encoding
        frame, folder = (read_folder(file, named), file) if file.is_dir() else (read_file(file, named), file.parent)
    if frame.empty:
        raise DataError(f"{path}: the table has no rows.")
    frame.columns = [str(name) for name in frame.columns]
    _check_names(frame.columns, path)
    frame.attrs["folder"] = str(folder)
    return frame


def read_table_in_parts(path: str, n_rows: int, encoding: str | None = None) -> Parts:
    """Yield the rows of a source some at a time; of csv and parquet files memory holds one part, of others all.

    Parameters and errors are those of `read_table`.
    """
    file = usable_path(path, "data.path", DataError)
    ending = next((ending for ending in IN_PARTS if file.name.lower().endswith(ending)), None)
    if ending is None or not file.is_file():
        frame = read_table(path, encoding)
        yield from (frame.iloc[i : i + n_rows].reset_index(drop=True) for i in range(0, len(frame), n_rows))
        return
    is_empty = True
    with closing(IN_PARTS[ending](file, n_rows, UTF_8 if encoding is None else encoding)) as parts:
        for part in parts:
            if part.empty:
                continue
            is_empty = False
            part.columns = [str(name) for name in part.columns]
            _check_names(part.columns, path)
            part.attrs["folder"] = str(file.parent)
            yield part.reset_index(drop=True)
    if is_empty:
        raise DataError(f"{path}: the table has no rows.")


def bundled_path() -> Path:
    """Return the path of the bundled table of measured formation enthalpies."""
    installed = Path(__file__).parent / "bundled" / BUNDLED
    # In a development install the table is still where the repository keeps it.
    return installed if installed.exists() else Path(__file__).parents[3] / "data" / BUNDLED


def _check_names(names: Iterable[str], where: str) -> None:
    odd = next(
        (name for name in names if not name.isprintable() and (has_control_sign(name) or not _is_text(name))), None
    )
    if odd is not None:
        raise DataError(f"{where}: the name of a column, {quoted(odd)}, holds a sign that is no text. Rename it.")
    require_once(names, where, "column")


def _is_text(name: str) -> bool:
    return encodable(name) == name


def _read_matminer(name: str) -> pd.DataFrame:
    """Load a data set of matminer's collection; matminer downloads it on first use and checks its hash."""
    from matminer.datasets import get_available_datasets, load_dataset

    known = get_available_datasets(print_format=None)
    if name not in known:
        raise DataError(f"data.path: matminer has no data set {name!r}.{did_you_mean(name, known)}")
    try:
        frame: pd.DataFrame = load_dataset(name)
    except (OSError, ValueError) as error:
        raise DataError(
            f"data.path: matminer could not load {name!r}: {error}. If this machine has no network, "
            "download the file elsewhere and give its path."
        ) from error
    return frame
