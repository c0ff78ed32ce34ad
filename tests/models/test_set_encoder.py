"""The set encoder against a forward pass written once more row by row, and the symmetries it must have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from formation_mlp.models.set_encoder import SMALLEST, SetEncoder, SetLayer
from formation_mlp.typing import Array
from support.networks import random_compositions

D, HEADS, LAYERS, P = 8, 4, 2, 5
N_ELEMENTS = 60


def encoder(randomised: bool = True, dropout: float = 0.0) -> SetEncoder:
    """An encoder in evaluation mode; those of its weights that start at 0 or 1 are moved away from there."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        built = SetEncoder(torch.randn(N_ELEMENTS + 1, P), D, LAYERS, HEADS, nn.SiLU, dropout)
        if randomised:
            with torch.no_grad():
                for parameter in built.parameters():
                    parameter.add_(torch.randn(parameter.shape) * 0.3)
    return built.eval()


def inputs(n: int = 30, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of one to four elements, in mixed order."""
    z, fraction = random_compositions(n, seed=seed).padded()
    assert {1, 2, 3, 4} == set((z > 0).sum(axis=1))
    return torch.tensor(z), torch.tensor(fraction, dtype=torch.float32)


def same(found: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


# --- the reference: one row, one element at a time


def normalized(h: Array, weights: Mapping[str, Array], name: str) -> Any:
    return (h - h.mean()) / np.sqrt(h.var() + 1e-5) * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def linear(h: Array, weights: Mapping[str, Array], name: str) -> Any:
    return weights[f"{name}.weight"] @ h + weights.get(f"{name}.bias", 0.0)


def silu(x: Array) -> Any:
    return x / (1 + np.exp(-x))


def waves(w: float) -> Array:
    return np.array([*(np.sin(np.pi * 2**i * w) for i in range(6)), *(np.cos(np.pi * 2**i * w) for i in range(6))])


def encoded_row(z: Sequence[int], fractions: Sequence[float], weights: Mapping[str, Array]) -> Array:
    """Encode one composition, a list of atomic numbers and one of fractions."""
    vectors = []
    for number, w in zip(z, fractions, strict=True):
        known = weights["vectors.weight"][number] + linear(weights["properties"][number], weights, "from_properties")
        amount = np.concatenate([waves(w), [w, np.log(max(w, SMALLEST))]])
        vectors.append(known + linear(amount, weights, "from_fraction"))
    for i in range(LAYERS):
        layer = f"layers.{i}"
        normal = [normalized(h, weights, f"{layer}.norm") for h in vectors]
        mean = sum(w * h for w, h in zip(fractions, normal, strict=True))
        context = linear(mean, weights, f"{layer}.context")
        branches = [linear(silu(linear(h, weights, f"{layer}.own") + context), weights, f"{layer}.out") for h in normal]
        vectors = [h + branch for h, branch in zip(vectors, branches, strict=True)]
    normal = [normalized(h, weights, "norm") for h in vectors]
    values = [linear(h, weights, "value") for h in normal]
    attended, averaged = [v[:D].reshape(HEADS, -1) for v in values], [v[D:] for v in values]
    logits = np.array([linear(h, weights, "logit") for h in normal])
    logits += np.log(np.maximum(fractions, SMALLEST))[:, None] * weights["slope"]
    attention = np.exp(logits) / np.exp(logits).sum(axis=0)
    return np.concatenate(
        [
            sum(a[:, None] * v for a, v in zip(attention, attended, strict=True)).ravel(),
            sum(w * v for w, v in zip(fractions, averaged, strict=True)),
            sum(w * h for w, h in zip(fractions, normal, strict=True)),
            np.max(attended, axis=0).ravel(),
        ]
    )


def test_the_output_equals_the_formula_written_out_row_by_row() -> None:
    model, (z, fraction) = encoder(), inputs()
    weights = {name: value.double().numpy() for name, value in model.state_dict().items()}
    expected = [
        encoded_row(row[row > 0].tolist(), w[row > 0].double().numpy(), weights)
        for row, w in zip(z, fraction, strict=True)
    ]
    assert np.ptp(expected, axis=0).min() > 1e-2
    np.testing.assert_allclose(model(z, fraction).detach().numpy(), expected, rtol=1e-4, atol=1e-4)


# --- symmetries


def test_the_order_of_the_elements_does_not_matter() -> None:
    model, (z, fraction) = encoder(), inputs()
    before = model(z, fraction)
    generator = torch.Generator().manual_seed(1)
    for _ in range(3):
        columns = torch.rand(z.shape, generator=generator).argsort(dim=1)  # zeros may come first
        same(model(z.gather(1, columns), fraction.gather(1, columns)), before)


def test_the_order_of_the_rows_is_that_of_the_input_whatever_their_element_counts() -> None:
    model, (z, fraction) = encoder(), inputs()
    before = model(z, fraction)
    order = torch.randperm(len(z), generator=torch.Generator().manual_seed(2))
    same(model(z[order], fraction[order]), before[order])


@pytest.mark.parametrize("n_columns", [1, 5])
def test_columns_of_zeros_change_nothing(n_columns: int) -> None:
    model, (z, fraction) = encoder(), inputs()
    wide = torch.cat([z, z.new_zeros(len(z), n_columns)], 1), torch.cat([fraction, torch.zeros(len(z), n_columns)], 1)
    assert torch.equal(model(*wide), model(z, fraction))


def test_a_row_alone_equals_the_row_among_others() -> None:
    model, (z, fraction) = encoder(), inputs()
    together = model(z, fraction)
    same(torch.cat([model(z[i : i + 1], fraction[i : i + 1]) for i in range(len(z))]), together)


def test_rows_see_nothing_of_each_other() -> None:
    model, (z, fraction) = encoder(), inputs()
    before = model(z, fraction)
    other = z.clone()
    other[0] = torch.where(z[0] > 0, z[0] % N_ELEMENTS + 1, 0)
    after = model(other, fraction)
    assert (after[0] - before[0]).abs().max() > 1e-2
    same(after[1:], before[1:])


# --- what it must tell apart


def test_elements_and_their_amounts_matter_and_elements_see_each_other() -> None:
    model = encoder()
    oxides = torch.tensor([[26, 8], [26, 8], [27, 8], [26, 16]])
    amounts = torch.tensor([[0.4, 0.6], [0.5, 0.5], [0.4, 0.6], [0.4, 0.6]])
    rows = model(oxides, amounts)
    distance = torch.cdist(rows, rows)[~torch.eye(4, dtype=torch.bool)]
    assert distance.min() > 0.05
    layer = model.layers[0]
    h, w = torch.randn(2, D, generator=torch.Generator().manual_seed(0)), torch.tensor([[0.4], [0.6]])
    changed = h.clone()
    changed[1] += torch.linspace(-1, 1, D)
    assert (layer(h, w, [(1, 2)])[0] - layer(changed, w, [(1, 2)])[0]).abs().max() > 1e-3


def test_an_element_that_is_all_there_is_is_encoded() -> None:
    z, fraction = torch.tensor([[26], [8]]), torch.ones(2, 1)
    rows = encoder()(z, fraction)
    assert rows.shape == (2, 4 * D)
    assert torch.isfinite(rows).all()
    assert (rows[0] - rows[1]).abs().max() > 0.1


def test_traces_are_finite_and_nearly_without_weight() -> None:
    model = encoder()
    pure = model(torch.tensor([[26]]), torch.ones(1, 1))
    doped = model(torch.tensor([[26, 8]]), torch.tensor([[1 - 1e-9, 1e-9]]))
    assert torch.isfinite(doped).all()
    mean = slice(D, 3 * D)  # means by fraction; the attention stops at a fraction of 1e-4
    same(doped[:, mean], pure[:, mean])
    assert (doped[:, :D] - pure[:, :D]).abs().max() < 0.01


# --- training


def test_a_layer_starts_as_the_identity() -> None:
    layer = SetLayer(D, nn.SiLU, dropout=0.0)
    h, w = torch.randn(7, D), torch.full((7, 1), 0.5)
    assert torch.equal(layer(h, w, [(1, 1), (3, 2)]), h)
    untrained = encoder(randomised=False)
    before = untrained(*inputs())
    untrained.layers = nn.ModuleList()
    assert torch.equal(untrained(*inputs()), before)


def test_gradients_reach_every_parameter() -> None:
    model, (z, fraction) = encoder().train(), inputs()
    target = torch.randn(30, 4 * D, generator=torch.Generator().manual_seed(3))
    (model(z, fraction) - target).square().mean().backward()
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    without = {name for name, gradient in gradients.items() if gradient is None or not gradient.abs().max() > 1e-7}
    assert without <= {"logit.bias"}, "only a shift of all logits of a softmax may be without effect"
    seen = torch.zeros(N_ELEMENTS + 1, dtype=torch.bool)
    seen[z[z > 0]] = True
    of_vectors = gradients["vectors.weight"]
    assert of_vectors is not None
    moved = of_vectors.abs().sum(dim=1) > 0
    assert torch.equal(moved, seen), "vectors of elements that do not occur are left alone"


def test_dropout_acts_in_training_only() -> None:
    model, rows = encoder(dropout=0.5), inputs()
    assert torch.equal(model(*rows), model(*rows))
    model.train()
    with torch.random.fork_rng():
        assert not torch.equal(model(*rows), model(*rows))


def test_names_and_shapes_of_the_weights_are_frozen_for_saved_models_hold_them() -> None:
    found = {name: tuple(value.shape) for name, value in encoder().state_dict().items()}
    layers = {
        f"layers.{i}.{name}": shape
        for i in range(LAYERS)
        for name, shape in {
            "norm.weight": (D,),
            "norm.bias": (D,),
            "own.weight": (2 * D, D),
            "own.bias": (2 * D,),
            "context.weight": (2 * D, D),
            "out.weight": (D, 2 * D),
            "out.bias": (D,),
        }.items()
    }
    assert found == layers | {
        "slope": (HEADS,),
        "properties": (N_ELEMENTS + 1, P),
        "vectors.weight": (N_ELEMENTS + 1, D),
        "from_properties.weight": (D, P),
        "from_properties.bias": (D,),
        "from_fraction.weight": (D, 14),
        "from_fraction.bias": (D,),
        "norm.weight": (D,),
        "norm.bias": (D,),
        "value.weight": (2 * D, D),
        "value.bias": (2 * D,),
        "logit.weight": (HEADS, D),
        "logit.bias": (HEADS,),
    }
