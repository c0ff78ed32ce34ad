"""The radial distribution function of a structure."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.errors import ConfigError, FeatureError
from formation_mlp.features.base import FeatureBlock, Preset
from formation_mlp.features.citations import MATMINER_2018
from formation_mlp.features.structure.rows import featurize_each, structures_of
from formation_mlp.typing import Floats, Ints

if TYPE_CHECKING:
    from formation_mlp.materials.records import Materials

MOST_NEIGHBOURS = 1_000_000
"""Of one atom: 100 MB of memory."""


def rdf(cutoff: float = 20.0, bin_size: float = 0.1) -> Preset:
    """Return the preset of the radial distribution function g(r).

    The columns are those of matminer's ``RadialDistributionFunction``: the number of neighbours of an atom at
    distances in [r, r + ``bin_size``), averaged over the atoms, divided by the volume of this shell and by
    the number of atoms per volume. It goes to one at large r. matminer sums over the atoms instead, so that
    a doubled cell has twice the values: its numbers are these times the number of sites. A distance less
    than a millionth of a bin below an edge counts above it, so that rounding, as from another choice of cell,
    moves no shell of neighbours.

    Parameters
    ----------
    cutoff
        Largest distance, angstrom; a multiple of ``bin_size``.
    bin_size
        Width of a bin, angstrom.

    Raises
    ------
    ConfigError
        If the bins do not divide the cutoff.
    """
    n_bins = round(cutoff / bin_size) if bin_size > 0 else 0
    if n_bins < 1 or abs(n_bins * bin_size - cutoff) > 1e-6 * bin_size:
        raise ConfigError(
            f"rdf: found cutoff {cutoff} and bin_size {bin_size}; the cutoff must be a multiple of the bin size, "
            "such as 20 and 0.1."
        )
    edges = np.arange(n_bins + 1) * bin_size
    shell_volume = 4 / 3 * np.pi * np.diff(edges**3)

    def compute(materials: Materials) -> FeatureBlock:
        from formation_mlp.features.structure.radial_counts import neighbour_counts

        def featurize(lattice: Floats, z: Ints, frac: Floats) -> Floats:
            number_density = len(z) / abs(np.linalg.det(lattice))
            if number_density * shell_volume.sum() > MOST_NEIGHBOURS:
                raise FeatureError(f"an atom has more than {MOST_NEIGHBOURS} neighbours within {cutoff} angstrom")
            counts = neighbour_counts(np.array(lattice), np.array(frac), bin_size, n_bins)
            g: Floats = counts / shell_volume / number_density
            return g

        return featurize_each(structures_of(materials), n_bins, featurize)

    return Preset(
        tuple(f"rdf [{low:.5f} - {high:.5f}]A" for low, high in pairwise(edges)),
        compute,
        needs_structure=True,
        citation=MATMINER_2018,
    )
