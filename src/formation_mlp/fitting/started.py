"""The recipe that starts from a model: what the user sets holds in it, or it is no recipe for these rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from formation_mlp.benchmark.recipes import RECIPES
from formation_mlp.config.loading import check_config
from formation_mlp.config.recipe import TRAINING_FROM_START
from formation_mlp.config.schema import Config, ModelConfig
from formation_mlp.features.presets import choose_presets
from formation_mlp.models.architectures import normalization_of, sees_elements
from formation_mlp.quoting import quoted
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.saved_model.members import NetworkMember

OF_SETS = ("set_width", "set_layers", "set_heads")
"""Keys of the section `model` that say nothing of a network that does not see elements."""


def started(config: Config, start: str, model: Checkpoint, said: Mapping[str, Any]) -> Config:
    """Return the recipe that starts from a model: its features, its network, small steps, and all that the user sets.

    Parameters
    ----------
    config
        The recipe that starts from nothing.
    start
        What the user calls the model.
    model
        The model; nothing `contradicts` it.
    said
        What the user sets, as sections of a configuration.
    """
    training = TRAINING_FROM_START | dict(said.get("training", {})) | {"start_from": start}
    network = _network(model) | {"dropout": 0.0} | dict(said.get("model", {}))
    benchmark = config.benchmark.model_dump() | {"networks": _from_nothing(config)}
    sections = {"model": network, "training": training, "features": model.config["features"], "benchmark": benchmark}
    return check_config(config.model_dump() | sections, "the recipe that starts from a model")


def unfit(model: Checkpoint, config: Config, said: Mapping[str, Any]) -> str:
    """Return why a model cannot be a start for a table, or an empty text.

    Parameters
    ----------
    model
        The model.
    config
        The recipe that starts from nothing.
    said
        What the user sets, as sections of a configuration.
    """
    if model.config["task"]["type"] != config.task.type:
        return f"is for {model.config['task']['type']}, and the table for {config.task.type}"
    if not any(isinstance(member, NetworkMember) for member in model.members):
        return "holds no network"
    if not all(member.can_be_trained_further for member in model.members):
        return "holds boosted trees, which cannot be trained further"
    needs, has = (
        any(one.preset.needs_structure for one in choose_presets(features))
        for features in (model.config["features"], config.features)
    )
    if needs and not has:
        return "needs crystal structures"
    other = [f"{key} is {there}, not {here}" for key, there, here in contradictions(model, config, said)]
    return f"is of another kind than you set: {'; '.join(other)}" if other else ""


def other_scales(model: Checkpoint, scales: Sequence[str]) -> str:
    """Return why a model cannot be a start for rows on several energy scales, or an empty text."""
    there = model.target.scales
    missing = sorted(set(scales) - set(there)) if len(scales) > 1 else []
    if not missing:
        return ""
    return f"answers on {', '.join(there) or 'one energy scale'}, and the table holds {', '.join(missing)}"


def contradictions(model: Checkpoint, config: Config, said: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield keys that the user sets otherwise than a start needs, with its value and the user's as texts.

    Parameters
    ----------
    model, config, said
        As in `unfit`.
    """
    features = model.config["features"]
    if said.get("features", features) != features:
        yield "features", _shown(features), _shown(said["features"])
    auxiliary = list(model.config["task"].get("auxiliary", {}))
    if list(config.task.auxiliary) != auxiliary:
        yield "task.auxiliary", _shown(auxiliary), _shown(list(config.task.auxiliary))
    yield from _of_network(model, said.get("model", {}), "model")
    for kind, member in {} if config.ensemble is None else config.ensemble.members.items():
        if member.boosted_trees is None:
            yield from _of_network(model, member.model, f"ensemble.members.{kind}.model")
        elif member.hull is not None:
            yield f"ensemble.members.{kind}.hull", "nothing", "trees that rest on networks from nothing"


def _of_network(model: Checkpoint, given: Mapping[str, Any], where: str) -> Iterator[tuple[str, str, str]]:
    """Yield the keys of a network that decide what the weights of the model mean, where they differ from its own."""
    there = ModelConfig.model_validate(_network(model))
    here = ModelConfig.model_validate(_network(model) | dict(given))
    passed = ("dropout", *(() if sees_elements(here) else OF_SETS))
    for key in (key for key in given if key not in passed):
        one, other = (_value(network, key) for network in (there, here))
        if one != other:
            yield f"{where}.{key}", _shown(one), _shown(other)


def _network(model: Checkpoint) -> dict[str, Any]:
    first = next(member for member in model.members if isinstance(member, NetworkMember))
    return dict(first.model)


def _value(network: ModelConfig, key: str) -> Any:
    return normalization_of(network) if key == "normalization" else getattr(network, key)


def _from_nothing(config: Config) -> dict[str, Any]:
    """Return the further networks of a benchmark with all that they take of the recipe that starts from nothing.

    They start from nothing, whatever the main network does: a few small steps would leave them half trained.
    """
    training = config.training.model_dump(exclude={"start_from"})
    found = {}
    for name, variant in config.benchmark.networks.items():
        whole = {
            "model": config.model.model_dump() | variant.model,
            "training": training | variant.training,
            "features": config.features if variant.features is None else variant.features,
        }
        found[name] = variant.model_dump() | ({} if name in RECIPES else whole)
    return found


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else quoted(value)
