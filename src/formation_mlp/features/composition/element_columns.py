"""Columns made of element data, and what the data lack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.element_data import ElementTable
from formation_mlp.features.base import FeatureBlock
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from formation_mlp.chemistry.compositions import Compositions


def columns_of_elements(
    compositions: Compositions,
    table: ElementTable,
    names: Sequence[str],
    columns: Callable[[Compositions, Floats], Floats],
    impute_nan: bool,
) -> FeatureBlock:
    """Compute columns that need element data, and count what the data lack.

    Parameters
    ----------
    compositions
        ``n`` rows, none empty.
    table
        The element data.
    names
        The ``d`` columns.
    columns
        From compositions and values ``[119, f]`` to numbers ``[n, d]``; a NaN among the values that it needs makes
        a NaN.
    impute_nan
        Whether a missing value is the mean of the table, as in matminer, instead of NaN. Rows that need one are
        counted either way.
    """
    X = columns(compositions, table.imputed() if impute_nan else table.values)
    rows = table.rows_lacking_data(compositions)
    if len(rows) == 0:
        return FeatureBlock(X)
    lacking = columns(compositions.take(rows), table.values) if impute_nan else X[rows]
    counts = np.isnan(lacking).sum(axis=0).tolist()
    return FeatureBlock(X, missing={name: n for name, n in zip(names, counts, strict=True) if n})
