"""Shares of the kinds of bonds in a structure."""

from __future__ import annotations

from functools import cache
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.elements import ATOMIC_NUMBER, SYMBOLS
from formation_mlp.errors import ConfigError, FeatureError
from formation_mlp.features.base import FeatureBlock, Preset
from formation_mlp.features.structure.rows import featurize_each, structures_of
from formation_mlp.typing import Floats, Ints

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from formation_mlp.materials.records import Materials

HANSEN_2015 = (
    "K. Hansen et al., Machine Learning Predictions of Molecular Properties: Accurate Many-Body Potentials and "
    "Nonlocality in Chemical Space, J. Phys. Chem. Lett. 6, 2326-2331 (2015). doi:10.1021/acs.jpclett.5b00831"
)

FAMILIES: dict[str, str] = {
    "alkali metal": "Li Na K Rb Cs Fr",
    "alkaline earth metal": "Be Mg Ca Sr Ba Ra",
    "f-block metal": "La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr",
    "d-block metal": "Sc Ti V Cr Mn Fe Co Ni Cu Zn Y Zr Nb Mo Tc Ru Rh Pd Ag Cd "
    "Hf Ta W Re Os Ir Pt Au Hg Rf Db Sg Bh Hs Mt Ds Rg Cn",
    "p-block metal": "Al Ga In Sn Tl Pb Bi Nh Fl Mc Lv",
    "metalloid": "B Si Ge As Sb Te Po",
    "nonmetal": "H C N O P S Se",
    "halogen": "F Cl Br I At Ts",
    "noble gas": "He Ne Ar Kr Xe Rn Og",
}
"""Families of elements, which share the columns of `bond_fractions` by default."""


def bond_fractions(bonds: Sequence[str] | None = None) -> Preset:
    """Return the preset of matminer's ``BondFractions``: the share of each kind of bond among all bonds.

    Bonds are those of pymatgen's ``CrystalNN`` (Pan et al., Inorg. Chem. 60, 1590 (2021)) between neutral
    atoms, found here from the same Voronoi tessellation as in `ward2017`. matminer takes its columns from the
    structures it is fitted to, one for each pair of elements. A preset here depends on no other row, so by
    default there is one column for each pair of the nine families of elements in `FAMILIES`, such as
    ``alkali metal - halogen bond frac.``. The row of a structure without bonds is zero.

    Parameters
    ----------
    bonds
        Pairs of elements, such as ``["Cl - Na", "O - Ti"]``, for matminer's own columns (its
        ``allowed_bonds``). Other bonds count in the total only.

    Raises
    ------
    ConfigError
        If a bond is not a pair of elements, or is given twice.
    """
    names, column = _columns(bonds)

    def compute(materials: Materials) -> FeatureBlock:
        from formation_mlp.features.structure.crystal_nn import bond_fractions_of
        from formation_mlp.features.structure.tessellation import voronoi_faces

        electronegativity, radius = _electronegativities_and_radii()

        def featurize(lattice: Floats, z: Ints, frac: Floats) -> Floats:
            unknown = sorted({SYMBOLS[number] for number in z[np.isnan(radius[z])]})
            if unknown:
                raise FeatureError(f"no radius is known for {', '.join(unknown)}")
            faces = voronoi_faces(lattice, frac)
            return bond_fractions_of(*faces, np.array(z), electronegativity, radius, column)

        return featurize_each(structures_of(materials), len(names), featurize)

    return Preset(names, compute, needs_structure=True, citation=HANSEN_2015)


def _columns(bonds: Sequence[str] | None) -> tuple[tuple[str, ...], Ints]:
    """Return the column names and the column of each pair of atomic numbers, ``[119, 119]``."""
    groups: Mapping[str, Sequence[str]] = {family: symbols.split() for family, symbols in FAMILIES.items()}
    if bonds is None:
        pairs = list(combinations_with_replacement(FAMILIES, 2))
    else:
        groups = {symbol: [symbol] for symbol in ATOMIC_NUMBER}
        pairs = [_pair(bond) for bond in bonds]
    column = np.full((len(SYMBOLS), len(SYMBOLS)), -1, np.int64)
    for index, (first, second) in enumerate(pairs):
        for a in (ATOMIC_NUMBER[symbol] for symbol in groups[first]):
            for b in (ATOMIC_NUMBER[symbol] for symbol in groups[second]):
                column[a, b] = column[b, a] = index
    if len(set(pairs)) < len(pairs):
        raise ConfigError("bond_fractions.bonds: a bond is given twice.")
    return tuple(f"{first} - {second} bond frac." for first, second in pairs), column


def _pair(bond: str) -> tuple[str, str]:
    symbols = sorted(bond.removesuffix(" bond frac.").split(" - "))
    if len(symbols) != 2 or not set(symbols) <= ATOMIC_NUMBER.keys():
        raise ConfigError(f"bond_fractions.bonds: found {bond!r}; give two elements, such as 'Na - Cl'.")
    return symbols[0], symbols[1]


@cache
def _electronegativities_and_radii() -> tuple[Floats, Floats]:
    """Return Pauling electronegativity and covalent radius (angstrom), ``[119]``, NaN if unknown."""
    import warnings

    from pymatgen.analysis.molecule_structure_comparator import CovalentRadius
    from pymatgen.core.periodic_table import Element

    electronegativity, radius = np.full(len(SYMBOLS), np.nan), np.full(len(SYMBOLS), np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for symbol, z in ATOMIC_NUMBER.items():
            element = Element(symbol)
            electronegativity[z] = element.X
            radius[z] = CovalentRadius.radius.get(symbol) or element.atomic_radius or np.nan
    return electronegativity, radius
