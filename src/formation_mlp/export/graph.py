"""A computation as ONNX describes it: operations that take and give named arrays, and constants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formation_mlp.export.packages import onnx_package

OPSET = 17
"""Of ONNX: the first with layer normalisation, read by ONNX Runtime 1.12 (2022) and later."""

IR_VERSION = 8
"""Of the file, as it belongs to the opset."""

Value = str
"""Name of an array in the graph."""

Shape = Sequence[str | int]
"""Of an array; a text stands for a size that is known at run time only."""

Arrays = Mapping[str, tuple[type[np.generic], Shape]]
"""Name to type and shape."""


class Graph:
    """Operations in the order in which they are computed.

    Examples
    --------
    >>> import numpy as np
    >>> graph = Graph()
    >>> doubled = graph.add("Mul", "x", np.float64(2))
    >>> model = graph.model({"x": (np.float64, ["n"])}, {doubled: (np.float64, ["n"])}, "doubles", {})
    >>> [node.op_type for node in model.graph.node]
    ['Mul']
    """

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._names: set[str] = set()
        self._scope = ""

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Begin the names of all that is added inside the block with ``name``, so that a reader finds his way."""
        before = self._scope
        self._scope = f"{before}{name}/"
        try:
            yield
        finally:
            self._scope = before

    def add(self, operation: str, *inputs: Value | NDArray[Any] | np.generic, name: str = "", **options: Any) -> Value:
        """Add an operation of ONNX with one output, and return its name; inputs that are arrays become constants."""
        names = [given if isinstance(given, str) else self.constant(given) for given in inputs]
        output = self._unused(name or operation.lower())
        self._nodes.append(onnx_package("onnx.helper").make_node(operation, names, [output], output, **options))
        return output

    def constant(self, array: NDArray[Any] | np.generic, name: str = "constant") -> Value:
        """Keep an array in the graph, and return its name."""
        unused = self._unused(name)
        stored = np.ascontiguousarray(array) if np.ndim(array) else np.asarray(array)
        self._constants.append(onnx_package("onnx.numpy_helper").from_array(stored, unused))
        return unused

    def output(self, value: Value, name: str) -> Value:
        """Give an array the name under which a caller gets it."""
        self._nodes.append(onnx_package("onnx.helper").make_node("Identity", [value], [name], name))
        return name

    def model(
        self,
        inputs: Arrays,
        outputs: Arrays,
        meaning: str,
        metadata: Mapping[str, str],
    ) -> Any:
        """Return the whole as an ONNX ``ModelProto``, checked by ONNX.

        Parameters
        ----------
        inputs, outputs
            What a caller gives and gets.
        meaning
            Of the numbers, for a reader.
        metadata
            Texts by name that the file carries.
        """
        from formation_mlp.version import __version__

        helper = onnx_package("onnx.helper")
        graph = helper.make_graph(
            self._nodes, "formation_mlp", _described(inputs), _described(outputs), self._constants, doc_string=meaning
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="formation_mlp",
            producer_version=__version__,
            doc_string=meaning,
        )
        helper.set_model_props(model, dict(metadata))
        onnx_package("onnx").checker.check_model(model, full_check=True)
        return model

    def _unused(self, name: str) -> str:
        wanted = unused = f"{self._scope}{name}"
        number = 1
        while unused in self._names:
            unused = f"{wanted}_{number}"
            number += 1
        self._names.add(unused)
        return unused


def _described(arrays: Arrays) -> list[Any]:
    helper = onnx_package("onnx.helper")
    return [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(kind)), list(shape))
        for name, (kind, shape) in arrays.items()
    ]
