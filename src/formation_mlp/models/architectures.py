"""What is known of an architecture without building its network, which would import torch.

An architecture that is not named here sees the features only, and is built, trained, saved and read all the same: its
weights are checked by torch in place of `formation_mlp.models.numpy_networks`, and nobody counts its memory beforehand.
"""

from __future__ import annotations

from formation_mlp.config.schema import ModelConfig

IN_NUMPY = ("mlp", "residual", "set")
"""Those whose weights and answers `formation_mlp.models.numpy_networks` knows, and whose size
`formation_mlp.models.size` counts."""

OF_BLOCKS = ("residual", "set")
"""Those made of residual blocks: of equal widths and, unless another one is asked for, with normalization `layer`."""

SEEING_ELEMENTS = ("set",)
"""Those whose input is, beside the features, the elements of each material."""


def sees_elements(model: ModelConfig) -> bool:
    """Tell whether the network's input is, beside features, the elements of each material."""
    return model.architecture in SEEING_ELEMENTS


def normalization_of(model: ModelConfig) -> str:
    """Return the normalization of a network, which is a default of its architecture if none is asked for."""
    return model.normalization or ("layer" if model.architecture in OF_BLOCKS else "none")
