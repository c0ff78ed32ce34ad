"""Named arrays and plain data in one safetensors file, with a digest of both: read strictly, and no code in it."""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from formation_mlp.errors import CheckpointError
from formation_mlp.typing import Array

_KEY = "formation_mlp"
"""Of the metadata, whose value is the JSON text of the description."""
_DIGEST = "digest"
"""Of the description."""

DTYPES: Mapping[str, DTypeLike] = {
    **{f"F{8 * n}": f"<f{n}" for n in (2, 4, 8)},
    **{f"I{8 * n}": f"<i{n}" for n in (1, 2, 4, 8)},
    **{f"U{8 * n}": f"<u{n}" for n in (1, 2, 4, 8)},
    "BOOL": "?",
}
"""The types of safetensors that NumPy knows, too."""

MOST_AXES = 8
DEEPEST = 40
"""Lists in lists, or mappings in mappings, that a description may have. Ours have less than ten."""


@dataclass(frozen=True, slots=True)
class TensorFile:
    """What lies in a file.

    Attributes
    ----------
    arrays : by name
    description : plain data, without the digest
    stated : the digest that the file states, or None if it states none
    content : the bytes of the file
    """

    arrays: dict[str, Array]
    description: dict[str, Any]
    stated: Any
    content: mmap

    def digest(self) -> str:
        """Return the digest of arrays and description."""
        return digest_of(self.arrays, self.description)

    def content_sha256(self) -> str:
        """Return the SHA-256 of the file itself."""
        return sha256(self.content).hexdigest()


def digest_of(arrays: Mapping[str, Array], description: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the description, of the arrays' names, kinds and shapes, and of their numbers.

    Names are taken in order, so that it does not depend on how a file is laid out.

    Examples
    --------
    >>> digest_of({"w": np.zeros(2)}, {"kind": "model"})[:12]
    '13bfe9fcaa1b'
    """
    names = sorted(arrays)
    kinds = [[name, arrays[name].dtype.name, list(arrays[name].shape)] for name in names]
    found = sha256(json.dumps([description, kinds], sort_keys=True).encode())
    for name in names:
        found.update(np.ascontiguousarray(arrays[name]).reshape(-1).view(np.uint8).data)
    return found.hexdigest()


def encoded(arrays: Mapping[str, Array], description: Mapping[str, Any]) -> bytes:
    """Return the content of a file of arrays and a description, to which the digest is added.

    Raises
    ------
    ValueError
        If a number in the description is not finite.
    """
    from safetensors.numpy import save

    ordered = {name: np.asarray(value, order="C") for name, value in arrays.items()}
    plain = json.loads(json.dumps(description, allow_nan=False))  # keys become texts, as they are read again
    text = json.dumps({**plain, _DIGEST: digest_of(ordered, plain)}, sort_keys=True)
    content: bytes = save(ordered, metadata={_KEY: text})
    return content


def read_file(path: Path) -> TensorFile:
    """Return what `encoded` wrote; whether the digest is right is for the caller to ask.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, or not of this package.
    """
    content = _content(path)
    try:
        end = 8 + int.from_bytes(content[:8], "little")
        header = _strict_json(content[8:end])
        if not isinstance(header, dict):
            raise ValueError("its header is no mapping")
        metadata = header.pop("__metadata__", None)
        arrays = _arrays(header, content, end)
        description = _description(metadata)
    except (ValueError, RecursionError) as error:
        reason = "its header is nested too deep" if isinstance(error, RecursionError) else str(error)[:300]
        raise CheckpointError(f"{path}: damaged, or not a safetensors file: {reason}") from error
    if description is None:
        raise CheckpointError(f"{path}: a safetensors file, but not a model of formation_mlp.")
    return TensorFile(arrays, description, description.pop(_DIGEST, None), content)


def _content(path: Path) -> mmap:
    """Return the bytes of a file in place, unless the first ones say already that it is no such file."""
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise CheckpointError(f"{path}: damaged, or not a safetensors file: it is no regular file.")
            start = file.read(8)
            if len(start) < 8 or int.from_bytes(start, "little") > status.st_size - 8:
                raise CheckpointError(f"{path}: damaged, or not a safetensors file: it has no header.")
            return mmap(file.fileno(), 0, access=ACCESS_READ)
    except PermissionError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror}). Ask for access, or take a copy.") from error
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such file. Give the folder of a finished run.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CheckpointError(f"{path}: damaged, or not a safetensors file: it cannot be read ({reason}).") from error


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; a pipe that nobody writes to must not stop the process."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _arrays(header: Mapping[str, Any], content: mmap, start: int) -> dict[str, Array]:
    """Return the arrays that a header describes: they fill the file from ``start`` on, without gaps or overlaps.

    Nothing is copied, so they cannot be changed.
    """
    arrays, end = {}, start
    for first, last, name, dtype, shape in sorted([_place(name, described) for name, described in header.items()]):
        n = math.prod(shape)
        if start + first != end or last - first != n * dtype.itemsize:
            raise ValueError(f"the place or the size of {name!r} is wrong")
        end = start + last
        if end > len(content):
            raise ValueError(f"it ends before {name!r} does")
        arrays[name] = np.frombuffer(content, dtype, n, start + first).reshape(shape) if n else np.empty(shape, dtype)
    if end != len(content):
        raise ValueError(f"{len(content) - end} bytes after the last array")
    return arrays


def _place(name: str, described: Any) -> tuple[int, int, str, np.dtype[Any], list[int]]:
    """Return begin and end, name, type and shape of an array."""
    if not isinstance(described, dict) or set(described) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{name!r} is no array")
    dtype, shape, offsets = described["dtype"], described["shape"], described["data_offsets"]
    lists = isinstance(shape, list) and isinstance(offsets, list) and len(offsets) == 2 and len(shape) <= MOST_AXES
    if not isinstance(dtype, str) or dtype not in DTYPES or not lists:
        raise ValueError(f"{name!r} has the type {dtype!r} and the shape {shape!r}")
    numbers = [*shape, *offsets]
    if set(map(type, numbers)) != {int} or min(numbers) < 0 or max(numbers) >= 2**48:
        raise ValueError(f"{name!r} has the shape {shape!r}")
    return offsets[0], offsets[1], name, np.dtype(DTYPES[dtype]), shape


def _description(metadata: Any) -> dict[str, Any] | None:
    """Return the description that the metadata of a file hold, or None."""
    text = metadata.get(_KEY) if isinstance(metadata, dict) else None
    description = _strict_json(text) if isinstance(text, str) else None
    if any(depth > DEEPEST for depth in _depths(description)):
        raise ValueError(f"its description is nested more than {DEEPEST} deep")
    return description if isinstance(description, dict) else None


def _strict_json(text: str | bytes) -> Any:
    """Read JSON as the standard has it: each key once, and no numbers that are none."""
    return json.loads(text, object_pairs_hook=each_once, parse_constant=_no_number)


def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON, for `json.loads`; raises `ValueError` if a key stands twice in it."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} occurs twice")
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number in JSON")


def _depths(value: Any) -> Iterator[int]:
    """Yield how deep each list or mapping lies."""
    waiting = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        if isinstance(item, dict | list):
            yield depth
            inner = item.values() if isinstance(item, dict) else item
            waiting += [(one, depth + 1) for one in inner if isinstance(one, dict | list)]
