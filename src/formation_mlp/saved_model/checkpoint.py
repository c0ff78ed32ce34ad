"""Trained models and training states as files: no code in them, written whole, read strictly.

Each is a safetensors file whose header carries a JSON text, so that weights and description can never disagree; a
digest of both, checked whenever the file is read, tells that neither was changed. The description can be read without
torch::

    safetensors.safe_open("model.safetensors", "numpy").metadata()["formation_mlp"]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from formation_mlp.config.own_code import NONE_OWN, Architectures
from formation_mlp.data.records import Target
from formation_mlp.errors import CheckpointError
from formation_mlp.quoting import quoted
from formation_mlp.registry import did_you_mean
from formation_mlp.saved_model.formats import UPGRADES, Arrays
from formation_mlp.saved_model.header import ClassNotGivenError, check_header
from formation_mlp.saved_model.members import Member, read_member
from formation_mlp.saved_model.shipped import CALLED, FOLDER, SHIPPED, card, shipped_path
from formation_mlp.system.files import write_bytes
from formation_mlp.system.path_text import usable_path
from formation_mlp.system.tensor_file import TensorFile, encoded, read_file
from formation_mlp.targets.scaler import FeatureScaler, TargetScaler
from formation_mlp.trust.calibration import Calibration
from formation_mlp.trust.domain import Domain
from formation_mlp.trust.error_model import ErrorModel
from formation_mlp.trust.own_rows import OwnRows
from formation_mlp.typing import Array

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = 5
"""Number of the present format; `UPGRADES` leads from older ones."""

Framework = Literal["pt", "numpy"]
"""What tensors are read as: those of torch, whose import takes longer than most predictions, or arrays."""

_SCALER = ("kept", "median", "centre", "scale")

MODEL_FILE = "model.safetensors"
"""Name of the model in a run folder."""


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
    errors : how far each prediction may be off; None in a classifier and in a model of few val rows
    own : what it learned from rows of its user; None unless it was calibrated by them
    digest : of the file that it was read from; empty if it was read from none
    remarks : what a user of this file must know

    Examples
    --------
    >>> from formation_mlp import load
    >>> checkpoint = load("composition").checkpoint
    >>> checkpoint.target.unit, len(checkpoint.training_elements), "Rn" in checkpoint.training_elements
    ('eV/atom', 88, False)
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
    errors: ErrorModel | None = None
    own: OwnRows | None = None
    digest: str = ""
    remarks: tuple[str, ...] = ()

    def save(self, path: Path) -> None:
        """Write the model to one file."""
        tensors = {
            f"members.{i}.{name}": value
            for i, member in enumerate(self.members)
            for name, value in member.weights.items()
        }
        tensors |= {f"scaler.{name}": getattr(self.scaler, name) for name in _SCALER}
        trust: dict[str, Any] = {}
        for name, part in (
            ("calibration", self.calibration),
            ("domain", self.domain),
            ("errors", self.errors),
            *([] if self.own is None else [("own", self.own)]),
        ):
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
    def load(cls, path: Path, framework: Framework = "pt", architectures: Architectures = NONE_OWN) -> Checkpoint:
        """Read a model, its weights as tensors of torch or, for ``numpy``, as arrays.

        ``architectures`` are classes of the user's own by name, such as ``{"my_module:MyNet": MyNet}``.

        Raises
        ------
        ClassNotGivenError
            If a network is of a class of the user's own that is not among ``architectures``.
        CheckpointError
            If the file is missing, damaged, changed, foreign, or of an unknown format.
        """
        file, digest, remarks = _checked(path, "model")
        tensors, description = _upgraded(file.arrays, file.description, path)
        try:
            header = check_header(description)
            scaler = FeatureScaler.restore(_taken(tensors, "scaler."), header.feature_names)
            calibration, domain, errors = (description[name] for name in ("calibration", "domain", "errors"))
            if calibration is not None:
                calibration = Calibration.restore(_taken(tensors, "calibration."), calibration)
            if domain is not None:
                domain = Domain.restore(_taken(tensors, "domain."), domain, len(scaler.kept))
            if errors is not None:
                errors = ErrorModel.restore(_taken(tensors, "errors."), errors)
            own = description.get("own")
            if own is not None:
                own = OwnRows.restore(_taken(tensors, "own."), own)
            return cls(
                description["config"],
                Target(**{**description["target"], "scales": tuple(description["target"]["scales"])}),
                scaler,
                TargetScaler(**description["target_scaler"]),
                _members(description["members"], tensors, framework, architectures, is_shipped(path)),
                description["training_elements"],
                description["scores"],
                description["versions"],
                calibration,
                domain,
                errors,
                own,
                digest,
                remarks,
            )
        except ClassNotGivenError as error:
            raise ClassNotGivenError(f"{path}: {error}") from None
        except (CheckpointError, ValueError) as error:
            raise CheckpointError(
                f"{path}: damaged, changed, or of a newer version of formation_mlp: {str(error).rstrip('.')}. "
                "Train again."
            ) from error


def _taken(arrays: dict[str, Array], prefix: str) -> dict[str, Array]:
    """Remove the arrays whose names begin with ``prefix``, and return copies, so that the file need not be kept."""
    names = [name for name in arrays if name.startswith(prefix)]
    return {name.removeprefix(prefix): arrays.pop(name).copy() for name in names}


def _members(
    described: list[dict[str, Any]],
    arrays: dict[str, Array],
    framework: Framework,
    architectures: Architectures,
    is_known: bool,
) -> tuple[Member, ...]:
    members = []
    for i, member in enumerate(described):
        prefix, where = f"members.{i}.", f"members.{i}.model"
        names = [name for name in arrays if name.startswith(prefix)]
        weights = {name.removeprefix(prefix): _single(arrays.pop(name)) for name in names}
        for name, array in weights.items():
            if not is_known and array.dtype == np.float32 and not np.isfinite(array.sum()):
                raise ValueError(f"members.{i}.{name} holds numbers that are not finite, or beyond all bounds")
        in_framework = _as_torch(weights) if framework == "pt" else weights
        members.append(
            read_member(member["name"], member["share"], member["model"], in_framework, architectures, where)
        )
    if arrays:
        raise ValueError(f"{', '.join(sorted(arrays)[:3])} have no place in it")
    return tuple(members)


def _single(array: Array) -> Array:
    """Return a copy; weights that are stored in half precision become what networks take."""
    return array.astype(np.float32 if array.dtype == np.float16 else array.dtype)


def model_path(path: str | Path) -> Path:
    """Return the model file of a run folder, the file itself, or that of a shipped model.

    What lies in the working folder under the name of a shipped model comes first.

    Raises
    ------
    CheckpointError
        If there is none of them, or a folder on the way may not be looked into.
    """
    local, shipped = usable_path(path, "the model", CheckpointError), shipped_path(str(path))
    try:
        if local.is_dir() and (shipped is None or (local / MODEL_FILE).exists()):
            return local / MODEL_FILE
        if local.is_file():
            return local
    except PermissionError as error:
        raise CheckpointError(
            f"{path}: cannot be looked into ({error.strerror}). Ask for access, or take a copy."
        ) from error
    if shipped is None:
        raise CheckpointError(
            f"{path}: no such run folder. Train one with: formation-mlp train CONFIG. "
            f"Or name a shipped model: {', '.join(CALLED)}.{did_you_mean(path, CALLED)}"
        )
    return shipped


def save_tensors(path: Path, tensors: Mapping[str, Tensor | Array], description: Mapping[str, Any]) -> None:
    """Write tensors, of torch or arrays, and a JSON description to one file, whole or not at all."""
    arrays = {name: np.asarray(value, order="C") for name, value in tensors.items()}
    write_bytes(path, encoded(arrays, {"format": FORMAT, **description}))


def load_tensors(path: Path, kind: str, framework: Framework = "pt") -> tuple[dict[str, Any], dict[str, Any]]:
    """Read what `save_tensors` wrote, as tensors of torch or arrays; older formats are brought up to date.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, changed, foreign, of another kind, or of a newer format.
    """
    arrays, description, _ = _loaded(path, kind)
    return (_as_torch(arrays) if framework == "pt" else arrays), description


def load_state(path: Path) -> tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]:
    """Return the tensors and the description of a training state, and remarks for who goes on from it.

    Raises
    ------
    CheckpointError
        As `load_tensors` does.
    """
    arrays, description, remarks = _loaded(path, "training state")
    return _as_torch(arrays), description, remarks


def _loaded(path: Path, kind: str) -> tuple[Arrays, dict[str, Any], tuple[str, ...]]:
    file, _, remarks = _checked(path, kind)
    return *_upgraded(file.arrays, file.description, path), remarks


def _checked(path: Path, kind: str) -> tuple[TensorFile, str, tuple[str, ...]]:
    """Return a file that is what it says, a digest of it, and remarks for who uses it."""
    file = read_file(path)
    if file.description.get("kind") != kind:
        raise CheckpointError(f"{path}: a safetensors file, but not a {kind} of formation_mlp.")
    number = file.description.get("format")
    if is_shipped(path):
        content, expected = file.content_sha256(), card(path.stem).sha256
        if content != expected:
            why = f"its SHA-256 is {content}, its card says {expected}"
            raise CheckpointError(f"{path}: damaged or changed: {why}. Install formation_mlp again.")
        return file, content, ()
    if isinstance(number, int) and number > FORMAT:
        return file, "", ()  # `_upgraded` says so
    if file.stated is not None or number == FORMAT:
        found = file.digest()
        if file.stated != found:
            raise CheckpointError(
                f"{path}: damaged or changed since it was written: its content does not have the digest that it "
                "states. Take a good copy, or train again."
            )
        return file, found, ()
    content = file.content_sha256()
    if any(content == card(name).sha256 for name in SHIPPED):
        return file, content, ()
    name, advice = "model file", "Train again, or load and save it, to give it one"
    if kind != "model":
        name, advice = kind, "It gets one when it is next saved"
    remark = (
        f"the {name} is of format {number!r}, which has no digest: nothing tells whether it is as it was written. "
        f"{advice}"
    )
    return file, content, (remark,)


def is_shipped(path: Path) -> bool:
    """Tell whether a file is that of a shipped model, which its card describes."""
    return path.parent == FOLDER and path.stem in SHIPPED


def _as_torch(arrays: Mapping[str, Array]) -> dict[str, Tensor]:
    import torch

    return {name: torch.from_numpy(array if array.flags.writeable else array.copy()) for name, array in arrays.items()}


def _upgraded(tensors: Arrays, description: dict[str, Any], path: Path) -> tuple[Arrays, dict[str, Any]]:
    found = description.get("format")
    while isinstance(found, int) and found in UPGRADES:
        try:
            tensors, description = UPGRADES[found](tensors, description)
        except (AttributeError, KeyError, TypeError) as error:
            raise CheckpointError(f"{path}: damaged: the description lacks or misuses {error}. Train again.") from error
        found = description["format"]
    if found != FORMAT:
        raise CheckpointError(
            f"{path}: format {quoted(found)}, but this version of formation_mlp reads formats up to {FORMAT}. "
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
