"""The recipe that is used where nobody says otherwise: features, network, training, and how many networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COMPOSITION_FEATURES = (
    "magpie",
    "stoichiometry",
    "valence_orbital",
    "ion_property",
    "element_fraction",
    "charge_balance",
)
"""Presets for formulas."""

STRUCTURE_FEATURES = (
    *COMPOSITION_FEATURES,
    "ward2017",
    "contacts",
    "electrostatics",
    "scaled_rdf",
    "density",
    "symmetry",
)
"""Presets for crystal structures."""

N_MEMBERS = 3
"""Networks that answer together: their disagreement gives each prediction an uncertainty of its own."""

MODEL: dict[str, Any] = {"architecture": "residual", "hidden": [256, 256], "dropout": 0.1}
"""The network for up to `MANY` rows."""

TRAINING: dict[str, Any] = {
    "optimizer": "adamw",
    "learning_rate": 2e-3,
    "weight_decay": 0.1,
    "batch_size": 64,
    "max_epochs": 80,
}
"""Its training."""

MANY = 20_000
"""Rows from which on a larger network is trained with larger batches."""

MODEL_OF_MANY: dict[str, Any] = {"architecture": "set", "hidden": [256, 256], "set_width": 64}
TRAINING_OF_MANY: dict[str, Any] = {"loss": "l1", "optimizer": "muon", "batch_size": 512, "max_epochs": 20}

TRAINING_FROM_START: dict[str, Any] = {
    "loss": "l1",
    "optimizer": "adamw",
    "learning_rate": 1e-4,
    "weight_decay": 0.1,
    "batch_size": 64,
    "max_epochs": 12,
}
"""A training that starts from a model: few small steps, so that what it knows is not lost."""


def sections(n_rows: int, *, needs_structures: bool) -> dict[str, Any]:
    """Return the sections `features`, `model`, `training` and `ensemble` for a table.

    Parameters
    ----------
    n_rows
        Rows of the table.
    needs_structures
        Whether they are crystal structures.

    Examples
    --------
    >>> sections(3000, needs_structures=False)["model"]
    {'architecture': 'residual', 'hidden': [256, 256], 'dropout': 0.1}
    """
    features = STRUCTURE_FEATURES if needs_structures else COMPOSITION_FEATURES
    are_many = n_rows >= MANY
    return {
        "features": list(features),
        "model": dict(MODEL_OF_MANY if are_many else MODEL),
        "training": dict(TRAINING_OF_MANY if are_many else TRAINING),
        "ensemble": {"members": {"network": {"seeds": N_MEMBERS}}},
    }


def with_recipe(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration as plain data, with the default recipe for formulas if it says nothing of the network.

    Features are those of the recipe only where none are named.

    Examples
    --------
    >>> with_recipe({"data": {"path": "bundled"}})["ensemble"]
    {'members': {'network': {'seeds': 3}}}
    >>> with_recipe({"data": {"path": "bundled"}, "model": {"hidden": [8]}})
    {'data': {'path': 'bundled'}, 'model': {'hidden': [8]}}
    """
    if {"model", "training", "ensemble"} & set(raw):
        return dict(raw)
    found = sections(0, needs_structures=False) | dict(raw)
    if "tune" in raw:  # a search trains single networks
        del found["ensemble"]
    return found
