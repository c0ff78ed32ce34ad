"""Tensors and plain data in one file: no code in it, written whole, read strictly.

The file is a safetensors file whose header carries a JSON text, so that weights and description can
never disagree. Its description can be read without torch::

    safetensors.safe_open("model.safetensors", "numpy").metadata()["formation_mlp"]
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from formation_mlp.data.records import Target
from formation_mlp.errors import CheckpointError
from formation_mlp.files import write_bytes
from formation_mlp.scaler import FeatureScaler, TargetScaler

FORMAT = 1
"""Number of the present format; `UPGRADES` leads from older ones."""

_KEY = "formation_mlp"
_SCALER = ("kept", "median", "centre", "scale")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Enough to predict with no other file.

    Attributes
    ----------
    config : the resolved configuration
    target : what the predictions mean
    scaler, target_scaler : learned from the train rows
    weights : of the network, by name
    training_elements : element symbol to the number of train rows that hold it
    scores : part to its scores
    versions : package to version, of the run that made the model
    """

    config: dict[str, Any]
    target: Target
    scaler: FeatureScaler
    target_scaler: TargetScaler
    weights: dict[str, Tensor]
    training_elements: dict[str, int]
    scores: dict[str, dict[str, float | None]]
    versions: dict[str, str]

    def save(self, path: Path) -> None:
        """Write the model to one file."""
        tensors = {f"weights.{name}": value for name, value in self.weights.items()}
        tensors |= {f"scaler.{name}": torch.as_tensor(getattr(self.scaler, name)) for name in _SCALER}
        description = {
            "kind": "model",
            "config": self.config,
            "target": asdict(self.target),
            "feature_names": list(self.scaler.names),
            "target_scaler": asdict(self.target_scaler),
            "training_elements": self.training_elements,
            "scores": self.scores,
            "versions": self.versions,
        }
        save_tensors(path, tensors, description)

    @classmethod
    def load(cls, path: Path) -> Checkpoint:
        """Read a model.

        Raises
        ------
        CheckpointError
            If the file is missing, damaged, foreign, or of an unknown format.
        """
        tensors, description = load_tensors(path, "model")
        try:
            arrays = {name: tensors.pop(f"scaler.{name}").numpy() for name in _SCALER}
            return cls(
                description["config"],
                Target(**description["target"]),
                FeatureScaler(tuple(description["feature_names"]), **arrays),
                TargetScaler(**description["target_scaler"]),
                {name.removeprefix("weights."): value for name, value in tensors.items()},
                description["training_elements"],
                description["scores"],
                description["versions"],
            )
        except (KeyError, TypeError) as error:
            raise CheckpointError(f"{path}: damaged: the description lacks or misuses {error}. Train again.") from error


def save_tensors(path: Path, tensors: Mapping[str, Tensor], description: Mapping[str, Any]) -> None:
    """Write tensors and a JSON description to one file, whole or not at all."""
    from safetensors.torch import save

    text = json.dumps({"format": FORMAT, **description}, allow_nan=False, sort_keys=True)
    content = save({name: value.contiguous() for name, value in tensors.items()}, metadata={_KEY: text})
    write_bytes(path, content)


def load_tensors(path: Path, kind: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `save_tensors` wrote; older formats are brought up to date.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, foreign, of another kind, or of a newer format.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            description = json.loads((file.metadata() or {}).get(_KEY, "null"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator)
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such file. Give the folder of a finished run.") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{path}: damaged, or not a safetensors file: {error}") from error
    if not isinstance(description, dict) or description.get("kind") != kind:
        raise CheckpointError(f"{path}: a safetensors file, but not a {kind} of formation_mlp.")
    return tensors, _upgraded(description, path)


def _upgraded(description: dict[str, Any], path: Path) -> dict[str, Any]:
    found = description.get("format")
    while isinstance(found, int) and found in UPGRADES:
        description = UPGRADES[found](description)
        found = description["format"]
    if found != FORMAT:
        raise CheckpointError(
            f"{path}: format {found!r}, but this version of formation_mlp reads formats up to {FORMAT}. "
            "Update the package, or train again."
        )
    return description


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that decide a model's numbers."""
    found = {}
    for name in ("formation-mlp", "torch", "numpy", "matminer", "pymatgen"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""Format to the function that returns the description in the next format."""
