"""The page of a service, in a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from formation_mlp.serve.app import create_app
from formation_mlp.serve.state import Service
from serve.page.reader import Reader
from support.served import served

if TYPE_CHECKING:
    from selenium.webdriver import Chrome


@pytest.fixture(scope="session")
def address(service: Service) -> Iterator[str]:
    """Return where the page is; its service has an event loop of its own, but shares the models of the other tests."""
    own = Service(service.settings)
    own.models = service.models
    with served(create_app(own.settings, own)) as found:
        yield found


@pytest.fixture
def open_page(browser: Chrome, address: str, tmp_path: Path) -> Callable[..., Reader]:
    """Return a function that shows a view of the page, by what stands after the hash, on a screen."""

    def show(view: str, screen: str = "laptop") -> Reader:
        reader = Reader(browser, tmp_path)
        reader.visit(f"{address}#{view}", screen)
        return reader

    return show
