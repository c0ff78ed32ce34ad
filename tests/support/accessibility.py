"""Whether a page can be used by keyboard and screen reader, as far as axe-core can tell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

AXE = Path(__file__).parent / "axe" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {runOnly: arguments[0], resultTypes: ["violations"]}).then(
  (found) => done(found.violations.flatMap((rule) => rule.nodes.map((node) =>
    `${rule.id}: ${rule.help}: ${node.html}`))),
  (error) => done([String(error)]));
"""


def violations(browser: Chrome) -> list[str]:
    """Return what breaks a rule of WCAG 2.2 AA, or of good practice, on the page that the browser shows."""
    browser.execute_script(AXE.read_text(encoding="utf-8"))
    browser.set_script_timeout(120)
    found: list[Any] = browser.execute_async_script(RUN, RULES)
    return [str(one) for one in found]
