"""The distance to the nearest of many points, fast enough for a million rows.

Written by hand, because the libraries are slower here and their points larger in a file. For 1,000 rows against 69,000
points in 16 dimensions, as `formation_mlp.trust.domain` has them, `Points` take 0.13 s, scipy's ``cKDTree`` takes 1.2 s
and scikit-learn's brute force 2.1 s, all of one process; in 273 dimensions `Points` take 4 s, and the tree 0.14 s for a
single row. A model file holds the points in 1.1 MB, where a tree needs their 4.4 MB of coordinates. A single formula is
compared without importing scipy, which would take longer than the comparison.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formation_mlp.system.array_checks import checked_array, checked_starts
from formation_mlp.system.blocks import are_rows_alone, product
from formation_mlp.typing import Ints

Singles = NDArray[np.float32]

ARRAYS = ("grid", "step", "starts", "centres")
"""What `Points` are saved as."""

MOST = 1e9
"""A larger coordinate is none: its square, summed over the dimensions, would be beyond the numbers of 32 bits."""

MOST_CELLS = 256
SEARCHED = 8
"""Cells in which the nearest point is looked for. It is in another one for 6 in 100 rows (72,261 compounds of the
Materials Project, 16 dimensions); their distance comes out too large, by a few percent on average."""
ROUNDS = 5
BLOCK = 64
"""Rows whose distances to all centres, or to all points of some cells, are one product. The last one is filled up: the
rounding of a product depends on its size, and which point is nearest must not depend on the other rows."""


@dataclass(frozen=True)
class Points:
    """``m`` points in ``q`` dimensions, in cells around centres (an inverted file, Sivic and Zisserman 2003).

    Coordinates are kept as whole numbers of 8 bits, so that 60,000 points in 16 dimensions are one megabyte.

    Attributes
    ----------
    grid : int8 ``[m, q]``, coordinates in units of ``step``, cell by cell
    step : ``[q]``
    starts : ``[k + 1]``, where each cell begins
    centres : ``[k, q]``
    """

    grid: NDArray[np.int8]
    step: Singles
    starts: NDArray[np.int32]
    centres: Singles

    def __post_init__(self) -> None:
        (m, q), k = self.grid.shape, len(self.centres)
        shapes = (self.step.shape, self.starts.shape, self.centres.shape)
        if shapes != ((q,), (k + 1,), (k, q)) or not k or self.starts[0] != 0 or self.starts[-1] != m:
            raise ValueError(f"points: {shapes} for {m} points in {q} dimensions")

    @classmethod
    def fit(cls, points: Singles, generator: np.random.Generator) -> Points:
        """Divide points ``[m, q]``, at least one, into cells by a few rounds of k-means (Lloyd 1982)."""
        m = len(points)
        k = min(MOST_CELLS, int(np.ceil(np.sqrt(m))))
        centres = points[np.sort(generator.choice(m, k, replace=False))]
        for _ in range(ROUNDS):
            cell = _nearest_centre(points, centres)
            sums = np.stack([np.bincount(cell, column, k) for column in points.T], axis=1)
            counts = np.bincount(cell, minlength=k)[:, None]
            centres = np.where(counts > 0, sums / np.maximum(counts, 1), centres).astype(np.float32)
        cell = _nearest_centre(points, centres)
        step = np.maximum(np.abs(points).max(axis=0), np.float32(1e-6)) / np.float32(127)
        grid = np.rint(points / step).astype(np.int8)[np.argsort(cell, kind="stable")]
        starts = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=k))]).astype(np.int32)
        return cls(grid, step, starts, centres)

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], q: int) -> Points:
        """Return points in ``q`` dimensions from their `ARRAYS`, as a file gives them.

        Raises
        ------
        ValueError
            If one is missing, or cannot be that of points.
        """
        if set(arrays) != set(ARRAYS):
            raise ValueError(f"points: found {', '.join(arrays) or 'nothing'} in place of {', '.join(ARRAYS)}")
        grid = checked_array(arrays, "grid", np.int8, [None, q])
        step = checked_array(arrays, "step", np.float32, [q], 0, MOST)
        centres = checked_array(arrays, "centres", np.float32, [None, q], -MOST, MOST)
        return cls(grid, step, checked_starts(arrays, "starts", np.int32, len(centres), len(grid)), centres)

    def distance(self, rows: Singles) -> Singles:
        """Return the Euclidean distance of each row ``[n, q]`` to the nearest point, ``[n]``."""
        squared = np.empty(len(rows), np.float32)
        for members, near in self._by_cell(rows):
            points = near[:-1].T / np.float32(-2)
            for start in range(0, len(members), BLOCK):
                some = members[start : start + BLOCK]
                nearest = points[_smallest(rows[some], near)]
                squared[some] = ((rows[some] - nearest) ** 2).sum(axis=1)
        return np.sqrt(squared)

    def _by_cell(self, rows: Singles) -> Iterator[tuple[Ints, Singles]]:
        """Yield the rows of a cell, and the points near it as columns by which ``r, 1`` gives ``|p|^2 - 2 p r``."""
        cell = _nearest_centre(rows, self.centres)
        order = np.argsort(cell, kind="stable")
        bounds = [*np.flatnonzero(np.diff(cell[order], prepend=-1)).tolist(), len(rows)]
        for a, b in pairwise(bounds):
            near = self._near[cell[order[a]]]
            yield order[a:b], np.concatenate([self._columns[:, self.starts[j] : self.starts[j + 1]] for j in near], 1)

    @cached_property
    def _columns(self) -> Singles:
        return _as_columns(self.grid * self.step)

    @cached_property
    def _near(self) -> Ints:
        """Return the cells to search for a row in each cell, ``[k, SEARCHED]``."""
        centres = self.centres
        squared = ((centres[:, None] - centres) ** 2).sum(axis=2)
        squared[:, np.diff(self.starts) == 0] = np.inf
        return np.argsort(squared, axis=1, kind="stable")[:, :SEARCHED]


def _as_columns(points: Singles) -> Singles:
    return np.concatenate([-2 * points.T, (points**2).sum(axis=1)[None]]).astype(np.float32)


def _nearest_centre(rows: Singles, centres: Singles) -> Ints:
    columns = _as_columns(centres)
    found = [np.empty(0, np.int64)]
    found += [_smallest(rows[start : start + BLOCK], columns) for start in range(0, len(rows), BLOCK)]
    return np.concatenate(found)


def _smallest(rows: Singles, columns: Singles) -> Ints:
    """Return, for at most `BLOCK` rows, the column whose point is nearest."""
    height = BLOCK if are_rows_alone() else len(rows)
    block = np.ones((height, len(columns)), np.float32)
    block[: len(rows), :-1] = rows
    found: Ints = product(block, columns)[: len(rows)].argmin(axis=1)
    return found
