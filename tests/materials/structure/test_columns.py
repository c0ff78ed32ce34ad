"""Structures in text columns and in extended XYZ files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from formation_mlp.config.schema import DataConfig, TaskConfig
from formation_mlp.data.dataset import load_dataset
from formation_mlp.data.sources import read_table
from formation_mlp.errors import DataError
from formation_mlp.materials.inputs import read_structures
from formation_mlp.materials.structure.columns import read_structure_columns
from formation_mlp.materials.structure.crystal import lattice_vectors
from support.commands import Outcome
from support.structures import ROCK_SALTS, rock_salt


@pytest.mark.parametrize(
    "parameters",
    [(4.0, 4.0, 4.0, 90, 90, 90), (3.1, 4.2, 5.3, 71, 82, 93), (3.0, 3.0, 8.0, 90, 90, 120), (5, 6, 7, 60, 60, 60)],
)
def test_lattice_vectors_are_those_of_pymatgen(parameters: tuple[float, ...]) -> None:
    from pymatgen.core import Lattice

    expected = Lattice.from_parameters(*parameters).matrix
    assert np.allclose(lattice_vectors(np.array(parameters, float)), expected, atol=1e-12)


def test_columns_give_back_the_structure() -> None:
    structure = rock_salt("Na", "Cl", 5.64)
    cell = " ".join(map(str, structure.lattice.parameters))
    species = " ".join(site.specie.symbol for site in structure)
    frac = " ".join(map(str, structure.frac_coords.ravel()))
    read = read_structure_columns([cell], [species], [frac])
    (again,) = read.materials.structures.to_pymatgen()  # type: ignore[union-attr]
    assert not read.failures
    assert again.matches(structure)
    assert read.labels == ["NaCl"]


@pytest.mark.parametrize(
    ("cell", "species", "frac", "reason"),
    [
        ("4 4 4 90 90", "Na", "0 0 0", "found 5 numbers"),
        ("4 4 4 90 90 90", "Xx", "0 0 0", "'Xx' is no element"),
        ("4 4 4 90 90 90", "", "", "the cell is empty"),
        ("4 4 4 90 90 90", "Na Cl", "0 0 0", "for 2 sites"),
        ("4 4 4 90 90 90", "Na", "0 0 a", "could not convert"),
        ("4 4 4 90 90 90", "Na", "0 0 nan", "not finite"),
        ("0 4 4 90 90 90", "Na", "0 0 0", "edges of 0, 4, 4 angstrom"),
        ("4 4 4 90 90 180", "Na", "0 0 0", "no cell with the angles 90, 90, 180"),
        ("4 4 4 10 20 90", "Na", "0 0 0", "no cell with the angles"),
        ("4 0 0 0 4 0 4 4 0", "Na", "0 0 0", "no volume"),
        ("1e6 4 4 90 90 90", "Na", "0 0 0", "edges of 1e+06, 4, 4 angstrom; allowed are 0.5 to 500"),
        ("4 4 4 90 90 90", "Na Cl", "0 0 0 0 0 0.99", "Na (number 1) and Cl (number 2), 0.04 angstrom apart"),
    ],
)
def test_a_bad_row_says_why_and_the_others_are_read(cell: str, species: str, frac: str, reason: str) -> None:
    good = ("4 4 4 90 90 90", "Po", "0 0 0")
    read = read_structure_columns(*zip((cell, species, frac), good, strict=True))
    assert list(read.failures) == [0]
    assert reason in read.failures[0]
    assert read.materials.structures is not None
    assert read.materials.structures.n_sites.tolist() == [0, 1]


@pytest.mark.slow
def test_published_structures_are_read_whole(shared_data: Path) -> None:
    path = shared_data / "mp20_mpts52_structures" / "mp20_mpts52_structures.csv.gz"
    dataset = load_dataset(DataConfig(path=str(path), target="energy_above_hull", unit="eV/atom"), TaskConfig())
    assert dataset.materials.structures is not None
    reduced = dataset.materials.compositions.keys()[:50]
    from formation_mlp.materials.formula.reading import parse_formulas

    assert reduced == parse_formulas(dataset.formulas[:50]).compositions.keys()


def write_extxyz(path: Path, periodic: bool = True) -> None:
    ase = pytest.importorskip("ase")
    from ase.io import write

    frames = []
    for arguments, energy in ROCK_SALTS.values():
        structure = rock_salt(*arguments)
        symbols = [site.specie.symbol for site in structure]
        atoms = ase.Atoms(symbols, positions=structure.cart_coords, cell=structure.lattice.matrix, pbc=periodic)
        atoms.info["formation_energy_per_atom"] = energy
        frames.append(atoms)
    write(path, frames, format="extxyz")


def test_an_extended_xyz_file_is_a_table(workplace: Path) -> None:
    write_extxyz(workplace / "salts.extxyz")
    dataset = load_dataset(DataConfig(path="salts.extxyz"), TaskConfig())
    assert list(dataset.formulas) == list(ROCK_SALTS)
    assert dataset.y.tolist() == [energy for _, energy in ROCK_SALTS.values()]


def test_a_frame_without_a_cell_is_refused(workplace: Path) -> None:
    write_extxyz(workplace / "salts.xyz", periodic=False)
    with pytest.raises(DataError, match="frame 1 is not periodic"):
        load_dataset(DataConfig(path="salts.xyz"), TaskConfig())


FRAME = """2
Lattice="4 0 0 0 4 0 0 0 4" Properties=species:S:1:pos:R:3 target=-1.5 name="two words" pbc="T T T" stress="1 0 0"
Cs 0 0 0
Cl 2 2 2
"""


def test_values_of_a_comment_line_are_columns(workplace: Path) -> None:
    text = (
        FRAME
        + "\n"
        + FRAME.replace("species:S:1", "forces:R:3:Z:I:1").replace("Cs", "0 0 0 55").replace("Cl", "1 1 1 17")
    )
    (workplace / "a.xyz").write_text(text, encoding="utf-8")
    frame = read_table("a.xyz")
    assert list(frame.columns) == ["target", "name", "structure"]
    assert frame["target"].tolist() == [-1.5, -1.5]
    assert frame["name"].tolist() == ["two words"] * 2
    assert read_structures(frame["structure"].tolist()).labels == ["CsCl", "CsCl"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2\nL", "999999999\nL", "frame 2 announces 999,999,999 atoms; at most"),
        ("2\nL", "3\nL", "frame 2 is not readable as extended XYZ: it announces 3 atoms, but has 2 lines"),
        ("2\nL", "two\nL", "line 5 is no number of atoms: 'two'"),
        ("T T T", "T T F", "frame 2 is not periodic"),
        ("Lattice", "lattice", "frame 2 is not periodic"),
        ("0 0 4", "0 0 0", "frame 2 has a cell without volume"),
        ("0 0 4", "0 0 nan", "its lattice has no 9 finite numbers"),
        ("Cs", "Xx", "holds a species that is no element: 'Xx'"),
        ("2 2 2", "2 2", "atom 2 has 3 of 4 columns"),
        ("2 2 2", "2 2 inf", "atom 2 has no 3 finite numbers"),
        ("pos:R:3", "pos:R", "is not understood"),
        ("pos:R:3", "place:R:3", "names no species or no pos"),
    ],
)
def test_a_broken_frame_is_named(workplace: Path, old: str, new: str, message: str) -> None:
    (workplace / "a.extxyz").write_text(FRAME + FRAME.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError) as error:
        read_table("a.extxyz")
    assert message in str(error.value)


def test_features_of_an_extended_xyz_file(workplace: Path, command: Callable[..., Outcome]) -> None:
    write_extxyz(workplace / "salts.extxyz")
    outcome = command("featurize", "salts.extxyz", "--out", "out.csv", "--features", "density")
    assert outcome.code == 0, outcome.err
    assert (workplace / "out.csv").read_text(encoding="utf-8").count("\n") == 1 + len(ROCK_SALTS)


@pytest.mark.parametrize("kind", ["cif", "poscar"])
def test_a_column_may_hold_the_text_of_files(kind: str) -> None:
    text = rock_salt("Na", "Cl", 5.64).to(fmt=kind)
    read = read_structures([text, text[: len(text) // 3]])
    assert read.labels[0] == "NaCl"
    assert list(read.failures) == [1]
