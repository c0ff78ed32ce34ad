"""The verb calibrate: models of every kind get intervals and a shift by own rows, and bad input changes nothing."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from formation_mlp import load
from formation_mlp.config.loading import check_config
from formation_mlp.errors import CheckpointError, ConfigError, DataError
from formation_mlp.explain.explanation import Explainer
from formation_mlp.features.engine.table import featurize
from formation_mlp.materials.inputs import read_materials
from formation_mlp.runs import assemble
from formation_mlp.runs import calibrate as job
from formation_mlp.runs.progress import Reporter
from formation_mlp.runs.start_rows import start_rows
from formation_mlp.runs.train import train
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.saved_model.shipped import FOLDER
from support.commands import Outcome
from support.configs import TINY, changed
from support.paths import GOLDEN
from support.structures import ROCK_SALTS

Command = Callable[..., Outcome]
Writer = Callable[..., Path]
CATIONS = ["Li", "Na", "K", "Mg", "Ca", "Al", "Fe", "Cu", "Ni", "Ti", "Zn", "Mn"]
ANIONS = ["O", "F", "Cl", "S"]
FORMULAS = [f"{a}{i}{x}{j}" for a in CATIONS for x in ANIONS for i, j in ((1, 1), (1, 2), (2, 1), (2, 3))]
ITEMS = ["LiCl", "Fe2O3", "MgF2"]
OFF = 0.7
"""eV/atom, by which the truth of the own rows lies above the predictions."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run of one network on two energy scales, with an error model."""
    folder = tmp_path_factory.mktemp("calibrate")
    generator = np.random.default_rng(0)
    energy = np.array([-0.3 * len(formula) for formula in FORMULAS])
    both = pd.DataFrame({"formula": FORMULAS * 2, "energy": [*energy, *(energy + 1)]})
    both["energy"] += generator.normal(0, 0.1, len(both))
    both["scale"] = ["mp2020"] * len(FORMULAS) + ["oqmd"] * len(FORMULAS)
    both.to_csv(folder / "t.csv", index=False)
    raw = {
        "data": {"path": str(folder / "t.csv"), "target": "energy", "unit": "eV/atom", "scale": "scale"},
        "split": {"val": 0.5, "test": 0.1},
        "output": str(folder / "run"),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assemble, "ENOUGH", 50)
        train(check_config(changed(TINY, raw), "test"), Reporter(-1))
    return folder / "run"


def own_table(model: Path, path: Path, scale: str | None = None, *, off: float = OFF, n: int = 60) -> Path:
    """Write rows whose truth lies ``off`` above what a model answers, with noise; of formulas new to it."""
    formulas = not_learned(model, n) or FORMULAS[: 2 * n : 2]
    energies = load(model).predict(formulas, scale=scale) + np.random.default_rng(1).normal(off, 0.1, n)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [("formula", "e_form"), *((f, f"{e:.5f}") for f, e in zip(formulas, energies, strict=True))]
        )
    return path


def not_learned(model: Path, n: int) -> list[str]:
    """Return formulas that a model has not learned, or none if it does not tell, or there are too few."""
    known = start_rows(load(model).checkpoint, read_materials(FORMULAS).materials.compositions).known
    new = [formula for formula, is_known in zip(FORMULAS, known, strict=True) if not is_known]
    return new[:n] if len(new) >= n else []


@pytest.fixture
def calibrated(run: Path, workplace: Path, command: Command) -> Path:
    """Return the file of the model, calibrated on its further scale."""
    own_table(run, workplace / "own.csv", "oqmd")
    command("calibrate", run, "own.csv", "--scale", "oqmd", "--out", "own.safetensors").succeeded()
    return workplace / "own.safetensors"


