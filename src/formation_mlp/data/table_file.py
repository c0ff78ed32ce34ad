"""Read a table from a file of any kind, as a whole or in parts."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from formation_mlp.config.bundled import where_to_get
from formation_mlp.data.csv_file import csv_parts, read_csv
from formation_mlp.data.excel_file import read_excel, split_sheet
from formation_mlp.data.json_file import read_json
from formation_mlp.data.parquet_file import parquet_parts, read_parquet
from formation_mlp.errors import DataError
from formation_mlp.materials.structure.extxyz import frames_of
from formation_mlp.materials.structure.packed_text import text_of
from formation_mlp.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

Parts = Generator["pd.DataFrame", None, None]


def read_file(file: Path, encoding: str) -> pd.DataFrame:
    """Read a table of a kind in `READERS`; ``table.xlsx#SHEET`` is a sheet of a workbook.

    Raises
    ------
    DataError
        If the file is missing, of an unknown kind or not readable.
    """
    file, sheet = split_sheet(file)
    if not file.exists():
        siblings = [p.name for p in file.parent.glob("*")] if file.parent.is_dir() else []
        raise DataError(
            f"data.path: {str(file)!r} does not exist. Give a file, a folder of structures, 'bundled' "
            f"or 'matminer:NAME'.{_near(file.name, siblings)}{where_to_get(file.name)}"
        )
    if sheet is not None:
        return read_excel(file, sheet)
    for suffix, reader in READERS.items():
        if file.name.lower().endswith(suffix):
            return reader(file, encoding)
    advice = next((f" {text}" for endings, text in ADVICE.items() if file.suffix.lower() in endings), "")
    raise DataError(f"{file}: unknown kind of table. Endings: {', '.join(READERS)}.{advice}")


def _near(name: str, siblings: Sequence[str]) -> str:
    """Offer a file with nearly this name; endings, which many files share, make none of them near."""
    by_stem = {file.partition(".")[0]: file for file in [*siblings, "bundled"]}
    offer = did_you_mean(name.partition(".")[0], by_stem)
    stem = offer.removeprefix(" Did you mean '").removesuffix("'?")
    return f" Did you mean {by_stem[stem]!r}?" if offer else ""


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
    ".ndjson": read_json,
    ".xlsx": lambda file, _encoding: read_excel(file),
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
    (
        ".xls",
        ".xlsm",
        ".xlsb",
        ".ods",
        ".numbers",
    ): "Save the sheet as .xlsx, without macros, or as CSV (UTF-8).",
    (".txt", ".dat", ".tab"): "If its cells are separated by commas, name it .csv; by tabs, .tsv.",
    (".zip", ".tar", ".tgz", ".bz2", ".xz", ".zst", ".7z"): "Unpack it first.",
    (".pkl", ".pickle"): "Write it as parquet: pickled files can run code, and are never read.",
}
"""Endings to what to do with such a file."""
