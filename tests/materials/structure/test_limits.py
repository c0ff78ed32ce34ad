"""What no crystal can be is refused in one place, whatever way it comes."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from formation_mlp.materials.inputs import read_structures
from formation_mlp.materials.reduced_formula import reduced_formula, reduced_formulas
from formation_mlp.materials.structure.crystal import Crystal, as_column, crystal_of
from formation_mlp.materials.structure.limits import MAX_SITES, impossible, within_limits
from support.structures import rock_salt


def crystal(lattice: Any = 4.0, frac: Any = ((0, 0, 0),), symbol: str = "Fe") -> Crystal:
    matrix = np.diag([lattice] * 3) if np.isscalar(lattice) else np.array(lattice, float)
    return crystal_of(matrix, [symbol] * len(frac), frac)


def reason(one: Crystal) -> str:
    return impossible(as_column([one])).get(0, "")


@pytest.mark.parametrize(
    ("lattice", "frac", "message"),
    [
        (4.0, [(0, 0, 0)], ""),
        (1e6, [(0, 0, 0)], "edges of 1e+06, 1e+06, 1e+06 angstrom; allowed are 0.5 to 500"),
        (1e-5, [(0, 0, 0)], "edges of 1e-05"),
        (0.3, [(0, 0, 0)], "edges of 0.3"),
        (np.nan, [(0, 0, 0)], "a number is not finite"),
        (np.inf, [(0, 0, 0)], "a number is not finite"),
        ([[4, 0, 0], [0, 4, 0], [4, 4, 0]], [(0, 0, 0)], "no volume"),
        (
            [[4, 0, 0], [0, 4, 0], [4, 4, 0.1]],
            [(0, 0, 0)],
            "no volume, or nearly none: its faces are 0.1 angstrom apart",
        ),
        (4.0, [(0, 0, np.nan)], "a coordinate is no finite number"),
        (4.0, [(0, -1e300, 0)], "lies more than 1,000 cells away"),
        (4.0, [(0, -999, 0)], ""),
        (4.0, [(0, 0, 0), (0, 0, 0.1)], "Fe (number 1) and Fe (number 2), 0.40 angstrom apart"),
        (4.0, [(0, 0, 0.01), (0, 0, 0.99)], "0.08 angstrom apart"),
        (4.0, [(0, 0, 0), (3, -2, 7)], "0.00 angstrom apart"),
        (4.0, [(0, 0, 0), (0, 0, 0.13)], ""),
        (1.0, [(0, 0, 0), (0, 0, 0.45)], "0.45 angstrom apart"),
        ([[4, 0, 0], [0, 4, 0], [0, 3.9, 4]], [(0, 0, 0), (0.01, 0.97, 0.98)], "apart"),
    ],
)
def test_cells_and_distances(lattice: Any, frac: Any, message: str) -> None:
    found = reason(crystal(lattice, frac))
    assert message in found
    assert bool(message) == bool(found)


@pytest.mark.parametrize("seed", range(20))
def test_pairs_are_found_as_by_comparing_all_images(seed: int) -> None:
    random = np.random.default_rng(seed)
    lattice = np.eye(3) * random.uniform(1.5, 6, 3) + random.uniform(-1, 1, (3, 3))
    frac = random.uniform(-2, 2, (int(random.integers(1, 12)), 3))
    images = np.stack(np.meshgrid(*[range(-6, 7)] * 3), axis=-1).reshape(-1, 3)
    shift = (
        frac[:, None, None]
        - frac[None, :, None]
        + images
        + np.floor(frac)[None, :, None]
        - np.floor(frac)[:, None, None]
    )
    distance = np.linalg.norm(shift @ lattice, axis=-1)
    nearest = distance[distance > 1e-12].min()
    found = reason(crystal(lattice, frac))
    heights = 1 / np.linalg.norm(np.linalg.inv(lattice), axis=0)
    assert bool(found) == (nearest < 0.5 or heights.min() < 0.5)
    if "apart" in found and "faces" not in found:
        assert f"{nearest:.2f} angstrom" in found


def test_many_atoms_at_one_place_cost_neither_time_nor_memory() -> None:
    assert "0.00 angstrom apart" in reason(crystal(100.0, np.zeros((MAX_SITES, 3))))
    assert "at most 10,000 can be read" in reason(crystal(100.0, np.zeros((MAX_SITES + 1, 3))))


def test_impossible_rows_are_emptied_and_the_others_stay() -> None:
    good = crystal(4.0, [(0, 0, 0), (0.5, 0.5, 0.5)])
    column, reasons = within_limits(as_column([crystal(1e6), good, crystal(0.1), good]))
    assert list(reasons) == [0, 2]
    assert column.n_sites.tolist() == [0, 2, 0, 2]
    assert np.isfinite(column.lattice).all()
    assert np.array_equal(column.take([1]).frac, good.frac)


def too_near() -> list[object]:
    """Return one structure with two atoms at nearly one place, in every way of giving it."""
    from pymatgen.core import Lattice, Structure

    structure = Structure(Lattice.cubic(4), ["Fe", "O"], [[0, 0, 0], [0, 0, 0.999]])
    return [structure, structure.as_dict(), structure.to_json(), structure.to(fmt="cif"), structure.to(fmt="poscar")]


@pytest.mark.parametrize("way", range(5))
def test_the_limits_hold_for_every_way_of_giving_a_structure(way: int) -> None:
    read = read_structures([too_near()[way]])
    assert "two atoms are nearer than 0.5 angstrom" in read.failures[0]
    assert read.materials.structures is not None
    assert read.materials.structures.n_sites.tolist() == [0]


def test_no_module_that_a_file_names_is_imported(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (workplace / "leaves_a_trace.py").write_text("open('trace', 'w').close()\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(workplace))
    fields = rock_salt("Na", "Cl", 5.64).as_dict()
    bait = {"@module": "leaves_a_trace", "@class": "Anything"}
    fields |= {"properties": {"x": bait}, "charge": bait}
    fields["lattice"] |= bait
    for site in fields["sites"]:
        site["properties"] = {"x": bait}
        site["species"][0] |= bait
    fields |= bait
    (workplace / "bait.json").write_text(json.dumps(fields), encoding="utf-8")
    assert read_structures([fields, json.dumps(fields), "bait.json"]).labels == ["NaCl"] * 3
    assert not (workplace / "trace").exists()
    assert "leaves_a_trace" not in sys.modules


SITE = {"species": [{"element": "Fe", "occu": 1}], "abc": [0, 0, 0]}
LATTICE = {"matrix": [[4, 0, 0], [0, 4, 0], [0, 0, 4]]}


@pytest.mark.parametrize(
    "content",
    [
        {"lattice": LATTICE, "sites": [SITE]},
        {"material_id": "mp-1", "structure": {"lattice": LATTICE, "sites": [SITE]}},
        [{"lattice": LATTICE, "sites": [SITE]}],
        {"lattice": {"a": 4, "b": 4, "c": 4, "alpha": 90, "beta": 90, "gamma": 90}, "sites": [SITE]},
        {"lattice": LATTICE, "sites": [{"species": [{"element": "Fe", "occu": 1}], "xyz": [4, 4, 4]}]},
        {
            "lattice": LATTICE,
            "sites": [{"species": [{"element": "Fe", "oxidation_state": 3, "occu": 1.01}], "abc": [0, 0, 0]}],
        },
    ],
)
def test_json_is_read_for_lattice_species_and_places(content: Any) -> None:
    assert read_structures([json.dumps(content)]).labels == ["Fe"]


def with_site(**changes: Any) -> dict[str, Any]:
    return {"lattice": LATTICE, "sites": [{**SITE, **changes}]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "found nothing"),
        ({"sites": [SITE]}, "'lattice' and 'sites' are expected, found sites"),
        ({"lattice": LATTICE, "sites": []}, "it has no sites"),
        ({"lattice": LATTICE, "sites": [3]}, "site 1 names no species"),
        ({"lattice": {"matrix": [[1, 2], [3, 4]]}, "sites": [SITE]}, "3 by 3 numbers are expected"),
        ({"lattice": {"a": 4}, "sites": [SITE]}, "the lattice (a, b, c, alpha, beta, gamma)"),
        (with_site(abc=["0", "x", 0]), "site 1: 'abc': 3 numbers are expected"),
        (with_site(abc=None), "site 1: 'xyz': 3 numbers are expected"),
        (with_site(abc=[0, 0, 1e999]), "not finite"),
        (with_site(species=[]), "names no species"),
        (with_site(species=[{"element": "Xx", "occu": 1}]), "no element: 'Xx'"),
        (with_site(species=[{"element": "Fe3+", "occu": 1}]), "no element: 'Fe3+'"),
        (with_site(species=[{"@class": "DummySpecies", "element": "Fe", "occu": 1}]), "no element"),
        (with_site(species=[{"element": "Fe", "occu": 0}]), "occupancy 0 is not above 0"),
        (with_site(species=[{"element": "Fe", "occu": "x"}]), "occupancy 'x' is not above 0"),
        (with_site(species=[{"element": "Fe", "occu": 1.2}]), "occupancy 1.2 exceeds 1"),
        (with_site(species=[{"element": "Fe", "occu": 0.5}]), "partially occupied sites (site 1)"),
        (with_site(species=[{"element": "Fe", "occu": 0.5}, {"element": "Mn", "occu": 0.5}]), "partially occupied"),
        ([with_site(), with_site()], "2 structures in one file"),
        ({"numbers": [1]}, "found numbers"),
    ],
)
def test_json_that_is_no_structure_is_refused_with_the_reason(content: Any, message: str) -> None:
    assert message in read_structures([json.dumps(content)]).failures[0]


def test_json_that_is_nested_without_end_is_refused() -> None:
    assert "not a pymatgen structure" in read_structures(["[" * 100_000]).failures[0]


@pytest.mark.parametrize("seed", range(30))
def test_formulas_are_written_as_pymatgen_writes_them(seed: int) -> None:
    from pymatgen.core import Composition

    random = np.random.default_rng(seed)
    for _ in range(20):
        numbers = random.integers(1, 98, random.integers(1, 6))
        z = np.repeat(numbers, random.integers(1, 9, len(numbers)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # noble gases have no electronegativity
            expected = Composition({int(n): int((z == n).sum()) for n in np.unique(z)}).reduced_formula
        assert reduced_formula(z) == expected


def test_formulas_of_a_column_are_those_of_its_rows() -> None:
    salts = [
        crystal_of(np.eye(3) * 5, ["Na", "Cl", "O", "O"], np.zeros((4, 3))),
        crystal(frac=np.zeros((3, 3)), symbol="O"),
    ]
    empty = as_column([*salts, crystal_of(np.eye(3), [], [])])
    assert reduced_formulas(empty) == ["NaClO2", "O2", ""]
