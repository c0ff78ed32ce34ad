"""The dots of a figure by name: which compound each is, and how far off its prediction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from formation_mlp.figures.picture import Points
from formation_mlp.reporting.text import number
from formation_mlp.typing import Floats

MOST_NAMED = 3_000
"""Dots of a figure that have names; beyond, those of the smallest errors have none, and the page stays small."""


def named_points(
    ids: Sequence[str], formulas: Sequence[str], y: Floats, prediction: Floats, unit: str, *, residuals: bool = False
) -> Points:
    """Return the dots of a parity plot, or of residuals over predictions, by formula, the largest errors first.

    Parameters
    ----------
    ids, formulas : of the rows, ``[n]``
    y, prediction : in ``unit``, ``[n]``
    unit : of the energies
    residuals : whether the dots stand at prediction and error, not at truth and prediction
    """
    error = prediction - y
    order = np.argsort(-np.abs(error), kind="stable")[:MOST_NAMED]
    x, height = (prediction, error) if residuals else (y, prediction)
    words = [
        f"{ids[i]}: actual {number(y[i], 3)}, predicted {number(prediction[i], 3)}, "
        f"off by {number(error[i], 3, sign=True)} {unit}"
        for i in order
    ]
    return Points(0, x[order], height[order], [formulas[i] for i in order], words)
