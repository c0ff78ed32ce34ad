"""Which weights are decayed, which Muon trains, and how large the steps are over a run."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

from formation_mlp.config.schema import ModelConfig, TrainingConfig
from formation_mlp.errors import ConfigError
from formation_mlp.models.mlp import MLP
from formation_mlp.models.networks import build_network
from formation_mlp.training.optim import OPTIMIZERS, SCHEDULES, Optimizers, build_optimizers

RATE = 0.01


def network(**keys: Any) -> MLP:
    plain: dict[str, Any] = {"hidden": (4, 4), "normalization": "layer", "activation": "prelu"}
    return MLP(3, **plain | keys)


def built(model: nn.Module, optimizer: str, total_steps: int = 10, **keys: Any) -> Optimizers:
    plain: dict[str, Any] = {"optimizer": optimizer, "schedule": "constant", "warmup": 0.0}
    config = TrainingConfig(**plain | keys)
    return build_optimizers(model, config, total_steps)


def moved_without_gradient(optimizer: str, model: MLP, **keys: Any) -> dict[str, torch.Tensor]:
    """Return the ratio of each weight after one step with gradients of zero to the weight before."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(1.0)
    optimizers = built(model, optimizer, **keys)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizers.step(0)
    return {name: parameter.detach() for name, parameter in model.named_parameters()}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("residual", [False, True])
def test_every_weight_is_trained_by_exactly_one_optimizer(optimizer: str, residual: bool) -> None:
    model = network(residual=residual)
    trained = [id(p) for part in built(model, optimizer).parts for group in part.param_groups for p in group["params"]]
    assert sorted(trained) == sorted(id(p) for p in model.parameters())


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_weight_decay_acts_on_matrices_only(optimizer: str) -> None:
    weights = moved_without_gradient(
        optimizer, network(), weight_decay=0.5, learning_rate=RATE, muon_learning_rate=RATE
    )
    decayed = {name for name, weight in weights.items() if (weight < 1).all()}
    untouched = {name for name, weight in weights.items() if (weight == 1).all()}
    matrices = {"body.0.weight", "body.4.weight"} | ({"head.weight"} if optimizer != "muon" else set())
    assert decayed == matrices
    assert untouched == set(weights) - matrices
    assert {name for name in untouched if name.endswith("bias")}


@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "muon"])
def test_one_step_of_decay_shrinks_by_the_step_size_times_the_decay(optimizer: str) -> None:
    weights = moved_without_gradient(
        optimizer, network(), weight_decay=0.5, learning_rate=RATE, muon_learning_rate=RATE
    )
    torch.testing.assert_close(weights["body.0.weight"], torch.full((4, 3), 1 - RATE * 0.5))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_without_decay_and_gradient_nothing_moves(optimizer: str) -> None:
    weights = moved_without_gradient(optimizer, network(), weight_decay=0.0)
    assert all((weight == 1).all() for weight in weights.values())


@pytest.mark.parametrize("residual", [False, True])
def test_muon_trains_the_matrices_of_the_body_and_adamw_the_rest(residual: bool) -> None:
    model = network(residual=residual)
    muon, adamw = built(model, "muon", learning_rate=RATE, muon_learning_rate=0.3).parts
    assert isinstance(muon, torch.optim.Muon)
    assert isinstance(adamw, torch.optim.AdamW)
    name_of = {id(p): name for name, p in model.named_parameters()}
    by_muon = {name_of[id(p)] for group in muon.param_groups for p in group["params"]}
    assert by_muon == {name for name, p in model.named_parameters() if p.ndim == 2 and not name.startswith("head.")}
    assert "head.weight" not in by_muon
    assert by_muon
    assert {group["lr"] for group in muon.param_groups} == {0.3}
    assert {group["lr"] for group in adamw.param_groups} == {RATE}


def set_network() -> nn.Module:
    keys: dict[str, Any] = {"architecture": "set", "hidden": [4, 4], "set_width": 4, "set_layers": 1, "set_heads": 2}
    return build_network(3, ModelConfig(**keys), 2)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_weight_of_a_set_network_is_trained_by_exactly_one_optimizer(optimizer: str) -> None:
    model = set_network()
    trained = [id(p) for part in built(model, optimizer).parts for group in part.param_groups for p in group["params"]]
    assert sorted(trained) == sorted(id(p) for p in model.parameters())


def test_muon_leaves_vectors_of_elements_and_the_head_of_a_set_network_to_adamw() -> None:
    model = set_network()
    muon, adamw = built(model, "muon").parts
    assert isinstance(muon, torch.optim.Muon)
    assert isinstance(adamw, torch.optim.AdamW)
    by_muon = {id(p) for group in muon.param_groups for p in group["params"]}
    matrices = {name for name, p in model.named_parameters() if p.ndim == 2}
    left = {"encoder.vectors.weight", "mlp.head.weight"}
    assert left < matrices
    assert {name for name, p in model.named_parameters() if id(p) in by_muon} == matrices - left


def test_muon_on_a_network_without_hidden_layers_is_adamw() -> None:
    (part,) = built(network(hidden=()), "muon").parts
    assert isinstance(part, torch.optim.AdamW)


