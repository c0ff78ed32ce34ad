"""The page of a phase diagram: what it holds, and what it does not need."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from formation_mlp.figures.phase_page import phase_page
from formation_mlp.hulls.phase_points import PhasePoints
from support.browser import SCREENS, complaints, overflowing, visit
from support.commands import Outcome

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

SEEN = """
const gd = document.querySelector(".plotly-graph-div");
const origin = gd.getBoundingClientRect();
const box = (element) => {
  const { left, top, right, bottom } = element.getBoundingClientRect();
  return [left - origin.left, top - origin.top, right - origin.left, bottom - origin.top];
};
const { xaxis, yaxis } = gd._fullLayout;
const texts = [...gd.querySelectorAll(".annotation-text-g")];
return {
  marks: [...gd.querySelectorAll(".scatterlayer .point")].map(box),
  names: (gd.layout.annotations || []).map((one, i) => ({
    text: texts[i].textContent.replace(/[^ -~]/g, ""), // plotly adds spaces without width
    box: box(texts[i]),
    at: [xaxis._offset + xaxis.l2p(one.x), yaxis._offset + yaxis.l2p(one.y)],
    joined: one.arrowcolor !== "rgba(0,0,0,0)",
  })),
};
"""
"""JavaScript: the marks and names of a flat diagram in pixels, and whether a line joins a name to its mark."""

Command = Callable[..., Outcome]


def points(k: int) -> PhasePoints:
    """Return four compounds of ``k`` elements: two on the hull, one above it, one below the hull of others."""
    shares = np.array([[1, 1, 1, 1], [3, 1, 1, 1], [1, 3, 1, 1], [2, 1, 1, 2]], np.float64)[:, :k]
    return PhasePoints(
        elements=["Li", "Fe", "P", "O"][:k],
        fractions=shares / shares.sum(axis=1, keepdims=True),
        energies=np.array([-2.0, -1.2, -0.5, -1.9]),
        formulas=["AB", "A3B", "AB3", "A<2>B"],
        distance=np.array([-0.4, -0.1, 0.5, -0.05]),
        low=np.array([-0.5, np.nan, 0.4, np.nan]),
        high=np.array([-0.3, np.nan, 0.6, np.nan]),
        on_hull=np.array([True, True, False, False]),
        products=["1 A + 1 B", "", "1 AB + 2 B", "1 AB"],
        title="A & B",
        known=np.array([True, False, False, False]),
        chance=np.array([0.9, 0.4, 0.01, np.nan]),
    )


def traces(page: str) -> list[dict[str, Any]]:
    """Return what plotly is asked to draw."""
    start = page.index("[", page.rindex("Plotly.newPlot("))
    found, _ = json.JSONDecoder().raw_decode(page, start)
    return list(found)


@pytest.mark.parametrize(("k", "kind"), [(2, "scatter"), (3, "scatter"), (4, "scatter3d")])
def test_a_page_shows_every_compound_once_with_what_is_known_of_it(k: int, kind: str) -> None:
    page = phase_page(points(k))
    drawn = traces(page)
    assert {trace["type"] for trace in drawn} == {kind}
    told = {trace["name"]: trace["hovertext"] for trace in drawn if "name" in trace and "hovertext" in trace}
    assert list(told) == ["new, above it", "below that hull", "known, on the hull", "new, on the hull"]
    legend = {trace["name"] for trace in drawn if "hovertext" not in trace and trace.get("showlegend", True)}
    assert legend == {*told, "tie lines", "size: p_stable 0.1", "size: p_stable 0.9"}
    assert told["known, on the hull"] == [
        "<b>AB</b><br>energy -2.000 eV/atom<br>distance to the hull -400 meV/atom (-500 to -300)<br>p_stable 0.900"
        "<br>known<br>products: A<br>  + B"
    ]
    assert told["new, on the hull"][0].startswith("<b>A<sub>3</sub>B</b>")
    assert "A&lt;<sub>2</sub>&gt;B" in told["below that hull"][0]
    assert "p_stable" not in told["below that hull"][0]
    assert sum(map(len, told.values())) == 4


def test_a_page_needs_no_network() -> None:
    page = phase_page(points(3))
    assert not re.search(r"<(script|link|img)[^>]*(src|href)=", page)
    assert "<title>A &amp; B</title>" in page


def test_a_page_shows_warnings_first_and_what_else_is_said_last() -> None:
    page = phase_page(replace(points(3), said=("warning: no <known> phase", "stable: yes from 0.42 on")))
    warning, heading = page.index('<p class="warning">Warning: no &lt;known&gt; phase</p>'), page.index("<h1>")
    assert heading < warning < page.index("Point at a compound") < page.index("<p>Stable: yes from 0.42 on</p>")
    assert 'class="warning"' not in phase_page(points(3))


def test_a_page_writes_products_as_chemists_do_and_says_the_trust() -> None:
    told = replace(points(3), products=["0.333333 A + 1.5 B", "", "", ""], trust=["high", "", "", ""])
    page = phase_page(told)
    assert (
        "products: 1\\u002f3 A\\u003cbr\\u003e  + 3\\u002f2 B" in page
        or "products: 1/3 A\\u003cbr\\u003e  + 3/2 B" in page
    )
    assert page.count("trust in the prediction: high") == 1


def test_compounds_on_the_hull_are_named_below_the_diagram_too() -> None:
    _, _, below = phase_page(points(3)).rpartition("</div>")
    assert re.findall("<p>(.*)</p>", below) == [
        "Known compounds on the hull: AB.",
        "New compounds on the hull: A<sub>3</sub>B (p_stable 0.40).",
        "Below that hull: A&lt;<sub>2</sub>&gt;B.",
    ]


def crowd(k: int, n: int = 60) -> PhasePoints:
    """Return compounds so near to one another that there is no room for all names."""
    rng = np.random.default_rng(0)
    return PhasePoints(
        elements=["Li", "Fe", "P", "O"][:k],
        fractions=rng.dirichlet(np.full(k, 9.0), n),
        energies=rng.uniform(-2, -1, n),
        formulas=[f"Li{i}Fe{i}O{i}" for i in range(n)],
        distance=np.where(np.arange(n) < 20, -0.1, 0.05),
        low=np.full(n, np.nan),
        high=np.full(n, np.nan),
        on_hull=np.arange(n) < 20,
        products=[""] * n,
        title="crowd",
        known=np.arange(n) % 2 == 0,
        chance=rng.uniform(0, 1, n),
    )


def settled(browser: Chrome, script: str) -> Any:
    """Return what a script returns once the names have been written, and written again after the last change."""
    before = None
    for _ in range(100):
        seen = browser.execute_async_script(f"setTimeout(() => arguments[0]((() => {{ {script} }})()), 150)")
        if seen == before:
            return seen
        before = seen
    raise AssertionError("names are written again and again")


def gap(box: list[float], other: list[float]) -> float:
    """Return how far two boxes are from each other, zero if they touch."""
    a, b = np.array(box), np.array(other)
    return float(np.hypot(*np.maximum(np.maximum(a[:2] - b[2:], b[:2] - a[2:]), 0)))


@pytest.mark.slow
@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("k", [2, 3])
def test_a_name_belongs_to_its_mark_and_hides_none(browser: Chrome, tmp_path: Path, k: int, screen: str) -> None:
    page = tmp_path / "page.html"
    page.write_text(phase_page(crowd(k)), encoding="utf-8")
    visit(browser, page, screen)
    seen = settled(browser, SEEN)
    assert complaints(browser) == []
    assert overflowing(browser) == []
    names = [name for name in seen["names"] if name["text"].startswith("Li") and name["text"] != "Li"]
    assert {"Li", "Fe"} <= {name["text"] for name in seen["names"]}
    assert 4 <= len(names) <= 15
    assert all(int(name["text"].split("O")[1]) < 20 for name in names)  # on the hull
    assert any(gap(*pair) == 0 for pair in combinations(seen["marks"], 2))  # a crowd indeed
    for i, name in enumerate(names):
        own = min(seen["marks"], key=lambda mark: np.hypot(*(np.add(mark[:2], mark[2:]) / 2 - name["at"])))
        others = [gap(name["box"], mark) for mark in seen["marks"] if mark != own]
        assert min(others) > 0, name
        assert gap(name["box"], own) <= min(others) + 2 or (name["joined"] and min(others) > 6), name
        assert all(gap(name["box"], other["box"]) > 0 for other in names[:i]), name


@pytest.mark.slow
def test_names_go_with_what_the_legend_hides_and_what_is_out_of_view(browser: Chrome, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(phase_page(points(3)), encoding="utf-8")
    visit(browser, page)
    shown = {name["text"] for name in settled(browser, SEEN)["names"]}
    assert shown == {"Li", "Fe", "P", "AB", "A3B", "A<2>B"}
    (entry,) = (one for one in browser.find_elements("css selector", ".traces") if one.text == "new, on the hull")
    entry.find_element("css selector", ".legendtoggle").click()
    browser.execute_async_script("setTimeout(arguments[0], 600)")  # plotly waits for a second click
    assert {name["text"] for name in settled(browser, SEEN)["names"]} == shown - {"A3B"}
    zoom = 'Plotly.relayout(document.querySelector(".plotly-graph-div"), {"xaxis.range": [-0.2, 0.3]});'
    browser.execute_script(zoom)
    assert "Fe" not in {name["text"] for name in settled(browser, SEEN)["names"]}


@pytest.mark.slow
def test_a_tetrahedron_names_its_corners_and_what_lies_free(browser: Chrome, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(phase_page(points(4)), encoding="utf-8")
    visit(browser, page, "phone")
    script = 'return (document.querySelector(".plotly-graph-div").layout.scene.annotations || []).map((a) => a.text)'
    names = settled(browser, script)
    assert {"<b>Li</b>", "<b>Fe</b>", "<b>P</b>", "<b>O</b>", "AB"} <= set(names)
    assert overflowing(browser) == []


@pytest.mark.parametrize("k", [1, 5])
def test_other_numbers_of_elements_raise(k: int) -> None:
    with pytest.raises(ValueError, match=f"two, three or four elements, found {k}"):
        phase_page(replace(points(4), elements=["Li"] * k))


def test_stability_writes_a_page_of_up_to_four_elements(command: Command, workplace: Path) -> None:
    (workplace / "two.csv").write_text("formula,energy\nFeO,-1.45\nFe2O3,-1.7\nFe3O4,-1.63\nFeO,-1.3\nFeO2,-0.9\n")
    outcome = command("stability", "two.csv", "--energy", "energy", "--competing", "none", "--out", "out.csv")
    outcome.succeeded()
    assert "out.html: phase diagram for a browser" in outcome.err
    page = (workplace / "out.html").read_text(encoding="utf-8")
    shown: dict[str, list[str]] = {
        trace.get("name", ""): trace["hovertext"] for trace in traces(page) if "hovertext" in trace
    }
    assert "<title>Fe-O: hull of two.csv</title>" in page
    assert len(shown["on the hull"]) == 3
    assert [text.split("<br>")[0] for text in shown["above the hull"]] == ["<b>FeO</b>", "<b>FeO<sub>2</sub></b>"]
    (workplace / "five.csv").write_text("formula,energy\nLiFeSiPO4,-2.4\n")
    command("stability", "five.csv", "--energy", "energy", "--competing", "none", "--out", "five_out.csv").succeeded()
    assert not (workplace / "five_out.html").exists()
