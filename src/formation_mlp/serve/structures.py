"""Uploaded structure files in, what ``predict FILE...`` prints out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from formation_mlp.errors import DataError
from formation_mlp.materials.structure.access import only_files_of
from formation_mlp.materials.structure.files import OF_TABLES
from formation_mlp.prediction.answers import answer
from formation_mlp.prediction.inputs import names_structures, queries_of_items
from formation_mlp.quoting import quoted
from formation_mlp.saved_model.named import FOR_STRUCTURES
from formation_mlp.serve.answers import answered
from formation_mlp.serve.metrics import counted_rows
from formation_mlp.serve.names import safe_name
from formation_mlp.serve.schemas import Words
from formation_mlp.serve.state import Service
from formation_mlp.system.blocks import rows_alone


def predict_structures(service: Service, files: Sequence[tuple[str, BinaryIO]], words: Words) -> dict[str, Any]:
    """Return the answer to files, by their names and contents, as JSON; they are gone when it is given.

    Raises
    ------
    FormationMLPError
        As the command line does; or if a file is a table, or no structure.
    """
    most = service.settings.limits.files
    if len(files) > most:
        raise DataError(f"files: found {len(files):,}, but a request may have {most:,}. Send several requests.")
    model = service.models.get(words.model or FOR_STRUCTURES)
    with TemporaryDirectory(prefix="formation-mlp-") as place:
        folder = Path(place).resolve()
        with only_files_of(folder):
            items = [str(_kept(folder, name, content)) for name, content in named_once(files)]
            ids, queries = queries_of_items(items, model)
            with rows_alone():
                answers = answer(queries, ids, **words.model_dump(exclude={"model"}))
    counted_rows(len(answers))
    told = answered(answers)
    for row in told["rows"]:
        for name in ("id", "formula", "error", "warning"):
            row[name] = row[name].replace(f"{folder}/", "")
    return told


def named_once(files: Iterable[tuple[str, BinaryIO]]) -> Iterable[tuple[str, BinaryIO]]:
    """Yield files under names that are safe, and different from one another.

    Examples
    --------
    >>> import io
    >>> [name for name, _ in named_once([("../NaCl.cif", io.BytesIO()), ("NaCl.cif", io.BytesIO())])]
    ['NaCl.cif', '2 NaCl.cif']
    """
    seen = set[str]()
    for number, (name, content) in enumerate(files, 1):
        safe = safe_name(name)
        safe = f"{number} {safe}" if safe.lower() in seen else safe
        seen.add(safe.lower())
        yield safe, content


def _kept(folder: Path, name: str, content: BinaryIO) -> Path:
    """Write a file into the folder, and return its place."""
    path = folder / name
    with path.open("wb") as file:
        while block := content.read(1 << 20):
            file.write(block)
    if name.lower().endswith(OF_TABLES):
        raise DataError(f"{quoted(name)} is a table, not a structure. Tables are predicted as jobs: POST /api/v1/jobs.")
    if not names_structures(str(path)):
        raise DataError(
            f"{quoted(name)} is no structure file: neither its name nor its content is that of a CIF, a POSCAR or "
            "pymatgen JSON."
        )
    return path
