"""The choice of a fit as its run folder keeps it: a fit that goes on, or is finished, does not choose again."""

from __future__ import annotations

from typing import Any

import numpy as np

from formation_mlp.fitting.choice import Choice
from formation_mlp.fitting.recipes import Recipes
from formation_mlp.fitting.start_table import PLAIN, STARTED
from formation_mlp.fitting.untrained import Untrained
from formation_mlp.runs.folder import RunFolder


def kept_choice(folder: RunFolder, recipes: Recipes) -> Choice | None:
    """Return the choice between these recipes that a run folder keeps, or None.

    Raises
    ------
    CheckpointError
        If its file is damaged.
    """
    if not (folder.config.exists() and folder.choice.exists()):
        return None
    kept = folder.read_json(folder.choice)
    if kept["question"] != recipes.question() or kept["recipe"] not in recipes.configs:
        return None
    return Choice(recipes.configs[kept["recipe"]], kept["sentence"], _read(kept["untrained"]))


def to_keep(choice: Choice, recipes: Recipes) -> dict[str, Any]:
    """Return a choice as plain data, for the file `choice` of a run folder."""
    recipe = PLAIN if choice.config is recipes.configs[PLAIN] else STARTED
    untrained = None if choice.untrained is None else _plain(choice.untrained)
    return {"recipe": recipe, "question": recipes.question(), "sentence": choice.sentence, "untrained": untrained}


def _plain(untrained: Untrained) -> dict[str, Any]:
    asked = np.flatnonzero(np.isfinite(untrained.values))
    return {
        "model": untrained.model,
        "scale": untrained.scale,
        "ids": [untrained.ids[i] for i in asked],
        "is_new": untrained.is_new[asked].tolist(),
        "values": np.round(untrained.values[asked], 6).tolist(),
    }


def _read(kept: dict[str, Any] | None) -> Untrained | None:
    if kept is None:
        return None
    is_new, values = np.array(kept["is_new"], np.bool_), np.array(kept["values"], float)
    return Untrained(kept["model"], kept["scale"], tuple(kept["ids"]), is_new, values)
