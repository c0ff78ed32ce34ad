"""The weights that a training starts from, where the model to start from answers on several energy scales."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from formation_mlp.errors import ConfigError
from formation_mlp.hulls.known_phases import scales as with_known_phases
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.saved_model.members import Member
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.training.network import Examples
from formation_mlp.typing import Floats

HEADS = ("head.weight", "head.bias")
"""Ends of the names of the last layer's weights, which has a row for each scale."""


NEAR, CLEAR = 0.1, 1.5
"""Energies look like those of a scale if they lie on average nearer than so many eV/atom to what the model answers on
it, and so many times as near as to the answers on any other."""


def members_to_start_from(
    start: Checkpoint, val: Examples, scales: tuple[str, ...]
) -> tuple[tuple[Member, ...], list[int], tuple[str, ...]]:
    """Return the members of a model with the outputs of the new network, which outputs these are, and what to say.

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
        return start.members, [0], ()
    if len(scales) > 1:
        missing = sorted(set(scales) - set(there))
        if missing:
            raise ConfigError(
                f"training.start_from: the model answers on {', '.join(there)}, not on {', '.join(missing)}. "
                "Leave those rows out, or start from nothing."
            )
        places = [there.index(name) for name in scales]
        return tuple(_with_outputs(member, places) for member in start.members), places, ()
    answers = Predictor(start).on_all_scales(val.X, val.compositions)
    errors = np.abs(answers - val.y[:, None]).mean(axis=0)
    nearest = int(np.argmin(errors))
    told = ", ".join(f"{name} {error:.3f}" for name, error in zip(there, errors, strict=True))
    note = f"start from the energy scale {there[nearest]}, the nearest to the val rows (MAE in eV/atom: {told})"
    notes = (note,) if scales else tuple(filter(None, [note, scale_to_declare(there, errors)]))
    return tuple(_with_outputs(member, [nearest]) for member in start.members), [nearest], notes


def scale_to_declare(scales: Sequence[str], errors: Floats) -> str:
    """Return on which energy scale energies seem to be, and how to declare it; an empty text if that is not clear.

    Parameters
    ----------
    scales
        Names, ``[s]``, at least two.
    errors
        Mean absolute distances of the energies from a model's answers on each, eV/atom, ``[s]``.

    Examples
    --------
    >>> print(scale_to_declare(["mp2020", "mp2019"], np.array([0.025, 0.062])))
    these energies look like mp2020 (0.025 eV/atom, against mp2019 0.062), but the table declares no scale: --scale \
mp2020 of fit, or data.scale, declares it; predictions then name it, and known phases compete in screen
    >>> scale_to_declare(["mp2020", "mp2019"], np.array([0.055, 0.062]))
    ''
    """
    first, second = np.argsort(errors)[:2].tolist()
    if errors[first] > NEAR or errors[second] < CLEAR * errors[first]:
        return ""
    compete = ", and known phases compete in screen" if scales[first] in with_known_phases() else ""
    return (
        f"these energies look like {scales[first]} ({errors[first]:.3f} eV/atom, against {scales[second]} "
        f"{errors[second]:.3f}), but the table declares no scale: --scale {scales[first]} of fit, or data.scale, "
        f"declares it; predictions then name it{compete}"
    )


def _with_outputs(member: Member, places: list[int]) -> Member:
    weights = {name: value[places] if name.endswith(HEADS) else value for name, value in member.weights.items()}
    return replace(member, weights=weights)
