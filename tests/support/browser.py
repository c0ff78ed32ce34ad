"""A browser without a window, for what only a browser can tell of a page: its size, its order, what its script does."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""Names of the browser on the distributions that we know."""

SCREENS = {"phone": (390, 844), "laptop": (1280, 800)}
"""Width and height of the screens on which every page must read, in CSS pixels."""
FURTHER = {"wide": (1920, 1080)}
"""Screens on which some pages arrange themselves otherwise."""

OVERFLOWING = """
const width = document.documentElement.clientWidth;
const boxes = ["auto", "scroll", "hidden", "clip"];
const scrolls = (element) => element && element !== document.body
  && (boxes.includes(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
return [...document.body.querySelectorAll("*")].filter((element) => {
  const box = element.getBoundingClientRect();
  const standsOut = box.right > width + 1 || (box.left < -1 && box.right > 0);
  return box.width > 0 && box.height > 0 && standsOut && !scrolls(element.parentElement);
}).map((element) => `<${element.tagName.toLowerCase()} class="${element.getAttribute("class") || ""}"> `
  + element.textContent.trim().slice(0, 60));
"""
"""JavaScript: the elements that stand out of the page at its side, but for those inside a box that scrolls."""


@contextmanager
def headless_browser() -> Iterator[Chrome]:
    """Start Chromium without a window; the test is skipped where it, its driver or selenium is absent.

    Whatever a page asks of another machine than this one fails, and `complaints` tells of it.
    """
    selenium = pytest.importorskip("selenium.webdriver", reason="selenium is absent: pip install -e '.[dev]'")
    binary = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("no Chromium with its chromedriver: apt-get install chromium chromium-driver")
    options = selenium.ChromeOptions()
    options.binary_location = binary
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for argument in (
        "--headless=new",
        "--no-sandbox",  # root, as in most containers, is refused a sandbox
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--disable-background-networking",
        "--force-device-scale-factor=1",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    ):
        options.add_argument(argument)
    # With both paths given, selenium looks for nothing itself, and downloads nothing.
    browser = selenium.Chrome(options=options, service=selenium.ChromeService(driver))
    try:
        yield browser
    finally:
        browser.quit()


def visit(browser: Chrome, page: Path | str, screen: str = "laptop") -> None:
    """Load a file or an address on a screen of `SCREENS` or `FURTHER`, and forget earlier complaints."""
    resize(browser, screen)
    complaints(browser)
    browser.get(page.resolve().as_uri() if isinstance(page, Path) else page)


def resize(browser: Chrome, screen: str) -> None:
    """Show the page on a screen of `SCREENS` or `FURTHER`."""
    width, height = {**SCREENS, **FURTHER}[screen]
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)  # a window is never narrower than 500


def prefer(browser: Chrome, value: str, what: str = "prefers-color-scheme") -> None:
    """Let the system prefer the light theme, the dark one, or something else; an empty text takes it all back."""
    features = [{"name": what, "value": value}] if value else []
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def complaints(browser: Chrome) -> list[str]:
    """Return what the browser said since the last call: errors of scripts, what was refused or not found."""
    return [entry["message"] for entry in browser.get_log("browser")]  # type: ignore[no-untyped-call]


def overflowing(browser: Chrome) -> list[str]:
    """Return what stands out of the page at its side, where a reader would have to push the whole page about."""
    found: list[str] = browser.execute_script(OVERFLOWING)
    return found


def picture(browser: Chrome, path: Path) -> Path:
    """Write what the screen shows as a PNG file."""
    assert browser.save_screenshot(str(path))
    return path
