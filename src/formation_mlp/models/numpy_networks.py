"""What the networks of `formation_mlp.models.networks` answer, computed without torch.

Importing torch takes longer than featurizing and predicting a few hundred compounds, and each of its many small
operations costs microseconds: for few rows NumPy is faster. Formulas and names are those of the torch modules, which
remain the definition; the tests hold one against the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formation_mlp.chemistry.element_data import load_table
from formation_mlp.config.schema import ModelConfig
from formation_mlp.errors import CheckpointError
from formation_mlp.models.architectures import IN_NUMPY, normalization_of
from formation_mlp.system.blocks import product
from formation_mlp.typing import Ints

Singles = NDArray[np.float32]
Weights = Mapping[str, Singles]
Forward = Callable[[Singles, Ints | None, Singles | None], Singles]
"""Scaled features ``[n, d_in]``, and for the architecture `set` atomic numbers and fractions ``[n, k]``, to the
network's output ``[n, n_outputs]``."""

WAVES, SMALLEST, ELEMENT_PROPERTIES = 6, 1e-4, "magpie"
"""Of the set encoder."""
EPSILON = 1e-5
"""Of torch's normalisations."""


def numpy_network(config: ModelConfig, weights: Weights, d_in: int, n_outputs: int = 1) -> Forward | None:
    """Return the forward pass of a network, or None if NumPy has no word for a part of it.

    Parameters
    ----------
    config
        The section `model` of the configuration.
    weights
        Arrays by the names that torch gives them, as `check_weights` wants them.
    d_in, n_outputs
        Number of features, and of outputs.

    """
    act = ACTIVATIONS.get(config.activation)
    norm = NORMALIZATIONS.get(normalization_of(config))
    if act is None or norm is None or config.architecture not in IN_NUMPY:
        return None
    n_blocks = len(config.hidden)
    if config.architecture == "mlp":
        return lambda X, _z, _fraction: _plain(weights, X, n_blocks, act, norm)
    if config.architecture == "residual":
        return lambda X, _z, _fraction: _residual(weights, X, n_blocks, act, norm)
    encoder, mlp = _below(weights, "encoder."), _below(weights, "mlp.")
    table = encoder["vectors.weight"] + _linear(encoder, "from_properties", encoder["properties"])

    def forward(X: Singles, z: Ints | None, fraction: Singles | None) -> Singles:
        if z is None or fraction is None:
            raise ValueError("the architecture 'set' needs elements beside the features")
        elements = _encode(encoder, table, z, fraction, config, act)
        return _residual(mlp, np.concatenate([X, elements], axis=1), n_blocks, act, norm)

    return forward


def check_weights(config: ModelConfig, weights: Weights, d_in: int, n_outputs: int = 1) -> None:
    """Refuse weights that are not those of such a network, before anything is built for them.

    Of an architecture that NumPy does not know, torch checks them.

    Raises
    ------
    CheckpointError
        If one is missing, has no place, or is of another shape or type.
    """
    if config.architecture not in IN_NUMPY:
        return
    if config.architecture == "set" and config.set_layers > len(weights):  # or a list of their names fills the memory
        raise CheckpointError(f"the weights do not fit the network of the configuration: {config.set_layers} layers.")
    shapes = expected_shapes(config, d_in, n_outputs)
    wrong = [
        f"{name} should be {list(shape)}, found {list(weights[name].shape) if name in weights else 'none'}"
        for name, shape in shapes.items()
        if name not in weights or weights[name].shape != shape
    ]
    wrong += [f"{name} has no place" for name in weights if name not in shapes]
    wrong += [f"{name} holds {w.dtype.name}" for name, w in weights.items() if w.dtype not in _dtypes(name)]
    if wrong:
        raise CheckpointError(f"the weights do not fit the network of the configuration: {'; '.join(wrong[:3])}.")


def _dtypes(name: str) -> tuple[str, ...]:
    return ("int64",) if name.endswith("num_batches_tracked") else ("float32", "float16")


