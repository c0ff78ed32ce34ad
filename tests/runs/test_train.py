"""Whole runs: what they leave, that they repeat, and that they survive an interruption."""

from __future__ import annotations

import csv
import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from safetensors.numpy import save

import formation_mlp
from formation_mlp.features.engine.table import FeatureTable, featurize
from formation_mlp.materials.records import Materials
from formation_mlp.runs import network as network_run
from formation_mlp.runs import prepare as stages
from formation_mlp.runs import train as run
from formation_mlp.runs.progress import Reporter
from formation_mlp.saved_model.checkpoint import Checkpoint, load_tensors, save_tensors
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.targets.metrics import regression_scores
from formation_mlp.training.network import NetworkTraining
from support.commands import Outcome, leftovers

pytestmark = pytest.mark.slow

Command = Callable[..., Outcome]
ConfigWriter = Callable[..., Path]

SAME_ON_EVERY_RUN = (
    *("history.jsonl", "model.safetensors", "state.safetensors", "predictions.csv", "split.json", "rows.json"),
)

# Dropout, batch normalisation and momenta all carry a state that a resumed run must take over.
STATEFUL = {
    "model": {"hidden": [8, 8], "dropout": 0.2, "normalization": "batch", "activation": "rrelu"},
    "training": {"max_epochs": 6, "batch_size": 9},
}


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def contents(folder: Path) -> dict[str, object]:
    """Return what two equal runs leave; only the seconds that training took differ from run to run."""
    tensors, plain = load_tensors(folder / "state.safetensors", "training state")
    assert plain.pop("seconds") > 0
    assert len(plain.pop("cost")["epoch_seconds"]) == plain["loop"]["epoch"]
    state = {name: (tensor.dtype, tensor.numpy().tobytes()) for name, tensor in tensors.items()}, plain
    return {name: (folder / name).read_bytes() for name in SAME_ON_EVERY_RUN} | {"state.safetensors": state}


def test_a_finished_run_leaves_these_files_and_no_others(finished_run: Path) -> None:
    figures = {"loss.png", "parity.png", "residuals.png"}
    others = {"config.yaml", "report.json", "DONE"}
    assert {path.name for path in finished_run.iterdir()} == {*SAME_ON_EVERY_RUN, *figures, *others}
    assert all(path.stat().st_size > 0 for path in finished_run.iterdir() if path.name != "DONE")


def test_the_report_tells_what_the_numbers_mean(finished_run: Path) -> None:
    report = read_json(finished_run / "report.json")
    assert report["target"] == {
        "column": "formation_energy_per_atom",
        "name": "formation_energy_per_atom",
        "unit": "eV/atom",
        "declared_unit": None,
        "source": "measured",
    }
    assert report["rows"] == {"train": 36, "val": 12, "test": 12}
    assert report["overlap"]["test_rows_with_formula_in_train"] == 0
    assert report["left_out"] == {}
    assert report["descriptors"] > len(report["constant_descriptors"]) > 0
    assert report["config"] == yaml.safe_load((finished_run / "config.yaml").read_text(encoding="utf-8"))
    assert {"torch", "numpy", "matminer", "pymatgen"} <= set(report["versions"])
    assert report["parameters"] > 0
    assert report["epochs"] == 2
    assert report["device"] == "cpu"


def test_the_scores_of_the_report_are_those_of_the_predictions(finished_run: Path) -> None:
    scores, lines = read_json(finished_run / "report.json")["scores"], read_csv(finished_run / "predictions.csv")
    assert list(lines[0]) == ["id", "formula", "part", "formation_energy_per_atom", "prediction"]
    for part in ("val", "test"):
        chosen = [line for line in lines if line["part"] == part]
        y = np.array([float(line["formation_energy_per_atom"]) for line in chosen])
        prediction = np.array([float(line["prediction"]) for line in chosen])
        assert scores[part] == pytest.approx(regression_scores(y, prediction), abs=1e-5)


def test_the_parts_hold_every_row_once(finished_run: Path, rows: list[tuple[str, str]]) -> None:
    parts = read_json(finished_run / "split.json")
    assert sorted(map(int, parts["train"] + parts["val"] + parts["test"])) == list(range(1, len(rows) + 1))
    truth = {str(i): energy for i, (_, energy) in enumerate(rows, start=1)}
    lines = read_csv(finished_run / "predictions.csv")
    assert [line["id"] for line in lines] == parts["val"] + parts["test"]
    assert all(float(line["formation_energy_per_atom"]) == float(truth[line["id"]]) for line in lines)


