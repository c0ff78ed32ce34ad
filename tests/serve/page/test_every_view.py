"""What holds of every view: it fits any screen, works without a mouse, has two themes, asks no other machine."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from formation_mlp.serve.app import STATIC
from serve.page.reader import Reader
from support.accessibility import violations
from support.browser import overflowing, prefer, resize

Open = Callable[..., Reader]
VIEWS = {  # address to what stands there when all of it is there
    "predict": "textarea",
    "predict/Fe2O3": "tr.total",
    "predict/NaCl,KCl,Xx": ".chosen-answer tr.total",
    "screen": ".periodic",
    "screen/Fe-O?max_atoms=6": ".stage .tie",
    "screen/Li-Fe-O?max_atoms=6": ".stage .tie",
    "tables": ".box .soft",
    "runs/first,second": ".stage .curve",
    "models": ".card dd",
}
SCREENS = ("phone", "laptop", "wide")
EVERY = [(screen, theme) for screen in SCREENS for theme in ("light", "dark")]
JUDGED = EVERY if os.environ.get("FORMATION_MLP_EVERY_VIEW") else [("phone", "dark"), ("laptop", "light")]
"""Where axe looks at each view: a second or more each, so that all six are for the time before a release."""
SCRIPTS = sorted((STATIC / "js").glob("*.js"))


def whole(page: Reader, view: str) -> None:
    page.until(lambda: page.all(VIEWS[view]) and not page.shown(".waiting"))


@pytest.mark.slow
@pytest.mark.parametrize("view", VIEWS)
def test_a_view_fits_every_screen_and_axe_finds_nothing_to_complain_of(open_page: Open, view: str) -> None:
    page = open_page(view)
    whole(page, view)
    assert page.complaints() == []
    for details in page.all("details:not([open]) > summary")[:3]:
        page.click(details)
    for screen in SCREENS:
        resize(page.browser, screen)
        assert overflowing(page.browser) == [], screen
    for screen, theme in JUDGED:
        resize(page.browser, screen)
        page.run("document.documentElement.dataset.theme = arguments[0]", theme)
        assert violations(page.browser) == [], (screen, theme)


def test_axe_is_at_work(open_page: Open) -> None:
    page = open_page("models")
    whole(page, "models")
    page.run("document.querySelector('main').append(document.createElement('button'))")
    assert any(text.startswith("button-name") for text in violations(page.browser))


def test_the_theme_is_that_of_the_system_until_the_reader_chooses(open_page: Open) -> None:
    def paper(page: Reader) -> str:
        return str(page.run("return getComputedStyle(document.body).backgroundColor"))

    page = open_page("predict")
    try:
        light = paper(page)
        prefer(page.browser, "dark")
        dark = paper(page)
        assert dark != light
        page.press("Switch to the light theme", ".top")
        assert paper(page) == light
        page.browser.refresh()
        assert paper(page) == light
        page.press("Switch to the dark theme", ".top")
        assert paper(page) == dark
    finally:
        page.run("localStorage.clear()")
        prefer(page.browser, "")


def test_views_are_reached_by_keys_and_say_where_one_is(open_page: Open) -> None:
    page = open_page("predict")
    whole(page, "predict")
    for link in reversed(page.all("nav a")):
        link.send_keys("\ue007")
        page.one("nav a[aria-current='page']", link.text)
        assert page.run("return document.title").startswith(link.text)
        assert page.run("return document.activeElement.tagName") == "H1"
    page = open_page("models")
    page.one("body").send_keys("\ue004")
    skip = page.browser.switch_to.active_element
    assert skip.text == "Skip to the content"
    skip.send_keys("\ue007")
    assert page.run("return [document.activeElement.id, location.hash]") == ["main", "#models"]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_small_and_read_no_html(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") < 300
    assert not re.search(r"\beval\(|innerHTML|insertAdjacentHTML|document\.write|new Function", text)
    assert not re.search(r"https?://(?!www\.w3\.org/)", text)


def test_the_policy_allows_no_inline_code_and_no_other_machine(client: TestClient) -> None:
    answer = client.get("/")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert not re.search(r"https?:|\*", policy)
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", answer.text)
    for name in re.findall(r'(?:src|href)="(static/[^"]+)"', answer.text):
        assert client.get(f"/{name}").status_code == 200
