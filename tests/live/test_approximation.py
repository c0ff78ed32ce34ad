"""Hidden units that add up to a curve: what the browser fits is what NumPy and lesson 4's own method find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from formation_mlp.lessons.curve_fitting import damped_step
from formation_mlp.models.mlp import MLP
from live.support import Page, module
from support.paths import ROOT

element_properties = module(ROOT / "scripts" / "site" / "live_data", "element_properties")

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "relu": lambda z: np.maximum(z, 0),
    "square": np.square,
    "none": lambda z: z,
}
WIDTHS = [1, 2, 3, 8, 33, 64]
TARGETS = ["wave", "radius", "period", "own"]
DAMPING = 1e-4
FIT = """
const [name, shifts, kind, widths] = arguments;
const target = live.targets.all[name];
const {grid, fit, output, errors} = live.approximation;
const at = (s) => live.targets.value(target, shifts, s);
const y = grid.map(at);
const jumps = target.jumps.map((one) => {
  const x = live.targets.inward(target, one);
  return {x, left: at(x - 1e-9), right: at(x + 1e-9)};
});
return {grid, y, fits: widths.map((n) => {
  const layers = fit(kind, n, y);
  return {layers, output: output(kind, layers, grid), ...errors(kind, layers, y, jumps)};
})};
"""
SHIFTS = [0.5, 0.0, -0.7, 0.2, 0.0, 1.0]
Fitted = tuple[NDArray[np.float64], NDArray[np.float64], list[dict[str, Any]]]


@pytest.fixture
def fitted(scripts: Callable[..., Any]) -> Callable[..., Fitted]:
    """Return a function that fits in the browser: grid, target, and the fit of each width."""

    def run(target: str, kind: str, shifts: list[float] = SHIFTS, widths: list[int] = WIDTHS) -> Fitted:
        found = scripts(FIT, target, shifts, kind, widths)
        return np.array(found["grid"]), np.array(found["y"]), found["fits"]

    return run


def hidden(kind: str, n: int, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the units that the page promises, and a column of ones for the bias."""
    first = -1 + (2 * np.arange(n) + (kind != "relu")) / n
    weight = 1 if kind in ("square", "none") else max(4, n)
    return np.column_stack([ACTIVATIONS[kind](weight * (x[:, None] - first)), np.ones(len(x))])


def test_data_are_those_of_the_package(scripts: Callable[..., Any]) -> None:
    assert scripts("return live.data.elements") == element_properties.elements()


@pytest.mark.parametrize("kind", ACTIVATIONS)
@pytest.mark.parametrize("target", TARGETS)
def test_output_weights_are_those_of_numpy(fitted: Callable[..., Fitted], target: str, kind: str) -> None:
    x, y, fits = fitted(target, kind)
    for n, fit in zip(WIDTHS, fits, strict=True):
        A = hidden(kind, n, x)
        whole = np.vstack([A, np.sqrt(DAMPING) * np.eye(n + 1)])
        expected = np.linalg.lstsq(whole, np.append(y, np.zeros(n + 1)), rcond=None)[0]
        last = fit["layers"][1]
        np.testing.assert_allclose([*last["W"][0], *last["b"]], expected, atol=1e-6)
        np.testing.assert_allclose(fit["output"], A @ expected, atol=1e-6)
        assert fit["rms"] == pytest.approx(float(np.sqrt(np.mean((A @ expected - y) ** 2))), abs=1e-6)


@pytest.mark.parametrize(("kind", "n"), [("tanh", 12), ("relu", 40), ("sigmoid", 64)])
def test_they_are_one_step_of_the_lesson_and_a_network_of_the_package(
    fitted: Callable[..., Fitted], kind: str, n: int
) -> None:
    x, y, (fit,) = fitted("radius", kind, widths=[n])
    step = damped_step(torch.tensor(hidden(kind, n, x)), torch.tensor(y), DAMPING)
    network = MLP(1, [n], kind).double()
    first = next(part for part in network.body if isinstance(part, torch.nn.Linear))
    layers = fit["layers"]
    with torch.no_grad():
        first.weight.copy_(torch.tensor(layers[0]["W"]))
        first.bias.copy_(torch.tensor(layers[0]["b"]))
        network.head.weight.copy_(step[None, :-1])
        network.head.bias.copy_(step[-1:])
        np.testing.assert_allclose(fit["output"], network(torch.tensor(x)[:, None]).numpy(), atol=1e-6)