def test_muon_makes_the_update_of_a_matrix_nearly_orthogonal() -> None:
    model = network()
    optimizers = built(model, "muon", weight_decay=0.0, muon_learning_rate=1.0)
    before = model.get_parameter("body.4.weight").detach().clone()
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=generator)
    optimizers.step(0)
    stretches = torch.linalg.svdvals(model.get_parameter("body.4.weight").detach() - before)
    assert stretches.min() > 0.5
    assert stretches.max() < 1.4


def test_sgd_takes_the_hand_computed_steps_with_momentum() -> None:
    model = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        model.weight.fill_(2.0)
    optimizers = built(model, "sgd", learning_rate=0.1, momentum=0.5, weight_decay=0.0)
    weight, velocity = 2.0, 0.0
    for number, gradient in enumerate([1.0, -3.0, 0.5]):
        model.weight.grad = torch.tensor([[gradient]])
        optimizers.step(number)
        velocity = 0.5 * velocity + gradient
        weight -= 0.1 * velocity
        assert model.weight.item() == pytest.approx(weight, rel=1e-6)


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_the_first_step_of_adam_has_the_size_of_the_learning_rate(optimizer: str) -> None:
    model = nn.Linear(2, 1, bias=False)
    before = model.weight.detach().clone()
    optimizers = built(model, optimizer, learning_rate=RATE, weight_decay=0.0)
    model.weight.grad = torch.tensor([[1e-3, -50.0]])
    optimizers.step(0)
    torch.testing.assert_close(model.weight.detach() - before, torch.tensor([[-RATE, RATE]]), rtol=1e-4, atol=0)


def test_gradients_are_forgotten() -> None:
    model = network()
    optimizers = built(model, "muon")
    model(torch.ones(2, 3)).sum().backward()
    optimizers.zero_grad()
    assert all(p.grad is None for p in model.parameters())


# schedule, warm-up: progress -> step size
VALUES: dict[tuple[str, float], dict[float, float]] = {
    ("constant", 0.0): {0: 1, 0.5: 1, 1: 1},
    ("constant", 0.2): {0: 0, 0.1: 0.5, 0.2: 1, 1: 1},
    ("cosine", 0.0): {0: 1, 0.5: 0.5, 2 / 3: 0.25, 1: 0},
    ("cosine", 0.5): {0: 0, 0.25: 0.5 * 0.5 * (1 + math.sqrt(0.5)), 0.5: 0.5, 1: 0},
    ("trapezoid", 0.0): {0: 1, 0.6: 1, 0.7: 0.75, 0.8: 0.5, 0.9: 0.25, 1: 0},
    ("trapezoid", 0.2): {0: 0, 0.1: 0.5, 0.2: 1, 0.5: 1, 0.8: 0.5, 1: 0},
    ("trapezoid", 0.8): {0: 0, 0.4: 0.5, 2 / 3: 5 / 6, 0.9: 0.25, 1: 0},
    ("one_cycle", 0.0): {0: 1 / 25, 0.15: (1 + 1 / 25) / 2, 0.3: 1, 0.65: (1 + 1e-4) / 2, 1: 1e-4},
}


@pytest.mark.parametrize(("name", "warmup"), VALUES)
def test_schedules_have_their_values_at_start_turn_and_end(name: str, warmup: float) -> None:
    values = VALUES[name, warmup]
    found = {progress: SCHEDULES[name](progress, warmup) for progress in values}
    assert found == pytest.approx(values, abs=1e-12)


def test_the_values_cover_every_schedule() -> None:
    assert {name for name, _ in VALUES} == set(SCHEDULES)


def test_one_cycle_is_continuous_at_its_turn_and_has_its_own_rise() -> None:
    schedule = SCHEDULES["one_cycle"]
    assert schedule(0.3 - 1e-9, 0.0) == pytest.approx(schedule(0.3, 0.0), abs=1e-8)
    assert schedule(0.1, 0.0) == schedule(0.1, 0.9)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("total_steps", [1, 2, 10])
def test_no_update_of_a_run_has_the_size_zero(schedule: str, total_steps: int) -> None:
    optimizers = built(network(), "adamw", total_steps, schedule=schedule, warmup=0.3)
    assert min(optimizers.factor(number) for number in range(total_steps)) > 0


def test_an_update_takes_the_step_size_of_its_middle_in_every_group() -> None:
    model = network()
    optimizers = built(model, "muon", 4, schedule="cosine", learning_rate=RATE, muon_learning_rate=0.3)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    for number in range(4):
        optimizers.step(number)
        factor = 0.5 * (1 + math.cos(math.pi * (number + 0.5) / 4))
        assert optimizers.factor(number) == pytest.approx(factor)
        rates = [group["lr"] for part in optimizers.parts for group in part.param_groups]
        assert rates == pytest.approx([0.3 * factor, RATE * factor])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"optimizer": "adamv"}, r"training.optimizer: unknown optimizer 'adamv'.*Did you mean"),
        ({"schedule": "cosin"}, r"training.schedule: unknown schedule 'cosin'.*Did you mean 'cosine'"),
    ],
)
def test_unknown_names_are_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_optimizers(network(), TrainingConfig(**keys), 10)
