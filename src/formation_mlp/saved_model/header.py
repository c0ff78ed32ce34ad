"""The description of a saved model: every field with its type and range, as the configuration has for a run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError, field_validator

from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.config.names import NAMES
from formation_mlp.config.own_code import Architectures, is_own, not_given
from formation_mlp.config.schema import Config, ModelConfig, Section
from formation_mlp.errors import CheckpointError
from formation_mlp.models.architectures import OF_BLOCKS
from formation_mlp.scales.scale import SCALES
from formation_mlp.units import EV_PER_ATOM, LARGEST_ENERGY

Finite = Annotated[float, Field(allow_inf_nan=False)]
Energy = Annotated[float, Field(ge=-LARGEST_ENERGY, le=LARGEST_ENERGY)]
Width = Annotated[float, Field(gt=0, le=1e6)]

S = TypeVar("S", bound=Section)

SHARES_OFF = 1e-6
"""How much the sum of the members' shares may differ from 1."""


class ClassNotGivenError(CheckpointError):
    """A network in a model file is of a class of the user's own, which was not given to the one who reads it."""


class TargetHeader(Section):
    """What the numbers mean."""

    name: Annotated[str, Field(min_length=1)]
    """Column of the table."""
    unit: Literal["eV/atom", ""]
    """Empty for a class."""
    source: str | None
    """Origin of the energies."""
    declared_unit: str | None
    """Before conversion."""
    scales: list[str]
    """Energy scales on which the model answers, in the order of the network's outputs."""

    @field_validator("scales")
    @classmethod
    def _known(cls, scales: list[str]) -> list[str]:
        if len(set(scales)) != len(scales) or not set(scales) <= set(SCALES):
            raise ValueError(f"energy scales are {', '.join(SCALES)}, each once at most")
        return scales


class ScalerHeader(Section):
    """Mean and spread of the train targets."""

    centre: Energy
    """In eV/atom; 0 for a class."""
    scale: Width
    """In eV/atom; 1 for a class."""


class EnergyHeader(ScalerHeader):
    """A network of formation energies inside a member of boosted trees."""

    model: ModelConfig
    """Its section `model`."""


class TreesHeader(Section):
    """A member of boosted trees."""

    boosted_trees: dict[str, Any]
    """Options of LightGBM."""


class HullTreesHeader(TreesHeader):
    """A member of boosted trees that are told energies and a hull."""

    energies: Annotated[list[EnergyHeader], Field(min_length=1)]
    """The networks that predict these energies."""


class MemberHeader(Section):
    """One of the models that answer together."""

    name: Annotated[str, Field(min_length=1)]
    """Within the model."""
    share: Annotated[float, Field(gt=0, le=1 + SHARES_OFF)]
    """Of the mean."""
    model: dict[str, Any]
    """A section `model`, `TreesHeader` or `HullTreesHeader`."""


class InputHeader(Section):
    """See `formation_mlp.trust.difficulty.Input`."""

    weight: Annotated[float, Field(ge=-1e6, le=1e6)]
    """Per unit of the value."""
    low: Annotated[float, Field(ge=-1e6, le=1e6)]
    """Smallest value that counts."""
    high: Annotated[float, Field(ge=-1e6, le=1e6)]
    """Largest value that counts."""


class DifficultyHeader(Section):
    """See `formation_mlp.trust.difficulty.Difficulty`."""

    intercept: Annotated[float, Field(ge=-1e6, le=1e6)]
    """Logarithm of eV/atom."""
    std: InputHeader | None
    """None with one member."""
    distance: InputHeader
    """Of its logarithm."""
    prediction: InputHeader
    """In eV/atom."""


class CalibrationHeader(Section):
    """See `formation_mlp.trust.calibration.Calibration`."""

    beta: Annotated[float, Field(gt=0, le=1e6)]
    """In eV/atom."""
    difficulty: DifficultyHeader | None = None
    """None in a model of few val rows, and of an earlier version."""


