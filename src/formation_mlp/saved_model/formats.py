"""How files of models were written by earlier versions, and what they lacked: a step from each format to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from formation_mlp.typing import Array

Arrays = dict[str, Array]
"""By name."""


def _from_1(tensors: Arrays, description: dict[str, Any]) -> tuple[Arrays, dict[str, Any]]:
    """Format 1 held one network, and its configuration said `residual: true` or `false`."""
    description = description | {"format": 2}
    if description["kind"] == "model":
        model = dict(description["config"]["model"])
        model["architecture"] = "residual" if model.pop("residual") else "mlp"
        description["config"] = description["config"] | {"model": model}
        description["members"] = [{"name": "network", "share": 1.0, "model": model}]
        tensors = {
            f"members.0.{name.removeprefix('weights.')}" if name.startswith("weights.") else name: value
            for name, value in tensors.items()
        }
    return tensors, description


def _from_2(tensors: Arrays, description: dict[str, Any]) -> tuple[Arrays, dict[str, Any]]:
    """Format 2 knew neither how far its predictions are off, nor what it was trained on."""
    description = description | {"format": 3}
    if description["kind"] == "model":
        description |= {"calibration": None, "domain": None}
    return tensors, description


def _from_3(tensors: Arrays, description: dict[str, Any]) -> tuple[Arrays, dict[str, Any]]:
    """Format 3 had no digest."""
    return tensors, description | {"format": 4}


def _from_4(tensors: Arrays, description: dict[str, Any]) -> tuple[Arrays, dict[str, Any]]:
    """Format 4 did not say on which energy scale its numbers are, nor how far each of them may be off."""
    description = description | {"format": 5}
    if description["kind"] == "model":
        description |= {"target": description["target"] | {"scales": []}, "errors": None}
    return tensors, description


UPGRADES: dict[int, Callable[[Arrays, dict[str, Any]], tuple[Arrays, dict[str, Any]]]] = {
    1: _from_1,
    2: _from_2,
    3: _from_3,
    4: _from_4,
}
"""Format to the function that returns tensors and description in the next format."""
