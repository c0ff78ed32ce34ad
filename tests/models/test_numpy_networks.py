"""The forward pass in NumPy is that of torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from formation_mlp.config.schema import ModelConfig
from formation_mlp.errors import CheckpointError
from formation_mlp.models.activations import ACTIVATIONS
from formation_mlp.models.mlp import NORMALIZATIONS
from formation_mlp.models.networks import ARCHITECTURES
from formation_mlp.models.numpy_networks import ACTIVATIONS as FAST_ACTIVATIONS
from formation_mlp.models.numpy_networks import check_weights, expected_shapes, numpy_network
from support.networks import network_with_noise, random_compositions


def both(rows: slice = slice(9), n_outputs: int = 1, **model: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the outputs of torch and of NumPy for the same rows, some of nine."""
    keys: dict[str, Any] = {"hidden": [16, 16], "set_width": 8, "set_heads": 2} | model
    config = ModelConfig(**keys)
    network = network_with_noise(config, 5, n_outputs)
    X = np.random.default_rng(0).normal(size=(9, 5)).astype(np.float32)[rows]
    all_z, all_fractions = random_compositions(9).padded()
    z, fraction = all_z[rows], all_fractions[rows]
    tensors = [torch.as_tensor(X)]
    if config.architecture == "set":
        tensors += [torch.as_tensor(z), torch.as_tensor(fraction, dtype=torch.float32)]
    with torch.no_grad():
        expected = network(*tensors).numpy().reshape(-1, n_outputs)
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    assert expected_shapes(config, 5, n_outputs) == {name: value.shape for name, value in weights.items()}
    forward = numpy_network(config, weights, 5, n_outputs)
    assert forward is not None
    found = forward(X, z, fraction.astype(np.float32))
    assert found.dtype == np.float32
    return expected, found


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_and_normalization_gives_the_output_of_torch(
    architecture: str, normalization: str, n_outputs: int
) -> None:
    expected, found = both(architecture=architecture, normalization=normalization, n_outputs=n_outputs)
    assert np.ptp(expected, axis=0).min() > 0.01
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("activation", FAST_ACTIVATIONS)
def test_every_activation_gives_the_output_of_torch(architecture: str, activation: str) -> None:
    expected, found = both(architecture=architecture, activation=activation)
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("model", [{"hidden": []}, {"architecture": "mlp", "hidden": [4, 7, 3]}, {"set_layers": 3}])
def test_other_shapes_give_the_output_of_torch(model: dict[str, Any]) -> None:
    expected, found = both(**{"architecture": "set" if "set_layers" in model else "mlp"} | model)
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)


def test_a_row_has_its_output_whatever_the_other_rows_are() -> None:
    _, together = both(architecture="set")
    for i in range(9):
        _, alone = both(slice(i, i + 1), architecture="set")
        np.testing.assert_allclose(alone[0], together[i], rtol=1e-5)


@pytest.mark.parametrize("activation", sorted(set(ACTIVATIONS) - set(FAST_ACTIVATIONS)))
def test_what_numpy_has_no_word_for_is_left_to_torch(activation: str) -> None:
    assert numpy_network(ModelConfig(activation=activation), {}, 5) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"head.bias": None}, r"head.bias should be \[1\], found none\."),
        ({"head.bias": np.ones(2, np.float32)}, r"head.bias should be \[1\], found \[2\]\."),
        ({"tail.bias": np.ones(1, np.float32)}, r"tail.bias has no place\."),
        ({"head.bias": np.ones(1)}, r"head.bias holds float64\."),
    ],
)
def test_weights_that_do_not_fit_are_named(change: dict[str, Any], message: str) -> None:
    config = ModelConfig(hidden=[4])
    weights = {name: np.zeros(shape, np.float32) for name, shape in expected_shapes(config, 5).items()}
    assert numpy_network(config, weights, 5) is not None
    changed = {name: value for name, value in (weights | change).items() if value is not None}
    with pytest.raises(CheckpointError, match=f"the weights do not fit the network of the configuration: {message}"):
        check_weights(config, changed, 5)
