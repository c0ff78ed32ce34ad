"""The page of a phase diagram: what it holds, and what it does not need."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from formation_mlp.figures.phase_page import PhasePoints, phase_page
from support.commands import Outcome

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
    told = {trace["name"]: trace["hovertext"] for trace in drawn if trace.get("name", "tie lines") != "tie lines"}
    assert list(told) == ["known, on the hull", "new, on the hull", "below that hull", "new, above it"]
    assert told["known, on the hull"] == [
        "<b>AB</b><br>energy -2.000 eV/atom<br>distance to the hull -400 meV/atom (-500 to -300)<br>p_stable 0.900"
        "<br>known<br>products: 1 A<br>  + 1 B"
    ]
    assert told["new, on the hull"][0].startswith("<b>A<sub>3</sub>B</b>")
    assert "A&lt;<sub>2</sub>&gt;B" in told["below that hull"][0]
    assert "p_stable" not in told["below that hull"][0]
    assert sum(map(len, told.values())) == 4


def test_a_page_needs_no_network() -> None:
    page = phase_page(points(3))
    assert not re.search(r"<(script|link|img)[^>]*(src|href)=", page)
    assert "<title>A &amp; B</title>" in page


def test_names_that_would_touch_are_left_to_the_pointer() -> None:
    n = 30
    shares = np.column_stack([np.full(n, 0.5), np.linspace(0.2, 0.21, n), np.linspace(0.3, 0.29, n)])
    crowd = PhasePoints(
        ["Li", "Fe", "O"],
        shares,
        np.full(n, -1.0),
        [f"Li{i}O" for i in range(n)],
        np.full(n, 0.01),
        np.full(n, np.nan),
        np.full(n, np.nan),
        np.zeros(n, np.bool_),
        [""] * n,
        "crowd",
        None,
        np.full(n, 0.5),
    )
    (trace,) = (trace for trace in traces(phase_page(crowd)) if trace.get("name") == "above the hull")
    assert len(trace["hovertext"]) == n
    assert sum(map(bool, trace["text"])) == 1


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
    shown: dict[str, list[str]] = {trace.get("name", ""): trace.get("hovertext", []) for trace in traces(page)}
    assert "<title>Fe-O: hull of two.csv</title>" in page
    assert len(shown["on the hull"]) == 3
    assert [text.split("<br>")[0] for text in shown["above the hull"]] == ["<b>FeO</b>", "<b>FeO<sub>2</sub></b>"]
    (workplace / "five.csv").write_text("formula,energy\nLiFeSiPO4,-2.4\n")
    command("stability", "five.csv", "--energy", "energy", "--competing", "none", "--out", "five_out.csv").succeeded()
    assert not (workplace / "five_out.html").exists()
