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
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from formation_mlp.errors import FeatureError
from formation_mlp.features.structure.neighbours import (
    coordinates_in,
    determinant,
    dot,
    doubled,
    neighbours_within,
    reciprocal_lattice,
    reduced_lattice,
)
from formation_mlp.system.kernels import kernel, machine_code
from formation_mlp.typing import Floats, Ints

Tessellator = Callable[[Floats, Floats], tuple[int, Ints, Ints, Floats]]

COMPLETE, SITES_COINCIDE, TOO_MANY_NEIGHBOURS, VOLUME_DIFFERS = 0, 1, 2, 3
REASONS = {
    SITES_COINCIDE: "two sites lie on the same point",
    TOO_MANY_NEIGHBOURS: "the cell is so long and thin that a million neighbours may bound a Voronoi cell",
    VOLUME_DIFFERS: "the Voronoi cells do not fill the unit cell; the lattice may be nearly flat",
}

FIRST_SEARCH_RADIUS = 2.4  # edges of a cube that holds one atom
MOST_NEIGHBOURS = 1_000_000  # of one site: 100 MB of memory
SHORTEST_DISTANCE = 1e-4  # angstrom
VOLUME_TOLERANCE = 1e-8  # relative


def voronoi_faces(lattice: Floats, frac: Floats, tessellator: Tessellator | None = None) -> tuple[Ints, Ints, Floats]:
    """Return the Voronoi faces of all sites of a structure.

    Parameters
    ----------
    lattice : ``[3, 3]``, lattice vectors as rows, angstrom
    frac : ``[n, 3]``, fractional coordinates, inside the cell or not
    tessellator : `tessellate`, as `formation_mlp.system.kernels.kernels_for` gives it for many structures

    Returns
    -------
    ptr : ``[n + 1]``; site ``i`` has the faces ``ptr[i]:ptr[i + 1]``
    target : ``[m, 2]``, the site on the other side of each face and the code of its lattice
        translation; codes add up as translations do
    face : ``[m, 3]``, distance of the two sites (angstrom; the face is half as far), area of the face
        (square angstrom), and the solid angle that it fills as seen from its site

    Raises
    ------
    FeatureError
        If two sites coincide, or the cell is too long and thin or too flat.
    """
    # Copies, because numba would compile once more for arrays that are read-only or strided.
    run = tessellator or machine_code(tessellate)
    status, ptr, target, face = run(np.array(lattice, float), np.array(frac, float))
    if status != COMPLETE:
        raise FeatureError(REASONS[status])
    return ptr, target, face


@kernel
def tessellate(lattice: Floats, frac: Floats) -> tuple[int, Ints, Ints, Floats]:
    """Return a status and what `voronoi_faces` returns."""
    n = len(frac)
    basis = reduced_lattice(lattice)
    reciprocal = reciprocal_lattice(basis)
    volume = abs(determinant(basis))
    frac = coordinates_in(basis, reciprocal, lattice, frac)
    ptr, target, face = np.zeros(n + 1, np.int64), np.empty((20 * n, 2), np.int64), np.empty((20 * n, 3))
    filled = 0.0
    for i in range(n):
        status, faces, sizes, sites, points = voronoi_cell(i, basis, reciprocal, volume, frac)
        if status != COMPLETE:
            return status, ptr, target, face
        m = ptr[i]
        for f in range(len(faces)):
            if m == len(face):
                target, face = doubled(target), doubled(face)
            k = faces[f]
            target[m, 0], target[m, 1] = sites[k, 0], sites[k, 1]
            face[m, 0], face[m, 1], face[m, 2] = points[k, 3], sizes[f, 0], sizes[f, 1]
            filled += sizes[f, 0] * points[k, 3] / 6.0
            m += 1
        ptr[i + 1] = m
    status = COMPLETE if abs(filled - volume) <= VOLUME_TOLERANCE * volume else VOLUME_DIFFERS
    return status, ptr, target[: ptr[n]], face[: ptr[n]]


