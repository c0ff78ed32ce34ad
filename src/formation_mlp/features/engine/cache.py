"""Keep the numbers of costly presets for the next run, in files that are named by their content."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np

from formation_mlp.errors import FormationMLPError
from formation_mlp.features.base import FeatureBlock
from formation_mlp.materials.records import Materials
from formation_mlp.system.caching import cache_root
from formation_mlp.system.parquet import note_of, write_parquet

WORTH_SECONDS = 0.02
"""A chunk that took less is not kept: writing and reading one of 1,000 rows and 128 columns takes as long."""

PACKAGES = ("formation-mlp", "matminer", "pymatgen", "pymatgen-core", "spglib", "numpy", "scipy")
"""Packages that decide the numbers."""


def cache_folder(asked: str | Path | None = None) -> Path | None:
    """Return where features are kept, or None if nowhere; ``asked`` is that of `cache_root`."""
    root = cache_root(asked)
    return None if root is None else root / "descriptors"


def chunk_key(part: str, materials: Materials, needs_structure: bool) -> str:
    """Return the name of a chunk's numbers: the SHA-256 of all that decides them.

    Parameters
    ----------
    part
        The preset and its options, as a text of `ChosenPreset`.
    materials
        The rows.
    needs_structure
        Whether the structures matter.
    """
    digest = sha256(f"{engine_state()}\n{part}\n".encode())
    c, s = materials.compositions, materials.structures
    arrays = [c.row_ptr, c.z, c.amount]
    if needs_structure and s is not None:
        arrays += [s.site_ptr, s.lattice, s.z, s.frac]
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


@cache
def engine_state() -> str:
    """Return the SHA-256 of the code and the element data that featurize materials, and of the `PACKAGES` they use."""
    return _digest_of_sources(json.dumps(versions()).encode())


@cache
def engine_parts() -> dict[str, str]:
    """Return what `engine_state` is made of: package to version, and ``the source code`` to the SHA-256 of it."""
    return {**versions(), "the source code": _digest_of_sources(b"")}


def _digest_of_sources(first: bytes) -> str:
    digest = sha256(first)
    for folder in ("features", "chemistry", "materials"):
        for source in _sources(files("formation_mlp") / folder):
            digest.update(source.name.encode() + source.read_bytes())
    return digest.hexdigest()


def _sources(folder: Traversable) -> Iterator[Traversable]:
    """Yield the modules and tables of a folder and the folders in it, in a fixed order."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _sources(entry)
        elif entry.name.endswith((".py", ".csv")):
            yield entry


@dataclass(slots=True)
class FeatureCache:
    """A folder of parquet files, one for each chunk and preset; without a folder nothing is kept.

    Each file holds the columns, and beside them the failures and a checksum of it all. A folder that cannot be
    written never stops a job.

    Attributes
    ----------
    folder : where the files are
    notes : what a reader should know, such as files that were damaged
    """

    folder: Path | None
    notes: list[str] = field(default_factory=list)

    def load(self, key: str, names: tuple[str, ...], n_rows: int) -> FeatureBlock | None:
        """Return what is kept under ``key``, or None if there is nothing, or nothing sound."""
        path = self._path(key)
        if path is None or not path.is_file():
            return None
        try:
            return _read(path, key, names, n_rows)
        except Exception as error:  # pyarrow raises many kinds for a broken file
            self._note(f"{path}: damaged or not what it should be ({error}); its rows are featurized anew")
            return None

    def store(self, key: str, names: tuple[str, ...], block: FeatureBlock) -> None:
        """Keep the numbers of a chunk under ``key``."""
        path = self._path(key)
        if path is None:
            return
        try:
            _write(path, key, names, block)
        except FormationMLPError as error:
            self._note(f"features are not kept for the next run: {error}")
            self.folder = None

    def _path(self, key: str) -> Path | None:
        return None if self.folder is None else self.folder / key[:2] / f"{key}.parquet"

    def _note(self, text: str) -> None:
        self.notes.append(text)


def _write(path: Path, key: str, names: tuple[str, ...], block: FeatureBlock) -> None:
    import pyarrow as pa

    failures = {str(row): reason for row, reason in block.failures.items()}
    meta = {"key": key, "names": list(names), "failures": failures, "missing": block.missing}
    columns = np.ascontiguousarray(block.X.T)
    table = pa.Table.from_arrays(list(map(pa.array, columns)), names=list(names))
    write_parquet(path, table, meta | {"checksum": _checksum(meta, columns)}, "zstd")


def _read(path: Path, key: str, names: tuple[str, ...], n_rows: int) -> FeatureBlock:
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    meta: dict[str, Any] = note_of(table.schema)
    checksum = meta.pop("checksum")
    columns = np.array([column.to_numpy() for column in table.columns], np.float64).reshape(len(names), n_rows)
    if meta["key"] != key or tuple(meta["names"]) != names or tuple(table.column_names) != names:
        raise ValueError("it belongs to other rows or presets")
    if checksum != _checksum(meta, columns):
        raise ValueError("its checksum is wrong")
    failures = {int(row): reason for row, reason in meta["failures"].items()}
    return FeatureBlock(np.ascontiguousarray(columns.T), failures, meta["missing"])


def _checksum(meta: dict[str, Any], columns: np.ndarray[Any, Any]) -> str:
    digest = sha256(json.dumps(meta, sort_keys=True).encode())
    digest.update(columns.data)
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of the `PACKAGES` that are installed."""
    found = {}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
