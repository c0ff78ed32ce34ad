"""The table of structure features."""

from __future__ import annotations

from typing import TYPE_CHECKING

from formation_mlp.features.structure.cell import density, sine_coulomb
from formation_mlp.features.structure.contacts import contacts
from formation_mlp.features.structure.electrostatics import electrostatics
from formation_mlp.features.structure.scaled_rdf import scaled_rdf
from formation_mlp.features.structure.symmetry import symmetry
from formation_mlp.features.structure.ward2017 import ward2017

if TYPE_CHECKING:
    from collections.abc import Callable

    from formation_mlp.features.base import Preset

STRUCTURE_PRESETS: dict[str, Callable[..., Preset]] = {
    "ward2017": ward2017,
    "contacts": contacts,
    "density": density,
    "symmetry": symmetry,
    "sine_coulomb": sine_coulomb,
    "electrostatics": electrostatics,
    "scaled_rdf": scaled_rdf,
}
"""Name of each structure preset, and what makes it from its options."""
