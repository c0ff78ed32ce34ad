"""Epochs go where people look: TensorBoard, MLflow and functions of the user's own, in whole and resumed runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from formation_mlp.config.loading import check_config
from formation_mlp.config.schema import Config
from formation_mlp.errors import ConfigError
from formation_mlp.runs.folder import RunFolder
from formation_mlp.runs.loggers import LOGGERS, QUANTITIES
from formation_mlp.runs.progress import Reporter
from formation_mlp.runs.train import train
from formation_mlp.system.compute import Compute
from formation_mlp.training.callbacks import Epoch

pytestmark = pytest.mark.slow


def config(folder: Path, loggers: list[str], n_members: int = 0, **training: Any) -> Config:
    table = folder / "table.csv"
    rng = np.random.default_rng(0)
    formulas = [f"{a}{b}" for a in ("Na", "K", "Li", "Mg", "Ca", "Sr", "Al", "Ti") for b in ("F", "Cl", "O", "S", "N")]
    lines = [f"{formula},{energy:.4f}" for formula, energy in zip(formulas, rng.normal(-1, 1, 40), strict=True)]
    table.write_text("\n".join(["formula,formation_energy_per_atom", *lines]), encoding="utf-8")
    raw: dict[str, Any] = {
        "data": {"path": str(table)},
        "features": ["element_fraction"],
        "model": {"hidden": [8]},
        "training": {"max_epochs": 4, "batch_size": 8, "loggers": loggers, "device": "cpu", **training},
        "output": str(folder / "run"),
    }
    if n_members:
        raw["ensemble"] = {"members": {"net": {"seeds": n_members}}}
    return check_config(raw, "test")


def logged(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Return step and value of each scalar in event files, as TensorBoard shows them."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder), {"scalars": 0}).Reload()
    return {tag: [(one.step, one.value) for one in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def assert_as_history(folder: Path) -> None:
    history = RunFolder(folder).read_history()
    found = logged(folder / "tensorboard")
    assert set(found) == set(QUANTITIES)
    for name in ("train_loss", "val_loss", "val_score"):
        assert [step for step, _ in found[name]] == [record["epoch"] for record in history]
        np.testing.assert_allclose([value for _, value in found[name]], [record[name] for record in history], rtol=1e-5)


def interrupted(after: int) -> Any:
    def callback(epoch: Epoch) -> None:
        if epoch.epoch == after:
            raise KeyboardInterrupt

    return callback


def test_tensorboard_shows_each_epoch_once_also_of_a_resumed_and_a_replaced_run(tmp_path: Path) -> None:
    asked = config(tmp_path, ["tensorboard"])
    with pytest.raises(KeyboardInterrupt):
        train(asked, Reporter(-1), callbacks=[interrupted(3)])
    assert [step for step, _ in logged(tmp_path / "run/tensorboard")["val_score"]] == [1, 2, 3]
    train(asked, Reporter(-1), resume=True)
    assert_as_history(tmp_path / "run")
    train(asked, Reporter(-1), overwrite=True)
    assert_as_history(tmp_path / "run")
    assert len(list((tmp_path / "run/tensorboard").iterdir())) == 1


def test_loggers_do_not_change_a_run_and_may_be_added_when_it_is_resumed(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(config(tmp_path, []), Reporter(-1), callbacks=[interrupted(2)])
    train(config(tmp_path, ["tensorboard"]), Reporter(-1), resume=True)
    history = (tmp_path / "run/history.jsonl").read_text(encoding="utf-8")
    train(config(tmp_path, []), Reporter(-1), overwrite=True)
    assert (tmp_path / "run/history.jsonl").read_text(encoding="utf-8") == history
    assert not (tmp_path / "run/tensorboard").exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_each_member_of_an_ensemble_has_a_folder_of_its_own(tmp_path: Path, workers: int) -> None:
    train(config(tmp_path, ["tensorboard"], n_members=2), Reporter(-1), compute=Compute(workers))
    for name in ("net-0", "net-1"):
        assert_as_history(tmp_path / "run/members" / name)


@pytest.mark.parametrize("name", LOGGERS)
def test_a_missing_package_is_said_before_anything_is_written(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, LOGGERS[name].package, None)
    with pytest.raises(ConfigError, match=rf"training\.loggers: '{name}' needs the package {name}: pip install"):
        train(config(tmp_path, [name]), Reporter(-1))
    assert not (tmp_path / "run").exists()


def test_an_unknown_logger_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"training\.loggers: unknown logger 'tensorbord'.*Did you mean 'tensorboard'"
    ):
        config(tmp_path, ["tensorbord"])


class Client:
    """Stands in for MLflow's client, with the calls that it was given."""

    calls: list[tuple[Any, ...]]

    def __init__(self, tracking_uri: str) -> None:
        self.calls.append(("uri", tracking_uri))

    def get_experiment_by_name(self, name: str) -> Any:
        known = [call for call in self.calls if call == ("experiment", name)]
        return SimpleNamespace(experiment_id="7") if known else None

    def create_experiment(self, name: str) -> str:
        self.calls.append(("experiment", name))
        return "7"

    def create_run(self, experiment_id: str, run_name: str) -> Any:
        number = sum(call[0] == "run" for call in self.calls)
        self.calls.append(("run", experiment_id, run_name))
        return SimpleNamespace(info=SimpleNamespace(run_id=f"id{number}"))

    def log_param(self, run_id: str, key: str, value: str) -> None:
        self.calls.append(("param", run_id, key, value))

    def log_metric(self, run_id: str, key: str, value: float, step: int) -> None:
        self.calls.append(("metric", run_id, key, value, step))

    def set_terminated(self, run_id: str, status: str) -> None:
        self.calls.append(("status", run_id, status))


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(Client, "calls", [], raising=False)
    tracking = ModuleType("mlflow.tracking")
    tracking.MlflowClient = Client  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mlflow", ModuleType("mlflow"))
    monkeypatch.setitem(sys.modules, "mlflow.tracking", tracking)
    return Client.calls


