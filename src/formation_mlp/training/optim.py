"""Optimizers, which weights they train, and the step size over a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from formation_mlp.config.schema import TrainingConfig
from formation_mlp.registry import lookup


class Optimizers:
    """One or more optimizers that step together, and their common schedule.

    Muon trains matrices only and needs AdamW beside it for the rest; this object hides that from the loop.
    """

    def __init__(self, parts: Iterable[Optimizer], schedule: Callable[[float], float], total_steps: int) -> None:
        self.parts = list(parts)
        self.schedule = schedule
        self.total_steps = total_steps
        self.largest = [[group["lr"] for group in part.param_groups] for part in self.parts]

    def zero_grad(self) -> None:
        """Forget the gradients of the last step."""
        for part in self.parts:
            part.zero_grad(set_to_none=True)

    def step(self, number: int) -> None:
        """Update the weights; ``number`` counts updates from 0 and sets the step size."""
        factor = self.factor(number)
        for part, largest in zip(self.parts, self.largest, strict=True):
            for group, rate in zip(part.param_groups, largest, strict=True):
                group["lr"] = rate * factor
            part.step()

    def factor(self, number: int) -> float:
        """Return the step size of an update, relative to the largest: the schedule's in the middle of the update.

        At its start a warm-up, and at its end a cosine, would make the first or the last update one of size zero.
        """
        return self.schedule((number + 0.5) / self.total_steps)

    def state(self) -> list[dict[int, dict[str, Any]]]:
        """Return momenta and counters of each optimizer, by number of the weight."""
        return [part.state_dict()["state"] for part in self.parts]

    def restore(self, state: list[dict[int, dict[str, Any]]]) -> None:
        """Take over what `state` returned."""
        for part, values in zip(self.parts, state, strict=True):
            part.load_state_dict({"state": values, "param_groups": part.state_dict()["param_groups"]})


def build_optimizers(model: nn.Module, config: TrainingConfig, total_steps: int) -> Optimizers:
    """Return the optimizers and schedule of a configuration.

    Weight decay acts on matrices only; biases, norms and activations' own weights are not decayed. It is
    decoupled from the gradient in adamw and muon (Loshchilov and Hutter 2019), and the gradient of an L2
    penalty in sgd and adam.
    """
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    rest = [p for p in model.parameters() if p.ndim < 2]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": rest, "weight_decay": 0.0},
    ]
    make = lookup(OPTIMIZERS, config.optimizer, "training.optimizer", "optimizer")
    schedule = lookup(SCHEDULES, config.schedule, "training.schedule", "schedule")
    return Optimizers(
        make(model, [g for g in groups if g["params"]], config),
        lambda progress: schedule(progress, config.warmup),
        total_steps,
    )


def _sgd(_model: nn.Module, groups: list[dict[str, Any]], config: TrainingConfig) -> list[Optimizer]:
    return [torch.optim.SGD(groups, lr=config.learning_rate, momentum=config.momentum)]


def _adam(_model: nn.Module, groups: list[dict[str, Any]], config: TrainingConfig) -> list[Optimizer]:
    return [torch.optim.Adam(groups, lr=config.learning_rate, fused=True)]


def _adamw(_model: nn.Module, groups: list[dict[str, Any]], config: TrainingConfig) -> list[Optimizer]:
    return [torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.99), fused=True)]


def _muon(model: nn.Module, _groups: list[dict[str, Any]], config: TrainingConfig) -> list[Optimizer]:
    """Muon (Jordan et al. 2024) on the matrices between vectors, AdamW without decay on all else.

    Tables of learned vectors and the head have matrices, too, but those do not map one vector to another.
    """
    tables = {id(p) for module in model.modules() if isinstance(module, nn.Embedding) for p in module.parameters()}
    head = {id(p) for name, p in model.named_parameters() if name.startswith("head.") or ".head." in name}
    matrices = [p for p in model.parameters() if p.ndim == 2 and id(p) not in head | tables]
    chosen = {id(p) for p in matrices}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    parts: list[Optimizer] = []
    if matrices:
        rate, decay = config.muon_learning_rate, config.weight_decay
        parts.append(torch.optim.Muon(matrices, lr=rate, momentum=0.95, weight_decay=decay))
    parts.append(torch.optim.AdamW(rest, lr=config.learning_rate, betas=(0.9, 0.99), weight_decay=0.0, fused=True))
    return parts


def _rise(progress: float, warmup: float) -> float:
    return min(1.0, progress / warmup) if warmup > 0 else 1.0


def _constant(progress: float, warmup: float) -> float:
    return _rise(progress, warmup)


def _cosine(progress: float, warmup: float) -> float:
    """Fall from 1 to 0 along half a cosine (Loshchilov and Hutter 2017)."""
    return _rise(progress, warmup) * 0.5 * (1 + math.cos(math.pi * progress))


def _trapezoid(progress: float, warmup: float) -> float:
    """Stay at 1, and fall to 0 in a straight line over the last 40 % (Hägele et al. 2024)."""
    return min(_rise(progress, warmup), (1 - progress) / 0.4)


def _one_cycle(progress: float, _warmup: float) -> float:
    """Rise from 1/25 over the first 30 % and fall to nearly zero (Smith and Topin 2019)."""
    low, turn, last = 1 / 25, 0.3, 1e-4
    if progress < turn:
        return low + (1 - low) * 0.5 * (1 - math.cos(math.pi * progress / turn))
    return last + (1 - last) * 0.5 * (1 + math.cos(math.pi * (progress - turn) / (1 - turn)))


OPTIMIZERS: dict[str, Callable[[nn.Module, list[dict[str, Any]], TrainingConfig], list[Optimizer]]] = {
    "sgd": _sgd,
    "adam": _adam,
    "adamw": _adamw,
    "muon": _muon,
}

SCHEDULES: dict[str, Callable[[float, float], float]] = {
    "constant": _constant,
    "cosine": _cosine,
    "trapezoid": _trapezoid,
    "one_cycle": _one_cycle,
}
"""Progress of the run (0 to 1) and share of warm-up to the step size, relative to the largest."""
