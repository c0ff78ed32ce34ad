"""Columns of an answer as JSON, with the numbers of the command line to the last digit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from formation_mlp.prediction.answers import Answers
from formation_mlp.saved_model.columns import COLUMNS, DIGITS, Columns, kind, texts

Row = dict[str, Any]


def rows_of(columns: Columns, digits: int, stop: int | None = None) -> list[Row]:
    """Return one object a row; a number is rounded as the command line writes it, and none is null.

    Examples
    --------
    >>> import numpy as np
    >>> rows_of({"formula": ["NaCl", "X"], "prediction": np.array([-2.1234567, np.nan])}, 6)
    [{'formula': 'NaCl', 'prediction': -2.123457}, {'formula': 'X', 'prediction': None}]
    """
    cells = [_cells(name, values if stop is None else values[:stop], digits) for name, values in columns.items()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*cells, strict=True)]


def _cells(name: str, values: Any, digits: int) -> Sequence[Any]:
    if isinstance(values, list):
        return values
    return [None if text == "" else float(text) for text in texts(name, values, digits)]


def number(value: float) -> float | None:
    """Return a number for JSON, which has no NaN."""
    return None if math.isnan(value) else float(value)


def answered(answers: Answers) -> dict[str, Any]:
    """Return predictions with what a reader must know of them."""
    digits, _ = DIGITS[answers.unit]
    return {
        "unit": answers.unit,
        "scale": answers.scale or answers.models[0].predictor.scale or None,
        "models": [
            {"name": model.name, "prediction": model.heading(answers.unit, answers.scale)} for model in answers.models
        ],
        "notes": list(answers.notes),
        "columns": {name: COLUMNS[kind(name)] for name in answers.columns},
        "n_rows": len(answers),
        "n_failed": answers.n_failed,
        "rows": rows_of(answers.columns, digits),
    }
