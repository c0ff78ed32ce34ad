"""Consoles that cannot print a sign, are closed or full, and arguments that are empty or odd: real processes."""

from __future__ import annotations

import json
import logging
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from formation_mlp.cli import arguments as arguments_of_verbs
from formation_mlp.cli.console import READER_WENT
from support.commands import Outcome, python_environment
from support.pages import terminal
from support.paths import ROOT

pytestmark = [pytest.mark.skipif(not hasattr(os, "fork"), reason="the shell of a POSIX system"), pytest.mark.slow]

Command = Callable[..., Outcome]
ROWS = ["Fe₂O₃", "NaCl", "MgO"]


def shell(line: str, folder: Path, **variables: str) -> Outcome:
    """Run a line of shell in which ``$F`` is the command."""
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=folder,
        capture_output=True,
        env=python_environment(F=f"{sys.executable} -m formation_mlp", **variables),
        timeout=600,
        check=False,
    )
    outcome = Outcome(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
    assert "Traceback" not in outcome.err
    assert "Exception ignored" not in outcome.err
    return outcome


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1:strict"])
def test_a_sign_that_the_console_lacks_is_spelled_and_no_row_is_lost(tmp_path: Path, encoding: str) -> None:
    outcome = shell(f"$F predict {' '.join(ROWS)}", tmp_path, PYTHONIOENCODING=encoding)
    lines = outcome.succeeded().splitlines()
    assert len(lines) == 1 + len(ROWS)
    assert lines[1].startswith("Fe\\u2082O\\u2083,-1.")


def test_the_locale_of_no_language_prints_every_sign(tmp_path: Path) -> None:
    assert "Fe₂O₃,-1." in shell("$F predict Fe₂O₃", tmp_path, LC_ALL="C", LANG="C").succeeded()


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("$F predict NaCl >&-", 2, "standard output: cannot be written (Bad file descriptor)"),
        ("$F models >&-", 2, "standard output: cannot be written (Bad file descriptor)"),
        ("$F --help >&-", 2, "standard output: cannot be written (Bad file descriptor)"),
        ("$F --version >&-", 2, "standard output: cannot be written (Bad file descriptor)"),
        ("$F predict <&-", 2, "predict: standard input was empty"),
        ("$F predict NaCl <&-", 0, ""),
        ("$F predict NaCl 2>&-", 0, ""),
        ("$F predict none/none <&- >&- 2>&-", 2, ""),
        ("$F predict NaCl --out o.csv >&- <&-", 0, ""),
    ],
)
def test_a_closed_stream_ends_in_a_sentence_or_does_not_matter(
    tmp_path: Path, line: str, code: int, message: str
) -> None:
    outcome = shell(line, tmp_path)
    assert outcome.code == code
    assert message in outcome.err
    assert "error: " not in outcome.out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("line", ["predict NaCl", "models", "--help", "predict --help", "lesson"])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_full_disk_behind_standard_output_is_said(tmp_path: Path, line: str, encoding: str) -> None:
    outcome = shell(f"$F {line} > /dev/full", tmp_path, PYTHONIOENCODING=encoding)
    assert outcome.code == 2
    assert "standard output: cannot be written (No space left on device)" in outcome.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_messages_that_nobody_can_read_cost_no_result(tmp_path: Path) -> None:
    assert "NaCl,-2." in shell("$F predict NaCl 2> /dev/full", tmp_path).succeeded()


def test_a_reader_that_goes_away_ends_the_command_as_it_does_others(tmp_path: Path) -> None:
    (tmp_path / "many.txt").write_text("NaCl\n" * 20_000)
    line = "($F predict < many.txt; echo $? > code) | head -n 1"
    assert shell(line, tmp_path).out.startswith("formula,prediction")
    assert (tmp_path / "code").read_text().strip() == str(READER_WENT)


ODD = [
    {"id": "a\ud800", "formula": "\ud800", "formation_energy_per_atom": -1.0},
    {"id": "b", "formula": "NaCl", "formation_energy_per_atom": -2.1},
    {"id": "c", "formula": "MgO", "formation_energy_per_atom": -3.1},
]


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
@pytest.mark.parametrize(
    "verb",
    [
        "predict --csv odd.json",
        "featurize odd.json --features stoichiometry",
        "screen odd.json",
        "stability odd.json",
        "convert odd.json --from mp2019 --to mp2020",
    ],
)
def test_half_of_a_sign_in_one_row_costs_no_other_row(
    command: Command, workplace: Path, verb: str, ending: str
) -> None:
    if ending == ".parquet" and verb.split()[0] in ("screen", "stability", "convert"):
        pytest.skip("writes csv only")
    (workplace / "odd.json").write_text(json.dumps(ODD))
    command(*verb.split(), "--out", f"o{ending}").succeeded()
    path = workplace / f"o{ending}"
    frame = pd.read_parquet(path) if ending == ".parquet" else pd.read_csv(path, dtype=str)
    assert sorted(frame["formula"]) == ["MgO", "NaCl", "\\ud800"]
    errors = frame.set_index("formula")["error"].fillna("")
    assert errors["NaCl"] == errors["MgO"] == ""
    assert errors["\\ud800"] != ""


