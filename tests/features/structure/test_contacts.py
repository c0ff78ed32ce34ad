"""Contacts in units of radii, against numbers worked out by hand and against a plain NumPy version."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from formation_mlp.chemistry.element_data import load_table
from formation_mlp.features.structure.contacts import NAMES, RADII, contacts, element_radii
from formation_mlp.features.structure.tessellation import voronoi_faces
from formation_mlp.materials.inputs import read_structures

SALT = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.69), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
CHI = {"Na": 0.93, "Cl": 3.16}
RUTILE = Structure.from_spacegroup(
    "P4_2/mnm", Lattice.tetragonal(4.594, 2.959), ["Ti", "O"], [[0, 0, 0], [0.305, 0.305, 0]]
)


def described(structure: Structure) -> dict[str, float]:
    block = contacts().compute(read_structures([structure]).materials)
    assert not block.failures
    return dict(zip(NAMES, block.X[0], strict=True))


def test_rock_salt_has_the_numbers_of_six_equal_neighbours() -> None:
    x = described(SALT)
    d, R = 5.69 / 2, 1.66 + 1.02  # covalent radii of Na and Cl, angstrom
    difference = CHI["Cl"] - CHI["Na"]
    order = 6 * np.exp((R - d) / 0.37)
    for statistic in ("minimum", "maximum", "mean"):
        assert x[f"{statistic} mean relative distance (covalent radii)"] == pytest.approx(d / R)
        assert x[f"{statistic} shortest relative distance (covalent radii)"] == pytest.approx(d / R)
        assert x[f"{statistic} root of bond order 0.37 (covalent radii)"] == pytest.approx(np.sqrt(order))
        assert x[f"{statistic} logarithm of bond order 0.37 (covalent radii)"] == pytest.approx(np.log(order + 1e-6))
        assert x[f"{statistic} ionic strength of contacts"] == pytest.approx(difference**2 / d)
        assert x[f"{statistic} inverse distance of contacts"] == pytest.approx(1 / d)
    assert x["avg_dev mean relative distance (covalent radii)"] == pytest.approx(0, abs=1e-12)
    assert x["share of contacts, electronegativity difference 2 and more"] == pytest.approx(1)
    assert x["bond order of contacts, electronegativity difference 2 and more"] == pytest.approx(order)
    assert x["share of contacts, electronegativity difference 0 to 0.5"] == 0
    assert x["maximum charge by area"] == pytest.approx(difference)
    assert x["minimum charge by bond order"] == pytest.approx(-order * difference)
    assert x["mean charge by area"] == pytest.approx(0, abs=1e-12)
    assert x["contact energy of charges by area"] == pytest.approx(-(difference**2) / d)
    assert x["squared charge difference of contacts"] == pytest.approx((2 * difference) ** 2)
    energy = -6 * (order * difference) ** 2 * np.exp(-d / 2) / d
    assert x["screened energy of charges by bond order"] == pytest.approx(energy)


def test_a_stretched_cell_has_longer_contacts_and_weaker_bonds() -> None:
    wide = SALT.copy()
    wide.scale_lattice(SALT.volume * 1.1**3)
    near, far = described(SALT), described(wide)
    for radius in RADII:
        name = f"mean shortest relative distance ({radius} radii)"
        assert far[name] == pytest.approx(1.1 * near[name])
        name = f"mean root of bond order 0.37 ({radius} radii)"
        assert far[name] < near[name]


def test_sites_of_two_kinds_are_averaged_as_in_plain_numpy() -> None:
    x = described(RUTILE)
    ptr, target, face = voronoi_faces(RUTILE.lattice.matrix, RUTILE.frac_coords)
    radius = element_radii()[RADII.index("ionic")]
    z = np.array(RUTILE.atomic_numbers)
    mean, order = [], []
    for i in range(len(z)):
        rows = slice(ptr[i], ptr[i + 1])
        d, area, R = face[rows, 0], face[rows, 1], radius[z[i]] + radius[z[target[rows, 0]]]
        mean.append(np.sum(area * d / R) / np.sum(area))
        order.append(np.sqrt(np.sum(np.exp((R - d) / 0.7))))
    for values, name in (
        (mean, "mean relative distance (ionic radii)"),
        (order, "root of bond order 0.7 (ionic radii)"),
    ):
        expected = [np.min(values), np.max(values), np.mean(values), np.mean(np.abs(values - np.mean(values)))]
        found = [x[f"{statistic} {name}"] for statistic in ("minimum", "maximum", "mean", "avg_dev")]
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_two_orders_of_a_bcc_lattice_differ() -> None:
    """The same lattice and composition, ordered as in CsCl and in layers."""
    cell = Lattice.cubic(3.0)
    chessboard = Structure(cell, ["Ni", "Al"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    chessboard.make_supercell([1, 1, 2])
    layered = Structure(chessboard.lattice, ["Ni", "Ni", "Al", "Al"], np.sort(chessboard.frac_coords, axis=0))
    a, b = described(chessboard), described(layered)
    name = "share of contacts, electronegativity difference 0 to 0.5"
    assert a[name] == pytest.approx(b[name])  # 1.91 and 1.61: all contacts are of the first class
    name = "mean ionic strength of contacts"
    assert a[name] > 1.2 * b[name] > 0


def test_radii_that_nobody_tabulated_come_from_the_covalent_radius() -> None:
    table = load_table("radii")
    known = element_radii()
    assert np.isnan(table.values[2, table.properties.index("ionic")])  # helium
    assert 0 < known[RADII.index("ionic"), 2] < 1
    assert known[RADII.index("ionic"), 26] == table.values[26, table.properties.index("ionic")]
    assert np.isfinite(known[:, 1:97]).all()
    assert np.isnan(known[:, 118]).all()


def test_an_element_without_electronegativity_lacks_only_what_needs_it() -> None:
    neon = read_structures([Structure(Lattice.cubic(4), ["Ne"], [[0, 0, 0]])]).materials
    block = contacts().compute(neon)
    assert not block.failures
    lacking = {name for name, value in zip(NAMES, block.X[0], strict=True) if np.isnan(value)}
    assert set(block.missing) == lacking
    assert "mean ionic strength of contacts" in lacking
    assert not any("radii)" in name for name in lacking)
