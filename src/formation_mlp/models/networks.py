"""Architectures by name, and the network of a configuration."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from formation_mlp.chemistry.element_data import load_table
from formation_mlp.config.own_code import NONE_OWN, Architectures, is_own
from formation_mlp.config.schema import ModelConfig
from formation_mlp.errors import ConfigError
from formation_mlp.models.activations import ACTIVATIONS
from formation_mlp.models.architectures import normalization_of
from formation_mlp.models.mlp import MLP
from formation_mlp.models.own_network import build_own
from formation_mlp.models.set_encoder import SetEncoder
from formation_mlp.registry import lookup

ELEMENT_PROPERTIES = "magpie"
"""Table of element properties that the set encoder starts from."""


class SetMLP(nn.Module):
    """A residual MLP on the features and, beside them, on an encoding of the elements as a set.

    **Shape**: input ``X [n, d_in]``, ``z [n, k]``, ``fraction [n, k]`` (see `SetEncoder`); output as `MLP`.
    """

    def __init__(self, encoder: SetEncoder, mlp: MLP) -> None:
        super().__init__()
        self.encoder = encoder
        self.mlp = mlp

    def forward(self, X: Tensor, z: Tensor, fraction: Tensor) -> Tensor:
        """Return one number per row, ``[n]``, or ``[n, n_outputs]``."""
        elements = self.encoder(z, fraction)
        output: Tensor = self.mlp(torch.cat([X.to(elements.dtype), elements], dim=1))
        return output


def build_network(
    d_in: int, config: ModelConfig, n_outputs: int = 1, architectures: Architectures = NONE_OWN
) -> nn.Module:
    """Return an untrained network; its weights come from torch's global generator.

    ``architectures`` are classes of the user's own by name (`formation_mlp.models.own_network`).

    Raises
    ------
    ConfigError
        If a name is unknown, a class of the user's own is not given, or the widths do not fit the architecture.
    """
    if is_own(config.architecture):
        return build_own(d_in, config, n_outputs, architectures)
    build = lookup(ARCHITECTURES, config.architecture, "model.architecture", "architecture")
    return build(d_in, config, n_outputs)


def _mlp(d_in: int, config: ModelConfig, n_outputs: int, residual: bool = False) -> MLP:
    normalization = normalization_of(config)
    return MLP(d_in, config.hidden, config.activation, config.dropout, normalization, residual, n_outputs)


def _residual(d_in: int, config: ModelConfig, n_outputs: int) -> MLP:
    return _mlp(d_in, config, n_outputs, residual=True)


def _set(d_in: int, config: ModelConfig, n_outputs: int) -> SetMLP:
    if config.set_width % config.set_heads:
        raise ConfigError(
            f"model.set_width: found {config.set_width}, but it must be a multiple of set_heads ({config.set_heads})."
        )
    act = lookup(ACTIVATIONS, config.activation, "model.activation", "activation")
    properties = _standardised_properties()
    encoder = SetEncoder(properties, config.set_width, config.set_layers, config.set_heads, act, config.dropout)
    return SetMLP(encoder, _residual(d_in + encoder.d_out, config, n_outputs))


def _standardised_properties() -> Tensor:
    """Return the element properties with mean 0 and deviation 1 over the elements, and 0 where none is tabulated."""
    values = load_table(ELEMENT_PROPERTIES).values
    scaled = (values - np.nanmean(values, axis=0)) / np.nanstd(values, axis=0)
    return torch.as_tensor(np.nan_to_num(scaled), dtype=torch.float32)


ARCHITECTURES: dict[str, Callable[[int, ModelConfig, int], nn.Module]] = {
    "mlp": _mlp,
    "residual": _residual,
    "set": _set,
}
"""Builds a network from the number of features, the configuration and the number of outputs."""
