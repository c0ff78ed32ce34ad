"""The multilayer perceptron against a forward pass written once more in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pytest
import torch
from torch import nn

from formation_mlp.config.schema import ModelConfig
from formation_mlp.errors import ConfigError
from formation_mlp.models.mlp import MLP, ResidualBlock, n_parameters
from formation_mlp.models.networks import build_network
from formation_mlp.typing import Array

Weights: TypeAlias = Mapping[str, Array]
Activation: TypeAlias = Callable[[Array], Array]

ACTIVATION: dict[str, Activation] = {
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "swish": lambda x: x / (1 + np.exp(-x)),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "prelu": lambda x: np.where(x > 0, x, 0.25 * x),
}


def linear(h: Array, weights: Weights, name: str) -> Array:
    return h @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def normalized(h: Array, weights: Weights, name: str, kind: str) -> Array:
    if kind == "none":
        return h
    if kind == "layer":
        mean, variance = h.mean(axis=1, keepdims=True), h.var(axis=1, keepdims=True)
    else:
        mean, variance = weights[f"{name}.running_mean"], weights[f"{name}.running_var"]
    scaled: Array = (h - mean) / np.sqrt(variance + 1e-5) * weights[f"{name}.weight"] + weights[f"{name}.bias"]
    return scaled


def plain_forward(X: Array, weights: Weights, hidden: Sequence[int], act: Activation, kind: str) -> Array:
    h = X
    for i in range(len(hidden)):
        h = act(normalized(linear(h, weights, f"body.{4 * i}"), weights, f"body.{4 * i + 1}", kind))
    return linear(h, weights, "head")[:, 0]


def residual_forward(
    X: Array, weights: Weights, hidden: Sequence[int], act: Callable[[Array], Array], kind: str
) -> Array:
    h = linear(X, weights, "body.0")
    for i in range(len(hidden)):
        branch = f"body.{i + 1}.branch"
        z = linear(normalized(h, weights, f"{branch}.0", kind), weights, f"{branch}.1")
        h = h + linear(act(z), weights, f"{branch}.4")
    return linear(normalized(h, weights, f"body.{len(hidden) + 1}", kind), weights, "head")[:, 0]


def with_random_weights(model: nn.Module) -> nn.Module:
    """Give every weight and statistic another value, those that start at 0 or 1 too; the slope of prelu stays."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if value.is_floating_point() and (value.shape != (1,) or name == "head.bias"):
                value.copy_(torch.rand(value.shape, generator=generator, dtype=value.dtype) + 0.1)
                value.mul_(1 if "running_var" in name else torch.randn(value.shape, generator=generator))
    return model


@pytest.mark.parametrize("activation", ACTIVATION)
@pytest.mark.parametrize("normalization", ["none", "layer", "batch"])
@pytest.mark.parametrize(("residual", "hidden"), [(False, (5, 3)), (True, (4, 4, 4))])
def test_forward_equals_numpy(
    activation: str, normalization: str, residual: bool, hidden: tuple[int, int] | tuple[int, int, int]
) -> None:
    model = MLP(6, hidden, activation, dropout=0.5, normalization=normalization, residual=residual).double().eval()
    with_random_weights(model)
    X = np.random.default_rng(0).normal(size=(7, 6))
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    forward = residual_forward if residual else plain_forward
    expected = forward(X, weights, hidden, ACTIVATION[activation], normalization)
    output = model(torch.tensor(X)).detach().numpy()
    assert np.ptp(expected) > 1e-3
    np.testing.assert_allclose(output, expected, rtol=1e-10, atol=1e-12)


def test_without_hidden_layers_it_is_one_affine_map() -> None:
    model = MLP(3)
    assert set(model.state_dict()) == {"head.weight", "head.bias"}
    X = torch.randn(5, 3)
    torch.testing.assert_close(model(X), X @ model.head.weight[0] + model.head.bias)


def test_the_output_is_one_number_per_row_also_for_one_row_and_none() -> None:
    for n in (0, 1, 5):
        assert MLP(3, (4,))(torch.zeros(n, 3)).shape == (n,)


def test_names_and_shapes_of_the_weights_are_frozen_for_saved_models_hold_them() -> None:
    plain = {name: tuple(value.shape) for name, value in MLP(3, (5, 4), normalization="layer").state_dict().items()}
    assert plain == {
        "body.0.weight": (5, 3),
        "body.0.bias": (5,),
        "body.1.weight": (5,),
        "body.1.bias": (5,),
        "body.4.weight": (4, 5),
        "body.4.bias": (4,),
        "body.5.weight": (4,),
        "body.5.bias": (4,),
        "head.weight": (1, 4),
        "head.bias": (1,),
    }
    residual = MLP(3, (5, 5), normalization="layer", residual=True).state_dict()
    assert list(residual) == [
        "body.0.weight",
        "body.0.bias",
        *(
            f"body.{block}.branch.{layer}.{kind}"
            for block in (1, 2)
            for layer in (0, 1, 4)
            for kind in ("weight", "bias")
        ),
        "body.3.weight",
        "body.3.bias",
        "head.weight",
        "head.bias",
    ]


def test_a_residual_block_starts_as_the_identity() -> None:
    block = ResidualBlock(4, nn.ReLU, nn.LayerNorm, dropout=0.0)
    h = torch.randn(6, 4)
    assert torch.equal(block(h), h)


def test_dropout_acts_in_training_only() -> None:
    model = MLP(3, (64,), dropout=0.5)
    X = torch.randn(4, 3)
    model.train()
    assert not torch.equal(model(X), model(X))
    model.eval()
    assert torch.equal(model(X), model(X))


@pytest.mark.parametrize("residual", [False, True])
def test_dropout_switches_off_the_asked_share_of_hidden_units(residual: bool) -> None:
    model = MLP(3, (10_000,) if not residual else (300,) * 2, "sigmoid", dropout=0.3, residual=residual).train()
    zeros = []
    for layer in model.modules():
        if isinstance(layer, nn.Dropout):
            assert layer.p == 0.3
            layer.register_forward_hook(
                lambda _layer, _inputs, output: zeros.append((output == 0).double().mean().item())
            )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model(torch.randn(50, 3))
    assert zeros == pytest.approx([0.3] * (2 if residual else 1), abs=0.02)


def test_the_number_of_parameters_counts_matrices_biases_and_norms() -> None:
    assert n_parameters(MLP(3, (5,), normalization="layer")) == 3 * 5 + 5 + 2 * 5 + 5 + 1
    assert n_parameters(MLP(3)) == 4


def test_the_network_of_a_configuration_has_its_parts() -> None:
    keys: dict[str, Any] = {
        "hidden": [6, 6],
        "activation": "mish",
        "dropout": 0.2,
        "normalization": "batch",
        "architecture": "residual",
    }
    built, expected = build_network(3, ModelConfig(**keys)), MLP(3, (6, 6), "mish", 0.2, "batch", True)
    assert str(built) == str(expected)
    assert "Mish" in str(built)


@pytest.mark.parametrize("hidden", [(), (4, 5)])
def test_a_residual_network_needs_equal_widths(hidden: tuple[()] | tuple[int, int]) -> None:
    with pytest.raises(ConfigError, match=r"model.hidden: found \[.*equal widths.*model.architecture: mlp"):
        MLP(3, hidden, residual=True)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"activation": "rellu"}, r"model.activation: unknown activation 'rellu'.*Did you mean 'relu'"),
        ({"normalization": "lair"}, r"model.normalization: unknown normalization 'lair'.*batch, layer, none"),
    ],
)
def test_unknown_names_are_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        MLP(3, (4,), **keys)
