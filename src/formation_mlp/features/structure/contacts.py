"""Contacts of atoms, measured by their radii."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.element_data import load_table, select_properties
from formation_mlp.features.base import FeatureBlock, Preset
from formation_mlp.features.structure.contact_statistics import contact_attributes
from formation_mlp.features.structure.rows import featurize_each, structures_of
from formation_mlp.features.structure.tessellation import tessellate, voronoi_faces
from formation_mlp.system.kernels import kernels_for
from formation_mlp.typing import Floats, Ints

if TYPE_CHECKING:
    from formation_mlp.materials.records import Materials

SOURCES = (
    "Defined by formation_mlp. Bond orders: I. D. Brown, D. Altermatt, Bond-valence parameters, Acta Cryst. B 41, 244 "
    "(1985), doi:10.1107/S0108768185002063; their square root: M. W. Finnis, J. E. Sinclair, A simple empirical N-body "
    "potential for transition metals, Phil. Mag. A 50, 45 (1984), doi:10.1080/01418618408244210"
)

STATISTICS = ("minimum", "maximum", "mean", "avg_dev")
RADII = ("covalent", "elemental_solid", "atomic", "ionic", "van_der_waals")
DECAYS = ("0.2", "0.37", "0.7")
CLASSES = ("0 to 0.5", "0.5 to 1", "1 to 1.5", "1.5 to 2", "2 and more")


def _names() -> tuple[str, ...]:
    per_site = []
    for radius in RADII:
        per_site += [f"mean relative distance ({radius} radii)", f"shortest relative distance ({radius} radii)"]
        for decay in DECAYS:
            per_site += [f"{form} bond order {decay} ({radius} radii)" for form in ("root of", "logarithm of")]
    classes = [
        f"{quantity}, electronegativity difference {difference}"
        for difference in CLASSES
        for quantity in ("share of contacts", "relative distance of contacts", "bond order of contacts")
    ]
    charges = (
        *("charge by area", "charge by bond order", "ionic strength of contacts", "inverse distance of contacts"),
        *("screened energy of charges by bond order", "contact energy of charges by area"),
        *("squared charge difference of contacts", "absolute charge by bond order"),
        *("absolute charge by area", "squared charge by area"),
    )
    return (
        *(f"{statistic} {quantity}" for quantity in per_site for statistic in STATISTICS),
        *classes,
        *(f"{statistic} {quantity}" for quantity in charges[:4] for statistic in STATISTICS),
        *charges[4:],
    )


NAMES = _names()


def contacts() -> Preset:
    """Return the preset of 197 numbers that measure the contacts of atoms by their radii.

    matminer's features of a tessellation know distances only relative to the others of the same structure. These, of
    this package, compare them with what the elements ask for, which tells compressed from stretched contacts and
    one decoration of a lattice from another. Contacts are the faces of the Voronoi tessellation; ``d`` is the distance
    (angstrom), ``w`` the share of the face in the area of its cell, ``R`` the sum of the two radii, ``chi`` the
    electronegativity (Pauling).

    - For each of five radii (covalent; of the sphere that one atom of the elemental solid fills; atomic; mean ionic;
      van der Waals): sum of ``w d / R``, smallest ``d / R``, and for three decays ``b`` (0.2, 0.37 and 0.7
      angstrom) the bond order ``sum exp((R - d) / b)`` of a site as its square root (the second-moment
      energy of Finnis and Sinclair) and its logarithm. Four statistics over the sites of each.
    - For five classes of contacts by difference in ``chi``: their share, ``w d / R`` and bond order per site.
    - Charges, positive on the side of the smaller ``chi``, with the weights ``w`` or the bond orders;
      ``w (difference in chi)^2 / d`` and ``w / d``; and sums over pairs of charges, screened or by solid angle.

    The numbers are the same for every choice of cell, origin and order of sites. Where a radius is not tabulated, the
    line through the other elements' covalent radii and radii of this kind (least squares) gives it; without
    covalent radius or electronegativity (noble gases, the heaviest elements) numbers are NaN, and counted.
    """

    def compute(materials: Materials) -> FeatureBlock:
        structures = structures_of(materials)
        tessellator, attributes = kernels_for(len(structures.z), tessellate, contact_attributes)
        radii, chi = element_radii(), select_properties("magpie", ("Electronegativity",)).values[:, 0].copy()

        def featurize(lattice: Floats, z: Ints, frac: Floats) -> Floats:
            x: Floats = attributes(*voronoi_faces(lattice, frac, tessellator), np.array(z), radii, chi)
            return x

        block = featurize_each(structures, len(NAMES), featurize)
        lacking = np.isnan(block.X).sum(axis=0) - len(block.failures)
        missing = {name: int(n) for name, n in zip(NAMES, lacking, strict=True) if n}
        return FeatureBlock(block.X, block.failures, missing)

    return Preset(NAMES, compute, needs_structure=True, citation=SOURCES)


@cache
def element_radii() -> Floats:
    """Return the radii of `RADII` by atomic number, angstrom, ``[5, 119]``; NaN without a covalent radius."""
    table = load_table("radii")
    radii = table.values[:, [table.properties.index(name) for name in RADII]].T.copy()
    for row in radii[1:]:
        known = np.isfinite(row) & np.isfinite(radii[0])
        slope, offset = np.polyfit(radii[0][known], row[known], 1)
        row[~known] = offset + slope * radii[0][~known]
    return radii
