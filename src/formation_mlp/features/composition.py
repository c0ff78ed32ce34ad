"""Presets that describe a composition."""

from __future__ import annotations

from collections.abc import Callable

from formation_mlp.features.base import Preset
from formation_mlp.features.element_statistics import magpie
from formation_mlp.features.orbitals import valence_orbital
from formation_mlp.features.stoichiometry import element_fraction, stoichiometry

COMPOSITION_PRESETS: dict[str, Callable[..., Preset]] = {
    "magpie": magpie,
    "stoichiometry": stoichiometry,
    "valence_orbital": valence_orbital,
    "element_fraction": element_fraction,
}
"""Name to a function that returns the preset."""
