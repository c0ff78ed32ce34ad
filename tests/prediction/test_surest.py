"""The rows of which the model is surest: cut and sorted by their expected errors."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

from support.commands import Outcome

Command = Callable[..., Outcome]
Writer = Callable[..., Path]

FORMULAS = ["PuXe2", "NaCl", "Xx", "Li7La3Zr2O12", "Fe2O3", "NaCl3"]


@pytest.fixture
def table(write_csv: Writer) -> Path:
    return write_csv([(formula,) for formula in FORMULAS], ["formula"])


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text)))


def test_the_surest_rows_are_those_with_the_smallest_expected_errors(command: Command, table: Path) -> None:
    every = rows_of(command("predict", "--csv", table).out)
    asked = command("predict", "--csv", table, "--surest", "3")
    found = rows_of(asked.out)
    ranked = sorted((row for row in every if row["expected_error"]), key=lambda row: float(row["expected_error"]))
    assert found == ranked[:3]
    assert "rows: the 3 of 6 with the smallest expected_error, the smallest first" in asked.err
    named = rows_of(command("predict", *FORMULAS, "--surest", "3").out)
    assert [row["formula"] for row in named] == [row["formula"] for row in found]


def test_a_file_of_the_surest_rows_says_so(command: Command, table: Path) -> None:
    command("predict", "--csv", table, "--surest", "100", "--out", "best.csv")
    found = rows_of(Path("best.csv").read_text(encoding="utf-8"))
    errors = [float(row["expected_error"]) for row in found]
    assert len(errors) == 5
    assert errors == sorted(errors)
    about = json.loads(Path("best.csv.about.json").read_text(encoding="utf-8"))
    assert about["rows"] == 5
    assert "rows: the 5 of 6 with the smallest expected_error, the smallest first" in about["notes"]
    assert "'scale'" not in about["columns"]["expected_error"]
    again = command("predict", "--csv", table, "--surest", "100", "--out", "best.csv")
    assert "exists" in again.refused()


def test_a_model_that_expects_no_errors_cannot_choose(command: Command, table: Path) -> None:
    assert "--surest: the model expects no errors" in command("predict", "--stable", "NaCl", "--surest", "1").refused()
    asked = command("predict", "--csv", table, "--surest", "1", "--out", "x.csv", "--workers", "2")
    assert "--workers: --surest compares all rows in one process" in asked.refused()
