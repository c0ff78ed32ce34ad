"""The structure attributes of Ward et al. (2017)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.element_data import select_properties
from formation_mlp.features.base import FeatureBlock, Preset
from formation_mlp.features.structure.rows import featurize_each, structures_of
from formation_mlp.features.structure.tessellation import tessellate, voronoi_faces
from formation_mlp.features.structure.tessellation_statistics import ward_attributes
from formation_mlp.system.kernels import kernels_for
from formation_mlp.typing import Bools, Floats, Ints

if TYPE_CHECKING:
    from formation_mlp.materials.records import Materials
    from formation_mlp.materials.structures import Structures

WARD_2017 = (
    "L. Ward, R. Liu, A. Krishna, V. I. Hegde, A. Agrawal, A. Choudhary, C. Wolverton, Including crystal structure "
    "attributes in machine learning models of formation energies via Voronoi tessellations, Phys. Rev. B 96, 024104 "
    "(2017). doi:10.1103/PhysRevB.96.024104"
)

STATISTICS = ("minimum", "maximum", "range", "mean", "avg_dev")
PROPERTIES = (
    *("Number", "MendeleevNumber", "AtomicWeight", "MeltingT", "Column", "Row", "CovalentRadius"),
    *("Electronegativity", "NsValence", "NpValence", "NdValence", "NfValence", "NValence"),
    *("NsUnfilled", "NpUnfilled", "NdUnfilled", "NfUnfilled", "NUnfilled"),
    *("GSvolume_pa", "GSbandgap", "GSmagmom", "SpaceGroupNumber"),
)
NAMES = (
    "max packing efficiency",
    *(f"mean ordering parameter shell {shell}" for shell in (1, 2, 3)),
    "mean absolute deviation in relative bond length",
    "max relative bond length",
    "min relative bond length",
    *(f"{statistic} neighbor distance variation" for statistic in STATISTICS),
    "mean absolute deviation in relative cell size",
    *(f"{statistic} CN_VoronoiNN" for statistic in STATISTICS),
    *(f"{statistic} local difference in {name}" for name in PROPERTIES for statistic in STATISTICS),
)


def ward2017(impute_nan: bool = False) -> Preset:
    """Return the preset of the 128 structure attributes of Ward et al., Phys. Rev. B 96, 024104 (2017).

    All come from one Voronoi tessellation, neighbours weighted by the area of the common face. In matminer
    they are ``MaximumPackingEfficiency``, ``ChemicalOrdering``, ``StructuralHeterogeneity`` and the
    ``SiteStatsFingerprint`` presets ``CoordinationNumber_ward-prb-2017`` and
    ``LocalPropertyDifference_ward-prb-2017``, in this order.

    The numbers are matminer's to nine digits, and the same for every choice of cell, origin and
    order of sites. matminer is not followed where it errs:

    - With a fractional coordinate outside [0, 1) it takes a wrong set of neighbours, and raises or returns
      wrong numbers.
    - It looks for neighbours within 13 angstrom. Next to wider voids its cells are too large, or not closed,
      and it raises.
    - It keeps the neighbours of the last structure, and takes them for a structure with the same
      sites in another order.

    Parameters
    ----------
    impute_nan
        Whether an elemental property without a value is the mean over the elements, as in matminer's preset,
        instead of NaN. Rows that need one are counted either way.
    """

    def compute(materials: Materials) -> FeatureBlock:
        structures = structures_of(materials)
        tessellator, attributes = kernels_for(len(structures.z), tessellate, ward_attributes)
        table = select_properties("magpie", PROPERTIES)
        properties = table.imputed() if impute_nan else table.values

        def featurize(lattice: Floats, z: Ints, frac: Floats) -> Floats:
            x: Floats = attributes(*voronoi_faces(lattice, frac, tessellator), np.array(z), properties)
            return x

        block = featurize_each(structures, len(NAMES), featurize)
        return FeatureBlock(block.X, block.failures, _missing(structures, block.failures, np.isnan(table.values)))

    return Preset(NAMES, compute, needs_structure=True, citation=WARD_2017)


def _missing(structures: Structures, failures: dict[int, str], unknown: Bools) -> dict[str, int]:
    """Count the rows with an element whose property is ``unknown`` (``[119, p]``), by column."""
    lacking = np.zeros((len(structures), len(PROPERTIES)), np.bool_)
    incomplete = np.asarray(unknown.any(axis=1))
    site = np.flatnonzero(incomplete[structures.z])
    row = np.searchsorted(structures.site_ptr, site, side="right") - 1
    np.logical_or.at(lacking, row, unknown[structures.z[site]])
    lacking[list(failures)] = False
    counts = zip(PROPERTIES, lacking.sum(axis=0).tolist(), strict=True)
    return {f"{statistic} local difference in {name}": n for name, n in counts if n for statistic in STATISTICS}
