"""Gradients derived by hand with the chain rule, against autograd's, in float64."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from formation_mlp.models.mlp import MLP
from formation_mlp.typing import Array


def logistic(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


# name: value, derivative as a function of input and value
ACTIVATION: dict[str, tuple[Callable[[Array], Array], Callable[[Array, Array], Array]]] = {
    "sigmoid": (logistic, lambda _x, a: a * (1 - a)),
    "tanh": (np.tanh, lambda _x, a: 1 - a**2),
    "relu": (lambda x: np.maximum(x, 0), lambda x, _a: (x > 0).astype(float)),
}


def agree(found: dict[str, np.ndarray], model: torch.nn.Module) -> None:
    """Check gradients by hand against those of autograd: all of them, none of them zero throughout."""
    by_autograd = {name: p.grad.numpy() for name, p in model.named_parameters() if p.grad is not None}
    assert set(found) == set(by_autograd)
    for name, gradient in by_autograd.items():
        assert np.abs(gradient).max() > 1e-6, name
        np.testing.assert_allclose(found[name], gradient, rtol=0, atol=1e-10, err_msg=name)


def test_one_neuron() -> None:
    """E = (y' - y)^2 / 2 with y' = s(w x + b), so dE/dw = (y' - y) y' (1 - y') x."""
    neuron = MLP(3).double()
    x, y = np.array([0.5, -1.0, 2.0]), 0.8
    predicted = torch.sigmoid(neuron(torch.tensor(x)[None]))[0]
    ((predicted - y) ** 2 / 2).backward()

    w, b = neuron.head.weight.detach().numpy()[0], neuron.head.bias.item()
    y_ = logistic(w @ x + b)
    error_of_sum = (y_ - y) * y_ * (1 - y_)  # dE/dy' times dy'/d(w x + b)
    agree({"head.weight": (error_of_sum * x)[None], "head.bias": np.array([error_of_sum])}, neuron)


def test_one_neuron_with_cross_entropy() -> None:
    """The slope of the sigmoid cancels: dE/dw = (y' - y) x, the mean over the rows."""
    neuron = MLP(3).double()
    X, y = np.random.default_rng(0).normal(size=(6, 3)), np.array([0.0, 1, 1, 0, 1, 0])
    F.binary_cross_entropy_with_logits(neuron(torch.tensor(X)), torch.tensor(y)).backward()
    error = logistic(X @ neuron.head.weight.detach().numpy()[0] + neuron.head.bias.item()) - y
    agree({"head.weight": (error @ X)[None] / 6, "head.bias": np.array([error.mean()])}, neuron)


@pytest.mark.parametrize("activation", ACTIVATION)
def test_a_whole_mlp(activation: str) -> None:
    """Backpropagation through two hidden layers and the mean squared error."""
    act, slope = ACTIVATION[activation]
    model = MLP(4, (6, 5), activation).double()
    generator = np.random.default_rng(1)
    X, y = generator.normal(size=(9, 4)), generator.normal(size=9)
    F.mse_loss(model(torch.tensor(X)), torch.tensor(y)).backward()

    value = {name: p.detach().numpy() for name, p in model.named_parameters()}
    z1 = X @ value["body.0.weight"].T + value["body.0.bias"]
    a1 = act(z1)
    z2 = a1 @ value["body.4.weight"].T + value["body.4.bias"]
    a2 = act(z2)
    output = a2 @ value["head.weight"].T + value["head.bias"]
    d_output = 2 * (output - y[:, None]) / len(y)
    d_z2 = d_output @ value["head.weight"] * slope(z2, a2)
    d_z1 = d_z2 @ value["body.4.weight"] * slope(z1, a1)
    by_hand = {
        "head.weight": d_output.T @ a2,
        "head.bias": d_output.sum(axis=0),
        "body.4.weight": d_z2.T @ a1,
        "body.4.bias": d_z2.sum(axis=0),
        "body.0.weight": d_z1.T @ X,
        "body.0.bias": d_z1.sum(axis=0),
    }
    agree(by_hand, model)


def layer_norm(h: Array, gain: Array, shift: Array) -> tuple[Array, Array, Array]:
    spread = np.sqrt(h.var(axis=1, keepdims=True) + 1e-5)
    unit = (h - h.mean(axis=1, keepdims=True)) / spread
    return unit * gain + shift, unit, spread


def layer_norm_backward(d_out: Array, gain: Array, unit: Array, spread: Array) -> Array:
    """The mean and the spread depend on every input of the row, so two projections are taken off."""
    d_unit = d_out * gain
    along = (d_unit * unit).mean(axis=1, keepdims=True)
    d_in: Array = (d_unit - d_unit.mean(axis=1, keepdims=True) - unit * along) / spread
    return d_in


def test_a_residual_mlp_with_layer_norm() -> None:
    """A block h + W2 act(W1 norm(h) + b1) + b2 passes the gradient on by two ways, which add up."""
    act, slope = ACTIVATION["tanh"]
    model = MLP(4, (5,), "tanh", normalization="layer", residual=True).double()
    generator = np.random.default_rng(2)
    with torch.no_grad():
        for parameter in model.parameters():  # W2 and b2 start at zero, gains at one: move them away
            parameter.add_(torch.tensor(generator.normal(size=parameter.shape)) * 0.5)
    X, y = generator.normal(size=(9, 4)), generator.normal(size=9)
    F.mse_loss(model(torch.tensor(X)), torch.tensor(y)).backward()

    value = {name.replace("body.1.branch", "block"): p.detach().numpy() for name, p in model.named_parameters()}
    h0 = X @ value["body.0.weight"].T + value["body.0.bias"]
    n1, unit1, spread1 = layer_norm(h0, value["block.0.weight"], value["block.0.bias"])
    z1 = n1 @ value["block.1.weight"].T + value["block.1.bias"]
    a1 = act(z1)
    h1 = h0 + a1 @ value["block.4.weight"].T + value["block.4.bias"]
    n2, unit2, spread2 = layer_norm(h1, value["body.2.weight"], value["body.2.bias"])
    output = n2 @ value["head.weight"].T + value["head.bias"]

    d_output = 2 * (output - y[:, None]) / len(y)
    d_n2 = d_output @ value["head.weight"]
    d_h1 = layer_norm_backward(d_n2, value["body.2.weight"], unit2, spread2)
    d_z1 = d_h1 @ value["block.4.weight"] * slope(z1, a1)
    d_n1 = d_z1 @ value["block.1.weight"]
    d_h0 = d_h1 + layer_norm_backward(d_n1, value["block.0.weight"], unit1, spread1)
    by_hand = {
        "head.weight": d_output.T @ n2,
        "head.bias": d_output.sum(axis=0),
        "body.2.weight": (d_n2 * unit2).sum(axis=0),
        "body.2.bias": d_n2.sum(axis=0),
        "block.4.weight": d_h1.T @ a1,
        "block.4.bias": d_h1.sum(axis=0),
        "block.1.weight": d_z1.T @ n1,
        "block.1.bias": d_z1.sum(axis=0),
        "block.0.weight": (d_n1 * unit1).sum(axis=0),
        "block.0.bias": d_n1.sum(axis=0),
        "body.0.weight": d_h0.T @ X,
        "body.0.bias": d_h0.sum(axis=0),
    }
    agree({name.replace("block", "body.1.branch"): gradient for name, gradient in by_hand.items()}, model)
