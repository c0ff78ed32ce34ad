"""Materials as Python code gives them: a list, an array, a column or a table of one."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

import numpy as np

from formation_mlp.errors import DataError
from formation_mlp.materials.inputs import ReadMaterials, read_materials
from formation_mlp.quoting import quoted

ADVICE = "but a list of inputs is expected, such as ['NaCl', 'MgO'], a column, or a table of one column."


def given_items(X: Any) -> list[object]:
    """Return the materials of a list, an array ``[n]`` or ``[n, 1]``, a pandas ``Series`` or a table of one column.

    Raises
    ------
    DataError
        If it is something else.

    Examples
    --------
    >>> given_items(np.array([["NaCl"], ["MgO"]]))
    ['NaCl', 'MgO']
    """
    if isinstance(X, str):
        raise DataError(f"X: found the text {X!r}, but a list of inputs is expected, such as [{X!r}].")
    if isinstance(X, Mapping | Set) or not hasattr(X, "__iter__"):
        raise DataError(f"X: found {quoted(X)} of the type {type(X).__name__}, {ADVICE}")
    shape = getattr(X, "shape", None)
    if shape is not None and len(shape) == 2 and shape[1] == 1:
        X = np.asarray(X, object)[:, 0]
    elif shape is not None and len(shape) != 1:
        raise DataError(f"X: found an array of shape {shape}, {ADVICE}")
    return [item.item() if isinstance(item, np.str_) else item for item in X]


def read_given(X: Any) -> ReadMaterials:
    """Read the materials of `given_items`; those that cannot be read carry their reason."""
    return read_materials(given_items(X))
