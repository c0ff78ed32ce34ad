"""What is known of a material before it is described by numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from formation_mlp.materials.compositions import Compositions
from formation_mlp.materials.structures import Structures


@dataclass(frozen=True, slots=True)
class Materials:
    """``n`` compositions and, where known, the crystal structure of each."""

    compositions: Compositions
    structures: Structures | None = None

    def __post_init__(self) -> None:
        if self.structures is not None and len(self.structures) != len(self.compositions):
            raise ValueError(f"{len(self.structures)} structures for {len(self.compositions)} compositions")

    def __len__(self) -> int:
        return len(self.compositions)

    def take(self, rows: NDArray[np.int64] | Sequence[int]) -> Materials:
        """Return the given materials, in the given order."""
        structures = None if self.structures is None else self.structures.take(rows)
        return Materials(self.compositions.take(rows), structures)