class LevelHeader(Section):
    """See `formation_mlp.trust.levels.Level`."""

    name: Literal["high", "medium", "low"]
    """Of the level."""
    up_to: Width | None
    """In eV/atom; None for the last."""
    mean_error: Annotated[float, Field(ge=0, le=LARGEST_ENERGY)]
    """In eV/atom."""
    by_scale: dict[str, Annotated[float, Field(ge=0, le=LARGEST_ENERGY)]] = Field(default_factory=dict)
    """The same on single energy scales."""


class ErrorsHeader(Section):
    """See `formation_mlp.trust.error_model.ErrorModel`."""

    groups: Annotated[list[str], Field(min_length=1)]
    """Names of the groups that have scores."""
    levels: Annotated[list[LevelHeader], Field(min_length=3, max_length=3)]
    """What high, medium and low trust mean."""
    is_symmetric: bool = False
    """Of a model that was trained from another one's weights."""


class OwnHeader(Section):
    """See `formation_mlp.trust.own_rows.OwnRows`."""

    table: Annotated[str, Field(min_length=1)]
    """Name of the file that held the rows."""
    made_from: Annotated[str, Field(min_length=1)]
    """Name of the model that was calibrated."""
    scale: str
    """Energy scale of the rows."""
    shift: Energy
    """In eV/atom."""
    size_factor: Width
    """Of expected errors."""
    levels: Annotated[list[LevelHeader], Field(max_length=3)]
    """What high, medium and low trust mean; none without an error model."""


class DomainHeader(Section):
    """See `formation_mlp.trust.domain.Domain`."""

    rare_below: Annotated[int, Field(ge=0, le=2**31)]
    """Training rows."""
    densities: Annotated[list[Width], Field(min_length=2, max_length=2)] | None
    """Lowest and highest usual ratio."""

    @field_validator("densities")
    @classmethod
    def _ordered(cls, densities: list[float] | None) -> list[float] | None:
        if densities is not None and densities[0] > densities[1]:
            raise ValueError("the lowest density is above the highest")
        return densities


class ModelHeader(Section):
    """All of the description."""

    format: int
    """Number of the format."""
    kind: Literal["model"]
    """Of the file."""
    config: Config
    """The resolved configuration of the run."""
    target: TargetHeader
    """What the numbers mean."""
    feature_names: Annotated[list[str], Field(min_length=1)]
    """Of the features, in their order."""
    target_scaler: ScalerHeader
    """From the network's output to eV/atom."""
    members: Annotated[list[MemberHeader], Field(min_length=1)]
    """One, or those of an ensemble."""
    training_elements: dict[str, Annotated[int, Field(ge=1)]]
    """Element to the number of train rows."""
    scores: dict[str, dict[str, Finite | None]]
    """Part to its scores."""
    versions: dict[str, str]
    """Package to version."""
    calibration: CalibrationHeader | None
    """None in a classifier, and in a model of an older format."""
    domain: DomainHeader | None
    """None in a model of an older format."""
    errors: ErrorsHeader | None
    """None in a classifier, in a model of few val rows, and in one of an older format."""
    own: OwnHeader | None = None
    """None, or missing, unless the model was calibrated by rows of its user."""

    @field_validator("feature_names")
    @classmethod
    def _unique(cls, names: list[str]) -> list[str]:
        if len(set(names)) < len(names):
            raise ValueError("a name occurs twice")
        return names

    @field_validator("training_elements")
    @classmethod
    def _elements(cls, counts: dict[str, int]) -> dict[str, int]:
        foreign = [symbol for symbol in counts if symbol not in ATOMIC_NUMBER]
        if foreign:
            raise ValueError(f"{foreign[0]!r} is no element")
        return counts

    @field_validator("members")
    @classmethod
    def _whole(cls, members: list[MemberHeader]) -> list[MemberHeader]:
        total = math.fsum(member.share for member in members)
        if abs(total - 1) > SHARES_OFF:
            raise ValueError(f"the shares add up to {total:g} in place of 1")
        return members


