"""The models that are installed with the package: what their cards say is so, and they answer without a run folder."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from safetensors import safe_open

from formation_mlp import load
from formation_mlp.errors import CheckpointError, ConfigError
from formation_mlp.prediction.inputs import split_arguments
from formation_mlp.saved_model import shipped
from formation_mlp.saved_model.checkpoint import Checkpoint, model_path
from formation_mlp.saved_model.columns import DIGITS, PROBABILITY
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.saved_model.shipped import SHIPPED, card, shipped_path
from formation_mlp.system.files import write_json
from formation_mlp.units import UNITS
from support.commands import Outcome, real_command
from support.configs import TINY
from support.modules import module_at
from support.paths import ROOT
from support.structures import rock_salt

if TYPE_CHECKING:
    from pymatgen.core import Structure

pytestmark = pytest.mark.slow

Command = Callable[..., Outcome]
ConfigWriter = Callable[..., Path]
LARGEST_FILE = 10_000_000
KNOWN = {"NaCl": -2.105, "MgO": -3.065, "Al2O3": -3.442, "LiF": -3.181, "ZnO": -1.797}
"""Formula to the formation energy in the Materials Project, eV/atom."""


@pytest.fixture(scope="module")
def predictors() -> dict[str, Predictor]:
    return {name: load(name) for name in SHIPPED}


def table_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_file_is_the_one_of_its_card(name: str) -> None:
    path = shipped_path(name)
    assert path is not None
    content, known = path.read_bytes(), card(name)
    assert known.name == name
    assert len(content) == known.size_bytes <= LARGEST_FILE
    assert sha256(content).hexdigest() == known.sha256


@pytest.mark.parametrize("name", SHIPPED)
def test_a_card_says_what_is_in_its_file(name: str, predictors: dict[str, Predictor]) -> None:
    checkpoint, known = predictors[name].checkpoint, card(name)
    assert sha256("\n".join(checkpoint.scaler.names).encode()).hexdigest() == known.feature_names_sha256
    assert known.features == checkpoint.config["features"]
    assert known.elements == checkpoint.training_elements
    assert checkpoint.domain is not None
    assert known.rare_below == checkpoint.domain.rare_below
    assert known.scores["val"] == checkpoint.scores["val"]
    assert (known.unit == "probability") == predictors[name].task.is_classification
    assert known.inputs == ("structures" if name == "structure" else "formulas")
    assert [text.split()[0] for text in known.members] == [member.name for member in checkpoint.members]
    with safe_open(shipped_path(name), "numpy") as file:
        stored = {file.get_tensor(key).dtype.name for key in file.keys() if key.startswith("members.")}  # noqa: SIM118
    assert stored == {known.weights.split(";")[0]}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_card_names_data_licence_and_limits(name: str) -> None:
    known = card(name)
    assert "CC BY 4.0" in known.data.licence
    assert "Materials Project" in known.data.attribution
    assert ("Chen et al." if name == "structure" else "Bartel et al.") in known.data.title
    assert "withheld" in known.split
    assert known.rows["train"] > 50_000
    assert len(known.not_for) >= 4
    assert any(line.startswith("formation-mlp train ") for line in known.commands)
    assert known.rare == {symbol: count for symbol, count in known.elements.items() if count < known.rare_below}
    assert not any("trees" in text for text in known.members)


@pytest.mark.parametrize("name", SHIPPED)
def test_half_precision_is_left_in_the_file(name: str, predictors: dict[str, Predictor]) -> None:
    for member in predictors[name].checkpoint.members:
        assert {np.asarray(value).dtype.name for value in member.weights.values()} == {"float32"}


def test_known_compounds_are_predicted_from_the_composition(predictors: dict[str, Predictor]) -> None:
    found = predictors["composition"].predict(list(KNOWN))
    np.testing.assert_allclose(found, list(KNOWN.values()), atol=0.1)


def wurtzite(cation: str, anion: str, a: float, c: float, u: float) -> Structure:
    from pymatgen.core import Lattice, Structure

    return Structure.from_spacegroup(
        "P6_3mc", Lattice.hexagonal(a, c), [cation, anion], [[1 / 3, 2 / 3, z] for z in (0, u)]
    )


def corundum() -> Structure:
    from pymatgen.core import Lattice, Structure

    sites = [[0, 0, 0.352], [0.306, 0, 0.25]]
    return Structure.from_spacegroup("R-3c", Lattice.hexagonal(4.76, 12.99), ["Al", "O"], sites)


def test_known_compounds_are_predicted_from_the_structure(predictors: dict[str, Predictor]) -> None:
    structures = {
        "NaCl": rock_salt("Na", "Cl", 5.69),
        "MgO": rock_salt("Mg", "O", 4.26),
        "Al2O3": corundum(),
        "LiF": rock_salt("Li", "F", 4.08),
        "ZnO": wurtzite("Zn", "O", 3.29, 5.31, 0.379),
    }
    assert [s.composition.reduced_formula for s in structures.values()] == list(KNOWN)
    found = predictors["structure"].predict([s.get_primitive_structure() for s in structures.values()])
    np.testing.assert_allclose(found, list(KNOWN.values()), atol=0.1)


def test_known_salts_are_likelier_stable_than_made_up_ones(predictors: dict[str, Predictor]) -> None:
    salts, made_up = predictors["stability"].predict(["NaCl", "MgO", "Al2O3", "Na7Cl", "MgO5", "AlO4"]).reshape(2, 3)
    assert salts.min() > 0.5
    assert (salts > made_up).all()


def test_formulas_are_predicted_by_a_process_without_any_run(tmp_path: Path) -> None:
    outcome = real_command("predict", "Fe2O3", "Li7La3Zr2O12", PYTHONSAFEPATH="1")
    lines = table_of(outcome.succeeded())
    assert [line["formula"] for line in lines] == ["Fe2O3", "Li7La3Zr2O12"]
    assert all(-5 < float(line["prediction"]) < 0 for line in lines)
    assert outcome.err.startswith("prediction: formation energy, eV/atom (scale mp2020: Materials Project today")
    assert outcome.err.splitlines()[0].endswith("; model composition")
    assert {line["scale"] for line in lines} == {"mp2020"}


def test_formulas_on_standard_input_and_in_tables_need_no_run(command: Command, write_csv: Callable[..., Path]) -> None:
    expected = [line["prediction"] for line in table_of(command("predict", "NaCl", "Fe2O3").succeeded())]
    assert len(expected) == 2
    found = table_of(command("predict", stdin="NaCl\nFe2O3\n").succeeded())
    assert [line["prediction"] for line in found] == expected
    table = write_csv([["a", "NaCl"], ["b", "Fe2O3"]], ["id", "formula"])
    found = table_of(command("predict", "--csv", table).succeeded())
    assert [(line["id"], line["prediction"]) for line in found] == list(zip("ab", expected, strict=True))


@pytest.mark.parametrize("words", [["composition"], ["--model", "composition"], []])
def test_the_name_of_a_shipped_model_may_be_given(command: Command, words: list[str]) -> None:
    expected = load("composition").predict(["NaCl"])[0]
    (line,) = table_of(command("predict", *words, "NaCl").succeeded())
    assert line["formula"] == "NaCl"
    assert float(line["prediction"]) == pytest.approx(expected, abs=1e-5)
    assert "model" not in line


def test_formulas_and_structures_go_to_their_models_in_the_order_given(
    command: Command, structure_folder: Path, predictors: dict[str, Predictor]
) -> None:
    files = [structure_folder / name for name in ("NaCl.cif", "CaO.vasp", "NaF.json")]
    asked = ["Fe2O3", files[0], "Xx", files[1], "NaCl", files[2]]
    outcome = command("predict", *asked)
    lines = table_of(outcome.succeeded())
    assert [line["formula"] for line in lines] == ["Fe2O3", "NaCl", "Xx", "CaO", "NaCl", "NaF"]
    assert [line["id"] for line in lines] == ["", str(files[0]), "", str(files[1]), "", str(files[2])]
    assert [line["model"] for line in lines] == ["composition", "structure"] * 3
    assert [bool(line["error"]) for line in lines] == [False, False, True, False, False, False]
    assert lines[2]["prediction"] == ""
    expected = predictors["structure"].predict(files)
    np.testing.assert_allclose([float(lines[i]["prediction"]) for i in (1, 3, 5)], expected, atol=2e-5)
    expected = predictors["composition"].predict(["Fe2O3", "NaCl"])
    np.testing.assert_allclose([float(lines[i]["prediction"]) for i in (0, 4)], expected, atol=2e-5)
    meanings = outcome.err.splitlines()
    assert "model composition" in meanings[0]
    assert any("given crystal structure; model structure" in line for line in meanings)


def test_a_table_of_structures_goes_to_the_model_of_structures(
    command: Command, structure_folder: Path, predictors: dict[str, Predictor]
) -> None:
    lines = table_of(command("predict", "--csv", structure_folder).succeeded())
    by_id = {line["id"]: float(line["prediction"]) for line in lines}
    assert by_id["NaCl"] == pytest.approx(predictors["structure"].predict([structure_folder / "NaCl.cif"])[0], abs=2e-5)


def test_the_stability_of_formulas_and_structures_is_asked_of_the_classifier(
    command: Command, structure_folder: Path, predictors: dict[str, Predictor]
) -> None:
    outcome = command("predict", "--stable", "NaCl", structure_folder / "NaCl.cif", "Fe2O3")
    lines = table_of(outcome.succeeded())
    expected = predictors["stability"].predict(["NaCl", "NaCl", "Fe2O3"])
    np.testing.assert_allclose([float(line["prediction"]) for line in lines], expected, atol=2e-5)
    assert {line["unit"] for line in lines} == {"probability"}
    assert "model" not in lines[0]
    assert "probability of lying on the convex hull" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["quickstrat", "NaCl"], "Nor is 'quickstrat' a run folder, a model file or a shipped model (composition, "),
        (["NACL"], "formula 'NACL': 'A' is no element. Did you mean NaCl? Nor is 'NACL' a run folder"),
        (["compositoin", "NaCl"], "Did you mean 'composition'?"),
        (
            ["runs/quickstart", "NaCl"],
            "runs/quickstart: no such run folder. Train one with: formation-mlp",
        ),
        (["./NaCl", "NaCl"], "NaCl: no such run folder"),
        (["best.safetensors", "NaCl"], "best.safetensors: no such run folder"),
        (["--model", "compositoin", "NaCl"], "compositoin: no such run folder"),
        (["--model", "compositoin", "NaCl"], "Did you mean 'composition'?"),
        (
            ["--stable", "--model", "composition", "NaCl"],
            "--stable asks the shipped model 'stability', but 'composition'",
        ),
        (
            ["--stable", "composition", "NaCl"],
            "--stable asks the shipped model 'stability', but 'composition' is named",
        ),
        (["--stable", "--unit", "kJ/mol", "NaCl"], "--unit: stability predicts a probability, which has no unit"),
        (["composition"], "predict: 'composition' is the model, but no material is named. Give formulas or"),
        (["--model", "structure", "NaCl"], "some presets need crystal structures, but the rows have formulas only"),
    ],
)
def test_what_cannot_be_predicted_is_refused(command: Command, arguments: list[str], message: str) -> None:
    assert message in command("predict", *arguments).refused()


def test_a_terminal_without_anything_is_told_what_to_give(command: Command) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert "give formulas, a table with --csv, or formulas on" in command("predict", stdin=Terminal()).refused()


@pytest.mark.parametrize("asked", ["composition", "own", "NaCl.safetensors", "NaCl"])
def test_the_first_argument_is_a_model_if_it_is_there(asked: str, own_run: Path, workplace: Path) -> None:
    (workplace / "own").mkdir()  # no model in it: loading it says so
    shutil.copy(own_run / "model.safetensors", workplace / "NaCl.safetensors")
    shutil.copytree(own_run, workplace / "NaCl")
    assert split_arguments([asked, "MgO"]) == (asked, ["MgO"])


@pytest.mark.parametrize("asked", ["NaCl", "SiC", "x.cif", "POSCAR", "CuSO4.5H2O", "", "NaCl" * 100])
def test_the_first_argument_is_a_material_otherwise(asked: str, workplace: Path) -> None:
    (workplace / "NaCl").mkdir()  # the folder of a calculation is no run folder
    (workplace / "SiC").touch()
    assert split_arguments([asked, "MgO"]) == (None, [asked, "MgO"])


def test_a_local_model_comes_before_a_shipped_one_of_its_name(own_run: Path, workplace: Path, command: Command) -> None:
    expected = table_of(command("predict", "NaCl").succeeded())
    (workplace / "composition").mkdir()
    assert model_path("composition") == shipped_path("composition")
    shutil.copy(own_run / "model.safetensors", workplace / "composition")
    np.testing.assert_array_equal(load("composition").predict(["NaCl"]), load(own_run).predict(["NaCl"]))
    (own,) = table_of(command("predict", "--model", "composition", "NaCl").succeeded())
    assert own["prediction"] != expected[0]["prediction"]
    assert table_of(command("predict", "NaCl").succeeded()) == expected


def test_numbers_of_every_unit_per_atom_can_be_written() -> None:
    assert set(DIGITS) == {name for name, (_, per_formula) in UNITS.items() if not per_formula} | {PROBABILITY}


@pytest.mark.parametrize(
    ("unit", "factor", "digits"),
    [("kJ/mol", 96.48533212331, 4), ("kcal/mol", 96.48533212331 / 4.184, 5), ("meV/atom", 1000, 3)],
)
def test_every_energy_of_a_row_is_converted(command: Command, unit: str, factor: float, digits: int) -> None:
    (plain,) = table_of(command("predict", "Fe2O3").succeeded())
    outcome = command("predict", "Fe2O3", "--unit", unit)
    (line,) = table_of(outcome.succeeded())
    assert line["unit"] == unit
    assert f"formation energy, {unit} (" in outcome.err
    energies = [name for name in plain if name in ("prediction", "std", "expected_error") or name[:2] in ("lo", "hi")]
    for name in energies:
        assert float(line[name]) == pytest.approx(float(plain[name]) * factor, abs=2e-6 * factor)
        assert len(line[name].split(".")[1]) == digits
    assert {name for name in plain if plain[name] != line[name]} == {*energies, "unit"}


def test_the_file_of_predictions_stands_beside_what_it_means(command: Command, workplace: Path) -> None:
    outcome = command("predict", "NaCl", "Xx", "PuXe2", "--out", "new/out.csv")
    assert outcome.succeeded() == ""
    assert sorted(path.name for path in (workplace / "new").iterdir()) == ["out.csv", "out.csv.about.json"]
    lines = table_of((workplace / "new" / "out.csv").read_text())
    about = json.loads((workplace / "new" / "out.csv.about.json").read_text())
    assert (about["rows"], about["rows_without_prediction"], about["strict"]) == (3, 1, False)
    assert list(about["columns"]) == list(lines[0])
    (model,) = about["models"]
    assert model["prediction"] in outcome.err
    assert model["sha256"] == card("composition").sha256
    assert model["attribution"] == card("composition").data.attribution


def test_parquet_holds_numbers_and_what_they_mean(command: Command, workplace: Path) -> None:
    import pyarrow.parquet as pq

    command("predict", "NaCl", "Xx", "--out", "out.parquet").succeeded()
    table = pq.read_table(workplace / "out.parquet")
    (line, _) = table_of(command("predict", "NaCl", "Xx").succeeded())
    assert table.column_names == list(line)
    values = table.column("prediction").to_pylist()
    assert values == [pytest.approx(float(line["prediction"]), abs=1e-6), None]
    about = json.loads((workplace / "out.parquet.about.json").read_text())
    assert json.loads(table.schema.metadata[b"formation_mlp"]) == about


def test_a_terminal_sees_few_digits_and_useful_columns(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "300")
    outcome = command("predict", "NaCl", "Fe2O3")
    lines = outcome.succeeded().splitlines()
    assert lines[0].startswith("prediction: formation energy, eV/atom (")
    assert [line.partition(":")[0] for line in lines[1:3]] == ["trust", "population of the intervals"]
    lines = lines[2:]
    names = lines[2].split()
    assert names[:2] == ["formula", "prediction"]
    assert not {"unit", "model", "error", "charge_balanced", "unknown_states"} & set(names)
    assert len(lines[4].split()[1].split(".")[1]) == 3
    assert outcome.err == ""


def test_the_shipped_models_are_listed(command: Command) -> None:
    lines = command("models").succeeded().splitlines()
    assert [line.split()[0] for line in lines[2:5]] == list(SHIPPED)
    assert all(len(line) <= 160 for line in lines)
    assert lines[-1].startswith("formation-mlp models NAME")


@pytest.mark.parametrize("name", SHIPPED)
def test_a_card_is_shown_in_full(command: Command, name: str) -> None:
    known, text = card(name), " ".join(command("models", name).succeeded().split())
    for part in (known.title, known.energies, known.data.licence, known.data.attribution, known.sha256, *known.not_for):
        assert part in text
    assert " ".join(known.elements) in text
    assert all(f"{symbol} ({count})" in text for symbol, count in known.rare.items())
    assert f"MAE {known.scores['val']['MAE']:.4f}" in text if name != "stability" else "ROC-AUC" in text
    assert json.loads(command("models", name, "--json").succeeded()) == json.loads(known.model_dump_json())


def test_a_card_that_does_not_exist_is_refused(command: Command) -> None:
    assert "unknown shipped model 'struktur'" in command("models", "struktur").refused()
    assert "Did you mean 'structure'?" in command("models", "struktur").refused()
    assert "models --json: name one of the shipped models" in command("models", "--json").refused()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda fields: fields | {"sha256": 7}, "damaged at 'sha256'"),
        (lambda fields: fields | {"hobby": "chess"}, "damaged at 'hobby'"),
        (lambda fields: {k: v for k, v in fields.items() if k != "not_for"}, "damaged at 'not_for'"),
    ],
)
def test_a_damaged_card_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[dict[str, Any]], dict[str, Any]], message: str
) -> None:
    fields = change(json.loads(shipped.card_text("composition")))
    write_json(tmp_path / "composition.json", fields)
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    with pytest.raises(CheckpointError, match=message):
        card.__wrapped__("composition")
    with pytest.raises(CheckpointError, match="missing or damaged"):
        card.__wrapped__("structure")


def test_a_network_starts_from_a_shipped_model(command: Command, tiny_config: ConfigWriter, workplace: Path) -> None:
    start = load("composition").checkpoint
    model = {key: value for key, value in start.members[0].model.items() if key != "dropout"}
    job = {"features": start.config["features"], "model": model, "benchmark": {"baselines": ["mean"]}}
    training = {"start_from": "composition", "max_epochs": 1, "learning_rate": 1e-6, "muon_learning_rate": 1e-6}
    command("train", tiny_config(**job, training=training), "-q").succeeded()
    own = load(workplace / "run")
    shipped_model = load("composition")
    answers = [shipped_model.predict(list(KNOWN), scale=scale) for scale in shipped_model.scales]
    assert min(np.abs(own.predict(list(KNOWN)) - answer).max() for answer in answers) < 0.06  # one member of two
    assert own.checkpoint.scaler.names == start.scaler.names


def test_a_network_of_other_features_cannot_start_from_a_shipped_model(
    command: Command, tiny_config: ConfigWriter
) -> None:
    message = command("train", tiny_config(training={"start_from": "composition"}), "-q").refused()
    assert "training.start_from: composition was trained on the features ['magpie'" in message
    message = command("train", tiny_config(training={"start_from": "compositoin"}), "-q").refused()
    assert "Did you mean 'composition'?" in message


@pytest.fixture(scope="module")
def script() -> Any:
    return module_at(ROOT / "scripts" / "build_shipped.py")


@pytest.fixture
def job(script: Any, finished_run: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the configuration that made the finished run; shipped models are written to the working folder."""
    import yaml

    path = workplace / "job.yaml"
    saved = yaml.safe_load((finished_run / "config.yaml").read_text())
    path.write_text(yaml.safe_dump({key: value for key, value in saved.items() if key in TINY or key == "split"}))
    monkeypatch.setattr(script, "FOLDER", workplace / "built")
    monkeypatch.setattr(shipped, "FOLDER", workplace / "built")
    return path


