"""The pages that move, as the site has them, in a browser."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from formation_mlp.lessons.cells import find_lesson
from formation_mlp.lessons.moving import COMMON_SCRIPTS, PAGES_OF, as_html, pages_of
from live.support import LIVE, PAGES, Page
from support.browser import prefer, visit
from support.paths import ROOT

if TYPE_CHECKING:
    from selenium.webdriver import Chrome


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the pages that move, and no others, with the site's own configuration."""
    folder = tmp_path_factory.mktemp("site")
    for part in ("docs/conf.py", "docs/_static", "docs/live", "scripts/site"):
        source, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        copy: Callable[[Path, Path], Any] = shutil.copytree if source.is_dir() else shutil.copyfile
        copy(source, target)
    pages = folder / "scripts" / "site" / "pages.py"  # the other generated pages take long, and are not looked at here
    pages.write_text("def write(docs: object) -> None: ...\n", encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-D", "root_doc=live/index", "docs", "html"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "html" / "live"


@pytest.fixture
def open_page(site: Path, browser: Chrome) -> Callable[..., Page]:
    """Return a function that shows a page by its name, on a screen of `support.browser`."""

    def show(name: str, screen: str = "laptop") -> Page:
        visit(browser, site / f"{name}.html", screen)
        return Page(browser).ready()

    return show


@pytest.fixture
def open_file(browser: Chrome, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Return a function that shows a page by its name as `lesson --html` writes it: one file, in another type."""

    def show(name: str, screen: str = "laptop") -> Page:
        lesson = next(number for number, names in PAGES_OF.items() if name in names)
        page = next(page for page in pages_of(lesson) if page.name == name)
        path = tmp_path / page.page
        path.write_text(as_html(page, find_lesson(str(lesson)), "index.html"), encoding="utf-8")
        visit(browser, path, screen)
        return Page(browser).ready()

    yield show
    prefer(browser, "")


@pytest.fixture(scope="session")
def scripts(browser: Chrome, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Return a function that runs JavaScript among all modules and data, on a page that has no figure."""
    names = list(COMMON_SCRIPTS)
    names += sorted({name for page in PAGES for name in page.scripts if not name.startswith("pages/")} - set(names))
    tags = [f'<script src="{(LIVE / f"{name}.js").as_uri()}"></script>' for name in names]
    page = tmp_path_factory.mktemp("scripts") / "all.html"
    page.write_text(f"<!doctype html><meta charset='utf-8'>{''.join(tags)}", encoding="utf-8")

    def run(code: str, *arguments: Any) -> Any:
        if not browser.current_url.endswith("/all.html"):
            visit(browser, page)
        return browser.execute_script(code, *arguments)

    return run
