"""Which formulas a model has learned: scores on them say nothing of new compounds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from formation_mlp.errors import CheckpointError, FormationMLPError
from formation_mlp.saved_model.checkpoint import Checkpoint, model_path
from formation_mlp.saved_model.shipped import FOLDER, SHIPPED, card
from formation_mlp.system.array_checks import checked_array
from formation_mlp.system.tensor_file import read_file

LEARNED_FILE = FOLDER / "learned_formulas.safetensors"
"""Fingerprints of the formulas of each shipped model; ``scripts/build_learned_formulas.py`` makes it."""


def learned_formulas(model: Checkpoint) -> NDArray[np.uint32] | None:
    """Return fingerprints of the formulas that a model has learned, sorted, ``[k]``; None if nothing tells which.

    Those of the model that it started from are among them. Of a shipped model they are those of its train and val
    rows, of a run those of its train rows: `formation_mlp.trust.listed.are_listed` compares them with other formulas.

    Raises
    ------
    CheckpointError
        If the file of the shipped models is missing or damaged.

    Examples
    --------
    >>> from formation_mlp import load
    >>> from formation_mlp.materials.inputs import read_materials
    >>> from formation_mlp.trust.listed import are_listed
    >>> asked = read_materials(["NaCl", "Na7Cl"]).materials.compositions
    >>> are_listed(asked, learned_formulas(load("composition").checkpoint)).tolist()
    [True, False]
    """
    own = _own_formulas(model)
    earlier = model.config["training"].get("start_from")
    if own is None or earlier is None:
        return own
    try:
        before = learned_formulas(Checkpoint.load(model_path(earlier), "numpy"))
    except FormationMLPError:  # it is gone, or no longer what it was
        return None
    return None if before is None else np.union1d(own, before)


def _own_formulas(model: Checkpoint) -> NDArray[np.uint32] | None:
    """Return what the last training learned; a copy of a shipped model is known by its numbers of rows."""
    for name in SHIPPED:
        if card(name).elements == model.training_elements:
            return _of_shipped(name)
    return None if model.errors is None else model.errors.listed


def _of_shipped(name: str) -> NDArray[np.uint32]:
    try:
        found: NDArray[np.uint32] = checked_array(read_file(LEARNED_FILE).arrays, name, np.uint32, [None]).copy()
        return found
    except ValueError as error:
        raise CheckpointError(f"{LEARNED_FILE}: damaged: {error}. Install formation_mlp again.") from error
