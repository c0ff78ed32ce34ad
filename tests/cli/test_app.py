"""What the commands print and write when all is well, or well enough."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import formation_mlp
from formation_mlp import cli
from formation_mlp.cli.app import VERBS, app
from formation_mlp.features.engine.table import featurize
from formation_mlp.materials.inputs import read_materials
from formation_mlp.saved_model import named as named_model
from formation_mlp.saved_model.checkpoint import Checkpoint
from support.commands import Outcome, python_environment, real_command

Command = Callable[..., Outcome]
ConfigWriter = Callable[..., Path]
Rows = list[tuple[str, str]]


def table_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_version_is_printed(command: Command) -> None:
    assert command("--version").succeeded() == f"{formation_mlp.__version__}\n"


def test_help_names_every_verb_and_every_verb_has_help(command: Command) -> None:
    overview = command("--help").succeeded()
    for verb in ("train", "benchmark", "predict", "models", "evaluate", "featurize"):
        assert f"  {verb} " in overview
        assert "Usage: formation-mlp " + verb in command(verb, "--help").succeeded()
    assert command().code == 2


@pytest.mark.parametrize("arguments", [["tarin"], ["evaluate"], ["train", "a", "b"], ["predict", "run", "--cvs", "x"]])
def test_a_wrong_command_shows_its_usage(command: Command, arguments: list[str]) -> None:
    outcome = command(*arguments)
    assert outcome.code == 2
    assert outcome.err.startswith("Usage: formation-mlp")
    assert "Traceback" not in outcome.err


def test_training_prints_its_result_to_one_stream_and_its_progress_to_the_other(
    tiny_config: ConfigWriter, command: Command
) -> None:
    outcome = command("train", tiny_config())
    head, rule, *lines = outcome.succeeded().splitlines()
    assert head.split() == ["model", "val", "MAE", "test", "MAE", "RMSE", "R2", "fit", "(s)", "predict", "(s)"]
    assert set(rule) == {"-", " "}
    assert [line.split()[0] for line in lines] == ["mean", "mlp"]
    progress = outcome.err.splitlines()
    assert progress[0] == "60 rows of table.csv, target formation_energy_per_atom eV/atom"
    assert "split by formula: 36 train, 12 val, 12 test" in outcome.err
    assert [line.split()[:2] for line in progress if line.startswith("epoch")] == [["epoch", "1"], ["epoch", "2"]]
    assert progress[-1] == "run: model, report, predictions and figures"
    assert "dropped: " not in outcome.err


def test_quiet_training_prints_its_result_only(tiny_config: ConfigWriter, command: Command) -> None:
    outcome = command("train", tiny_config(), "--quiet")
    assert "mlp" in outcome.succeeded()
    assert outcome.err == ""


def test_verbose_training_names_constant_features(tiny_config: ConfigWriter, command: Command) -> None:
    outcome = command("train", tiny_config(), "-v")
    outcome.succeeded()
    assert "  dropped: " in outcome.err


def test_a_bar_stands_for_the_epochs_on_a_terminal(
    tiny_config: ConfigWriter, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    outcome = command("train", tiny_config(training={"max_epochs": 3}))
    outcome.succeeded()
    assert "3/3 epochs" in outcome.err
    assert "epoch    1" not in outcome.err


def test_values_on_the_command_line_reach_the_run(tiny_config: ConfigWriter, command: Command, workplace: Path) -> None:
    changes = ["--set", "output=elsewhere", "--set", "model.hidden=[5, 4]", "--set", "training.max_epochs=1"]
    command("train", tiny_config(), "-q", *changes).succeeded()
    report = json.loads((workplace / "elsewhere" / "report.json").read_text())
    assert report["config"]["model"]["hidden"] == [5, 4]
    assert report["epochs"] == 1
    assert not (workplace / "run").exists()


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("kJ/mol", "96.48533212331"),
        pytest.param("eV/atom", "1", marks=pytest.mark.slow),
        pytest.param("eV/formula", "n", marks=pytest.mark.slow),
        pytest.param("meV/atom", "1000", marks=pytest.mark.slow),
    ],
)
def test_a_declared_unit_is_converted_before_anything_is_learned(
    tiny_config: ConfigWriter,
    command: Command,
    write_csv: Callable[..., Path],
    rows: Rows,
    workplace: Path,
    unit: str,
    factor: str,
) -> None:
    n_atoms = read_materials([formula for formula, _ in rows]).materials.compositions.n_atoms
    factors = n_atoms if factor == "n" else np.full(len(rows), float(factor))
    write_csv([(formula, float(energy) * f) for (formula, energy), f in zip(rows, factors, strict=True)])
    command("train", tiny_config(data={"unit": unit}, training={"max_epochs": 1}), "-q").succeeded()
    truth = {str(i): float(energy) for i, (_, energy) in enumerate(rows, start=1)}
    for line in table_of((workplace / "run" / "predictions.csv").read_text()):
        assert float(line["formation_energy_per_atom"]) == pytest.approx(truth[line["id"]], abs=1e-6)


@pytest.mark.parametrize(
    "encoding", ["latin-1", *(pytest.param(name, marks=pytest.mark.slow) for name in ("utf-8-sig", "utf-16"))]
)
def test_a_table_in_a_declared_encoding_gives_the_same_model(
    tiny_config: ConfigWriter, command: Command, write_csv: Callable[..., Path], finished_run: Path, encoding: str
) -> None:
    table = write_csv()
    table.write_bytes(table.read_text(encoding="utf-8").replace("\n", "\r\n").encode(encoding))
    command("train", tiny_config(data={"encoding": encoding}), "-q").succeeded()
    assert (table.parent / "run" / "history.jsonl").read_bytes() == (finished_run / "history.jsonl").read_bytes()


ASKED = ["NaCl", "Xx2O", "Fe2O3", "", "Ca(OH)2"]


@pytest.fixture
def predicted(finished_run: Path) -> list[str]:
    """Return the right column of predictions for `ASKED`."""
    good = iter(formation_mlp.load(finished_run).predict([ASKED[0], ASKED[2], ASKED[4]]))
    return [f"{next(good):.6f}" if i % 2 == 0 else "" for i in range(len(ASKED))]


def test_formulas_are_predicted_in_their_order_with_failing_rows_in_the_middle(
    command: Command, finished_run: Path, predicted: list[str]
) -> None:
    outcome = command("predict", finished_run, *ASKED)
    lines = table_of(outcome.succeeded())
    assert list(lines[0])[:3] == ["formula", "prediction", "unit"]
    assert list(lines[0])[-2:] == ["warning", "error"]
    assert {line["unit"] for line in lines} == {"eV/atom"}
    assert [line["formula"] for line in lines] == ASKED
    assert [line["prediction"] for line in lines] == predicted
    assert ["'Xx' is no element" in line["error"] for line in lines] == [False, True, False, False, False]
    assert "the formula is missing" in lines[3]["error"]
    heading, trust, failed = outcome.err.splitlines()
    assert heading == (
        f"prediction: formation_energy_per_atom, eV/atom (measured), from the composition alone; model {finished_run}"
    )
    assert trust.startswith("trust: high (up to 0.045), medium (up to 0.11), low (above, or flagged)")
    assert failed == "2 of 5 rows have no prediction; the column 'error' says why"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_formulas_come_from_standard_input_too(
    command: Command, finished_run: Path, predicted: list[str], end: str, start: str
) -> None:
    lines = table_of(command("predict", finished_run, stdin=start + end.join(ASKED) + end).succeeded())
    assert [line["prediction"] for line in lines] == predicted


def test_a_table_is_predicted_with_its_ids_into_a_file(
    command: Command, finished_run: Path, predicted: list[str], write_csv: Callable[..., Path], workplace: Path
) -> None:
    table = write_csv([[f"row {i}", formula, "?"] for i, formula in enumerate(ASKED)], ["ID", "Formula", "remark"])
    outcome = command("predict", finished_run, "--csv", table, "--out", "new/folder/out.csv")
    assert outcome.succeeded() == ""
    lines = table_of((workplace / "new" / "folder" / "out.csv").read_text())
    assert list(lines[0])[:4] == ["id", "formula", "prediction", "unit"]
    assert [line["id"] for line in lines] == [f"row {i}" for i in range(5)]
    assert [line["prediction"] for line in lines] == predicted


@pytest.mark.parametrize("name", ["in.csv.gz", "in.json", "in.parquet"])
def test_tables_of_every_kind_are_predicted(
    command: Command, finished_run: Path, predicted: list[str], workplace: Path, name: str
) -> None:
    frame = pd.DataFrame({"who": list("abcde"), "what": ASKED})
    writers: dict[str, Any] = {"gz": frame.to_csv, "json": frame.to_json, "parquet": frame.to_parquet}
    writers[name.split(".")[-1]](workplace / name)
    lines = table_of(command("predict", finished_run, "--csv", name, "--formula", "what", "--id", "who").succeeded())
    assert [line["prediction"] for line in lines] == predicted
    assert [line["id"] for line in lines] == list("abcde")


def test_nothing_predicted_is_a_failure_that_says_why(command: Command, finished_run: Path) -> None:
    outcome = command("predict", finished_run, "Xx", "Yy")
    assert outcome.code == 2
    assert [line["prediction"] for line in table_of(outcome.out)] == ["", ""]
    assert outcome.err.endswith("\n2 of 2 rows have no prediction; the column 'error' says why\n")


def test_remarks_stand_beside_predictions(command: Command, finished_run: Path) -> None:
    known = formation_mlp.load(finished_run).checkpoint.training_elements
    assert "Pu" not in known
    lines = table_of(command("predict", finished_run, "NaN", "PuO2", "NaCl").succeeded())
    assert "read as sodium nitride" in lines[0]["warning"]
    assert lines[1]["warning"] == "never seen in training: Pu"
    assert lines[2]["warning"] == ("" if {"Na", "Cl"} <= set(known) else lines[2]["warning"])
    assert all(line["prediction"] for line in lines)


TRUST = ["unseen_elements", "rare_elements", "distance_percentile", "charge_balanced", "unknown_states"]


@pytest.mark.parametrize(("options", "ends"), [([], ["lo90", "hi90"]), (["--level", "0.755"], ["lo75.5", "hi75.5"])])
def test_intervals_and_limits_stand_beside_predictions(
    command: Command, finished_run: Path, options: list[str], ends: list[str]
) -> None:
    level = float(options[1]) if options else 0.9
    asked = ["PuO2", "Xx", "Li2O", "NaCl3"]
    expected = formation_mlp.load(finished_run).predict_rows(asked, level=level)
    lines = table_of(command("predict", finished_run, *asked, *options).succeeded())
    assert list(lines[0]) == [
        "formula",
        "prediction",
        "unit",
        *ends,
        "expected_error",
        "trust",
        *TRUST,
        "warning",
        "error",
    ]
    assert expected.lo is not None
    assert expected.hi is not None
    assert expected.domain is not None
    for name, values in zip(ends, (expected.lo, expected.hi), strict=True):
        assert [line[name] for line in lines] == ["" if np.isnan(value) else f"{value:.6f}" for value in values]
    assert [line["unseen_elements"] for line in lines] == expected.domain.unseen
    assert "Pu" in lines[0]["unseen_elements"]
    assert "Pu" in lines[0]["warning"]
    assert [line["charge_balanced"] for line in lines] == expected.domain.charge_balanced == ["yes", "", "yes", "no"]
    assert [bool(line["distance_percentile"]) for line in lines] == [True, False, True, True]


def test_strict_predictions_refuse_what_the_model_hardly_knows(
    command: Command, finished_run: Path, rows: Rows
) -> None:
    formulas = [formula for formula, _ in rows]
    domain = formation_mlp.load(finished_run).predict_rows(formulas).domain
    assert domain is not None
    asked = ["NaCl3", formulas[domain.flagged.tolist().index(False)], "Xx"]
    outcome = command("predict", finished_run, *asked, "--strict")
    lines = table_of(outcome.succeeded())
    assert [line["prediction"] != "" for line in lines] == [False, True, False]
    assert [line["lo90"] != "" for line in lines] == [False, True, False]
    assert lines[0]["error"] == f"refused by --strict: {lines[0]['warning']}"
    assert "Na+3 with Cl" in lines[0]["error"]
    assert "refused" not in lines[2]["error"]
    assert outcome.err.endswith("2 of 3 rows have no prediction; the column 'error' says why\n")
    assert command("predict", finished_run, "NaCl3", "--strict").code == 2


def test_a_model_without_calibration_gives_what_it_can_and_says_what_it_cannot(command: Command, own_run: Path) -> None:
    model = Checkpoint.load(own_run / "model.safetensors")
    replace(model, calibration=None, domain=None).save(own_run / "model.safetensors")
    (line,) = table_of(command("predict", own_run, "NaCl").succeeded())
    assert list(line) == ["formula", "prediction", "unit", "warning", "error"]
    assert "train again" in command("predict", own_run, "NaCl", "--level", "0.9").refused()
    assert "--strict: the model run does not know" in command("predict", "run", "NaCl", "--strict").refused()


@pytest.mark.parametrize(
    ("level", "message"),
    [("0.99", "takes at least 99 validation rows"), ("90", "level"), ("0", "level"), ("nan", "level")],
)
def test_a_level_that_cannot_be_had_is_refused(command: Command, finished_run: Path, level: str, message: str) -> None:
    assert message in command("predict", finished_run, "NaCl", "--level", level).refused()


def test_a_terminal_gets_an_aligned_table_with_its_meaning(
    command: Command, finished_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    lines = command("predict", finished_run, "Li2O", "Xx").succeeded().splitlines()
    assert lines[0].startswith("prediction: formation_energy_per_atom, eV/atom (measured), from the composition alone")
    assert lines[1].startswith("trust: ")
    lines = lines[1:]
    assert lines[2].split()[:2] == ["formula", "prediction"]
    assert lines[2].endswith("error")
    assert lines[4].startswith("Li2O     ")
    assert lines[5].startswith("Xx       ")
    alone = command("predict", finished_run, "Li2O").succeeded().splitlines()
    assert "error" not in alone[3].split()


def test_a_classifier_tells_of_which_class_its_probability_is(
    tiny_config: ConfigWriter, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = {"type": "classification", "boundary": -1.0, "labels": ["weak", "strongly bound"]}
    command("train", tiny_config(task=task), "-q").succeeded()
    expected = "prediction: probability of 'strongly bound', formation_energy_per_atom at or below -1 eV/atom (origin"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    assert command("predict", "run", "NaCl").succeeded().startswith(expected)


def test_the_heading_fits_a_narrow_terminal(
    command: Command, finished_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "60")
    heading, _, _ = command("predict", finished_run, "Li2O").succeeded().partition("\n\n")
    lines = heading.splitlines()
    assert len(lines) > 1
    assert max(map(len, lines)) <= 60
    assert lines[0].startswith("prediction: ")
    assert lines[1].startswith("  ")


def test_a_terminal_without_formulas_is_told_what_to_give(command: Command, finished_run: Path) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    message = command("predict", finished_run, stdin=Terminal()).refused()
    assert "give formulas, a table with --csv, or formulas on standard input" in message


def test_the_model_file_alone_is_enough(command: Command, finished_run: Path, workplace: Path) -> None:
    alone = shutil.copy(finished_run / "model.safetensors", workplace / "elsewhere.safetensors")
    expected = command("predict", finished_run, "NaCl").succeeded()
    assert command("predict", alone, "NaCl").succeeded() == expected


def scores_printed(table: str) -> dict[str, list[str]]:
    return {line.split()[0]: line.split()[1:] for line in table.splitlines()[2:]}


def test_evaluation_repeats_the_scores_of_the_run(command: Command, finished_run: Path) -> None:
    report = json.loads((finished_run / "report.json").read_text())["scores"]
    table = command("evaluate", finished_run).succeeded()
    assert table.splitlines()[0].split() == ["rows", "predicted", "failed", "MAE", "RMSE", "R2"]
    expected = {part: ["12", "0", *(f"{value:.4f}" for value in report[part].values())] for part in ("val", "test")}
    assert scores_printed(table) == expected


@pytest.mark.parametrize("options", [[], ["--unit", "eV/atom"], ["--target", "formation_energy_per_atom"]])
def test_a_table_with_a_target_is_scored(
    command: Command, finished_run: Path, rows: Rows, write_csv: Callable[..., Path], options: list[str]
) -> None:
    predictions = formation_mlp.load(finished_run).predict([formula for formula, _ in rows])
    mae = np.abs(predictions - [float(energy) for _, energy in rows]).mean()
    outcome = command("evaluate", finished_run, "--csv", write_csv(), *options)
    assert scores_printed(outcome.succeeded())["table.csv"][:3] == ["60", "0", f"{mae:.4f}"]
    assert outcome.err.splitlines() == [
        "table.csv: 60 rows, target formation_energy_per_atom in eV/atom",
        "nothing tells which formulas the model has learned, so the scores may be too good",
    ]


def test_rows_that_cannot_be_scored_are_named(
    command: Command, finished_run: Path, rows: Rows, write_csv: Callable[..., Path]
) -> None:
    wrong = [["Xx", "-1"], ["NACL", "-1"], ["NaCl", ""], ["Yy", "-1"], ["Zz", "0"], ["Qq", "0"]]
    outcome = command("evaluate", finished_run, "--csv", write_csv([*rows, *wrong]))
    assert scores_printed(outcome.succeeded())["table.csv"][:2] == ["60", "0"]
    lines = outcome.err.splitlines()
    assert lines[0] == "table.csv: 60 rows, target formation_energy_per_atom in eV/atom"
    assert lines[1] == "row 63 is left out: no target"
    assert "row 62 is left out: formula 'NACL'" in lines[3]
    assert lines[6] == "... and 1 more"


@pytest.mark.parametrize("name", ["out.parquet", "out.csv"])
def test_features_are_written_row_by_row(
    command: Command, write_csv: Callable[..., Path], workplace: Path, name: str
) -> None:
    table = write_csv([["a", "NaCl"], ["b", "Xx"], ["c", "Fe2O3"]], ["id", "formula"])
    outcome = command("featurize", table, "--out", name, "--features", "stoichiometry, element_fraction")
    expected = featurize(read_materials(["NaCl", "Fe2O3"]).materials, ["stoichiometry", "element_fraction"])
    assert outcome.succeeded() == ""
    assert outcome.err == f"{name}: 3 rows, {len(expected.names)} features; 1 row has an error and no numbers\n"
    frame = pd.read_parquet(workplace / name) if "parquet" in name else pd.read_csv(workplace / name)
    assert list(frame.columns) == ["id", "formula", "error", *expected.names]
    assert frame["id"].tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(frame[list(expected.names)].to_numpy()[[0, 2]], expected.X)
    assert frame[list(expected.names)].iloc[1].isna().all()
    assert "'Xx' is no element" in frame["error"][1]


def test_features_remember_how_they_were_made(
    command: Command, write_csv: Callable[..., Path], workplace: Path
) -> None:
    import pyarrow.parquet as pq

    command("featurize", write_csv(), "--out", "out.parquet", "--features", "stoichiometry").succeeded()
    note = json.loads(pq.read_schema(workplace / "out.parquet").metadata[b"formation_mlp"])
    assert note["features"] == ["stoichiometry"]
    assert "numpy" in note["versions"]


def test_structures_are_described(command: Command, structure_folder: Path, workplace: Path) -> None:
    command("featurize", structure_folder, "--out", "out.csv", "--features", "density").succeeded()
    frame = pd.read_csv(workplace / "out.csv").set_index("id")
    assert frame.loc["NaCl", "density"] == pytest.approx(2.16, abs=0.01)  # g/cm3
    assert len(frame) == 6


def test_an_interrupt_ends_quietly(command: Command, finished_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(named_model, "load", interrupted)
    outcome = command("predict", finished_run, "NaCl")
    assert (outcome.code, outcome.out, outcome.err) == (130, "", "interrupted\n")


def test_a_process_reads_bytes_and_answers_with_text(finished_run: Path, command: Command) -> None:
    formulas = "NaCl\r\nCuSO₄·5H₂O\nXx\n"
    outcome = real_command("predict", finished_run, stdin=formulas.encode(), PYTHONIOENCODING="utf-8")
    assert outcome.succeeded() == command("predict", finished_run, stdin=formulas).out
    assert outcome.err.endswith("1 of 3 rows has no prediction; the column 'error' says why\n")


def test_a_process_refuses_what_is_no_text(finished_run: Path) -> None:
    outcome = real_command("predict", finished_run, stdin=b"NaCl\n\xff\xfe\n", PYTHONIOENCODING="utf-8:strict")
    assert "predict: standard input is not text in UTF-8" in outcome.refused()


def test_a_reader_that_goes_away_is_no_error(finished_run: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "formation_mlp", "predict", str(finished_run), *["NaCl"] * 5],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=python_environment(),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read().count(b"\n") == 2  # what numbers and trust mean
    process.stderr.close()
    process.wait(900)


def test_every_verb_is_in_the_module_that_is_said_to_have_it() -> None:
    cli.import_verbs(["--help"])
    callbacks = [verb.callback for verb in app.registered_commands]
    modules = {callback.__name__: callback.__module__ for callback in callbacks if callback is not None}
    assert modules == {verb: f"formation_mlp.cli.{verb}" for verb in VERBS}


@pytest.mark.parametrize(
    ("words", "n_verbs"), [(["predict", "NaCl"], 1), (["lesson"], 1), (["--help"], len(VERBS)), (["x"], len(VERBS))]
)
def test_only_the_module_of_the_verb_is_imported(words: list[str], n_verbs: int) -> None:
    code = (
        "import sys; from formation_mlp import cli; cli.import_verbs(sys.argv[1:]); "
        "print(len(cli.app.registered_commands))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, env=python_environment(), check=True
    )
    assert int(done.stdout) == n_verbs
