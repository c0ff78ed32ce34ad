"""The training loop, as a textbook writes it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from formation_mlp.errors import TrainingError
from formation_mlp.seeding import borrowed_torch_rng
from formation_mlp.training.batches import DeviceRows, Inputs, shuffled_batches
from formation_mlp.training.optim import Optimizers
from formation_mlp.training.parallel import Alone
from formation_mlp.training.precision import autocast
from formation_mlp.training.state import EpochRecord, LoopState
from formation_mlp.typing import Floats

Loss = Callable[[Tensor, Tensor], Tensor]

ALONE = Alone()


@dataclass(frozen=True, slots=True)
class Limits:
    """When and how far: epochs, patience, rows per step, largest norm of the gradient, number format."""

    max_epochs: int
    patience: int | None
    batch_size: int
    gradient_clip: float | None = None
    precision: torch.dtype = torch.float32


@dataclass(frozen=True, slots=True)
class Generators:
    """The two streams of random numbers of a run: the order of the rows, and noise inside layers."""

    batches: torch.Generator
    layers: torch.Generator


def fit(
    model: nn.Module,
    train: DeviceRows,
    val: DeviceRows,
    loss_function: Loss,
    select: Callable[[Floats], float],
    optimizers: Optimizers,
    state: LoopState,
    generators: Generators,
    limits: Limits,
    average: AveragedModel | None = None,
    group: Alone = ALONE,
) -> Iterator[EpochRecord]:
    """Train epoch by epoch, and yield one record after each.

    The caller reads, prints or saves between two epochs, and may stop at any of them. ``select`` gives
    the score (lower is better) of the network's output on the validation part. ``state`` is advanced in
    place. With an ``average``, its network is the one that is validated. Validation is in float32. The processes of
    a ``group`` share the rows of every batch, and of the validation part.

    Raises
    ------
    TrainingError
        If the loss of either part is no longer finite.

    Examples
    --------
    Twenty epochs teach a network y = 2 x.

    >>> from formation_mlp.config.schema import TrainingConfig
    >>> from formation_mlp.training.optim import build_optimizers
    >>> model, x = nn.Linear(1, 1), torch.linspace(-1, 1, 64)
    >>> rows = DeviceRows((x[:, None],), 2 * x[:, None])
    >>> optimizers = build_optimizers(model, TrainingConfig(learning_rate=0.1), total_steps=160)
    >>> generators, limits = Generators(torch.Generator(), torch.Generator()), Limits(20, None, 8)
    >>> def error(output: Floats) -> float:
    ...     return float(abs(output - rows.y.numpy()).mean())
    >>> loss = nn.functional.mse_loss
    >>> records = list(fit(model, rows, rows, loss, error, optimizers, LoopState(), generators, limits))
    >>> len(records), records[-1].val_score < 0.05
    (20, True)
    """
    while not state.finished(limits.max_epochs, limits.patience):
        with borrowed_torch_rng(generators.layers, train.device):
            train_loss = train_epoch(
                model, train, loss_function, optimizers, state, generators.batches, limits, average, group
            )
        own = forward_rows(model if average is None else average.module, group.share(val.inputs))
        output = group.gathered(own, len(val))
        val_loss = _finite(loss_function(output, val.y), "validation", state)
        score = select(as_array(output))
        is_best = state.advance(score)
        yield EpochRecord(state.epoch, train_loss, val_loss, score, optimizers.factor(state.step - 1), is_best)


def train_epoch(
    model: nn.Module,
    train: DeviceRows,
    loss_function: Loss,
    optimizers: Optimizers,
    state: LoopState,
    generator: torch.Generator,
    limits: Limits,
    average: AveragedModel | None = None,
    group: Alone = ALONE,
) -> float:
    """Pass once through the train rows and return the mean loss over them."""
    model.train()
    total = 0.0
    for inputs, y in shuffled_batches(train, limits.batch_size, generator):
        optimizers.zero_grad()
        with autocast(train.device, limits.precision):
            output = model(*group.share(inputs))
        loss = loss_function(group.gathered(output.to(y.dtype), len(y)), y)
        total += _finite(loss, "training", state) * len(y)
        loss.backward()
        group.sum_gradients(model)
        if limits.gradient_clip is not None:
            nn.utils.clip_grad_norm_(model.parameters(), limits.gradient_clip)
        optimizers.step(state.step)
        if average is not None:
            average.update_parameters(model)
        state.step += 1
    return total / len(train)


@torch.no_grad()
def forward_rows(model: nn.Module, inputs: Inputs, chunk: int = 8192) -> Tensor:
    """Return the network's output for all rows, ``[n]`` or ``[n, n_outputs]``, without dropout and gradients."""
    model.eval()
    if not len(inputs[0]):
        return inputs[0].new_empty(0)
    parts = zip(*(tensor.split(chunk) for tensor in inputs), strict=True)
    return torch.cat([model(*part) for part in parts])


def as_array(output: Tensor) -> Floats:
    """Return a tensor as float64 numbers of NumPy."""
    array: Floats = output.cpu().double().numpy()
    return array


def _finite(loss: Tensor, part: str, state: LoopState) -> float:
    value = float(loss.detach())
    if not math.isfinite(value):
        kept = f"The model of epoch {state.best_epoch} is kept." if state.best_epoch else "There is no model to keep."
        raise TrainingError(
            f"the {part} loss became {value} in epoch {state.epoch + 1}, after {state.step} updates. "
            "Try a smaller training.learning_rate, training.gradient_clip: 1.0, or look for wild values "
            f"among the features. {kept}"
        )
    return value
