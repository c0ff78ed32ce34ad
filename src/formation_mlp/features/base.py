"""The contract of every descriptor set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from formation_mlp.materials.records import Materials


@dataclass(frozen=True, slots=True)
class FeatureBlock:
    """The numbers that one preset gives for ``n`` materials.

    Attributes
    ----------
    X : float64 ``[n, d]``; a row that failed is NaN throughout
    failures : row to the reason why it failed
    missing : column name to the number of rows that have no value there, or an imputed one
    """

    X: NDArray[np.float64]
    failures: dict[int, str] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preset:
    """A named set of descriptors: something that is called and knows the names of its columns.

    A preset is stateless: a row's numbers depend on that row alone.

    Attributes
    ----------
    names : column names, ``[d]``; those of matminer's ``feature_labels()`` where it has them
    compute : materials to numbers; no row of the argument is empty
    needs_structure : whether ``compute`` reads the structures
    citation : the paper the descriptors come from
    """

    names: tuple[str, ...]
    compute: Callable[[Materials], FeatureBlock]
    needs_structure: bool
    citation: str
