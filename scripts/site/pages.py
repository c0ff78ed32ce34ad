"""The pages that are generated when the site is built, so that they cannot differ from the program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import benchmarks
import command_line
import configuration
import feature_presets
import lecture

PAGES: dict[str, Callable[[], str]] = {
    "reference/configuration.md": configuration.page,
    "reference/command-line.md": command_line.page,
    "reference/features.md": feature_presets.page,
    "benchmarks.md": benchmarks.page,
    **{f"lecture/{name}.md": make for name, make in lecture.pages().items()},
}
"""Path of a page below ``docs/`` to the function that writes it; ``.gitignore`` knows the same paths."""


def write(docs: Path) -> None:
    """Write the pages that have changed, so that a second build is quick."""
    for path, make in PAGES.items():
        page, text = docs / path, make()
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text, encoding="utf-8")
