"""The multilayer perceptron; without hidden layers it is linear or logistic regression."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from formation_mlp.errors import ConfigError
from formation_mlp.models.activations import ACTIVATIONS
from formation_mlp.registry import lookup


class MLP(nn.Module):
    """Map features to one number, or a few, per row.

    Plain form: per hidden layer h <- dropout(act(norm(W h + b))). Residual form (He et al. 2016, with
    the normalisation first): an input layer, then blocks h <- h + W2 dropout(act(W1 norm(h) + b1)) + b2
    whose W2 starts at zero, then one more norm. In both, a linear head gives the output. No activation
    follows the head: a sigmoid belongs to the task.

    **Shape**: input ``[n, d_in]``, output ``[n]``, or ``[n, n_outputs]`` if there is more than one.

    Parameters
    ----------
    d_in
        Number of features.
    hidden
        Widths of the hidden layers; in the residual form the width of each block, all equal.
    activation
        A name in `ACTIVATIONS`.
    dropout
        Share of hidden units switched off in training.
    normalization
        A name in `NORMALIZATIONS`.
    residual
        Which of the two forms.
    n_outputs
        Numbers per row.

    Raises
    ------
    ConfigError
        If a name is unknown, or the widths of a residual network differ.

    Examples
    --------
    >>> import torch
    >>> MLP(3, hidden=(8, 8), activation="relu")(torch.zeros(5, 3)).shape
    torch.Size([5])
    >>> sum(weights.numel() for weights in MLP(3).parameters())  # linear: three weights and a bias
    4
    """

    def __init__(
        self,
        d_in: int,
        hidden: Sequence[int] = (),
        activation: str = "relu",
        dropout: float = 0.0,
        normalization: str = "none",
        residual: bool = False,
        n_outputs: int = 1,
    ) -> None:
        super().__init__()
        act = lookup(ACTIVATIONS, activation, "model.activation", "activation")
        norm = lookup(NORMALIZATIONS, normalization, "model.normalization", "normalization")
        build = _residual_layers if residual else _plain_layers
        self.body = nn.Sequential(*build(d_in, hidden, act, norm, dropout))
        self.head = nn.Linear(hidden[-1] if hidden else d_in, n_outputs)

    def forward(self, X: Tensor) -> Tensor:
        """Return one number per row, ``[n]``, or ``[n, n_outputs]``."""
        output: Tensor = self.head(self.body(X))
        return output.squeeze(-1) if output.shape[-1] == 1 else output


class ResidualBlock(nn.Module):
    """h + W2 dropout(act(W1 norm(h) + b1)) + b2, starting as the identity. **Shape**: ``[n, d]`` to ``[n, d]``."""

    def __init__(self, d: int, act: Callable[[], nn.Module], norm: Callable[[int], nn.Module], dropout: float) -> None:
        super().__init__()
        self.branch = nn.Sequential(norm(d), nn.Linear(d, d), act(), nn.Dropout(dropout), nn.Linear(d, d))
        last = self.branch[-1]
        nn.init.zeros_(last.weight)  # type: ignore[arg-type]
        nn.init.zeros_(last.bias)  # type: ignore[arg-type]

    def forward(self, h: Tensor) -> Tensor:
        """Return the sum of input and branch."""
        branch: Tensor = self.branch(h)
        return h + branch


def _plain_layers(
    d_in: int, hidden: Sequence[int], act: Callable[[], nn.Module], norm: Callable[[int], nn.Module], dropout: float
) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for d_from, d_to in zip([d_in, *hidden], hidden, strict=False):
        layers += [nn.Linear(d_from, d_to), norm(d_to), act(), nn.Dropout(dropout)]
    return layers


def _residual_layers(
    d_in: int, hidden: Sequence[int], act: Callable[[], nn.Module], norm: Callable[[int], nn.Module], dropout: float
) -> list[nn.Module]:
    if not hidden or len(set(hidden)) != 1:
        raise ConfigError(
            f"model.hidden: found {list(hidden)}, but a residual network needs one or more equal widths, "
            "such as [256, 256]. Or set model.architecture: mlp."
        )
    d = hidden[0]
    return [nn.Linear(d_in, d), *(ResidualBlock(d, act, norm, dropout) for _ in hidden), norm(d)]


def n_parameters(model: nn.Module) -> int:
    """Return the number of weights that are trained."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def _no_norm(_d: int) -> nn.Module:
    return nn.Identity()


NORMALIZATIONS: dict[str, Callable[[int], nn.Module]] = {
    "none": _no_norm,
    "layer": nn.LayerNorm,
    "batch": nn.BatchNorm1d,
}