def expected_shapes(config: ModelConfig, d_in: int, n_outputs: int = 1) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a network's weights and statistics by name."""
    if config.architecture == "mlp":
        return _plain_shapes(config, d_in, n_outputs)
    if config.architecture == "residual":
        return _residual_shapes(config, d_in, n_outputs)
    d, n_elements, n_properties = config.set_width, *load_table(ELEMENT_PROPERTIES).values.shape
    shapes: dict[str, tuple[int, ...]] = {"vectors.weight": (n_elements, d), "properties": (n_elements, n_properties)}
    shapes |= {"slope": (config.set_heads,)} | _pair("norm", (d,))
    for i in range(config.set_layers):
        shapes |= _pair(f"layers.{i}.norm", (d,)) | {f"layers.{i}.context.weight": (2 * d, d)}
        shapes |= _pair(f"layers.{i}.own", (2 * d, d)) | _pair(f"layers.{i}.out", (d, 2 * d))
        shapes |= _activation_shapes(config, f"layers.{i}.act")
    shapes |= _pair("from_properties", (d, n_properties)) | _pair("from_fraction", (d, 2 * WAVES + 2))
    shapes |= _pair("value", (2 * d, d)) | _pair("logit", (config.set_heads, d))
    mlp = _residual_shapes(config, d_in + 4 * d, n_outputs)
    return {f"encoder.{k}": v for k, v in shapes.items()} | {f"mlp.{k}": v for k, v in mlp.items()}


def _plain_shapes(config: ModelConfig, d_in: int, n_outputs: int) -> dict[str, tuple[int, ...]]:
    widths, shapes = [d_in, *config.hidden], dict[str, tuple[int, ...]]()
    for i, (d_from, d_to) in enumerate(pairwise(widths)):
        shapes |= _pair(f"body.{4 * i}", (d_to, d_from)) | _norm_shapes(config, f"body.{4 * i + 1}", d_to)
        shapes |= _activation_shapes(config, f"body.{4 * i + 2}")
    return shapes | _pair("head", (n_outputs, widths[-1]))


def _residual_shapes(config: ModelConfig, d_in: int, n_outputs: int) -> dict[str, tuple[int, ...]]:
    d, n_blocks = config.hidden[0], len(config.hidden)
    shapes = (
        _pair("body.0", (d, d_in)) | _norm_shapes(config, f"body.{n_blocks + 1}", d) | _pair("head", (n_outputs, d))
    )
    for i in range(1, n_blocks + 1):
        shapes |= _norm_shapes(config, f"body.{i}.branch.0", d)
        shapes |= _pair(f"body.{i}.branch.1", (d, d)) | _pair(f"body.{i}.branch.4", (d, d))
        shapes |= _activation_shapes(config, f"body.{i}.branch.2")
    return shapes


def _activation_shapes(config: ModelConfig, name: str) -> dict[str, tuple[int, ...]]:
    """Return the shape of the slope that `prelu` learns, one for each layer; no other activation has weights."""
    return {f"{name}.weight": (1,)} if config.activation == "prelu" else {}


