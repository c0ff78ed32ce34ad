"""Read a table from a file, a folder, the package, or matminer's collection."""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from formation_mlp.errors import DataError
from formation_mlp.materials.structure_files import SUFFIXES, is_structure_file
from formation_mlp.registry import did_you_mean

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
        frame, folder = _read_csv(bundled_path(), "utf-8"), bundled_path().parent
    elif path.startswith("matminer:"):
        frame, folder = _read_matminer(path.removeprefix("matminer:")), Path()
    else:
        file = Path(path).expanduser()
        frame, folder = (_read_folder(file), file) if file.is_dir() else (_read_file(file, encoding), file.parent)
    if frame.empty:
        raise DataError(f"{path}: the table has no rows.")
    frame.columns = [str(name) for name in frame.columns]
    _require_once(frame.columns, path, "columns")
    frame.attrs["folder"] = str(folder)
    return frame


def read_table_in_parts(path: str, n_rows: int, encoding: str = "utf-8-sig") -> Parts:
    """Yield the rows of a source some at a time; of csv and parquet files memory holds one part, of others all.

    Parameters and errors are those of `read_table`.
    """
    file = Path(path).expanduser()
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
            _require_once(part.columns, path, "columns")
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
            f"or 'matminer:NAME'.{did_you_mean(file.name, [*siblings, 'bundled'])}"
        )
    for suffix, reader in READERS.items():
        if file.name.lower().endswith(suffix):
            return reader(file, encoding)
    raise DataError(f"{file}: unknown kind of table. Endings: {', '.join(READERS)}.")


def _read_csv(file: Path, encoding: str, header: int | None = 0) -> pd.DataFrame:
    return next(_csv_parts(file, None, encoding, header))


def _csv_parts(file: Path, n_rows: int | None, encoding: str, header: int | None = 0) -> Parts:
    """Yield ``n_rows`` at a time, or all at once."""
    import pandas as pd

    try:
        reader = pd.read_csv(
            file,
            header=header,
            dtype=str,
            keep_default_na=False,
            encoding=encoding,
            skipinitialspace=True,
            chunksize=n_rows,
        )
        if isinstance(reader, pd.DataFrame):
            yield _checked_csv(reader, file)
            return
        with reader:
            for frame in reader:
                yield _checked_csv(frame, file)
    except UnicodeError as error:  # UTF-16 without its mark raises no UnicodeDecodeError
        raise DataError(
            f"{file}: not text in the encoding {encoding!r}: {error}. Save the file as UTF-8, or name its encoding, "
            "such as data.encoding: latin-1 (or cp1252, utf-16)."
        ) from error
    except LookupError as error:
        raise DataError(f"data.encoding: {error}. Try utf-8, latin-1, cp1252 or utf-16.") from error
    except pd.errors.EmptyDataError as error:
        raise DataError(f"{file}: the file is empty.") from error
    except (pd.errors.ParserError, OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file}: not readable as a comma-separated table: {str(error).strip()}") from error


def _checked_csv(frame: pd.DataFrame, file: Path) -> pd.DataFrame:
    import pandas as pd

    if not isinstance(frame.index, pd.RangeIndex):  # pandas takes what has no name for the names of the rows
        raise DataError(
            f"{file}: the rows have more cells than the first line, {', '.join(frame.columns)!r}, has names. "
            "Name every column, and end no row with a comma."
        )
    frame.columns = [str(name).strip() for name in frame.columns]
    separator = next((sign for sign in ";\t|" if sign in frame.columns[0]), None)
    if len(frame.columns) == 1 and separator is not None:
        raise DataError(f"{file}: the columns are separated by {separator!r}. Save the table with commas.")
    return frame


def _read_json(file: Path, _encoding: str) -> pd.DataFrame:
    """Read a list of records, a mapping of columns, or matminer's ``{columns, data}``."""
    import pandas as pd

    try:
        raw = file.read_bytes()
        content: Any = json.loads(gzip.decompress(raw) if file.suffix == ".gz" else raw)
        if isinstance(content, dict) and {"columns", "data"} <= content.keys():
            return pd.DataFrame(content["data"], columns=content["columns"])
        return pd.DataFrame(content)
    except (OSError, EOFError, zlib.error, ValueError, TypeError) as error:
        raise DataError(f"{file}: not readable as a JSON table: {error}") from error


def _read_parquet(file: Path, _encoding: str) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_parquet(file)
    except (OSError, ValueError) as error:  # pyarrow's errors are ValueErrors
        raise DataError(f"{file}: not readable as parquet: {error}") from error


def _parquet_parts(file: Path, n_rows: int, _encoding: str) -> Parts:
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as opened:
            for batch in opened.iter_batches(batch_size=n_rows):
                yield batch.to_pandas()
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: not readable as parquet: {error}") from error


def _read_extxyz(file: Path, _encoding: str) -> pd.DataFrame:
    """Read the frames of an extended XYZ file through ASE; what the comment lines name becomes columns."""
    import pandas as pd

    try:
        from ase.io import iread
    except ImportError as error:
        raise DataError(f"{file}: extended XYZ files need ASE. Install it with: pip install ase") from error
    from pymatgen.io.ase import AseAtomsAdaptor

    rows: list[dict[str, Any]] = []
    try:
        for atoms in iread(file, index=":", format="extxyz"):
            if not atoms.pbc.all():
                raise DataError(f'{file}: frame {len(rows) + 1} is not periodic. Give a lattice and pbc="T T T".')
            results = {} if atoms.calc is None else atoms.calc.results
            scalars = {k: v for k, v in {**results, **atoms.info}.items() if isinstance(v, str | int | float)}
            rows.append({**scalars, "structure": AseAtomsAdaptor.get_structure(atoms)})
    except DataError:
        raise
    except Exception as error:  # ASE raises many kinds for a broken file
        raise DataError(f"{file}: frame {len(rows) + 1} is not readable as extended XYZ: {error}") from error
    return pd.DataFrame(rows)


def _read_folder(folder: Path) -> pd.DataFrame:
    """Read structure files and, if present, their targets: a csv of file name (without ending) and value."""
    import pandas as pd

    files = sorted(p for p in folder.iterdir() if p.is_file() and is_structure_file(p))
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
    has_header = listing.name != "id_prop.csv"  # by custom
    targets = _read_csv(listing, "utf-8-sig", 0 if has_header else None)
    if len(targets.columns) < 2:
        raise DataError(f"{listing}: one column only. Give the name of a file and its target, separated by a comma.")
    targets.columns = ["id", targets.columns[1] if has_header else "target", *targets.columns[2:]]
    targets["id"] = [_id_of_file(name) for name in targets["id"]]
    _require_once(targets["id"], str(listing), "names")
    return targets


def _id_of_file(name: str) -> str:
    """Return a name without the ending of a structure file: ``NaCl.cif`` is ``NaCl``, ``POSCAR.NaCl`` is itself."""
    return Path(name).stem if Path(name).suffix.lower() in SUFFIXES else name


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
    ".csv": _read_csv,
    ".csv.gz": _read_csv,
    ".json": _read_json,
    ".json.gz": _read_json,
    ".parquet": _read_parquet,
    ".extxyz": _read_extxyz,
    ".xyz": _read_extxyz,
}
"""Ending of a file to what reads it."""

IN_PARTS: dict[str, Callable[[Path, int, str], Parts]] = {
    ".csv": _csv_parts,
    ".csv.gz": _csv_parts,
    ".parquet": _parquet_parts,
}
"""Ending of a file to what reads some rows of it at a time."""
