"""What a user asks of `predict`: which model answers, and for which materials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from formation_mlp.checkpoint import MODEL_FILE, model_path
from formation_mlp.errors import DataError
from formation_mlp.features.presets import build_presets
from formation_mlp.materials.formula import parse_formulas
from formation_mlp.materials.inputs import ReadMaterials, read_materials
from formation_mlp.materials.structure_files import is_structure_file
from formation_mlp.predict import Predictor, load
from formation_mlp.registry import did_you_mean
from formation_mlp.shipped import SHIPPED, shipped_path
from formation_mlp.tables import read_inputs

FOR_FORMULAS, FOR_STRUCTURES, FOR_STABILITY = "composition", "structure", "stability"
"""The shipped models that answer where none is named."""


@dataclass(frozen=True, slots=True)
class Query:
    """Materials for one model.

    Attributes
    ----------
    name : of the model, as the user calls it
    path : its file
    predictor : the model
    read : the materials, ``[n]``
    rows : their places among all materials of the question, ``[n]``
    """

    name: str
    path: Path
    predictor: Predictor
    read: ReadMaterials
    rows: list[int]


def split_arguments(
    arguments: Sequence[str], model: str | None = None, stable: bool = False
) -> tuple[str | None, list[str]]:
    """Return the model that is named, if one is, and the materials.

    The first argument names a model if it is a run folder, a model file or a shipped model.

    Raises
    ------
    DataError
        If the first argument is neither a model nor a material, or two models are named.
    """
    first, others = (arguments[0], list(arguments[1:])) if arguments else ("", [])
    if stable and (model is not None or _names_a_model(first)):
        raise DataError(
            f"--stable asks the shipped model {FOR_STABILITY!r}, but {model or first!r} is named too. Give one of them."
        )
    if stable or model is not None:
        return model or FOR_STABILITY, list(arguments)
    if not arguments or is_structure_file(first) or not first.strip():
        return None, list(arguments)
    if _names_a_model(first):
        return first, others
    reason = parse_formulas([first]).failures.get(0)
    if reason is None:
        return None, list(arguments)
    if _looks_like_a_path(first):
        return first, others  # loading says that there is no such run folder
    raise DataError(
        f"{reason} Nor is {first!r} a run folder, a model file or a shipped model ({', '.join(SHIPPED)})."
        f"{did_you_mean(first, SHIPPED)}"
    )


def _names_a_model(argument: str) -> bool:
    """Tell whether an argument names a model that exists; what is named like a compound must be a run folder."""
    if argument in SHIPPED:
        return True
    if not argument.strip() or is_structure_file(argument):
        return False
    path = Path(argument)
    try:
        if (path / MODEL_FILE).is_file() or (path.is_file() and path.suffix == ".safetensors"):
            return True
        return path.exists() and bool(parse_formulas([argument]).failures)
    except OSError:  # longer than a name may be
        return False


def _looks_like_a_path(argument: str) -> bool:
    return "/" in argument or "\\" in argument or argument.startswith(("~", ".")) or argument.endswith(".safetensors")


def queries_of_items(items: Sequence[str], model: str | None) -> list[Query]:
    """Return the questions that formulas and structure files put to the named model, or to the shipped ones.

    Raises
    ------
    DataError
        If there are no items.
    CheckpointError
        If the model is missing or damaged.
    """
    if not items:
        raise DataError("predict: no formula was given.")
    files = [i for i, item in enumerate(items) if is_structure_file(item)]
    formulas = [i for i, item in enumerate(items) if not is_structure_file(item)]
    if model is None:
        both = [(FOR_FORMULAS, formulas), (FOR_STRUCTURES, files)]
        models = [(name, *loaded(name, None), rows) for name, rows in both if rows]
    else:
        path, predictor = loaded(model, model)
        together = needs_structures(predictor) or not (files and formulas)
        parts = [list(range(len(items)))] if together else [formulas, files]
        models = [(model, path, predictor, rows) for rows in parts]
    return [
        Query(name, path, predictor, read_materials([items[i] for i in rows]), rows)
        for name, path, predictor, rows in models
    ]


def queries_of_table(
    path: Path, formula: str | None, id_column: str | None, model: str | None
) -> tuple[list[str] | None, list[Query]]:
    """Return the ids of a table, if it has a column of them, and the question that its materials put to one model.

    Raises
    ------
    DataError
        If the table is missing, or lacks a column.
    CheckpointError
        If the model is missing or damaged.
    """
    ids, read = read_inputs(path, formula, id_column)
    name = model_for(read, model)
    return ids, [query_of(name, *loaded(name, model), read)]


def model_for(read: ReadMaterials, model: str | None) -> str:
    """Return the model that is named, or the shipped one for such materials."""
    return model or (FOR_FORMULAS if read.materials.structures is None else FOR_STRUCTURES)


def query_of(name: str, path: Path, predictor: Predictor, read: ReadMaterials) -> Query:
    """Return the question that all materials put to one model."""
    return Query(name, path, predictor, read, list(range(len(read.labels))))


def loaded(name: str, model: str | None) -> tuple[Path, Predictor]:
    """Load the named model; without one the shipped model, whatever lies in the working folder under its name."""
    path = (shipped_path(name) if model is None else None) or model_path(name)
    return path, load(path if model is None else model)


def needs_structures(predictor: Predictor) -> bool:
    """Tell whether a model describes crystal structures, and so cannot answer for a formula."""
    return any(preset.needs_structure for preset in build_presets(predictor.features))
