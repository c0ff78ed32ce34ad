"""All notebooks run from the top in a kernel, in a fast form: fewer epochs, seeds and widths, the same cells."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from formation_mlp.lessons.cells import Lesson, all_lessons
from formation_mlp.lessons.exercises.collection import exercises_of
from formation_mlp.lessons.notebooks import as_notebook, solutions_source, student_source

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

LESSONS = all_lessons()
LONGEST = 20
"""Lines of a cell, at most."""

FAST: dict[int, dict[str, str]] = {
    1: {"LEARNING_RATE, STEPS = 2.0, 3000": "LEARNING_RATE, STEPS = 2.0, 2000"},
    2: {
        "N_SEEDS, xor = 10": "N_SEEDS, xor = 2",
        "WIDTHS, networks, rows = (0, 1, 2, 3, 4, 8)": "WIDTHS, networks, rows = (0, 3)",
    },
    3: {
        "EPOCHS, SEEDS, RATE = 10, (0, 1)": "EPOCHS, SEEDS, RATE = 3, (0,)",
        "RATES, FEW = (2e-3, 1e-2, 3e-2, 1e-1), 4": "RATES, FEW = (2e-3, 1e-1), 1",
    },
    4: {
        "(2, 4, 8, 16, 32, 64, 128, 256, 512), (0, 1, 2)": "(2, 4, 8, 16, 32, 64, 128), (0,)",
        "BUDGET, DEPTHS = 100, (1, 2, 3, 4)": "BUDGET, DEPTHS = 40, (1, 2)",
    },
    5: {"TRAIN_DEPTHS = (1, 2, 4, 8, 16)": "TRAIN_DEPTHS = (1, 2)", "(2, 4, 8, 12, 16, 24, 32)": "(2, 4, 32)"},
    6: {
        "BATCH, RATE, EPOCHS = 32, 0.01, 10": "BATCH, RATE, EPOCHS = 32, 0.01, 2",
        "EPOCHS_OF_SIZES, errors, updates, seconds, rows = 4": "EPOCHS_OF_SIZES, errors, updates, seconds, rows = 1",
        "EPOCHS_OF_RULES = {}, {}, 20": "EPOCHS_OF_RULES = {}, {}, 2",
    },
    7: {
        "N_FEW, EPOCHS, PATIENCE = 300, 60, 10": "N_FEW, EPOCHS, PATIENCE = 300, 20, 10",
        '"max_epochs": 20, "device"': '"max_epochs": 4, "device"',
        "N_NETWORKS, N_TEST, REPEATS = 16, 50, 400": "N_NETWORKS, N_TEST, REPEATS = 3, 50, 20",
        "SEEDS, N_TWICE = 3, 500": "SEEDS, N_TWICE = 2, 200",
        "UPDATES, SIZES, CURVE_SEEDS = 400, [50, 100, 200, 400, 800,": "UPDATES, SIZES, CURVE_SEEDS = 60, [50, 200,",
    },
    8: {
        '"max_epochs": 40': '"max_epochs": 4',
        '"n_estimators": 100, "n_jobs": 1, "tuned": True': '"n_estimators": 10, "n_jobs": 1',
        "WIDTHS, errors = [1, 4, 16, 64, 256], []": "WIDTHS, errors = [1, 16], []",
        "SIZES, N_SEEDS = [30, 100, 300, 900, len(train.y)], 2": "SIZES, N_SEEDS = [30, 300], 1",
        "updates=300": "updates=20",
        "REPEATS = 5": "REPEATS = 1",
    },
}
"""Lesson to the lines that its fast form replaces, and what stands there instead."""


def executed(source: str, folder: Path) -> Any:
    """Run a notebook in a kernel of its own and return it with its outputs; an error of a cell is one here."""
    notebook = nbformat.reads(as_notebook(source), as_version=4)
    nbclient.NotebookClient(notebook, timeout=None, resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


def outputs(notebook: Any, kind: str) -> list[str]:
    """Return what the cells show, of one kind such as ``text/html``."""
    found = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return [output["data"][kind] for output in found if kind in output.get("data", {})]


@pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.path.stem for lesson in LESSONS])
def test_a_notebook_runs_from_the_top_and_shows_instead_of_printing(lesson: Lesson, tmp_path: Path) -> None:
    source = student_source(lesson)
    for line, fast in FAST[lesson.number].items():
        assert line in source
        source = source.replace(line, fast)
    notebook = executed(source, tmp_path)
    assert len(outputs(notebook, "image/png")) == len(re.findall(r"(?m)^ *show\(", source)) - source.count(
        "path is not None"
    )
    assert sum("<table" in text for text in outputs(notebook, "text/html")) == len(re.findall(r"(?m)^table\(", source))
    verdicts = [text for text in outputs(notebook, "text/html") if "Not yet." in text]
    assert len(verdicts) == len(exercises_of(lesson.number))
    unanswered = [text for text in verdicts if "There is no answer yet" in text]
    assert len(unanswered) == len(verdicts) - (lesson.number == 7), "its last function returns what it was given"
    printed = [o for cell in notebook.cells for o in cell.get("outputs", []) if o["output_type"] == "stream"]
    assert len(printed) == len(re.findall(r"(?m)^print\(", source)), printed
    assert list(tmp_path.iterdir()) == [], "a notebook writes no files"


def test_every_solution_is_judged_right(tmp_path: Path) -> None:
    notebook = executed("\n".join(solutions_source(lesson) for lesson in LESSONS), tmp_path)
    verdicts = outputs(notebook, "text/plain")
    assert len(verdicts) == sum(len(exercises_of(lesson.number)) for lesson in LESSONS)
    assert [text for text in verdicts if not text.endswith(": right.")] == []


@pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.path.stem for lesson in LESSONS])
def test_cells_are_short(lesson: Lesson) -> None:
    for cell in lesson.cells:
        n_lines = len(cell.text.splitlines())
        assert cell.is_prose or n_lines <= LONGEST, f"line {cell.line}: {n_lines} lines"
