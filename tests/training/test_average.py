"""The running mean of the weights: its formula, and that it is what is validated, kept and continued."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from formation_mlp.models.mlp import MLP
from formation_mlp.training.average import weight_average
from formation_mlp.training.network import NetworkTraining
from support.networks import network_on, smooth_problem


def steps(model: nn.Module, n: int, seed: int = 0) -> Iterator[int]:
    """Move the weights of a network at random, ``n`` times, and yield the number of the step."""
    generator = torch.Generator().manual_seed(seed)
    for number in range(n):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn(parameter.shape, generator=generator))
        yield number


def single(value: float) -> nn.Linear:
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, value)
    return model


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.9])
def test_the_mean_follows_its_formula(decay: float) -> None:
    model = single(3.0)
    average, mean = weight_average(model, decay), 3.0
    for number in steps(model, 30):
        average.update_parameters(model)
        share = min(decay, (2 + number) / (11 + number))
        mean = share * mean + (1 - share) * model.weight.item()
        assert average.module.get_parameter("weight").item() == pytest.approx(mean, rel=1e-5)


def test_the_first_decays_are_small_so_that_random_weights_are_forgotten() -> None:
    model = single(1000.0)
    average = weight_average(model, 0.999)
    nn.init.constant_(model.weight, 1.0)
    seen = []
    for _ in range(200):
        average.update_parameters(model)
        seen.append((average.module.get_parameter("weight").item() - 1) / 999)
    assert seen[0] == pytest.approx(2 / 11, rel=1e-4)
    assert seen[1] == pytest.approx(2 / 11 * 3 / 12, rel=1e-4)
    assert seen[99] < 1e-6
    without_warmup = 0.999**100
    assert seen[99] < without_warmup


def test_a_decay_of_zero_is_the_network_itself() -> None:
    model = MLP(3, (4,))
    average = weight_average(model, 0.0)
    for _ in steps(model, 3):
        average.update_parameters(model)
        for mean, weight in zip(average.module.parameters(), model.parameters(), strict=True):
            torch.testing.assert_close(mean, weight)


def test_buffers_are_taken_over_as_they_are() -> None:
    model = MLP(3, (4,), normalization="batch").train()
    average = weight_average(model, 0.9)
    model(torch.randn(8, 3, generator=torch.Generator().manual_seed(0)) * 5 + 2)
    statistics = {name: value.clone() for name, value in model.named_buffers()}
    assert not torch.equal(statistics["body.1.running_mean"], torch.zeros(4))
    average.update_parameters(model)
    found = dict(average.module.named_buffers())
    assert found.keys() == statistics.keys()
    assert all(torch.equal(found[name], value) for name, value in statistics.items())
    assert found["body.1.num_batches_tracked"] == 1


def test_the_mean_is_a_copy_without_gradients() -> None:
    model = MLP(3, (4,))
    average = weight_average(model, 0.9)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for _ in steps(average.module, 1):
        assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    average.update_parameters(model)
    assert all(parameter.grad is None and parameter.grad_fn is None for parameter in average.module.parameters())


# --- in training


def averaged_network(average: float | None = 0.9, **keys: Any) -> NetworkTraining:
    X, y = smooth_problem()
    model = {"hidden": [6, 6], "dropout": 0.3, "normalization": "batch"}
    keys = {"average": average, "learning_rate": 0.02, "max_epochs": 4} | keys
    return network_on(X[:30], y[:30], X[30:], y[30:], model=model, **keys)


def test_the_mean_is_what_is_validated_kept_and_used_for_prediction() -> None:
    X, y = smooth_problem()
    job = averaged_network()
    kept = []
    for record in job.epochs():
        assert job.average is not None
        mean = {name: value.clone() for name, value in job.average.module.state_dict().items()}
        kept.append(mean)
        if record.is_best:
            assert all(torch.equal(mean[name], value) for name, value in job.best_weights.items())
        assert not torch.equal(mean["head.weight"], job.model.get_parameter("head.weight"))
    best = kept[job.state.best_epoch - 1]
    assert all(torch.equal(best[name], value) for name, value in job.model.state_dict().items())
    score = np.mean(np.abs(job.predict(X[30:]) - y[30:]))
    assert score == pytest.approx(job.history[job.state.best_epoch - 1].val_score, rel=1e-12)


def test_the_weights_themselves_are_trained_as_without_a_mean() -> None:
    jobs = [averaged_network(average) for average in (None, 0.9)]
    losses = [[record.train_loss for record in job.epochs()] for job in jobs]
    assert losses[0] == losses[1]
    assert jobs[0].history[-1].val_loss != jobs[1].history[-1].val_loss


def test_a_mean_calms_a_step_size_that_is_too_large() -> None:
    X, y = smooth_problem()
    keys: dict[str, Any] = {"schedule": "constant", "warmup": 0.0, "learning_rate": 0.05, "max_epochs": 30}
    spread = {}
    for average in (None, 0.95):
        scores = [record.val_score for record in network_on(X, y, average=average, **keys).epochs()]
        spread[average] = np.abs(np.diff(scores[10:])).mean()
    assert spread[0.95] < 0.5 * spread[None]


def all_numbers(job: NetworkTraining) -> tuple[dict[str, Any], Any]:
    tensors, plain = job.snapshot()
    return {name: value.tolist() for name, value in tensors.items()}, plain


@pytest.mark.parametrize("epoch", [0, 1, 3])
def test_a_restored_run_continues_bit_for_bit(epoch: int) -> None:
    whole = averaged_network()
    for _ in whole.epochs():
        pass
    stopped = averaged_network()
    for _ in islice(stopped.epochs(), epoch):
        pass
    tensors, plain = stopped.snapshot()
    assert {name for name in tensors if name.startswith("average.")} == {
        f"average.{name}" for name in whole.model.state_dict()
    }
    resumed = averaged_network()
    resumed.restore(tensors, plain)
    for _ in resumed.epochs():
        pass
    assert all_numbers(resumed) == all_numbers(whole)
