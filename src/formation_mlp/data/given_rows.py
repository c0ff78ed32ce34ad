"""Materials as Python code gives them: a list, an array, a column, or a table with numbers beside the formulas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from formation_mlp.data import columns
from formation_mlp.errors import DataError
from formation_mlp.materials.inputs import ReadMaterials, read_materials
from formation_mlp.materials.records import Numbers
from formation_mlp.quoting import quoted
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    import pandas as pd

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


def read_given(X: Any, wanted: Sequence[str] | None = ()) -> ReadMaterials:
    """Read the materials, and the numbers beside them; those that cannot be read carry their reason.

    Parameters
    ----------
    X
        As for `given_items`; or a table of several columns, ``[n, 1 + k]``: one of formulas (or structures) under a
        usual name, or the only one that is not of numbers, and ``k`` of numbers, NaN where one is missing. The columns
        of an array are called ``x0``, ``x1`` and so on, by their places.
    wanted
        The columns of numbers that are to be there, no more and no fewer; None takes all that are there.

    Raises
    ------
    DataError
        If a column is missing, is one too many, is not of numbers, is infinite somewhere, or is a target by its name;
        or if it is not clear which one holds the formulas.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"formula": ["NaCl", "MgO"], "pressure": [0.0, 10.0]})
    >>> read_given(table, None).materials.numbers.names
    ('pressure',)
    """
    items, numbers = given_rows(X, wanted)
    read = read_materials(items)
    return read if numbers is None else with_numbers(read, numbers)


def given_rows(X: Any, wanted: Sequence[str] | None = ()) -> tuple[list[object], Numbers | None]:
    """Return the materials as they are given, and the numbers beside them, if there are any; see `read_given`."""
    shape: tuple[int, ...] = getattr(X, "shape", ())
    if len(shape) != 2 or shape[1] < 2:
        items = given_items(X)
        _require(wanted or (), [])
        return items, None
    if wanted is not None and not wanted:
        raise DataError(f"X: found an array of shape {shape}, {ADVICE} The model knows no columns beside formulas.")
    frame = _frame(X)
    place = _materials_column(frame)
    if wanted is not None:
        _require(wanted, [name for name in frame.columns if name != place])
    return given_items(frame[place]), numbers_of(frame.drop(columns=place))


def with_numbers(read: ReadMaterials, numbers: Numbers) -> ReadMaterials:
    """Return materials with further columns of numbers beside them."""
    there = read.materials.numbers
    if there is not None:
        numbers = Numbers(there.names + numbers.names, np.hstack([there.X, numbers.X]))
    return replace(read, materials=replace(read.materials, numbers=numbers))


def numbers_of(frame: pd.DataFrame, where: str = "X") -> Numbers:
    """Return columns as numbers, NaN where one is missing.

    Raises
    ------
    DataError
        As for `read_given`.
    """
    found = [_numbers(frame, name, where) for name in frame.columns]
    return Numbers(tuple(map(str, frame.columns)), np.column_stack([np.empty((len(frame), 0)), *found]))


def _numbers(frame: pd.DataFrame, name: str, where: str) -> Floats:
    if str(name).strip().lower() in columns.TARGET:
        raise DataError(
            f"{where}: the column {name!r} is a target by its name, not a feature. Leave it out, or rename it."
        )
    try:
        values = frame[name].to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}: the column {name!r} is not of numbers: {error}. Leave it out.") from error
    if np.isinf(values).any():
        row = int(np.flatnonzero(np.isinf(values))[0])
        raise DataError(f"{where}: the column {name!r} is infinite in row {row}. Write NaN where a number is missing.")
    return values


def _frame(X: Any) -> pd.DataFrame:
    """Return a table whose columns are called by texts, each once."""
    import pandas as pd

    if not isinstance(X, pd.DataFrame):
        X = np.asarray(X)
        return pd.DataFrame({f"x{j}": pd.Series(X[:, j]).infer_objects() for j in range(X.shape[1])})
    frame = X.set_axis([str(name) for name in X.columns], axis=1)
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise DataError(f"X: several columns are called {twice[0]!r}. Keep one of them, or rename the others.")
    return frame


def _materials_column(frame: pd.DataFrame) -> str:
    usual = columns.find_column(frame, None, columns.STRUCTURE, "X") or columns.find_formula(frame, None, "X")
    if usual is not None:
        return usual
    others = [name for name in frame.columns if not _is_numeric(frame[name])]
    if len(others) != 1:
        found = f"the columns {', '.join(map(repr, others))} are not of numbers" if others else "all are of numbers"
        raise DataError(
            f"X: found an array of shape {frame.shape}, but a list of inputs is expected, or one column of formulas "
            f"and others of numbers: {found}. Call the column of formulas 'formula'."
        )
    return others[0]


def _is_numeric(column: pd.Series[Any]) -> bool:
    return column.dtype.kind in "iufb"


def _require(wanted: Sequence[str], there: Sequence[str]) -> None:
    missing = [name for name in wanted if name not in there]
    if missing:
        raise DataError(
            f"X: the model also knows the columns {', '.join(wanted)}, and {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing. Give a pandas table with them beside the formulas."
        )
    others = [name for name in there if name not in wanted]
    if others:
        raise DataError(f"X: the model does not know the columns {', '.join(others)}. Leave them out.")
