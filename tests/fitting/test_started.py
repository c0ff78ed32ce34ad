"""The recipe that starts from a model: what the user sets holds in it, or the training starts from nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from formation_mlp import load
from formation_mlp.config.loading import apply_override, load_config
from formation_mlp.config.recipe import TRAINING_FROM_START, sections
from formation_mlp.config.schema import Config, ModelConfig, TrainingConfig
from formation_mlp.fitting.started import other_scales, started, unfit
from formation_mlp.saved_model.checkpoint import Checkpoint

TRAINING: dict[str, tuple[str, Any]] = {
    "loss": ("huber", "huber"),
    "metrics": ("['mine:score']", ["mine:score"]),
    "quantile": ("0.9", 0.9),
    "huber_delta": ("0.7", 0.7),
    "optimizer": ("sgd", "sgd"),
    "learning_rate": ("3e-5", 3e-5),
    "muon_learning_rate": ("0.005", 0.005),
    "momentum": ("0.5", 0.5),
    "weight_decay": ("0.3", 0.3),
    "schedule": ("constant", "constant"),
    "warmup": ("0.2", 0.2),
    "gradient_clip": ("2.0", 2.0),
    "average": ("0.99", 0.99),
    "batch_size": ("17", 17),
    "max_epochs": ("3", 3),
    "patience": ("2", 2),
    "device": ("cpu", "cpu"),
    "precision": ("float32", "float32"),
    "loggers": ("[tensorboard]", ["tensorboard"]),
}
"""Every key of the section `training` to another value than any recipe has, as text and as it is read."""

MODEL = {
    "architecture": "mlp",
    "hidden": "[8]",
    "activation": "gelu",
    "normalization": "batch",
    "set_width": "32",
    "set_layers": "1",
    "set_heads": "2",
}
"""Every key of the section `model` that decides what weights mean, to another value than the shipped network has."""


@pytest.fixture(scope="module")
def model() -> Checkpoint:
    return load("composition").checkpoint


def job(*overrides: str) -> tuple[Config, dict[str, Any]]:
    """Return the recipe that starts from nothing, and what the user sets in it."""
    raw: dict[str, Any] = {"data": {"path": "bundled"}, **sections(1000, needs_structures=False)}
    said: dict[str, Any] = {}
    for override in overrides:
        apply_override(raw, override)
        apply_override(said, override)
    return Config.model_validate(raw), said


def test_every_key_is_looked_at() -> None:
    assert set(TRAINING) == set(TrainingConfig.model_fields) - {"start_from"}
    assert set(MODEL) == set(ModelConfig.model_fields) - {"dropout"}


@pytest.mark.parametrize("key", TRAINING)
def test_a_training_that_starts_from_a_model_keeps_what_the_user_sets(key: str, model: Checkpoint) -> None:
    text, value = TRAINING[key]
    config, said = job(f"training.{key}={text}")
    own = started(config, "composition", model, said).training
    assert getattr(own, key) == value
    usual = started(*job()[:1], "composition", model, {}).training
    assert getattr(usual, key) != value
    assert own.model_copy(update={key: getattr(usual, key)}) == usual  # and nothing else is another


@pytest.mark.parametrize("key", TRAINING)
def test_the_default_recipe_of_a_configuration_keeps_what_the_user_sets(key: str, tmp_path: Path) -> None:
    (tmp_path / "plain.yaml").write_text("data: {path: bundled}\n", encoding="utf-8")
    text, value = TRAINING[key]
    assert getattr(load_config(tmp_path / "plain.yaml", [f"training.{key}={text}"]).training, key) == value


def test_the_whole_section_and_dropout_hold_too(model: Checkpoint) -> None:
    config, said = job("training={max_epochs: 3, device: cpu}", "model.dropout=0.2", "ensemble.members.network.seeds=1")
    assert not unfit(model, config, said)
    own = started(config, "composition", model, said)
    assert (own.training.max_epochs, own.training.device, own.model.dropout) == (3, "cpu", 0.2)
    assert own.training.learning_rate == TRAINING_FROM_START["learning_rate"]
    assert own.ensemble is not None
    assert own.ensemble.members["network"].seeds == 1


@pytest.mark.parametrize("key", MODEL)
def test_another_network_than_that_of_the_model_is_none_to_start_from(key: str, model: Checkpoint) -> None:
    reason = unfit(model, *job(f"model.{key}={MODEL[key]}"))
    assert f"model.{key} is " in reason
    assert f"not {MODEL[key]}" in reason


def test_the_same_network_in_other_words_is_one_to_start_from(model: Checkpoint) -> None:
    same = ("model.normalization=layer", "model.hidden=[384, 384, 384]", "model.set_width=128")
    assert unfit(model, *job(*same)) == ""


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("features=[magpie]", "features is ['magpie', 'stoichiometry'"),
        ("task.auxiliary={gap: 0.1}", "task.auxiliary is [], not ['gap']"),
        ("ensemble.members.small={model: {hidden: [8]}}", "ensemble.members.small.model.hidden is [384, 384, 384]"),
        ("ensemble.members.trees={boosted_trees: {}, hull: {}}", "ensemble.members.trees.hull"),
    ],
)
def test_what_else_contradicts_a_start_is_named(override: str, message: str, model: Checkpoint) -> None:
    assert message in unfit(model, *job(override))


def test_members_that_differ_in_their_training_may_start(model: Checkpoint) -> None:
    assert not unfit(model, *job("ensemble.members.short={training: {max_epochs: 2}, model: {dropout: 0.3}}"))
    assert not unfit(model, *job("ensemble.members.trees={boosted_trees: {}}"))


def test_further_networks_of_the_benchmark_are_those_of_a_training_from_nothing(model: Checkpoint) -> None:
    config, said = job("benchmark.networks={small: {model: {hidden: [8]}}, elemnet: {}}")
    networks = started(config, "composition", model, said).benchmark.networks
    small = networks["small"]
    assert (small.model["hidden"], small.model["architecture"]) == ([8], config.model.architecture)
    assert small.training == config.training.model_dump(exclude={"start_from"})
    assert small.features == config.features
    assert networks["elemnet"] == config.benchmark.networks["elemnet"]  # has a recipe of its own


def test_rows_on_several_energy_scales_need_a_model_that_answers_on_all(model: Checkpoint) -> None:
    assert other_scales(model, ("mp2018", "mp2020")).endswith("measured, and the table holds mp2018")
    assert not other_scales(model, ("mp2019", "mp2020"))
    assert not other_scales(model, ("mp2018",))
