"""Processes that train together: the same numbers as one process, and no process left behind by an error."""

from __future__ import annotations

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from formation_mlp.config.schema import TaskConfig
from formation_mlp.errors import ConfigError
from formation_mlp.runs.progress import Reporter
from formation_mlp.saved_model.checkpoint import Checkpoint, load_tensors
from formation_mlp.training import batches, network
from formation_mlp.training.batches import choose_device
from formation_mlp.training.network import NetworkTraining
from formation_mlp.training.parallel import TORCHRUN, Group, current_group, run_together
from formation_mlp.training.state import EpochRecord
from support.commands import Outcome, leftovers, python_environment
from support.networks import network_on_examples, set_problem

pytestmark = [pytest.mark.usefixtures("without_figures"), pytest.mark.slow]

Command = Callable[..., Outcome]
ConfigWriter = Callable[..., Path]

SET = {"architecture": "set", "hidden": [8], "set_width": 4, "set_layers": 1, "set_heads": 2}


# --- the arithmetic, with threads in place of processes


class InThreads(Group):
    """A group whose processes are threads."""

    def __init__(self, rank: int, size: int, barrier: Barrier, board: list[Any]) -> None:
        self.rank, self.size = rank, size
        self._barrier, self._board, self._is_whole = barrier, board, True

    def _add(self, tensor: Tensor) -> None:
        self._board[self.rank] = tensor.clone()
        self._barrier.wait()
        tensor.copy_(torch.stack(self._board).sum(dim=0))
        self._barrier.wait()

    def compare(self, model: nn.Module) -> None:
        pass

    def begin(self, job: object) -> None:
        pass

    def _tell(self, order: int = 0) -> int:
        return order


def trained_by(size: int, monkeypatch: pytest.MonkeyPatch, **keys: Any) -> list[NetworkTraining]:
    """Train a network with ``size`` threads, and return it as each of them holds it."""
    barrier, board = Barrier(size, timeout=900), [None] * size
    jobs, rows = [], set_problem(40, auxiliary=bool(keys["task"].auxiliary))
    if keys["task"].type == "classification":
        rows.y[:] = rows.y > np.median(rows.y)
    for rank in range(size):
        group = InThreads(rank, size, barrier, board)
        monkeypatch.setattr(network, "current_group", lambda group=group: group)
        jobs.append(network_on_examples(rows, rows, gradient_clip=1.0, **keys))
    threads = [Thread(target=list, args=(job.epochs(),)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return jobs


@pytest.mark.parametrize(
    ("task", "loss", "model"),
    [
        (TaskConfig(), "quantile", {}),
        (TaskConfig(auxiliary={"other": 0.5}), "mse", {}),
        (TaskConfig(auxiliary={"other": 0.5}), "l1", SET),
        (TaskConfig(type="classification"), "bce", SET),
    ],
)
def test_shares_of_any_size_and_loss_give_the_numbers_of_the_whole_batch(
    task: TaskConfig, loss: str, model: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {"task": task, "loss": loss, "model": model, "optimizer": "sgd", "learning_rate": 0.05, "batch_size": 7}
    keys["max_epochs"] = 2
    (alone,) = trained_by(1, monkeypatch, **keys)
    expected = [(record.train_loss, record.val_loss, record.val_score) for record in alone.history]
    for size in (2, 5):
        for job in trained_by(size, monkeypatch, **keys):
            found = [(record.train_loss, record.val_loss, record.val_score) for record in job.history]
            np.testing.assert_allclose(found, expected, rtol=1e-5)
            for name, weight in job.model.state_dict().items():
                torch.testing.assert_close(weight, alone.model.state_dict()[name], rtol=1e-4, atol=1e-6)


def test_each_process_switches_off_other_units_and_repeats_that_from_any_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    def drawn(job: NetworkTraining) -> Tensor:
        job._next_epoch(iter(()))
        return torch.rand(4, generator=job.generators.layers)

    keys = {"task": TaskConfig(), "model": {"dropout": 0.5}}
    first, second, third = trained_by(3, monkeypatch, **keys)
    assert not torch.equal(drawn(second), drawn(third))
    torch.testing.assert_close(drawn(second), drawn(second), rtol=0, atol=0)
    before = first.generators.layers.get_state()
    first._next_epoch(iter(()))
    assert torch.equal(first.generators.layers.get_state(), before), "the first goes on where it is"
    second.state.epoch += 1
    assert not torch.equal(drawn(second), drawn(third))


def test_a_network_in_training_goes_on_elsewhere_to_the_same_bits() -> None:
    def job() -> NetworkTraining:
        rows = set_problem(40)
        return network_on_examples(rows, rows, model={**SET, "dropout": 0.3}, optimizer="muon", average=0.9)

    whole = job()
    records = list(whole.epochs())
    stopped = job()
    epochs = stopped.epochs()
    begun = [next(epochs), next(epochs)]
    elsewhere = pickle.loads(pickle.dumps(stopped))  # noqa: S301
    assert begun + list(elsewhere.epochs()) == records == elsewhere.history
    assert all(torch.equal(value, whole.best_weights[name]) for name, value in elsewhere.best_weights.items())


# --- what is refused


@pytest.fixture
def one_of_three(monkeypatch: pytest.MonkeyPatch) -> Group:
    """Return a group in which this thread is the last of three."""
    group = InThreads(2, 3, Barrier(3), [])
    group.local_rank = 2
    for module in (network, batches):
        monkeypatch.setattr(module, "current_group", lambda: group)
    return group


@pytest.mark.usefixtures("one_of_three")
@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"model": {"normalization": "batch"}},
            r"model.normalization: 'batch' .* which 3 processes share. Choose 'layer'",
        ),
        ({"batch_size": 2}, r"training.batch_size: 3 processes share the 2 rows"),
    ],
)
def test_what_cannot_be_shared_is_refused(keys: dict[str, Any], message: str) -> None:
    rows = set_problem(40)
    with pytest.raises(ConfigError, match=message):
        network_on_examples(rows, rows, **keys)


