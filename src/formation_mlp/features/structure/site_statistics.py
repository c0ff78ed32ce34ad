"""Statistics of matminer's site fingerprints."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.errors import FeatureError
from formation_mlp.features.base import FeatureBlock, Preset
from formation_mlp.features.structure.rows import featurize_each, structures_of
from formation_mlp.registry import lookup
from formation_mlp.typing import Floats, Ints

if TYPE_CHECKING:
    from formation_mlp.materials.records import Materials


def site_stats(fingerprint: str = "CrystalNNFingerprint_ops") -> Preset:
    """Return the preset of matminer's ``SiteStatsFingerprint``: mean and standard deviation over the sites.

    This one is matminer's own code, at some tens of milliseconds per site. It is given coordinates within the
    cell. What it raises for a structure is the reason of that row.

    Parameters
    ----------
    fingerprint
        Which site fingerprint, by the name of matminer's preset; see `FINGERPRINTS`.

    Raises
    ------
    ConfigError
        If the fingerprint is unknown.
    """
    citation = lookup(FINGERPRINTS, fingerprint, "site_stats.fingerprint", "fingerprint")

    from matminer.featurizers.structure import SiteStatsFingerprint
    from pymatgen.core.lattice import Lattice
    from pymatgen.core.structure import Structure

    featurizer = SiteStatsFingerprint.from_preset(fingerprint)
    names = tuple(featurizer.feature_labels())

    def featurize(lattice: Floats, z: Ints, frac: Floats) -> Floats:
        structure = Structure(Lattice(lattice), [SYMBOLS[number] for number in z], frac % 1.0 % 1.0)
        try:
            values = np.array(featurizer.featurize(structure), float)
        except Exception as error:  # whatever goes wrong in there is the reason of this row
            raise FeatureError(f"matminer: {type(error).__name__}: {error}") from error
        if not np.isfinite(values).all():
            raise FeatureError("matminer: the fingerprint is not finite")
        return values

    def compute(materials: Materials) -> FeatureBlock:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return featurize_each(structures_of(materials), len(names), featurize)

    return Preset(names, compute, needs_structure=True, citation=citation)


ZIMMERMANN_2020 = (
    "N. E. R. Zimmermann, A. Jain, Local structure order parameters and site fingerprints for quantification of "
    "coordination environment and crystal structure similarity, RSC Adv. 10, 6063-6081 (2020). doi:10.1039/C9RA07755C"
)
ZIMMERMANN_2017 = (
    "N. E. R. Zimmermann, M. K. Horton, A. Jain, M. Haranczyk, Assessing Local Structure Motifs Using Order Parameters "
    "for Motif Recognition, Interstitial Identification, and Diffusion Path Characterization, Front. Mater. 4, 34 "
    "(2017). doi:10.3389/fmats.2017.00034"
)

FINGERPRINTS: dict[str, str] = {
    "CrystalNNFingerprint_ops": ZIMMERMANN_2020,
    "CrystalNNFingerprint_cn": ZIMMERMANN_2020,
    "OPSiteFingerprint": ZIMMERMANN_2017,
}
"""Site fingerprints of `site_stats`, with their papers."""
