"""Bad input, through the real command: a message, exit code 2, no traceback, and nothing left behind."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from formation_mlp.saved_model import checkpoint
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.targets.scaler import FeatureScaler
from support.commands import Outcome, leftovers

Command = Callable[..., Outcome]
ConfigWriter = Callable[..., Path]
Rows = list[tuple[str, str]]
HEADER = ["formula", "formation_energy_per_atom"]
ABSENT = "cuda" if torch.backends.mps.is_available() else "mps"


def everything_below(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def refused(command: Command, workplace: Path) -> Callable[..., str]:
    """Return a function that runs a command that must refuse its input, and leave all files as they were."""

    def run(*arguments: object, stdin: str = "") -> str:
        before, folders = everything_below(workplace), {path for path in workplace.rglob("*") if path.is_dir()}
        message = command(*arguments, stdin=stdin).refused()
        assert everything_below(workplace) == before
        assert {path for path in workplace.rglob("*") if path.is_dir()} == folders
        return message

    return run


Refused = Callable[..., str]


@pytest.mark.parametrize(
    ("changes", "messages"),
    [
        ({"sed": 3}, ["sed: unknown key 'sed'", "Did you mean 'seed'?"]),
        ({"model": {"hiden": [8]}}, ["model.hiden: unknown key 'hiden'", "Did you mean 'hidden'?"]),
        ({"model": {"activation": "rellu"}}, ["model.activation: unknown activation 'rellu'", "Did you mean 'relu'?"]),
        ({"model": {"hidden": "8"}}, ["model.hidden: found '8', but it should be a list"]),
        (
            {"seed": -1, "training": {"loss": "l3"}, "split": {"val": 2}, "features": ["magpi"]},
            [
                "4 problems in the configuration",
                "seed: found -1",
                "split.val: found 2",
                "'l3'. Choose one of: bce, huber",
            ],
        ),
        ({"training": {"device": ABSENT}}, [f"this machine has no {ABSENT!r}. Choose one of: auto, cpu"]),
        ({"training": {"loss": "bce"}}, ["unknown loss of a regression 'bce'. Choose one of: huber, l1, mse"]),
        (
            {"model": {"architecture": "residual", "hidden": [8, 9]}},
            ["model.hidden: found [8, 9], but a residual network needs"],
        ),
        ({"features": ["stoichiometry", "stoichiometry"]}, ["features: 'stoichiometry' is named twice"]),
        ({"features": ["density"]}, ["features: some presets need crystal structures, but the rows have formulas"]),
        ({"split": {"val": 0.6, "test": 0.6}}, ["split: val 0.6 and test 0.6 leave no rows for training"]),
        ({"split": {"val": 0.0}}, ["split: the val part is empty"]),
        ({"split": {"method": "k_fold", "fold": 5}}, ["split.fold: found 5, but folds are numbered 0 to 4"]),
        (
            {"split": {"method": "column"}},
            ["the methods column, fold_column and time and the key split.column belong together"],
        ),
        (
            {"split": {"column": "part"}},
            ["the methods column, fold_column and time and the key split.column belong together"],
        ),
        ({"split": {"method": "column", "column": "p"}}, ["split.column: the table has no column 'p'"]),
        ({"task": {"type": "classification"}}, ["every value must be 0 or 1; found -"]),
        (
            {"task": {"type": "classification", "boundary": -99.0}, "benchmark": {"baselines": ["mean"]}},
            ["only the class 'negative' occurs in the train"],
        ),
        (
            {
                "task": {"type": "classification", "boundary": -1.0, "labels": ["a"]},
                "benchmark": {"baselines": ["mean"]},
            },
            ["task.labels: found ['a'], but a binary task has two"],
        ),
        ({"data": {"path": "tabel.csv"}}, ["data.path: 'tabel.csv' does not exist", "Did you mean 'table.csv'?"]),
        ({"data": {"path": "matminer:no_such_set"}}, ["data.path: matminer has no data set 'no_such_set'"]),
        ({"data": {"target": "e"}}, ["data.target: the table has no column 'e'. Columns: formula, formation_energy"]),
        ({"data": {"encoding": "utf-61"}}, ["data.encoding: unknown encoding: utf-61"]),
        ({"output": "table.csv"}, ["output: 'table.csv' holds other files"]),
    ],
)
@pytest.mark.parametrize("verb", ["train", "benchmark"])
def test_a_wrong_configuration(
    refused: Refused, tiny_config: ConfigWriter, verb: str, changes: dict[str, Any], messages: list[str]
) -> None:
    found = refused(verb, tiny_config(**changes), "-q")
    for message in messages:
        assert message in found


@pytest.mark.parametrize(
    ("baselines", "message"),
    [
        ([{"ridge": {"alfa": 1}}], "benchmark.baselines.ridge: unknown option 'alfa'"),
        ([{"ridge": {"tuned": 1}}], "benchmark.baselines.ridge.tuned: found 1, but it is true or false"),
        (["logistic_regression"], "unknown baseline of a regression 'logistic_regression'"),
        ([{"ridge": {"alpha": -1}}], "benchmark.baselines.ridge: scikit-learn refuses {'alpha': -1}"),
    ],
)
def test_a_wrong_baseline(command: Command, tiny_config: ConfigWriter, baselines: list[Any], message: str) -> None:
    assert message in command("benchmark", tiny_config(benchmark={"baselines": baselines}), "-q").refused()


def test_a_missing_configuration(refused: Refused, tiny_config: ConfigWriter) -> None:
    tiny_config()
    assert "jbo.yaml: no such configuration file. Did you mean 'job.yaml'?" in refused("train", "jbo.yaml")


@pytest.mark.parametrize(
    ("lines", "header", "messages"),
    [
        ([["rock salt", "-1"]], ["name", "target"], ["data.formula: no column is called formula or composition"]),
        ([["NaCl", "-1"]], ["formula", "energie"], ["data.target: no column is called formation_energy_per_atom"]),
        ([["NaCl", ""], ["MgO", ""]], HEADER, ["data.target: column 'formation_energy_per_atom' is empty"]),
        ([["", "-1"], ["", "-2"]], HEADER, ["data.formula: column 'formula' is empty"]),
        ([], HEADER, ["the table has no rows"]),
        ([["NaCl", "-1"], ["MgO", "inf"]], HEADER, ["row 2: 'inf' is not finite"]),
        ([["NaCl", "-1"], ["MgO", "two"]], HEADER, ["row 2: 'two' is no number"]),
        ([["NaCl", "-411"], ["MgO", "-601"]], HEADER, ["data.unit: not declared", "looks like kJ/mol", "Declare the"]),
        ([["NaCl", "-5"], ["MgO", "-6"], ["KCl", "-7"]], HEADER, ["data.unit: not declared", "like total energies"]),
        ([["a", "NaCl", "1"], ["a", "MgO", "2"]], ["id", *HEADER], ["1 id occurs twice, the first is 'a'"]),
        ([["NaCl", "-1"], ["MgO", "-2"]], HEADER, ["2 rows in 2 groups cannot fill 3 parts", "Give more rows"]),
        ([["NaCl", "-1"], ["Na2Cl2", "-2"], ["KCl", "-3"]], HEADER, ["3 rows in 2 groups cannot fill 3 parts"]),
    ],
)
def test_a_table_that_cannot_be_learned_from(
    refused: Refused,
    tiny_config: ConfigWriter,
    write_csv: Callable[..., Path],
    lines: list[list[str]],
    header: list[str],
    messages: list[str],
) -> None:
    write_csv(lines, header)
    found = refused("train", tiny_config(), "-q")
    for message in messages:
        assert message in found


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("Xx2O", "'Xx' is no element"),
        ("NACL", "Did you mean NaCl?"),
        ("Li1-xCoO2", "variable amounts (Li1-xCoO2)"),
        ("", "the formula is missing"),
        ("Na0Cl", "the amount 0 is outside"),
        ("Na-1Cl", "'-' cannot be read"),
        ("Fe3+", "it is a charge"),
        ("(NaCl", "'(' is not closed"),
        ("鉄", "'鉄' cannot be read"),
    ],
)
def test_a_formula_that_cannot_be_read(
    refused: Refused, tiny_config: ConfigWriter, write_csv: Callable[..., Path], rows: Rows, formula: str, message: str
) -> None:
    write_csv([*rows, [formula, "-1"]])
    found = refused("train", tiny_config(), "-q")
    assert "1 row cannot be used" in found
    assert f"row 61: formula {formula!r}" in found
    assert message in found
    assert "data.invalid: drop" in found


def test_equal_targets(refused: Refused, tiny_config: ConfigWriter, write_csv: Callable[..., Path], rows: Rows) -> None:
    write_csv([(formula, -1.5) for formula, _ in rows])
    assert "data.target: all targets are -1.5 in the train part (36 rows)" in refused("train", tiny_config(), "-q")


def test_only_one_class(
    refused: Refused, tiny_config: ConfigWriter, write_csv: Callable[..., Path], rows: Rows
) -> None:
    write_csv([(formula, 1) for formula, _ in rows])
    config = tiny_config(task={"type": "classification", "labels": ["unstable", "stable"]})
    assert "data.target: only the class 'stable' occurs in the train part" in refused("train", config, "-q")


@pytest.mark.parametrize("verb", ["train", "predict"])
def test_a_table_in_another_encoding(
    refused: Refused, tiny_config: ConfigWriter, finished_run: Path, workplace: Path, verb: str
) -> None:
    config = tiny_config()
    content = "formula,target,remark\nNaCl,-2.1,µ\nMgO,-3.1,é\n"
    (workplace / "table.csv").write_bytes(content.encode("latin-1"))
    arguments = [config, "-q"] if verb == "train" else [finished_run, "--csv", "table.csv"]
    message = refused(verb, *arguments)
    assert "table.csv: not text in UTF-8" in message
    assert f"Name its encoding with {'data.encoding' if verb == 'train' else '--encoding'}, such as cp1252" in message


def test_a_folder_with_a_run_or_with_other_files(
    refused: Refused, tiny_config: ConfigWriter, own_run: Path, command: Command
) -> None:
    config = tiny_config()
    message = refused("train", config, "-q")
    assert message.startswith("output: 'run' holds an earlier run. Name another folder with --set output=runs/NAME, or")
    assert message.endswith("replace it with --overwrite.\n")
    (own_run / "notes.txt").write_text("precious")
    for overwrite in ([], ["--overwrite"]):
        message = refused("train", config, "-q", *overwrite)
        assert "output: 'run' holds other files, such as 'notes.txt'. Name another folder" in message
    (own_run / "notes.txt").unlink()
    command("train", config, "-q", "--overwrite").succeeded()


def test_nothing_to_resume(refused: Refused, tiny_config: ConfigWriter, own_run: Path) -> None:
    config = tiny_config()
    assert "run: this run is finished; there is nothing to resume" in refused("train", config, "-q", "--resume")
    (own_run / "DONE").unlink()
    assert "the interrupted run had other values under: data. Resume" in refused("train", config, "-q", "--resume")
    shutil.rmtree(own_run)
    assert "run: not a run folder" in refused("train", config, "-q", "--resume")


def random_bytes(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 40)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def missing(path: Path) -> None:
    path.unlink()


def foreign(path: Path) -> None:
    save_file({"weight": np.zeros(3, np.float32)}, path, metadata={"format": "pt"})


def other_kind(path: Path) -> None:
    shutil.copy(path.with_name("state.safetensors"), path)


def newer_format(path: Path) -> None:
    model = Checkpoint.load(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "FORMAT", 99)
        model.save(path)


def other_features(path: Path) -> None:
    model = Checkpoint.load(path)
    names = ("of another program", *model.scaler.names[1:])
    scaler = FeatureScaler(names, model.scaler.kept, model.scaler.median, model.scaler.centre, model.scaler.scale)
    replace(model, scaler=scaler).save(path)


def fewer_weights(path: Path) -> None:
    model = Checkpoint.load(path)
    (member,) = model.members
    replace(model, members=(replace(member, weights=dict(list(member.weights.items())[1:])),)).save(path)


def other_network(path: Path) -> None:
    model = Checkpoint.load(path)
    (member,) = model.members
    replace(model, members=(replace(member, model=member.model | {"hidden": [9]}),)).save(path)


def no_task(path: Path) -> None:
    model = Checkpoint.load(path)
    replace(model, config={key: value for key, value in model.config.items() if key != "task"}).save(path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (random_bytes, "model.safetensors: damaged, or not a safetensors file"),
        (truncated, "model.safetensors: damaged, or not a safetensors file"),
        (empty, "model.safetensors: damaged, or not a safetensors file"),
        (missing, "model.safetensors: no such file. Give the folder of a finished run."),
        (foreign, "a safetensors file, but not a model of formation_mlp"),
        (other_kind, "a safetensors file, but not a model of formation_mlp"),
        (newer_format, f"format 99, but this version of formation_mlp reads formats up to {checkpoint.FORMAT}. Update"),
        (other_features, "the model was trained on other features than its presets give here: 1 are missing"),
        (fewer_weights, "the weights do not fit the network of the configuration"),
        (other_network, "the weights do not fit the network of the configuration"),
        (no_task, "config.task: it is missing"),
    ],
)
@pytest.mark.parametrize("verb", ["predict", "evaluate"])
def test_a_model_that_is_damaged_or_of_other_origin(
    refused: Refused, own_run: Path, damage: Callable[[Path], None], message: str, verb: str
) -> None:
    damage(own_run / "model.safetensors")
    assert message in refused(verb, own_run, *(["NaCl"] if verb == "predict" else []))


def test_a_run_folder_that_does_not_exist(refused: Refused) -> None:
    assert "runs/none: no such run folder. Train one with" in refused("predict", "runs/none", "NaCl")
    assert "runs/none: no such run folder" in refused("evaluate", "runs/none")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("split.json", b"{", "split.json: missing or damaged"),
        ("split.json", None, "split.json: missing or damaged"),
        ("report.json", b"\xff", "report.json: missing or damaged"),
        ("DONE", None, "the run is not finished: it has no file DONE"),
    ],
)
def test_a_damaged_run_folder(refused: Refused, own_run: Path, file: str, content: bytes | None, message: str) -> None:
    if content is None:
        (own_run / file).unlink()
    else:
        (own_run / file).write_bytes(content)
    assert message in refused("evaluate", own_run)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines[:-1], "row '60' of the run is no longer in"),
        (lambda lines: [*lines[:5], lines[5].replace("-", ""), *lines[6:]], "have changed since the run. Train again."),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "have changed since the run. Train again."),
    ],
)
def test_a_table_that_changed_since_the_run(
    refused: Refused,
    command: Command,
    tiny_config: ConfigWriter,
    workplace: Path,
    change: Callable[[list[str]], list[str]],
    message: str,
) -> None:
    command("train", tiny_config(), "-q").succeeded()
    table = workplace / "table.csv"
    table.write_text("\n".join(change(table.read_text().splitlines())))
    assert message in refused("evaluate", "run")


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        ([], "", "is the model, but no material is named"),
        (["--csv", "none.csv"], "", "'none.csv' does not exist"),
        (["--csv", "table.csv", "--formula", "Formula"], "", "--formula: the table has no column 'Formula'"),
        (["--csv", "table.csv", "--id", "name"], "", "--id: the table has no column 'name'"),
        (["--out", "out.xlsx", "NaCl"], "", "--out: 'out.xlsx' does not end in .csv or .parquet"),
        (["--csv", "table.csv", "NaCl"], "", "give materials, such as 'NaCl', or a table with --csv, not both"),
        (
            ["--unit", "kJ", "NaCl"],
            "",
            "--unit: unknown unit 'kJ'. Choose one of: J/mol, eV/atom, kJ/mol, kcal/mol, meV/atom",
        ),
        (["--unit", "eV/formula", "NaCl"], "", "--unit: 'eV/formula' counts formula units. Choose one per atom"),
        (["--stable", "NaCl"], "", "--stable asks the shipped model 'stability', but '"),
    ],
)
def test_nothing_to_predict(
    refused: Refused, finished_run: Path, write_csv: Callable[..., Path], arguments: list[str], stdin: str, message: str
) -> None:
    write_csv()
    assert message in refused("predict", finished_run, *arguments, stdin=stdin)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "x.xlsx"], "--out: 'x.xlsx' does not end in .parquet or .csv"),
        (["--out", "x.csv", "--features", "magpi"], "features: unknown preset 'magpi'"),
        (["--out", "x.csv", "--features", "density"], "features: some presets need crystal structures"),
        (["--out", "x.csv", "--formula", "f"], "--formula: the table has no column 'f'"),
    ],
)
def test_nothing_to_featurize(
    refused: Refused, write_csv: Callable[..., Path], arguments: list[str], message: str
) -> None:
    assert message in refused("featurize", write_csv(), *arguments)


def test_no_row_can_be_featurized(refused: Refused, write_csv: Callable[..., Path]) -> None:
    table = write_csv([["Xx", "1"], ["Yy", "2"]])
    assert "no row can be read:\n  row 1: formula 'Xx'" in refused("featurize", table, "--out", "x.csv")


@pytest.mark.parametrize(
    ("lines", "options", "message"),
    [
        ([["NaCl", "-411"], ["MgO", "-601"]], [], "--unit: not declared"),
        ([["NaCl", "-2"]], ["--target", "e"], "--target: the table has no column 'e'"),
        ([["NaCl", "-2"]], ["--unit", "kJ"], "--unit: unknown unit 'kJ'"),
        ([["Xx", "-2"]], [], "no row is left: 1 of 1 row cannot be read"),
    ],
)
def test_a_table_that_cannot_be_evaluated(
    refused: Refused,
    finished_run: Path,
    write_csv: Callable[..., Path],
    lines: list[list[str]],
    options: list[str],
    message: str,
) -> None:
    assert message in refused("evaluate", finished_run, "--csv", write_csv(lines), *options)


@pytest.mark.parametrize("verb", ["predict", "featurize"])
def test_a_full_disk_leaves_the_earlier_output(
    command: Command,
    finished_run: Path,
    write_csv: Callable[..., Path],
    workplace: Path,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
) -> None:
    def fsync(_feature: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    out = workplace / "out.csv"
    out.write_text("the earlier output")
    monkeypatch.setattr(os, "fsync", fsync)
    start = ["predict", finished_run, "--csv"] if verb == "predict" else ["featurize"]
    message = command(*start, write_csv(), "--out", out, "--overwrite").refused()
    assert re.search(r"out\.csv\S*: cannot be written \(No space left on device\)", message)  # or a part of it
    assert out.read_text() == "the earlier output"
    assert leftovers(workplace) == []


def test_an_error_shows_its_traceback_only_with_debug(command: Command, finished_run: Path) -> None:
    command("predict", finished_run, "--csv", "none.csv").refused()
    with pytest.raises(Exception, match=r"none\.csv"):
        command("--debug", "predict", finished_run, "--csv", "none.csv")
