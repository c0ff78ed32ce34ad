"""Voronoi tessellation of a periodic structure, one convex cell for each site.

The face between a site and a neighbour is the part of their bisector plane that is nearer to the site
than to any other neighbour: a large square in this plane, cut by the bisectors of the other neighbours.
Neighbours come in the order of their distance. A polygon with no vertex farther than ``reach`` from the
site cannot be cut by a neighbour beyond ``2 reach``; and as the faces of a cell hang together, no
neighbour beyond twice the farthest vertex of the faces found so far has a face. So the search knows when
it is complete. Each cell lies within half the root of the summed squares of the lattice vectors, which
bounds the squares and the search.

Unlike a tessellation of all points at once (Qhull), this needs no simplex to start from and has no
infinite vertices, and degenerate vertices, as in fcc, only make faces of no area.

This module is imported on use, since it imports numba.
"""

from __future__ import annotations

import math

import numpy as np

from formation_mlp.features.compiled import compiled
from formation_mlp.features.neighbours import (
    Floats,
    Ints,
    coordinates_in,
    determinant,
    dot,
    doubled,
    neighbours_within,
    reciprocal_lattice,
    reduced_lattice,
)

COMPLETE, SITES_COINCIDE, TOO_MANY_NEIGHBOURS, VOLUME_DIFFERS = 0, 1, 2, 3

FIRST_SEARCH_RADIUS = 2.4  # edges of a cube that holds one atom
MOST_NEIGHBOURS = 4_000_000  # of one site: 200 MB of memory
MOST_VERTICES = 200  # of one face; faces of crystals rarely have more than ten
SHORTEST_DISTANCE = 1e-4  # angstrom
VOLUME_TOLERANCE = 1e-8  # relative


@compiled
def tessellate(lattice: Floats, frac: Floats) -> tuple[int, Ints, Ints, Floats]:
    """Return the Voronoi faces of all sites of a structure.

    Parameters
    ----------
    lattice : ``[3, 3]``, lattice vectors as rows, angstrom
    frac : ``[n, 3]``, fractional coordinates, inside the cell or not

    Returns
    -------
    status : `COMPLETE`, or why there is no tessellation
    ptr : ``[n + 1]``; site ``i`` has the faces ``ptr[i]:ptr[i + 1]``
    target : ``[m, 2]``, the site on the other side of each face and the code of its lattice
        translation; codes add up as translations do
    face : ``[m, 2]``, distance of the two sites (angstrom; the face is half as far) and area of the
        face (square angstrom)
    """
    n = len(frac)
    basis = reduced_lattice(lattice)
    reciprocal = reciprocal_lattice(basis)
    volume = abs(determinant(basis))
    frac = coordinates_in(basis, reciprocal, lattice, frac)
    ptr, target, face = np.zeros(n + 1, np.int64), np.empty((20 * n, 2), np.int64), np.empty((20 * n, 2))
    filled = 0.0
    for i in range(n):
        status, faces, areas, sites, points = voronoi_cell(i, basis, reciprocal, volume, frac)
        if status != COMPLETE:
            return status, ptr, target, face
        m = ptr[i]
        for f in range(len(faces)):
            if m == len(face):
                target, face = doubled(target), doubled(face)
            k = faces[f]
            target[m, 0], target[m, 1] = sites[k, 0], sites[k, 1]
            face[m, 0], face[m, 1] = points[k, 3], areas[f]
            filled += areas[f] * points[k, 3] / 6.0
            m += 1
        ptr[i + 1] = m
    status = COMPLETE if abs(filled - volume) <= VOLUME_TOLERANCE * volume else VOLUME_DIFFERS
    return status, ptr, target[: ptr[n]], face[: ptr[n]]


@compiled
def voronoi_cell(
    i: int, basis: Floats, reciprocal: Floats, volume: float, frac: Floats
) -> tuple[int, Ints, Floats, Ints, Floats]:
    """Return status, indices of the neighbours with a face, areas, and the sorted neighbours of site ``i``."""
    bound = 0.5 * math.sqrt(dot(basis[0], basis[0]) + dot(basis[1], basis[1]) + dot(basis[2], basis[2]))
    bound *= 1 + 1e-9
    radius = min(FIRST_SEARCH_RADIUS * (volume / len(frac)) ** (1 / 3), 2 * bound)
    sites, points = np.empty((0, 2), np.int64), np.empty((0, 4))
    while True:
        if 4.2 * radius**3 * len(frac) / volume > MOST_NEIGHBOURS:
            return TOO_MANY_NEIGHBOURS, np.empty(0, np.int64), np.empty(0), sites, points
        sites, points = neighbours_within(radius, i, basis, reciprocal, frac)
        order = np.argsort(points[:, 3])
        sites, points = sites[order], points[order]
        faces, areas, needed = cut_faces(points, bound, radius)
        if len(points) > 0 and points[0, 3] < SHORTEST_DISTANCE:
            return SITES_COINCIDE, faces, areas, sites, points
        if needed <= radius or radius == 2 * bound:
            return COMPLETE, faces, areas, sites, points
        radius = min(1.5 * radius, 2 * bound)


