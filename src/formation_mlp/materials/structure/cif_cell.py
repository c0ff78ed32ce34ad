"""From the sites that a CIF lists to all atoms of the cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.errors import DataError
from formation_mlp.materials.structure.cif_sites import FULL, OVERFULL, Sites
from formation_mlp.materials.structure.cif_symmetry import Operations
from formation_mlp.materials.structure.limits import MAX_SITES
from formation_mlp.typing import Floats, Ints

if TYPE_CHECKING:
    pass

SAME_SITE = 0.1
"""Images of one site that lie nearer than this, in angstrom, are one atom on a special position."""
MOST_SHARED = 1000
"""Partially occupied sites among which those at one place are looked for."""
THIRD = 5.5e-5
"""Up to this a coordinate is a third that was cut after four digits, such as 0.3333."""


@dataclass(frozen=True, slots=True)
class UnitCell:
    """All atoms of a cell.

    Attributes
    ----------
    site : ``[m]``, the site of the list to which each atom belongs
    frac : ``[m, 3]``, from 0 to 1
    """

    site: Ints
    frac: Floats


def expand(frac: Floats, operations: Operations, lattice: Floats) -> UnitCell:
    """Return the images of all sites ``[k, 3]`` under all operations.

    Raises
    ------
    DataError
        If there are more atoms than a structure may have.
    """
    if len(frac) > MAX_SITES:
        raise DataError(f"{len(frac):,} sites are listed; at most {MAX_SITES:,} atoms per cell can be read")
    thirds = (frac * 3).round() / 3
    exact = np.where(np.abs(frac - thirds) <= THIRD, thirds, frac)
    parts, n = [], 0
    for place in exact:
        images = operations.rotation @ place + operations.translation
        parts.append(_merged(images, lattice))
        n += len(parts[-1])
        if n > MAX_SITES:
            raise DataError(f"the cell holds more than {MAX_SITES:,} atoms, the most that can be read")
    counts = [len(part) for part in parts]
    everything = np.concatenate([np.empty((0, 3)), *parts])
    return UnitCell(np.repeat(np.arange(len(frac)), counts), _within_cell(everything))


def _merged(images: Floats, lattice: Floats) -> Floats:
    """Return images ``[k, 3]`` with those that are one atom at their common centre."""
    if len(images) == 1:
        return images
    shifts = images[None, :] - images[:, None]
    shifts -= shifts.round()
    near = ((shifts @ lattice) ** 2).sum(axis=2) < SAME_SITE**2
    left, merged = np.ones(len(images), bool), []
    for i in range(len(images)):
        if left[i]:
            group = near[i] & left
            left &= ~group
            merged.append(images[i] + shifts[i, group].mean(axis=0))
    return np.array(merged)


def _within_cell(frac: Floats) -> Floats:
    inside = frac - np.floor(frac)
    inside[inside > 1 - 1e-9] = 0.0
    return inside


def whole_sites(sites: Sites, symbols: Sequence[str], lattice: Floats) -> list[int]:
    """Return the sites to keep: entries of one element at one place, such as Fe2+ and Fe3+, are one site.

    Raises
    ------
    DataError
        If a site is partially occupied.
    """
    occupancies, keep = sites.occupancies.copy(), list(range(len(symbols)))
    partial = np.flatnonzero(occupancies < FULL)[:MOST_SHARED]
    shift = sites.frac[partial] - sites.frac[partial][:, None]
    near = np.linalg.norm((shift - shift.round()) @ lattice, axis=2) < SAME_SITE
    for j, i in partial[np.argwhere(near)].tolist():
        if i < j and i in keep and j in keep and symbols[i] == symbols[j]:
            occupancies[i] += occupancies[j]
            keep.remove(j)
    wrong = [i for i in keep if not FULL <= occupancies[i] <= OVERFULL]
    if wrong:
        shown = ", ".join(f"{sites.labels[i]} {occupancies[i]:g}" for i in wrong[:3])
        raise DataError(
            f"it has partially occupied sites ({shown}{', ...' if len(wrong) > 3 else ''}). Give an ordered structure."
        )
    return keep
