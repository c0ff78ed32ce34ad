"""The weights that a training starts from, where the model to start from answers on several energy scales."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from formation_mlp.errors import ConfigError
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.saved_model.members import Member
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.training.network import Examples

HEADS = ("head.weight", "head.bias")
"""Ends of the names of the last layer's weights, which has a row for each scale."""


def members_to_start_from(start: Checkpoint, val: Examples, scales: tuple[str, ...]) -> tuple[tuple[Member, ...], str]:
    """Return the members of a model with the outputs that the new network has, and what to say of it.

    A network for one scale starts from the output whose predictions are nearest to the val rows: whatever the scale of
    these is called, that one needs the smallest change. A network for several starts from those of the same names.

    Parameters
    ----------
    start
        The model.
    val
        Val rows of the new training.
    scales
        Of the new training.

    Raises
    ------
    ConfigError
        If the new training is on several scales, and the model does not answer on one of them.
    """
    there = start.target.scales
    if len(there) < 2:
        return start.members, ""
    if len(scales) > 1:
        missing = sorted(set(scales) - set(there))
        if missing:
            raise ConfigError(
                f"training.start_from: the model answers on {', '.join(there)}, not on {', '.join(missing)}. "
                "Leave those rows out, or start from nothing."
            )
        return tuple(_with_outputs(member, [there.index(name) for name in scales]) for member in start.members), ""
    answers = Predictor(start).on_all_scales(val.X, val.compositions)
    errors = np.abs(answers - val.y[:, None]).mean(axis=0)
    nearest = int(np.argmin(errors))
    told = ", ".join(f"{name} {error:.3f}" for name, error in zip(there, errors, strict=True))
    note = f"start from the energy scale {there[nearest]}, the nearest to the val rows (MAE in eV/atom: {told})"
    return tuple(_with_outputs(member, [nearest]) for member in start.members), note


def _with_outputs(member: Member, places: list[int]) -> Member:
    weights = {name: value[places] if name.endswith(HEADS) else value for name, value in member.weights.items()}
    return replace(member, weights=weights)
