"""On which energy scale each row of a table is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.config.schema import DataConfig
from formation_mlp.data import columns
from formation_mlp.errors import DataError
from formation_mlp.quoting import quoted
from formation_mlp.registry import did_you_mean
from formation_mlp.scales.scale import DEFAULT, SCALES
from formation_mlp.typing import Ints

if TYPE_CHECKING:
    import pandas as pd


def scales_of_frame(frame: pd.DataFrame, config: DataConfig, keep: Ints) -> tuple[tuple[str, ...], Ints | None]:
    """Return the energy scales of the kept rows, and which of them each row is on.

    Parameters
    ----------
    frame
        The whole table.
    config
        Its key ``scale`` is the name of a scale, or of the column that names one in each row.
    keep
        Places of the rows that are used, ``[n]``.

    Returns
    -------
    tuple, ndarray or None
        Names, the default scale first; for several of them the place of each row's scale among them, ``[n]``.

    Raises
    ------
    DataError
        If ``scale`` is neither, or a cell of the column is no scale.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"formula": ["NaCl", "NaCl"], "scale": ["oqmd", "mp2020"]})
    >>> scales_of_frame(frame, DataConfig(path="table.csv", scale="scale"), np.arange(2))
    (('mp2020', 'oqmd'), array([1, 0]))
    >>> scales_of_frame(frame, DataConfig(path="table.csv", scale="oqmd"), np.arange(2))
    (('oqmd',), None)
    """
    if config.scale is None:
        return (), None
    names = list(map(str, frame.columns))
    if config.scale in SCALES and config.scale not in names:
        return (config.scale,), None
    if config.scale not in names:
        raise DataError(
            f"data.scale: {quoted(config.scale)} is neither an energy scale ({', '.join(SCALES)}) nor a column of the "
            f"table ({', '.join(names)}).{did_you_mean(config.scale, [*SCALES, *names])}"
        )
    cells = columns.cells_of(frame, config.scale)
    found = ["" if cells[row] is None else str(cells[row]).strip() for row in keep]
    for row, name in zip(keep, found, strict=True):
        if name not in SCALES:
            what = f"{quoted(name)} is no energy scale" if name else "the cell is blank"
            raise DataError(
                f"data.scale: column {config.scale!r}, row {row + 1}: {what}. Scales are: {', '.join(SCALES)}."
                f"{did_you_mean(name, SCALES)}"
            )
    order = sorted(set(found), key=lambda name: (name != DEFAULT, list(SCALES).index(name)))
    if len(order) == 1:
        return tuple(order), None
    return tuple(order), np.array([order.index(name) for name in found])
