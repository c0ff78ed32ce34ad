"""What a user asks of `predict`: which model answers, and for which materials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from formation_mlp.errors import DataError
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.materials.inputs import FEW, ReadMaterials, read_materials
from formation_mlp.materials.structure.below import structures_below
from formation_mlp.materials.structure.files import (
    OF_TABLES,
    is_other_json,
    is_structure_file,
    looks_like_structure,
    structure_files_of,
    structures_in,
)
from formation_mlp.prediction.tables import read_inputs
from formation_mlp.quoting import quoted
from formation_mlp.registry import did_you_mean
from formation_mlp.saved_model.checkpoint import MODEL_FILE
from formation_mlp.saved_model.named import FOR_FORMULAS, FOR_STABILITY, FOR_STRUCTURES, NamedModel, named_model
from formation_mlp.saved_model.shipped import CALLED


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of every material.

    Attributes
    ----------
    model : as the user calls it, or None for the shipped ones
    formula, structure, id : columns of a table, or None to find them
    encoding : of a table of text, or None for UTF-8
    level, unit, strict, scale, population : as for `formation_mlp.prediction.answers.answer`
    surest : rows with the smallest expected errors that are answered, or None for all in their order
    """

    model: str | None = None
    formula: str | None = None
    id: str | None = None
    level: float | None = None
    unit: str | None = None
    strict: bool = False
    scale: str | None = None
    population: str | None = None
    structure: str | None = None
    encoding: str | None = None
    surest: int | None = None

    def of_the_answer(self) -> dict[str, Any]:
        """Return the keywords of `formation_mlp.prediction.answers.answer`."""
        return {name: getattr(self, name) for name in ("level", "unit", "strict", "scale", "population")}


@dataclass(frozen=True, slots=True)
class Query:
    """Materials for one model.

    Attributes
    ----------
    model : that is to answer
    read : the materials, ``[n]``
    rows : their places among all materials of the question, ``[n]``
    are_named : whether they are named one by one, not rows of a table: then the answer tells more of each
    """

    model: NamedModel
    read: ReadMaterials
    rows: list[int]
    are_named: bool = False

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
    if not arguments or not first.strip() or names_structures(first):
        return None, list(arguments)
    if _names_a_model(first):
        return first, others
    _refuse_table(first)
    reason = parse_formulas([first]).failures.get(0)
    if reason is None:
        return None, list(arguments)
    if _looks_like_a_path(first):
        return first, others  # loading says that there is no such run folder
    raise DataError(
        f"{reason} Nor is {quoted(first)} a run folder, a model file or a shipped model ({', '.join(CALLED)})."
        f"{did_you_mean(first, CALLED)}"
    )


def _names_a_model(argument: str) -> bool:
    """Tell whether an argument names a model that exists; what is named like a compound must be a run folder."""
    if argument in CALLED:
        return True
    if not argument.strip() or names_structures(argument) or argument.lower().endswith(OF_TABLES):
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


def queries_of_items(items: Sequence[str], model: str | NamedModel | None) -> tuple[list[str] | None, list[Query]]:
    """Return the ids of formulas and structure files, if there are files, and the questions that they put to a model.

    A folder stands for the structures in it, and a file of several structures for each of them. The model is the one
    that is named or given, or else the shipped ones.

    Raises
    ------
    DataError
        If there are no items, or one of them is a table.
    CheckpointError
        If the model is missing or damaged.
    """
    if not items:
        what = "standard input was empty" if model is None else f"{model!r} is the model, but no material is named"
        raise DataError(f"predict: {what}. Give formulas or structure files, or a table with --csv.")
    items, is_file = expanded(items)
    files, formulas = ([i for i, known in enumerate(is_file) if known == wanted] for wanted in (True, False))
    if model is None:
        both = [(FOR_FORMULAS, formulas), (FOR_STRUCTURES, files)]
        models = [(named_model(None, shipped), rows) for shipped, rows in both if rows]
    else:
        named = model if isinstance(model, NamedModel) else named_model(model, FOR_FORMULAS)
        together = named.needs_structures or not (files and formulas)
        models = [(named, rows) for rows in ([list(range(len(items)))] if together else [formulas, files])]
    ids = [item if known else "" for item, known in zip(items, is_file, strict=True)] if files else None
    return ids, [Query(named, _read([items[i] for i in rows], bool(files)), rows, True) for named, rows in models]


