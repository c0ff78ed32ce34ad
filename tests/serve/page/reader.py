"""Who reads the page: types, clicks, drops files, and waits for what is to come."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from support.browser import complaints, visit

if TYPE_CHECKING:
    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

T = TypeVar("T")

SECONDS = 600
"""After which a test fails; what is waited for comes much earlier on any machine."""
DROP = """
const [target, files] = arguments;
const carried = new DataTransfer();
for (const [name, content] of files) carried.items.add(new File([content], name));
for (const type of ["dragenter", "dragover", "drop"]) {
  target.dispatchEvent(new DragEvent(type, {bubbles: true, cancelable: true, dataTransfer: carried}));
}
"""


class Reader:
    """A browser at one view of the page.

    Parameters
    ----------
    browser
        That shows it.
    downloads
        Folder for what is downloaded.
    """

    def __init__(self, browser: Chrome, downloads: Path) -> None:
        self.browser, self.downloads = browser, downloads

    def visit(self, address: str, screen: str = "laptop") -> None:
        """Load a view anew, with nothing remembered of earlier tests."""
        self.browser.get("about:blank")
        words = {"behavior": "allow", "downloadPath": str(self.downloads)}
        self.browser.execute_cdp_cmd("Browser.setDownloadBehavior", words)
        visit(self.browser, address, screen)

    def run(self, code: str, *arguments: Any) -> Any:
        """Run JavaScript."""
        return self.browser.execute_script(code, *arguments)

    def all(self, selector: str) -> list[WebElement]:
        """Return what a selector finds now."""
        return self.browser.find_elements("css selector", selector)

    def until(self, found: Callable[[], T]) -> T:
        """Return the first result that is not empty; elements that are replaced meanwhile are looked for again."""
        from selenium.common.exceptions import StaleElementReferenceException
        from selenium.webdriver.support.ui import WebDriverWait

        ignored = (StaleElementReferenceException, IndexError)
        return WebDriverWait(self.browser, SECONDS, 0.1, ignored).until(lambda _: found())

    def one(self, selector: str, text: str = "") -> WebElement:
        """Return the first element that a selector finds and that shows a text, as soon as there is one."""
        return self.until(lambda: self.shown(selector, text)[:1])[0]

    def shown(self, selector: str, text: str = "") -> list[WebElement]:
        """Return the elements that a selector finds now and that show a text."""
        return [one for one in self.all(selector) if one.is_displayed() and text in one.text]

    def press(self, text: str, within: str = "main") -> None:
        """Press the button that is called so."""
        self.click(self.until(lambda: [one for one in self.all(f"{within} button") if _is_called(one, text)])[0])

    def click(self, element: WebElement) -> None:
        """Click, after the element is in sight."""
        self.run("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
        element.click()

    def field(self, label: str) -> WebElement:
        """Return the control with a label."""
        labels = self.until(lambda: [one for one in self.all("main label") if one.text.strip() == label])
        return self.browser.find_element("id", labels[0].get_attribute("for") or "")

    def choose(self, label: str, value: str) -> None:
        """Choose in a list, by the value of the option."""
        control = self.field(label)
        self.until(lambda: control.find_elements("css selector", f"option[value='{value}']"))
        code = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change', {bubbles: true}))"
        self.run(code, control, value)

    def type(self, label: str, text: str) -> None:
        """Type into a field in place of what stood there."""
        control = self.field(label)
        control.clear()
        control.send_keys(text)

    def drop(self, **files: str) -> None:
        """Drop files, given as name (with a double underscore for the point) and content, onto the view."""
        named = [[name.replace("__", "."), content] for name, content in files.items()]
        self.run(DROP, self.one("main .view"), named)

    def downloaded(self, name: str) -> Path:
        """Return a file that is downloaded, as soon as all of it is there."""
        path = self.downloads / name
        self.until(lambda: path.exists() and not list(self.downloads.glob("*.crdownload")))
        return path

    @property
    def answer(self) -> WebElement:
        """The card of an answer."""
        return self.one("article.answer")

    @property
    def problem(self) -> str:
        """What the page says is wrong."""
        return self.one(".problem").text

    def complaints(self) -> list[str]:
        """Return what the browser has said of the page; that the service refused something is no fault of it."""
        return [text for text in complaints(self.browser) if "status of 4" not in text]


def _is_called(button: WebElement, text: str) -> bool:
    names = (button.text, button.get_attribute("aria-label"), button.get_attribute("textContent"))
    return any((name or "").endswith(text) for name in names)