@kernel
def voronoi_cell(
    i: int, basis: Floats, reciprocal: Floats, volume: float, frac: Floats
) -> tuple[int, Ints, Floats, Ints, Floats]:
    """Return status, indices of the neighbours with a face, its sizes, and the sorted neighbours."""
    bound = 0.5 * math.sqrt(dot(basis[0], basis[0]) + dot(basis[1], basis[1]) + dot(basis[2], basis[2]))
    bound *= 1 + 1e-9
    radius = min(FIRST_SEARCH_RADIUS * (volume / len(frac)) ** (1 / 3), 2 * bound)
    sites, points = np.empty((0, 2), np.int64), np.empty((0, 4))
    faces, sizes = np.empty(0, np.int64), np.empty((0, 2))
    while True:
        if 4.2 * radius**3 * len(frac) / volume > MOST_NEIGHBOURS:
            return TOO_MANY_NEIGHBOURS, faces, sizes, sites, points
        sites, points = neighbours_within(radius, i, basis, reciprocal, frac)
        sites, points = nearest_first(sites, points)
        if len(points) > 0 and points[0, 3] < SHORTEST_DISTANCE:
            return SITES_COINCIDE, faces, sizes, sites, points
        faces, sizes, needed = cut_faces(points, bound, radius)
        if needed <= radius or radius == 2 * bound:
            return COMPLETE, faces, sizes, sites, points
        radius = min(1.5 * radius, 2 * bound)


@kernel
def nearest_first(sites: Ints, points: Floats) -> tuple[Ints, Floats]:
    """Return neighbours in the order of their distance."""
    order = np.argsort(points[:, 3], kind="mergesort")  # stable, so that both ways give one order
    sorted_sites, sorted_points = np.empty_like(sites), np.empty_like(points)
    for k in range(len(order)):
        for x in range(2):
            sorted_sites[k, x] = sites[order[k], x]
        for x in range(4):
            sorted_points[k, x] = points[order[k], x]
    return sorted_sites, sorted_points


@kernel
def cut_faces(points: Floats, bound: float, radius: float) -> tuple[Ints, Floats, float]:
    """Return the neighbours with a face, area and solid angle of each, and the radius that completes them."""
    tolerance = 1e-13 * bound
    # Each cut of a convex polygon adds one vertex at most.
    polygon, spare = np.empty((len(points) + 4, 3)), np.empty((len(points) + 4, 3))
    offset = np.empty(len(points) + 4)
    faces, sizes = np.empty(len(points), np.int64), np.empty((len(points), 2))
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
            faces[n_faces] = j
            sizes[n_faces, 0], sizes[n_faces, 1] = polygon_area(polygon, n), solid_angle(polygon, n)
            n_faces += 1
            farthest = max(farthest, reach)
            if 2 * farthest > radius and radius < 2 * bound:
                break
    return faces[:n_faces], sizes[:n_faces], 2 * farthest if n_faces > 0 else math.inf


@kernel
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
    return corner + 1  # numba would compile what takes a literal 4 once more


@kernel
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
    if n + beyond > len(spare):  # only if rounding has made it badly concave; the volume will tell
        return 0, True
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


@kernel
def farthest_vertex(polygon: Floats, n: int) -> float:
    """Return the largest distance of a vertex from the origin."""
    largest = 0.0
    for v in range(n):
        largest = max(largest, dot(polygon[v], polygon[v]))
    return math.sqrt(largest)


@kernel
def polygon_area(polygon: Floats, n: int) -> float:
    """Return the area of a planar convex polygon."""
    area = np.zeros(3)
    for v in range(1, n - 1):
        for x in range(3):
            y, z = (x + 1) % 3, (x + 2) % 3
            area[x] += (polygon[v, y] - polygon[0, y]) * (polygon[v + 1, z] - polygon[0, z])
            area[x] -= (polygon[v, z] - polygon[0, z]) * (polygon[v + 1, y] - polygon[0, y])
    return 0.5 * math.sqrt(dot(area, area))


@kernel
def solid_angle(polygon: Floats, n: int) -> float:
    """Return the solid angle of a convex polygon (van Oosterom and Strackee, IEEE TBME 30, 125 (1983))."""
    a = polygon[0]
    length_a, angle = math.sqrt(dot(a, a)), 0.0
    for v in range(1, n - 1):
        b, c = polygon[v], polygon[v + 1]
        length_b, length_c = math.sqrt(dot(b, b)), math.sqrt(dot(c, c))
        volume = a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2])
        volume += a[2] * (b[0] * c[1] - b[1] * c[0])
        lengths = length_a * length_b * length_c
        lengths += length_c * dot(a, b) + length_b * dot(a, c) + length_a * dot(b, c)
        angle += 2 * math.atan2(abs(volume), lengths)
    return angle
