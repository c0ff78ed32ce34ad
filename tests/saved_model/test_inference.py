"""Few rows are answered by NumPy and many by torch, and nobody can tell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from formation_mlp.config.schema import ModelConfig
from formation_mlp.errors import CheckpointError
from formation_mlp.models.networks import build_network
from formation_mlp.saved_model import inference
from formation_mlp.saved_model.inference import Output, network_output
from formation_mlp.seeding import borrowed_torch_rng
from formation_mlp.system.blocks import rows_alone
from support.networks import random_compositions


def output_of(**model: Any) -> Output:
    keys: dict[str, Any] = {"hidden": [8, 8], "set_width": 8, "set_heads": 2} | model
    config = ModelConfig(**keys)
    with borrowed_torch_rng(torch.Generator().manual_seed(1)):
        network = build_network(5, config)
    return network_output(config, network.state_dict(), 5, 1)


@pytest.mark.parametrize("architecture", ["mlp", "residual", "set"])
def test_many_rows_have_the_output_of_few(architecture: str, monkeypatch: pytest.MonkeyPatch) -> None:
    output, compositions = output_of(architecture=architecture), random_compositions(30)
    X = np.random.default_rng(0).normal(size=(30, 5))
    few = output(X, compositions)
    monkeypatch.setattr(inference, "FEW", 29)
    many = output(X, compositions)
    np.testing.assert_allclose(few, many, rtol=1e-5, atol=1e-6)
    assert few.dtype == many.dtype == np.dtype(np.float64)


@pytest.mark.parametrize("architecture", ["mlp", "residual", "set"])
def test_a_row_has_the_same_bits_whatever_stands_beside_it(architecture: str) -> None:
    """Alone, in parts of any size, in another order, and on any number of threads."""
    from threadpoolctl import threadpool_limits

    n = 500
    output, compositions = output_of(architecture=architecture), random_compositions(n)
    generator = np.random.default_rng(0)
    X = generator.normal(size=(n, 5))
    with rows_alone():
        whole = output(X, compositions)
        for size in (1, 7, 64, 191, 192, 193, 400):
            for start in range(0, n if size > 50 else 40, size):
                rows = np.arange(start, min(start + size, n))
                np.testing.assert_array_equal(output(X[rows], compositions.take(rows)), whole[rows])
        order = generator.permutation(n)
        np.testing.assert_array_equal(output(X[order], compositions.take(order)), whole[order])
    for threads in (1, 2, 3):
        with threadpool_limits(threads):
            np.testing.assert_array_equal(output(X, compositions), whole)


def test_an_activation_that_only_torch_knows_is_left_to_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "_in_numpy", None)
    assert output_of(activation="softsign")(np.ones((3, 5)), None).shape == (3,)


@pytest.mark.parametrize("activation", ["relu", "softsign"])
def test_weights_of_another_network_are_refused_at_once(activation: str) -> None:
    weights = build_network(5, ModelConfig(hidden=[8], activation=activation)).state_dict()
    with pytest.raises(CheckpointError, match="the weights do not fit the network of the configuration"):
        network_output(ModelConfig(hidden=[9], activation=activation), weights, 5, 1)


def test_a_set_encoder_needs_compositions() -> None:
    with pytest.raises(ValueError, match="needs compositions beside the features"):
        output_of(architecture="set")(np.ones((3, 5)), None)


def test_no_rows_have_no_output() -> None:
    assert output_of()(np.empty((0, 5)), None).shape[0] == 0
