"""The radial distribution function of a structure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.errors import ConfigError
from formation_mlp.features.base import FeatureBlock, Preset
from formation_mlp.features.structure_rows import broken_cells, failed_rows, structures_of

if TYPE_CHECKING:
    from formation_mlp.materials.records import Materials


def rdf(cutoff: float = 20.0, bin_size: float = 0.1) -> Preset:
    """Return the preset of the radial distribution function g(r), with the columns of matminer's
    ``RadialDistributionFunction``.

    A column is the number of neighbours of an atom at distances in [r, r + ``bin_size``), averaged over
    the atoms, divided by the volume of this shell and by the number of atoms per volume; it goes to one at
    large r. matminer sums over the atoms instead, so that a doubled cell has twice the values: its numbers
    are these times the number of sites. A distance less than a millionth of a bin below an edge counts
    above it, so that rounding, as from another choice of cell, moves no shell of neighbours.

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
        from formation_mlp.features.radial_counts import pair_counts

        structures = structures_of(materials)
        failures = broken_cells(structures)
        usable = np.ones(len(structures), np.bool_)
        usable[list(failures)] = False
        counts = pair_counts(structures.site_ptr, structures.lattice, structures.frac, bin_size, n_bins, usable)
        with np.errstate(invalid="ignore", divide="ignore"):
            number_density = structures.n_sites / np.abs(np.linalg.det(structures.lattice))
            X = counts / shell_volume / number_density[:, None]
        return failed_rows(X, failures)

    return Preset(
        tuple(f"rdf [{low:.5f} - {high:.5f}]A" for low, high in zip(edges, edges[1:], strict=False)),
        compute,
        needs_structure=True,
        citation="Ward et al., Comput. Mater. Sci. 152, 60 (2018)",
    )
