"""Features of the electrons: valence orbitals and the band centre."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.element_data import ElementTable, select_properties
from formation_mlp.features.base import FeatureBlock, Preset
from formation_mlp.features.citations import BUTLER_1978, WARD_2016
from formation_mlp.features.composition.element_columns import columns_of_elements
from formation_mlp.system.compiled import kernel_for
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from formation_mlp.chemistry.compositions import Compositions
    from formation_mlp.materials.records import Materials


def valence_orbital(impute_nan: bool = False) -> Preset:
    """Return the mean number of s, p, d, f valence electrons, and their shares of all valence electrons.

    matminer's ``ValenceOrbital``: the share is the mean number in the orbital over the mean total number.
    """
    names = tuple(f"{what} {orbital} valence electrons" for what in ("avg", "frac") for orbital in "spdf")

    def columns(compositions: Compositions, values: Floats) -> Floats:
        X = np.empty((len(compositions), len(names)))
        kernel = kernel_for(len(X), _valence_electrons)
        kernel(compositions.row_ptr, compositions.z, compositions.amount, values, X)
        return X

    def compute(materials: Materials) -> FeatureBlock:
        table = select_properties("magpie", ("NsValence", "NpValence", "NdValence", "NfValence", "NValence"))
        return columns_of_elements(materials.compositions, table, names, columns, impute_nan)

    return Preset(names, compute, needs_structure=False, citation=WARD_2016)


def band_center(impute_nan: bool = False) -> Preset:
    """Return the geometric mean of the elements' Mulliken electronegativities, in eV.

    matminer's ``BandCenter``: an element's electronegativity is half the sum of its first ionization energy and its
    electron affinity, both in kJ/mol, over 96.48.
    """
    names = ("band center",)

    def columns(compositions: Compositions, values: Floats) -> Floats:
        electronegativity = 0.5 * (values[:, 0] / 1000 + values[:, 1]) / 96.48
        share = compositions.fractions() * np.log(electronegativity)[compositions.z]
        return np.exp(np.add.reduceat(share, compositions.row_ptr[:-1]))[:, None]

    def compute(materials: Materials) -> FeatureBlock:
        ionization = select_properties("deml", ("first_ioniz",))
        affinity = select_properties("magpie", ("ElectronAffinity",))
        table = ElementTable(
            (*ionization.properties, *affinity.properties),
            np.hstack([ionization.values, affinity.values]),
            np.hstack([ionization.means, affinity.means]),
        )
        return columns_of_elements(materials.compositions, table, names, columns, impute_nan)

    return Preset(names, compute, needs_structure=False, citation=BUTLER_1978)


def _valence_electrons(row_ptr, z, amount, values, out):  # type: ignore[no-untyped-def]
    """Fill ``out [n, 8]`` from ``values [119, 5]``: electrons in s, p, d, f orbitals, and all of them."""
    for row in range(len(row_ptr) - 1):
        n_atoms, n_electrons = 0.0, 0.0
        for entry in range(row_ptr[row], row_ptr[row + 1]):
            n_atoms += amount[entry]
            n_electrons += amount[entry] * values[z[entry], 4]
        for orbital in range(4):
            n_here = 0.0
            for entry in range(row_ptr[row], row_ptr[row + 1]):
                n_here += amount[entry] * values[z[entry], orbital]
            out[row, orbital] = n_here / n_atoms
            out[row, orbital + 4] = n_here / n_electrons
