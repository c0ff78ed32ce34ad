"""Hashes of everything that a job starts from; a job that is resumed must have the same ones.

A job that goes on with other rows mixes what it has seen with what it is judged by, and its scores are too good.
So every run folder keeps a fingerprint of all that decides its numbers, and nothing is resumed or reused without it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from formation_mlp.data.records import Dataset
from formation_mlp.features.engine.table import FeatureTable
from formation_mlp.splits.methods import PARTS, Split

if TYPE_CHECKING:
    from hashlib import _Hash

Fingerprint = dict[str, Any]
"""``n`` rows, and the SHA-256 of ``rows``, ``targets``, ``split``, ``features`` and other things, by these names."""

WORDS = {
    "rows": "rows",
    "targets": "targets",
    "split": "split",
    "descriptors": "features",
    "start_from": "model to start from",
    "hidden": "rows without a target",
    "configuration": "configuration",
}
"""What can differ, as it is called in messages."""

OF_THE_PLACE = ("output", "benchmark", "tune")
"""Sections of a configuration that do not decide what a network learns."""

OF_THE_READER = ("loggers", "metrics")
"""Keys of the section `training` that only decide what is told of it."""

BLOCK = 8192
"""Rows of a table that are hashed at a time."""


@dataclass(frozen=True, slots=True)
class Content:
    """Rows and features, hashed once for all networks that learn from them.

    Attributes
    ----------
    n : number of rows
    rows : SHA-256 of ids, compositions and structures
    features : SHA-256 of their names and values
    """

    n: int
    rows: str
    features: str


def content_of(dataset: Dataset, table: FeatureTable) -> Content:
    """Return the hashes of rows and features: what the files hold that they come from, not where these lie.

    Some 0.3 s for 130,000 rows of 150 features.
    """
    digest = sha256(json.dumps(table.names).encode())
    _add(digest, table.X)
    return Content(len(dataset), rows_digest(dataset), digest.hexdigest())


def rows_digest(dataset: Dataset) -> str:
    """Return the SHA-256 of ids, compositions and structures."""
    digest = sha256(json.dumps(dataset.ids).encode(errors="surrogatepass"))
    for column in (dataset.materials.compositions, dataset.materials.structures):
        digest.update(b"|")
        for field in () if column is None else fields(column):
            _add(digest, getattr(column, field.name))
    return digest.hexdigest()


def targets_digest(dataset: Dataset) -> str:
    """Return the SHA-256 of the targets, the auxiliary ones included, and of what they mean."""
    digest = sha256(json.dumps([dataset.target.name, dataset.target.unit]).encode())
    _add(digest, dataset.y)
    if dataset.auxiliary is not None:
        _add(digest, dataset.auxiliary)
    if dataset.scale is not None:
        digest.update(json.dumps(dataset.target.scales).encode())
        _add(digest, dataset.scale)
    if dataset.weight is not None:
        _add(digest, dataset.weight)
    return digest.hexdigest()


def fingerprint_of(
    config: Mapping[str, Any],
    dataset: Dataset,
    split: Split,
    content: Content,
    start: Sequence[tuple[str, Any]] = (),
) -> Fingerprint:
    """Return the fingerprint of a training.

    Parameters
    ----------
    config : its configuration, as plain data
    dataset, split : rows with their targets, and their parts
    content : hashes of the rows and their features
    start : weights to start from, with their names
    """
    return {
        "n": content.n,
        "rows": content.rows,
        "targets": targets_digest(dataset),
        "split": split_digest(parts_of(dataset, split)),
        "descriptors": content.features,
        "start_from": arrays_digest(start) if start else None,
        "configuration": configuration_digest(config),
    }


def split_digest(parts: Mapping[str, Sequence[str]]) -> str:
    """Return the SHA-256 of a division of rows; ``parts`` holds the ids of each."""
    return sha256(json.dumps([list(parts[part]) for part in PARTS]).encode(errors="surrogatepass")).hexdigest()


def parts_of(dataset: Dataset, split: Split) -> dict[str, list[str]]:
    """Return the ids of each part of a division."""
    return {part: [dataset.ids[i] for i in getattr(split, part)] for part in PARTS}


def arrays_digest(arrays: Iterable[tuple[str, Any]]) -> str:
    """Return the SHA-256 of named arrays or tensors."""
    digest = sha256()
    for name, array in arrays:
        digest.update(name.encode())
        _add(digest, np.atleast_1d(array))
    return digest.hexdigest()


def configuration_digest(config: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a configuration asks for, wherever its table and its results lie."""
    return sha256(json.dumps(asked_for(config), sort_keys=True).encode(errors="surrogatepass")).hexdigest()


def asked_for(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration without the sections `OF_THE_PLACE`, the path of its table, the loggers and metrics."""
    kept = {key: value for key, value in config.items() if key not in OF_THE_PLACE}
    if isinstance(kept.get("data"), Mapping):
        kept["data"] = {key: value for key, value in kept["data"].items() if key != "path"}
    if isinstance(kept.get("training"), Mapping):
        kept["training"] = {key: value for key, value in kept["training"].items() if key not in OF_THE_READER}
    return kept


def differing_sections(saved: Mapping[str, Any], config: Mapping[str, Any]) -> list[str]:
    """Return the sections in which two configurations differ, wherever table and results lie."""
    differing = []
    for key, value in config.items():
        old, new = asked_for({key: saved.get(key)}), asked_for({key: value})
        if old != new or (key in ("benchmark", "tune") and saved.get(key) != value):
            differing.append(key)
    return differing


def differences(kept: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in words what differs between two fingerprints; the consequences of other rows are not named."""
    differing = [key for key in WORDS if kept.get(key) != now.get(key)]
    if "rows" in differing:
        differing = [key for key in ("rows", "start_from", "configuration") if key in differing]
    words = [WORDS[key] for key in differing]
    if "rows" in differing and kept.get("n") != now.get("n"):
        words[0] += f" ({kept.get('n')} then, {now.get('n')} now)"
    return words


def _add(digest: _Hash, array: NDArray[Any]) -> None:
    """Hash type, shape and numbers; all kinds of NaN are one, and so are the two zeros."""
    digest.update(f"{array.dtype.str}{array.shape}".encode())
    for start in range(0, len(array), BLOCK):
        block = array[start : start + BLOCK]
        if block.dtype.kind == "f":
            block = block + block.dtype.type(0)
            block[np.isnan(block)] = np.nan
        digest.update(np.ascontiguousarray(block).data)