def test_a_shift_that_helps_goes_into_every_prediction_on_its_scale(run: Path, calibrated: Path) -> None:
    before, after = load(run), load(calibrated)
    own = after.intervals.own_rows("oqmd")
    assert own is not None
    assert own.shift == pytest.approx(OFF, abs=0.05)
    np.testing.assert_allclose(after.predict(ITEMS, scale="oqmd"), before.predict(ITEMS, scale="oqmd") + own.shift)
    np.testing.assert_array_equal(after.predict(ITEMS), after.predict(ITEMS, scale="oqmd"))
    np.testing.assert_array_equal(after.predict(ITEMS, scale="mp2020"), before.predict(ITEMS, scale="mp2020"))
    read = read_materials(ITEMS)
    X = featurize(read.materials, after.features).X
    for scale, place in (("mp2020", 0), ("oqmd", 1)):
        expected = after.predict(ITEMS, scale=scale)
        np.testing.assert_allclose(after.predict_features(X, read.materials.compositions, place), expected, rtol=1e-6)
        on_all = after.on_all_scales(X, read.materials.compositions)[:, place]
        np.testing.assert_allclose(on_all, expected, rtol=1e-6)


def test_own_intervals_are_the_default_on_their_scale_only(run: Path, calibrated: Path) -> None:
    before, after = load(run), load(calibrated)
    own, plain = after.intervals.own_rows("oqmd"), before.predict_rows(ITEMS, level=0.9, scale="oqmd")
    found = after.predict_rows(ITEMS, level=0.9, scale="oqmd")
    assert own is not None
    assert found.population == ["own"] * len(found.labels)
    assert found.lo is not None
    assert found.hi is not None
    np.testing.assert_allclose(found.hi - found.values, found.values - found.lo)
    assert found.expected_error is not None
    assert plain.expected_error is not None
    np.testing.assert_allclose(found.expected_error, own.size_factor * plain.expected_error)
    on_default = after.predict_rows(ITEMS, level=0.9)
    assert on_default.scale == after.scale == "oqmd"
    np.testing.assert_array_equal(on_default.lo, found.lo)
    elsewhere, unchanged = (model.predict_rows(ITEMS, level=0.9, scale="mp2020") for model in (after, before))
    assert elsewhere.population is unchanged.population is None
    np.testing.assert_array_equal(elsewhere.lo, unchanged.lo)
    known = after.predict_rows(ITEMS, level=0.9, scale="oqmd", population="known")
    assert known.lo is not None
    assert plain.lo is not None
    np.testing.assert_allclose(known.lo - known.values, plain.lo - plain.values, atol=1e-9)
    with pytest.raises(ConfigError, match="not calibrated by own rows on this scale; it was on the scale oqmd"):
        after.predict_rows(ITEMS, level=0.9, scale="mp2020", population="own")
    with pytest.raises(ConfigError, match="formation-mlp calibrate"):
        before.predict_rows(ITEMS, level=0.9, population="own")
    with pytest.raises(CheckpointError, match=r"takes at least 99 different formulas, and own.csv had 60"):
        after.predict_rows(ITEMS, level=0.99, scale="oqmd")


def test_levels_of_trust_have_the_errors_of_own_rows(run: Path, calibrated: Path) -> None:
    own, errors = load(calibrated).intervals.own_rows("oqmd"), load(run).checkpoint.errors
    assert own is not None
    assert errors is not None
    assert [level.up_to for level in own.levels] == [level.up_to for level in errors.levels]
    assert own.levels != errors.levels
    assert any(level.mean_error == pytest.approx(0.08, abs=0.03) for level in own.levels)


