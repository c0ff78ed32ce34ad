"""What `fit` is given, checked: materials, targets and weights of the same rows."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from formation_mlp.data.records import Dataset, Target
from formation_mlp.data.unit_doubt import doubt_by_some
from formation_mlp.errors import DataError
from formation_mlp.materials.inputs import ReadMaterials
from formation_mlp.registry import lookup
from formation_mlp.typing import Floats
from formation_mlp.units import EV_PER_ATOM, UNITS, suspicion, to_ev_per_atom


def dataset_of(
    read: ReadMaterials, y: Floats, sample_weight: ArrayLike | None = None, unit: str | None = None, *, is_energy: bool
) -> Dataset:
    """Return the rows that count; a row of weight zero is left out, as if it had not been given.

    Parameters
    ----------
    read
        Materials, ``[n]``.
    y
        Energies, or 0 and 1, ``[n]``.
    sample_weight
        How much each row counts, ``[n]``.
    unit
        Of the energies; if not given they are eV/atom, and refused if they look like something else. Where known
        compounds speak against it, a `UserWarning` says so.
    is_energy
        Whether ``y`` are energies.

    Raises
    ------
    DataError
        If an input cannot be read, a target is not finite, lengths differ, a weight is negative or not finite, all
        weights are zero, or the unit is in doubt.
    ConfigError
        If there is no such unit.
    """
    n = len(read.labels)
    if y.shape != (n,):
        raise DataError(f"y: found the shape {y.shape} for {n} inputs; one target per input is expected.")
    if not np.isfinite(y).all():
        raise DataError(f"y: number {int(np.flatnonzero(~np.isfinite(y))[0])} is not finite.")
    if read.failures:
        i, reason = next(iter(sorted(read.failures.items())))
        raise DataError(f"X: {len(read.failures)} of {n} inputs cannot be read; number {i}: {reason}")
    if is_energy:
        energies, y = y, _in_ev_per_atom(y, unit, read.materials.compositions.n_atoms)
        _warn_of_unit(energies, read, unit or EV_PER_ATOM)
    target = Target("y", EV_PER_ATOM if is_energy else "", None, unit)
    dataset = Dataset(tuple(map(str, range(n))), tuple(read.labels), read.materials, y, target)
    if sample_weight is None:
        return dataset
    weight = _weights(sample_weight, n)
    whole = Dataset(dataset.ids, dataset.formulas, dataset.materials, y, target, weight=weight)
    return whole.take(np.flatnonzero(weight > 0))


def one_column(y: ArrayLike) -> NDArray[Any]:
    """Return targets ``[n]``; those of a table of one column, ``[n, 1]``, are such, too."""
    array = np.asarray(y)
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def _weights(sample_weight: ArrayLike, n: int) -> Floats:
    try:
        weight = one_column(np.asarray(sample_weight, np.float64))
    except (TypeError, ValueError) as error:
        raise DataError(f"sample_weight: one number per input is expected: {error}") from error
    if weight.shape != (n,):
        raise DataError(f"sample_weight: found the shape {weight.shape} for {n} inputs; one number each is expected.")
    wrong = np.flatnonzero(~(np.isfinite(weight) & (weight >= 0)))
    if len(wrong):
        raise DataError(
            f"sample_weight: number {wrong[0]} is {weight[wrong[0]]:g}, but weights are zero or positive, and finite."
        )
    if not weight.any():
        raise DataError("sample_weight: all weights are zero; there is nothing to learn from.")
    return weight


def _warn_of_unit(energies: Floats, read: ReadMaterials, unit: str) -> None:
    doubt = doubt_by_some(energies, read.materials.compositions, unit, read.labels)
    if doubt:
        warnings.warn(f"y: {doubt}. Is this the right unit?", UserWarning, stacklevel=5)


def _in_ev_per_atom(y: Floats, unit: str | None, n_atoms: Floats) -> Floats:
    if unit is not None:
        lookup(UNITS, unit, "unit", "unit")
        return to_ev_per_atom(y, unit, n_atoms)
    doubt = suspicion(y) if len(y) else None
    if doubt is not None:
        raise DataError(
            f"y: {doubt}. Formation energies in eV/atom are expected. Give the unit to fit, one of: {', '.join(UNITS)}."
        )
    return y
