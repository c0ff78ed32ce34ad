"""The activations in the browser are those of the package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from formation_mlp.models.activations import ACTIVATIONS
from live.support import Page

X = np.concatenate([np.linspace(-25, 25, 401), [-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0]])
VARIED: dict[str, tuple[Callable[[float], nn.Module], float]] = {
    "elu": (nn.ELU, 1.7),
    "softplus": (lambda beta: nn.Softplus(beta, threshold=1000), 2.5),
    "softshrink": (nn.Softshrink, 1.25),
    "hardshrink": (nn.Hardshrink, 1.25),
    "prelu": (lambda a: nn.PReLU(init=a), 0.6),
}


def value_and_slope(module: nn.Module) -> tuple[np.ndarray, np.ndarray]:
    x = torch.tensor(X, requires_grad=True)
    y = module.double().eval()(x)
    y.sum().backward()
    assert x.grad is not None
    return y.detach().numpy(), x.grad.numpy()


def in_browser(scripts: Callable[..., Any], name: str, parameter: float | None = None) -> np.ndarray:
    code = """
    const [name, xs, parameter] = arguments;
    const {at, parameter: own} = live.activations[name];
    return xs.map((x) => at(x, parameter ?? own?.value));
    """
    return np.array(scripts(code, name, X.tolist(), parameter)).T


def test_the_same_eighteen_names(scripts: Callable[..., Any]) -> None:
    assert scripts("return Object.keys(live.activations)") == list(ACTIVATIONS)


@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_value_and_derivative(scripts: Callable[..., Any], name: str) -> None:
    value, slope = value_and_slope(ACTIVATIONS[name]())
    found = in_browser(scripts, name)
    np.testing.assert_allclose(found[0], value, atol=5e-9)  # softplus is x above 20 in torch
    np.testing.assert_allclose(found[1], slope, atol=1e-8)  # torch has 1/6 of hardsigmoid in single precision


@pytest.mark.parametrize("name", list(VARIED))
def test_another_parameter(scripts: Callable[..., Any], name: str) -> None:
    make, parameter = VARIED[name]
    value, slope = value_and_slope(make(parameter))
    found = in_browser(scripts, name, parameter)
    np.testing.assert_allclose(found[0], value, atol=1e-7)
    np.testing.assert_allclose(found[1], slope, atol=1e-7)


def test_a_reader_chooses_slides_and_drags(open_page: Callable[..., Page]) -> None:
    page = open_page("activations")
    page.choose("Activation", "tanh")
    page.slide("Input x", 0.5)
    assert page.number("value") == pytest.approx(np.tanh(0.5), abs=1e-4)
    assert page.number("derivative") == pytest.approx(1 - np.tanh(0.5) ** 2, abs=1e-4)
    page.drag("Point on the graph", 90, 0)
    assert page.number("x") > 1
    assert page.number("value") == pytest.approx(np.tanh(page.number("x")), abs=1e-4)
    page.choose("Activation", "prelu")
    page.slide("Input x", -2)
    page.slide("Parameter a", 0.5)
    assert (page.number("value"), page.number("derivative")) == (-1.0, 0.5)
    assert "a is learned" in page.sentence
