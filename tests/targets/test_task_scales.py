"""A network with one output for each energy scale: each row is learned at its own."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from formation_mlp.config.schema import TaskConfig, TrainingConfig
from formation_mlp.errors import ConfigError
from formation_mlp.targets.task import Task, at_scale

Y = np.array([-3.0, -1.0, 1.0, 2.0])
SCALE = np.array([0, 1, 1, 0])


def task(**weights: float) -> Task:
    return Task.fit(TaskConfig(scale_weights=weights), Y, scales=("mp2020", "oqmd"))


def test_each_row_has_a_target_on_its_scale_only_and_comes_back() -> None:
    encoded = task().encode(Y, scale=SCALE)
    assert encoded.shape == (4, 2)
    assert np.isfinite(encoded).tolist() == [[True, False], [False, True], [False, True], [True, False]]
    np.testing.assert_allclose(at_scale(task().decode(np.nan_to_num(encoded)), SCALE), Y)
    assert task().n_outputs == 2


@pytest.mark.parametrize("loss", ["l1", "mse", "huber", "quantile"])
def test_the_loss_looks_at_the_output_of_a_rows_scale_only(loss: str) -> None:
    config = TrainingConfig(loss=loss)
    y = torch.tensor(task().encode(Y, scale=SCALE), dtype=torch.float64)
    output = torch.where(y.isfinite(), y + 0.5, 1e6)
    single = Task.fit(TaskConfig(), Y).loss(config)
    rows = y[y.isfinite()]
    assert float(task().loss(config)(output, y)) == pytest.approx(float(single(rows + 0.5, rows)))


def test_rows_weigh_as_their_scale_says() -> None:
    y = torch.tensor(task().encode(Y, scale=SCALE))
    output = torch.where(y.isfinite(), y, 0.0)
    output[1, 1] += 1.0  # one of four rows, on oqmd
    assert float(task().loss(TrainingConfig())(output, y)) == pytest.approx(1 / 4)
    assert float(task(oqmd=3.0).loss(TrainingConfig())(output, y)) == pytest.approx(3 / (2 + 6))


def test_a_batch_without_rows_of_a_scale_has_a_loss() -> None:
    y = torch.tensor(task().encode(Y[:1], scale=SCALE[:1]))
    assert float(task().loss(TrainingConfig())(torch.zeros(1, 2), y)) == pytest.approx(float(y[0, 0].abs()))


def test_a_weight_of_an_absent_scale_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"task.scale_weights.*measured"):
        task(measured=4.0)