@compiled
def cut_faces(points: Floats, bound: float, radius: float) -> tuple[Ints, Floats, float]:
    """Return the neighbours with a face, the areas, and the search radius that completes them."""
    tolerance = 1e-13 * bound
    polygon, spare = np.empty((MOST_VERTICES, 3)), np.empty((MOST_VERTICES, 3))
    offset = np.empty(MOST_VERTICES)
    faces, areas = np.empty(len(points), np.int64), np.empty(len(points))
    n_faces, farthest = 0, 0.0
    for j in range(len(points)):
        if n_faces > 0 and points[j, 3] > 2 * farthest:
            break
        n = bisector_square(points[j], bound, polygon)
        for f in range(n_faces):
            n, _ = cut(polygon, n, points[faces[f]], tolerance, spare, offset)
            if n < 3:
                break
        reach = farthest_vertex(polygon, n)
        # A nearer neighbour without a face cannot cut this one.
        k = j + 1
        while n >= 3 and k < len(points) and points[k, 3] < 2 * reach:
            n, changed = cut(polygon, n, points[k], tolerance, spare, offset)
            if changed:
                reach = farthest_vertex(polygon, n)
            k += 1
        if n >= 3:
            faces[n_faces], areas[n_faces] = j, polygon_area(polygon, n)
            n_faces += 1
            farthest = max(farthest, reach)
            if 2 * farthest > radius and radius < 2 * bound:
                break
    return faces[:n_faces], areas[:n_faces], 2 * farthest if n_faces > 0 else math.inf


@compiled
def bisector_square(point: Floats, bound: float, polygon: Floats) -> int:
    """Write a square of twice ``bound`` about the middle of the way to ``point``, perpendicular to it."""
    nx, ny, nz = point[0] / point[3], point[1] / point[3], point[2] / point[3]
    # An axis far from the normal gives the first edge.
    if abs(nx) < 0.6:
        ux, uy, uz = 0.0, nz, -ny
    else:
        ux, uy, uz = -nz, 0.0, nx
    scale = bound / math.sqrt(ux * ux + uy * uy + uz * uz)
    ux, uy, uz = ux * scale, uy * scale, uz * scale
    vx, vy, vz = ny * uz - nz * uy, nz * ux - nx * uz, nx * uy - ny * ux
    for corner in range(4):
        p = 1.0 if corner == 0 or corner == 3 else -1.0
        q = 1.0 if corner < 2 else -1.0
        polygon[corner, 0] = 0.5 * point[0] + p * ux + q * vx
        polygon[corner, 1] = 0.5 * point[1] + p * uy + q * vy
        polygon[corner, 2] = 0.5 * point[2] + p * uz + q * vz
    return 4


@compiled
def cut(polygon: Floats, n: int, point: Floats, tolerance: float, spare: Floats, offset: Floats) -> tuple[int, bool]:
    """Keep the part of the polygon that is nearer to the origin than to ``point``.

    A vertex within ``tolerance`` of the bisector counts as on it and stays. Returns the new number of
    vertices (fewer than three: nothing is left) and whether any vertex was cut off.
    """
    px, py, pz = point[0] / point[3], point[1] / point[3], point[2] / point[3]
    beyond = 0
    for v in range(n):
        offset[v] = polygon[v, 0] * px + polygon[v, 1] * py + polygon[v, 2] * pz - 0.5 * point[3]
        if offset[v] > tolerance:
            beyond += 1
    if beyond == 0 or beyond == n:
        return n - beyond, beyond > 0
    m = 0
    for v in range(n):
        w = v + 1 if v + 1 < n else 0
        if offset[v] <= tolerance:
            for x in range(3):
                spare[m, x] = polygon[v, x]
            m += 1
        if (offset[v] > tolerance and offset[w] < -tolerance) or (offset[v] < -tolerance and offset[w] > tolerance):
            t = offset[v] / (offset[v] - offset[w])
            for x in range(3):
                spare[m, x] = polygon[v, x] + t * (polygon[w, x] - polygon[v, x])
            m += 1
    for v in range(m):
        for x in range(3):
            polygon[v, x] = spare[v, x]
    return m, True


@compiled
def farthest_vertex(polygon: Floats, n: int) -> float:
    """Return the largest distance of a vertex from the origin."""
    largest = 0.0
    for v in range(n):
        largest = max(largest, polygon[v, 0] ** 2 + polygon[v, 1] ** 2 + polygon[v, 2] ** 2)
    return math.sqrt(largest)


@compiled
def polygon_area(polygon: Floats, n: int) -> float:
    """Return the area of a planar convex polygon."""
    x, y, z = 0.0, 0.0, 0.0
    for v in range(1, n - 1):
        ax, ay, az = (
            polygon[v, 0] - polygon[0, 0],
            polygon[v, 1] - polygon[0, 1],
            polygon[v, 2] - polygon[0, 2],
        )
        bx, by, bz = (
            polygon[v + 1, 0] - polygon[0, 0],
            polygon[v + 1, 1] - polygon[0, 1],
            polygon[v + 1, 2] - polygon[0, 2],
        )
        x, y, z = x + ay * bz - az * by, y + az * bx - ax * bz, z + ax * by - ay * bx
    return 0.5 * math.sqrt(x * x + y * y + z * z)
