"""Structure presets against matminer, and against what must not change them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from formation_mlp.errors import ConfigError, FeatureError
from formation_mlp.features.structure.presets import STRUCTURE_PRESETS
from formation_mlp.materials.records import Materials
from formation_mlp.materials.structures import Structures
from formation_mlp.typing import Floats, Ints
from support.paths import GOLDEN

FROZEN = GOLDEN / "structures"
ABOUT = json.loads(FROZEN.with_suffix(".json").read_text())
RUTILE = (
    np.diag([4.594, 4.594, 2.959]),
    np.array([22, 22, 8, 8, 8, 8]),
    np.array(
        [
            *([0, 0, 0], [0.5, 0.5, 0.5], [0.3053, 0.3053, 0]),
            *([0.6947, 0.6947, 0], [0.1947, 0.8053, 0.5], [0.8053, 0.1947, 0.5]),
        ]
    ),
)
OBLIQUE = (
    np.array([[4.1, 0.3, 0.1], [-0.7, 5.2, 0.4], [0.9, 1.1, 6.3]]),
    np.array([3, 26, 8, 8, 15]),
    np.array([[0.1, 0.2, 0.3], [0.55, 0.1, 0.72], [0.83, 0.61, 0.05], [0.3, 0.7, 0.6], [0.02, 0.88, 0.44]]),
)
PEROVSKITE = (
    3.905 * np.eye(3),
    np.array([38, 22, 8, 8, 8]),
    np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]),
)
NEON = (2.2 * (1 - np.eye(3)), np.array([10]), np.zeros((1, 3)))
# Numbers that belong to one atom of the crystal, so that any cell of it has the same.
OF_THE_CRYSTAL = (
    "ward2017",
    "contacts",
    "electrostatics",
    "density",
    "symmetry",
    "scaled_rdf",
)


def materials(*cells: tuple[Floats, Ints, Floats]) -> Materials:
    lattices, z, frac = zip(*cells, strict=True)
    site_ptr = np.cumsum([0, *map(len, z)])
    structures = Structures(site_ptr, np.array(lattices, float), np.concatenate(z), np.concatenate(frac))
    return Materials(structures.compositions(), structures)


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    with np.load(FROZEN.with_suffix(".npz")) as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def golden_materials(golden: dict[str, Any]) -> Materials:
    structures = Structures(*(golden[field] for field in ("site_ptr", "lattice", "z", "frac")))
    return Materials(structures.compositions(), structures)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ward2017", {"impute_nan": True}),
        ("density", {}),
    ],
)
def test_numbers_and_names_are_matminers(
    golden: dict[str, Any], golden_materials: Materials, name: str, options: dict[str, bool] | dict[Any, Any]
) -> None:
    preset = STRUCTURE_PRESETS[name](**options)
    block = preset.compute(golden_materials)
    assert not block.failures
    assert list(preset.names) == ABOUT["names"][name]
    np.testing.assert_allclose(block.X, golden[name], rtol=1e-9, atol=1e-10)


def test_symmetry_is_matminers_but_counts_the_operations_of_the_primitive_cell(
    golden: dict[str, Any], golden_materials: Materials
) -> None:
    preset = STRUCTURE_PRESETS["symmetry"]()
    X = preset.compute(golden_materials).X
    assert list(preset.names) == ABOUT["names"]["symmetry"]
    np.testing.assert_array_equal(X[:, :3], golden["symmetry"][:, :3])
    times = dict(zip(ABOUT["ids"], golden["symmetry"][:, 3] / X[:, 3], strict=True))
    assert times.pop("rock salt, conventional") == 4
    assert times.pop("iron, bcc") == 2
    assert set(times.values()) <= {1, 2, 3, 4}
    assert list(times.values()).count(1) >= 50


def test_sine_coulomb_eigenvalues_are_matminers_sorted_padded_and_cut(
    golden: dict[str, Any], golden_materials: Materials
) -> None:
    expected = golden["sine_coulomb"]
    n = expected.shape[1]
    X = STRUCTURE_PRESETS["sine_coulomb"](n_eigenvalues=n + 3).compute(golden_materials).X
    np.testing.assert_allclose(X[:, :n], expected, rtol=1e-9, atol=1e-8)
    assert not X[:, n:].any()
    cut = STRUCTURE_PRESETS["sine_coulomb"](n_eigenvalues=2).compute(golden_materials).X
    np.testing.assert_array_equal(cut, X[:, :2])


@pytest.mark.parametrize("cell", [RUTILE, OBLIQUE], ids=["rutile", "oblique"])
@pytest.mark.parametrize("name", [*OF_THE_CRYSTAL, "sine_coulomb"])
def test_origin_wrapping_site_order_and_orientation_change_nothing(
    name: str, cell: tuple[Floats, Ints, Floats]
) -> None:
    lattice, z, frac = cell
    order = np.random.default_rng(1).permutation(len(z))
    rotation = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
    variants = materials(
        cell,
        (lattice, z, frac + np.array([0.37, -0.21, 0.9])),
        (lattice, z, frac + np.random.default_rng(3).integers(-3, 4, (len(z), 3))),
        (lattice, z[order], frac[order]),
        (lattice @ rotation, z, frac),
    )
    X = STRUCTURE_PRESETS[name]().compute(variants).X
    np.testing.assert_allclose(X, X[[0] * 5], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("cell", [RUTILE, OBLIQUE, PEROVSKITE], ids=["rutile", "oblique", "perovskite"])
@pytest.mark.parametrize("name", OF_THE_CRYSTAL)
def test_another_cell_of_the_crystal_or_a_supercell_changes_nothing(
    name: str, cell: tuple[Floats, Ints, Floats]
) -> None:
    lattice, z, frac = cell
    oblique = np.array([[1, 0, 0], [2, 1, 0], [-1, 3, 1]])
    doubled = np.concatenate([frac, frac + np.array([0, 1, 0])]) / [1, 2, 1]
    variants = materials(
        cell,
        (oblique @ lattice, z, frac @ np.linalg.inv(oblique)),
        (lattice * [[1], [2], [1]], np.tile(z, 2), doubled),
    )
    X = STRUCTURE_PRESETS[name]().compute(variants).X
    np.testing.assert_allclose(X, X[[0, 0, 0]], rtol=1e-9, atol=1e-9)


def test_a_scaled_crystal_keeps_its_shape_attributes() -> None:
    lattice, z, frac = OBLIQUE
    X = STRUCTURE_PRESETS["ward2017"]().compute(materials(OBLIQUE, (1.7 * lattice, z, frac))).X
    np.testing.assert_allclose(X[1], X[0], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("shift", [0.0, -0.3, 1.0 + 1e-9])
def test_ward2017_is_what_matminer_says_of_the_wrapped_structure(shift: float) -> None:
    from matminer.featurizers.structure import ChemicalOrdering, StructuralHeterogeneity
    from pymatgen.core import Lattice, Structure

    lattice, z, frac = 4.12 * np.eye(3), np.array([55, 17]), np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]]) + shift
    structure = Structure(Lattice(lattice), ["Cs", "Cl"], frac % 1)
    expected = [*ChemicalOrdering().featurize(structure), *StructuralHeterogeneity().featurize(structure)]
    X = STRUCTURE_PRESETS["ward2017"]().compute(materials((lattice, z, frac))).X
    np.testing.assert_allclose(X[0, 1:13], expected, rtol=1e-9, atol=1e-10)


def test_neighbours_beyond_matminers_cutoff_of_13_angstrom_are_found() -> None:
    """The cell of a single atom in a box of 30 angstrom is the box."""
    X = STRUCTURE_PRESETS["ward2017"]().compute(materials((30.0 * np.eye(3), NEON[1], NEON[2] + 0.3))).X
    row = dict(zip(STRUCTURE_PRESETS["ward2017"]().names, X[0], strict=True))
    assert row["max packing efficiency"] == pytest.approx(np.pi / 6)
    assert row["mean CN_VoronoiNN"] == pytest.approx(6)


def test_properties_without_data_are_missing_or_counted_as_imputed() -> None:
    rows = materials(RUTILE, (4.0 * np.eye(3), np.array([10, 17]), np.array([[0, 0, 0], [0.5, 0.5, 0.5]])), NEON)
    name = "mean local difference in Electronegativity"
    column = STRUCTURE_PRESETS["ward2017"]().names.index(name)
    missing = STRUCTURE_PRESETS["ward2017"]().compute(rows)
    imputed = STRUCTURE_PRESETS["ward2017"](impute_nan=True).compute(rows)
    assert missing.missing[name] == imputed.missing[name] == 2
    assert np.isnan(missing.X[:, column]).tolist() == [False, True, True]
    assert np.isfinite(imputed.X).all()
    assert "mean local difference in Number" not in missing.missing


def test_density_without_an_atomic_radius_lacks_only_the_packing_fraction() -> None:
    block = STRUCTURE_PRESETS["density"]().compute(materials(RUTILE, NEON))
    assert np.isnan(block.X).tolist() == [[False] * 3, [False, False, True]]
    assert block.missing == {"packing fraction": 1}
    assert not block.failures


@pytest.mark.parametrize(
    ("reason", "lattice", "first_site"),
    [
        ("not a finite number", np.diag([4.594, np.nan, 2.959]), [0, 0, 0]),
        ("not a finite number", RUTILE[0], [0, np.inf, 0]),
        ("span no volume", np.array([[1.0, 0, 0], [0, 1, 0], [1, 1, 0]]), [0, 0, 0]),
    ],
)
@pytest.mark.parametrize("name", [*OF_THE_CRYSTAL, "sine_coulomb"])
def test_a_broken_structure_fails_with_its_reason_and_leaves_the_others_alone(
    name: str, reason: str, lattice: Floats, first_site: list[int] | list[float]
) -> None:
    damaged = (lattice, RUTILE[1], np.array([first_site, *RUTILE[2][1:]]))
    block = STRUCTURE_PRESETS[name]().compute(materials(RUTILE, damaged, OBLIQUE))
    alone = STRUCTURE_PRESETS[name]().compute(materials(RUTILE, OBLIQUE))
    assert list(block.failures) == [1]
    assert reason in block.failures[1]
    assert np.isnan(block.X[1]).all()
    np.testing.assert_array_equal(block.X[[0, 2]], alone.X)


@pytest.mark.parametrize("name", ["ward2017", "sine_coulomb", "symmetry"])
def test_two_atoms_on_one_point_fail(name: str) -> None:
    twice = (4.0 * np.eye(3), np.array([11, 11]), np.array([[0, 0, 0], [1.0, 0, 0]]))
    block = STRUCTURE_PRESETS[name]().compute(materials(twice, RUTILE))
    assert list(block.failures) == [0]
    assert np.isnan(block.X[0]).all()
    assert np.isfinite(block.X[1]).all()


def test_compositions_alone_are_refused() -> None:
    rows = materials(RUTILE)
    with pytest.raises(FeatureError, match="compositions only"):
        STRUCTURE_PRESETS["density"]().compute(Materials(rows.compositions))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("sine_coulomb", {"n_eigenvalues": 0}, "at least 1"),
    ],
)
def test_wrong_options_are_refused(name: str, options: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        STRUCTURE_PRESETS[name](**options)