def test_undecodable_names_are_shown_as_escapes(tmp_path: Path) -> None:
    outcome = shell("$F predict NaCl \"$(printf 'a\\377b')\"", tmp_path)
    assert outcome.code == 0
    assert "a\\udcffb,,eV/atom" in outcome.out


LONG = "x" * 300


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["predict", "NaCl", "--model", ""], "--model: the value is empty. Give one, or leave the option out"),
        (["predict", "--csv", ""], "--csv: the value is empty"),
        (["predict", "--csv="], "--csv: the value is empty"),
        (["predict", "--csv", " "], "--csv: the value is empty"),
        (["predict", "NaCl", "--out", ""], "--out: the value is empty"),
        (["predict", "NaCl", "--unit", ""], "--unit: the value is empty"),
        (["explain", "composition", "NaCl", "--out", ""], "--out: the value is empty"),
        (["train", "a.yaml", "--set", ""], "--set: the value is empty"),
        (["screen", ""], "screen: found '', but the name of a file or folder is expected"),
        (["train", ""], "train: found ''"),
        (["train", "--", ""], "train: found ''"),
        (["evaluate", ""], "evaluate: found ''"),
        (["report", "a", ""], "report: found ''"),
        (["stability", "", "--out", "o.csv"], "stability: found ''"),
        (["featurize", "--out", "o.csv", ""], "featurize: found ''"),
        (["predict", "--model", LONG, "NaCl"], "--model: 'xxx"),
        (["predict", "--csv", LONG], "has a name of 300 bytes; at most 255 are possible"),
        (["predict", "NaCl", "--out", f"{LONG}.csv"], "--out: 'xxx"),
        *[([verb, LONG], f"{verb}: 'xxx") for verb in ("train", "benchmark", "tune", "evaluate", "report", "screen")],
        (["predict", "--workers", "1000000", "--csv", "a.csv", "--out", "b.csv"], "--workers: found 1000000, but 1 to"),
        (["train", "a.yaml", "--workers", "0"], "--workers: found 0, but 1 to"),
        (["train", "a.yaml", "--workers", "-3"], "--workers: found -3, but 1 to"),
        (["train", "a.yaml", "--workers", "9" * 50], "--workers: found a very large number"),
        (["predict", "--id", "x", "NaCl"], "--id is about a table. Give the table with --csv"),
        (["predict", "--formula", "x", "NaCl"], "--formula is about a table"),
        (["predict", "--workers", "2", "NaCl"], "--workers: several processes predict a table into a file"),
        (["predict", "--workers", "2", "--csv", "a.csv"], "--workers: several processes predict a table into a file"),
    ],
)
def test_empty_and_ignored_options_are_refused(
    command: Command, workplace: Path, words: list[str], message: str
) -> None:
    assert message in command(*words).refused()
    assert list(workplace.iterdir()) == []


def test_an_empty_material_is_a_row_without_a_formula(command: Command) -> None:
    outcome = command("predict", "NaCl", "")
    assert "the formula is missing" in outcome.succeeded()
    assert len(outcome.out.splitlines()) == 3


def test_as_many_processes_as_cores_are_always_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1000)
    arguments_of_verbs._check_workers("8000")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    arguments_of_verbs._check_workers("64")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_results_and_messages_keep_their_order_in_one_pipe(unbuffered: str) -> None:
    code = (
        "import sys; from formation_mlp.cli import console; console.prepare();"
        "print('first', file=sys.stderr); print('second'); print('third', file=sys.stderr); print('fourth')"
    )
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, check=True
    )
    assert done.stdout.split() == ["first", "second", "third", "fourth"]


@pytest.mark.parametrize(("options", "shown"), [([], "a remark\n"), (["-q"], ""), (["--quiet"], "")])
def test_remarks_are_printed_unless_quiet_is_asked_for(
    command: Command, monkeypatch: pytest.MonkeyPatch, workplace: Path, options: list[str], shown: str
) -> None:
    logger = logging.getLogger("formation_mlp")
    monkeypatch.setattr(logger, "handlers", [])

    def remark(*_: object) -> None:
        logger.info("a remark")
        sys.exit(0)

    monkeypatch.setattr("formation_mlp.config.loading.load_config", remark)
    assert command("train", "quickstart", *options).err == shown


@pytest.mark.parametrize("width", [50, 120])
def test_the_heading_is_as_wide_as_a_real_terminal(width: int) -> None:
    command = f"{shlex.quote(sys.executable)} -m formation_mlp predict NaCl"
    heading, _, _ = terminal(command, ROOT, width).partition("\n\n")
    assert width - 30 < max(map(len, heading.splitlines())) <= width
