"""A running mean of a network's weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

Tensors = tuple[Tensor, ...] | list[Tensor]


def weight_average(model: nn.Module, decay: float) -> AveragedModel:
    """Return a copy of a network whose ``update_parameters(model)`` takes in the weights after an update.

    mean <- mean + (1 - decay) (weight - mean) (Polyak and Juditsky 1992). In the first updates the decay is
    (1 + t) / (10 + t) if that is less, where ``t`` counts updates from 1, so that the first weights, which are random,
    are soon forgotten. Buffers, such as those of batch normalisation, are taken over as they are.

    Examples
    --------
    >>> model = nn.Linear(1, 1)
    >>> average = weight_average(model, 0.99)
    >>> before = model.weight.item()
    >>> _ = nn.init.constant_(model.weight, before + 1)
    >>> average.update_parameters(model)
    >>> round(average.module.weight.item() - before, 4) == round(1 - 2 / 11, 4)
    True
    """

    @torch.no_grad()
    def lerp(means: Tensors, weights: Tensors, _: Tensor | int) -> None:
        t = int(average.n_averaged)  # on the CPU, so that no device is waited for
        torch._foreach_lerp_(means, weights, 1 - min(decay, (1 + t) / (10 + t)))

    average = AveragedModel(model, multi_avg_fn=lerp)
    count_updates(average, 0)
    return average


def count_updates(average: AveragedModel, number: int) -> None:
    """Tell a mean how many updates it has seen; torch, which counts one more, would replace all of an empty mean."""
    average.n_averaged.fill_(number + 1)
