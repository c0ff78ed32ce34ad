"""What every activation and every normalisation must do; a new entry of a table is held to it by itself."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from formation_mlp.config.schema import ModelConfig
from formation_mlp.errors import CheckpointError
from formation_mlp.models.activations import ACTIVATIONS
from formation_mlp.models.mlp import MLP, NORMALIZATIONS
from formation_mlp.models.networks import ARCHITECTURES, build_network
from formation_mlp.models.numpy_networks import check_weights
from support.networks import network_on, smooth_problem

PARTS = [("activation", name) for name in ACTIVATIONS] + [("normalization", name) for name in NORMALIZATIONS]
KINKS = torch.tensor([0.0, 0.5, 1.0, 3.0, 20.0], dtype=torch.float64)


def away_from_kinks(n: int, d: int) -> torch.Tensor:
    """Inputs at which no activation has a kink, so that differences tell its gradient."""
    X = torch.randn(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 2
    near = (X.abs()[..., None] - KINKS).abs().min(dim=-1).values < 1e-3
    return torch.where(near, X + 0.01, X)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_keeps_shape_and_precision_and_changes_no_input(name: str) -> None:
    activation = ACTIVATIONS[name]().eval()
    for shape in ((3,), (2, 3), (0, 4), (2, 3, 4)):
        for dtype in (torch.float32, torch.float64):
            X = torch.linspace(-4, 4, 24, dtype=dtype)[: int(torch.tensor(shape).prod())].reshape(shape)
            before = X.clone()
            y = activation.to(dtype)(X)
            assert (y.shape, y.dtype) == (shape, dtype)
            assert torch.isfinite(y).all()
            assert torch.equal(X, before)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_a_function_of_one_unit_alone_and_not_linear(name: str) -> None:
    activation = ACTIVATIONS[name]().double().eval()
    X = away_from_kinks(4, 5)
    together = activation(X).detach()
    alone = torch.stack([activation(x) for x in X.flatten()]).reshape(X.shape).detach()
    torch.testing.assert_close(together, alone, rtol=1e-12, atol=1e-14)
    line = torch.linspace(-4.1, 4.1, 42, dtype=torch.float64)
    bend = activation(line[2:]) - 2 * activation(line[1:-1]) + activation(line[:-2])
    assert bend.abs().max() > 1e-3


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_gradient_of_an_activation_equals_differences(name: str) -> None:
    activation = ACTIVATIONS[name]().double().eval()
    X = away_from_kinks(4, 5).requires_grad_()
    assert torch.autograd.gradcheck(activation, (X,), atol=2e-7)  # torch keeps 1/6 of hardsigmoid in float32


@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_a_normalisation_keeps_the_shape_and_has_a_gradient(name: str) -> None:
    for mode in (True, False):
        layer = NORMALIZATIONS[name](5).double().train(mode)
        X = away_from_kinks(6, 5).requires_grad_()
        assert layer(X).shape == X.shape
        assert torch.autograd.gradcheck(layer, (X,))
    assert torch.isfinite(layer(torch.zeros(1, 5, dtype=torch.float64))).all()


@pytest.mark.parametrize("name", sorted(set(NORMALIZATIONS) - {"none"}))
def test_a_normalisation_brings_wild_inputs_to_a_common_size(name: str) -> None:
    X = torch.randn(200, 50, generator=torch.Generator().manual_seed(0)) * 1000 + 500
    y = NORMALIZATIONS[name](50).train()(X).detach()
    assert abs(y.mean().item()) < 0.01
    assert y.std().item() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(("part", "name"), PARTS)
@pytest.mark.parametrize("architecture", ["mlp", "residual"])
def test_a_network_with_the_part_learns(part: str, name: str, architecture: str) -> None:
    X, y = smooth_problem(40)
    model = {"hidden": [16, 16], "architecture": architecture, part: name}
    job = network_on(X, y, model=model, learning_rate=0.02, batch_size=20, max_epochs=30)
    history = list(job.epochs())
    assert min(record.val_loss for record in history) < 0.8 * history[0].val_loss
    assert all(torch.isfinite(value).all() for value in job.model.state_dict().values())


@pytest.mark.parametrize(("part", "name"), PARTS)
def test_a_network_with_the_part_loads_its_own_weights(part: str, name: str) -> None:
    choice: dict[str, Any] = {part: name}
    first, second = (MLP(3, (4, 4), residual=True, **choice).eval() for _ in range(2))
    with torch.no_grad():
        for parameter in first.parameters():
            parameter.add_(torch.rand(parameter.shape) * 0.1)
    second.load_state_dict(first.state_dict(), strict=True)
    X = torch.randn(5, 3)
    assert torch.equal(first(X), second(X))


@pytest.mark.parametrize(("part", "name"), PARTS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_model_file_may_hold_the_weights_of_a_network_with_the_part(part: str, name: str, architecture: str) -> None:
    keys: dict[str, Any] = {"architecture": architecture, "hidden": [4, 4], "set_width": 8, "set_heads": 2, part: name}
    config = ModelConfig(**keys)
    weights = {key: value.numpy() for key, value in build_network(3, config).state_dict().items()}
    check_weights(config, weights, 3)
    with pytest.raises(CheckpointError, match="has no place"):
        check_weights(config, weights | {"body.99.weight": weights[next(iter(weights))]}, 3)
