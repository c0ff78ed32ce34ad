"""What a crystal structure can be: cells, numbers of atoms and distances that a material may have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.materials.structures import Structures
from formation_mlp.typing import Floats, Ints

if TYPE_CHECKING:
    pass

EDGES = (0.5, 500.0)
"""Shortest and longest lattice vector, in angstrom."""
HEIGHT = 0.5
"""Least distance of opposite faces of a cell, in angstrom: below it, layers would overlap."""
NEAREST = 0.5
"""Two atoms are farther apart than this, in angstrom; in the hydrogen molecule it is 0.74."""
FARTHEST = 1000.0
"""Largest fractional coordinate: of larger ones, fewer digits are left for the place in the cell."""
MAX_SITES = 10_000
"""Atoms in a cell."""
SITES_AT_ONCE = 100_000
PER_BOX = 64
"""Atoms of a box that are looked at; so many cannot be apart in it."""

NO_STRUCTURE = Structures(np.zeros(2, np.int64), np.eye(3)[None], np.empty(0, np.int64), np.empty((0, 3)))
"""Stands for one that could not be read."""


def within_limits(structures: Structures) -> tuple[Structures, dict[int, str]]:
    """Return structures, with empty ones in place of impossible ones, and row to the reason."""
    reasons = impossible(structures)
    if not reasons:
        return structures, {}
    keep = np.ones(len(structures), bool)
    keep[list(reasons)] = False
    site = np.repeat(keep, structures.n_sites)
    counts = np.where(keep, structures.n_sites, 0)
    lattice = np.where(keep[:, None, None], structures.lattice, np.eye(3))
    ptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return replace(structures, site_ptr=ptr, lattice=lattice, z=structures.z[site], frac=structures.frac[site]), reasons


def impossible(structures: Structures) -> dict[int, str]:
    """Return row to the reason why it is no structure of a material; rows without sites are passed over."""
    reasons = dict(_cells(structures))
    n_sites, ptr = structures.n_sites, structures.site_ptr
    for row in np.flatnonzero(n_sites > MAX_SITES).tolist():
        reasons.setdefault(row, f"the cell holds {n_sites[row]:,} atoms; at most {MAX_SITES:,} can be read")
    lost = ~(np.abs(structures.frac) <= FARTHEST).all(axis=1)
    for row in np.unique(np.searchsorted(ptr, np.flatnonzero(lost), side="right") - 1).tolist():
        reasons.setdefault(row, f"a coordinate is no finite number, or lies more than {FARTHEST:,.0f} cells away")
    good = np.array([row for row in np.flatnonzero(n_sites).tolist() if row not in reasons], np.int64)
    ends = np.cumsum(n_sites[good]) if len(good) else np.empty(0, np.int64)
    for part in np.split(good, np.searchsorted(ends, np.arange(SITES_AT_ONCE, ends[-1:].sum(), SITES_AT_ONCE))):
        if len(part):
            reasons |= {int(part[row]): reason for row, reason in _collisions(structures.take(part))}
    return reasons


def _cells(structures: Structures) -> Iterator[tuple[int, str]]:
    """Yield rows whose cell is impossible."""
    lattice, used = structures.lattice, structures.n_sites > 0
    finite = np.isfinite(lattice).all(axis=(1, 2))
    for row in np.flatnonzero(used & ~finite).tolist():
        yield row, "the cell: a number is not finite"
    with np.errstate(all="ignore"):
        edges = np.linalg.norm(lattice, axis=2)
        heights = _heights(lattice, edges)
    wrong = used & finite & ((edges < EDGES[0]) | (edges > EDGES[1])).any(axis=1)
    for row in np.flatnonzero(wrong).tolist():
        shown = ", ".join(f"{edge:.4g}" for edge in edges[row])
        yield (
            row,
            f"the cell has edges of {shown} angstrom; allowed are {EDGES[0]:g} to {EDGES[1]:g}. "
            "Lengths are in angstrom: 1 nm is 10, and 1 bohr 0.529",
        )
    flat = used & finite & ~wrong & ~(heights >= HEIGHT).all(axis=1)
    for row in np.flatnonzero(flat).tolist():
        yield row, f"the cell has no volume, or nearly none: its faces are {np.nanmin(heights[row]):.3g} angstrom apart"


def _heights(lattice: Floats, edges: Floats) -> Floats:
    """Return the distances of opposite faces, ``[n, 3]``."""
    normals = np.cross(np.roll(lattice, -1, axis=1), np.roll(lattice, -2, axis=1))
    volume = np.abs(np.einsum("ni,ni->n", lattice[:, 0], normals[:, 0]))
    area = np.linalg.norm(normals, axis=2)
    return np.where(area > 1e-12 * edges.max(axis=1, keepdims=True) ** 2, volume[:, None] / area, 0.0)


def _collisions(structures: Structures) -> Iterator[tuple[int, str]]:
    """Yield rows with two atoms that are too near, and which.

    Cells are divided into boxes of at least `NEAREST`, so that only atoms in the same or in adjacent boxes are
    compared: the time grows with the number of atoms, not with its square.
    """
    lattice = structures.lattice
    row = np.repeat(np.arange(len(structures)), structures.n_sites)
    n_boxes = np.maximum(_heights(lattice, np.linalg.norm(lattice, axis=2)) // NEAREST, 1).astype(np.int64)
    frac = structures.frac - np.floor(structures.frac)
    box = np.minimum((frac * n_boxes[row]).astype(np.int64), n_boxes[row] - 1)
    size = n_boxes.prod(axis=1)
    start = np.concatenate([[0], np.cumsum(size)])[:-1]
    key = start[row] + _flat(box, n_boxes[row])
    order = np.argsort(key, kind="stable")
    boxes, begin, filled = np.unique(key[order], return_index=True, return_counts=True)
    found: dict[int, tuple[float, int, int]] = {}
    for step in product((-1, 0, 1), repeat=3):
        if step < (0, 0, 0):
            continue  # each pair once
        moved = box + np.array(step)
        image = np.floor_divide(moved, n_boxes[row])
        wanted = start[row] + _flat(moved - image * n_boxes[row], n_boxes[row])
        place = np.searchsorted(boxes, wanted)
        place[place == len(boxes)] = 0
        near = np.flatnonzero(boxes[place] == wanted)
        first, count = begin[place[near]], np.minimum(filled[place[near]], PER_BOX)
        one = np.repeat(near, count)
        other = order[np.arange(len(one)) + np.repeat(first - np.cumsum(count) + count, count)]
        if step == (0, 0, 0):
            one, other = one[one < other], other[one < other]
        shift = frac[other] + image[one] - frac[one]
        distance = np.sqrt((np.einsum("ni,nij->nj", shift, lattice[row[one]]) ** 2).sum(axis=1))
        near = np.flatnonzero(distance < NEAREST)
        near = near[np.argsort(distance[near], kind="stable")]
        rows, nearest = np.unique(row[one[near]], return_index=True)
        for of, pair in zip(rows.tolist(), near[nearest].tolist(), strict=True):
            if of not in found or distance[pair] < found[of][0]:
                i, j = sorted((int(one[pair]), int(other[pair])))
                found[of] = float(distance[pair]), i, j
    for of, (distance_of_pair, i, j) in found.items():
        first_site = int(structures.site_ptr[of])
        names = [f"{SYMBOLS[structures.z[site]]} (number {site - first_site + 1})" for site in (i, j)]
        yield (
            of,
            (
                f"two atoms are nearer than {NEAREST:g} angstrom: {names[0]} and "
                f"{names[1] if i != j else 'its own image'}, {distance_of_pair:.2f} angstrom apart"
            ),
        )


def _flat(box: Ints, n_boxes: Ints) -> Ints:
    flat: Ints = (box[:, 0] * n_boxes[:, 1] + box[:, 1]) * n_boxes[:, 2] + box[:, 2]
    return flat
