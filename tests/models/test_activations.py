"""Each activation against its formula and derivative, written once more in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from formation_mlp.models.activations import ACTIVATIONS
from formation_mlp.typing import Array

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
RRELU_MEAN = 11 / 48


def logistic(x: Array) -> Any:
    return 1 / (1 + np.exp(-x))


def gelu(x: Array) -> Any:
    return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def gelu_slope(x: Array) -> Any:
    t = np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))
    return (1 + t) / 2 + x / 2 * (1 - t**2) * np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x**2)


def mish_slope(x: Array) -> Any:
    t = np.tanh(np.log1p(np.exp(x)))
    return t + x * (1 - t**2) * logistic(x)


# name: formula, derivative (at a kink: the side torch takes), kinks
CASES: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array], list[float]]] = {
    "relu": (lambda x: np.where(x > 0, x, 0), lambda x: np.where(x > 0, 1, 0), [0]),
    "gelu": (gelu, gelu_slope, []),
    "prelu": (lambda x: np.where(x > 0, x, 0.25 * x), lambda x: np.where(x > 0, 1, 0.25), [0]),
    "elu": (lambda x: np.where(x > 0, x, np.exp(x) - 1), lambda x: np.where(x > 0, 1, np.exp(x)), [0]),
    "swish": (lambda x: x * logistic(x), lambda x: logistic(x) * (1 + x * (1 - logistic(x))), []),
    "selu": (
        lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * (np.exp(x) - 1)),
        lambda x: SELU_SCALE * np.where(x > 0, 1, SELU_ALPHA * np.exp(x)),
        [0],
    ),
    "softplus": (
        lambda x: np.where(x > 20, x, np.log(1 + np.exp(x))),
        lambda x: np.where(x > 20, 1, logistic(x)),
        [20],
    ),
    "mish": (lambda x: x * np.tanh(np.log(1 + np.exp(x))), mish_slope, []),
    "rrelu": (lambda x: np.where(x >= 0, x, RRELU_MEAN * x), lambda x: np.where(x > 0, 1, RRELU_MEAN), [0]),
    "hardswish": (
        lambda x: np.where(x <= -3, 0, np.where(x >= 3, x, x * (x + 3) / 6)),
        lambda x: np.where(x <= -3, 0, np.where(x >= 3, 1, x / 3 + 0.5)),
        [-3, 3],
    ),
    "sigmoid": (logistic, lambda x: logistic(x) * (1 - logistic(x)), []),
    "softsign": (lambda x: x / (1 + np.abs(x)), lambda x: 1 / (1 + np.abs(x)) ** 2, [0]),
    "tanh": (
        lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)),
        lambda x: 4 / (np.exp(x) + np.exp(-x)) ** 2,
        [],
    ),
    "hardtanh": (
        lambda x: np.where(x < -1, -1, np.where(x > 1, 1, x)),
        lambda x: np.where(np.abs(x) < 1, 1, 0),
        [-1, 1],
    ),
    "hardsigmoid": (
        lambda x: np.where(x <= -3, 0, np.where(x >= 3, 1, x / 6 + 0.5)),
        lambda x: np.where(np.abs(x) < 3, 1 / 6, 0),
        [-3, 3],
    ),
    "tanhshrink": (lambda x: x - np.tanh(x), lambda x: np.tanh(x) ** 2, []),
    "softshrink": (
        lambda x: np.where(x > 0.5, x - 0.5, np.where(x < -0.5, x + 0.5, 0)),
        lambda x: np.where(np.abs(x) > 0.5, 1, 0),
        [-0.5, 0.5],
    ),
    "hardshrink": (
        lambda x: np.where(np.abs(x) > 0.5, x, 0),
        lambda x: np.where(np.abs(x) > 0.5, 1, 0),
        [-0.5, 0.5],
    ),
}
SMOOTH_POINTS = [-25, -7, -4, -2.2, -0.7, -0.3, -1e-3, 1e-3, 0.3, 0.7, 2.2, 4, 7, 25]


def evaluated(name: str, points: Array | list[float]) -> tuple[Array, Array]:
    """Value and gradient of the activation in evaluation mode, in float64."""
    x = torch.tensor(points, dtype=torch.float64, requires_grad=True)
    y = ACTIVATIONS[name]().double().eval()(x)
    y.sum().backward()
    assert x.grad is not None
    return y.detach().numpy(), x.grad.numpy()


def test_the_table_has_the_eighteen_names() -> None:
    assert set(ACTIVATIONS) == set(CASES)
    assert len(ACTIVATIONS) == 18


@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient_equal_the_formula_on_every_branch_and_boundary(name: str) -> None:
    formula, derivative, kinks = CASES[name]
    points = np.array([0.0, *SMOOTH_POINTS, *(k + d for k in kinks for d in (-0.125, 0, 0.125))])
    y, gradient = evaluated(name, points)
    np.testing.assert_allclose(y, formula(points), rtol=1e-12, atol=1e-14)
    rtol = 1e-7 if name == "hardsigmoid" else 1e-10  # torch keeps its 1/6 in float32
    np.testing.assert_allclose(gradient, derivative(points), rtol=rtol, atol=1e-14)


@pytest.mark.parametrize("name", CASES)
def test_gradient_equals_central_differences_away_from_kinks(name: str) -> None:
    step = 1e-5
    points = np.array(SMOOTH_POINTS)
    right, _ = evaluated(name, points + step)
    left, _ = evaluated(name, points - step)
    np.testing.assert_allclose(evaluated(name, points)[1], (right - left) / (2 * step), rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", CASES)
def test_large_float32_inputs_stay_finite(name: str) -> None:
    x = torch.tensor([[-1e4, -100.0], [100.0, 1e4]], requires_grad=True)
    y = ACTIVATIONS[name]()(x)
    y.sum().backward()
    assert y.shape == x.shape
    assert torch.isfinite(y).all()
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()


def test_only_prelu_learns_and_its_one_slope_is_shared_and_its_own() -> None:
    learned = {name: list(build().parameters()) for name, build in ACTIVATIONS.items()}
    assert [name for name, parameters in learned.items() if parameters] == ["prelu"]
    assert learned["prelu"][0].tolist() == [0.25]
    assert ACTIVATIONS["prelu"]() is not ACTIVATIONS["prelu"]()


def test_prelu_slope_gradient_is_the_sum_of_the_negative_inputs() -> None:
    prelu = ACTIVATIONS["prelu"]()
    prelu(torch.tensor([[-1.0, 2.0], [-3.0, 0.0]])).sum().backward()
    gradient = prelu.get_parameter("weight").grad
    assert gradient is not None
    assert gradient.item() == -4.0


def test_rrelu_draws_a_slope_per_input_in_training_and_none_in_evaluation() -> None:
    rrelu = ACTIVATIONS["rrelu"]()
    x = torch.full((4000,), -1.0, requires_grad=True)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        y = rrelu.train()(x)
    y.sum().backward()
    slope = x.grad
    assert slope is not None
    torch.testing.assert_close(y.detach(), -slope)
    assert 1 / 8 <= slope.min() < 0.13
    assert 0.33 < slope.max() <= 1 / 3
    assert slope.mean().item() == pytest.approx(RRELU_MEAN, abs=0.005)
    assert rrelu.eval()(x).unique().tolist() == pytest.approx([-RRELU_MEAN])


def test_gelu_is_the_tanh_form_not_the_exact_one() -> None:
    x = torch.tensor([2.0], dtype=torch.float64)
    assert abs(ACTIVATIONS["gelu"]()(x) - nn.GELU()(x)).item() > 1e-5
