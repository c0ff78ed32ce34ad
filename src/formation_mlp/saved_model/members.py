"""The models that answer together: how each kind of them answers, divides its answers, and stands in a file.

A member of any kind is described by plain data, `Member.model`, and holds its trained numbers as arrays,
`Member.weights`; both are written to a file as they are. `KINDS` is the only place that tells one kind from another.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from formation_mlp.config.own_code import Architectures
from formation_mlp.config.schema import ModelConfig
from formation_mlp.models.architectures import sees_elements
from formation_mlp.saved_model.header import HullTreesHeader, TreesHeader, check_network, validated
from formation_mlp.saved_model.inference import Answer, mean_energy, needed, network_output, torch_network
from formation_mlp.targets.scaler import TargetScaler

if TYPE_CHECKING:
    from formation_mlp.models.boosted_trees import BoostedTrees
    from formation_mlp.models.hull_trees import HullTrees
    from formation_mlp.models.integrated_gradients import Attribution
    from formation_mlp.targets.task import Task

ELEMENTS = "elements as a set"
"""Name of what the architecture `set` sees beside the features."""
ELEMENTS_AND_HULL = "elements, their energies and hull"
"""The same of trees that are told predicted energies and a hull (`formation_mlp.models.hull_trees`)."""


@dataclass(frozen=True, slots=True)
class Member(ABC):
    """One of the models that answer together.

    Attributes
    ----------
    name : of the member
    share : its weight in the mean of the answers; the shares of all members add up to one
    model : what it is, as plain data
    weights : tensors of torch, or arrays, by name
    architectures : classes of the user's own networks by name, which are in no file
    """

    name: str
    share: float
    model: dict[str, Any]
    weights: dict[str, Any]
    architectures: Architectures = field(default_factory=dict)

    can_be_trained_further: ClassVar[bool] = False
    """Whether its weights can be the start of another training."""

    @classmethod
    @abstractmethod
    def check(cls, model: Mapping[str, Any], where: str, architectures: Architectures) -> None:
        """Raise `CheckpointError`, which names the field after ``where``, if a description is not one of this kind."""

    @abstractmethod
    def answer(self, d_in: int, task: Task) -> Answer:
        """Return what turns scaled features ``[n, d_in]`` and compositions ``[n]`` into predictions.

        These are ``[n]``, or ``[n, s]`` with several energy scales.

        Raises
        ------
        CheckpointError
            If the weights are damaged, or do not fit the description.
        """

    @abstractmethod
    def attribution(self, d_in: int, task: Task, training_elements: Mapping[str, int], place: int = 0) -> Attribution:
        """Return what divides a prediction among the features (`formation_mlp.models.integrated_gradients`).

        ``training_elements`` is the number of train rows that hold each element; ``place`` that of the energy scale
        among those of the model.

        Raises
        ------
        CheckpointError
            As `answer` does.
        """

    @property
    @abstractmethod
    def beside_features(self) -> str:
        """Name of what it sees of a composition beside its features, or an empty text."""


@dataclass(frozen=True, slots=True)
class NetworkMember(Member):
    """A neural network; ``model`` is the section `model` of its configuration."""

    can_be_trained_further: ClassVar[bool] = True

    @classmethod
    def check(cls, model: Mapping[str, Any], where: str, architectures: Architectures) -> None:
        """Raise `CheckpointError` if a description is not that of a network."""
        check_network(validated(ModelConfig, model, f"{where}."), where, architectures)

    def answer(self, d_in: int, task: Task) -> Answer:
        """Return what predicts."""
        output = network_output(self.config, self.weights, d_in, task.n_outputs, self.architectures)
        return lambda X, compositions: task.decode(output(X, compositions))

    def attribution(self, d_in: int, task: Task, training_elements: Mapping[str, int], place: int = 0) -> Attribution:
        """Return what divides a prediction by the gradient of the network."""
        from formation_mlp.models.integrated_gradients import NetworkPath

        network = torch_network(self.config, self.weights, d_in, task.n_outputs, self.architectures)
        return NetworkPath(network, None if task.is_classification else task.target_scaler, training_elements, place)

    @property
    def beside_features(self) -> str:
        """Name of what it sees of a composition beside its features, or an empty text."""
        return ELEMENTS if sees_elements(self.config) else ""

    @property
    def config(self) -> ModelConfig:
        """The section `model` of its configuration."""
        return ModelConfig.model_validate(self.model)


@dataclass(frozen=True, slots=True)
class TreesMember(Member):
    """Boosted trees; ``model`` is ``{"boosted_trees": options of LightGBM}``."""

    @classmethod
    def of(cls, name: str, options: Mapping[str, Any], trees: BoostedTrees) -> TreesMember:
        """Return trained trees as the only member of a model."""
        return cls(name, 1.0, {"boosted_trees": dict(options)}, dict(trees.weights()))

    @classmethod
    def check(cls, model: Mapping[str, Any], where: str, architectures: Architectures) -> None:
        """Raise `CheckpointError` if a description is not that of boosted trees."""
        validated(TreesHeader, model, f"{where}.")

    def answer(self, d_in: int, task: Task) -> Answer:
        """Return what predicts."""
        trees = self._trees()
        return lambda X, _compositions: trees.predict(X)

    def attribution(self, d_in: int, task: Task, training_elements: Mapping[str, int], place: int = 0) -> Attribution:
        """Return what divides a prediction by the jumps of the trees."""
        from formation_mlp.models.integrated_gradients import TreesPath

        return TreesPath(self._trees().predict, _text(self.weights["text"]))

    @property
    def beside_features(self) -> str:
        """Nothing."""
        return ""

    def _trees(self) -> BoostedTrees:
        from formation_mlp.models.boosted_trees import BoostedTrees

        return BoostedTrees.from_weights(self.weights)


@dataclass(frozen=True, slots=True)
class HullTreesMember(Member):
    """Boosted trees that are told predicted formation energies, and where these lie above the train compounds.

    ``model`` is that of `TreesMember` and, under ``energies``, for each network of formation energies its section
    `model` and the ``centre`` and ``scale`` of its target, in eV/atom.
    """

    @classmethod
    def of(
        cls,
        name: str,
        options: Mapping[str, Any],
        trees: HullTrees,
        networks: Sequence[tuple[Member, TargetScaler]],
    ) -> HullTreesMember:
        """Return trained trees, with the networks that predict the energies and their scalers, as the only member."""
        weights, described, architectures = dict(trees.weights()), [], dict[str, Any]()
        for number, (member, scaler) in enumerate(networks):
            weights |= {f"energies.{number}.{name}": value for name, value in member.weights.items()}
            architectures |= member.architectures
            described.append({"model": member.model, "centre": scaler.centre, "scale": scaler.scale})
        return cls(name, 1.0, {"boosted_trees": dict(options), "energies": described}, weights, architectures)

    @classmethod
    def check(cls, model: Mapping[str, Any], where: str, architectures: Architectures) -> None:
        """Raise `CheckpointError` if a description is not that of boosted trees with energies."""
        for energy in validated(HullTreesHeader, model, f"{where}.").energies:
            check_network(energy.model, where, architectures)

    def answer(self, d_in: int, task: Task) -> Answer:
        """Return what predicts."""
        trees, energy = self._trees(), self._energy(d_in)
        return lambda X, compositions: trees.predict(X, needed(compositions), energy(X, compositions))

    def attribution(self, d_in: int, task: Task, training_elements: Mapping[str, int], place: int = 0) -> Attribution:
        """Return what divides a prediction by the jumps of the trees."""
        from formation_mlp.models.integrated_gradients import HullTreesPath

        return HullTreesPath(self._trees(), _text(self.weights["trees.text"]), self._energy(d_in))

    @property
    def beside_features(self) -> str:
        """Name of what it sees of a composition beside its features."""
        return ELEMENTS_AND_HULL

    def _trees(self) -> HullTrees:
        from formation_mlp.models.hull_trees import HullTrees

        return HullTrees.from_weights(self.weights)

    def _energy(self, d_in: int) -> Answer:
        """Return the mean of the formation energies, in eV/atom, that the networks predict."""
        networks = []
        for number, described in enumerate(self.model["energies"]):
            prefix = f"energies.{number}."
            weights = {name.removeprefix(prefix): w for name, w in self.weights.items() if name.startswith(prefix)}
            output = network_output(
                ModelConfig.model_validate(described["model"]), weights, d_in, 1, self.architectures
            )
            networks.append((output, TargetScaler(described["centre"], described["scale"])))
        return mean_energy(networks)


KINDS: dict[str, type[Member]] = {
    "energies": HullTreesMember,
    "boosted_trees": TreesMember,
    "architecture": NetworkMember,
}
"""Key by which a description shows its kind; the first of these that it has counts."""


def read_member(
    name: str, share: float, model: dict[str, Any], weights: dict[str, Any], architectures: Architectures, where: str
) -> Member:
    """Return a member as it stands in a file, of the kind that its description shows.

    Raises
    ------
    ClassNotGivenError
        If one of its networks is of a class of the user's own that is not among ``architectures``.
    CheckpointError
        If the description is not one of that kind; the message names the field after ``where``.
    """
    kind = next((kind for key, kind in KINDS.items() if key in model), NetworkMember)
    kind.check(model, where, architectures)
    return kind(name, share, model, weights, architectures)


def _text(characters: Any) -> str:
    """Return the trees in LightGBM's own text form, from the array of its characters."""
    return np.asarray(characters).tobytes().decode()
