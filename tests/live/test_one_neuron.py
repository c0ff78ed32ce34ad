"""The neuron of lesson 1 in the browser: its data, its loss, its gradient and its scores are those of the package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from formation_mlp.targets.metrics import classification_scores
from live.support import Page, module
from support.paths import ROOT

compounds = module(ROOT / "scripts" / "site" / "live_data", "compounds")
WEIGHTS = [(-1.0, 1.0, 0.0), (2.891856, 0.80524, -1.554504), (8.0, -8.0, 5.0)]


@pytest.fixture(scope="module")
def data(scripts: Callable[..., Any]) -> dict[str, Any]:
    found: dict[str, Any] = scripts("return live.data.boundary")
    return found


@pytest.mark.parametrize("name", ["boundary", "threshold"])
def test_data_are_those_of_the_package(scripts: Callable[..., Any], name: str) -> None:
    shown, made = scripts("return live.data[arguments[0]]", name), getattr(compounds, name)()
    assert shown.keys() == made.keys()
    for key, values in made.items():
        if key == "formulas":
            assert shown[key] == values
        else:
            np.testing.assert_allclose(shown[key], values, atol=2e-6)


def test_the_weights_are_at_the_minimum(data: dict[str, Any]) -> None:
    x = (np.array(data["x"]) - data["centre"]) / data["scale"]
    error = 1 / (1 + np.exp(-(x @ data["W"] + data["b"]))) - data["y"]
    assert np.abs(np.append(x.T @ error, error.sum())).max() / len(x) < 1e-5


@pytest.mark.parametrize("weights", WEIGHTS)
def test_loss_and_gradient(scripts: Callable[..., Any], data: dict[str, Any], weights: tuple[float, ...]) -> None:
    code = """
    const data = live.data.boundary;
    const X = data.x.map((x) => x.map((value, j) => (value - data.centre[j]) / data.scale[j]));
    const {loss, accuracy, gradient} =
      live.network.evaluate([{W: [arguments[0].slice(0, 2)], b: [arguments[0][2]]}], X, data.y);
    return [loss, accuracy, ...gradient[0].W[0], gradient[0].b[0]];
    """
    loss, accuracy, *gradient = scripts(code, list(weights))
    x = torch.tensor((np.array(data["x"]) - data["centre"]) / data["scale"])
    y = torch.tensor(data["y"], dtype=torch.float64)
    wb = torch.tensor(weights, dtype=torch.float64, requires_grad=True)
    z = x @ wb[:2] + wb[2]
    expected = binary_cross_entropy_with_logits(z, y)
    expected.backward()
    assert wb.grad is not None
    assert loss == pytest.approx(expected.item(), rel=1e-9)
    assert accuracy == pytest.approx(float(((z >= 0) == (y == 1)).double().mean()))
    np.testing.assert_allclose(gradient, wb.grad.numpy(), atol=1e-9)


@pytest.mark.parametrize("threshold", [0.0, 0.03, 0.3, 0.5, 0.77, 1.0])
def test_scores_of_a_threshold(scripts: Callable[..., Any], threshold: float) -> None:
    data = scripts("return live.data.threshold")
    found = scripts("return live.scores(live.data.threshold.p, live.data.threshold.y, arguments[0])", threshold)
    expected = classification_scores(np.array(data["y"], float), np.array(data["p"]), threshold)
    for name in ("accuracy", "precision", "recall", "F1"):
        assert found[name] == pytest.approx(expected[name], abs=1e-9)
    assert found["TP"] + found["FP"] + found["FN"] + found["TN"] == len(data["y"])


def test_a_reader_drags_the_boundary_and_its_weights(open_page: Callable[..., Page]) -> None:
    page = open_page("boundary")
    weights = [page.labelled(f"Weight w{i}").get_attribute("value") for i in "₁₂"]
    accuracy, bias = page.number("accuracy"), page.labelled("Bias").get_attribute("value")
    page.drag("Boundary", 60, 0)
    assert [page.labelled(f"Weight w{i}").get_attribute("value") for i in "₁₂"] == weights
    assert page.labelled("Bias").get_attribute("value") != bias
    page.drag("Weights", 160, 60)  # turned round: strongly bound is now on the right
    assert page.number("accuracy") > accuracy + 0.2
    assert float(page.labelled("Weight w₁").get_attribute("value") or 0) > 0


def test_a_reader_lets_the_neuron_learn(open_page: Callable[..., Page], data: dict[str, Any]) -> None:
    page = open_page("boundary")
    losses = [page.number("loss E")]
    for button in ("One step downhill", "50 steps", "The minimum"):
        page.press(button)
        losses.append(page.number("loss E"))
    assert losses == sorted(losses, reverse=True)
    x = (np.array(data["x"]) - data["centre"]) / data["scale"]
    z = x @ data["W"] + data["b"]
    assert losses[-1] == pytest.approx(np.mean(np.logaddexp(0, z) - data["y"] * z), abs=1e-4)
    page.slide("Weight w₁", 0)
    page.slide("Weight w₂", 0)
    page.slide("Bias", 0)
    assert page.number("loss E") == pytest.approx(np.log(2), abs=1e-4)
    page.choose("Compound", "TiB2")
    assert page.sentence.startswith("TiB₂: z = 0.00, so ŷ = 0.500")


def test_what_the_page_asks_for_can_be_found(scripts: Callable[..., Any]) -> None:
    code = """
    const {p, y} = live.data.threshold;
    return Array.from({length: 101}, (_, i) => live.scores(p, y, i / 100));
    """
    found = scripts(code)
    assert {row["TP"] + row["FN"] for row in found} == {134}
    assert max(row["precision"] for row in found) > 0.95
    assert found[0]["recall"] == 1.0
    assert (found[100]["TP"], found[100]["FP"]) == (0, 0)
    assert found[100]["accuracy"] > 0.6


def test_a_reader_moves_the_threshold(open_page: Callable[..., Page]) -> None:
    page = open_page("threshold")
    recall = page.number("recall")
    page.drag("Threshold", -100, 0)
    assert page.number("recall") > recall
    assert float(page.labelled("Threshold").get_attribute("value") or 1) < 0.4
    page.slide("Threshold", 1)
    assert (page.number("recall"), page.value("TP")) == (0.0, "0\ntrue positive (TP)")
