"""What tells the prediction of a table from any other, by the content of all that it reads and not by its paths."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from formation_mlp.data import columns
from formation_mlp.materials.structure.cache import contents
from formation_mlp.system.files import content_digest
from formation_mlp.version import __version__

if TYPE_CHECKING:
    import pandas as pd


def job_key(source: Path, model: Path, described_by: Sequence[Path], options: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a table, a model file, the files of its features, and options.

    A source that is no file is told by its path; what it holds, `part_mark` tells.
    """
    known: dict[str, Any] = {"version": __version__, **options}
    for name, path in (("source", source), ("model", model)):
        if path.is_file():
            known[name] = content_digest(path)
        else:
            known[name] = str(path)
    known["descriptors"] = [content_digest(path) for path in described_by]
    return sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def part_mark(frame: pd.DataFrame) -> str:
    """Return the SHA-256 of the cells of some rows, and of the structure files that these name."""
    digest = sha256()
    for name in frame.columns:
        texts = [str(name), *map(str, frame[name].tolist())]
        digest.update(json.dumps(texts).encode())
    column = columns.find_column(frame, None, columns.STRUCTURE, "structure")
    if column is not None:
        cells = columns.cells_of(frame, column)
        digest.update(contents(cells, Path(frame.attrs.get("folder", "."))).encode())
    return digest.hexdigest()
