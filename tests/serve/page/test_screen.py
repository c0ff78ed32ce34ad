"""The view Phase diagram: hulls of two to four elements that are pointed at, clicked, turned and saved."""

from __future__ import annotations

import csv
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from serve.page.reader import Reader

Open = Callable[..., Reader]
MARKS = ".chart .mark:not(.element-mark)"


def move_to(page: Reader, mark: Any, click: bool = False) -> None:
    """Point at a mark of the diagram."""
    from selenium.webdriver import ActionChains

    page.run("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", mark)
    chain = ActionChains(page.browser).move_to_element(mark)
    (chain.click() if click else chain).perform()


def test_a_system_is_drawn_pointed_at_and_clicked(open_page: Open, client: TestClient) -> None:
    page = open_page("screen")
    page.press("Fe, iron")
    page.press("O, oxygen")
    assert page.field("Elements").get_property("value") == "Fe-O"
    page.press("Draw")
    found = client.post("/api/v1/screen", json={"elements": ["Fe", "O"]}).json()
    shown = [p for p in found["diagram"]["points"] if p["on_hull"] or p["decomposition_energy"] <= 0.2]
    page.until(lambda: len(page.all(f".stage {MARKS}")) == len(shown))
    assert len(page.all(".stage .tie")) == len(found["diagram"]["tie_lines"])
    assert len(page.all(".beside tbody tr")) == found["n_rows"]
    move_to(page, page.all(".stage .mark.known")[0])
    tip = page.one(".tip")
    name = tip.find_element("css selector", "strong").text
    (point,) = [p for p in found["diagram"]["points"] if p["formula"] == name]
    assert f"{point['energy']:.3f} eV/atom".replace("-", "−") in tip.text
    assert "below the hull of the others" in tip.text
    move_to(page, page.all(".stage .mark.known")[0], click=True)
    page.one(".panel h2", name)
    page.one(".panel", "predicted")
    assert page.complaints() == []


def test_mixtures_are_written_as_chemists_write_them(open_page: Open) -> None:
    page = open_page("screen")
    written = page.browser.execute_async_script(
        "const [given, done] = arguments;"
        "import('/static/js/format.js').then((m) => done(given.map((text) => m.products(text).textContent)))",
        ["0.0833333 Li7Fe5O12 + 0.0833333 Li5Fe7O12", "1 Fe2O3", "1.5 O + 2 Li2O", "0.284123 NaCl", "5e-05 Fe"],
    )
    assert written == ["1/12 Li7Fe5O12 + 1/12 Li5Fe7O12", "Fe2O3", "3/2 O + 2 Li2O", "0.284 NaCl", "0.00005 Fe"]


def test_a_click_beside_all_compounds_predicts_the_composition_there(open_page: Open) -> None:
    from selenium.webdriver import ActionChains

    page = open_page("screen/Li-Fe-O?max_atoms=6")
    chart = page.one(".stage .chart")
    page.until(lambda: page.all(".stage .tie"))
    size = chart.size
    page.run("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", chart)
    ActionChains(page.browser).move_to_element_with_offset(chart, 0, round(size["height"] * 0.28)).click().perform()
    card = page.one(".panel", "predicted")
    name = card.find_element("css selector", "h2 .formula").text
    assert page.until(lambda: page.all(".stage .mark.asked"))
    assert name not in [row.text for row in page.all(".beside tbody th")]
    page.press("Set it against the hull")
    page.until(lambda: name in [row.text for row in page.all(".beside tbody th")])


def test_own_compounds_with_energies_are_judged(open_page: Open) -> None:
    page = open_page("screen/Na-Cl?max_atoms=6")
    page.until(lambda: page.all(".stage .tie"))
    page.click(page.one(".own summary"))
    label = page.one(".own label").text
    page.type(label, "Na2Cl, -1.1\nNaCl3\nFeO, -1")
    page.run("arguments[0].dispatchEvent(new Event('change'))", page.field(label))
    page.until(lambda: page.all(".stage .mark.own"))
    assert len(page.all(".stage .mark.own")) == 1  # FeO is of another system
    page.until(lambda: "NaCl3" in [row.text for row in page.all(".beside tbody th")])
    (given,) = (row.text for row in page.all(".beside tbody tr") if row.text.startswith("Na2Cl"))
    assert "−1.100" in given
    assert "given" in given
    page.until(lambda: "Na2Cl" in page.one(".stage .chart").text)


def test_four_elements_make_a_tetrahedron_that_turns_by_keys_and_pointer(open_page: Open) -> None:
    from selenium.webdriver import ActionChains

    page = open_page("screen/Li-Fe-P-O?max_atoms=6")
    page.until(lambda: page.all(".stage.of-4 .tie"))
    places = [page.run("return document.querySelector('.corner').getAttribute('x')")]
    page.press("Turn left")
    places.append(page.run("return document.querySelector('.corner').getAttribute('x')"))
    chart = page.one(".stage .chart")
    page.run("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", chart)
    ActionChains(page.browser).move_to_element_with_offset(chart, 0, 100).click_and_hold().move_by_offset(
        80, 5
    ).release().perform()
    page.until(lambda: page.run("return document.querySelector('.corner').getAttribute('x')") not in places)
    chart.send_keys("\ue014")  # the arrow to the right points at a compound
    page.one(".tip", "eV/atom")
    assert page.run("return document.getElementById('said').textContent")


@pytest.mark.parametrize("kind", ["svg", "png", "csv"])
def test_diagram_and_table_are_saved(open_page: Open, kind: str) -> None:
    page = open_page("screen/Na-Cl?max_atoms=6")
    page.until(lambda: page.all(".stage .tie"))
    page.press(f"Download {kind.upper()}")
    path = page.downloaded("Na-Cl.csv" if kind == "csv" else f"Na-Cl.{kind}")
    content = path.read_bytes()
    if kind == "csv":
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert "NaCl" in [row["formula"] for row in rows]
        assert {"decomposition_energy", "p_stable", "products"} <= set(rows[0])
    elif kind == "svg":
        assert content.startswith(b"<svg")
        assert b"formation energy, eV/atom" in content
        assert b"var(" not in content
    else:
        from PIL import Image

        picture = Image.open(path).convert("RGB")
        assert len(picture.getcolors(picture.width * picture.height) or []) > 10


def test_what_is_no_system_is_said(open_page: Open) -> None:
    page = open_page("screen/Fe")
    assert "Choose two to four" in page.problem
    page = open_page("screen/Fe-Xx")
    assert "'Xx' is no element" in page.problem
