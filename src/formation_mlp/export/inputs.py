"""What an exported model is asked: the arrays of its inputs, from formulas or structures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.errors import DataError
from formation_mlp.export.whole_model import ATOMIC_NUMBERS, FEATURES, FRACTIONS
from formation_mlp.features.engine.table import featurize
from formation_mlp.materials.inputs import read_materials
from formation_mlp.models.architectures import sees_elements
from formation_mlp.saved_model.members import NetworkMember
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.typing import Array, Floats


def graph_inputs(predictor: Predictor, items: Sequence[object]) -> dict[str, Array]:
    """Return the inputs of an exported model for some materials.

    Parameters
    ----------
    predictor
        The model that was exported.
    items
        Formulas, ``Composition`` or ``Structure`` objects or structure files, ``[n]``.

    Returns
    -------
    dict
        ``features`` ``[n, d]`` and, where the model looks at elements, ``atomic_numbers`` and ``fractions``
        ``[n, k]``, with zeros after the last element of a row.

    Raises
    ------
    DataError
        If a material cannot be read or featurized; the message names all of them.

    Examples
    --------
    >>> from formation_mlp import load
    >>> inputs = graph_inputs(load("composition"), ["NaCl", "Fe2O3"])
    >>> inputs["atomic_numbers"].tolist(), inputs["fractions"].tolist()
    ([[11, 17], [26, 8]], [[0.5, 0.5], [0.4, 0.6]])
    >>> inputs["features"].shape
    (2, 273)
    """
    read = read_materials(items)
    _refuse(read.failures, read.labels)
    table = featurize(read.materials, predictor.features)
    _refuse(table.failures, read.labels)
    return arrays_of(predictor, table.X, read.materials.compositions)


def arrays_of(predictor: Predictor, X: Floats, compositions: Compositions) -> dict[str, Array]:
    """Return the inputs for features ``[n, d]`` and compositions ``[n]``."""
    members = predictor.checkpoint.members
    if not any(isinstance(member, NetworkMember) and sees_elements(member.config) for member in members):
        return {FEATURES: X}
    z, fractions = compositions.padded()
    return {FEATURES: np.asarray(X, float), ATOMIC_NUMBERS: z, FRACTIONS: fractions}


def _refuse(failures: dict[int, str], labels: Sequence[str]) -> None:
    if failures:
        reasons = "; ".join(f"{labels[i]!r}: {reason}" for i, reason in sorted(failures.items()))
        raise DataError(f"no inputs for {len(failures)} of {len(labels)} materials: {reasons}.")
