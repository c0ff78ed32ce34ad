"""Radial distributions over distances in units of radii, weighted by what the two atoms are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.element_data import select_properties
from formation_mlp.features.base import FeatureBlock, Preset
from formation_mlp.features.structure.contacts import RADII, element_radii
from formation_mlp.features.structure.rows import featurize_each, structures_of
from formation_mlp.features.structure.scaled_rdf_values import scaled_rdf_values
from formation_mlp.system.kernels import kernels_for
from formation_mlp.typing import Bools, Floats, Ints

if TYPE_CHECKING:
    from formation_mlp.materials.records import Materials

SOURCES = (
    "Defined by formation_mlp after the atomic-property-weighted radial distribution function of M. Fernandez, N. R. "
    "Trefiak, T. K. Woo, J. Phys. Chem. C 117, 14095 (2013), doi:10.1021/jp404287t; cutoff of J. Behler and M. "
    "Parrinello, Phys. Rev. Lett. 98, 146401 (2007), doi:10.1103/PhysRevLett.98.146401"
)

PROPERTIES = ("Electronegativity", "NpValence", "NdValence", "MendeleevNumber")
"""Of the products; `magpie` has the table."""
WEIGHTS = ("count", "squared electronegativity difference", "same element", *(f"{name} product" for name in PROPERTIES))
N_BINS = 17
GRIDS = {"covalent": (0.7, 0.12), "elemental_solid": (0.5, 0.09), "van_der_waals": (0.3, 0.09)}
"""Radius to the first centre and the spacing, which is also the width of the Gaussians."""
NAMES = tuple(
    f"{weight} at {first + spacing * b:.2f} ({radius} radii)"
    for radius, (first, spacing) in GRIDS.items()
    for weight in (WEIGHTS if radius == "covalent" else WEIGHTS[:1])
    for b in range(N_BINS)
)


def scaled_rdf() -> Preset:
    """Return the preset of 153 values of radial distribution functions in units of radii.

    Of this package; matminer's functions are of plain distances. ``x = d / R`` is the distance of two atoms over the
    sum of their radii. Each value is the mean over the sites of ``sum w exp(-((x - c) / s)^2 / 2) f(d) / x^2`` over all
    neighbours within 7.5 angstrom, with the cutoff ``f(d) = (1 + cos(pi d / 7.5)) / 2``: for 17 centres ``c`` of
    covalent radii with seven weights ``w`` (1; squared difference of electronegativity; 1 for the same element;
    products of electronegativity, p and d valence electrons and Mendeleev number, each as a deviation from the mean
    of the elements in standard deviations), and with the weight 1 for the radii of elemental solids and van der Waals
    radii.

    The numbers are smooth in all coordinates, and the same for every choice of cell, origin and order of sites. A
    property that is not tabulated counts as that of the mean element; rows that need one are counted.
    """

    def compute(materials: Materials) -> FeatureBlock:
        structures = structures_of(materials)
        (values,) = kernels_for(len(structures.z), scaled_rdf_values)
        radii = element_radii()[[RADII.index(name) for name in GRIDS]].copy()
        grids = np.array(list(GRIDS.values()))
        properties, chi, unknown = _properties()

        def featurize(lattice: Floats, z: Ints, frac: Floats) -> Floats:
            arrays = np.array(lattice, float), np.array(frac, float), np.array(z)
            x: Floats = values(*arrays, radii, grids, N_BINS, chi, properties)
            return x

        block = featurize_each(structures, len(NAMES), featurize)
        rows = np.searchsorted(structures.site_ptr, np.flatnonzero(unknown[structures.z]), side="right") - 1
        n_unknown = len(set(rows.tolist()) - set(block.failures))
        lacking = np.isnan(block.X).sum(axis=0) - len(block.failures)
        weighted = np.array([name.split(" at ")[0] in (WEIGHTS[1], *WEIGHTS[3:]) for name in NAMES])
        counts = np.where(weighted, np.maximum(lacking, n_unknown), lacking)
        missing = {name: int(n) for name, n in zip(NAMES, counts, strict=True) if n}
        return FeatureBlock(block.X, block.failures, missing)

    return Preset(NAMES, compute, needs_structure=True, citation=SOURCES)


def _properties() -> tuple[Floats, Floats, Bools]:
    """Return standardised properties ``[119, p]``, electronegativities ``[119]``, and which elements lack any."""
    values = select_properties("magpie", PROPERTIES).values
    unknown: Bools = np.asarray(np.isnan(values).any(axis=1))
    standard = np.nan_to_num((values - np.nanmean(values, axis=0)) / np.nanstd(values, axis=0))
    chi = np.where(np.isnan(values[:, 0]), np.nanmean(values[:, 0]), values[:, 0])
    return standard, chi, unknown
