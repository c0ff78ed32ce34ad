"""Small crystals."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pymatgen.core import Structure


def rock_salt(cation: str, anion: str, length: float) -> Structure:
    """Return the conventional cell of a rock salt, 8 sites, edge in angstrom."""
    from pymatgen.core import Lattice, Structure

    corners: list[list[float]] = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]
    centres = [[x + 0.5, y, z] for x, y, z in corners]
    return Structure(Lattice.cubic(length), [cation] * 4 + [anion] * 4, corners + centres)


ROCK_SALTS = {
    "NaCl": (("Na", "Cl", 5.64), -2.131),
    "KCl": (("K", "Cl", 6.29), -2.262),
    "LiF": (("Li", "F", 4.03), -3.194),
    "MgO": (("Mg", "O", 4.21), -3.118),
    "CaO": (("Ca", "O", 4.81), -3.291),
    "NaF": (("Na", "F", 4.63), -2.988),
}
"""Formula to cation, anion and edge in angstrom, and the measured formation enthalpy in eV/atom."""
