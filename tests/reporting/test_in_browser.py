"""The report page in a browser: it fits the screen, tables sort, dots are named, and nothing else runs or loads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from formation_mlp.reporting.finished import load_run
from formation_mlp.reporting.report import write_report
from support.browser import SCREENS, complaints, overflowing, visit

if TYPE_CHECKING:
    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

pytestmark = pytest.mark.slow

CSS = "css selector"
FORMULA, TRUTH = 1, 2
"""Columns of the table of the worst rows."""


@pytest.fixture(scope="module")
def page(finished_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report([finished_run], tmp_path_factory.mktemp("page") / "run.html")[0]


def rows_of(table: WebElement) -> list[WebElement]:
    return table.find_elements(CSS, "tbody tr")


def column(table: WebElement, place: int) -> list[str]:
    return [row.find_elements(CSS, "td")[place].text for row in rows_of(table)]


def energies(texts: list[str]) -> list[float]:
    return [float(text.replace("−", "-")) for text in texts]


@pytest.mark.parametrize("screen", SCREENS)
def test_nothing_stands_out_of_the_page_or_is_refused(browser: Chrome, page: Path, screen: str) -> None:
    visit(browser, page, screen)
    assert complaints(browser) == []
    assert overflowing(browser) == []
    for details in browser.find_elements(CSS, "details:not([open]) > summary"):
        details.click()
    assert overflowing(browser) == []


def test_what_stands_out_of_a_page_is_noticed(browser: Chrome, tmp_path: Path) -> None:
    page = tmp_path / "wide.html"
    page.write_text("<p class='wide' style='width: 600px'>wide</p><img src='https://example.org/a.png'>")
    visit(browser, page, "phone")
    assert overflowing(browser) == ['<p class="wide"> wide']
    assert any("example.org" in message for message in complaints(browser))
    visit(browser, page, "laptop")
    assert overflowing(browser) == []


def test_a_table_sorts_by_the_column_that_is_clicked(browser: Chrome, page: Path, finished_run: Path) -> None:
    visit(browser, page)
    formulas = set(load_run(finished_run, "run").formulas)
    (table,) = [
        table for table in browser.find_elements(CSS, "table.sortable") if formulas & set(column(table, FORMULA))
    ]
    heads = table.find_elements(CSS, "th")
    before = {tuple(cell.text for cell in row.find_elements(CSS, "td")) for row in rows_of(table)}
    for place in (TRUTH, FORMULA):
        for direction in ("ascending", "descending"):
            heads[place].find_element(CSS, "button").click()
            shown = energies(column(table, place)) if place == TRUTH else column(table, place)
            assert shown == sorted(shown, reverse=direction == "descending")
            assert heads[place].get_attribute("aria-sort") == direction
    assert heads[TRUTH].get_attribute("aria-sort") is None
    assert {tuple(cell.text for cell in row.find_elements(CSS, "td")) for row in rows_of(table)} == before


def test_dots_name_their_compounds(browser: Chrome, page: Path, finished_run: Path) -> None:
    from selenium.webdriver import ActionChains

    visit(browser, page)
    run = load_run(finished_run, "run")
    plot = browser.find_element(CSS, ".plot[data-points]")
    tip = plot.find_element(CSS, ".tip")
    assert not tip.is_displayed()
    plot.send_keys("\ue014")  # the arrow to the right
    worst = run.formulas[max(range(len(run.errors)), key=lambda i: abs(run.errors[i]))]
    assert tip.find_element(CSS, "strong").text == worst
    ring = plot.find_element(CSS, ".ring").rect
    plot.send_keys("\ue00c")  # escape
    assert not tip.is_displayed()
    box = plot.rect
    x = ring["x"] + ring["width"] / 2 - box["x"] - box["width"] / 2
    y = ring["y"] + ring["height"] / 2 - box["y"] - box["height"] / 2
    ActionChains(browser).move_to_element_with_offset(plot, round(x), round(y)).perform()
    assert tip.find_element(CSS, "strong").text == worst
    assert tip.rect["x"] >= box["x"] - 1
    assert tip.rect["x"] + tip.rect["width"] <= box["x"] + box["width"] + 1
