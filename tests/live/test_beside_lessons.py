"""`formation-mlp lesson --html` writes the pages that move, each as one file, beside the lessons."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from formation_mlp.lessons.cells import find_lesson
from formation_mlp.lessons.moving import PAGES_OF, MovingPage, pages_of
from live.support import EVERY_VIEW, Page
from support.accessibility import violations
from support.browser import complaints, prefer
from support.commands import Outcome

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

PAGES = [(lesson, page) for lesson in PAGES_OF for page in pages_of(lesson)]
THEMES = {
    screen: ["light", "dark"] if EVERY_VIEW else [one] for screen, one in (("phone", "dark"), ("laptop", "light"))
}
"""The themes in which axe looks at each screen."""
every_page = pytest.mark.parametrize(("lesson", "page"), PAGES, ids=[page.name for _, page in PAGES])


@every_page
@pytest.mark.parametrize("screen", ["phone", "laptop"])
def test_a_page_needs_nothing_beside_it(
    lesson: int, page: MovingPage, screen: str, browser: Chrome, open_file: Callable[..., Page]
) -> None:
    shown = open_file(page.name, screen)
    assert complaints(browser) == []  # the browser runs no script whose hash it was not told
    assert shown.all("h1")[0].text == page.title
    assert not re.search(r"[$\\]|\]\(", shown.all("article")[0].text)
    assert shown.run("return document.documentElement.scrollWidth <= innerWidth")
    targets = {(link.get_attribute("href") or "").rpartition("/")[2] for link in shown.all("a")}
    assert targets == {"index.html", find_lesson(str(lesson)).page}
    assert shown.overlapping(".live-axes text") == []
    for theme in THEMES[screen]:
        prefer(browser, theme)
        assert violations(browser) == [], theme


def test_a_page_moves(open_file: Callable[..., Page]) -> None:
    shown = open_file("energy")
    before = shown.value("prediction")
    box = shown.labelled("Formula")
    box.clear()
    box.send_keys("NaCl")
    assert shown.value("prediction") != before
    assert shown.number("measured") == -2.131


@pytest.mark.slow
def test_the_command_writes_them_and_links_them(command: Callable[..., Outcome], tmp_path: Path) -> None:
    folder = tmp_path / "lecture"
    command("lesson", "1", "--html", folder).succeeded()
    names = [page.page for page in pages_of(1)]
    assert sorted(path.name for path in folder.glob("live-*.html")) == sorted(names)
    for page in (find_lesson("1").page, "index.html"):
        text = (folder / page).read_text(encoding="utf-8")
        assert all(f'<a href="{name}">' in text for name in names)
    (folder / names[0]).write_text("mine", encoding="utf-8")
    assert names[0] in command("lesson", "1", "--html", folder).refused()
    assert (folder / names[0]).read_text(encoding="utf-8") == "mine"