def test_the_saved_model_predicts_what_the_run_wrote(finished_run: Path) -> None:
    lines = read_csv(finished_run / "predictions.csv")
    found = formation_mlp.load(finished_run).predict([line["formula"] for line in lines])
    np.testing.assert_allclose(found, [float(line["prediction"]) for line in lines], atol=1e-6)


def test_the_best_epoch_is_marked_in_the_history(finished_run: Path) -> None:
    history = [json.loads(line) for line in (finished_run / "history.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in history] == [1, 2]
    best = min(history, key=lambda record: record["val_score"])
    assert read_json(finished_run / "report.json")["best_epoch"] == best["epoch"]
    assert best["is_best"]
    assert read_json(finished_run / "report.json")["scores"]["val"]["MAE"] == pytest.approx(best["val_score"], abs=1e-6)


@pytest.mark.usefixtures("without_figures")
def test_one_seed_gives_one_run_bit_for_bit_and_another_seed_another(
    tiny_config: ConfigWriter, command: Command, workplace: Path
) -> None:
    config, found = tiny_config(**STATEFUL), []
    for seed in (0, 0, 1):
        command("train", config, "--set", f"seed={seed}", "--overwrite", "-q").succeeded()
        found.append(contents(workplace / "run"))
    first, again, other = found
    assert first == again
    assert [name for name in SAME_ON_EVERY_RUN if first[name] == other[name]] == []


@pytest.fixture
def without_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the drawing, which takes longer than training here."""
    monkeypatch.setattr(run, "write_figures", lambda *_: None)


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that lets the user press Ctrl-C after an epoch of the next run."""
    real = Reporter.epoch

    def at(epoch: int) -> None:
        def show(self: Reporter, record: Any, score: str) -> None:
            real(self, record, score)
            if record.epoch == epoch:
                monkeypatch.setattr(Reporter, "epoch", real)
                raise KeyboardInterrupt

        monkeypatch.setattr(Reporter, "epoch", show)

    return at


@pytest.mark.usefixtures("without_figures")
@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "muon"])
@pytest.mark.parametrize("seconds", [0.0, 1e9], ids=["saved every epoch", "saved after the first epoch"])
def test_a_resumed_run_ends_bit_for_bit_as_an_uninterrupted_one(
    tiny_config: ConfigWriter,
    command: Command,
    workplace: Path,
    monkeypatch: pytest.MonkeyPatch,
    interrupt: Callable[[int], None],
    optimizer: str,
    seconds: float,
) -> None:
    monkeypatch.setattr(network_run, "SAVE_EVERY_SECONDS", seconds)
    train = ("train", tiny_config(**STATEFUL), "--set", f"training.optimizer={optimizer}")
    command(*train, "-q").succeeded()
    straight = contents((workplace / "run").rename(workplace / "straight"))
    interrupt(3)
    stopped = command(*train)
    assert stopped.code == 130
    assert stopped.err.endswith("interrupted; 'formation-mlp train CONFIG --resume' continues the run\n")
    assert not (workplace / "run" / "DONE").exists()
    assert formation_mlp.load(workplace / "run").predict(["NaCl"]).shape == (1,)
    assert (workplace / "run" / "history.jsonl").read_text().count("\n") == 3
    resumed = command(*train, "--resume")
    assert f"resumed after epoch {1 if seconds else 2}\n" in resumed.err
    resumed.succeeded()
    assert contents(workplace / "run") == straight


@pytest.mark.usefixtures("without_figures")
def test_a_training_state_without_a_digest_is_gone_on_from_with_a_remark(
    tiny_config: ConfigWriter, command: Command, workplace: Path, interrupt: Callable[[int], None]
) -> None:
    train = ("train", tiny_config(**STATEFUL))
    interrupt(2)
    assert command(*train).code == 130
    state = workplace / "run" / "state.safetensors"
    tensors, description = load_tensors(state, "training state", "numpy")
    text = json.dumps({**description, "format": 3})
    state.write_bytes(save(tensors, metadata={"formation_mlp": text}))
    resumed = command(*train, "--resume")
    assert "resumed after epoch 1; the training state is of format 3, which has no digest" in resumed.err
    resumed.succeeded()


