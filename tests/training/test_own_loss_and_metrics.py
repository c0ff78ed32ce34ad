"""Losses and metrics of the user's own: where their code is imported, where it never is, and what works with them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from formation_mlp import FormationEnergyRegressor, load
from formation_mlp.config.schema import TaskConfig, TrainingConfig
from formation_mlp.errors import ConfigError
from formation_mlp.runs import network as network_run
from formation_mlp.runs.progress import Reporter
from formation_mlp.targets.own_loss import own_loss
from formation_mlp.targets.task import Task
from support.commands import Outcome

Command = Callable[..., Outcome]

CODE = """
from pathlib import Path
import numpy as np
from torch import nn

Path("imported").touch()
number = 3

def l1(output, y):
    return (output - y).abs()

class LogCosh(nn.Module):
    def forward(self, output, y):
        return (output - y).cosh().log().mean()

def within_half(y, prediction):
    return np.mean(np.abs(prediction - y) <= 0.5)

def MAE(y, prediction):
    return 0.0

def changes_its_arguments(y, prediction):
    y[:], prediction[:] = 0, 0
    return np.array(1.5)

def of_each_row(y, prediction):
    return np.abs(prediction - y)
"""
OWN_LOSS = {"loss": "own_code:l1"}
ALLOWED = ("--allow-import", "own_code")


@pytest.fixture
def code(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Write a module that leaves a file where it is imported; return this file's path."""
    folder = workplace / "modules"
    folder.mkdir()
    (folder / "own_code.py").write_text(CODE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    yield workplace / "imported"
    sys.modules.pop("own_code", None)


def forget(code: Path) -> None:
    """Forget that the module was imported."""
    code.unlink()
    del sys.modules["own_code"]


def scores_of(run: str) -> dict[str, Any]:
    scores: dict[str, Any] = json.loads(Path(run, "report.json").read_text(encoding="utf-8"))["scores"]
    return scores


def test_a_loss_of_ones_own_trains_resumes_and_leaves_a_model_that_does_not_need_it(
    code: Path,
    tiny_config: Callable[..., Path],
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    without_figures: None,
) -> None:
    path = tiny_config(training={"max_epochs": 4} | OWN_LOSS)
    command("train", path, "-q", "--set", "training.loss=l1", "--set", "output=shipped_loss").succeeded()
    assert not code.exists()
    monkeypatch.setattr(network_run, "SAVE_EVERY_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(Reporter, "epoch", interrupted_at(2))
        assert command("train", path, *ALLOWED).code == 130
    assert "training.loss: 'own_code:l1' is code of your own" in command("train", path, "--resume").refused()
    command("train", path, "--resume", *ALLOWED).succeeded()
    forget(code)
    formulas = ["NaCl", "Fe2O3"]
    np.testing.assert_array_equal(load("run").predict(formulas), load("shipped_loss").predict(formulas))
    for words in (("predict", "run", "NaCl"), ("evaluate", "run"), ("explain", "run", "NaCl"), ("report", "run")):
        command(*words).succeeded()
    assert not code.exists()
    assert "own_code" not in sys.modules


def interrupted_at(epoch: int) -> Callable[..., None]:
    def shown(_reporter: Reporter, record: Any, _score: str) -> None:
        if record.epoch == epoch:
            raise KeyboardInterrupt

    return shown


def test_metrics_of_ones_own_stand_beside_the_scores_of_every_model(
    code: Path, tiny_config: Callable[..., Path], command: Command, without_figures: None
) -> None:
    metrics = ["own_code:within_half", "own_code:changes_its_arguments", "sklearn.metrics:median_absolute_error"]
    path = tiny_config(training={"loss": "own_code:LogCosh", "metrics": metrics})
    said = command("train", path, "-q", *ALLOWED, "--allow-import", "sklearn.metrics").succeeded()
    header = next(line for line in said.splitlines() if line.startswith("model "))
    assert header.index(" R2 ") < header.index("within_half") < header.index("median_absolute_error")
    report = json.loads(Path("run/report.json").read_text(encoding="utf-8"))
    rows = [line.split(",") for line in Path("run/predictions.csv").read_text(encoding="utf-8").splitlines()]
    columns, tested = rows[0], [row for row in rows[1:] if row[2] == "test"]
    y, prediction = (np.array([float(row[columns.index(c)]) for row in tested]) for c in columns[3:5])
    found = report["scores"]["test"]
    assert found["within_half"] == pytest.approx(np.mean(np.abs(prediction - y) <= 0.5))
    assert found["median_absolute_error"] == pytest.approx(np.median(np.abs(prediction - y)), abs=1e-5)
    assert found["MAE"] == pytest.approx(np.mean(np.abs(prediction - y)), abs=1e-5)
    for scores in (*report["scores"].values(), *report["baselines"]["mean"]["scores"].values()):
        assert scores["changes_its_arguments"] == 1.5
        assert 0 <= scores["within_half"] <= 1
    forget(code)
    assert load("run").checkpoint.scores["test"]["within_half"] == found["within_half"]
    assert "within_half" not in command("evaluate", "run").succeeded()
    command("report", "run").succeeded()
    assert not code.exists()


def test_metrics_do_not_change_a_run_and_may_be_added_when_it_is_resumed(
    code: Path,
    tiny_config: Callable[..., Path],
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    without_figures: None,
) -> None:
    path = tiny_config(training={"max_epochs": 3})
    monkeypatch.setattr(network_run, "SAVE_EVERY_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(Reporter, "epoch", interrupted_at(2))
        assert command("train", path).code == 130
    added = ("--set", "training.metrics=['own_code:within_half']", *ALLOWED)
    command("train", path, "--resume", *added).succeeded()
    assert "within_half" in scores_of("run")["test"]


@pytest.mark.slow
def test_members_of_an_ensemble_and_trials_learn_by_it_in_processes(
    code: Path, tiny_config: Callable[..., Path], command: Command, without_figures: None
) -> None:
    members = {"own": {"training": OWN_LOSS}, "cosh": {"training": {"loss": "own_code:LogCosh"}}, "usual": {}}
    path = tiny_config(training={"metrics": ["own_code:within_half"]}, ensemble={"members": members})
    assert "is code of your own" in command("train", path).refused()
    assert not code.exists()
    command("train", path, "-q", "--workers", 2, *ALLOWED).succeeded()
    assert len(load("run").checkpoint.members) == 3
    assert "within_half" in scores_of("run")["val"]
    search = {"trials": 2, "parameters": {"training.loss": {"choices": ["l1", "own_code:l1"]}}}
    path = tiny_config("search.yaml", tune=search, output="search")
    assert "tune.parameters.training.loss: 'own_code:l1' is code of your own" in command("tune", path).refused()
    command("tune", path, "-q", "--workers", 2, *ALLOWED).succeeded()
    assert Path("search_search/best.yaml").exists()


@pytest.mark.parametrize("verb", ["train", "tune", "benchmark"])
@pytest.mark.parametrize(
    ("training", "place", "way_out"),
    [
        (OWN_LOSS, "training.loss: 'own_code:l1'", "Or choose one of the losses of this package."),
        ({"metrics": ["own_code:MAE"]}, "training.metrics: 'own_code:MAE'", "Or leave the metric out."),
    ],
    ids=["loss", "metric"],
)
def test_nothing_is_imported_that_is_not_allowed(
    verb: str,
    training: dict[str, Any],
    place: str,
    way_out: str,
    code: Path,
    tiny_config: Callable[..., Path],
    command: Command,
) -> None:
    message = command(verb, tiny_config(training=training)).refused()
    assert message.startswith(f"{place} is code of your own, which is imported only where you allow it")
    assert "--allow-import own_code" in message
    assert message.rstrip().endswith(way_out)
    assert not code.exists()
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"loss": "own_code:l2"}, "training.loss: the module own_code has no function or class 'l2'"),
        ({"loss": "own_code:number"}, "training.loss: the module own_code has no function or class 'number'"),
        ({"loss": "own_code:Path"}, "training.loss: own_code:Path is no class of torch modules"),
        ({"loss": "own_code:MAE"}, "training.loss: own_code:MAE answered with 'float'"),
        ({"metrics": ["own_code:nothing"]}, "training.metrics: the module own_code has no function or class 'nothing'"),
        ({"metrics": ["own_code:MAE"]}, "training.metrics: there are two scores of the name 'MAE'"),
        ({"metrics": ["own_code:within_half"] * 2}, "training.metrics: there are two scores of the name 'within_half'"),
        ({"metrics": ["own_code:of_each_row"]}, "training.metrics: own_code:of_each_row answered with 'ndarray'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_used_is_refused_before_anything_is_learned(
    training: dict[str, Any], message: str, code: Path, tiny_config: Callable[..., Path], command: Command
) -> None:
    assert message in command("train", tiny_config(training=training), *ALLOWED).refused()
    assert not Path("run/model.safetensors").exists()


@pytest.mark.parametrize("name", ["MAE", "own_code:", "own_code.l1", 3])
def test_metrics_are_named_by_module_and_function(
    name: object, tiny_config: Callable[..., Path], command: Command
) -> None:
    message = command("train", tiny_config(training={"metrics": [name]})).refused()
    assert "training.metrics" in message
    assert "should be a string" in message if name == 3 else "Write 'module:function'" in message


def test_estimators_say_that_they_cannot_take_a_loss_by_name() -> None:
    with pytest.raises(ConfigError, match=r"'own_code:l1' is code of your own.*estimators cannot use it"):
        FormationEnergyRegressor(loss="own_code:l1").fit(["NaCl", "KCl", "MgO", "CaO", "LiF"], [-2.0, -2.2, -3, -3, -3])


def of_rows(output: Tensor, y: Tensor) -> Tensor:
    return (output - y).abs() ** 3


def mean(output: Tensor, y: Tensor) -> Tensor:
    return of_rows(output, y).mean()


def too_many(output: Tensor, y: Tensor) -> Tensor:
    return of_rows(output, y)[:, None]


class Scaled(nn.Module):
    def __init__(self, factor: float = 2.0) -> None:
        super().__init__()
        self.factor: Tensor
        self.register_buffer("factor", torch.tensor(factor))

    def forward(self, output: Tensor, y: Tensor) -> Tensor:
        found: Tensor = self.factor * (output - y).abs() ** 3
        return found


class Learned(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.ones(()))


class NeedsMore(Scaled):
    def __init__(self, factor: float) -> None:
        super().__init__(factor)


OWN = {f"own:{one.__name__}": one for one in (of_rows, mean, too_many, Scaled, Learned, NeedsMore)}
OUTPUT, TARGET = torch.tensor([0.0, 1.0, 3.0]), torch.tensor([1.0, 1.0, 1.0])
MEAN = 3.0  # of 1, 0 and 8


@pytest.mark.parametrize(("name", "factor"), [("of_rows", 1), ("mean", 1), ("Scaled", 2)])
def test_rows_or_their_mean_are_a_loss_of_every_kind_of_targets(name: str, factor: int) -> None:
    training = TrainingConfig(loss=f"own:{name}")
    y = np.array([-3.0, -1.0, 1.0])
    assert Task.fit(TaskConfig(), y).loss(training, own=OWN)(OUTPUT, TARGET).item() == pytest.approx(factor * MEAN)
    of_classes = Task.fit(TaskConfig(type="classification"), np.array([0.0, 1.0]))
    assert of_classes.loss(training, own=OWN)(OUTPUT, TARGET).item() == pytest.approx(factor * MEAN)
    auxiliary = Task.fit(TaskConfig(auxiliary={"band_gap": 0.5}), y, y[:, None])
    both = auxiliary.loss(training, own=OWN)(OUTPUT[:, None].repeat(1, 2), TARGET[:, None].repeat(1, 2))
    assert both.item() == pytest.approx(factor * MEAN + 0.5)  # the mean distance of 1, 0 and 2, times its weight
    scales = Task.fit(TaskConfig(), y, scales=["mp2020", "oqmd"])
    apart = torch.full((3, 2), torch.nan)
    apart[:2, 0], apart[2, 1] = TARGET[:2], TARGET[2]
    of_scales = scales.loss(training, own=OWN)(OUTPUT[:, None].repeat(1, 2), apart)
    assert of_scales.item() == pytest.approx(factor * MEAN)


def test_weights_of_rows_need_the_loss_of_each_row() -> None:
    task, weighted = Task.fit(TaskConfig(), np.array([-3.0, 1.0])), torch.stack([TARGET, torch.tensor([3.0, 0, 0])], 1)
    loss = task.loss(TrainingConfig(loss="own:of_rows"), True, OWN)
    assert loss(OUTPUT, weighted).item() == pytest.approx(1.0)
    with pytest.raises(ConfigError, match=r"must give the loss of each row, \[3\]; the rows have weights"):
        task.loss(TrainingConfig(loss="own:mean"), True, OWN)(OUTPUT, weighted)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("too_many", r"answered with a tensor of shape \[3, 1\] for the outputs and targets of 3 rows.*or their mean"),
        ("Learned", "has weights of its own, which would not be learned"),
        ("NeedsMore", r"cannot be built as NeedsMore\(\)"),
        ("absent", "'own:absent' is code of your own, and nothing is imported"),
    ],
)
def test_what_is_no_loss_is_refused(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        own_loss(f"own:{name}", OWN, "mean")(OUTPUT, TARGET)
