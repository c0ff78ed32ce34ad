"""The verb configs, and verbs that are given data where a configuration belongs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.commands import Outcome
from support.paths import ROOT

Command = Callable[..., Outcome]


def test_the_list_names_every_configuration(command: Command) -> None:
    listed = command("configs").succeeded()
    for path in (ROOT / "configs").iterdir():
        assert f"\n{path.stem} " in f"\n{listed}"


def test_one_is_printed_as_it_is(command: Command) -> None:
    assert command("configs", "quick").succeeded() == (ROOT / "configs" / "quick.yaml").read_text(encoding="utf-8")


def test_a_copy_can_be_trained_and_replaces_nothing(command: Command, workplace: Path) -> None:
    out = workplace / "mine.yaml"
    assert "formation-mlp train" in command("configs", "quickstart", "--out", out).succeeded()
    assert out.read_bytes() == (ROOT / "configs" / "quickstart.yaml").read_bytes()
    out.write_text("data: {path: mine.csv}\n")
    assert "--overwrite" in command("configs", "quickstart", "--out", out).refused()
    assert out.read_text() == "data: {path: mine.csv}\n"
    assert command("configs", "quickstart", "--out", out, "--overwrite").code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["quickstrat"], "Did you mean 'quickstart'?"),
        (["--out", "a.yaml"], "name the configuration"),
        (["quick", "--out", "a.json"], "does not end in .yaml or .yml"),
    ],
)
def test_what_is_asked_wrongly_is_refused(
    command: Command, workplace: Path, arguments: list[str], message: str
) -> None:
    assert message in command("configs", *arguments).refused()
    assert list(workplace.iterdir()) == []


def test_a_name_of_the_package_is_trained(command: Command, workplace: Path) -> None:
    tiny = ("--set", "model.hidden=[4]", "--set", "training.max_epochs=1", "-q")
    assert "residual" in command("train", "quickstart", *tiny).succeeded()
    assert (workplace / "runs" / "quickstart" / "DONE").exists()


def test_a_missing_table_of_the_package_is_said_with_its_source(command: Command, workplace: Path) -> None:
    message = command("train", "quick").refused()
    assert "github.com/anthony-wang/CrabNet" in message
    assert "--set data.path=FILE" in message


@pytest.mark.parametrize("verb", ["evaluate", "report"])
def test_a_table_is_no_run(command: Command, workplace: Path, verb: str) -> None:
    (workplace / "dft.csv").write_text("formula,energy\nNaCl,-2\n")
    message = command(verb, "dft.csv").refused()
    assert "that is a table, not a run folder" in message
    assert "formation-mlp fit dft.csv" in message


def test_help_names_the_sections(command: Command) -> None:
    from formation_mlp.config.schema import Config

    told = " ".join(command("train", "--help").succeeded().split("Sections of a configuration:")[1].split())
    for key in Config.model_fields:
        assert key in told
