"""Nothing that a run leaves calls its numbers, which are in eV/atom, after the unit of the table."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from formation_mlp import load
from support.commands import Outcome

COLUMN = "Hf (kJ/mol)"
CONFIG = """\
data: {{path: table.csv, target: "{column}", unit: kJ/mol}}
task: {task}
features: [stoichiometry]
training: {{max_epochs: 2}}
output: run
"""


@pytest.fixture
def table(workplace: Path, rows: list[tuple[str, str]]) -> Path:
    lines = [f'formula,"{COLUMN}"', *(f"{formula},{96.485 * float(energy)}" for formula, energy in rows)]
    (workplace / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return workplace / "table.csv"


@pytest.mark.parametrize("task", ["{}", "{type: classification, boundary: -1.0}"])
def test_names_of_numbers_carry_no_other_unit(
    command: Callable[..., Outcome], table: Path, workplace: Path, task: str
) -> None:
    (workplace / "c.yaml").write_text(CONFIG.format(column=COLUMN, task=task), encoding="utf-8")
    command("train", "c.yaml", "-q").succeeded()
    command("report", "run").succeeded()
    asked = command("predict", "run", "NaCl", "--out", "answer.csv")
    asked.succeeded()
    with (workplace / "run" / "predictions.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file))[:4] == ["id", "formula", "part", "Hf"]
    report = json.loads((workplace / "run" / "report.json").read_text(encoding="utf-8"))
    assert (report["target"]["name"], report["target"]["column"]) == ("Hf", COLUMN)
    about = (workplace / "answer.csv.about.json").read_text(encoding="utf-8")
    card = str(load("run")) + repr(load("run"))
    for text in (about, asked.err, card):
        assert COLUMN not in text
    page = (workplace / "run" / "report.html").read_text(encoding="utf-8")
    assert not [line for line in page.splitlines() if COLUMN in line and "eV/atom" in line]
    evaluated = command("evaluate", "run", "--csv", table)
    evaluated.succeeded()
    assert f"{COLUMN} in eV/atom" not in evaluated.err


def test_a_report_of_an_earlier_version_is_shown_with_the_right_name(
    command: Callable[..., Outcome], table: Path, workplace: Path
) -> None:
    (workplace / "c.yaml").write_text(CONFIG.format(column=COLUMN, task="{}"), encoding="utf-8")
    command("train", "c.yaml", "-q").succeeded()
    path = workplace / "run" / "report.json"
    report = json.loads(path.read_text(encoding="utf-8"))
    report["target"]["name"] = report["target"].pop("column")
    path.write_text(json.dumps(report), encoding="utf-8")
    command("report", "run").succeeded()
    page = (workplace / "run" / "report.html").read_text(encoding="utf-8")
    assert "Hf, eV/atom, declared in kJ/mol" in page
    assert f"{COLUMN}, eV/atom" not in page