def test_every_output_says_what_was_done(calibrated: Path, command: Command, workplace: Path) -> None:
    said = "shifted by +0.7"
    rows = "calibrated on 60 rows of own.csv"
    done = command("predict", calibrated, "Fe2O3", "--scale", "oqmd", "--out", "p.csv")
    done.succeeded()
    assert said in done.err
    assert rows in done.err
    assert "intervals: for compounds like the user's own rows" in done.err
    about = json.loads((workplace / "p.csv.about.json").read_text(encoding="utf-8"))
    assert said in about["models"][0]["prediction"]
    assert about["models"][0]["calibrated_on"]["rows"] == 60
    done = command("predict", calibrated, "Fe2O3", "--scale", "all")
    assert done.out.splitlines()[1].split(",")[3] == "oqmd"
    assert said in done.err
    assert said in command("predict", calibrated, "Fe2O3").err
    assert rows not in command("predict", calibrated, "Fe2O3", "--scale", "mp2020").err
    done = command("evaluate", calibrated, "--csv", "own.csv", "--scale", "oqmd")
    assert done.succeeded()
    assert f"{rows} on the scale oqmd" in done.err
    table = command("screen", "Na-Cl", "--max-atoms", "4", "--model", calibrated, "--competing", "none").succeeded()
    assert "NaCl" in table


def test_what_it_was_worth_is_printed_and_written(run: Path, workplace: Path, command: Command) -> None:
    own_table(run, workplace / "own.csv")
    done = command("calibrate", run, "own.csv", "--out", "own.safetensors", "--level", "0.8")
    lines = done.succeeded().splitlines()
    assert lines[0].split() == ["intervals", "MAE", "80", "%", "hold", "from", "to", "mean", "width"]
    before, after = (line.split() for line in lines[2:4])
    assert float(before[1]) == pytest.approx(OFF, abs=0.05)
    assert float(before[2]) < 0.1
    assert float(after[1]) == pytest.approx(0.08, abs=0.03)
    assert float(after[3]) < 0.8 < float(after[4])
    assert lines[-1] == "the model has learned none of these formulas"
    assert "energy scale mp2020, the model's default: the table does not say" in done.err
    about = json.loads((workplace / "own.safetensors.about.json").read_text(encoding="utf-8"))
    assert about["intervals"]["after"]["share"] == pytest.approx(float(after[2]), abs=1e-3)
    assert about["calibrated_on"]["table"] == "own.csv"
    assert about["left_out"] == {}


def test_a_shift_that_does_not_help_is_left_away(run: Path, workplace: Path) -> None:
    own_table(run, workplace / "own.csv", off=0.0)
    out = workplace / "own.safetensors"
    done = job.calibrate_file(run, workplace / "own.csv", out, Reporter(-1))
    assert done.shift.amount == 0
    assert done.rows["before"].mae == done.rows["after"].mae
    assert "shift: none" in done.lines(out, "run")[0]
    np.testing.assert_array_equal(load(out).predict(ITEMS), load(run).predict(ITEMS))


@pytest.mark.parametrize("number", [2, 3])
def test_models_without_an_error_model_get_intervals_too(number: int, workplace: Path) -> None:
    """Format 2 has no intervals at all, format 3 those of the val rows."""
    model = GOLDEN / f"model_format_{number}.safetensors"
    own_table(model, workplace / "own.csv", off=0.5)
    out = workplace / "own.safetensors"
    done = job.calibrate_file(model, workplace / "own.csv", out, Reporter(-1), level=0.5)
    assert 0.3 < done.rows["after"].share < 0.7
    assert np.isnan(done.rows["before"].share) == (number == 2)
    found = load(out).predict_rows(ITEMS, level=0.5)
    assert found.lo is not None
    assert found.hi is not None
    assert (found.hi > found.lo).all()
    assert (found.population, found.trust) == (["own"] * 3, None)
    width = found.hi - found.lo
    assert (np.ptp(width) < 1e-9) == (number == 2)


def test_calibrating_again_starts_from_the_model_as_it_was_trained(
    run: Path, workplace: Path, command: Command
) -> None:
    own_table(run, workplace / "own.csv")
    command("calibrate", run, "own.csv", "--out", "a.safetensors").succeeded()
    done = command("calibrate", "a.safetensors", "own.csv", "--out", "b.safetensors")
    assert "what the model learned from own.csv is forgotten" in done.err
    first, second = (load(workplace / f"{name}.safetensors").intervals.own_rows() for name in "ab")
    assert first is not None
    assert second is not None
    assert first.shift == second.shift
    np.testing.assert_array_equal(first.scores, second.scores)


