"""The verbs fit and init: from a table to a run, its page, and a configuration that repeats it."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from formation_mlp.benchmark.outcome import Outcome as Shown
from formation_mlp.data.records import Target
from formation_mlp.fitting.next_steps import screening
from formation_mlp.hulls.known_phases import known_phases
from support.commands import Outcome

Command = Callable[..., Outcome]
Write = Callable[..., Path]

TINY = ("--set", "model.hidden=[8]", "--set", "model.architecture=mlp", "--set", "training.max_epochs=2")
QUICK = (*TINY, "--set", "features=[stoichiometry, element_fraction]", "--set", "benchmark.baselines=[mean, ridge]")
HERE = ("--workers", "1")


EARLY = ("--set", "training.max_epochs=2", "--set", "benchmark.baselines=[mean]")


def predictions(run: str) -> list[list[str]]:
    with Path(run, "predictions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_a_fit_leaves_a_run_its_opponents_a_page_and_what_repeats_it(command: Command, write_csv: Write) -> None:
    write_csv()
    done = command("fit", "table.csv", "--start", "none", *QUICK, *HERE, "--set", "split.test=0.2")
    out = done.succeeded()
    assert "What to believe: a new compound of this kind is off by" in out
    assert {"ensemble", "mean", "ridge"} <= {line.split()[0] for line in out.splitlines() if line}
    assert re.search(r"formation-mlp predict runs/table NaCl +# with an interval; --csv", out)
    assert "epoch" not in done.err
    assert "the median is taken, for the energies are measured" in done.err
    folder = Path("runs/table")
    assert {"config.yaml", "report.html", "benchmark.json", "DONE"} <= {path.name for path in folder.iterdir()}
    assert "start" not in json.loads((folder / "report.json").read_text(encoding="utf-8"))
    before = predictions("runs/table")
    command("train", folder / "config.yaml", "--overwrite", "-q").succeeded()
    assert predictions("runs/table") == before
    command("predict", "runs/table", "NaCl").succeeded()


def test_too_few_held_out_rows_tell_nothing_and_no_interval_is_promised(
    command: Command, write_csv: Write, rows: list[tuple[str, str]]
) -> None:
    write_csv(rows[:8])
    out = command("fit", "table.csv", "--start", "none", *QUICK, *HERE).succeeded()
    assert "test MAE (1 row)" in out
    assert "What to believe: nothing yet. 1 test row cannot tell how far off a new compound is" in out
    assert "is off by" not in out
    assert "is better than" not in out
    assert "differ clearly" not in out
    line = next(line for line in out.splitlines() if "formation-mlp predict" in line)
    assert "interval" not in line
    assert line.endswith("# --csv NEW.csv --out PREDICTED.csv")
    asked = command("predict", "runs/table", "NaCl")
    asked.succeeded()
    assert "eV/atom (measured), from the composition alone" in asked.err


def test_an_earlier_run_stays_unless_it_may_be_replaced(command: Command, write_csv: Write) -> None:
    write_csv()
    words = ("fit", "table.csv", "--start", "none", *QUICK, *HERE, "-q")
    command(*words).succeeded()
    again = command(*words)
    assert "fit" in again.succeeded()  # nothing is trained anew
    other = command(*words, "--set", "seed=5")
    assert "holds an earlier run" in other.refused()
    command(*words, "--set", "seed=5", "--overwrite").succeeded()


def test_init_writes_what_train_takes(command: Command, write_csv: Write) -> None:
    write_csv()
    assert "table.yaml" in command("init", "table.csv", *QUICK).succeeded()
    text = Path("table.yaml").read_text(encoding="utf-8")
    assert text.startswith("# What was found in table.csv:\n# - ")
    assert yaml.safe_load(text)["data"]["duplicates"] == "median"
    assert not Path("runs").exists()
    assert "exists" in command("init", "table.csv").refused()
    assert Path("table.yaml").read_text(encoding="utf-8") == text
    command("train", "table.yaml", "-q").succeeded()
    kept = predictions("runs/table")
    command("fit", "table.csv", "--start", "none", *QUICK, *HERE, "-q", "--overwrite").succeeded()
    assert predictions("runs/table") == kept


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["absent.csv"], "absent.csv"),
        (["table.csv", "--target", "nothing"], "nothing"),
        (["table.csv", "--unit", "furlong"], "furlong"),
        (["table.csv", "--start", "compositoin", "--set", "model.hidden=[8]"], "Did you mean 'composition'"),
        (["table.csv", "--start", "stability"], "--start: the model stability is for classification"),
        (
            ["table.csv", "--start", "composition", "--set", "model.hidden=[8]"],
            "model.hidden is [384, 384, 384], not [8]",
        ),
        (["table.csv", "--start", "none", "--set", "training.start_from=composition"], "says it, too"),
        (["table.csv", "--set", "training.max_epochs=0"], "training.max_epochs"),
        (["table.csv", "--kind", "guessed"], "--kind"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_written(
    command: Command, write_csv: Write, workplace: Path, words: list[str], message: str
) -> None:
    write_csv()
    assert message in command("fit", *words).refused()
    assert not (workplace / "runs").exists()


def test_of_a_table_that_the_start_model_knows_nothing_speaks_for_the_start(
    command: Command, write_csv: Write, rows: list[tuple[str, str]]
) -> None:
    write_csv(rows[:30])  # measured enthalpies, most of which the model `composition` has learned
    done = command("fit", "table.csv", *EARLY, *HERE)
    done.succeeded()
    said = "'composition' would look better for the formulas that it has learned, and "
    assert re.search(said + r"(no row has|only \d+ .* have) another", done.err)
    assert yaml.safe_load(Path("runs/table/config.yaml").read_text(encoding="utf-8"))["training"]["start_from"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            QUICK,
            "Recipe: a training from nothing, for the model composition is of another kind than you set: features ",
        ),
        ((*EARLY, "--set", "training.start_from=null"), ""),
    ],
)
def test_a_start_that_what_is_set_contradicts_is_left_out(
    command: Command, write_csv: Write, rows: list[tuple[str, str]], words: tuple[str, ...], said: str
) -> None:
    write_csv(rows[:30])
    done = command("fit", "table.csv", *words, *HERE)
    done.succeeded()
    assert said in done.err
    assert ("Recipe:" in done.err) is bool(said)
    config = yaml.safe_load(Path("runs/table/config.yaml").read_text(encoding="utf-8"))
    assert (config["training"]["start_from"], config["training"]["max_epochs"]) == (None, 2)


def test_a_table_on_an_energy_scale_that_the_model_does_not_know_starts_from_nothing(
    command: Command, write_csv: Write, rows: list[tuple[str, str]]
) -> None:
    write_csv([(*row, ["mp2018", "mp2020"][i % 2]) for i, row in enumerate(rows[:40])], ["formula", "E_f", "scale"])
    done = command("fit", "table.csv", *EARLY, *HERE, "--unit", "eV/atom")
    done.succeeded()
    assert "Recipe: a training from nothing, for the model composition answers on" in done.err


def test_a_start_that_is_asked_for_is_not_overruled(
    command: Command, write_csv: Write, rows: list[tuple[str, str]]
) -> None:
    write_csv(rows[:30])
    done = command("fit", "table.csv", "--start", "composition", *HERE, *EARLY)
    done.succeeded()
    assert (
        "Recipe: a training that starts from the shipped model 'composition', as you say; whether that is better"
        in done.err
    )
    kept = yaml.safe_load(Path("runs/table/config.yaml").read_text(encoding="utf-8"))["training"]
    assert (kept["start_from"], kept["max_epochs"]) == ("composition", 2)


@pytest.mark.slow
def test_the_start_is_judged_by_formulas_that_it_does_not_know(
    command: Command, write_csv: Write, rows: list[tuple[str, str]]
) -> None:
    """Mixtures of two known compounds are in no database; their energies are those of the compounds."""
    mixed = [
        (f"({a})7({b})11", (float(x) * 7 + float(y) * 11) / 18)
        for (a, x), (b, y) in zip(rows[:50], rows[8:58], strict=True)
    ]
    write_csv([*mixed, *rows[:20]])
    done = command("fit", "table.csv", *HERE, *EARLY, "--unit", "eV/atom")
    out = done.succeeded()
    assert "of formulas that the shipped model 'composition' has not learned (left out in 5 parts) decide" in done.err
    assert "; the shipped model 'composition', without training, 0." in done.err
    config = yaml.safe_load(Path("runs/table/config.yaml").read_text(encoding="utf-8"))
    assert config["training"]["start_from"] == "composition"  # against two epochs from nothing
    about = json.loads(Path("runs/table/report.json").read_text(encoding="utf-8"))["start"]
    n_known, n_new = about["rows"]["test"]["known"], about["rows"]["test"]["new"]
    assert n_new > 0
    if n_known:
        assert f"{n_known} of {n_known + n_new} test rows are formulas that the start model 'composition' knows" in out
        assert "new formulas" in out
    page = Path("runs/table/report.html").read_text(encoding="utf-8")
    assert "which it has never seen" not in page or not n_known


def outcome_of(formulas: list[str], y: list[float]) -> Shown:
    n, energies, nothing = len(formulas), np.array(y), np.zeros(len(formulas), np.int8)
    what = ("mean", False, "", 0, 1.0, n, "test")
    return Shown(*what, formulas, formulas, nothing, energies, energies, 0, 0, 0, 0, None, 1, "")


def test_the_next_commands_name_the_scale_that_the_energies_look_like() -> None:
    phases = known_phases("mp2019", np.array([3, 26, 8]))
    own, target = outcome_of(phases.formulas, phases.energies.tolist()), Target("E", "eV/atom")
    ((line, why),) = screening(own, "runs/x", target).items()
    assert line == "formation-mlp screen Li-Fe-O --model runs/x --scale mp2019"
    assert "energies look like mp2019 (mean distance from" in why
    ((line, why),) = screening(own, "runs/x", replace(target, scales=("mp2019",))).items()
    assert line == "formation-mlp screen Li-Fe-O --model runs/x"
    assert why == "ranks its compositions by stability, beside known phases"
    ((line, why),) = screening(own, "runs/x", replace(target, source="measured")).items()
    assert line == "formation-mlp screen Li-Fe-O --model runs/x"
    assert "without known phases: their energies are calculated" in why
    ((line, why),) = screening(outcome_of(["NaCl", "Na"], [-1.0, 0.0]), "runs/x", target).items()
    assert line == "formation-mlp screen Na-Cl --model runs/x"
    assert "without known phases: the table declares no scale" in why
