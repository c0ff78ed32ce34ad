"""Notebooks for students hold the lesson without its answers; solutions and guides stand apart."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from formation_mlp.errors import ConfigError, DataError
from formation_mlp.lessons.cells import Lesson, all_lessons
from formation_mlp.lessons.exercises.collection import exercises_of
from formation_mlp.lessons.exercises.kinds import Choice, Code
from formation_mlp.lessons.notebooks import as_notebook, solutions_source, split_shown, student_source, write_notebooks
from support.commands import Outcome

jupytext = pytest.importorskip("jupytext")
nbformat = pytest.importorskip("nbformat")

LESSONS = all_lessons()
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.path.stem for lesson in LESSONS])


def cells_of(source: str) -> list[tuple[str, str]]:
    notebook = jupytext.reads(source, fmt="py:percent")
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


@every_lesson
def test_a_notebook_and_its_source_are_the_same_cells(lesson: Lesson) -> None:
    source = student_source(lesson)
    notebook = nbformat.reads(as_notebook(source), as_version=4)
    again = jupytext.writes(notebook, fmt="py:percent")
    assert cells_of(again) == cells_of(source)
    assert as_notebook(source) == as_notebook(source), "the same lesson gives the same bytes"
    folded = [cell.source for cell in notebook.cells if cell.metadata.get("jupyter", {}).get("source_hidden")]
    assert folded
    assert all(text.startswith(("say(", "show(", "table(", "if ")) for text in folded)


@every_lesson
def test_a_notebook_has_the_cells_of_its_lesson(lesson: Lesson) -> None:
    own = [cell for cell in lesson.cells if "exercise" not in cell.text]
    cells = cells_of(student_source(lesson))
    prose = [text for kind, text in cells if kind == "markdown"]
    code = "\n".join(text for kind, text in cells if kind == "code")
    for cell in own:
        if cell.is_prose:
            assert cell.text.strip() in prose
        else:
            work, shown = split_shown(cell.text.strip())
            assert work in code
            assert shown in code
            assert [line for text in (work, shown) for line in text.splitlines() if line] == [
                line for line in cell.text.splitlines() if line
            ]


@every_lesson
def test_every_exercise_can_be_answered_and_no_answer_is_told(lesson: Lesson) -> None:
    cells = cells_of(student_source(lesson))
    code = "\n".join(text for kind, text in cells if kind == "code")
    prose = "\n".join(text for kind, text in cells if kind == "markdown")
    assert "from formation_mlp.lessons import" in code
    assert "exercise(" not in code
    for exercise in exercises_of(lesson.number):
        assert exercise.scaffold in code
        assert f"### Exercise {exercise.number}\n" in prose
        assert exercise.solution not in code + prose
        if isinstance(exercise, Choice):
            assert all(text in prose for text in exercise.choices)
        if isinstance(exercise, Code):
            assert "..." in exercise.scaffold


@every_lesson
def test_all_cells_are_python(lesson: Lesson) -> None:
    for source in (student_source(lesson), solutions_source(lesson)):
        for kind, text in cells_of(source):
            if kind == "code":
                ast.parse(text)


def test_the_verb_writes_eight_notebooks_solutions_and_guides(workplace: Path, command: Callable[..., Outcome]) -> None:
    command("lesson", "--notebooks", "students", "--solutions", "teachers").succeeded()
    assert sorted(path.name for path in (workplace / "students").iterdir()) == [f"{x.path.stem}.ipynb" for x in LESSONS]
    names = [f"{x.path.stem}{end}" for x in LESSONS for end in ("_guide.md", "_solutions.ipynb")]
    assert sorted(path.name for path in (workplace / "teachers").iterdir()) == names
    for path in (workplace / "students").iterdir():
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        assert all(not cell.get("outputs") for cell in notebook.cells)
        assert json.loads(path.read_text(encoding="utf-8"))["metadata"]["kernelspec"]["name"] == "python3"


@every_lesson
def test_a_guide_says_aims_minutes_questions_and_mistakes(
    lesson: Lesson, workplace: Path, command: Callable[..., Outcome]
) -> None:
    command("lesson", str(lesson.number), "--solutions", "teachers").succeeded()
    guide = (workplace / "teachers" / f"{lesson.path.stem}_guide.md").read_text(encoding="utf-8")
    assert guide.startswith(f"# {lesson.number}. {lesson.title}: guide for teachers\n")
    for part in ("**Minutes**: ", "## Aims", "## What to ask", "## What often goes wrong"):
        assert part in guide
    for exercise in exercises_of(lesson.number):
        assert exercise.solution in guide
        assert all(hint in guide for _, hint in exercise.mistakes)


def test_answers_of_a_student_are_not_replaced(tmp_path: Path) -> None:
    (path,) = write_notebooks(LESSONS[:1], tmp_path, print)
    write_notebooks(LESSONS[:1], tmp_path, print)  # the same again does no harm
    path.write_text(path.read_text(encoding="utf-8").replace("my_answer = ...", "my_answer = 5"), encoding="utf-8")
    answered = path.read_bytes()
    with pytest.raises(DataError, match="it may hold somebody's answers"):
        write_notebooks(LESSONS, tmp_path, print)
    assert path.read_bytes() == answered
    assert [other.name for other in tmp_path.iterdir()] == [path.name], "nothing is written if something cannot be"


def test_without_jupytext_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jupytext", None)
    with pytest.raises(ConfigError, match=r"pip install 'formation-mlp\[lecture\]'"):
        as_notebook("# %%\n1\n")


def test_a_cell_that_asks_holds_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "01_x.py"
    path.write_text('# %% [markdown]\n# # 1. X\n\n# %%\nx = 1\nexercise("1.1")\n', encoding="utf-8")
    with pytest.raises(ValueError, match="line 5: a cell that asks an exercise must hold nothing else"):
        student_source(Lesson(path))