def test_a_scale_that_the_table_names_is_taken(run: Path, workplace: Path, command: Command) -> None:
    frame = pd.read_csv(own_table(run, workplace / "own.csv", "oqmd"))
    frame.assign(scale="oqmd").to_csv("named.csv", index=False)
    done = command("calibrate", run, "named.csv", "--out", "own.safetensors")
    said = "ask it with: formation-mlp predict own.safetensors FORMULA (it answers on the scale oqmd)"
    assert said in done.succeeded()
    assert load(workplace / "own.safetensors").intervals.own_rows("oqmd") is not None
    frame.assign(scale=["oqmd", "mp2020"] * 30).to_csv("mixed.csv", index=False)
    message = command("calibrate", run, "mixed.csv", "--out", "mixed.safetensors").refused()
    assert "several energy scales (mp2020, oqmd)" in message


def test_rows_that_are_not_used_are_named_and_counted(run: Path, workplace: Path, command: Command) -> None:
    again = f"{not_learned(run, 1)[0]},-1\n" * 3
    with own_table(run, workplace / "own.csv").open("a", encoding="utf-8") as file:
        file.write(f"nonsense,-1\nNaCl,\nKCl,x\n{again}")
    done = command("calibrate", run, "own.csv", "--out", "own.safetensors")
    assert "(60 formulas)" in done.succeeded()
    assert "calibrated on 63 rows" in done.out
    assert "3 of 66 rows are left out:" in done.err
    assert all(f"row {row} is left out" in done.err for row in (61, 62, 63))
    about = json.loads((workplace / "own.safetensors.about.json").read_text(encoding="utf-8"))
    assert sorted(about["left_out"]) == ["61", "62", "63"]


@pytest.mark.parametrize(("n_new", "is_left_out"), [(30, True), (29, False)])
def test_learned_formulas_are_left_out_if_enough_others_remain(
    run: Path, workplace: Path, command: Command, n_new: int, is_left_out: bool
) -> None:
    learned = sorted(set(FORMULAS) - set(not_learned(run, 90)) - set(FORMULAS[-20:]))[:5]
    known = start_rows(load(run).checkpoint, read_materials(learned).materials.compositions).known
    learned = [formula for formula, is_known in zip(learned, known, strict=True) if is_known]
    assert learned
    with own_table(run, workplace / "own.csv", n=n_new).open("a", encoding="utf-8") as file:
        file.write("".join(f"{formula},-1\n" for formula in learned))
    done = command("calibrate", run, "own.csv", "--out", "own.safetensors")
    last = done.succeeded().splitlines()[-1]
    assert f"calibrated on {n_new + len(learned) * (not is_left_out)} rows" in done.out
    assert last.endswith("left out" if is_left_out else "add rows until there are 30")
    about = json.loads((workplace / "own.safetensors.about.json").read_text(encoding="utf-8"))
    assert len(about["left_out"]) == len(learned) * is_left_out
    assert about["remark"] == last
    shown = command("models", "own.safetensors").succeeded()
    assert "90 % hold" in shown
    assert [line.split()[0] for line in shown.splitlines() if line.startswith(("before", "after "))] == [
        "before",
        "after",
    ]
    assert last in shown


def test_an_explanation_adds_up_to_the_shifted_prediction(run: Path, workplace: Path) -> None:
    own_table(run, workplace / "own.csv")
    out = workplace / "own.safetensors"
    job.calibrate_file(run, workplace / "own.csv", out, Reporter(-1))
    model = load(out)
    found = Explainer(model).explain(ITEMS)
    np.testing.assert_allclose([one.prediction for one in found], model.predict(ITEMS), atol=1e-5)


