"""Backpropagation in the browser gives the numbers of lesson 5, and of autograd."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from live.support import Page, module
from support.paths import ROOT

backpropagation = module(ROOT / "scripts" / "site" / "live_data", "backpropagation")


@pytest.fixture(scope="module")
def data(scripts: Callable[..., Any]) -> dict[str, Any]:
    found: dict[str, Any] = scripts("return live.data.backprop")
    return found


def by_autograd(layers: list[dict[str, Any]], x: list[float], y: float) -> dict[str, float]:
    """Return every number under the name that the page gives it."""
    h = torch.tensor(x, dtype=torch.float64)
    kept: dict[str, torch.Tensor] = {}
    for k, layer in enumerate(layers):
        W, b = (torch.tensor(layer[key], dtype=torch.float64, requires_grad=True) for key in ("W", "b"))
        z = W @ h + b
        h = torch.sigmoid(z)
        kept |= {f"W.{k}": W, f"b.{k}": b, f"z.{k}": z, f"h.{k}": h}
        z.retain_grad()
        h.retain_grad()
    E = (h[0] - y) ** 2 / 2
    E.backward()
    found = {"E": E.item()}
    for name, tensor in kept.items():
        assert tensor.grad is not None
        kind, number = name.split(".")
        for place in np.ndindex(*tensor.shape):
            key = ".".join([number, *map(str, place)])
            found[f"d{kind}.{key}"] = tensor.grad[place].item()
            if kind in "zh":
                found[f"{kind}.{key}"] = tensor.detach()[place].item()
    return found


def test_data_are_those_of_the_package(data: dict[str, Any]) -> None:
    made = backpropagation.start()
    assert data["networks"] == made["networks"]
    assert data["compounds"].keys() == made["compounds"].keys()
    for formula, compound in made["compounds"].items():
        assert data["compounds"][formula] == {**compound, "x": pytest.approx(compound["x"], abs=1e-8)}


@pytest.mark.parametrize("network", ["neuron", "hidden"])
def test_every_number_is_that_of_autograd(scripts: Callable[..., Any], data: dict[str, Any], network: str) -> None:
    layers = data["networks"][network]
    for compound in data["compounds"].values():
        expected = by_autograd(layers, compound["x"], compound["y"])
        code = "return live.backprop.values(arguments[0], arguments[1].x, arguments[1].y)"
        found = scripts(code, layers, compound)
        assert found == pytest.approx(expected, abs=1e-12)
        updated = scripts("return live.backprop.update(arguments[0], arguments[1], 1)", layers, found)
        for k, layer in enumerate(updated):
            for i, row in enumerate(layer["W"]):
                for j, weight in enumerate(row):
                    assert weight == pytest.approx(layers[k]["W"][i][j] - expected[f"dW.{k}.{i}.{j}"], abs=1e-12)
                assert layer["b"][i] == pytest.approx(layers[k]["b"][i] - expected[f"db.{k}.{i}"], abs=1e-12)


@pytest.mark.parametrize("network", ["neuron", "hidden"])
def test_every_number_is_found_once_and_told(scripts: Callable[..., Any], data: dict[str, Any], network: str) -> None:
    compound = data["compounds"]["MgO"]
    code = "return live.backprop.steps(arguments[0], arguments[1].x, arguments[1].y)"
    worked = scripts(code, data["networks"][network], compound)
    keys = [key for step in worked["steps"] for key in step["keys"]]
    assert sorted(keys) == sorted(worked["known"])
    for step in worked["steps"][1:]:
        results = [float(line.rpartition("= ")[2].replace("−", "-")) for line in step["lines"]]
        assert results == pytest.approx([worked["known"][key] for key in step["keys"]], abs=5.1e-5)
    phases = [step["phase"] for step in worked["steps"]]
    assert phases == sorted(phases, key=["start", "forward", "backward"].index)


def test_a_reader_goes_forwards_and_backwards(open_page: Callable[..., Page], data: dict[str, Any]) -> None:
    from selenium.webdriver.common.keys import Keys

    page = open_page("backprop")
    expected = by_autograd(data["networks"]["neuron"], data["compounds"]["MgO"]["x"], 1)

    def drawn() -> dict[str, float]:
        texts = {one.get_attribute("data-key") or "": one.text for one in page.all(".live-graph [data-key]")}
        return {key: float(text.rpartition("= ")[2].replace("−", "-")) for key, text in texts.items()}

    assert drawn() == {}
    page.press("Next")
    assert list(drawn()) == ["z.0.0"]
    page.press("To the error")
    assert page.number("E") == pytest.approx(expected["E"], abs=5.1e-5)
    assert not any(key.startswith("d") for key in drawn())
    page.press("Next")
    assert "dh.0.0" in drawn()
    page.labelled("Step").send_keys(Keys.END)
    shown = drawn()
    assert shown == pytest.approx({key: expected[key] for key in shown}, abs=5.1e-5)
    assert {"dW.0.0.0", "dW.0.0.1", "dz.0.0"} <= shown.keys()
    before = page.number("E")
    page.press("Update the weights")
    assert drawn() == {}
    page.press("To the error")
    assert page.number("E") < before
    assert page.value("updates") == "1"
    page.choose("Network", "hidden")
    page.choose("Compound", "GaAs")
    page.press("To the end")
    assert page.value("updates") == "0"
    expected = by_autograd(data["networks"]["hidden"], data["compounds"]["GaAs"]["x"], 0)
    shown = drawn()
    assert shown == pytest.approx({key: expected[key] for key in shown}, abs=5.1e-5)
    assert len([key for key in shown if key.startswith("dW")]) == 6


@pytest.mark.parametrize("screen", ["phone", "laptop"])
@pytest.mark.parametrize("where", ["open_page", "open_file"])
def test_numbers_of_the_graph_do_not_hide_one_another(request: pytest.FixtureRequest, where: str, screen: str) -> None:
    page: Page = request.getfixturevalue(where)("backprop", screen)
    page.choose("Network", "hidden")
    page.press("To the end")
    assert page.overlapping(".live-graph text") == []
    texts = page.all(".live-graph text")
    assert not [one.text for one in texts if not re.search(r"= −?\d", one.text)]
    outside = page.run(
        "const within = (inner, outer) => inner.left >= outer.left && inner.right <= outer.right;"
        "const box = (one) => one.getBoundingClientRect();"
        "return [...document.querySelectorAll('.live-graph text')].filter((one) =>"
        "  !within(box(one), box(one.parentNode.querySelector('rect') ?? one.closest('svg'))))"
        "  .map((one) => one.textContent)"
    )
    assert outside == []
