"""The view Predict: a formula is typed, drawn or linked to, files are dropped, and the number has its reasons."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from fastapi.testclient import TestClient

from serve.page.reader import Reader

ENTER = "\ue007"
Open = Callable[..., Reader]


def value(page: Reader) -> float:
    """Return the number of the answer, to its last digit."""
    return float(page.answer.find_element("css selector", ".big").get_attribute("data-value") or "nan")


def of_service(client: TestClient, formula: str, **words: str) -> float:
    answer = client.post("/api/v1/predict", json={"formulas": [formula], **words}).json()
    return float(answer["rows"][0]["prediction"])


def test_a_typed_formula_is_answered_with_reasons(open_page: Open, client: TestClient) -> None:
    page = open_page("predict")
    page.type("Formulas", "Fe2O3")
    assert value(page) == of_service(client, "Fe2O3")
    text = page.answer.text
    for part in ("eV/atom", "90 % interval", "high trust", "Why high trust", "In the database", "Nearest known"):
        assert part in text
    assert page.one("article.answer section", "Fe3+ O2−")
    rows = page.until(lambda: page.all(".strips tr.total"))  # the last row of the waterfall
    assert rows[0].text.split()[-1] == f"{value(page):.3f}".replace("-", "−")
    page.one(".strips th", "measured")
    assert page.run("return location.hash") == "#predict/Fe2O3"
    assert page.complaints() == []


def test_a_link_names_formula_scale_and_unit(open_page: Open, client: TestClient) -> None:
    page = open_page("predict/NaCl?scale=oqmd&unit=kJ%2Fmol")
    assert value(page) == of_service(client, "NaCl", scale="oqmd", unit="kJ/mol")
    assert "kJ/mol" in page.answer.text
    assert "--scale oqmd --unit kJ/mol" in page.answer.text
    page.choose("Energy scale", "measured")
    page.until(lambda: page.shown("article.answer .facts", "scale measured"))
    assert value(page) == of_service(client, "NaCl", scale="measured", unit="kJ/mol")
    page.run("history.back()")
    page.until(lambda: page.shown("article.answer .facts", "scale oqmd"))


def test_several_formulas_make_a_table_that_is_sorted_and_saved(open_page: Open) -> None:
    page = open_page("predict")
    page.type("Formulas", "RbCl, KCl, NaCl, Xx" + ENTER)
    page.one("caption", "4 answers, 1 of them without a number")
    page.press("Formula", "thead")
    names = [row.text for row in page.all(".results tbody tr > th:first-child")][:4]
    assert names == ["KCl", "NaCl", "RbCl", "Xx"]
    assert page.one("th[aria-sort]").get_attribute("aria-sort") == "ascending"
    page.press("Download CSV")
    with page.downloaded("predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["formula"] for row in rows] == ["RbCl", "KCl", "NaCl", "Xx"]
    assert rows[0]["prediction"]
    assert "'Xx' is no element" in rows[3]["error"]
    page.press("KCl", ".results tbody")
    page.one("article.answer h2", "KCl")


def test_an_error_says_what_the_command_line_says(open_page: Open) -> None:
    page = open_page("predict")
    page.type("Formulas", "Xx2O3" + ENTER)
    assert "'Xx' is no element. Write the symbols of the periodic table." in page.problem


def test_a_formula_is_drawn_from_the_periodic_table_by_keys(open_page: Open, client: TestClient) -> None:
    page = open_page("predict")
    page.press("Periodic table")
    first = page.one(".periodic .element[tabindex='0']")
    assert first.get_attribute("textContent") == "1H, hydrogen"
    first.send_keys("\ue015")  # down: lithium
    page.browser.switch_to.active_element.send_keys("\ue015")  # sodium
    page.browser.switch_to.active_element.send_keys(ENTER)
    page.press("Cl, chlorine")
    amount = page.one(".amounts input[aria-label='Atoms of Cl']")
    assert page.field("Formulas").get_property("value") == "NaCl"
    amount.clear()
    amount.send_keys("2")
    page.one("article.answer h2", "NaCl2")
    assert value(page) == of_service(client, "NaCl2")


def test_a_dropped_structure_is_predicted(open_page: Open, structure_folder: Path) -> None:
    page = open_page("predict")
    page.drop(NaCl__cif=(structure_folder / "NaCl.cif").read_text(encoding="utf-8"))
    text = page.answer.text
    assert "NaCl.cif" in text
    assert "space group Fm-3m (225)" in text
    assert page.field("Model").get_property("value") == "structure"
    page.drop(bad__cif="data_bad\n_cell_length_a ?\n")
    assert "bad.cif" in page.problem
