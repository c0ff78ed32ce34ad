"""The presets that describe a composition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from formation_mlp.features.composition.charge_balance import charge_balance
from formation_mlp.features.composition.element_statistics import deml, magpie, matscholar, megnet_el, pymatgen
from formation_mlp.features.composition.ionic import ion_property
from formation_mlp.features.composition.orbitals import band_center, valence_orbital
from formation_mlp.features.composition.stoichiometry import element_fraction, stoichiometry, tm_fraction

if TYPE_CHECKING:
    from collections.abc import Callable

    from formation_mlp.features.base import Preset

COMPOSITION_PRESETS: dict[str, Callable[..., Preset]] = {
    "magpie": magpie,
    "stoichiometry": stoichiometry,
    "valence_orbital": valence_orbital,
    "ion_property": ion_property,
    "element_fraction": element_fraction,
    "charge_balance": charge_balance,
    "deml": deml,
    "matscholar": matscholar,
    "megnet_el": megnet_el,
    "pymatgen": pymatgen,
    "band_center": band_center,
    "tm_fraction": tm_fraction,
}
"""Name to the function that makes the preset."""
