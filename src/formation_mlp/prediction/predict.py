"""The verb predict: materials or a table in, one row of an answer for each out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from formation_mlp.prediction.answers import answer
from formation_mlp.prediction.inputs import Query, Request, queries_of_items, queries_of_table
from formation_mlp.prediction.output import Predicted, write_answers
from formation_mlp.system.blocks import rows_alone
from formation_mlp.system.outputs import about_path, claimed
from formation_mlp.typing import Progress


def predict_materials(
    items: Sequence[str], request: Request, out: Path | None = None, *, overwrite: bool = False
) -> Predicted:
    """Predict formulas and structure files, and write the answer to a file or print it.

    Parameters
    ----------
    items
        Formulas, structure files, or folders of them.
    request
        Which model, and what is asked of it.
    out
        The file to write with its ``.about.json``, ending in ``.csv`` or ``.parquet``; None prints the answer.
    overwrite
        Whether ``out`` is replaced if it exists.

    Raises
    ------
    DataError
        If there are no items, one of them is a table, or ``out`` is one of them or exists.
    CheckpointError, ConfigError
        As for `formation_mlp.prediction.answers.answer`.
    """
    ids, queries = queries_of_items(items, request.model)
    others = () if out is None else (about_path(out),)
    with claimed(out, [*items, request.model], overwrite=overwrite, others=others):
        return _answer(ids, queries, request, out)


def predict_table(
    path: Path,
    request: Request,
    out: Path | None = None,
    *,
    workers: int = 1,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Predicted:
    """Predict the rows of a table, and print the answer; or write it to a file, which may be larger than memory.

    Parameters and errors are those of `formation_mlp.prediction.predict_in_parts.predict_in_parts`. Where the surest
    rows are asked for, which all others must be compared with, memory holds the table.
    """
    if out is None or request.surest is not None:
        others = () if out is None else (about_path(out),)
        with claimed(out, [path, request.model], overwrite=overwrite, others=others):
            asked = queries_of_table(path, request.formula, request.id, request.model, request.encoding)
            return _answer(*asked, request, out)
    from formation_mlp.prediction.predict_in_parts import predict_in_parts

    return predict_in_parts(path, out, request, workers=workers, overwrite=overwrite, progress=progress)


def _answer(ids: list[str] | None, queries: list[Query], request: Request, out: Path | None) -> Predicted:
    with rows_alone():
        answers = answer(queries, ids, **request.of_the_answer())
    shown = answers if request.surest is None else answers.surest(request.surest)
    write_answers(shown, out, strict=request.strict)
    return Predicted(len(answers), answers.n_failed)
