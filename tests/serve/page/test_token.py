"""A service with a token: the page asks for it, and keeps it until the tab is closed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from formation_mlp.serve.app import create_app
from formation_mlp.serve.state import Service
from serve.page.reader import Reader
from support.served import served

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

TOKEN = "a-token-of-enough-signs"  # noqa: S105 (of this test alone)


def test_the_page_asks_for_the_token_until_it_is_right(browser: Chrome, service: Service, tmp_path: Path) -> None:
    own = Service(replace(service.settings, token=TOKEN, jobs=tmp_path / "jobs"))
    own.models = service.models
    with served(create_app(own.settings, own)) as address:
        page = Reader(browser, tmp_path)
        page.visit(f"{address}#models")
        page.one("dialog", "This service needs a token").find_element("css selector", "input").send_keys("wrong\ue007")
        page.one("dialog", "The token was not accepted").find_element("css selector", "input").send_keys(
            TOKEN, "\ue007"
        )
        page.one("article h2", "composition")
        assert not page.all("dialog")
        page.browser.refresh()
        page.one("article h2", "composition")
        assert page.run("return sessionStorage.length") == 1
        assert page.run("return localStorage.length") == 0
