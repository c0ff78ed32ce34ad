"""The network of a configuration: its architecture, its parts, and what it is given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from formation_mlp.chemistry.element_data import load_table
from formation_mlp.config.schema import ModelConfig
from formation_mlp.errors import ConfigError
from formation_mlp.models.architectures import sees_elements
from formation_mlp.models.mlp import MLP, n_parameters
from formation_mlp.models.networks import ARCHITECTURES, SetMLP, build_network
from support.networks import random_compositions

SET: dict[str, Any] = {"architecture": "set", "hidden": [6, 6], "set_width": 8, "set_layers": 1, "set_heads": 2}


def built(d_in: int = 3, n_outputs: int = 1, **keys: Any) -> torch.nn.Module:
    return build_network(d_in, ModelConfig(**{"hidden": [6, 6]} | keys), n_outputs)


def elements(n: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    z, fraction = random_compositions(n).padded()
    return torch.tensor(z), torch.tensor(fraction, dtype=torch.float32)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_the_output_is_one_number_per_row_or_as_many_as_asked_for(architecture: str, n_outputs: int) -> None:
    network = built(**SET | {"architecture": architecture}, n_outputs=n_outputs)
    for n in (1, 5):
        inputs = (torch.randn(n, 3), *elements(n)) if architecture == "set" else (torch.randn(n, 3),)
        assert network(*inputs).shape == ((n,) if n_outputs == 1 else (n, n_outputs))


def test_only_the_set_looks_at_elements() -> None:
    assert {name for name in ARCHITECTURES if sees_elements(ModelConfig(architecture=name))} == {"set"}


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, MLP(3, (6, 6))),
        ({"architecture": "residual"}, MLP(3, (6, 6), normalization="layer", residual=True)),
        ({"architecture": "residual", "normalization": "none"}, MLP(3, (6, 6), residual=True)),
        ({"normalization": "batch", "dropout": 0.1}, MLP(3, (6, 6), "relu", 0.1, "batch")),
    ],
)
def test_the_normalisation_is_that_of_the_architecture_unless_another_is_asked_for(
    keys: dict[Any, Any] | dict[str, str] | dict[str, Any], expected: MLP
) -> None:
    assert str(built(**keys)) == str(expected)


def test_a_set_network_is_a_residual_mlp_on_features_and_encoded_elements() -> None:
    network = built(**SET | {"activation": "swish", "dropout": 0.2}).eval()
    assert isinstance(network, SetMLP)
    assert str(network.mlp) == str(MLP(3 + 4 * 8, (6, 6), "swish", 0.2, "layer", True))
    assert len(network.encoder.layers) == 1
    assert network.encoder.heads == 2
    assert "SiLU" in str(network.encoder)
    X, (z, fraction) = torch.randn(5, 3), elements()
    expected = network.mlp(torch.cat([X, network.encoder(z, fraction)], dim=1))
    assert torch.equal(network(X, z, fraction), expected)


def test_elements_start_from_their_tabulated_properties_in_standard_units() -> None:
    network = built(**SET)
    assert isinstance(network, SetMLP)
    found, table = network.encoder.properties.double().numpy(), load_table("magpie").values
    assert found.shape == table.shape
    assert np.isfinite(found).all()
    known = np.isfinite(table)
    assert (found[~known] == 0).all()
    for column, has_value in zip(found.T, known.T, strict=True):
        assert (column[has_value].mean(), column[has_value].std()) == pytest.approx((0, 1), abs=1e-5)
    order = np.argsort(table[1:90, 0])
    assert (np.diff(found[1:90, 0][order]) >= 0).all()


def test_properties_are_saved_but_not_trained() -> None:
    network = built(**SET)
    assert "encoder.properties" in network.state_dict()
    assert "encoder.properties" not in dict(network.named_parameters())
    assert n_parameters(network) == sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"architecture": "residul"}, r"model.architecture: unknown architecture 'residul'.*Did you mean 'residual'"),
        ({**SET, "set_width": 9}, r"model.set_width: found 9, but it must be a multiple of set_heads \(2\)"),
        ({**SET, "hidden": [6, 7]}, r"model.hidden: found \[6, 7\].*equal widths"),
        ({**SET, "activation": "rellu"}, r"model.activation: unknown activation 'rellu'"),
    ],
)
def test_a_network_that_cannot_be_built_is_refused(keys: dict[str, str] | dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        built(**keys)