def check_header(description: Mapping[str, Any]) -> ModelHeader:
    """Return the description of a model if every field is what it should be; what a member is, it checks itself.

    Raises
    ------
    CheckpointError
        If one is not; the message names it.
    """
    header = validated(ModelHeader, description, "")
    _require(header.config, ("task", "features"), "config")
    _require(header.config.task, ("type",), "config.task")
    is_class = header.config.task.type == "classification"
    if is_class and header.target_scaler != ScalerHeader(centre=0, scale=1):
        raise CheckpointError("target_scaler: a classifier has the centre 0 and the scale 1.")
    if is_class and header.calibration is not None:
        raise CheckpointError("calibration: a classifier has none.")
    _check_difficulty(header)
    _check_own(header, is_class)
    if not is_class and header.target.unit != EV_PER_ATOM:
        raise CheckpointError(f"target.unit: found {header.target.unit!r}, but energies are in {EV_PER_ATOM}.")
    return header


def _check_difficulty(header: ModelHeader) -> None:
    """Refuse a difficulty that takes what the model does not tell."""
    difficulty = None if header.calibration is None else header.calibration.difficulty
    if difficulty is None:
        return
    if header.domain is None:
        raise CheckpointError("calibration.difficulty: it takes distances, and the model has no domain.")
    if (difficulty.std is None) != (len(header.members) == 1):
        raise CheckpointError(
            "calibration.difficulty.std: several members have a standard deviation, and one has none; "
            f"found {'none' if difficulty.std is None else 'one'} and {len(header.members)} members."
        )


def _check_own(header: ModelHeader, is_class: bool) -> None:
    """Refuse what own rows could not have made of this model."""
    own = header.own
    if own is None:
        return
    if is_class:
        raise CheckpointError("own: a classifier has none.")
    if own.scale not in (header.target.scales or [""]):
        raise CheckpointError(f"own.scale: found {own.scale!r}, but the model does not answer on that scale.")
    if len(own.levels) != (0 if header.errors is None else 3):
        raise CheckpointError(
            f"own.levels: found {len(own.levels)}; an error model has three, and without one are none."
        )


def _require(section: Section, keys: Sequence[str], where: str) -> None:
    """Refuse a section without keys that decide what a model answers: the defaults of a run are not those of a file."""
    for key in keys:
        if key not in section.model_fields_set:
            raise CheckpointError(f"{where}.{key}: it is missing.")


def check_network(model: ModelConfig, where: str, architectures: Architectures) -> None:
    """Refuse a section `model` with what the shapes of the weights could not tell.

    Raises
    ------
    ClassNotGivenError
        If the network is of a class of the user's own that is not among ``architectures``.
    CheckpointError
        If something else is wrong; the message names the key.
    """
    _require(model, ("architecture", "hidden", "activation", "normalization"), where)
    if is_own(model.architecture):
        if model.architecture not in architectures:
            raise ClassNotGivenError(f"{where}.architecture: {not_given(model.architecture)}")
        return
    if model.architecture not in NAMES["model.architecture"]:
        raise CheckpointError(f"{where}.architecture: unknown architecture {model.architecture!r}.")
    if model.architecture in OF_BLOCKS and len(set(model.hidden)) != 1:
        raise CheckpointError(f"{where}.hidden: found {model.hidden}, but residual blocks have equal widths.")
    if model.normalization not in (None, "none", "layer", "batch"):
        raise CheckpointError(f"{where}.normalization: unknown normalization {model.normalization!r}.")
    if model.architecture == "set" and model.set_width % model.set_heads:
        raise CheckpointError(f"{where}.set_width: {model.set_width} is no multiple of set_heads, {model.set_heads}.")


def validated(schema: type[S], data: Any, where: str) -> S:
    """Return a part of the description if every field is what it should be; ``where`` stands before their names.

    Raises
    ------
    CheckpointError
        If one is not; the message names it.
    """
    try:
        return schema.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = where + ".".join(map(str, first["loc"]))
        message = {"missing": "it is missing", "extra_forbidden": "there is no such field"}.get(first["type"])
        if message is None:
            shown = repr(first["input"])
            message = f"found {shown if len(shown) <= 80 else shown[:77] + '...'}: {first['msg']}"
        raise CheckpointError(f"{place}: {message}.") from error
