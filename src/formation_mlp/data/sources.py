"""Read a table from a file, a folder, the package, or matminer's collection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from formation_mlp.config.bundled import where_to_get
from formation_mlp.data.csv_file import csv_parts, read_csv
from formation_mlp.data.json_file import read_json
from formation_mlp.data.parquet_file import parquet_parts, read_parquet
from formation_mlp.data.text_file import has_control_sign
from formation_mlp.errors import DataError
from formation_mlp.materials.structure.extxyz import frames_of
from formation_mlp.materials.structure.files import SUFFIXES, structure_files_of
from formation_mlp.materials.structure.packed_text import PACKED, text_of
from formation_mlp.quoting import encodable, quoted
from formation_mlp.registry import did_you_mean
from formation_mlp.system.path_text import usable_path

if TYPE_CHECKING:
    import pandas as pd

Parts = Generator["pd.DataFrame", None, None]
BUNDLED = "measured_enthalpies.csv"
TARGETS_OF_FOLDER = ("targets.csv", "id_prop.csv")


def read_table(path: str, encoding: str = "utf-8-sig") -> pd.DataFrame:
    """Read any source; text stays text, so that the formula ``NaN`` (sodium nitride) survives.

    Parameters
    ----------
    path
        ``bundled``, ``matminer:NAME``, a folder of structure files, or a file of a kind in `READERS`.
    encoding
        Text encoding of a csv file.

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
        frame, folder = (_read_folder(file), file) if file.is_dir() else (_read_file(file, encoding), file.parent)
    if frame.empty:
        raise DataError(f"{path}: the table has no rows.")
    frame.columns = [str(name) for name in frame.columns]
    _check_names(frame.columns, path)
    frame.attrs["folder"] = str(folder)
    return frame


def read_table_in_parts(path: str, n_rows: int, encoding: str = "utf-8-sig") -> Parts:
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
    with closing(IN_PARTS[ending](file, n_rows, encoding)) as parts:
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


def _read_file(file: Path, encoding: str) -> pd.DataFrame:
    if not file.exists():
        siblings = [p.name for p in file.parent.glob("*")] if file.parent.is_dir() else []
        raise DataError(
            f"data.path: {str(file)!r} does not exist. Give a file, a folder of structures, 'bundled' "
            f"or 'matminer:NAME'.{did_you_mean(file.name, [*siblings, 'bundled'])}{where_to_get(file.name)}"
        )
    for suffix, reader in READERS.items():
        if file.name.lower().endswith(suffix):
            return reader(file, encoding)
    advice = next((f" {text}" for endings, text in ADVICE.items() if file.suffix.lower() in endings), "")
    raise DataError(f"{file}: unknown kind of table. Endings: {', '.join(READERS)}.{advice}")


def _read_extxyz(file: Path, _encoding: str) -> pd.DataFrame:
    """Read the frames of an extended XYZ file; what the comment lines name becomes columns."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    try:
        for values, crystal in frames_of(text_of(file)):
            rows.append({**values, "structure": crystal})
    except DataError as error:
        raise DataError(f"{file}: {error}") from error
    return pd.DataFrame(rows)


def _read_folder(folder: Path) -> pd.DataFrame:
    """Read structure files and, if present, their targets: a csv of file name (without ending) and value."""
    import pandas as pd

    files = structure_files_of(folder)
    if not files:
        raise DataError(f"{folder}: no CIF, POSCAR or JSON file in this folder.")
    frame = pd.DataFrame({"id": [_id_of_file(p.name) for p in files], "structure": [p.name for p in files]})
    _require_once(frame["id"], str(folder), "names of structure files")
    listing = next((folder / name for name in TARGETS_OF_FOLDER if (folder / name).exists()), None)
    if listing is None:
        return frame
    targets = _read_targets(listing)
    lost = sorted({*targets["id"]} - {*frame["id"]})  # reading will say that these files are missing
    frame = pd.concat([frame, pd.DataFrame({"id": lost, "structure": [f"{name}.cif" for name in lost]})])
    return frame.merge(targets, on="id", how="left")


def _read_targets(listing: Path) -> pd.DataFrame:
    """Read names of structure files and their targets."""
    has_header = listing.name != "id_prop.csv"  # that file has none by convention
    targets = read_csv(listing, "utf-8-sig", has_header=has_header)
    if len(targets.columns) < 2:
        raise DataError(f"{listing}: one column only. Give the name of a file and its target, separated by a comma.")
    targets.columns = ["id", targets.columns[1] if has_header else "target", *targets.columns[2:]]
    targets["id"] = [_id_of_file(name) for name in targets["id"]]
    _require_once(targets["id"], str(listing), "names")
    return targets


def _id_of_file(name: str) -> str:
    """Return a name without the ending of a structure file: ``NaCl.cif`` is ``NaCl``, ``POSCAR.NaCl`` is itself."""
    plain = Path(name).stem if Path(name).suffix.lower() in PACKED else name
    return Path(plain).stem if Path(plain).suffix.lower() in SUFFIXES else name


def _check_names(names: Iterable[str], where: str) -> None:
    odd = next(
        (name for name in names if not name.isprintable() and (has_control_sign(name) or not _is_text(name))), None
    )
    if odd is not None:
        raise DataError(f"{where}: the name of a column, {quoted(odd)}, holds a sign that is no text. Rename it.")
    _require_once(names, where, "columns")


def _is_text(name: str) -> bool:
    return encodable(name) == name


def _require_once(names: Iterable[str], where: str, what: str) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(f"{where}: {len(twice)} {what} occur twice, the first is {twice[0]!r}. Rename or remove one.")


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


READERS: dict[str, Callable[[Path, str], pd.DataFrame]] = {
    ".csv": read_csv,
    ".csv.gz": read_csv,
    ".json": read_json,
    ".json.gz": read_json,
    ".parquet": read_parquet,
    ".extxyz": _read_extxyz,
    ".xyz": _read_extxyz,
    ".tsv": read_csv,
    ".tsv.gz": read_csv,
    ".jsonl": read_json,
    ".jsonl.gz": read_json,
}
"""Ending of a file to what reads it."""

IN_PARTS: dict[str, Callable[[Path, int, str], Parts]] = {
    ".csv": csv_parts,
    ".csv.gz": csv_parts,
    ".tsv": csv_parts,
    ".tsv.gz": csv_parts,
    ".parquet": parquet_parts,
}
"""Ending of a file to what reads some rows of it at a time."""

ADVICE = {
    (".xlsx", ".xls", ".xlsm", ".ods", ".numbers"): "Save the sheet as CSV (UTF-8).",
    (".txt", ".dat", ".tab"): "If its cells are separated by commas, name it .csv; by tabs, .tsv.",
    (".zip", ".tar", ".tgz", ".bz2", ".xz", ".zst", ".7z"): "Unpack it first.",
    (".ndjson",): "Name it .jsonl.",
    (".pkl", ".pickle"): "Write it as parquet: pickled files can run code, and are never read.",
}
"""Endings to what to do with such a file."""