def test_mlflow_goes_on_with_one_run_and_stays_in_the_folder(
    tmp_path: Path, mlflow: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = config(tmp_path, ["mlflow"])
    with pytest.raises(KeyboardInterrupt):
        train(asked, Reporter(-1), callbacks=[interrupted(3)])
    assert mlflow[-1] == ("status", "id0", "KILLED")
    train(asked, Reporter(-1), resume=True)
    assert mlflow[-1] == ("status", "id0", "FINISHED")
    assert {call[1] for call in mlflow if call[0] == "uri"} == {(tmp_path / "run/mlflow/records").as_uri()}
    assert [call for call in mlflow if call[0] in ("experiment", "run")] == [
        ("experiment", "formation_mlp"),
        ("run", "7", "run"),
    ]
    assert ("param", "id0", "model.hidden", "[8]") in mlflow
    history = [json.loads(line) for line in (tmp_path / "run/history.jsonl").read_text("utf-8").splitlines()]
    last = {call[4]: call[3] for call in mlflow if call[0] == "metric" and call[2] == "val_score"}
    assert last == {record["epoch"]: record["val_score"] for record in history}
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracking.example:5000")
    train(asked, Reporter(-1), overwrite=True)
    assert [call for call in mlflow if call[0] == "uri"][-1][1] == "http://tracking.example:5000"
    assert [call for call in mlflow if call[0] == "experiment"] == [("experiment", "formation_mlp")]


# --- functions of the user's own


@pytest.mark.parametrize("n_members", [0, 2])
def test_a_callback_is_told_of_each_network_and_ends_it(tmp_path: Path, n_members: int) -> None:
    told: list[Epoch] = []

    def callback(epoch: Epoch) -> bool:
        told.append(epoch)
        return epoch.epoch == 2

    asked = config(tmp_path, [], n_members, max_epochs=50)
    train(asked, Reporter(-1), callbacks=[callback], compute=Compute(2))
    names = ["net-0", "net-1"] if n_members else ["run"]
    assert [(one.member, one.epoch) for one in told] == [(name, epoch) for name in names for epoch in (1, 2)]
    assert RunFolder(tmp_path / "run").is_done()


def test_callbacks_are_checked_before_anything_is_written(tmp_path: Path) -> None:
    wrong: Any = [3]
    with pytest.raises(ConfigError, match="callbacks: found 3"):
        train(config(tmp_path, []), Reporter(-1), callbacks=wrong)
    assert not (tmp_path / "run").exists()
