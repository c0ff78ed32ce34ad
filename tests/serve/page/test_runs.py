"""The view Runs: curves grow, two runs are compared, and reports are written and opened."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from serve.page.reader import Reader

pytestmark = pytest.mark.slow

Open = Callable[..., Reader]


def epochs_drawn(page: Reader) -> int:
    """Return how many epochs the first curve has."""
    return str(page.run("return document.querySelector('.stage .curve')?.getAttribute('d') ?? ''")).count("L") + 1


def test_curves_grow_while_a_run_trains(open_page: Open, runs_folder: Path) -> None:
    page = open_page("runs/growing")
    page.one(".badge.state-running", "unfinished")
    page.until(lambda: epochs_drawn(page) == 2)
    history = runs_folder / "growing" / "history.jsonl"
    last = json.loads(history.read_text(encoding="utf-8").splitlines()[-1])
    with history.open("a", encoding="utf-8") as file:
        file.write(json.dumps(last | {"epoch": 3, "val_loss": 0.25}) + "\n")
    page.until(lambda: epochs_drawn(page) == 3)
    chart = page.one(".curves")
    chart.send_keys("\ue014\ue014\ue014")  # the arrow to the right, to the third epoch
    assert "validation loss: 0.2500" in page.one(".tip", "epoch 3").text


def test_two_runs_are_compared(open_page: Open) -> None:
    page = open_page("runs/first")
    page.one("article h2", "first")
    page.press("second", ".card table")
    table = page.one("table.comparison")
    rows = {row.text.split()[0]: row.text for row in table.find_elements("css selector", "tbody tr")}
    assert rows["training.max_epochs"] == "training.max_epochs 2 3"
    assert "MAE" in rows["test"]
    assert page.run("return location.hash") == "#runs/first,second"
    assert len(page.all(".legend li")) == 4
    page.click(page.one("summary", "Epochs as a table"))
    page.until(lambda: len(page.all("details tbody tr")) == 4)


def test_a_report_is_written_and_opened(open_page: Open) -> None:
    page = open_page("runs/first")
    page.press("Write the report", "article")
    link = page.one("article a", "Report")
    page.browser.get(link.get_attribute("href") or "")
    assert page.one("h1")
    assert page.all("table.sortable th button")  # its script has run
    assert page.complaints() == []
