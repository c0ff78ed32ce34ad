"""The small network of an error model: quantiles of the error, and its size, learned from errors out of sample."""

from __future__ import annotations

import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from formation_mlp.seeding import borrowed_torch_rng, torch_generator
from formation_mlp.training.precision import cpu_threads
from formation_mlp.trust.error_model import LARGEST_LOG, OUTPUTS
from formation_mlp.typing import Floats

WIDTH = 64
STEPS, BATCH = 3000, 512
LEARNING_RATE, WEIGHT_DECAY = 2e-3, 0.1
WATCHED, EVERY, PATIENCE = 0.15, 50, 8
"""Share of the rows that choose when to stop, the steps between two looks at them, and looks without a better one."""
QUANTILES = (0.05, 0.5, 0.95)


class ErrorNetwork(nn.Module):
    """Two hidden layers; **shape**: input ``[n, k]``, output ``[n, 4]``, see `formation_mlp.trust.error_model`."""

    def __init__(self, k: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(k, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.out = nn.Linear(WIDTH, OUTPUTS)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return median, log of the distances of both quantiles from it, and log of the mean absolute error."""
        output: Tensor = self.out(torch.relu(self.second(torch.relu(self.first(inputs)))))
        return output


def loss(output: Tensor, error: Tensor, weight: Tensor) -> Tensor:
    """Return the mean over rows of the pinball losses of three quantiles and the deviance of the mean absolute error.

    The quantiles are those of Koenker and Bassett (Econometrica 46, 33 (1978)); ``log m + |e| / m`` is smallest where
    ``m`` is the mean of ``|e|``.

    **Shape**: ``[n, 4], [n], [n] -> []``
    """
    middle, below, above, size = output.clamp(-12, LARGEST_LOG).unbind(1)
    middle = output[:, 0]
    total = size + error.abs() * torch.exp(-size)
    spread = error.abs().mean()
    for q, quantile in zip(QUANTILES, (middle - below.exp(), middle, middle + above.exp()), strict=True):
        off = error - quantile
        total = total + torch.maximum(q * off, (q - 1) * off) / spread
    return (total * weight).sum() / weight.sum()


def fit_error_network(
    inputs: Floats, error: Floats, weight: Floats, seed: int
) -> tuple[dict[str, NDArray[np.float32]], NDArray[np.float32], NDArray[np.float32]]:
    """Learn from inputs ``[n, k]``, errors ``[n]`` in eV/atom and weights of rows ``[n]``.

    Some of the rows are only watched: where their loss no longer falls, learning stops.

    Returns
    -------
    dict, ndarray ``[k]``, ndarray ``[k]``
        Weights as `formation_mlp.trust.error_model.ErrorModel` takes them; mean and standard deviation of the inputs.
    """
    centre, width = inputs.mean(axis=0), inputs.std(axis=0)
    width = np.where(width > 1e-6, width, 1.0)
    X = torch.as_tensor(np.clip((inputs - centre) / width, -6, 6), dtype=torch.float32)
    e, w = (torch.as_tensor(values, dtype=torch.float32) for values in (error, weight))
    generator = torch_generator(seed, "errors")
    with borrowed_torch_rng(torch_generator(seed, "weights of the error model")):
        network = ErrorNetwork(X.shape[1])
    typical = float(np.log(np.abs(error).mean() + 1e-6))
    with torch.no_grad():
        network.out.bias.copy_(torch.tensor([0.0, typical, typical, typical]))
        network.out.weight.mul_(0.1)
    order = torch.randperm(len(X), generator=generator)
    watched, learned = order.split([max(1, int(WATCHED * len(X))), len(X) - max(1, int(WATCHED * len(X)))])
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    best, best_loss, since = copy.deepcopy(network.state_dict()), float("inf"), 0
    with cpu_threads(1):
        for step in range(STEPS):
            rows = learned[torch.randint(len(learned), (BATCH,), generator=generator)]
            optimizer.zero_grad()
            loss(network(X[rows]), e[rows], w[rows]).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            if step % EVERY == EVERY - 1:
                with torch.no_grad():
                    now = float(loss(network(X[watched]), e[watched], w[watched]))
                since += 1
                if now < best_loss:
                    best, best_loss, since = copy.deepcopy(network.state_dict()), now, 0
                if since >= PATIENCE:
                    break
    weights = {
        name: np.ascontiguousarray(value.numpy().T if value.ndim == 2 else value.numpy())
        for name, value in best.items()
    }
    return weights, centre.astype(np.float32), width.astype(np.float32)
