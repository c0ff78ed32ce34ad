"""A column of crystal structures as flat arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.errors import DataError
from formation_mlp.typing import Floats, Ints

if TYPE_CHECKING:
    from pymatgen.core import Structure


@dataclass(frozen=True, slots=True)
class Structures:
    """``n`` periodic structures without partial occupation.

    Structure ``i`` has the sites ``site_ptr[i]:site_ptr[i + 1]``; a structure without sites stands
    for one that could not be read.

    Attributes
    ----------
    site_ptr : int64 ``[n + 1]``
    lattice : float64 ``[n, 3, 3]``, lattice vectors as rows, in angstrom
    z : int64 ``[m]``, atomic number of each site
    frac : float64 ``[m, 3]``, fractional coordinates of each site
    """

    site_ptr: Ints
    lattice: Floats
    z: Ints
    frac: Floats

    def __len__(self) -> int:
        return len(self.site_ptr) - 1

    @property
    def n_sites(self) -> Ints:
        """Number of sites of each structure, ``[n]``."""
        return np.diff(self.site_ptr)

    def take(self, rows: Ints | Sequence[int]) -> Structures:
        """Return the given structures, in the given order."""
        index = np.asarray(rows, dtype=np.int64)
        counts = self.n_sites[index]
        site_ptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        site = np.arange(site_ptr[-1]) + np.repeat(self.site_ptr[index] - site_ptr[:-1], counts)
        return Structures(site_ptr, self.lattice[index], self.z[site], self.frac[site])

    def compositions(self) -> Compositions:
        """Return the cell contents as compositions, elements in the order of the sites."""
        row = np.repeat(np.arange(len(self)), self.n_sites)
        _, first, count = np.unique(row * len(SYMBOLS) + self.z, return_index=True, return_counts=True)
        order = np.argsort(first)
        site = first[order]
        row_ptr = np.concatenate([[0], np.cumsum(np.bincount(row[site], minlength=len(self)))])
        return Compositions(row_ptr.astype(np.int64), self.z[site], count[order].astype(np.float64))

    def to_pymatgen(self) -> list[Structure]:
        """Return one pymatgen ``Structure`` per row."""
        from pymatgen.core import Lattice, Structure

        symbols = [SYMBOLS[z] for z in self.z.tolist()]
        ptr = self.site_ptr.tolist()
        return [
            Structure(Lattice(self.lattice[i]), symbols[a:b], self.frac[a:b]) for i, (a, b) in enumerate(pairwise(ptr))
        ]

    @classmethod
    def from_pymatgen(cls, structures: Sequence[Structure]) -> Structures:
        """Build from pymatgen structures.

        Raises
        ------
        DataError
            If a site is partially occupied or holds a species without an atomic number.
        """
        z = [number for structure in structures for number in _atomic_numbers(structure)]
        frac = [structure.frac_coords for structure in structures]
        return cls(
            np.cumsum([0, *(len(structure) for structure in structures)], dtype=np.int64),
            np.array([structure.lattice.matrix for structure in structures], float).reshape(-1, 3, 3),
            np.array(z, np.int64),
            np.concatenate([*frac, np.empty((0, 3))]),
        )


def _atomic_numbers(structure: Structure) -> list[int]:
    from pymatgen.core import DummySpecies

    if not structure.is_ordered:
        raise DataError(
            f"structure {structure.composition.reduced_formula}: it has partially occupied sites. "
            "Give an ordered structure."
        )
    if any(isinstance(site.specie, DummySpecies) for site in structure):  # their Z is a hash of their name
        raise DataError(f"structure {structure.composition.formula}: it holds a species that is no element.")
    return [int(site.specie.Z) for site in structure]
