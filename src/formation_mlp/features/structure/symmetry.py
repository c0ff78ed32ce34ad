"""The space group, by the symmetry that spglib finds."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.errors import FeatureError
from formation_mlp.features.base import FeatureBlock, Preset
from formation_mlp.features.structure.rows import featurize_each, structures_of
from formation_mlp.typing import Floats, Ints

if TYPE_CHECKING:
    from spglib import SpglibDataset

    from formation_mlp.materials.records import Materials
    from formation_mlp.materials.structures import Structures

TOGO_2024 = (
    "A. Togo, K. Shinohara, I. Tanaka, Spglib: a software library for crystal symmetry search, Sci. Technol. Adv. "
    "Mater. Meth. 4, 2384822 (2024). doi:10.1080/27660400.2024.2384822"
)

MOST_SITES_OF_A_NAME = 500
"""Sites up to which `space_groups` looks for the space group."""

CRYSTAL_SYSTEM_STARTS = (1, 3, 16, 75, 143, 168, 195)
"""First space group of each crystal system: triclinic, monoclinic, ..., hexagonal, cubic."""


def symmetry(symprec: float = 0.01) -> Preset:
    """Return the preset of matminer's ``GlobalSymmetryFeatures``, without its column of text.

    Columns: number of the space group (1 to 230), crystal system (1 cubic, 2 hexagonal, 3 trigonal,
    4 tetragonal, 5 orthorhombic, 6 monoclinic, 7 triclinic: a falling number of operations), 1 if the point
    group holds the inversion, and number of symmetry operations of the primitive cell. The last is the
    order of the point group, 1 to 48. matminer counts the operations that leave the given cell in place, centring
    translations included: a cubic cell has four times as many as its face-centred primitive one. For primitive
    cells the numbers agree.

    Parameters
    ----------
    symprec
        How far, in angstrom, a site may lie from its symmetric position. The angle tolerance is 5 degrees.
    """

    def featurize(lattice: Floats, z: Ints, frac: Floats) -> tuple[float, ...]:
        found = _symmetry_dataset(lattice, z, frac, symprec)
        system = 8 - int(np.searchsorted(CRYSTAL_SYSTEM_STARTS, found.number, side="right"))
        return found.number, system, *_point_group(found.hall_number)

    names = ("spacegroup_num", "crystal_system_int", "is_centrosymmetric", "n_symmetry_ops")

    def compute(materials: Materials) -> FeatureBlock:
        with _quiet_spglib():
            return featurize_each(structures_of(materials), len(names), featurize)

    return Preset(names, compute, needs_structure=True, citation=TOGO_2024)


def space_groups(structures: Structures, symprec: float = 0.01) -> list[str]:
    """Return symbol and number of the space group of each structure, such as ``Fm-3m (225)``.

    The text is empty where spglib finds none, for a structure without sites, and for one of more than
    `MOST_SITES_OF_A_NAME` sites, for which the search takes long.
    """
    names = []
    with _quiet_spglib():
        for row, n in enumerate(structures.n_sites.tolist()):
            names.append("")
            if 0 < n <= MOST_SITES_OF_A_NAME:
                one = structures.take([row])
                with suppress(FeatureError):
                    symmetry = _symmetry_dataset(one.lattice[0], one.z, one.frac, symprec)
                    names[-1] = f"{symmetry.international} ({symmetry.number})"
    return names


@contextmanager
def _quiet_spglib() -> Iterator[None]:
    """Silence spglib: its errors come with the row; what it retries, it would write to standard error."""
    os.environ.setdefault("SPGLIB_WARNING", "OFF")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


@cache
def _point_group(hall_number: int) -> tuple[bool, int]:
    """Return whether the point group holds the inversion, and its order.

    The operations that spglib finds for a structure will not do: those of an oblong supercell are fewer.
    """
    import spglib

    operations = spglib.get_symmetry_from_database(hall_number)
    if operations is None:
        raise FeatureError(f"spglib has no operations for the Hall number {hall_number}")
    rotations = np.unique(operations["rotations"], axis=0)
    return bool((rotations == -np.eye(3)).all(axis=(1, 2)).any()), len(rotations)


def _symmetry_dataset(lattice: Floats, z: Ints, frac: Floats, symprec: float) -> SpglibDataset:
    """Return what spglib finds with pymatgen's tolerances.

    Raises
    ------
    FeatureError
        If spglib finds no symmetry, as happens when two atoms are closer than ``symprec``.
    """
    import spglib

    reason = "two atoms may be too close"
    cell = (lattice.tolist(), frac.tolist(), z.tolist())
    try:
        symmetry = spglib.get_symmetry_dataset(cell, symprec=symprec, angle_tolerance=5.0)
    except Exception as error:  # newer releases raise, and each its own type, where older ones return None
        symmetry, reason = None, str(error)
    if symmetry is None:
        raise FeatureError(f"spglib finds no symmetry at symprec {symprec} ({reason})")
    return symmetry
