"""Networks of one variable, fitted as well as they can be: lesson 4 asks what a network of some width can do.

The method is that of Levenberg and Marquardt (K. Levenberg, Q. Appl. Math. 2, 164 (1944); D. W. Marquardt, J. Soc. Ind.
Appl. Math. 11, 431 (1963)), which is far too expensive for large networks, and the best there is for a hundred points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from formation_mlp.models.mlp import MLP
from formation_mlp.seeding import borrowed_torch_rng, torch_generator
from formation_mlp.typing import Floats

STEPS, CLOSE_ENOUGH, PATIENCE = 90, 1e-4, 25
"""Steps at most; an error, in standard deviations of y, that is close enough; steps in which it must have fallen."""


@dataclass(frozen=True)
class Fit:
    """A fitted network of one variable.

    Attributes
    ----------
    network : of one input and one output, in double precision
    ends : of the fitted interval, which become -1 and 1
    centre, scale : mean and standard deviation of y, in its unit
    errors : root mean square error after each step, in the unit of y
    """

    network: MLP
    ends: tuple[float, float]
    centre: float
    scale: float
    errors: list[float]

    def __call__(self, x: ArrayLike) -> Floats:
        """Return predictions ``[n]``, in the unit of y."""
        with torch.no_grad():
            scaled: Floats = self.network(as_input(x, self.ends)).numpy()
        return scaled * self.scale + self.centre


def as_input(x: ArrayLike, ends: tuple[float, float]) -> Tensor:
    """Return ``x`` as a matrix of one column, in which the ends of an interval become -1 and 1."""
    first, last = ends
    return torch.tensor(2 * (np.asarray(x, float) - first) / (last - first) - 1)[:, None]


def start(hidden: Sequence[int], seed: int) -> MLP:
    """Return a network of tanh units whose first steps are spread evenly at random over -1 to 1.

    The more units there are, the steeper each step is.
    """
    with borrowed_torch_rng(torch_generator(seed, "weights")):
        network = MLP(1, list(hidden), "tanh").double()
        centres = 2 * torch.rand(hidden[0], dtype=torch.float64) - 1
    first = next(part for part in network.body if isinstance(part, nn.Linear))
    with torch.no_grad():
        first.weight.copy_(first.weight.sign() * max(4, hidden[0]))
        first.bias.copy_(-first.weight[:, 0] * centres)
    return network


def fit(hidden: Sequence[int], x: Floats, y: Floats, seed: int) -> Fit:
    """Fit a network with these hidden layers to points ``x [n]``, ``y [n]`` from the start of a seed."""
    network, ends = start(hidden, seed), (float(x[0]), float(x[-1]))
    inputs, centre, scale = as_input(x, ends), float(y.mean()), float(y.std())
    target = torch.tensor((y - centre) / scale)
    weights = dict(network.named_parameters())

    def output(values: dict[str, Tensor], row: Tensor) -> Tensor:
        result: Tensor = functional_call(network, values, (row[None],))[0]
        return result

    slopes = vmap(grad(output), (None, 0))

    def jacobian() -> Tensor:
        by_weight = slopes({name: w.detach() for name, w in weights.items()}, inputs)
        return torch.cat([by_weight[name].reshape(len(inputs), -1) for name in weights], dim=1)

    @torch.no_grad()
    def residuals() -> Tensor:
        result: Tensor = target - network(inputs)
        return result

    errors = [scale * error for error in _descend(list(weights.values()), residuals, jacobian)]
    return Fit(network, ends, centre, scale, errors)


def _descend(
    weights: list[nn.Parameter], residuals: Callable[[], Tensor], jacobian: Callable[[], Tensor]
) -> list[float]:
    """Take steps, each with a damping that makes it help; return the error after each."""
    r, damping, errors = residuals(), 1.0, list[float]()
    for _ in range(STEPS):
        before, J = nn.utils.parameters_to_vector(weights).detach(), jacobian()
        for _ in range(8):
            nn.utils.vector_to_parameters(before + damped_step(J, r, damping), weights)
            after = residuals()
            if after.square().mean() < r.square().mean():
                r, damping = after, max(damping / 3, 1e-8)
                break
            damping *= 4
        else:
            nn.utils.vector_to_parameters(before, weights)
            break
        errors.append(float(r.square().mean().sqrt()))
        if errors[-1] < CLOSE_ENOUGH or (len(errors) > PATIENCE and errors[-1] > 0.999 * errors[-PATIENCE]):
            break
    return errors


def damped_step(J: Tensor, r: Tensor, damping: float) -> Tensor:
    """Solve (J^T J + damping) d = J^T r for the step d, in the smaller of its two equivalent forms.

    Parameters
    ----------
    J : derivative of the outputs by the weights, ``[n, p]``
    r : residuals, ``[n]``
    damping : larger than zero; the larger, the shorter the step
    """
    n, p = J.shape
    if p < n:
        step: Tensor = torch.linalg.solve(J.T @ J + damping * torch.eye(p, dtype=J.dtype), J.T @ r)
    else:
        step = J.T @ torch.linalg.solve(J @ J.T + damping * torch.eye(n, dtype=J.dtype), r)
    return step
