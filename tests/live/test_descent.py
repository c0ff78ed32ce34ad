"""The losses over two weights, and the paths on them, are those of torch."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from live.support import Page

PATH = """
const [name, start, rate, momentum, n] = arguments;
const surface = live.surfaces.make[name](name === "two" ? live.data.valleys : live.data.boundary);
const points = live.surfaces.path(surface, start ?? surface.start, rate, momentum, n);
const low = surface.at(...surface.minima[0])[0];
return {points, slope: surface.at(...points.at(-1)), above: points.map((one) => surface.at(...one)[0] - low)};
"""


def losses(scripts: Callable[..., Any], name: str) -> Callable[[Tensor], Tensor]:
    """Return the loss of a surface, in torch."""
    data = scripts("return live.data[arguments[0]]", "valleys" if name == "two" else "boundary")
    tensors = {key: torch.tensor(value, dtype=torch.float64) for key, value in data.items() if key != "formulas"}
    y = tensors["y"]
    if name == "two":
        d, t, v, c = (tensors[key] for key in "dtvc")
        return lambda w: binary_cross_entropy_with_logits(v * torch.sigmoid(d[:, None] * w + t).sum(1) + c, y)
    x, b = tensors["x"], tensors["b"]
    centre, scale, W = (tensors[key] for key in ("centre", "scale", "W"))
    if name == "bowl":
        return lambda w: binary_cross_entropy_with_logits(((x - centre) / scale) @ w + b, y)
    return lambda w: binary_cross_entropy_with_logits(x @ w + b - (W / scale) @ centre, y)


@pytest.mark.parametrize("name", ["bowl", "valley", "two"])
@pytest.mark.parametrize(("rate", "momentum"), [(0.5, 0.0), (2.0, 0.8)])
def test_steps_are_those_of_torch(scripts: Callable[..., Any], name: str, rate: float, momentum: float) -> None:
    start = [0.5, 2.0]
    found = scripts(PATH, name, start, rate, momentum, 40)
    loss = losses(scripts, name)
    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=rate, momentum=momentum)
    points = [w.detach().numpy().copy()]
    for _ in range(40):
        optimizer.zero_grad()
        loss(w).backward()
        optimizer.step()
        points.append(w.detach().numpy().copy())
    np.testing.assert_allclose(found["points"], points, atol=1e-6)
    optimizer.zero_grad()
    value = loss(w)
    value.backward()
    assert w.grad is not None
    np.testing.assert_allclose(found["slope"], [value.item(), *w.grad.tolist()], atol=1e-6)


@pytest.mark.parametrize("name", ["bowl", "valley", "two"])
def test_the_green_dots_are_minima(scripts: Callable[..., Any], name: str) -> None:
    code = """
    const surface = live.surfaces.make[arguments[0]](live.data[arguments[0] === "two" ? "valleys" : "boundary"]);
    return surface.minima.map((one) => surface.at(...one));
    """
    values = np.array(scripts(code, name))
    assert np.ptp(values[:, 0]) < 1e-12
    assert np.abs(values[:, 1:]).max() < 1e-4


def test_the_page_says_what_happens(scripts: Callable[..., Any]) -> None:
    """The numbers of the exercises."""

    def first(name: str, rate: float, momentum: float = 0.0) -> int | None:
        above = scripts(PATH, name, None, rate, momentum, 200)["above"]
        return next((i for i, value in enumerate(above) if value < 1e-4), None)

    assert (first("bowl", 20), first("valley", 3), first("valley", 5)) == (11, 46, None)
    assert first("valley", 5, 0.5) == 8
    assert scripts(PATH, "bowl", None, 30, 0, 200)["above"][-1] > 0.01


def test_a_reader_moves_start_rate_and_momentum(open_page: Callable[..., Page]) -> None:
    page = open_page("descent")
    page.slide("Steps", 0)
    at_start = page.number("loss E")
    page.press("One more step")
    after_one = page.number("loss E")
    assert after_one < at_start
    page.slide("Learning rate", math.log10(20))
    page.slide("Steps", 11)
    assert "at its minimum" in page.sentence
    page.choose("Loss", "two")
    page.slide("Learning rate", math.log10(0.5))
    page.slide("Momentum", 0.5)
    page.slide("Steps", 200)
    left = page.number("w₁")
    page.drag("Start", 180, 250)  # to the other side of the diagonal
    assert left < 0 < page.number("w₁")
    assert "at its minimum" in page.sentence
    page.slide("Learning rate", 1.7)
    assert "at its minimum" not in page.sentence
