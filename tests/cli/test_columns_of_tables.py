"""Verbs that read a table: its columns may have any names, be named by options, and it may come by standard input."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from support.commands import Outcome

Command = Callable[..., Outcome]
Rows = list[tuple[str, str]]
KJ = 96.48533212331


@pytest.fixture
def odd_table(workplace: Path, rows: Rows) -> Path:
    """Return a table whose columns have names of its own, with energies in kJ/mol of atoms."""
    lines = [f"s{i},{a},{float(b) * KJ}" for i, (a, b) in enumerate(rows)]
    (workplace / "odd.csv").write_text("Probe,Verbindung,Hf (kJ/mol)\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return workplace / "odd.csv"


def numbers_of(printed: str) -> list[str]:
    """Return the scores in a table with one row."""
    return printed.splitlines()[-1].split()[1:]


def table_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.usefixtures("workplace")
def test_evaluate_finds_the_columns_and_says_what_it_took(
    command: Command, finished_run: Path, odd_table: Path, rows: Rows
) -> None:
    plain = odd_table.with_name("plain.csv")
    plain.write_text("formula,target\n" + "".join(f"{a},{b}\n" for a, b in rows), encoding="utf-8")
    found = command("evaluate", finished_run, "--csv", odd_table)
    expected = command("evaluate", finished_run, "--csv", plain).succeeded()
    assert numbers_of(found.succeeded()) == numbers_of(expected)
    assert "target Hf in eV/atom; column 'Hf (kJ/mol)' is in kJ/mol, as" in found.err
    options = ["--formula", "Verbindung", "--target", "Hf (kJ/mol)", "--unit", "kJ/mol-atom", "--id", "Probe"]
    named = command("evaluate", finished_run, "--csv", odd_table, *options).succeeded()
    assert numbers_of(named) == numbers_of(expected)


@pytest.mark.parametrize("out", [[], ["--out", "answer.csv"]])
def test_predict_finds_the_formulas(
    command: Command, finished_run: Path, odd_table: Path, workplace: Path, rows: Rows, out: list[str]
) -> None:
    printed = command("predict", finished_run, "--csv", odd_table, *out).succeeded()
    answer = table_of((workplace / "answer.csv").read_text(encoding="utf-8")) if out else None
    if answer is None:
        assert all(formula in printed for formula, _ in rows)
    else:
        assert [row["formula"] for row in answer] == [formula for formula, _ in rows]
        assert not any(row["error"] for row in answer)


def test_a_table_may_come_by_standard_input(command: Command, finished_run: Path, odd_table: Path) -> None:
    text = odd_table.read_text(encoding="utf-8")
    by_file = command("evaluate", finished_run, "--csv", odd_table).succeeded()
    by_pipe = command("evaluate", finished_run, "--csv", "-", stdin=text).succeeded()
    assert numbers_of(by_pipe) == numbers_of(by_file)
    assert command("predict", finished_run, "--csv", "-", stdin=text).succeeded()
    assert "standard input is empty" in command("evaluate", finished_run, "--csv", "-", stdin="").refused()


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("formula,target\nNaCl,-2\n", ["--target", "Ef"], "--target: the table has no column 'Ef'"),
        ("formula,target\nNaCl,-2\n", ["--formula", "f"], "--formula: the table has no column 'f'"),
        ("formula,target\nNaCl,-2\n", ["--id", "f"], "--id: the table has no column 'f'"),
        ("formula,target\nNaCl,-2\n", ["--unit", "Kelvin"], "--unit: unknown unit 'Kelvin'"),
        ("formula,gap\nNaCl,-2\n", [], "Name the right one with --target"),
        ("who,target\nMeier,-2\n", [], "Name the right one with --formula"),
        ("formula,Ef DFT,Ef exp\nNaCl,-2,-3\n", [], "--target: 2 columns may hold the formation energies"),
        ("formula,Hf (kJ/mol)\nAc2AgIr,-30\n", [], "--unit: column 'Hf (kJ/mol)' says kJ/mol, but not whether"),
        ("formula,dHf\nNaCl,-411\n", [], "--unit: not declared"),
    ],
)
def test_messages_name_options_and_no_keys(
    command: Command, finished_run: Path, workplace: Path, content: str, options: list[str], message: str
) -> None:
    (workplace / "t.csv").write_text(content, encoding="utf-8")
    refusal = command("evaluate", finished_run, "--csv", "t.csv", *options).refused()
    assert message in refusal
    assert "data." not in refusal


@pytest.mark.usefixtures("workplace")
def test_an_option_about_a_table_needs_one(command: Command, finished_run: Path) -> None:
    message = command("evaluate", finished_run, "--target", "Ef").refused()
    assert "--target is about a table. Give the table with --csv, or leave it out" in message


def test_stability_finds_columns_and_unit(command: Command, workplace: Path) -> None:
    lines = ["Material,Formation enthalpy (kJ/mol)", "NaCl,-411.2", "MgO,-601.6", "Al2O3,-1675.7", "Fe2O3,-824.2"]
    (workplace / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    command("stability", "t.csv", "--out", "hull.csv", "--competing", "none").succeeded()
    hull = table_of((workplace / "hull.csv").read_text(encoding="utf-8"))
    assert [float(row["energy"]) for row in hull] == pytest.approx(
        [-4.262 / 2, -6.235 / 2, -17.367 / 5, -8.542 / 5], 1e-3
    )
    options = ["--competing", "t.csv", "--competing-formula", "Stoff"]
    message = command("stability", "t.csv", "--out", "new.csv", *options).refused()
    assert "--competing-formula: the table has no column 'Stoff'" in message


def test_a_model_of_odd_columns_is_asked_with_the_same_ones(
    command: Command, workplace: Path, rows: Rows, odd_table: Path
) -> None:
    """The column that a run was trained on goes before another with a usual name."""
    config = ["data: {path: odd.csv}", "features: [stoichiometry]", "training: {max_epochs: 2}", "output: run"]
    (workplace / "c.yaml").write_text("\n".join(config) + "\n", encoding="utf-8")
    named = ["--set", "data.formula=Verbindung", "--set", "data.target=Hf (kJ/mol)", "--set", "data.unit=kJ/mol"]
    command("train", "c.yaml", "-q", *named).succeeded()
    lines = odd_table.read_text(encoding="utf-8").splitlines()
    other = [f"{lines[0]},formula,target", *(f"{line},LiF,-3" for line in lines[1:])]
    (workplace / "other.csv").write_text("\n".join(other) + "\n", encoding="utf-8")
    one, another = (
        numbers_of(command("evaluate", "run", "--csv", name).succeeded()) for name in ("odd.csv", "other.csv")
    )
    assert one == another
    printed = command("predict", "run", "--csv", "other.csv", "--out", "answer.csv")
    printed.succeeded()
    answer = table_of((workplace / "answer.csv").read_text(encoding="utf-8"))
    assert [row["formula"] for row in answer] == [formula for formula, _ in rows]


def test_a_configuration_of_standard_input_repeats_the_run(command: Command, workplace: Path, odd_table: Path) -> None:
    config = ["data: {path: '-'}", "features: [stoichiometry]", "training: {max_epochs: 2}", "output: runs/a"]
    (workplace / "c.yaml").write_text("\n".join(config) + "\n", encoding="utf-8")
    command("train", "c.yaml", "-q", stdin=odd_table.read_text(encoding="utf-8")).succeeded()
    assert len([*workplace.glob("runs/stdin-*.csv")]) == 1
    predictions = workplace / "runs" / "a" / "predictions.csv"
    first = predictions.read_bytes()
    command("train", "runs/a/config.yaml", "-q", "--overwrite").succeeded()
    assert predictions.read_bytes() == first


ENCODED = {
    "fit": ("--start", "none", "--set", "training.max_epochs=1", "--set", "benchmark.baselines=[mean]", "-q"),
    "init": (),
    "evaluate": ("--scale", "measured"),
    "predict": (),
    "calibrate": ("--scale", "measured", "--out", "own.safetensors"),
    "featurize": ("--features", "stoichiometry", "--out", "features.csv"),
    "stability": ("--scale", "measured", "--out", "stable.csv"),
    "screen": (),
    "convert": ("--from", "measured", "--to", "mp2020"),
}
BEFORE_THE_TABLE = {"evaluate": ("composition", "--csv"), "predict": ("--csv",), "calibrate": ("composition",)}


@pytest.mark.parametrize("verb", ENCODED)
def test_every_verb_reads_a_table_in_the_encoding_that_is_named(
    command: Command, workplace: Path, rows: Rows, verb: str
) -> None:
    lines = [f"é{i},{a},{b}\n" for i, (a, b) in enumerate(rows)]
    table = workplace / "odd.csv"
    table.write_text("Größe,formula,Hf (eV/atom)\n" + "".join(lines), encoding="cp1252")
    words = (verb, *BEFORE_THE_TABLE.get(verb, ()), table, *ENCODED[verb])
    if verb in ("fit", "init"):  # they look for what nobody says, and say it
        found = command(*words, "-v") if verb == "fit" else command(*words)
        assert found.code == 0
        assert "is read as cp1252, such as 'Größe'; --encoding names another" in found.err
        words = (*words, "--overwrite")
    else:
        assert "Name its encoding with --encoding, such as cp1252" in command(*words).refused()
    command(*words, "--encoding", "cp1252").succeeded()


def test_fit_heeds_what_set_says_of_a_table(command: Command, workplace: Path, rows: Rows) -> None:
    lines = [f"é{i},{a},{b},{b}\n" for i, (a, b) in enumerate(rows)]
    (workplace / "odd.csv").write_text("Größe,formula,Ef DFT,Ef exp\n" + "".join(lines), encoding="latin-1")
    command("init", "odd.csv", "--set", "data.encoding=latin-1", "--set", "data.target=Ef exp").succeeded()
    text = (workplace / "odd.yaml").read_text(encoding="utf-8")
    assert "encoding: latin-1" in text
    assert "target: Ef exp" in text


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_mark_at_the_beginning_names_the_encoding(command: Command, workplace: Path, encoding: str) -> None:
    (workplace / "t.csv").write_text("Größe,formula\né,NaCl\n", encoding=encoding)
    assert "NaCl," in command("predict", "--csv", "t.csv").succeeded()
