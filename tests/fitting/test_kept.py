"""A fit keeps its choice in the run folder: what goes on, is finished or is refused does not choose again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from formation_mlp.errors import CheckpointError
from formation_mlp.fitting.choice import Choice
from formation_mlp.fitting.job import Asked, job_for
from formation_mlp.fitting.kept import kept_choice, to_keep
from formation_mlp.fitting.recipes import Recipes, recipes_for
from formation_mlp.fitting.start_table import PLAIN, STARTED
from formation_mlp.fitting.untrained import Untrained
from formation_mlp.runs.folder import RunFolder
from support.commands import Outcome

Command = Callable[..., Outcome]
Write = Callable[..., Path]

SHORT = ("--workers", "1", "--set", "training.max_epochs=2", "--set", "benchmark.baselines=[mean]")


@pytest.fixture
def never_again(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function after whose call no fit may choose between recipes."""

    def no_choice(*_: Any) -> Choice:
        raise AssertionError("it chooses again")

    return lambda: monkeypatch.setattr("formation_mlp.fitting.fit.choose", no_choice)


def start_of(run: str) -> Any:
    return yaml.safe_load(Path(run, "config.yaml").read_text(encoding="utf-8"))["training"]["start_from"]


def test_a_finished_fit_is_found_without_another_choice(
    command: Command, write_csv: Write, rows: list[tuple[str, str]], never_again: Callable[[], None]
) -> None:
    write_csv(rows[:30])
    words = ("fit", "table.csv", "--start", "composition", *SHORT)
    first = command(*words)
    first.succeeded()
    assert "was finished before" not in first.err
    never_again()
    again = command(*words)
    assert again.succeeded() == first.out
    assert "runs/table was finished before: its networks are not trained again." in again.err
    assert "Recipe: a training that starts from the shipped model 'composition', as you say" in again.err
    for other in (("--start", "none"), ("--start", "composition", "--set", "seed=2")):
        assert "holds an earlier run" in command("fit", "table.csv", *SHORT, *other).refused()


def test_an_interrupted_fit_goes_on_with_its_choice(
    command: Command,
    write_csv: Write,
    rows: list[tuple[str, str]],
    never_again: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_csv(rows[:30])
    words = ("fit", "table.csv", "--start", "composition", *SHORT)

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("formation_mlp.benchmark.benchmark._fit", interrupted)
        assert command(*words).code == 130
    never_again()
    done = command(*words)
    done.succeeded()
    assert "was finished before" not in done.err
    assert start_of("runs/table") == "composition"


def test_a_folder_of_something_else_is_refused_before_a_choice(
    command: Command, write_csv: Write, never_again: Callable[[], None]
) -> None:
    write_csv()
    Path("runs/table").mkdir(parents=True)
    Path("runs/table/notes.txt").write_text("mine", encoding="utf-8")
    never_again()
    for words in ((), ("--overwrite",)):
        assert "holds other files, such as 'notes.txt'" in command("fit", "table.csv", *SHORT, *words).refused()
    assert Path("runs/table/notes.txt").read_text(encoding="utf-8") == "mine"


@pytest.fixture
def recipes(write_csv: Write, rows: list[tuple[str, str]]) -> Recipes:
    write_csv(rows[:30])
    return recipes_for(job_for(Asked("table.csv")), None)


def kept_in(folder: Path, choice: dict[str, Any]) -> RunFolder:
    folder.mkdir()
    (folder / "config.yaml").write_text("seed: 0\n", encoding="utf-8")
    (folder / "choice.json").write_text(json.dumps(choice), encoding="utf-8")
    return RunFolder(folder)


def test_what_is_kept_is_the_whole_choice(recipes: Recipes, tmp_path: Path) -> None:
    values = np.array([-1.25, np.nan, -0.5])
    untrained = Untrained("composition", "mp2020", ("a", "b", "c"), np.array([True, False, False]), values)
    choice = Choice(recipes.configs[STARTED], "Recipe: that one.", untrained)
    found = kept_choice(kept_in(tmp_path / "run", to_keep(choice, recipes)), recipes)
    assert found is not None
    assert (found.config, found.sentence) == (choice.config, choice.sentence)
    assert found.untrained is not None
    assert found.untrained.ids == ("a", "c")  # b was not asked
    assert found.untrained.is_new.tolist() == [True, False]
    assert found.untrained.values.tolist() == [-1.25, -0.5]


def test_another_question_has_no_kept_answer(recipes: Recipes, tmp_path: Path) -> None:
    folder = kept_in(tmp_path / "run", to_keep(Choice(recipes.configs[PLAIN], ""), recipes))
    assert kept_choice(folder, recipes) is not None
    assert kept_choice(folder, recipes_for(job_for(Asked("table.csv", overrides=("seed=5",))), None)) is None
    assert kept_choice(folder, recipes_for(job_for(Asked("table.csv")), "composition")) is None
    assert kept_choice(folder, recipes_for(job_for(Asked("table.csv")), "none")) is None


def test_a_damaged_choice_is_refused(recipes: Recipes, tmp_path: Path) -> None:
    kept = to_keep(Choice(recipes.configs[PLAIN], ""), recipes)
    del kept["recipe"]
    with pytest.raises(CheckpointError, match=r"choice\.json: missing or damaged: recipe: it is missing"):
        kept_choice(kept_in(tmp_path / "run", kept), recipes)
