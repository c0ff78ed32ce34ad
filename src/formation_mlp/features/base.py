"""The contract of every feature set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from formation_mlp.materials.records import Materials
from formation_mlp.typing import Floats


@dataclass(frozen=True, slots=True)
class FeatureBlock:
    """The numbers that one preset gives for ``n`` materials.

    Attributes
    ----------
    X : float64 ``[n, d]``; a row that failed is NaN throughout
    failures : row to the reason why it failed
    missing : column name to the number of rows that have no value there, or an imputed one
    """

    X: Floats
    failures: dict[int, str] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preset:
    """A named set of features: something that is called and knows the names of its columns.

    A preset is stateless: a row's numbers depend on that row alone.

    Attributes
    ----------
    names : column names, ``[d]``; those of matminer's ``feature_labels()`` where it has them
    compute : materials to numbers; no row of the argument is empty
    needs_structure : whether ``compute`` reads the structures
    citation : the paper the features come from
    """

    names: tuple[str, ...]
    compute: Callable[[Materials], FeatureBlock]
    needs_structure: bool
    citation: str
