"""A running mean of a network's weights."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import nn


class WeightAverage:
    """mean <- mean + (1 - decay) (weight - mean) after every update (Polyak and Juditsky 1992).

    In the first updates the decay is (1 + t) / (10 + t) if that is less, so that the first weights, which
    are random, are soon forgotten. Buffers, such as those of batch normalisation, are taken over as they are.

    Attributes
    ----------
    model : a network with the mean weights
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = deepcopy(model)
        self.decay = decay

    @torch.no_grad()
    def update(self, model: nn.Module, number: int) -> None:
        """Take in the weights after an update; ``number`` counts updates from 0."""
        t = number + 1
        share = 1 - min(self.decay, (1 + t) / (10 + t))
        torch._foreach_lerp_(list(self.model.parameters()), list(model.parameters()), share)
        for mean, value in zip(self.model.buffers(), model.buffers(), strict=True):
            mean.copy_(value)
