"""What every optimizer, every schedule and every loss must do; a new entry of a table is held to it by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from formation_mlp.config.names import NAMES
from formation_mlp.config.schema import TaskConfig, TrainingConfig
from formation_mlp.models.mlp import MLP
from formation_mlp.targets.task import TASKS, Task
from formation_mlp.training.optim import OPTIMIZERS, SCHEDULES, Optimizers, build_optimizers
from support.networks import network_on, noisy_classes, smooth_problem

LOSSES = [(task, name) for task, losses in TASKS.items() for name in losses]


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("hidden", [[], [8], [8, 8]])
def test_an_optimizer_lowers_the_loss_of_every_network(name: str, hidden: list[Any] | list[int]) -> None:
    X, y = smooth_problem()
    job = network_on(X, y, model={"hidden": hidden}, optimizer=name, learning_rate=0.01, max_epochs=20)
    losses = [record.train_loss for record in job.epochs()]
    assert losses[-1] < 0.95 * losses[0]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_state_of_an_optimizer_is_tensors_that_can_be_saved_and_put_back(name: str) -> None:
    def stepped() -> tuple[MLP, Optimizers]:
        torch.manual_seed(0)
        model = MLP(3, (4, 4), normalization="layer")
        optimizers = build_optimizers(model, TrainingConfig(optimizer=name), 10)
        for number in range(3):
            optimizers.zero_grad()
            model(torch.ones(2, 3)).sum().backward()
            optimizers.step(number)
        return model, optimizers

    with torch.random.fork_rng():
        (_, first), (_, second) = stepped(), stepped()
        fresh = build_optimizers(MLP(3, (4, 4), normalization="layer"), TrainingConfig(optimizer=name), 10)
    state = first.state()
    entries = [value for part in state for of_weight in part.values() for value in of_weight.values()]
    assert all(isinstance(value, torch.Tensor) for value in entries)
    fresh.restore(state)
    for restored, expected in zip(fresh.state(), second.state(), strict=True):
        assert restored.keys() == expected.keys()
        for weight, values in expected.items():
            assert restored[weight].keys() == values.keys()
            assert all(torch.equal(restored[weight][key], value) for key, value in values.items())


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("warmup", [0.0, 0.03, 0.5])
def test_a_schedule_stays_between_zero_and_one_and_never_jumps(name: str, warmup: float) -> None:
    progress = np.linspace(0, 1, 2001)
    size = np.array([SCHEDULES[name](p, warmup) for p in progress])
    assert ((size >= 0) & (size <= 1)).all()
    assert (size[1:-1] > 0).all()
    assert size.max() > 0.4
    assert np.abs(np.diff(size)).max() < 0.02
    peak = size.argmax()
    assert (np.diff(size[peak:]) <= 1e-12).all(), "after its largest value it never rises again"
    assert [SCHEDULES[name](p, warmup) for p in progress] == size.tolist()


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("patience", [None, 3])
def test_a_run_trains_under_every_schedule(name: str, patience: int | None) -> None:
    X, y = smooth_problem()
    job = network_on(X, y, schedule=name, learning_rate=0.01, max_epochs=10, patience=patience)
    history = list(job.epochs())
    assert min(record.val_loss for record in history) < history[0].val_loss
    assert all(0 < record.learning_rate <= 1 for record in history)


def a_task(kind: str) -> tuple[Task, torch.Tensor, torch.Tensor]:
    """A task, outputs of a network and encoded targets, in float64."""
    y = noisy_classes(12)[1] if kind == "classification" else smooth_problem(12)[1]
    task = Task.fit(TaskConfig(type=kind), y)
    output = torch.randn(12, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    return task, output, torch.tensor(task.encode(y))


@pytest.mark.parametrize(("kind", "name"), LOSSES)
def test_a_loss_is_a_positive_mean_over_rows(kind: str, name: str) -> None:
    task, output, target = a_task(kind)
    loss = task.loss(TrainingConfig(loss=name))
    whole = loss(output, target)
    assert whole.shape == ()
    assert whole.dtype == torch.float64
    assert whole > 0
    rows = torch.stack([loss(output[i : i + 1], target[i : i + 1]) for i in range(12)])
    assert rows.mean().item() == pytest.approx(whole.item(), rel=1e-12)


@pytest.mark.parametrize(("kind", "name"), LOSSES)
def test_a_loss_falls_towards_the_target_and_is_finite_far_from_it(kind: str, name: str) -> None:
    task, _, target = a_task(kind)
    loss = task.loss(TrainingConfig(loss=name))
    perfect = target if kind == "regression" else 2 * target - 1
    away = -torch.sign(perfect)
    losses = [loss(perfect + step * away, target).item() for step in (0.0, 0.1, 1.0, 10.0, 1000.0)]
    assert losses == sorted(losses)
    assert losses[0] < losses[1]
    assert np.isfinite(losses).all()
    assert kind == "classification" or losses[0] == 0


@pytest.mark.parametrize(("kind", "name"), LOSSES)
def test_the_gradient_of_a_loss_equals_differences(kind: str, name: str) -> None:
    task, output, target = a_task(kind)
    assert torch.autograd.gradcheck(
        lambda z: task.loss(TrainingConfig(loss=name))(z, target), (output.requires_grad_(),)
    )


@pytest.mark.parametrize(("kind", "name"), LOSSES)
def test_a_network_learns_by_every_loss_and_may_be_asked_to(kind: str, name: str) -> None:
    assert name in NAMES["training.loss"]
    X, y = noisy_classes(60) if kind == "classification" else smooth_problem(60)
    job = network_on(X, y, task=kind, loss=name, learning_rate=0.01, max_epochs=20)
    history = list(job.epochs())
    assert min(record.val_score for record in history) < 0.9 * history[0].val_score
