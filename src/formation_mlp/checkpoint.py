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
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from formation_mlp.data.records import Target
from formation_mlp.errors import CheckpointError
from formation_mlp.files import write_bytes
from formation_mlp.registry import did_you_mean
from formation_mlp.scaler import FeatureScaler, TargetScaler
from formation_mlp.shipped import SHIPPED, shipped_path
from formation_mlp.trust.calibration import Calibration
from formation_mlp.trust.domain import Domain

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = 3
"""Number of the present format; `UPGRADES` leads from older ones."""

Array = NDArray[Any]
Tensors = dict[str, "Tensor | Array"]
Framework = Literal["pt", "numpy"]
"""What tensors are read as: those of torch, whose import takes longer than most predictions, or arrays."""

_KEY = "formation_mlp"
_SCALER = ("kept", "median", "centre", "scale")

MODEL_FILE = "model.safetensors"
"""Name of the model in a run folder."""


@dataclass(frozen=True, slots=True)
class Member:
    """One of the models that answer together.

    Attributes
    ----------
    name : of the member
    share : its weight in the mean of the answers; the shares of all members add up to one
    model : the section `model` of its configuration, or ``{"boosted_trees": options}``, which may have ``energies``
        beside it: for each network of formation energies its section `model`, ``centre`` and ``scale``
    weights : tensors of torch, or arrays, by name
    """

    name: str
    share: float
    model: dict[str, Any]
    weights: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Enough to predict with no other file.

    Attributes
    ----------
    config : the resolved configuration
    target : what the predictions mean
    scaler, target_scaler : learned from the train rows
    members : one, or those of an ensemble
    training_elements : element symbol to the number of train rows that hold it
    scores : part to its scores
    versions : package to version, of the run that made the model
    calibration : how far predictions are off; None in a classifier, and in a model of an older format
    domain : what the model was trained on; None in a model of an older format
    """

    config: dict[str, Any]
    target: Target
    scaler: FeatureScaler
    target_scaler: TargetScaler
    members: tuple[Member, ...]
    training_elements: dict[str, int]
    scores: dict[str, dict[str, float | None]]
    versions: dict[str, str]
    calibration: Calibration | None = None
    domain: Domain | None = None

    def save(self, path: Path) -> None:
        """Write the model to one file."""
        tensors = {
            f"members.{i}.{name}": value
            for i, member in enumerate(self.members)
            for name, value in member.weights.items()
        }
        tensors |= {f"scaler.{name}": getattr(self.scaler, name) for name in _SCALER}
        trust: dict[str, Any] = {}
        for name, part in (("calibration", self.calibration), ("domain", self.domain)):
            arrays, trust[name] = ({}, None) if part is None else part.dump()
            tensors |= {f"{name}.{key}": array for key, array in arrays.items()}
        description = {
            "kind": "model",
            "config": self.config,
            "target": asdict(self.target),
            "feature_names": list(self.scaler.names),
            "target_scaler": asdict(self.target_scaler),
            "members": [{"name": m.name, "share": m.share, "model": m.model} for m in self.members],
            "training_elements": self.training_elements,
            "scores": self.scores,
            "versions": self.versions,
            **trust,
        }
        save_tensors(path, tensors, description)

    @classmethod
    def load(cls, path: Path, framework: Framework = "pt") -> Checkpoint:
        """Read a model, its weights as tensors of torch or, for ``numpy``, as arrays.

        Raises
        ------
        CheckpointError
            If the file is missing, damaged, foreign, or of an unknown format.
        """
        tensors, description = load_tensors(path, "model", framework)
        try:
            arrays = {name: np.asarray(tensors.pop(f"scaler.{name}")) for name in _SCALER}
            calibration, domain = description["calibration"], description["domain"]
            if calibration is not None:
                calibration = Calibration.restore(_taken(tensors, "calibration."), calibration)
            if domain is not None:
                domain = Domain.restore(_taken(tensors, "domain."), domain)
            return cls(
                description["config"],
                Target(**description["target"]),
                FeatureScaler(tuple(description["feature_names"]), **arrays),
                TargetScaler(**description["target_scaler"]),
                _members(description["members"], tensors),
                description["training_elements"],
                description["scores"],
                description["versions"],
                calibration,
                domain,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"{path}: damaged: the description lacks or misuses {error}. Train again.") from error


def _taken(tensors: Tensors, prefix: str) -> dict[str, Array]:
    """Remove the tensors whose names begin with ``prefix``, and return them as arrays."""
    names = [name for name in tensors if name.startswith(prefix)]
    return {name.removeprefix(prefix): np.asarray(tensors.pop(name)) for name in names}


def _members(described: list[dict[str, Any]], tensors: Tensors) -> tuple[Member, ...]:
    if not described:
        raise KeyError("members")
    members = []
    for i, member in enumerate(described):
        prefix = f"members.{i}."
        own = [name for name in tensors if name.startswith(prefix)]
        weights = {name.removeprefix(prefix): _single(tensors.pop(name)) for name in own}
        members.append(Member(member["name"], member["share"], member["model"], weights))
    if tensors:
        raise KeyError(f"{sorted(tensors)}, which belong to no member")
    return tuple(members)


def _single(weights: Any) -> Any:
    """Return weights that are stored in half precision as networks take them."""
    if isinstance(weights, np.ndarray):
        return weights.astype(np.float32) if weights.dtype == np.float16 else weights
    return weights.float() if weights.element_size() == 2 and weights.is_floating_point() else weights


def model_path(path: str | Path) -> Path:
    """Return the model file of a run folder, the file itself, or that of a shipped model.

    What lies in the working folder under the name of a shipped model comes first.

    Raises
    ------
    CheckpointError
        If there is none of them.
    """
    local, shipped = Path(path), shipped_path(str(path))
    if local.is_dir() and (shipped is None or (local / MODEL_FILE).exists()):
        return local / MODEL_FILE
    if local.is_file():
        return local
    if shipped is None:
        raise CheckpointError(
            f"{path}: no such run folder. Train one with: formation-mlp train CONFIG. "
            f"Or name a shipped model: {', '.join(SHIPPED)}.{did_you_mean(path, SHIPPED)}"
        )
    return shipped


def save_tensors(path: Path, tensors: Mapping[str, Tensor | Array], description: Mapping[str, Any]) -> None:
    """Write tensors, of torch or arrays, and a JSON description to one file, whole or not at all."""
    from safetensors.numpy import save

    text = json.dumps({"format": FORMAT, **description}, allow_nan=False, sort_keys=True)
    arrays = {name: np.asarray(value, order="C") for name, value in tensors.items()}
    content = save(arrays, metadata={_KEY: text})
    write_bytes(path, content)


def load_tensors(path: Path, kind: str, framework: Framework = "pt") -> tuple[dict[str, Any], dict[str, Any]]:
    """Read what `save_tensors` wrote, as tensors of torch or arrays; older formats are brought up to date.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, foreign, of another kind, or of a newer format.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework=framework) as file:
            description = json.loads((file.metadata() or {}).get(_KEY, "null"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator)
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such file. Give the folder of a finished run.") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{path}: damaged, or not a safetensors file: {error}") from error
    if not isinstance(description, dict) or description.get("kind") != kind:
        raise CheckpointError(f"{path}: a safetensors file, but not a {kind} of formation_mlp.")
    return _upgraded(tensors, description, path)


