"""The network with hidden units: what the browser computes and learns is what torch does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from live.support import Page, module
from support.browser import prefer
from support.paths import ROOT

compounds = module(ROOT / "scripts" / "site" / "live_data", "compounds")

RUN = """
const data = live.data.pairs;
const X = data.x.map((x) => x.map((value, j) => (value - data.centre[j]) / data.scale[j]));
let layers = arguments[0] ?? data.layers;
let velocity = live.network.zeros(layers);
const [start, losses] = [layers, []];
for (let i = 0; i < arguments[1]; i++) {
  const {loss, gradient} = live.network.evaluate(layers, X, data.y);
  losses.push(loss);
  ({layers, velocity} = live.network.step(layers, gradient, velocity, 3, 0.9));
}
return {start, layers, losses, last: live.network.evaluate(layers, X, data.y)};
"""


def tensors(layers: list[dict[str, Any]]) -> list[Tensor]:
    return [torch.tensor(layer[key], dtype=torch.float64, requires_grad=True) for layer in layers for key in ("W", "b")]


def logits(parameters: list[Tensor], x: Tensor) -> Tensor:
    W, b, v, c = parameters
    return (torch.sigmoid(x @ W.T + b) @ v.T + c)[:, 0]


@pytest.fixture(scope="module")
def rows(scripts: Callable[..., Any]) -> tuple[Tensor, Tensor]:
    data = scripts("return live.data.pairs")
    x = (np.array(data["x"]) - data["centre"]) / data["scale"]
    return torch.tensor(x), torch.tensor(data["y"], dtype=torch.float64)


@pytest.mark.parametrize(("units", "seed"), [(1, 3), (2, 1), (3, 7)])
def test_learning_is_that_of_torch(
    scripts: Callable[..., Any], rows: tuple[Tensor, Tensor], units: int, seed: int
) -> None:
    start = scripts("return live.random.layers(arguments[0], arguments[1])", units, seed)
    found = scripts(RUN, start, 15)
    parameters = tensors(found["start"])
    optimizer = torch.optim.SGD(parameters, lr=3, momentum=0.9)
    losses = []
    for _ in range(15):
        optimizer.zero_grad()
        loss = binary_cross_entropy_with_logits(logits(parameters, rows[0]), rows[1])
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    np.testing.assert_allclose(found["losses"], losses, atol=1e-6)
    for expected, value in zip(tensors(found["layers"]), parameters, strict=True):
        np.testing.assert_allclose(value.detach().numpy(), expected.detach().numpy(), atol=1e-6)
    assert losses[-1] < losses[0]


def test_random_starts_repeat_and_differ(scripts: Callable[..., Any]) -> None:
    first, again, other = (scripts("return live.random.layers(2, arguments[0])", seed) for seed in (1, 1, 2))
    assert first == again != other
    values = scripts("const next = live.random.generator(5); return Array.from({length: 4000}, next)")
    assert 0 <= min(values) < max(values) < 1
    assert np.mean(values) == pytest.approx(0.5, abs=0.02)


@pytest.mark.slow
def test_data_are_those_of_the_package(scripts: Callable[..., Any], rows: tuple[Tensor, Tensor]) -> None:
    """Trained weights may differ between processors; how good they are may not."""
    shown, made = scripts("return live.data.pairs"), compounds.pairs()
    assert shown["formulas"] == made["formulas"]
    for key in ("x", "y", "centre", "scale"):
        np.testing.assert_allclose(shown[key], made[key], atol=2e-6)
    losses = [
        binary_cross_entropy_with_logits(logits(tensors(data["layers"]), rows[0]), rows[1]).item()
        for data in (shown, made)
    ]
    assert losses[0] == pytest.approx(losses[1], abs=0.01)


def test_the_network_of_the_lesson(scripts: Callable[..., Any], rows: tuple[Tensor, Tensor]) -> None:
    last = scripts(RUN, None, 0)["last"]
    z = logits(tensors(scripts("return live.data.pairs.layers")), rows[0])
    assert last["loss"] == pytest.approx(binary_cross_entropy_with_logits(z, rows[1]).item(), abs=1e-9)
    assert last["accuracy"] == pytest.approx(float(((z >= 0) == (rows[1] == 1)).double().mean()))


def test_a_reader_bends_and_trains(open_page: Callable[..., Page], request: pytest.FixtureRequest) -> None:
    from selenium.webdriver.support.wait import WebDriverWait

    page = open_page("pairs")
    trained = page.number("accuracy")
    assert trained > 0.9
    page.drag("Line of hidden unit 1", 60, 90)  # into the middle of the weakly bound ones
    assert page.number("accuracy") < trained - 0.02
    page.drag("Weights of hidden unit 2", 30, -40)
    page.press("The network of lesson 2")
    assert page.number("accuracy") == trained
    page.slide("Output weight v₂", 0)
    assert page.number("accuracy") < 0.87
    assert len(page.all(".live-slider:not([hidden])")) == 3

    def learned() -> float:
        page.press("Learn 200 steps")
        WebDriverWait(page.browser, 120).until(
            lambda _: [one for one in page.all(".live button") if one.text == "Learn 200 steps"]
        )
        return page.number("accuracy")

    page.choose("Hidden units", "1")
    assert len(page.all(".live-slider:not([hidden])")) == 2
    assert learned() < 0.88  # with its picture after every fourth step
    request.addfinalizer(lambda: prefer(page.browser, ""))
    prefer(page.browser, "reduce", "prefers-reduced-motion")
    page.press("Another random start")
    assert learned() < 0.88
    page.choose("Hidden units", "2")
    assert max(learned(), learned()) > 0.9
