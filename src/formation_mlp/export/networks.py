"""The networks of `formation_mlp.models.networks` in the operations of ONNX.

The graph is written from the weights, line by line as `formation_mlp.models.numpy_networks` computes, and not traced
from the modules of torch: tracing needs one more package (onnxscript), fixes what is computed for the example that it
sees, and fails where rows are sorted by their number of elements, as the set encoder does for speed. What is written
here has names that a reader knows from the model file, and any number of rows and elements.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from formation_mlp.config.schema import ModelConfig
from formation_mlp.export.activations import ACTIVATIONS
from formation_mlp.export.graph import Graph, Value
from formation_mlp.models.architectures import normalization_of
from formation_mlp.models.numpy_networks import EPSILON, SMALLEST, WAVES

Singles = NDArray[np.float32]
Weights = Mapping[str, Singles]


@dataclass(frozen=True, slots=True)
class Inputs:
    """Names of the arrays that a network takes.

    Attributes
    ----------
    scaled : features, filled and standardised, float32 ``[n, d_in]``
    z, fraction : atomic numbers, 0 where a row has fewer elements, and fractions, int64 and float32 ``[n, k]``; only
        the architecture `set` looks at them
    """

    scaled: Value
    z: Value = ""
    fraction: Value = ""


def add_network(graph: Graph, config: ModelConfig, weights: Weights, inputs: Inputs) -> Value:
    """Add a network to a graph, and return the name of its output, float32 ``[n, n_outputs]``.

    Parameters
    ----------
    graph
        What it is added to.
    config
        The section `model` of the configuration, of one of the package's own architectures.
    weights
        Arrays by the names that torch gives them.
    inputs
        Names of the arrays that it takes.
    """
    layers = _Layers(graph, config, weights)
    if config.architecture == "mlp":
        return layers.plain(inputs.scaled)
    if config.architecture == "residual":
        return layers.residual(inputs.scaled)
    elements = layers.below("encoder.").encoding(inputs)
    return layers.below("mlp.").residual(graph.add("Concat", inputs.scaled, elements, axis=1))


@dataclass(frozen=True, slots=True)
class _Layers:
    graph: Graph
    config: ModelConfig
    weights: Weights

    def below(self, prefix: str) -> _Layers:
        inner = {name.removeprefix(prefix): w for name, w in self.weights.items() if name.startswith(prefix)}
        return _Layers(self.graph, self.config, inner)

    def plain(self, h: Value) -> Value:
        for i in range(len(self.config.hidden)):  # four modules each: linear, normalisation, activation, dropout
            h = self._act(self._norm(self.linear(h, f"body.{4 * i}"), f"body.{4 * i + 1}"), f"body.{4 * i + 2}")
        return self.linear(h, "head")

    def residual(self, h: Value) -> Value:
        h = self.linear(h, "body.0")
        n_blocks = len(self.config.hidden)
        for i in range(1, n_blocks + 1):
            branch = f"body.{i}.branch"
            inner = self._act(self.linear(self._norm(h, f"{branch}.0"), f"{branch}.1"), f"{branch}.2")
            h = self.graph.add("Add", h, self.linear(inner, f"{branch}.4"))
        return self.linear(self._norm(h, f"body.{n_blocks + 1}"), "head")

    def encoding(self, inputs: Inputs) -> Value:
        """Return one vector per composition, ``[n, 4 d]``; places after a row's last element have fraction 0."""
        add, last = self.graph.add, np.array([2])
        w = add("Unsqueeze", inputs.fraction, last)
        absent = add("Unsqueeze", add("Equal", inputs.z, np.int64(0)), last)
        log_w = add("Log", add("Max", w, np.float32(SMALLEST)))
        h = add("Gather", self._element_table(), inputs.z)
        h = add("Add", h, self.linear(self._waves(w, log_w), "from_fraction"))
        for i in range(self.config.set_layers):
            h = self._exchange(h, w, f"layers.{i}")
        h = self._layer_norm(h, "norm")
        attended, averaged = self._linear_parts(h, "value", 2)
        logits = add("Add", self.linear(h, "logit"), add("Mul", log_w, self.weights["slope"]))
        share = add("Softmax", add("Where", absent, np.float32(-np.inf), logits), axis=1)
        largest = add("ReduceMax", add("Where", absent, np.float32(-np.inf), attended), axes=[1], keepdims=0)
        means = [self._sum(add("Mul", value, w)) for value in (averaged, h)]
        return add("Concat", self._attended_mean(attended, share), *means, largest, axis=1)

    def _element_table(self) -> Singles:
        weight, bias = self.weights["from_properties.weight"], self.weights["from_properties.bias"]
        table: Singles = self.weights["vectors.weight"] + self.weights["properties"] @ weight.T + bias
        return table

    def _waves(self, w: Value, log_w: Value) -> Value:
        angles = self.graph.add("Mul", w, (math.pi * 2.0 ** np.arange(WAVES)).astype(np.float32))
        return self.graph.add("Concat", self.graph.add("Sin", angles), self.graph.add("Cos", angles), w, log_w, axis=2)

    def _exchange(self, h: Value, w: Value, layer: str) -> Value:
        add = self.graph.add
        x = self._layer_norm(h, f"{layer}.norm")
        context = self.linear(self._sum(add("Mul", x, w)), f"{layer}.context")
        inner = add("Add", self.linear(x, f"{layer}.own"), add("Unsqueeze", context, np.array([1])))
        return add("Add", h, self.linear(self._act(inner, f"{layer}.act"), f"{layer}.out"))

    def _attended_mean(self, attended: Value, share: Value) -> Value:
        add, d, heads = self.graph.add, self.config.set_width, self.config.set_heads
        by_head = add("Reshape", attended, np.array([0, 0, heads, d // heads]))
        weighted = add("Mul", by_head, add("Unsqueeze", share, np.array([3])))
        return add("Reshape", self._sum(weighted), np.array([0, d]))

    def _sum(self, x: Value) -> Value:
        """Add up over the elements of a composition, ``[n, k, ...] -> [n, ...]``."""
        return self.graph.add("ReduceSum", x, np.array([1]), keepdims=0)

    def linear(self, x: Value, name: str) -> Value:
        (output,) = self._linear_parts(x, name, 1)
        return output

    def _linear_parts(self, x: Value, name: str, n: int) -> list[Value]:
        """Return the output of a linear layer in ``n`` equal parts."""
        bias = self.weights.get(f"{name}.bias")
        outputs = []
        for part in np.split(np.arange(len(self.weights[f"{name}.weight"])), n):
            weight = self.graph.constant(self.weights[f"{name}.weight"][part].T, f"{name}.weight.T")
            output = self.graph.add("MatMul", x, weight, name=name)
            if bias is not None:
                output = self.graph.add("Add", output, self.graph.constant(bias[part], f"{name}.bias"))
            outputs.append(output)
        return outputs

    def _act(self, x: Value, name: str) -> Value:
        return ACTIVATIONS[self.config.activation](self.graph, x, self.weights.get(f"{name}.weight"))

    def _norm(self, x: Value, name: str) -> Value:
        normalization = normalization_of(self.config)
        if normalization == "none":
            return x
        return self._layer_norm(x, name) if normalization == "layer" else self._batch_norm(x, name)

    def _layer_norm(self, x: Value, name: str) -> Value:
        weight, bias = (
            self.graph.constant(self.weights[f"{name}.{key}"], f"{name}.{key}") for key in ("weight", "bias")
        )
        return self.graph.add("LayerNormalization", x, weight, bias, name=name, axis=-1, epsilon=EPSILON)

    def _batch_norm(self, x: Value, name: str) -> Value:
        """Apply the statistics of the training, which are constants: one product and one sum."""
        mean, var = (self.weights[f"{name}.running_{key}"] for key in ("mean", "var"))
        scale = self.weights[f"{name}.weight"] / np.sqrt(var + np.float32(EPSILON))
        shift = self.weights[f"{name}.bias"] - mean * scale
        return self.graph.add("Add", self.graph.add("Mul", x, scale), shift, name=name)
