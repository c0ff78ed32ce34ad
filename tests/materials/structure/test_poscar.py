"""POSCAR and CONTCAR: elements, scales and coordinates in all their ways of writing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from formation_mlp.errors import DataError
from formation_mlp.materials.inputs import read_materials
from formation_mlp.materials.reduced_formula import reduced_formula
from formation_mlp.materials.structure.poscar import crystal_from_poscar, looks_like_poscar
from support.structures import rock_salt

VECTORS = "0 2.82 2.82\n2.82 0 2.82\n2.82 2.82 0"


def poscar(
    elements: str = "Na Cl\n",
    counts: str = "1 1",
    scale: str = "1.0",
    rest: str = "Direct\n0 0 0\n.5 .5 .5\n",
    comment: str = "salt",
    vectors: str = VECTORS,
) -> str:
    """Return the text of a POSCAR."""
    return f"{comment}\n{scale}\n{vectors}\n{elements}{counts}\n{rest}"


@pytest.mark.parametrize(
    ("text", "formula", "volume"),
    [
        (poscar(), "NaCl", 44.85),
        (poscar("Na_pv/1a2b3c Cl/99ffaa\n"), "NaCl", 44.85),
        (poscar("Na_sv Cl_h\n"), "NaCl", 44.85),
        (poscar(scale="-44.85"), "NaCl", 44.85),
        (poscar(scale="2", vectors="0 1.41 1.41\n1.41 0 1.41\n1.41 1.41 0"), "NaCl", 44.85),
        (poscar(scale="2 1 1", vectors="0 2.82 2.82\n1.41 0 2.82\n1.41 2.82 0"), "NaCl", 44.85),
        (poscar(scale="1.0 ! angstrom"), "NaCl", 44.85),
        (poscar(rest="Selective dynamics\nDirect\n0 0 0 T T F\n.5 .5 .5 F F F\n"), "NaCl", 44.85),
        (poscar(rest="Cartesian\n0 0 0\n2.82 2.82 2.82\n"), "NaCl", 44.85),
        (poscar(rest="kartesian\n0 0 0\n2.82 2.82 2.82\n"), "NaCl", 44.85),
        (
            poscar(
                scale="2",
                vectors="0 1.41 1.41\n1.41 0 1.41\n1.41 1.41 0",
                rest="Cartesian\n0 0 0\n1.41 1.41 1.41\n",
            ),
            "NaCl",
            44.85,
        ),
        (poscar(scale="-88", rest="Cartesian\n0 0 0\n2.82 2.82 2.82\n"), "NaCl", 88),
        (
            poscar(
                scale="2 1 1",
                vectors="0 2.82 2.82\n1.41 0 2.82\n1.41 2.82 0",
                rest="Cartesian\n0 0 0\n1.41 2.82 2.82\n",
            ),
            "NaCl",
            44.85,
        ),
        (poscar(rest="Direct\n0 0 0 Na\n.5 .5 .5 Cl\n\n0 0 0\n0 0 0\n"), "NaCl", 44.85),
        (poscar("", rest="Direct\n0 0 0 Na\n.5 .5 .5 Cl\n"), "NaCl", 44.85),
        (poscar("", rest="S\nDirect\n0 0 0 T T T Na\n.5 .5 .5 T T T Cl\n"), "NaCl", 44.85),
        (poscar("", comment="Na Cl"), "NaCl", 44.85),
        (poscar(counts="1 1 ! atoms"), "NaCl", 44.85),
        (poscar("Na Cl # elements\n", "1 1 # atoms", rest="Direct # kind\n0 0 0 # Na\n.5 .5 .5 # Cl\n"), "NaCl", 44.85),
        (poscar("O Na Cl\n", "0 1 1"), "NaCl", 44.85),
        (poscar("Na Cl\n", "1 1 0"), "NaCl", 44.85),
        (poscar("F Cl\n", rest="Direct\n0 0 0 T T T\n.5 .5 .5 F F F\n"), "ClF", 44.85),
        (poscar(rest="Direct\n0 0 0 Na1\n.5 .5 .5 site\n"), "NaCl", 44.85),
        (poscar("Na Cl Na\n", "1 2 1", rest="D\n0 0 0\n.5 .5 .5\n.25 .25 .25\n.75 .75 .75"), "NaCl", 44.85),
        (poscar(rest="Direct\n0.0d0 0 0\n5.0D-1 .5 .5\n"), "NaCl", 44.85),
        (poscar().replace("\n", "\r\n").replace(" ", "\t"), "NaCl", 44.85),
    ],
)
def test_every_way_of_writing_is_read(text: str, formula: str, volume: float) -> None:
    crystal = crystal_from_poscar(text)
    assert reduced_formula(crystal.z) == formula
    assert abs(np.linalg.det(crystal.lattice)) == pytest.approx(volume, rel=1e-3)
    assert np.allclose(crystal.frac[1], 0.5, atol=1e-3)
    assert looks_like_poscar(text)


def test_elements_of_the_comment_line_are_said() -> None:
    assert "read as Na1 Cl1" in crystal_from_poscar(poscar("", comment="Na Cl")).notes[0]


@pytest.mark.parametrize(
    ("rest", "note"),
    [
        ("Direct\n0 0 0\n.5 .5 .5\n.5 0 0\n", "read as 2 atoms, as it announces, but coordinates of 3 are listed"),
        ("Angstrom\n0 0 0\n.5 .5 .5\n", "as fractions of the cell, as VASP reads them under a line 'Angstrom'"),
        ("Direct\n0 0 0\n2.5 2.5 2.5\n", "fractional coordinates are as large as 2.5"),
        ("Direct\n0 0 0\n1.5 .5 .5\n\n0 0 0\n0 0 0\n", ""),
        ("Cartesian\n0 0 0\n2.82 2.82 2.82\nLattice velocities and vectors\n1\n0 0 0\n", ""),
        ("Fractional\n0 0 0\n.5 .5 .5\n", ""),
    ],
)
def test_what_is_read_but_hardly_meant_is_said(rest: str, note: str) -> None:
    notes = crystal_from_poscar(poscar(rest=rest)).notes
    assert note in "; ".join(notes)
    assert bool(note) == bool(notes)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (poscar(rest="Direct\n0 0 0 Cl\n.5 .5 .5 Na\n"), "atom 1 is Na by the line of elements, but Cl stands beside"),
        (poscar("", rest="Direct\n0 0 0 F F F\n.5 .5 .5 F F F\n"), "does not say which element its atoms are"),
        (poscar(""), "does not say which element its atoms are"),
        (poscar("", comment="Na Cl K"), "does not say which element"),
        (poscar("", comment="rock salt"), "does not say which element"),
        (poscar("", comment="NaCl"), "does not say which element"),
        (poscar("Na\n"), "names 1 elements, but 2 numbers of atoms"),
        (poscar("Na Xx\n"), "'Xx' in the line of elements is no element"),
        (poscar("Na H.5\n"), "'H.5' in the line of elements is no element"),
        (poscar(counts="999999999 1"), "announces 1,000,000,000 atoms; at most"),
        (poscar(counts="2 2"), "announces 4 atoms, but has coordinates of 2"),
        (poscar(counts="one one"), "holds no numbers of atoms"),
        (poscar(counts="0 0"), "holds no numbers of atoms"),
        (poscar(scale="0"), "the scale is 0"),
        (poscar(scale="1 -1 1"), "must be above 0"),
        (poscar(scale="big"), "are not a scale and three lattice vectors"),
        (poscar(vectors="1 0 0\n2 0 0\n0 0 1"), "no volume"),
        (poscar(vectors="1 0 0\n0 nan 0\n0 0 1"), "not finite"),
        (poscar(rest="Direct\n0 0 0\n.5 .5\n"), "line 10 holds no three coordinates: '.5 .5'"),
        (poscar(rest="Direct\n0 0 0\n.5 .5 inf\n"), "holds no three coordinates"),
        ("salt\n1\n", "fewer than eight lines"),
        (poscar(rest="Direct configuration=     1\n0 0 0\n.5 .5 .5\n"), "a trajectory"),
    ],
)
def test_what_is_not_certain_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(DataError) as error:
        crystal_from_poscar(text)
    assert reason in str(error.value)


@pytest.mark.parametrize("direct", [True, False])
def test_what_pymatgen_writes_comes_back(direct: bool) -> None:
    from pymatgen.io.vasp import Poscar

    structure = rock_salt("Mg", "O", 4.21)
    assert (
        crystal_from_poscar(Poscar(structure).get_str(direct=direct, significant_figures=12)).to_pymatgen() == structure
    )


@pytest.mark.parametrize("name", ["structure.txt", "geometry.in", "relaxed"])
def test_a_file_that_is_there_is_known_by_its_content(workplace: Path, name: str) -> None:
    (workplace / name).write_text(poscar(), encoding="utf-8")
    assert read_materials([name]).labels == ["NaCl"]
