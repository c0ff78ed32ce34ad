"""Electrostatic energy of charges guessed from electronegativities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.element_data import select_properties
from formation_mlp.features.base import FeatureBlock, Preset
from formation_mlp.features.structure.contacts import element_radii
from formation_mlp.features.structure.electrostatic_sums import electrostatic_sums
from formation_mlp.features.structure.rows import featurize_each, structures_of
from formation_mlp.features.structure.tessellation import tessellate, voronoi_faces
from formation_mlp.system.kernels import kernels_for
from formation_mlp.typing import Floats, Ints

if TYPE_CHECKING:
    from formation_mlp.materials.records import Materials

WOLF = (
    "Defined by formation_mlp with the damped sum of D. Wolf, P. Keblinski, S. R. Phillpot, J. Eggebrecht, Exact "
    "method for the simulation of Coulombic systems by spherically truncated, pairwise r^-1 summation, J. Chem. "
    "Phys. 110, 8254 (1999), doi:10.1063/1.478738"
)

CHARGES = ("area", "bond order")
DAMPINGS = ("0.2", "0.4")
NAMES = (
    *(f"damped Coulomb sum {damping} of charges by {charge}" for damping in DAMPINGS for charge in CHARGES),
    *(f"mean squared charge by {charge}" for charge in CHARGES),
    *(f"largest charge by {charge}" for charge in CHARGES),
)


def electrostatics() -> Preset:
    """Return the preset of 8 electrostatic sums over charges guessed from electronegativities.

    Of this package; matminer's ``EwaldEnergy`` needs oxidation states. The charge of a site is the sum over its Voronoi
    neighbours of ``chi_j - chi_i``, weighted by the share of the face in the area of the cell, or by the bond order
    ``exp((R - d) / 0.37)`` of covalent radii (see `formation_mlp.features.structure.contacts.contacts`), less the mean
    over the sites. The sums are ``sum q_i q_j erfc(a d) / d`` over all neighbours within 7.5 angstrom, per site, for
    ``a`` of 0.2 and 0.4 per angstrom.

    The numbers are the same for every choice of cell, origin and order of sites. Without electronegativity or covalent
    radius of an element (noble gases, the heaviest) they are NaN, and counted.
    """

    def compute(materials: Materials) -> FeatureBlock:
        structures = structures_of(materials)
        tessellator, sums = kernels_for(len(structures.z), tessellate, electrostatic_sums)
        radius = element_radii()[0].copy()
        chi = select_properties("magpie", ("Electronegativity",)).values[:, 0].copy()

        def featurize(lattice: Floats, z: Ints, frac: Floats) -> Floats:
            faces = voronoi_faces(lattice, frac, tessellator)
            x: Floats = sums(np.array(lattice, float), np.array(frac, float), np.array(z), *faces, radius, chi)
            return x

        block = featurize_each(structures, len(NAMES), featurize)
        lacking = np.isnan(block.X).sum(axis=0) - len(block.failures)
        missing = {name: int(n) for name, n in zip(NAMES, lacking, strict=True) if n}
        return FeatureBlock(block.X, block.failures, missing)

    return Preset(NAMES, compute, needs_structure=True, citation=WOLF)