def _upgraded(tensors: Tensors, description: dict[str, Any], path: Path) -> tuple[Tensors, dict[str, Any]]:
    found = description.get("format")
    while isinstance(found, int) and found in UPGRADES:
        try:
            tensors, description = UPGRADES[found](tensors, description)
        except (AttributeError, KeyError, TypeError) as error:
            raise CheckpointError(f"{path}: damaged: the description lacks or misuses {error}. Train again.") from error
        found = description["format"]
    if found != FORMAT:
        raise CheckpointError(
            f"{path}: format {found!r}, but this version of formation_mlp reads formats up to {FORMAT}. "
            "Update the package, or train again."
        )
    return tensors, description


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that decide a model's numbers."""
    found = {}
    for name in ("formation-mlp", "torch", "numpy", "matminer", "pymatgen"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _from_1(tensors: Tensors, description: dict[str, Any]) -> tuple[Tensors, dict[str, Any]]:
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


def _from_2(tensors: Tensors, description: dict[str, Any]) -> tuple[Tensors, dict[str, Any]]:
    """Format 2 knew neither how far its predictions are off, nor what it was trained on."""
    description = description | {"format": 3}
    if description["kind"] == "model":
        description |= {"calibration": None, "domain": None}
    return tensors, description


UPGRADES: dict[int, Callable[[Tensors, dict[str, Any]], tuple[Tensors, dict[str, Any]]]] = {1: _from_1, 2: _from_2}
"""Format to the function that returns tensors and description in the next format."""
