"""From scaled features to the answer of a trained member; a network's by NumPy, or by torch where NumPy cannot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from formation_mlp.config.own_code import NONE_OWN, Architectures
from formation_mlp.config.schema import ModelConfig
from formation_mlp.errors import CheckpointError
from formation_mlp.models.architectures import sees_elements
from formation_mlp.models.numpy_networks import Forward, check_weights, numpy_network
from formation_mlp.system.blocks import are_rows_alone, in_blocks
from formation_mlp.targets.scaler import TargetScaler
from formation_mlp.typing import Floats, Ints

if TYPE_CHECKING:
    from torch import nn

    from formation_mlp.chemistry.compositions import Compositions

Output = Callable[[Floats, "Compositions | None"], Floats]
"""Scaled features ``[n, d]`` and compositions to the network's output ``[n]``, or ``[n, n_outputs]``."""

Answer = Output
"""The same to predictions ``[n]``: eV/atom, or probabilities."""

FEW = 64
"""Rows up to which one product is made of all of them: a block that is filled up would take longer."""

TORCH_BLOCK = 2048
"""Rows that torch answers at a time."""


def mean_energy(networks: Sequence[tuple[Output, TargetScaler]]) -> Answer:
    """Return the mean of the formation energies, in eV/atom, that some networks predict.

    Each comes with the scaler that turns its output to eV/atom.
    """

    def energy(X: Floats, compositions: Compositions | None) -> Floats:
        energies = [scaler.inverse(output(X, compositions).reshape(len(X))) for output, scaler in networks]
        return np.asarray(np.mean(energies, axis=0), float)

    return energy


def needed(compositions: Compositions | None) -> Compositions:
    """Return the compositions, which this member looks at."""
    if compositions is None:
        raise ValueError("this model needs compositions beside the features")
    return compositions


def network_output(
    config: ModelConfig, weights: Mapping[str, Any], d_in: int, n_outputs: int, architectures: Architectures = NONE_OWN
) -> Output:
    """Return what a network with these weights answers; ``architectures`` are classes of the user's own by name.

    Raises
    ------
    CheckpointError
        If the weights do not fit the network.
    """
    arrays = {name: np.asarray(value) for name, value in weights.items()}
    check_weights(config, arrays, d_in, n_outputs)
    few = numpy_network(config, arrays, d_in, n_outputs)
    by_torch = _torch_output(config, arrays, d_in, n_outputs, architectures) if few is None else None

    def output(X: Floats, compositions: Compositions | None) -> Floats:
        elements: tuple[NDArray[Any], ...] = ()
        if sees_elements(config):
            elements = needed(compositions).padded()
        if by_torch is not None:
            return in_blocks(by_torch, X, *elements, rows=TORCH_BLOCK) if len(X) else by_torch(X, *elements)
        if few is None:
            raise RuntimeError("a network that nobody knows")
        if not len(X) or (len(X) <= FEW and not are_rows_alone()):
            return _in_numpy(few, X, *elements)
        return _in_numpy_blocks(few, X, *elements)

    return output


def _in_numpy(forward: Forward, X: Floats, z: Ints | None = None, fraction: Floats | None = None) -> Floats:
    singles = None if fraction is None else fraction.astype(np.float32)
    return forward(X.astype(np.float32), z, singles).astype(float)


def _in_numpy_blocks(forward: Forward, X: Floats, z: Ints | None = None, fraction: Floats | None = None) -> Floats:
    """Answer rows in blocks of rows with equally many elements: so a row's answer does not depend on the others."""
    if z is None or fraction is None:
        return in_blocks(lambda rows: _in_numpy(forward, rows), X)
    n_elements = np.count_nonzero(z, axis=1)
    rows, found = [], []
    for k in np.unique(n_elements).tolist():
        width = max(k, 1)

        def answer(some: Ints, width: int = width) -> Floats:
            return _in_numpy(forward, X[some], z[some, :width], fraction[some, :width])

        rows.append(np.flatnonzero(n_elements == k))
        found.append(in_blocks(answer, rows[-1]))
    order = np.argsort(np.concatenate(rows))
    output: Floats = np.concatenate(found)[order]
    return output


def _torch_output(
    config: ModelConfig, weights: Mapping[str, NDArray[Any]], d_in: int, n_outputs: int, architectures: Architectures
) -> Callable[..., Floats]:
    import torch

    from formation_mlp.training.batches import as_inputs
    from formation_mlp.training.loop import as_array, forward_rows

    network = torch_network(config, weights, d_in, n_outputs, architectures)
    return lambda *inputs: as_array(forward_rows(network, as_inputs(torch.device("cpu"), *inputs)))


def torch_network(
    config: ModelConfig, weights: Mapping[str, Any], d_in: int, n_outputs: int, architectures: Architectures = NONE_OWN
) -> nn.Module:
    """Return a network of torch with these weights, tensors or arrays; ``architectures``: classes of the user's own.

    Raises
    ------
    CheckpointError
        If the weights do not fit the network.
    """
    import torch

    from formation_mlp.models.networks import build_network
    from formation_mlp.seeding import borrowed_torch_rng, torch_generator

    with borrowed_torch_rng(torch_generator(0, "weights")):  # initial weights, replaced at once
        network = build_network(d_in, config, n_outputs, architectures)
    tensors = {name: torch.as_tensor(np.asarray(value)) for name, value in weights.items()}
    try:
        network.load_state_dict(tensors, strict=True)
    except RuntimeError as error:
        raise CheckpointError(f"the weights do not fit the network of the configuration: {error}") from error
    return network
