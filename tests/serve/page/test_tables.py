"""The view Tables: a file is dropped, its progress is shown, and its result is downloaded."""

from __future__ import annotations

import csv
from collections.abc import Callable

import pytest

from serve.page.reader import Reader

pytestmark = pytest.mark.slow  # each job is a process of its own

Open = Callable[..., Reader]
FEW = "formula\nNaCl\nXx\nKCl\n"


def test_a_dropped_table_is_predicted_downloaded_and_deleted(open_page: Open) -> None:
    page = open_page("predict")
    page.drop(mine__csv=FEW)
    page.one(".job", "mine.csv")
    assert page.run("return location.hash") == "#tables"
    page.one(".job .badge.state-done")
    page.one(".job p", "3 rows, 1 of them without a number; kept until")
    assert "lie in" in page.one(".box .soft").text
    page = open_page("tables")  # as after a closed tab
    page.one(".job .badge.state-done")
    page.click(page.one(".job button", "Download mine.predicted.csv"))
    with page.downloaded("mine.predicted.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["formula"] for row in rows] == ["NaCl", "Xx", "KCl"]
    assert "'Xx' is no element" in rows[1]["error"]
    page.click(page.one(".job summary", "What the columns mean"))
    page.one(".job dt", "prediction")
    page.press("Delete mine.csv", ".job")
    page.until(lambda: not page.all(".job"))


def test_a_large_table_shows_its_progress_and_is_cancelled_and_resumed(open_page: Open) -> None:
    formulas = [f"{a}{i}O{j}" for a in ("Fe", "Li", "Mg") for i in range(1, 91) for j in range(1, 91)]
    page = open_page("tables")
    page.drop(large__csv="\n".join(["formula", *formulas]))
    page.press("Cancel large.csv", ".job")
    page.one(".job .badge.state-cancelled")
    page.press("Resume large.csv", ".job")
    page.until(lambda: page.shown(".job p", "of 24,300 rows") or page.shown(".job .badge.state-done"))
    page.one(".job .badge.state-done")
    page.one(".job p", "24,300 rows; kept until")
    page.press("Delete large.csv", ".job")
    page.until(lambda: not page.all(".job"))


def test_what_is_no_table_is_said(open_page: Open) -> None:
    page = open_page("tables")
    page.drop(notes__txt="no table")
    assert "notes.txt: a table ends with .csv" in page.problem
    page.drop(empty__csv="")
    page.one(".job .problem")
    page.press("Delete empty.csv", ".job")
    page.until(lambda: not page.all(".job"))
