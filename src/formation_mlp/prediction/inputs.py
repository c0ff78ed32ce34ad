"""What a user asks of `predict`: which model answers, and for which materials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from formation_mlp.checkpoint import MODEL_FILE
from formation_mlp.errors import DataError
from formation_mlp.materials.formula import parse_formulas
from formation_mlp.materials.inputs import ReadMaterials, read_materials
from formation_mlp.materials.structure_files import is_structure_file
from formation_mlp.prediction.named_model import FOR_FORMULAS, FOR_STABILITY, FOR_STRUCTURES, NamedModel, named_model
from formation_mlp.registry import did_you_mean
from formation_mlp.shipped import SHIPPED
from formation_mlp.tables import read_inputs


@dataclass(frozen=True, slots=True)
class Query:
    """Materials for one model.

    Attributes
    ----------
    model : that is to answer
    read : the materials, ``[n]``
    rows : their places among all materials of the question, ``[n]``
    """

    model: NamedModel
    read: ReadMaterials
    rows: list[int]

    @classmethod
    def of_all(cls, model: NamedModel, read: ReadMaterials) -> Query:
        """Return the question that all materials put to one model."""
        return cls(model, read, list(range(len(read.labels))))


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
        models = [(named_model(None, shipped), rows) for shipped, rows in both if rows]
    else:
        named = named_model(model, FOR_FORMULAS)
        together = named.needs_structures or not (files and formulas)
        models = [(named, rows) for rows in ([list(range(len(items)))] if together else [formulas, files])]
    return [Query(named, read_materials([items[i] for i in rows]), rows) for named, rows in models]


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
    return ids, [Query.of_all(named_model(model, default_for(read)), read)]


def default_for(read: ReadMaterials) -> str:
    """Return the shipped model that answers for such materials where none is named."""
    return FOR_FORMULAS if read.materials.structures is None else FOR_STRUCTURES
