"""The loop on plain tensors: it does what the textbook says, step by step, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from formation_mlp.config.schema import TrainingConfig
from formation_mlp.errors import TrainingError
from formation_mlp.models.mlp import MLP
from formation_mlp.seeding import torch_generator
from formation_mlp.training.batches import DeviceRows, as_inputs, shuffled_batches
from formation_mlp.training.loop import Generators, Limits, as_array, fit, forward_rows, train_epoch
from formation_mlp.training.optim import Optimizers, build_optimizers
from formation_mlp.training.state import EpochRecord, LoopState
from formation_mlp.typing import Array

CPU = torch.device("cpu")


def rows(n: int = 20, d: int = 3, seed: int = 0, dtype: torch.dtype = torch.float64) -> DeviceRows:
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, d))
    inputs, y = as_inputs(CPU, X, np.sin(X[:, 0]) + X[:, 1], dtype=dtype)
    return DeviceRows((inputs,), y)


def affine(d: int = 3) -> MLP:
    """A linear network in float64 that starts at zero."""
    model = MLP(d).double()
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    return model


def sgd(model: nn.Module, rate: float, **keys: Any) -> Optimizers:
    plain: dict[str, Any] = {"optimizer": "sgd", "learning_rate": rate, "momentum": 0.0, "weight_decay": 0.0}
    config = TrainingConfig(**plain | keys)
    return build_optimizers(model, config.model_copy(update={"schedule": "constant", "warmup": 0.0}), 1)


def generators(seed: int = 0) -> Generators:
    return Generators(torch_generator(seed, "batches"), torch_generator(seed, "layers"))


def trained(
    model: nn.Module,
    train: DeviceRows,
    val: DeviceRows,
    epochs: int = 3,
    *,
    rate: float = 0.1,
    patience: int | None = None,
    batch_size: int = 6,
    clip: float | None = None,
    select: Callable[[Array], float] | None = None,
    state: LoopState | None = None,
) -> list[EpochRecord]:
    """Run the loop to its end and return its records."""
    score = select or (lambda output: float(np.mean(np.abs(output - as_array(val.y)))))
    limits = Limits(epochs, patience, batch_size, clip)
    state = LoopState() if state is None else state
    return list(fit(model, train, val, F.mse_loss, score, sgd(model, rate), state, generators(), limits))


def test_it_takes_the_steps_of_gradient_descent_written_out_in_numpy() -> None:
    train, val, model = rows(20), rows(7, seed=1), affine()
    records = trained(model, train, val, epochs=3, rate=0.1, batch_size=6)

    w, b, order = np.zeros(3), 0.0, torch_generator(0, "batches")
    numbered = DeviceRows(train.inputs, torch.arange(20.0))
    for record in records:
        total = 0.0
        for _, numbers in shuffled_batches(numbered, 6, order):
            X, y = train.inputs[0][numbers.long()].numpy(), train.y[numbers.long()].numpy()
            error = X @ w + b - y
            total += np.sum(error**2)
            w, b = w - 0.1 * 2 * error @ X / len(y), b - 0.1 * 2 * error.mean()
        val_error = val.inputs[0].numpy() @ w + b - val.y.numpy()
        assert record.train_loss == pytest.approx(total / 20, rel=1e-12)
        assert record.val_loss == pytest.approx(np.mean(val_error**2), rel=1e-12)
        assert record.val_score == pytest.approx(np.mean(np.abs(val_error)), rel=1e-12)
    np.testing.assert_allclose(model.head.weight.detach().numpy()[0], w, rtol=1e-12)
    assert model.head.bias.item() == pytest.approx(b, rel=1e-12)


def test_records_count_epochs_and_name_the_best() -> None:
    scores = iter([3.0, 2.0, 2.5, 1.0])
    state = LoopState()
    records = trained(affine(), rows(), rows(7), epochs=4, select=lambda _: next(scores), state=state)
    assert [(r.epoch, r.val_score, r.is_best) for r in records] == [
        (1, 3.0, True),
        (2, 2.0, True),
        (3, 2.5, False),
        (4, 1.0, True),
    ]
    assert (state.epoch, state.step, state.best_epoch, state.best_score) == (4, 12, 4, 1.0)
    assert all(isinstance(r, EpochRecord) and r.learning_rate == 1.0 for r in records)


def test_patience_ends_it_early() -> None:
    records = trained(affine(), rows(), rows(7), epochs=50, patience=3, select=lambda _: 1.0)
    assert len(records) == 4


def test_it_yields_after_each_epoch_so_that_a_caller_may_stop_there() -> None:
    model, state = affine(), LoopState()
    limits = Limits(50, None, 6)
    loop = fit(model, rows(), rows(7), F.mse_loss, lambda _: 1.0, sgd(model, 0.1), state, generators(), limits)
    assert next(loop).epoch == 1
    assert next(loop).epoch == 2
    assert isinstance(loop, Generator)
    loop.close()
    assert state.epoch == 2


def test_selection_sees_the_output_of_the_validation_rows_in_evaluation_mode() -> None:
    model = MLP(3, (16,), dropout=0.5).double()
    val = rows(7, seed=1)
    seen: list[Array] = []

    def select(output: Array) -> float:
        seen.append(output)
        return 1.0

    trained(model, rows(), val, epochs=1, select=select)
    np.testing.assert_array_equal(seen[0], as_array(forward_rows(model, val.inputs)))
    assert not model.training


def test_dropout_is_on_while_training() -> None:
    model, modes = MLP(3, (16,), dropout=0.5).double(), []
    model.body[3].register_forward_hook(lambda layer, *_: modes.append(layer.training))
    trained(model, rows(), rows(7), epochs=2, batch_size=20)
    assert modes == [True, False, True, False]


def test_the_train_loss_is_a_mean_over_rows_not_over_batches() -> None:
    train = rows(7)
    model = affine()
    limits = Limits(1, None, 3)
    loss = train_epoch(model, train, F.mse_loss, sgd(model, 1e-12), LoopState(), torch_generator(0, "batches"), limits)
    assert loss == pytest.approx(float((train.y**2).mean()), rel=1e-6)


@pytest.mark.parametrize("part", ["train", "val"])
def test_a_loss_that_is_not_finite_ends_the_run_with_the_reason(part: str) -> None:
    good, bad = rows(), rows(seed=1)
    bad.y[3] = math.nan
    model = affine()
    train, val = (bad, good) if part == "train" else (good, bad)
    with pytest.raises(TrainingError) as caught:
        trained(model, train, val, batch_size=20)
    name = "training" if part == "train" else "validation"
    after = 0 if part == "train" else 1
    assert f"the {name} loss became nan in epoch 1, after {after} updates" in str(caught.value)
    assert "learning_rate" in str(caught.value)
    assert "There is no model to keep" in str(caught.value)


def test_weights_are_not_touched_by_a_loss_that_is_not_finite() -> None:
    model, train = affine(), rows()
    train.inputs[0][:] = math.inf
    with pytest.raises(TrainingError):
        trained(model, train, rows())
    assert all((p == 0).all() for p in model.parameters())


def test_a_diverging_run_says_which_epoch_is_kept() -> None:
    state = LoopState()
    with pytest.raises(TrainingError, match=r"loss became (inf|nan) in epoch \d+, after \d+ updates") as caught:
        trained(affine(), rows(), rows(7), epochs=5000, rate=10.0, state=state)
    assert state.best_epoch >= 1
    assert f"The model of epoch {state.best_epoch} is kept" in str(caught.value)


def test_clipping_bounds_the_step_and_keeps_its_direction() -> None:
    train = rows()
    train.y[:] = 1e6
    moves = {}
    for clip in (None, 0.5):
        model = affine()
        trained(model, train, rows(7), epochs=1, rate=0.1, batch_size=20, clip=clip)
        moves[clip] = torch.cat([p.detach().flatten() for p in model.parameters()])
    assert moves[None].norm() > 1e4
    assert moves[0.5].norm().item() == pytest.approx(0.1 * 0.5, rel=1e-5)
    assert F.cosine_similarity(moves[None], moves[0.5], dim=0).item() == pytest.approx(1)


def test_short_gradients_are_not_clipped() -> None:
    models = [affine(), affine()]
    trained(models[0], rows(), rows(7), epochs=1, clip=None)
    trained(models[1], rows(), rows(7), epochs=1, clip=1e6)
    assert torch.equal(models[0].head.weight, models[1].head.weight)


def test_gradients_of_one_step_are_not_added_to_the_next() -> None:
    models = [affine(), affine()]
    models[1](*rows().inputs).sum().backward()
    for model in models:
        trained(model, rows(), rows(7), epochs=1)
    assert torch.equal(models[0].head.weight, models[1].head.weight)


def test_the_global_generator_of_torch_is_untouched() -> None:
    model = MLP(3, (8,), "rrelu", dropout=0.5).double()
    before = torch.get_rng_state()
    trained(model, rows(), rows(7))
    assert torch.equal(torch.get_rng_state(), before)


def test_the_global_generator_of_torch_does_not_matter() -> None:
    losses = []
    for seed in (1, 2):
        with torch.random.fork_rng():
            torch.manual_seed(7)
            model = MLP(3, (8,), "rrelu", dropout=0.5).double()
            torch.manual_seed(seed)
            losses.append([r.train_loss for r in trained(model, rows(), rows(7))])
    assert losses[0] == losses[1]


def test_forward_in_chunks_equals_forward_at_once_and_keeps_no_gradients() -> None:
    model, (X,) = MLP(3, (8,), normalization="batch").double(), rows(23).inputs
    at_once = forward_rows(model, (X,))
    torch.testing.assert_close(forward_rows(model, (X,), chunk=5), at_once)
    assert not at_once.requires_grad
    assert forward_rows(model, (X[:0],)).shape == (0,)


def test_outputs_become_float64_arrays() -> None:
    array = as_array(torch.tensor([0.5, 1.5], dtype=torch.float32))
    assert array.dtype == np.float64
    assert array.tolist() == [0.5, 1.5]
