"""The activation functions of `formation_mlp.models.activations` in the operations of ONNX."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formation_mlp.export.graph import Graph, Value

Activation = Callable[[Graph, Value, NDArray[np.float32] | None], Value]
"""Adds the function of an array to a graph; the last argument is what the function has learned, for `prelu`."""


def _operation(name: str, **options: Any) -> Activation:
    return lambda graph, x, _learned: graph.add(name, x, **options)


def _prelu(graph: Graph, x: Value, learned: NDArray[np.float32] | None) -> Value:
    if learned is None:
        raise ValueError("prelu without the slope that it has learned")
    return graph.add("PRelu", x, learned)


def _gelu(graph: Graph, x: Value, _learned: object) -> Value:
    """Spell out the form with tanh: ONNX has an operation for it from opset 20 on only."""
    cube = graph.add("Mul", graph.add("Mul", x, x), x)
    inner = graph.add("Add", x, graph.add("Mul", cube, np.float32(0.044715)))
    tanh = graph.add("Tanh", graph.add("Mul", inner, np.float32(math.sqrt(2 / math.pi))))
    return graph.add("Mul", graph.add("Mul", x, np.float32(0.5)), graph.add("Add", tanh, np.float32(1)))


def _swish(graph: Graph, x: Value, _learned: object) -> Value:
    return graph.add("Mul", x, graph.add("Sigmoid", x))


def _mish(graph: Graph, x: Value, _learned: object) -> Value:
    return graph.add("Mul", x, graph.add("Tanh", graph.add("Softplus", x)))


def _hardtanh(graph: Graph, x: Value, _learned: object) -> Value:
    return graph.add("Clip", x, np.float32(-1), np.float32(1))


def _tanhshrink(graph: Graph, x: Value, _learned: object) -> Value:
    return graph.add("Sub", x, graph.add("Tanh", x))


ACTIVATIONS: dict[str, Activation] = {
    "relu": _operation("Relu"),
    "gelu": _gelu,
    "prelu": _prelu,
    "elu": _operation("Elu", alpha=1.0),
    "swish": _swish,
    "selu": _operation("Selu", alpha=1.6732632423543772, gamma=1.0507009873554805),
    "softplus": _operation("Softplus"),
    "mish": _mish,
    "rrelu": _operation("LeakyRelu", alpha=11 / 48),  # its slope outside of training
    "hardswish": _operation("HardSwish"),
    "sigmoid": _operation("Sigmoid"),
    "softsign": _operation("Softsign"),
    "tanh": _operation("Tanh"),
    "hardtanh": _hardtanh,
    "hardsigmoid": _operation("HardSigmoid", alpha=1 / 6, beta=0.5),
    "tanhshrink": _tanhshrink,
    "softshrink": _operation("Shrink", lambd=0.5, bias=0.5),
    "hardshrink": _operation("Shrink", lambd=0.5, bias=0.0),
}
"""Name to what adds the function to a graph."""
