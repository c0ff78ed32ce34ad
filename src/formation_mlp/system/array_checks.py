"""Checks of arrays that come from a file: their type, shape and range, before they are used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


def checked_array(
    arrays: Mapping[str, NDArray[Any]],
    name: str,
    dtype: DTypeLike,
    shape: Sequence[int | None],
    lowest: float = -np.inf,
    highest: float = np.inf,
) -> NDArray[Any]:
    """Return an array that has the given type and shape, and finite numbers between two ends.

    Parameters
    ----------
    arrays
        By name.
    name
        Of the one that is wanted.
    dtype
        Its type.
    shape
        Its lengths; None stands for any but 0.
    lowest, highest
        The ends, which are allowed, too.

    Raises
    ------
    ValueError
        If it is missing, or another array than that.

    Examples
    --------
    >>> checked_array({"step": np.ones(3)}, "step", np.float64, [3], lowest=0)
    array([1., 1., 1.])
    """
    if name not in arrays:
        raise ValueError(f"{name} is missing")
    array, wanted = arrays[name], np.dtype(dtype)
    if array.dtype != wanted:
        raise ValueError(f"{name} holds {array.dtype.name}, but it should be {wanted.name}")
    fits = all(found == n if n is not None else found > 0 for found, n in zip(array.shape, shape, strict=False))
    if array.ndim != len(shape) or not fits:
        expected = ", ".join("n" if n is None else str(n) for n in shape)
        raise ValueError(f"{name} has the shape {list(array.shape)}, but it should be [{expected}]")
    if array.size:
        least, most = array.min(), array.max()  # either is NaN if there is one
        if not (np.isfinite(least) and np.isfinite(most)):
            raise ValueError(f"{name} holds a number that is not finite")
        if least < lowest or most > highest:
            raise ValueError(f"{name} reaches from {least:g} to {most:g}, beyond {lowest:g} to {highest:g}")
    return array


def checked_starts(
    arrays: Mapping[str, NDArray[Any]], name: str, dtype: DTypeLike, n_parts: int | None, end: int
) -> NDArray[Any]:
    """Return where each part of a longer array starts, ``[n_parts + 1]``: never falling, from 0 to ``end``.

    Raises
    ------
    ValueError
        If it is something else.
    """
    starts = checked_array(arrays, name, dtype, [None if n_parts is None else n_parts + 1], 0, end)
    if starts[0] != 0 or starts[-1] != end or (np.diff(starts) < 0).any():
        raise ValueError(f"{name} does not rise from 0 to {end}")
    return starts