def _read(items: Sequence[str], has_ids: bool) -> ReadMaterials:
    read = read_materials(items)
    if not has_ids or read.materials.structures is None:
        return read
    labels = ["" if i in read.failures else label for i, label in enumerate(read.labels)]  # the id names the file
    return replace(read, labels=labels)


def expanded(items: Sequence[str]) -> tuple[list[str], list[bool]]:
    """Return items with the structures in place of folders and of files with several, and which of them are files.

    Raises
    ------
    DataError
        If an item is a table, or a folder without structures.
    """
    if len(items) > FEW:
        return list(items), [is_structure_file(item) for item in items]
    named, is_file = list[str](), list[bool]()
    for item in items:
        _refuse_table(item)
        files = _files_of(item) if names_structures(item) else None
        named += [item] if files is None else files
        is_file += [False] if files is None else [True] * len(files)
    return named, is_file


def _files_of(item: str) -> list[str]:
    """Return what an item stands for: the files of a folder, and the structures of a file that holds several."""
    path = Path(item)
    if path.is_dir():
        return [one for file in _structures_of(path) for one in _files_of(str(file))]
    try:
        return [f"{item}#{name}" for name in structures_in(path)] or [item]
    except DataError:  # reading it says what is wrong
        return [item]


def _structures_of(folder: Path) -> list[Path]:
    inner = [folder / path for path in structures_below(folder).values() if "/" in path]
    return [file for file in [*structure_files_of(folder), *inner] if not is_other_json(file)]


def names_structures(argument: str) -> bool:
    """Tell whether an argument is a structure file, by its name or what is in it, or a folder of some but no run.

    What is a formula stays one, whatever lies in the working folder under its name; ``./NaCl`` is the file.
    """
    if is_structure_file(argument):
        return True
    path = Path(argument)
    try:
        if not argument.strip() or not path.exists() or not parse_formulas([argument]).failures:
            return False
        if path.is_dir():
            return not (path / MODEL_FILE).exists() and bool(_structures_of(path))
    except (OSError, ValueError):  # longer than a name may be
        return False
    return looks_like_structure(path)


def _refuse_table(argument: str) -> None:
    """Raise `DataError` if an argument is a table, which is an option of its own."""
    if argument.lower().endswith(OF_TABLES) and not names_structures(argument):
        raise DataError(
            f"{argument!r} is a table, not a material. Give it with --csv: formation-mlp predict --csv {argument}"
        )


def queries_of_table(
    path: Path, formula: str | None, id_column: str | None, model: str | None, encoding: str | None = None
) -> tuple[list[str] | None, list[Query]]:
    """Return the ids of a table, if it has a column of them, and the question that its materials put to one model.

    Raises
    ------
    DataError
        If the table is missing, or lacks a column.
    CheckpointError
        If the model is missing or damaged.
    """
    named = None if model is None else named_model(model, FOR_FORMULAS)
    ids, read = read_inputs(path, formula, id_column, trained_on(named), encoding)
    return ids, [Query.of_all(named or named_model(None, default_for(read)), read)]


def trained_on(model: NamedModel | None) -> dict[str, Any]:
    """Return the section ``data`` of the configuration of a model; nothing if none is named."""
    return {} if model is None else model.predictor.checkpoint.config.get("data", {})


def default_for(read: ReadMaterials) -> str:
    """Return the shipped model that answers for such materials where none is named."""
    return FOR_FORMULAS if read.materials.structures is None else FOR_STRUCTURES
