"""One crystal structure as arrays: what every reader of structures returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.errors import DataError
from formation_mlp.materials.structures import Structures
from formation_mlp.typing import Floats, Ints

if TYPE_CHECKING:
    from pymatgen.core import Structure

ISOTOPES = ("D", "T")
"""Symbols of heavy hydrogen, read as hydrogen."""


@dataclass(frozen=True, slots=True)
class Crystal:
    """One periodic structure of ``m`` fully occupied sites.

    Attributes
    ----------
    lattice : float64 ``[3, 3]``, lattice vectors as rows, in angstrom
    z : int64 ``[m]``, atomic number of each site
    frac : float64 ``[m, 3]``, fractional coordinates
    notes : remarks on how it was read
    """

    lattice: Floats
    z: Ints
    frac: Floats
    notes: tuple[str, ...] = ()

    def noting(self, *notes: str) -> Crystal:
        """Return the same crystal with further remarks."""
        return replace(self, notes=(*self.notes, *notes))

    def to_pymatgen(self) -> Structure:
        """Return pymatgen's object."""
        (structure,) = as_column([self]).to_pymatgen()
        return structure


def crystal_of(lattice: object, symbols: Sequence[str], frac: object, notes: Sequence[str] = ()) -> Crystal:
    """Build a crystal from element symbols; heavy hydrogen is read as hydrogen, and that is noted."""
    heavy = sorted(set(symbols) & set(ISOTOPES))
    noted = [f"{' and '.join(heavy)} read as hydrogen, H"] if heavy else []
    return Crystal(
        np.asarray(lattice, np.float64).reshape(3, 3),
        np.array([ATOMIC_NUMBER.get(symbol, 1) for symbol in symbols], np.int64),
        np.asarray(frac, np.float64).reshape(-1, 3),
        (*notes, *noted),
    )


def plain_number(text: str) -> float:
    """Return a number as files have it; raises `ValueError` on ``1_0`` too, which Python reads as 10."""
    if "_" in text:
        raise ValueError(f"{text!r} is no number")
    return float(text)


def as_column(crystals: Sequence[Crystal]) -> Structures:
    """Return crystals as one column of structures."""
    return Structures(
        np.cumsum([0, *(len(crystal.z) for crystal in crystals)], dtype=np.int64),
        np.array([crystal.lattice for crystal in crystals], np.float64).reshape(-1, 3, 3),
        np.concatenate([np.empty(0, np.int64), *(crystal.z for crystal in crystals)]),
        np.concatenate([np.empty((0, 3)), *(crystal.frac for crystal in crystals)]),
    )


def lattice_vectors(parameters: Floats) -> Floats:
    """Return lattice vectors as rows, ``[3, 3]``, for ``a b c`` (angstrom) ``alpha beta gamma`` (degrees).

    The orientation is that of pymatgen's ``Lattice.from_parameters``: c along z, a in the xz plane.

    Raises
    ------
    DataError
        If there is no cell with these lengths and angles.
    """
    a, b, c = parameters[:3]
    cos_alpha, cos_beta, cos_gamma = cosines = np.cos(np.radians(parameters[3:]))
    sin_alpha, sin_beta, _ = np.sin(np.radians(parameters[3:]))
    volume = 1 + 2 * cosines.prod() - (cosines**2).sum()  # squared, of a cell with edges of length 1
    if not (volume > 1e-9 and (parameters[3:] > 0).all() and (parameters[3:] < 180).all()):
        angles = ", ".join(f"{angle:g}" for angle in parameters[3:])
        raise DataError(f"there is no cell with the angles {angles}: it would have no volume")
    cos_gamma_star = np.clip((cos_alpha * cos_beta - cos_gamma) / (sin_alpha * sin_beta), -1.0, 1.0)
    sin_gamma_star = np.sqrt(1 - cos_gamma_star**2)
    return np.array(
        [
            [a * sin_beta, 0.0, a * cos_beta],
            [-b * sin_alpha * cos_gamma_star, b * sin_alpha * sin_gamma_star, b * cos_alpha],
            [0.0, 0.0, c],
        ]
    )
