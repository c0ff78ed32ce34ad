"""A run folder that a hand, a full disk or another program has changed is refused in a sentence that names the file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import formation_mlp
from formation_mlp.errors import CheckpointError
from formation_mlp.runs.folder import RunFolder
from support.commands import Outcome

Command = Callable[..., Outcome]
Change = Callable[[Any], Any]

DEEP = "[" * 100_000 + "]" * 100_000


def rewritten(change: Change) -> Callable[[str], str]:
    return lambda text: json.dumps(change(json.loads(text)))


def without(*keys: str) -> Callable[[str], str]:
    return rewritten(lambda content: {key: value for key, value in content.items() if key not in keys})


def with_value(value: Any, *path: Any) -> Callable[[str], str]:
    def change(content: Any) -> Any:
        node = content
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = value
        return content

    return rewritten(change)


BROKEN: dict[str, Callable[[str], str]] = {
    "a list": lambda _: "[]",
    "an empty mapping": lambda _: "{}",
    "null": lambda _: "null",
    "a number": lambda _: "7",
    "a text": lambda _: '"x"',
    "nested deep": lambda _: DEEP,
    "5,000 digits": lambda _: "9" * 5000,
    "cut": lambda text: text[: len(text) // 2],
    "empty": lambda _: "",
}

SPLIT = {
    **BROKEN,
    "no train rows": without("train"),
    "parts that are texts": with_value("abc", "train"),
    "ids that are numbers": with_value([1, 2], "train"),
    "an id twice": rewritten(lambda parts: {**parts, "test": [*parts["test"], parts["train"][0]]}),
    "an id that is not in the table": rewritten(lambda parts: {**parts, "val": [*parts["val"], "nobody"]}),
    "a row less": rewritten(lambda parts: {**parts, "train": parts["train"][1:]}),
}
REPORT = {
    **BROKEN,
    "no scores": without("scores"),
    "no fingerprint": without("rows_sha256"),
    "scores that are texts": with_value("good", "scores", "test"),
    "rows that are negative": with_value(-3, "rows", "train"),
    "a target that is a text": with_value("energy", "target"),
    "no overlap": with_value({}, "overlap"),
    "versions that are a list": with_value([], "versions"),
    "notes that are a text": with_value("none", "notes"),
}
CONFIG: dict[str, Callable[[str], str]] = {
    "a date that is none": lambda text: text + "\nsince: 2024-13-45\n",
    "nested deep": lambda _: "a: " + "[" * 3000 + "]" * 3000,
    "a list": lambda _: "[1, 2]",
    "binary": lambda _: "\x00\x01",
    "empty": lambda _: "",
}
HISTORY: dict[str, Callable[[str], str]] = {
    "half a line": lambda text: text[: len(text) - 20],
    "a list": lambda text: text + "[]\n",
    "a line without an epoch": lambda text: text + "{}\n",
    "an epoch that is a text": lambda text: text.replace('"epoch": 1', '"epoch": "one"', 1),
    "nested deep": lambda text: text + DEEP + "\n",
}
PREDICTIONS: dict[str, Callable[[str], str]] = {
    "empty": lambda _: "",
    "another table": lambda _: "formula,target\nNaCl,-2\n",
    "words for numbers": lambda text: "\n".join(f"{line}x" for line in text.splitlines()[:3]),
    "rows that are cut": lambda text: text.splitlines()[0] + "\n1,NaCl\n",
}


def damaged(run: Path, name: str, change: Callable[[str], str]) -> Path:
    path = run / name
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    return path


@pytest.mark.parametrize("change", SPLIT.values(), ids=SPLIT)
def test_a_damaged_split_is_refused(command: Command, own_run: Path, change: Callable[[str], str]) -> None:
    damaged(own_run, "split.json", change)
    message = command("evaluate", own_run).refused()
    assert "split.json: missing or damaged" in message or "no longer in" in message or "have changed since" in message


@pytest.mark.parametrize("change", REPORT.values(), ids=REPORT)
def test_a_damaged_report_is_refused(command: Command, own_run: Path, change: Callable[[str], str]) -> None:
    damaged(own_run, "report.json", change)
    assert "report.json: missing or damaged" in command("report", own_run).refused()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        *(("config.yaml", change) for change in CONFIG.values()),
        *(("history.jsonl", change) for change in HISTORY.values()),
        *(("predictions.csv", change) for change in PREDICTIONS.values()),
        *(("split.json", BROKEN[name]) for name in ("a list", "null", "nested deep")),
    ],
)
def test_a_report_of_a_damaged_run_names_the_file(
    command: Command, own_run: Path, name: str, change: Callable[[str], str]
) -> None:
    damaged(own_run, name, change)
    assert name in command("report", own_run).refused()
    assert not (own_run / "report.html").exists()


@pytest.mark.parametrize("verb", ["evaluate", "explain"])
@pytest.mark.parametrize("name", ["split.json", "report.json"])
def test_other_verbs_name_it_too(command: Command, own_run: Path, verb: str, name: str) -> None:
    damaged(own_run, name, lambda _: "[]")
    assert f"{name}: missing or damaged" in command(verb, own_run).refused()


@pytest.mark.slow
def test_a_configuration_that_was_edited_is_said_and_the_models_own_is_shown(command: Command, own_run: Path) -> None:
    path = own_run / "config.yaml"
    text = path.read_text(encoding="utf-8")
    start = text.index("features:")
    path.write_text(text[:start] + text[text.index("\nsplit:", start) + 1 :], encoding="utf-8")
    command("report", own_run).succeeded()
    page = (own_run / "report.html").read_text(encoding="utf-8")
    assert "differs from the model&#39;s own configuration under: features" in page
    assert "stoichiometry" in page


@pytest.mark.parametrize("change", CONFIG.values(), ids=CONFIG)
def test_a_damaged_configuration_is_not_resumed(own_run: Path, change: Callable[[str], str]) -> None:
    config = RunFolder(own_run).saved_config()
    (own_run / "DONE").unlink()
    damaged(own_run, "config.yaml", change)
    with pytest.raises(CheckpointError, match=r"not a run folder|other values under"):
        RunFolder(own_run).begin(config | {"seed": 9}, overwrite=False, resume=True)


@pytest.mark.parametrize("verb", ["evaluate", "report", "explain"])
def test_a_run_that_is_not_finished_is_told_from_one_that_is_absent(
    command: Command, own_run: Path, workplace: Path, verb: str
) -> None:
    (own_run / "DONE").unlink()
    assert "the run is not finished: it has no file DONE" in command(verb, own_run).refused()
    (workplace / "empty").mkdir()
    assert "not a run folder" in command("report", workplace / "empty").refused()
    assert "no such run folder" in command(verb, workplace / "nowhere").refused()


def test_a_folder_that_cannot_be_looked_into_is_not_called_absent(
    own_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = os.stat

    def forbidden(path: Any, *arguments: Any, **keys: Any) -> os.stat_result:
        if str(path).startswith(str(own_run)):
            raise PermissionError(13, "Permission denied")
        return ask(path, *arguments, **keys)

    monkeypatch.setattr(os, "stat", forbidden)
    with pytest.raises(CheckpointError, match=r"cannot be looked into \(Permission denied\)"):
        RunFolder(own_run).require_finished()


@pytest.mark.parametrize("call", ["open", "stat"])
def test_a_model_that_may_not_be_read_is_not_called_absent(
    own_run: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    real = getattr(os, call)

    def forbidden(path: Any, *arguments: Any, **keys: Any) -> Any:
        if str(path).startswith(str(own_run)):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *arguments, **keys)

    monkeypatch.setattr(os, call, forbidden)
    for given in (own_run, own_run / "model.safetensors"):
        with pytest.raises(CheckpointError, match=r"cannot be (read|looked into) \(Permission denied\)"):
            formation_mlp.load(given)


@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="root may read everything")
def test_a_folder_without_the_permission_to_enter_it_is_not_called_absent(own_run: Path) -> None:
    own_run.chmod(0)
    try:
        with pytest.raises(CheckpointError, match="Permission denied"):
            formation_mlp.load(own_run)
    finally:
        own_run.chmod(0o755)
