"""Features of the user's own: functions of the materials, and columns of numbers beside the formulas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from formation_mlp.config.schema import Entry
from formation_mlp.data.given_rows import given_rows, numbers_of, with_numbers
from formation_mlp.errors import ConfigError, DataError
from formation_mlp.materials.inputs import ReadMaterials, read_materials
from formation_mlp.materials.records import Numbers

OwnFunction = Callable[[list[Any]], Any]
"""Materials as they are given, ``n`` of them, to an array ``[n]`` or ``[n, k]``, or a pandas table of ``k`` columns."""

Features = Sequence[Entry | OwnFunction] | OwnFunction
"""Presets, functions of the user's own, or one such function."""


def presets_and_functions(features: Features) -> tuple[list[Any], list[OwnFunction]]:
    """Return the presets and the functions among features.

    Raises
    ------
    ConfigError
        If there is one text instead of a list.

    Examples
    --------
    >>> presets_and_functions(["magpie", len])
    (['magpie'], [<built-in function len>])
    """
    if isinstance(features, str):
        raise ConfigError(f"features: found {features!r}, but a list is expected, such as [{features!r}].")
    listed = [features] if callable(features) else list(features)
    return [one for one in listed if not callable(one)], [one for one in listed if callable(one)]


def read_with(functions: Sequence[OwnFunction], X: Any, wanted: Sequence[str] | None) -> ReadMaterials:
    """Read materials with the numbers beside them, and add those that functions give.

    Parameters
    ----------
    functions
        Called with the materials that can be read; the others have NaN, and their reason.
    X, wanted
        See `formation_mlp.data.given_rows.read_given`.

    Raises
    ------
    DataError
        If a function does not give one row of finite numbers, or NaN, for each material; and as for `read_given`.
    """
    items, numbers = given_rows(X, wanted)
    read = read_materials(items)
    if numbers is not None:
        read = with_numbers(read, numbers)
    good = [i for i in range(len(items)) if i not in read.failures]
    for function in functions:
        read = with_numbers(read, _spread(_numbers(function, [items[i] for i in good]), good, len(items)))
    return read


def _numbers(function: OwnFunction, items: list[object]) -> Numbers:
    import pandas as pd

    name = getattr(function, "__name__", type(function).__name__)
    where = f"features: {name}"
    found = function(items)
    if not isinstance(found, pd.DataFrame):
        array = np.asarray(found)
        array = array[:, None] if array.ndim == 1 else array
        if array.ndim != 2:
            raise DataError(f"{where} gave an array of shape {array.shape}; [n] or [n, k] is expected.")
        found = pd.DataFrame(array, columns=[f"{name}_{j}" for j in range(array.shape[1])]).infer_objects()
    if len(found) != len(items):
        raise DataError(f"{where} gave {len(found)} rows for {len(items)} materials; one each is expected.")
    return numbers_of(found.set_axis([str(column) for column in found.columns], axis=1), where)


def _spread(numbers: Numbers, rows: Sequence[int], n: int) -> Numbers:
    """Return the numbers of some of ``n`` rows in their places, NaN elsewhere."""
    X = np.full((n, len(numbers.names)), np.nan)
    X[list(rows)] = numbers.X
    return Numbers(numbers.names, X)