@pytest.mark.usefixtures("without_figures")
def test_a_run_interrupted_in_its_first_epoch_is_resumed_from_the_start(
    tiny_config: ConfigWriter, command: Command, workplace: Path, interrupt: Callable[[int], None]
) -> None:
    config = tiny_config()
    interrupt(1)
    assert command("train", config).code == 130
    assert not (workplace / "run" / "state.safetensors").exists()
    command("train", config, "--resume").succeeded()
    assert (workplace / "run" / "DONE").exists()


@pytest.mark.usefixtures("without_figures")
def test_an_interrupted_run_is_not_resumed_on_other_rows(
    tiny_config: ConfigWriter, command: Command, workplace: Path, interrupt: Callable[[int], None]
) -> None:
    config = tiny_config(**STATEFUL)
    interrupt(2)
    assert command("train", config).code == 130
    table = workplace / "table.csv"
    table.write_text("".join(table.read_text(encoding="utf-8").splitlines(keepends=True)[:-1]), encoding="utf-8")
    assert (
        "the run was begun with other rows (60 then, 59 now). Put back"
        in command("train", config, "--resume", "-q").refused()
    )


@pytest.mark.usefixtures("without_figures")
@pytest.mark.parametrize(
    ("error", "code"), [(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 2), (KeyboardInterrupt(), 130)]
)
@pytest.mark.parametrize("n_writes", [0, 1, 2, 3, 4, 5, 8])
def test_a_run_that_cannot_write_ends_and_a_resumed_one_goes_on_from_there(
    tiny_config: ConfigWriter,
    command: Command,
    workplace: Path,
    monkeypatch: pytest.MonkeyPatch,
    n_writes: int,
    error: BaseException,
    code: int,
    uninterrupted: dict[str, object],
) -> None:
    monkeypatch.setattr(network_run, "SAVE_EVERY_SECONDS", 0.0)
    config, left, real = tiny_config(**STATEFUL), [n_writes], os.fsync

    def fsync(descriptor: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise error
        real(descriptor)

    with monkeypatch.context() as full_disk:
        full_disk.setattr(os, "fsync", fsync)
        outcome = command("train", config, "-q")
    assert outcome.code == code
    assert "Traceback" not in outcome.err
    has_begun = (workplace / "run" / "config.yaml").exists()
    assert has_begun or n_writes < 3  # the locks name their owner before
    said = "interrupted; 'formation-mlp train CONFIG --resume'" if has_begun else "interrupted"
    assert ("cannot be written (No space left on device)" if code == 2 else said) in outcome.err
    assert leftovers(workplace) == []
    assert not (workplace / "run" / "DONE").exists()
    command("train", config, "-q", *(["--resume"] if has_begun else [])).succeeded()
    assert contents(workplace / "run") == uninterrupted


_UNINTERRUPTED: dict[str, object] = {}


@pytest.fixture
def uninterrupted(tiny_config: ConfigWriter, command: Command, workplace: Path) -> dict[str, object]:
    """Return the files of the uninterrupted run, which is made once."""
    if not _UNINTERRUPTED:
        command("train", tiny_config(**STATEFUL), "-q").succeeded()
        _UNINTERRUPTED.update(contents((workplace / "run").rename(workplace / "straight")))
    return _UNINTERRUPTED


def test_a_loss_that_explodes_ends_the_run_and_keeps_the_last_good_model(
    tiny_config: ConfigWriter, command: Command, workplace: Path
) -> None:
    explosive = {"optimizer": "sgd", "loss": "mse", "learning_rate": 1e8, "max_epochs": 50, "batch_size": 64}
    config = tiny_config(model={"hidden": []}, training={**explosive, "schedule": "constant", "warmup": 0.0})
    message = command("train", config, "-q").refused()
    assert "loss became" in message
    assert "Try a smaller training.learning_rate" in message
    assert message.endswith("is kept.\n")
    found = formation_mlp.load(workplace / "run").predict_rows(["NaCl"])
    assert "no material lies beyond 20 eV/atom" in found.errors[0]  # the last good model is no good one
    assert found.errors[0] != "the prediction is not finite"


@pytest.mark.usefixtures("without_figures")
def test_patience_ends_a_run_early(tiny_config: ConfigWriter, command: Command, workplace: Path) -> None:
    config = tiny_config(training={"max_epochs": 200, "patience": 3, "learning_rate": 0.3, "schedule": "constant"})
    command("train", config, "-q").succeeded()
    report = read_json(workplace / "run" / "report.json")
    assert report["epochs"] == report["best_epoch"] + 3 < 200


def test_a_classifier_leaves_its_own_figures_and_scores(
    tiny_config: ConfigWriter, command: Command, workplace: Path
) -> None:
    task = {"type": "classification", "boundary": -1.0, "labels": ["weak", "strong"]}
    outcome = command("train", tiny_config(task=task, model={"hidden": []}), "-q")
    assert "bal. acc." in outcome.succeeded()
    assert "logistic" in outcome.out
    assert {"loss.png", "confusion_matrix.png", "roc.png"} <= {path.name for path in (workplace / "run").iterdir()}
    predictions = read_csv(workplace / "run" / "predictions.csv")
    assert {line["formation_energy_per_atom"] for line in predictions} <= {"0.000000", "1.000000"}
    assert all(0 <= float(line["prediction"]) <= 1 for line in predictions)


def test_a_part_of_one_row_or_of_one_class_is_still_reported(
    tiny_config: ConfigWriter, command: Command, write_csv: Callable[..., Path], rows: list[tuple[str, str]]
) -> None:
    lines = [(*row, "test" if i == 0 else "val" if i < 8 else "train") for i, row in enumerate(rows)]
    table = write_csv(lines, ["formula", "target", "part"])
    split = {"method": "column", "column": "part"}
    command("train", tiny_config(split=split), "-q").succeeded()
    assert read_json(table.parent / "run" / "report.json")["scores"]["test"]["R2"] is None
    config = tiny_config(split=split, task={"type": "classification", "boundary": -1.0}, output="classes")
    assert "nan" in command("train", config, "-q").succeeded()
    assert read_json(table.parent / "classes" / "report.json")["scores"]["test"]["ROC-AUC"] is None


@pytest.mark.usefixtures("without_figures")
def test_rows_that_are_left_out_are_named_in_the_report(
    tiny_config: ConfigWriter, command: Command, write_csv: Callable[..., Path], rows: list[tuple[str, str]]
) -> None:
    wrong = ["Xx2O", "NACL", "Li1-xCoO2", "", "Na0Cl"]
    table = write_csv([*rows, *((formula, "-1") for formula in wrong), ("KCl", "")])
    outcome = command("train", tiny_config(data={"invalid": "drop"}))
    outcome.succeeded()
    assert "5 rows cannot be read and are left out" in outcome.err
    assert "1 row has no target" in outcome.err
    report = read_json(table.parent / "run" / "report.json")
    assert sum(report["rows"].values()) == len(rows)
    assert list(report["left_out"]) == ["66", "61", "62", "63", "64", "65"]
    assert "Did you mean NaCl?" in report["left_out"]["62"]


@pytest.mark.usefixtures("without_figures")
def test_rows_that_cannot_be_described_stop_the_run_or_are_named_in_the_report(
    tiny_config: ConfigWriter, command: Command, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def describe(materials: Materials, features: list[str], **_options: object) -> FeatureTable:
        table = featurize(materials, features)
        table.X[[4, 7]] = np.nan
        return FeatureTable(table.X, table.names, {4: "too heavy", 7: "too light"}, table.missing)

    monkeypatch.setattr(stages, "featurize", describe)
    message = command("train", tiny_config(), "-q").refused()
    assert "2 rows cannot be used\n  row 5: too heavy\n  row 8: too light\n" in message
    assert not (workplace / "run").exists()
    outcome = command("train", tiny_config(data={"invalid": "drop"}))
    outcome.succeeded()
    assert "2 rows cannot be featurized and are left out" in outcome.err
    report = read_json(workplace / "run" / "report.json")
    assert report["left_out"] == {"5": "too heavy", "8": "too light"}
    assert sum(report["rows"].values()) == 58


@pytest.mark.usefixtures("without_figures")
def test_merged_duplicates_are_counted_and_named_in_the_report(
    tiny_config: ConfigWriter, command: Command, write_csv: Callable[..., Path], rows: list[tuple[str, str]]
) -> None:
    doubled = [(f"({formula})2", float(energy) - 0.5) for formula, energy in rows[:7]]
    table = write_csv([*rows, *doubled])
    command("train", tiny_config(data={"duplicates": "lowest"}), "-q").succeeded()
    report = read_json(table.parent / "run" / "report.json")
    assert sum(report["rows"].values()) == len(rows)
    merged, differ = report["notes"]
    assert merged == "7 rows merged: another row of the same formula lies lower"
    assert differ.startswith(
        "rows of 7 formulas differ by more than 0.1 eV/atom, those of Ag2CO3 the most: from -1.374 to"
    )
    assert list(report["left_out"]) == [str(i) for i in range(1, 8)]


WITH_GAP = ("formula", "formation_energy_per_atom", "gap")


@pytest.mark.usefixtures("without_figures")
def test_a_run_with_an_auxiliary_target_needs_it_for_training_only(
    tiny_config: ConfigWriter, command: Command, write_csv: Callable[..., Path], rows: list[tuple[str, str]]
) -> None:
    config = tiny_config(task={"auxiliary": {"gap": 0.5}}, model={"architecture": "residual"})
    assert "task.auxiliary.gap: the table has no column 'gap'" in command("train", config, "-q").refused()
    write_csv([(*row, "" if i % 3 else i / 10) for i, row in enumerate(rows)], WITH_GAP)
    command("train", config, "-q").succeeded()
    command("evaluate", "run").succeeded()
    assert command("predict", "run", "NaCl").succeeded().startswith("formula,prediction")
    other = write_csv(rows, name="other.csv")
    assert command("evaluate", "run", "--csv", other).succeeded().splitlines()[-1].split()[1] == "60"


@pytest.mark.usefixtures("without_figures")
def test_an_interrupted_run_with_a_mean_an_auxiliary_target_and_a_set_is_resumed_bit_for_bit(
    tiny_config: ConfigWriter,
    command: Command,
    workplace: Path,
    write_csv: Callable[..., Path],
    rows: list[tuple[str, str]],
    interrupt: Callable[[int], None],
) -> None:
    write_csv([(*row, "" if i % 3 else i / 10) for i, row in enumerate(rows)], WITH_GAP)
    config = tiny_config(
        task={"auxiliary": {"gap": 0.5}},
        model={"architecture": "set", "dropout": 0.2, "set_width": 4, "set_layers": 1},
        training={"max_epochs": 4, "average": 0.8, "optimizer": "muon", "schedule": "trapezoid"},
    )
    command("train", config, "-q").succeeded()
    straight = contents((workplace / "run").rename(workplace / "straight"))
    interrupt(2)
    assert command("train", config).code == 130
    command("train", config, "--resume", "-q").succeeded()
    assert contents(workplace / "run") == straight


@pytest.mark.usefixtures("without_figures")
def test_a_run_goes_on_from_the_weights_of_another(
    tiny_config: ConfigWriter, command: Command, workplace: Path
) -> None:
    command("train", tiny_config(training={"learning_rate": 0.02, "max_epochs": 30}), "-q").succeeded()
    first = read_json(workplace / "run" / "report.json")
    config = tiny_config(training={"learning_rate": 1e-12, "start_from": "run", "max_epochs": 1}, output="second")
    command("train", config, "-q").succeeded()
    second = read_json(workplace / "second" / "report.json")
    for part in ("val", "test"):
        assert second["scores"][part] == pytest.approx(first["scores"][part], rel=1e-5)
    message = command("train", config, "--set", "features=[stoichiometry]", "--set", "output=third", "-q").refused()
    assert "training.start_from: run was trained on the features" in message
    assert not (workplace / "third").exists()


def test_a_run_folder_of_format_1_is_scored_as_before(own_run: Path, command: Command) -> None:
    expected = command("evaluate", own_run).succeeded()
    path = own_run / "model.safetensors"
    tensors, model = load_tensors(path, "model")
    config = model["config"]
    config["model"] = {key: config["model"][key] for key in ("hidden", "activation", "dropout")}
    config["model"] |= {"residual": False, "normalization": "none"}
    del config["ensemble"], model["members"], model["calibration"], model["domain"]
    (own_run / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    renamed = {name.replace("members.0.", "weights."): tensor for name, tensor in tensors.items()}
    renamed = {name: tensor for name, tensor in renamed.items() if name.startswith(("weights.", "scaler."))}
    save_tensors(path, renamed, model | {"format": 1})
    assert command("predict", own_run, "NaCl").succeeded().startswith("formula,prediction")
    assert command("evaluate", own_run).succeeded() == expected


@pytest.mark.usefixtures("without_figures")
def test_the_report_and_the_log_tell_device_and_precision(
    tiny_config: ConfigWriter, command: Command, workplace: Path
) -> None:
    outcome = command("train", tiny_config(training={"precision": "bfloat16"}))
    outcome.succeeded()
    report = read_json(workplace / "run" / "report.json")
    assert (report["device"], report["precision"]) == ("cpu", "bfloat16")
    assert f"mlp: {report['parameters']:,} weights, 36 rows, on cpu in bfloat16, 1 thread\n" in outcome.err


@pytest.mark.usefixtures("without_figures")
def test_seconds_of_training_are_counted_over_all_sittings(
    tiny_config: ConfigWriter, command: Command, workplace: Path, interrupt: Callable[[int], None]
) -> None:
    config = tiny_config(training={"max_epochs": 3})
    interrupt(2)
    assert command("train", config).code == 130
    path = workplace / "run" / "state.safetensors"
    tensors, plain = load_tensors(path, "training state")
    assert 0 < plain["seconds"] < 60
    save_tensors(path, tensors, plain | {"seconds": 1000.0})
    command("train", config, "--resume", "-q").succeeded()
    assert 1000 < read_json(workplace / "run" / "report.json")["fit_seconds"] < 1060


@pytest.mark.usefixtures("without_figures")
def test_structures_are_trained_on_and_predicted(
    tiny_config: ConfigWriter, command: Command, structure_folder: Path
) -> None:
    config = tiny_config(
        data={"path": str(structure_folder)}, features=["stoichiometry", "density"], training={"batch_size": 4}
    )
    command("train", config, "-q").succeeded()
    files = [structure_folder / "NaCl.cif", structure_folder / "CaO.vasp", structure_folder / "NaF.json"]
    table = command("predict", "run", *files).succeeded()
    assert [line.split(",")[0] for line in table.splitlines()[1:]] == [str(file) for file in files]
    assert "some presets need crystal structures" in command("predict", "run", "NaCl").refused()


def counted(monkeypatch: pytest.MonkeyPatch, kind: type, name: str) -> list[Any]:
    """Let a method note the arguments of each of its calls."""
    calls, method = [], getattr(kind, name)

    def noted(self: Any, *arguments: Any) -> Any:
        calls.append(arguments)
        return method(self, *arguments)

    monkeypatch.setattr(kind, name, noted)
    return calls


@pytest.mark.parametrize("ensemble", [None, {"members": {"network": {"seeds": 2}}, "weights": "greedy"}])
def test_a_model_is_written_once_for_each_better_epoch_and_val_predicted_once(
    ensemble: Any, command: Command, tiny_config: ConfigWriter, monkeypatch: pytest.MonkeyPatch, without_figures: None
) -> None:
    monkeypatch.setattr(network_run, "SAVE_EVERY_SECONDS", 0.0)
    written = counted(monkeypatch, Checkpoint, "save")
    answered = counted(monkeypatch, NetworkTraining, "predict"), counted(monkeypatch, Predictor, "predict_members")
    path = tiny_config(training={"max_epochs": 8, "learning_rate": 0.3}, ensemble=ensemble)
    command("train", path, "-q").succeeded()
    histories = list(Path("run").rglob("history.jsonl"))
    records = [json.loads(line) for path in histories for line in path.read_text(encoding="utf-8").splitlines()]
    n_best = sum(record["is_best"] for record in records)
    assert n_best < len(records)
    assert len(written) == n_best + 1
    n_rows = [len(arguments[0]) for calls in answered for arguments in calls]
    assert n_rows == [len(ids) for part, ids in read_json(Path("run/split.json")).items() if part in ("val", "test")]
