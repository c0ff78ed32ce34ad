"""The page of a service, in a browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from formation_mlp.serve.app import create_app
from formation_mlp.serve.state import Service
from serve.page.reader import Reader
from support.commands import python_environment
from support.served import served

if TYPE_CHECKING:
    from selenium.webdriver import Chrome


@pytest.fixture(scope="session")
def runs_folder(finished_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of two finished runs and one that is training."""
    folder = tmp_path_factory.mktemp("runs")
    for name in ("first", "second", "growing"):
        shutil.copytree(finished_run, folder / name)
    config = folder / "second" / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("max_epochs: 2", "max_epochs: 3"), encoding="utf-8")
    for name in ("DONE", "model.safetensors", "report.json"):
        (folder / "growing" / name).unlink()
    return folder


@pytest.fixture(scope="session")
def address(service: Service, runs_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return where the page is; its service has an event loop of its own, but shares the models of the other tests."""
    own = Service(replace(service.settings, jobs=tmp_path_factory.mktemp("jobs"), runs=runs_folder))
    own.models = service.models
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", python_environment()["PYTHONPATH"])
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