@pytest.mark.usefixtures("one_of_three")
def test_each_process_has_a_cuda_device_of_its_own_or_none_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(batches.DEVICES, "cuda", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert choose_device("auto") == choose_device("cuda") == torch.device("cuda", 2)
    assert choose_device("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(ConfigError, match=r"3 processes need a cuda device each .* has 2. Start fewer"):
        choose_device("auto")


def test_without_torchrun_a_job_just_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in TORCHRUN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WORLD_SIZE", "4")  # left over from something else
    sizes = []
    run_together(lambda: sizes.append(current_group().size))
    assert sizes == [1]


# --- real processes


def started_process(*command: str, **variables: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=python_environment(OMP_NUM_THREADS="1", **variables),
    )


def torchrun(n: int, *arguments: object) -> subprocess.Popen[bytes]:
    """Start the command in ``n`` processes."""
    launch = ["--standalone", "--local-addr", "127.0.0.1", "--nproc-per-node", str(n)]
    return started_process("torch.distributed.run", *launch, "-m", "formation_mlp", *map(str, arguments))


def side_by_side(n: int, *arguments: object) -> list[Outcome]:
    """Run the command in ``n`` processes that are told what torchrun would tell them; this saves one of them."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    told = {"WORLD_SIZE": str(n), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    command = ["formation_mlp", *map(str, arguments)]
    started = [started_process(*command, **told, RANK=str(i), LOCAL_RANK=str(i)) for i in range(n)]
    return [ended(process) for process in started]


def ended(started: subprocess.Popen[bytes]) -> Outcome:
    try:
        out, err = started.communicate(timeout=900)
    finally:
        started.kill()
    return Outcome(started.returncode, out.decode(), err.decode())


def history(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "history.jsonl").read_text(encoding="utf-8").splitlines()]


def losses(folder: Path) -> list[list[float]]:
    return [[record[key] for key in ("train_loss", "val_loss", "val_score")] for record in history(folder)]


def test_two_processes_train_an_ensemble_to_the_curves_of_one(
    tiny_config: ConfigWriter, command: Command, workplace: Path
) -> None:
    members = {
        "mlp": {"training": {"optimizer": "sgd", "learning_rate": 0.05}},
        "set": {"model": SET},
        "muon": {"model": SET, "training": {"optimizer": "muon", "average": 0.9}},
    }
    config = tiny_config(ensemble={"members": members}, training={"max_epochs": 3, "gradient_clip": 1.0})
    alone = command("train", config, "--set", "output=alone")
    alone.succeeded()
    found = ended(torchrun(2, "train", config))
    assert found.succeeded().count("ensemble ") == 1, "only the first process prints"
    assert found.err.count("epoch    1 ") == 3
    for name in ("mlp-0", "set-0", "muon-0"):
        one, two = (workplace / output / "members" / name for output in ("alone", "run"))
        assert {path.name for path in one.iterdir()} == {path.name for path in two.iterdir()}
        # Muon rounds to bfloat16: what differs by rounding before differs by 1e-3 after a few updates.
        np.testing.assert_allclose(losses(two), losses(one), rtol=2e-2 if name == "muon-0" else 1e-5)
        states = [load_tensors(folder / "state.safetensors", "training state")[0] for folder in (one, two)]
        assert {key: value.shape for key, value in states[0].items()} == {
            key: value.shape for key, value in states[1].items()
        }
    mine, other = (Checkpoint.load(workplace / output / "model.safetensors") for output in ("alone", "run"))
    for ours, theirs in zip(mine.members[:2], other.members[:2], strict=True):
        for name, weight in ours.weights.items():
            torch.testing.assert_close(theirs.weights[name], weight, rtol=1e-3, atol=1e-5)


def test_a_run_of_one_process_is_resumed_by_three(
    tiny_config: ConfigWriter, command: Command, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config(training={"max_epochs": 4, "optimizer": "adam", "learning_rate": 0.01})
    command("train", config, "--set", "output=whole").succeeded()
    real = Reporter.epoch

    def interrupt(self: Reporter, record: EpochRecord, score: str) -> None:
        real(self, record, score)
        if record.epoch == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Reporter, "epoch", interrupt)
    assert command("train", config).code == 130
    resumed, *others = side_by_side(3, "train", config, "--resume")
    resumed.succeeded()
    assert others == [Outcome(0, "", "")] * 2, "only the first process prints"
    assert "resumed after epoch 1\n" in resumed.err
    assert "1 thread, 3 processes\n" in resumed.err
    np.testing.assert_allclose(losses(workplace / "run"), losses(workplace / "whole"), rtol=1e-5)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds a process by its environment")
def test_if_a_process_is_killed_all_end_and_one_can_go_on(
    tiny_config: ConfigWriter, command: Command, workplace: Path
) -> None:
    config = tiny_config(training={"max_epochs": 300, "optimizer": "sgd", "learning_rate": 0.01})
    command("train", config, "--set", "output=whole").succeeded()
    started = torchrun(2, "train", config)
    state = workplace / "run" / "state.safetensors"
    try:
        end = time.monotonic() + 900
        while not state.exists():
            assert started.poll() is None
            assert time.monotonic() < end
            time.sleep(0.01)
        os.kill(_child(started.pid, "RANK=1"), signal.SIGKILL)
    except BaseException:
        started.kill()
        raise
    assert ended(started).code not in (0, None)
    assert not (workplace / "run" / "DONE").exists()
    command("train", config, "--resume").succeeded()
    assert leftovers(workplace) == []
    one, two = losses(workplace / "whole"), losses(workplace / "run")
    assert len(one) == len(two) == 300
    np.testing.assert_allclose(two[:20], one[:20], rtol=1e-5)
    np.testing.assert_allclose(two, one, rtol=1e-2)


def _child(parent: int, variable: str) -> int:
    for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="utf-8").split():
        if variable.encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
            return int(pid)
    raise AssertionError("no such process")


def test_an_error_of_the_first_process_is_said_once_and_ends_all(tiny_config: ConfigWriter) -> None:
    config = tiny_config(model={"normalization": "batch"})
    first, second = side_by_side(2, "train", config)
    assert first.refused().startswith("model.normalization: 'batch' needs the mean of the whole batch")
    assert second == Outcome(0, "", "")
