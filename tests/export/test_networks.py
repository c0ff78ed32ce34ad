"""Every network in ONNX gives the output of torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from formation_mlp.config.schema import ModelConfig
from formation_mlp.export.activations import ACTIVATIONS
from formation_mlp.export.graph import Graph
from formation_mlp.export.networks import Inputs, add_network
from formation_mlp.models.activations import ACTIVATIONS as TORCH_ACTIVATIONS
from formation_mlp.models.mlp import NORMALIZATIONS
from formation_mlp.models.networks import ARCHITECTURES
from support.networks import network_with_noise, random_compositions

D_IN, N_OUTPUTS = 5, 3


def onnx_output(config: ModelConfig, network: torch.nn.Module, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """Return what ONNX Runtime answers."""
    graph = Graph()
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    output = add_network(graph, config, weights, Inputs("X", "z", "fraction"))
    shapes: dict[str, Any] = {
        "X": (np.float32, ["n", D_IN]),
        "z": (np.int64, ["n", "k"]),
        "fraction": (np.float32, ["n", "k"]),
    }
    model = graph.model(
        {name: shapes[name] for name in arrays},
        {graph.output(output, "y"): (np.float32, ["n", N_OUTPUTS])},
        "a network",
        {},
    )
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["y"], arrays)[0])


def assert_same_outputs(n: int = 9, **model: Any) -> None:
    keys: dict[str, Any] = {"hidden": [16, 16], "set_width": 8, "set_heads": 2} | model
    config = ModelConfig(**keys)
    network = network_with_noise(config, D_IN, N_OUTPUTS)
    arrays: dict[str, np.ndarray] = {"X": np.random.default_rng(0).normal(size=(9, D_IN)).astype(np.float32)[:n]}
    if config.architecture == "set":
        z, fraction = random_compositions(9).padded()
        arrays |= {"z": z[:n], "fraction": fraction[:n].astype(np.float32)}
    with torch.no_grad():
        expected = network(*map(torch.as_tensor, arrays.values())).numpy() if n else np.empty((0, N_OUTPUTS))
    found = onnx_output(config, network, arrays)
    assert found.shape == (n, N_OUTPUTS)
    assert not n or np.ptp(expected) > 0.01
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_and_normalization(architecture: str, normalization: str) -> None:
    assert_same_outputs(architecture=architecture, normalization=normalization)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("activation", TORCH_ACTIVATIONS)
def test_every_activation(architecture: str, activation: str) -> None:
    assert_same_outputs(architecture=architecture, activation=activation)


@pytest.mark.parametrize(
    "model",
    [{"hidden": []}, {"hidden": [4, 7, 3]}, {"architecture": "set", "set_layers": 3}],
    ids=["linear", "unequal", "three exchanges"],
)
def test_other_shapes(model: dict[str, Any]) -> None:
    assert_same_outputs(**model)


@pytest.mark.parametrize("n", [0, 1])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_any_number_of_rows(architecture: str, n: int) -> None:
    assert_same_outputs(n, architecture=architecture)


def test_the_activations_are_those_of_torch() -> None:
    assert ACTIVATIONS.keys() == TORCH_ACTIVATIONS.keys()