def _pair(name: str, weight: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": weight, f"{name}.bias": weight[:1]}


def _norm_shapes(config: ModelConfig, name: str, d: int) -> dict[str, tuple[int, ...]]:
    normalization = normalization_of(config)
    if normalization == "none":
        return {}
    statistics: dict[str, tuple[int, ...]] = {f"{name}.running_mean": (d,), f"{name}.running_var": (d,)}
    statistics |= {f"{name}.num_batches_tracked": ()}
    return _pair(name, (d,)) | (statistics if normalization == "batch" else {})


def _plain(weights: Weights, h: Singles, n_layers: int, act: Any, norm: Any) -> Singles:
    for i in range(n_layers):  # a layer is four modules: linear, normalisation, activation, dropout
        h = act(norm(weights, f"body.{4 * i + 1}", _linear(weights, f"body.{4 * i}", h)))
    return _linear(weights, "head", h)


def _residual(weights: Weights, h: Singles, n_blocks: int, act: Any, norm: Any) -> Singles:
    h = _linear(weights, "body.0", h)
    for i in range(1, n_blocks + 1):
        inner = act(_linear(weights, f"body.{i}.branch.1", norm(weights, f"body.{i}.branch.0", h)))
        h = h + _linear(weights, f"body.{i}.branch.4", inner)
    return _linear(weights, "head", norm(weights, f"body.{n_blocks + 1}", h))


def _encode(weights: Weights, table: Singles, z: Ints, fraction: Singles, config: ModelConfig, act: Any) -> Singles:
    """Return one vector per composition, ``[n, 4 d]``; places after a row's last element have fraction 0."""
    w, absent = fraction[:, :, None], (z == 0)[:, :, None]
    h = table[z] + _linear(weights, "from_fraction", _waves(w))
    for i in range(config.set_layers):
        x = _layer_norm(weights, f"layers.{i}.norm", h)
        context = _linear(weights, f"layers.{i}.context", (x * w).sum(axis=1))
        inner = act(_linear(weights, f"layers.{i}.own", x) + context[:, None])
        h = h + _linear(weights, f"layers.{i}.out", inner)
    h = _layer_norm(weights, "norm", h)
    attended, averaged = np.split(_linear(weights, "value", h), 2, axis=2)
    logits = _linear(weights, "logit", h) + weights["slope"] * np.log(np.maximum(w, np.float32(SMALLEST)))
    logits[np.broadcast_to(absent, logits.shape)] = -np.inf
    share = np.exp(logits - logits.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    heads = attended.reshape(*attended.shape[:2], config.set_heads, -1)
    mean = (share[..., None] * heads).sum(axis=1).reshape(len(z), -1)
    largest = np.where(absent, np.float32(-np.inf), attended).max(axis=1)
    return np.concatenate([mean, (averaged * w).sum(axis=1), (h * w).sum(axis=1), largest], axis=1)


def _waves(w: Singles) -> Singles:
    angles = w * (math.pi * 2.0 ** np.arange(WAVES)).astype(np.float32)
    return np.concatenate([np.sin(angles), np.cos(angles), w, np.log(np.maximum(w, np.float32(SMALLEST)))], axis=-1)


def _linear(weights: Weights, name: str, x: Singles) -> Singles:
    weight, bias = weights[f"{name}.weight"], weights.get(f"{name}.bias")
    flat: Singles = product(x.reshape(-1, x.shape[-1]), weight.T)  # one product instead of one for each row
    if bias is not None:
        flat += bias
    return flat.reshape(*x.shape[:-1], len(weight))


def _layer_norm(weights: Weights, name: str, x: Singles) -> Singles:
    share = np.float32(1 / x.shape[-1])
    centred = x - np.add.reduce(x, axis=-1, keepdims=True) * share
    scale = np.sqrt(np.add.reduce(centred * centred, axis=-1, keepdims=True) * share + np.float32(EPSILON))
    scaled: Singles = centred / scale * weights[f"{name}.weight"] + weights[f"{name}.bias"]
    return scaled


def _batch_norm(weights: Weights, name: str, x: Singles) -> Singles:
    scale = np.sqrt(weights[f"{name}.running_var"] + np.float32(EPSILON))
    centred = x - weights[f"{name}.running_mean"]
    scaled: Singles = centred / scale * weights[f"{name}.weight"] + weights[f"{name}.bias"]
    return scaled


def _no_norm(_weights: Weights, _name: str, x: Singles) -> Singles:
    return x


def _below(weights: Weights, prefix: str) -> dict[str, Singles]:
    return {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}


def _relu(x: Singles) -> Singles:
    return np.maximum(x, np.float32(0))


def _gelu(x: Singles) -> Singles:
    inner = np.float32(math.sqrt(2 / math.pi)) * (x + np.float32(0.044715) * x**3)
    y: Singles = np.float32(0.5) * x * (1 + np.tanh(inner))
    return y


def _swish(x: Singles) -> Singles:
    y: Singles = np.float32(0.5) * x * (1 + np.tanh(np.float32(0.5) * x))
    return y


ACTIVATIONS: dict[str, Callable[[Singles], Singles]] = {"relu": _relu, "gelu": _gelu, "swish": _swish, "tanh": np.tanh}
"""Those of `formation_mlp.models.activations` that are the most used."""

NORMALIZATIONS: dict[str, Callable[[Weights, str, Singles], Singles]] = {
    "none": _no_norm,
    "layer": _layer_norm,
    "batch": _batch_norm,
}
