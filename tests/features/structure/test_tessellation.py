"""The Voronoi tessellation against closed forms, against Qhull, and on cells that are hard for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from formation_mlp.errors import FeatureError
from formation_mlp.features.structure.neighbours import IMAGE_BASE
from formation_mlp.features.structure.tessellation import voronoi_faces
from formation_mlp.typing import Array

BCC = 2.0 * (np.ones((3, 3)) / 2 - np.eye(3))
FCC = 2.0 * (np.ones((3, 3)) - np.eye(3)) / 2
ORIGIN = np.zeros((1, 3))


def cell_volumes(ptr: Array, face: Array) -> Array:
    return np.add.reduceat(face[:, 0] * face[:, 1] / 6, ptr[:-1])


def random_crystal(seed: int, n: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    return 3.0 * np.eye(3) + rng.normal(scale=0.6, size=(3, 3)), rng.random((n, 3))


def test_one_atom_cells_have_the_cells_of_textbooks() -> None:
    _, _, cube = voronoi_faces(3.0 * np.eye(3), ORIGIN)
    np.testing.assert_allclose(cube[cube[:, 1] > 1e-9], [[3, 9, 4 * np.pi / 6]] * 6, rtol=1e-12)

    _, _, octahedron = voronoi_faces(BCC, ORIGIN)  # truncated; its edge is a / sqrt(8), here with a = 2
    edge = 2 / np.sqrt(8)
    np.testing.assert_allclose(np.sort(octahedron[:, 1]), [edge**2] * 6 + [1.5 * np.sqrt(3) * edge**2] * 8, rtol=1e-12)

    _, _, dodecahedron = voronoi_faces(FCC, ORIGIN)
    rhombic = dodecahedron[dodecahedron[:, 1] > 1e-9]
    np.testing.assert_allclose(rhombic[:, :2], [[np.sqrt(2), 4 / np.sqrt(32)]] * 12, rtol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_faces_are_those_of_qhull_on_a_large_piece_of_the_crystal(seed: int) -> None:
    from scipy.spatial import ConvexHull, Voronoi

    lattice, frac = random_crystal(seed, 5)
    shifts = np.array(np.meshgrid(*[range(-3, 4)] * 3, indexing="ij")).reshape(3, -1).T
    shifts = shifts[np.argsort(np.abs(shifts).sum(axis=1), kind="stable")]  # the cell itself comes first
    points = (frac[None] + shifts[:, None]).reshape(-1, 3) @ lattice
    qhull = Voronoi(points)
    ptr, _, face = voronoi_faces(lattice, frac)
    for i in range(len(frac)):
        hull = ConvexHull(qhull.vertices[qhull.regions[qhull.point_region[i]]])
        mine = face[ptr[i] : ptr[i + 1]]
        assert cell_volumes(ptr, face)[i] == pytest.approx(hull.volume, rel=1e-10)
        assert mine[:, 1].sum() == pytest.approx(hull.area, rel=1e-10)
        partners = qhull.ridge_points[(qhull.ridge_points == i).any(axis=1)].sum(axis=1) - i
        distances = np.linalg.norm(points[partners] - points[i], axis=1)
        np.testing.assert_allclose(np.sort(mine[:, 0]), np.sort(distances), rtol=1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_every_face_is_seen_alike_from_both_sides_and_all_surround_their_site(seed: int) -> None:
    ptr, target, face = voronoi_faces(*random_crystal(seed, 7))
    site = np.repeat(np.arange(7), np.diff(ptr))
    seen = {(i, j, image): row for i, (j, image), row in zip(site, target.tolist(), face, strict=True)}
    assert len(seen) == len(face)
    for (i, j, image), row in seen.items():
        np.testing.assert_allclose(seen[j, i, -image][:2], row[:2], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(np.add.reduceat(face[:, 2], ptr[:-1]), 4 * np.pi, rtol=1e-10)


def test_image_codes_add_up_as_translations_do() -> None:
    _, target, face = voronoi_faces(3.0 * np.eye(3), ORIGIN)
    codes = sorted(code for code, area in zip(target[:, 1].tolist(), face[:, 1], strict=True) if area > 1e-9)
    assert codes == sorted([1, -1, IMAGE_BASE, -IMAGE_BASE, IMAGE_BASE**2, -(IMAGE_BASE**2)])


def ring(n: int) -> Array:
    """A site on the axis of a ring of ``n``: its face towards its own image has ``n`` edges."""
    angle = 2 * np.pi * np.arange(n) / n
    return np.vstack(
        [[0.5, 0.5, 0], np.stack([0.5 + 0.3 * np.cos(angle), 0.5 + 0.3 * np.sin(angle), 0 * angle], axis=1)]
    )


WATER = np.array([[0.0, 0.0, 0.0], [0.96, 0.0, 0.0], [-0.24, 0.93, 0.0]])
HARD_CELLS = {
    "needle": (np.diag([3.0, 3.1, 150.0]), np.array([[0, 0, 0], [0.5, 0.5, 0.01]])),
    "plate": (np.diag([60.0, 60.0, 2.5]), np.array([[0, 0, 0], [0.5, 0.5, 0.5]])),
    "slab": (
        np.diag([4.05, 4.05, 50.0]),
        np.array([[0, 0, 0.4], [0.5, 0.5, 0.4], [0.5, 0, 0.4405], [0, 0.5, 0.4405]]),
    ),
    "molecule in a box": (30.0 * np.eye(3), WATER / 30.0),
    "single atom in a box": (25.0 * np.eye(3), np.array([[0.3, 0.3, 0.3]])),
    "dimer across the boundary": (12.0 * np.eye(3), np.array([[0.999, 0.5, 0.5], [0.08, 0.5, 0.5]])),
    "skewed basis": (np.array([[3.0, 0, 0], [33.0, 3, 0], [-45.0, 27, 3]]), np.array([[0, 0, 0], [0.5, 0.5, 0.5]])),
    "nearly cubic, rounded": (np.diag([4.0, 4.00001, 3.99999]), np.array([[0, 0, 0], [0.5, 0.50001, 0.49999]])),
    "ring of 250 atoms": (np.diag([30.0, 30.0, 2.5]), ring(250)),
    "coordinate one": (4.0 * np.eye(3), np.array([[1.0, -0.0, 1.0], [0.5, 0.5, 0.5]])),
}


@pytest.mark.parametrize("name", HARD_CELLS)
def test_hard_cells_are_filled_and_every_site_is_surrounded(name: str) -> None:
    lattice, frac = HARD_CELLS[name]
    ptr, _, face = voronoi_faces(lattice, frac)
    assert cell_volumes(ptr, face).sum() == pytest.approx(abs(np.linalg.det(lattice)), rel=1e-10)
    np.testing.assert_allclose(np.add.reduceat(face[:, 2], ptr[:-1]), 4 * np.pi, rtol=1e-9)


def test_coincident_sites_are_refused_and_so_is_a_cell_with_a_million_neighbours() -> None:
    with pytest.raises(FeatureError, match="two sites lie on the same point"):
        voronoi_faces(4.0 * np.eye(3), np.array([[0.0, 0, 0], [1.0, 0, 0]]))
    with pytest.raises(FeatureError, match="long and thin"):
        voronoi_faces(np.diag([0.05, 0.05, 200.0]), ORIGIN)


def test_read_only_and_strided_arrays_are_taken_as_they_come() -> None:
    lattice, frac = random_crystal(0, 3)
    frozen, strided = lattice.copy(), np.repeat(frac, 2, axis=0)[::2]
    frozen.setflags(write=False)
    np.testing.assert_array_equal(voronoi_faces(frozen, strided)[2], voronoi_faces(lattice, frac)[2])


def test_structures_that_defeat_qhull_are_tessellated(shared_data: Path) -> None:
    """The first two start Qhull with a flat simplex; in the third a degenerate face sends a vertex to infinity."""
    import pandas as pd
    from pymatgen.core import Lattice

    path = shared_data / "mp_megnet2018_structures" / "mp_megnet2018_structures.csv.gz"
    table = pd.read_csv(path, usecols=["material_id", "lattice", "frac_coords"], index_col="material_id")
    for row in table.loc[["mp-990448", "mp-997569", "mp-655446"]].itertuples():
        lattice = Lattice.from_parameters(*map(float, str(row.lattice).split())).matrix
        ptr, _, face = voronoi_faces(lattice, np.array(str(row.frac_coords).split(), float).reshape(-1, 3))
        assert cell_volumes(ptr, face).sum() == pytest.approx(abs(np.linalg.det(lattice)), rel=1e-10)