def test_a_finished_run_becomes_a_shipped_model(script: Any, job: Path, finished_run: Path, workplace: Path) -> None:
    path = script.build(finished_run, "composition", job, [])
    known = card.__wrapped__("composition")
    assert path == shipped_path("composition")
    assert sha256(path.read_bytes()).hexdigest() == known.sha256
    assert known.weights.startswith("float16; the largest change of a prediction on the val rows by float16 is ")
    assert known.rows == {"train": 36, "val": 12, "test": 12}
    report = json.loads((finished_run / "report.json").read_text())
    assert known.scores == {part: pytest.approx(report["scores"][part]) for part in ("val", "test")}
    assert f"formation-mlp train {job}" in known.commands
    before, after = load(finished_run).predict(list(KNOWN)), load(path).predict(list(KNOWN))
    np.testing.assert_allclose(after, before, atol=1e-3)
    assert not np.array_equal(after, before)
    assert path.stat().st_size < (finished_run / "model.safetensors").stat().st_size
    again = path.read_bytes()
    script.build(finished_run, "composition", job, [])
    assert path.read_bytes() == again


def test_weights_that_half_precision_would_spoil_keep_theirs(
    script: Any, job: Path, finished_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "LARGEST_CHANGE", 0.0)
    path = script.build(finished_run, "composition", job, [])
    assert card.__wrapped__("composition").weights.startswith("float32; ")
    np.testing.assert_array_equal(load(path).predict(list(KNOWN)), load(finished_run).predict(list(KNOWN)))


def test_a_run_that_cannot_be_shipped_is_refused(
    script: Any, job: Path, own_run: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match=r"was not made by .*: training differ"):
        script.build(own_run, "composition", job, ["training.max_epochs=7"])
    monkeypatch.setattr(script, "LARGEST_FILE", 1000)
    with pytest.raises(CheckpointError, match="a shipped model has at most 1000"):
        script.build(own_run, "composition", job, [])
    model = Checkpoint.load(own_run / "model.safetensors")
    trees = replace(model.members[0], model={"boosted_trees": {}})
    replace(model, members=(trees,)).save(own_run / "model.safetensors")
    with pytest.raises(CheckpointError, match="holds boosted trees"):
        script.build(own_run, "composition", job, [])
    (own_run / "DONE").unlink()
    with pytest.raises(CheckpointError, match="not the folder of a finished run"):
        script.build(own_run, "composition", job, [])
    assert not (workplace / "built").exists()
