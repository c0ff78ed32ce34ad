"""What the tests of the pages that move share: where the pages are, and how a reader handles one."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.paths import ROOT

if TYPE_CHECKING:
    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

EVERY_VIEW = bool(os.environ.get("FORMATION_MLP_EVERY_VIEW"))
"""Whether axe looks at every page in every size and theme, as before a release."""

LIVE = ROOT / "docs" / "_static" / "live"


@dataclass(frozen=True, slots=True)
class Source:
    """The Markdown of a page: its name, its text, and the scripts that it asks for."""

    name: str
    text: str

    @property
    def scripts(self) -> list[str]:
        found = re.search(r"(?m)^live: (.+)$", self.text)
        assert found, f"{self.name}: no scripts are named"
        return found[1].split()


PAGES = [
    Source(path.stem, path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "docs" / "live").glob("*.md"))
    if path.stem != "index"
]


class Page:
    """A page as a reader handles it: by labels, by keys, by dragging."""

    def __init__(self, browser: Chrome) -> None:
        self.browser = browser
        self.run("document.documentElement.style.scrollBehavior = 'auto'")  # or a click meets the page on its way

    def ready(self) -> Page:
        """Wait until everything is drawn, and return the page."""
        from selenium.webdriver.support.wait import WebDriverWait

        WebDriverWait(self.browser, 60).until(lambda _: self.all('figure.live[data-ready="yes"]'))
        return self

    def run(self, code: str, *arguments: Any) -> Any:
        """Run JavaScript."""
        return self.browser.execute_script(code, *arguments)

    def all(self, selector: str) -> list[WebElement]:
        """Return what a selector finds."""
        return self.browser.find_elements("css selector", selector)

    def labelled(self, text: str) -> WebElement:
        """Return the control whose label starts with a text."""
        (label,) = [one for one in self.all(".live label") if one.text.startswith(text)]
        return self.browser.find_element("id", label.get_attribute("for") or "")

    def slide(self, text: str, value: float) -> None:
        """Move a slider, as the browser tells it to the page."""
        code = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))"
        self.run(code, self.labelled(text), value)

    def choose(self, text: str, value: str) -> None:
        """Choose in a list."""
        code = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change', {bubbles: true}))"
        self.run(code, self.labelled(text), value)

    def press(self, text: str) -> None:
        """Press a button."""
        (button,) = [one for one in self.all(".live button") if one.text == text]
        button.click()

    def handle(self, text: str) -> WebElement:
        """Return the point of a plot whose label starts with a text."""
        return self.browser.find_element("css selector", f'.live-handle[aria-label^="{text}"]')

    def drag(self, text: str, dx: int, dy: int) -> None:
        """Drag a point of a plot by some pixels."""
        from selenium.webdriver import ActionChains

        knob = self.handle(text)
        self.run("arguments[0].scrollIntoView({block: 'center'})", knob)
        ActionChains(self.browser).click_and_hold(knob).move_by_offset(dx, dy).release().perform()

    def type(self, element: WebElement, *keys: str) -> None:
        """Type into a control."""
        element.send_keys(*keys)

    def value(self, name: str) -> str:
        """Return a number that the page tells, by its name."""
        return self.browser.find_element("css selector", f'.live [data-name="{name}"]').text

    def number(self, name: str) -> float:
        """Return it as a number; a percentage is a share."""
        text = self.value(name).replace("−", "-").replace(",", "")
        share = text.endswith("%")
        return float(re.sub(r"[^\d.e-].*$", "", text)) / (100 if share else 1)

    def overlapping(self, selector: str) -> list[tuple[str, str]]:
        """Return the pairs of texts of a drawing that lie on one another, or touch where one of them is turned."""
        code = """
        return [...document.querySelectorAll(arguments[0])].map((one) => {
          const {left, right, top, bottom, width, height} = one.getBoundingClientRect();
          return width < height ? [left - 2, right + 2, top, bottom, one.textContent]
            : [left, right, top + 3, bottom - 3, one.textContent];
        })"""
        boxes = self.run(code, selector)
        return [
            (a[4], b[4])
            for i, a in enumerate(boxes)
            for b in boxes[:i]
            if a[0] < b[1] and b[0] < a[1] and a[2] < b[3] and b[2] < a[3]
        ]

    @property
    def sentence(self) -> str:
        """What the page says below the numbers."""
        return self.browser.find_element("css selector", ".live-sentence").text


def module(folder: Path, name: str) -> Any:
    """Return a module of the scripts that write the data."""
    import importlib
    import sys

    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))