def test_a_model_of_structures_is_calibrated_by_a_table_of_them(
    structure_folder: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = {"path": str(structure_folder), "target": "formation_energy_per_atom"}
    raw = changed(TINY, {"data": data, "features": ["stoichiometry", "density"], "output": "structures.run"})
    train(check_config(raw, "test"), Reporter(-1))
    monkeypatch.setattr(job, "FEWEST", 5)
    out = workplace / "own.safetensors"
    done = job.calibrate_file("structures.run", structure_folder, out, Reporter(-1), level=0.8)
    assert done.own.n_formulas == len(ROCK_SALTS)
    found = load(out).predict_rows([str(structure_folder / "NaCl.cif")], level=0.8)
    assert found.population == ["own"] * len(found.labels)


def refused(command: Command, workplace: Path, *words: object) -> str:
    """Check that a call is refused and nothing was written, and return the message."""
    before = {path: path.read_bytes() for path in workplace.rglob("*") if path.is_file()}
    message = command("calibrate", *words).refused()
    assert {path: path.read_bytes() for path in workplace.rglob("*") if path.is_file()} == before
    return message


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["own.csv", "--out", "new"], "does not end in .safetensors"),
        (["own.csv", "--out", "new.safetensors", "--level", "0.99"], "takes at least 99 different formulas"),
        (["own.csv", "--out", "new.safetensors", "--level", "1"], "a level lies between 0 and 1"),
        (["own.csv", "--out", "new.safetensors", "--scale", "measured"], "answers on mp2020, oqmd, not on measured"),
        (["own.csv", "--out", "new.safetensors", "--scale", "oqmt"], "neither an energy scale"),
        (["own.csv", "--out", "new.safetensors", "--target", "e"], "no column 'e'"),
        (["few.csv", "--out", "new.safetensors"], "29 different formulas .* takes at least 30"),
        (["none.csv", "--out", "new.safetensors"], "'none.csv' does not exist"),
        (["own.csv", "--out", "there.safetensors"], "exists"),
        (["own.csv", "--out", FOLDER / "own.safetensors"], "lies among the models of the package"),
        (["own.csv", "--out", FOLDER / "composition.safetensors", "--overwrite"], "among the models of the package"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(
    words: Sequence[object], message: str, run: Path, command: Command, workplace: Path
) -> None:
    own_table(run, workplace / "own.csv")
    own_table(run, workplace / "few.csv", n=29)
    (workplace / "there.safetensors").write_bytes(b"mine")
    assert re.search(message, refused(command, workplace, run, *words))


def test_a_model_and_a_table_are_not_written_over(own_run: Path, command: Command, workplace: Path) -> None:
    table = own_table(own_run, workplace / "own.csv")
    linked = workplace / "table.safetensors"
    linked.symlink_to(table)
    for out in (own_run / "model.safetensors", linked):
        message = refused(command, workplace, own_run, "own.csv", "--out", out, "--overwrite")
        assert "read" in message


def test_a_classifier_is_refused(command: Command, workplace: Path, write_csv: Writer) -> None:
    write_csv()
    message = refused(command, workplace, "stability", "table.csv", "--out", "new.safetensors")
    assert "the model is a classifier" in message


def test_a_file_that_says_what_calibration_cannot_have_made_is_refused(calibrated: Path, workplace: Path) -> None:
    model = Checkpoint.load(calibrated, "numpy")
    assert model.own is not None
    for change, message in (
        ({"scale": "measured"}, "own.scale: found 'measured'"),
        ({"levels": ()}, "own.levels: found 0"),
        ({"shift": 30.0}, "own.shift"),
        ({"size_factor": 0.0}, "own.size_factor"),
    ):
        replace(model, own=replace(model.own, **change)).save(workplace / "wrong.safetensors")
        with pytest.raises(CheckpointError, match=message):
            load(workplace / "wrong.safetensors")


def test_rows_that_nobody_can_predict_are_said(run: Path, workplace: Path) -> None:
    (workplace / "own.csv").write_text("formula,e_form\nnonsense,-1\nNaCl,-2\n", encoding="utf-8")
    with pytest.raises(DataError, match="1 different formulas with an energy"):
        job.calibrate_file(run, workplace / "own.csv", workplace / "new.safetensors", Reporter(-1))