def test_a_part_of_the_units_follows_the_curve_as_far_as_they_stand(scripts: Callable[..., Any]) -> None:
    code = """
    const {grid, fit, output, added} = live.approximation;
    const layers = fit("relu", 8, grid.map((s) => live.targets.value(live.targets.all.wave, arguments[0], s)));
    return {whole: output("relu", layers, grid), part: output("relu", layers, grid, 4),
      last: [4, 5, 6, 7].map((k) => added("relu", layers, k, grid))};
    """
    found = {name: np.array(values) for name, values in scripts(code, SHIFTS).items()}
    np.testing.assert_allclose(found["part"] + found["last"].sum(0), found["whole"], atol=1e-9)
    np.testing.assert_allclose(found["part"][:128], found["whole"][:128], atol=1e-9)  # hinges stand further right
    assert np.abs(found["part"] - found["whole"]).max() > 0.5


def test_a_moved_point_is_on_the_curve_and_its_neighbours_stay(scripts: Callable[..., Any]) -> None:
    code = "return live.targets.places.map((s) => live.targets.shift(arguments[0], s))"
    assert scripts(code, SHIFTS) == pytest.approx(SHIFTS, abs=1e-12)
    code = "return live.approximation.grid.map((s) => live.targets.shift(arguments[0], s))"
    way = np.array(scripts(code, SHIFTS))
    assert (way[0], way[-1]) == (SHIFTS[0], SHIFTS[-1])
    assert np.abs(np.diff(way)).max() < 0.06  # no jump


def test_what_the_page_says(fitted: Callable[..., Fitted]) -> None:
    flat = [0.0] * len(SHIFTS)

    def rms(target: str, kind: str, widths: list[int]) -> list[float]:
        return [fit["rms"] for fit in fitted(target, kind, flat, widths)[2]]

    two, three = rms("wave", "tanh", [2, 3])
    assert three > two
    assert np.ptp(rms("wave", "none", [1, 2, 64])) < 1e-6
    one, *more = rms("wave", "square", [1, 2, 3, 64])
    assert np.ptp(more) < 1e-6
    assert one > more[0] > 0.3
    for kind in ("tanh", "sigmoid", "relu"):
        assert rms("wave", kind, [64])[0] < 0.005
        fits = fitted("period", kind, flat, [8, 64])[2]
        assert fits[0]["rms"] > 2 * fits[1]["rms"]
        assert all(fit["largest"] >= 0.5 for fit in fits)


@pytest.mark.parametrize("screen", ["phone", "laptop"])
def test_a_reader_bends_adds_and_chooses(open_page: Callable[..., Page], screen: str) -> None:
    from selenium.webdriver.common.keys import Keys

    page = open_page("approximation", screen)

    def height(point: str) -> float:
        return float(page.handle(point).get_attribute("aria-valuenow") or "nan")

    errors = []
    for n in (1, 4, 16, 64):
        page.slide("Hidden units", n)
        errors.append(page.number("RMS error"))
        assert page.number("weights") == 3 * n + 1
    assert errors == sorted(errors, reverse=True)
    page.labelled("Hidden units").send_keys(Keys.HOME, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert page.number("weights") == 10
    page.choose("Curve", "own")
    page.choose("Activation", "none")
    assert page.value("RMS error") == "below 0.0001"
    for point, dy in (("Point 2", -60), ("Point 5", 40)):
        page.drag(point, 0, dy)
    bent = page.number("RMS error")
    assert bent > 0.1
    assert "straight line" in page.sentence
    before = height("Point 3")
    page.handle("Point 3").send_keys(Keys.ARROW_UP)
    assert height("Point 3") == pytest.approx(before + 0.05, abs=1e-3)
    page.choose("Activation", "sigmoid")
    page.slide("Hidden units", 20)
    assert page.number("RMS error") < 0.05 < bent
    page.slide("Added up so far", 7)
    assert page.sentence.startswith("The dashed line is the sum of the first 7 units")
    assert page.all(".live-line.live-one.live-dashed")[0].get_attribute("d")
    page.press("The curve as it was")
    assert page.number("RMS error") < 0.01
    page.choose("Curve", "period")
    assert page.number("largest error") >= 0.5
