"""What holds of every page that moves: it starts, fits the screen, speaks, takes keys, and asks nobody for anything."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from formation_mlp.lessons.moving import COMMON_SCRIPTS, PAGES_OF
from live.support import EVERY_VIEW, LIVE, PAGES, Page, Source
from support.accessibility import violations
from support.browser import SCREENS, complaints, overflowing, resize

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

every_page = pytest.mark.parametrize("source", PAGES, ids=[page.name for page in PAGES])


@every_page
@pytest.mark.parametrize("screen", SCREENS)
def test_starts_and_fits(open_page: Callable[..., Page], browser: Chrome, source: Source, screen: str) -> None:
    page = open_page(source.name, screen)
    assert page.run("return document.querySelector('figure.live').dataset.ready") == "yes"
    assert complaints(browser) == []
    outside = page.run(
        "const right = document.documentElement.clientWidth + 1;"
        "return [...document.querySelectorAll('.live *')].filter((one) => !one.closest('g, defs')"
        "  && one.getBoundingClientRect().right > right).map((one) => one.outerHTML.slice(0, 80))"
    )
    assert outside == []
    assert not [text for text in overflowing(browser) if "live" in text.split(">")[0] and "<path" not in text]


@pytest.mark.parametrize("source", PAGES if EVERY_VIEW else PAGES[:1], ids=lambda source: source.name)
def test_axe_finds_nothing_on_the_site(open_page: Callable[..., Page], browser: Chrome, source: Source) -> None:
    page = open_page(source.name)
    for screen in SCREENS if EVERY_VIEW else ["laptop"]:
        resize(browser, screen)
        for theme in ("light", "dark") if EVERY_VIEW else ("light",):
            page.run("document.body.dataset.theme = arguments[0]", theme)
            assert violations(browser) == [], (screen, theme)


@every_page
def test_every_control_has_a_name_and_takes_the_keyboard(open_page: Callable[..., Page], source: Source) -> None:
    page = open_page(source.name)
    nameless = page.run(
        "return [...document.querySelectorAll('.live input, .live select, .live button, .live [tabindex]')]"
        ".filter((one) => !(one.labels?.length || one.textContent.trim() || one.getAttribute('aria-label')))"
        ".map((one) => one.outerHTML.slice(0, 120))"
    )
    assert nameless == []
    assert page.all('.live [aria-live="polite"]')
    for knob in page.all(".live-handle:not([hidden])"):
        assert knob.get_attribute("role") == "slider"
        assert knob.get_attribute("aria-valuetext")


@every_page
def test_arrow_keys_move_every_point(open_page: Callable[..., Page], source: Source) -> None:
    from selenium.webdriver.common.keys import Keys

    page = open_page(source.name)
    for knob in page.all(".live-handle:not([hidden])"):
        before = knob.get_attribute("transform")
        page.run("arguments[0].focus()", knob)
        for key in (Keys.ARROW_RIGHT, Keys.ARROW_UP):
            page.browser.switch_to.active_element.send_keys(key)
        assert knob.get_attribute("transform") != before


@every_page
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_can_be_read_as_text(open_page: Callable[..., Page], source: Source, theme: str) -> None:
    """The contrast of the Web Content Accessibility Guidelines 2.1, level AA, for text: 4.5."""
    page = open_page(source.name)
    code = """
    document.body.dataset.theme = arguments[0];
    const style = getComputedStyle(document.querySelector('figure.live'));
    return ['--color-background-primary', '--live-zero', '--live-one', '--live-green', '--live-purple', '--live-orange']
      .map((name) => style.getPropertyValue(name).trim());
    """
    background, *colours = (_luminance(colour) for colour in page.run(code, theme))
    assert background > 0.9 if theme == "light" else background < 0.1
    for colour in colours:
        low, high = sorted([colour, background])
        assert (high + 0.05) / (low + 0.05) >= 4.5


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    shares = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return sum(weight * share for weight, share in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@every_page
def test_a_finger_moves_every_point_and_not_the_page(open_page: Callable[..., Page], source: Source) -> None:
    page = open_page(source.name, "phone")
    for knob in page.all(".live-handle:not([hidden])"):
        page.run("arguments[0].scrollIntoView({block: 'center'})", knob)
        box = page.run("return arguments[0].getBoundingClientRect().toJSON()", knob)
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        before = knob.get_attribute("transform"), page.run("return scrollY")
        for kind, points in (
            ("touchStart", [{"x": x, "y": y}]),
            ("touchMove", [{"x": x - 25, "y": y - 25}]),
            ("touchEnd", []),
        ):
            page.browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        assert knob.get_attribute("transform") != before[0]
        assert page.run("return scrollY") == pytest.approx(before[1], abs=2)


def test_every_page_belongs_to_a_lesson() -> None:
    assert sorted(name for names in PAGES_OF.values() for name in names) == [page.name for page in PAGES]


@every_page
def test_formulas_are_typeset(open_page: Callable[..., Page], source: Source) -> None:
    page = open_page(source.name)
    assert not re.search(r"[$\\]", page.all("article")[0].text)
    assert len(page.all("article math")) == source.text.count("$$") // 2


@every_page
def test_asks_a_question_first(source: Source) -> None:
    body = source.text.split("---", 2)[2]
    first = body.split("\n\n")[1].replace("\n", " ").strip() if body.startswith("\n\n# ") else body
    assert re.match(r"(?s)\s*# [^\n]+\n\n\*\*[^*]+\?\*\*", body), first
    assert "<noscript>" in body


@pytest.mark.parametrize("path", sorted(LIVE.rglob("*.*")), ids=lambda path: str(path.relative_to(LIVE)))
def test_asks_no_other_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|//[a-z]+\.|\bfetch\(|XMLHttpRequest|WebSocket|\beval\(|innerHTML|import\(", text)


@pytest.mark.parametrize("path", sorted(LIVE.rglob("*.js")), ids=lambda path: str(path.relative_to(LIVE)))
def test_every_script_is_small_and_used(path: Path) -> None:
    name = path.relative_to(LIVE).with_suffix("").as_posix()
    assert name in COMMON_SCRIPTS or any(name in page.scripts for page in PAGES)
    assert path.read_text(encoding="utf-8").startswith('"use strict";\n')
    assert name.startswith("data/") or path.read_text(encoding="utf-8").count("\n") < 300
