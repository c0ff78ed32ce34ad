"""Boosted trees that see, beside the features, a predicted energy and where it lies above the known compounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.errors import CheckpointError, DataError
from formation_mlp.hulls.hull import CompetingPhases
from formation_mlp.models.boosted_trees import BoostedTrees
from formation_mlp.system.array_checks import checked_array, checked_starts
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from torch import Tensor


COLUMNS = (
    "predicted formation energy",
    "predicted energy above the known compounds",
    "formation energy of the lowest mixture of known compounds",
    "number of compounds and elements in this mixture",
    "largest share in this mixture",
    "share of elements among its members",
)
"""What the trees see beside the features; energies in eV/atom."""

ARRAYS = ("row_ptr", "z", "amount", "energies", "centre", "scale")
"""What `KnownCompounds` are saved as."""

_KNOWN, _TREES = "known.", "trees."


class KnownCompounds:
    """Compounds of the train rows, and where predicted formation energies lie among them.

    A compound of the very composition that is asked for never counts as known, so that a train row is seen as a new
    compound is.

    Parameters
    ----------
    compositions : ``[n]``
    energies : formation energies in eV/atom, ``[n]``
    centre, scale : mean and standard deviation of the `COLUMNS` over the train rows, ``[6]``

    Raises
    ------
    DataError
        If an energy is not finite, or the composition of a row empty.
    """

    def __init__(self, compositions: Compositions, energies: Floats, centre: Floats, scale: Floats) -> None:
        row_ptr, z = compositions.row_ptr.astype(np.int32), compositions.z.astype(np.uint8)
        arrays = (row_ptr, z, compositions.amount, energies, centre, scale)
        self._arrays: dict[str, NDArray[Any]] = dict(zip(ARRAYS, arrays, strict=True))
        self._phases = CompetingPhases(compositions, energies)

    @classmethod
    def fit(cls, compositions: Compositions, energies: Floats, predicted: Floats) -> KnownCompounds:
        """Learn from the train rows; ``predicted [n]`` are their energies by models that did not see them."""
        raw = cls(compositions, energies, np.zeros(len(COLUMNS)), np.ones(len(COLUMNS))).columns(
            compositions, predicted
        )
        scale = raw.std(axis=0)
        return cls(compositions, energies, raw.mean(axis=0), np.where(scale > 0, scale, 1.0))

    def columns(self, compositions: Compositions, predicted: Floats) -> Floats:
        """Return the `COLUMNS`, standardised, ``[n, 6]``, for predicted formation energies ``[n]`` in eV/atom."""
        lower = np.full(len(compositions), self._phases.lowest - 1.0)  # so that none of the same composition counts
        found = self._phases.decompose(compositions, lower)
        mixture = lower - found.energy
        first, size = found.row_ptr[:-1], np.diff(found.row_ptr)
        elements = np.add.reduceat((found.product < 0).astype(float), first) / size
        columns = (predicted, predicted - mixture, mixture, size, np.maximum.reduceat(found.share, first), elements)
        scaled: Floats = (np.stack(columns, axis=1) - self._arrays["centre"]) / self._arrays["scale"]
        return scaled

    def inputs(self, X: Floats, compositions: Compositions, predicted: Floats) -> Floats:
        """Return what trees see: scaled features ``[n, d]``, and beside them the `columns`."""
        return np.hstack([X, self.columns(compositions, predicted)])

    def weights(self) -> dict[str, NDArray[Any]]:
        """Return all of it as arrays, by name."""
        return dict(self._arrays)

    @classmethod
    def from_weights(cls, weights: Mapping[str, Any]) -> KnownCompounds:
        """Return what `weights` came from, as tensors or as arrays.

        Raises
        ------
        KeyError, ValueError, DataError
            If one is missing, or they do not fit one another.
        """
        arrays = {name: np.asarray(weights[name]) for name in ARRAYS}
        z = checked_array(arrays, "z", np.uint8, [None], 1, len(SYMBOLS) - 1)
        amount = checked_array(arrays, "amount", np.float64, z.shape, np.finfo(float).tiny)
        row_ptr = checked_starts(arrays, "row_ptr", np.int32, None, len(z))
        energies = checked_array(arrays, "energies", np.float64, [len(row_ptr) - 1])
        centre = checked_array(arrays, "centre", np.float64, [len(COLUMNS)])
        scale = checked_array(arrays, "scale", np.float64, [len(COLUMNS)], np.finfo(float).tiny)
        return cls(Compositions(row_ptr.astype(np.int64), z.astype(np.int64), amount), energies, centre, scale)


class HullTrees:
    """Boosted trees on scaled features and the `COLUMNS` of a hull.

    Parameters
    ----------
    trees : grown on both, side by side
    known : the compounds that make the hull
    """

    def __init__(self, trees: BoostedTrees, known: KnownCompounds) -> None:
        self.trees, self.known = trees, known

    def predict(self, X: Floats, compositions: Compositions, predicted: Floats) -> Floats:
        """Return probabilities of the positive class, or energies, ``[n]``.

        Parameters
        ----------
        X : scaled features, ``[n, d]``
        compositions : ``[n]``
        predicted : formation energies in eV/atom, ``[n]``
        """
        return self.trees.predict(self.known.inputs(X, compositions, predicted))

    def weights(self) -> dict[str, Tensor | NDArray[Any]]:
        """Return trees and compounds as arrays, by name."""
        known = {_KNOWN + name: array for name, array in self.known.weights().items()}
        return known | {_TREES + name: array for name, array in self.trees.weights().items()}

    @classmethod
    def from_weights(cls, weights: Mapping[str, Any]) -> HullTrees:
        """Return what `weights` came from, as tensors or as arrays; other names are left aside.

        Raises
        ------
        CheckpointError
            If something is missing or damaged.
        """
        known, trees = ({n.removeprefix(p): w for n, w in weights.items() if n.startswith(p)} for p in (_KNOWN, _TREES))
        try:
            return cls(BoostedTrees.from_weights(trees), KnownCompounds.from_weights(known))
        except (KeyError, TypeError, ValueError, IndexError, DataError) as error:
            raise CheckpointError(
                f"the known compounds in the model file are damaged: {error}. Train again."
            ) from error
