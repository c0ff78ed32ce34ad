"""What is known of a material before it is featurized by numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.materials.structures import Structures
from formation_mlp.typing import Floats, Ints


@dataclass(frozen=True, slots=True)
class Numbers:
    """Columns of numbers that come with ``n`` materials.

    Attributes
    ----------
    names : ``[k]``
    X : ``[n, k]``, NaN where one is missing
    """

    names: tuple[str, ...]
    X: Floats

    def __len__(self) -> int:
        return len(self.X)


@dataclass(frozen=True, slots=True)
class Materials:
    """``n`` compositions and, where known, the crystal structure, the id and further numbers of each."""

    compositions: Compositions
    structures: Structures | None = None
    ids: tuple[str, ...] | None = None
    numbers: Numbers | None = None

    def __post_init__(self) -> None:
        for name, column in (("structures", self.structures), ("ids", self.ids), ("numbers", self.numbers)):
            if column is not None and len(column) != len(self.compositions):
                raise ValueError(f"{len(column)} {name} for {len(self.compositions)} compositions")

    def __len__(self) -> int:
        return len(self.compositions)

    def take(self, rows: Ints | Sequence[int]) -> Materials:
        """Return the given materials, in the given order."""
        structures = None if self.structures is None else self.structures.take(rows)
        ids = None if self.ids is None else tuple(self.ids[i] for i in rows)
        numbers = self.numbers
        if numbers is not None:
            numbers = Numbers(numbers.names, numbers.X[np.asarray(rows, np.int64)])
        return Materials(self.compositions.take(rows), structures, ids, numbers)
