"""Formulas, pymatgen objects and structure files as arrays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymatgen.core import Composition, DummySpecies, Lattice, Species, Structure

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.elements import ATOMIC_NUMBER, SYMBOLS
from formation_mlp.errors import DataError
from formation_mlp.materials.inputs import concatenated, read_materials, read_structures
from formation_mlp.materials.records import Materials
from formation_mlp.materials.structure.files import crystal_of_json, is_structure_file, read_structure
from formation_mlp.materials.structures import Structures
from formation_mlp.quoting import MOST_SIGNS, quoted, shortened
from support.structures import ROCK_SALTS, rock_salt


@pytest.fixture(scope="module")
def salts() -> list[Structure]:
    return [rock_salt(*arguments) for arguments, _energy in ROCK_SALTS.values()]


def compositions(*formulas: str) -> Compositions:
    return read_materials(formulas).materials.compositions


def test_every_element_has_its_number() -> None:
    assert len(SYMBOLS) == 119
    assert (SYMBOLS[1], SYMBOLS[26], SYMBOLS[118]) == ("H", "Fe", "Og")
    assert all(SYMBOLS[ATOMIC_NUMBER[symbol]] == symbol for symbol in ATOMIC_NUMBER)


def test_compositions_are_flat_arrays_in_the_order_of_the_formula() -> None:
    column = compositions("Fe2O3", "NaCl")
    assert column.row_ptr.tolist() == [0, 2, 4]
    assert column.z.tolist() == [26, 8, 11, 17]
    assert column.amount.tolist() == [2, 3, 1, 1]
    assert column.n_elements.tolist() == [2, 2]
    assert column.n_atoms.tolist() == [5, 2]
    np.testing.assert_allclose(column.fractions(), [0.4, 0.6, 0.5, 0.5])
    assert column.elements().tolist() == [8, 11, 17, 26]
    assert column.chemical_systems() == ["Fe-O", "Cl-Na"]
    assert [str(composition) for composition in column.to_pymatgen()] == ["Fe2 O3", "Na1 Cl1"]


def test_elements_and_fractions_as_tables_have_zeros_after_the_last_element() -> None:
    z, fraction = compositions("Fe2O3", "?", "LiFePO4", "Na").padded()
    assert z.tolist() == [[26, 8, 0, 0], [0, 0, 0, 0], [3, 26, 15, 8], [11, 0, 0, 0]]
    expected: list[list[float]] = [[0.4, 0.6, 0, 0], [0, 0, 0, 0], [1 / 7, 1 / 7, 1 / 7, 4 / 7], [1, 0, 0, 0]]
    np.testing.assert_allclose(fraction, np.array(expected))
    assert z.dtype == np.int64


@pytest.mark.parametrize("formulas", [[], ["?"]])
def test_without_elements_the_tables_have_no_columns(formulas: list[str]) -> None:
    assert [table.shape for table in compositions(*formulas).padded()] == [(len(formulas), 0)] * 2


def test_an_empty_row_has_no_atoms_and_an_empty_key() -> None:
    column = compositions("NaCl", "?", "MgO")
    assert column.n_atoms.tolist() == [2, 0, 2]
    assert column.keys()[1] == ""
    assert column.chemical_systems()[1] == ""


@pytest.mark.parametrize("spelling", ["Fe4O6", "O3Fe2", "Fe0.4O0.6", "Fe0.666666667O", "(Fe2O3)2", "Fe1O1FeO2"])
def test_spellings_of_one_compound_have_one_key(spelling: str) -> None:
    assert len(set(compositions("Fe2O3", spelling).keys())) == 1


@pytest.mark.parametrize("other", ["Fe3O4", "FeO", "Fe2S3", "Fe2O3.001"])
def test_other_compounds_have_other_keys(other: str) -> None:
    assert len(set(compositions("Fe2O3", other).keys())) == 2


@pytest.mark.parametrize("rows", [[2, 0], [], [1], [0, 0], np.array([2])])
def test_taking_rows_of_compositions_keeps_their_order(rows: Any) -> None:
    formulas = ["Fe2O3", "?", "CaTiO3"]
    taken = compositions(*formulas).take(rows)
    assert taken.keys() == [compositions(*formulas).keys()[i] for i in rows]
    assert len(taken) == len(rows)


def test_structures_come_back_from_arrays(salts: list[Structure]) -> None:
    column = Structures.from_pymatgen(salts)
    assert len(column) == len(salts)
    assert column.n_sites.tolist() == [8] * len(salts)
    assert column.to_pymatgen() == salts
    assert column.take([3, 1]).to_pymatgen() == [salts[3], salts[1]]
    assert concatenated([column.take([i]) for i in range(len(salts))]).to_pymatgen() == salts


def test_the_composition_of_a_structure_is_that_of_its_cell(salts: list[Structure]) -> None:
    cell = Structures.from_pymatgen(salts).compositions()
    assert cell.z[:2].tolist() == [11, 17]
    assert cell.amount[:2].tolist() == [4, 4]
    assert cell.keys() == compositions(*ROCK_SALTS).keys()


def test_no_structures_at_all_are_a_column_too() -> None:
    assert len(Structures.from_pymatgen([])) == 0
    assert len(concatenated([])) == 0


def structure_with(species: object) -> Structure:
    return Structure(Lattice.cubic(3), [species, "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])


def test_oxidation_states_and_deuterium_are_read_as_their_elements() -> None:
    assert Structures.from_pymatgen([structure_with(Species("Fe", 2))]).z.tolist() == [26, 8]
    assert Structures.from_pymatgen([structure_with("D")]).z.tolist() == [1, 8]


@pytest.mark.parametrize(
    ("species", "message"),
    [({"Fe": 0.5, "Mn": 0.5}, "partially occupied"), (DummySpecies("X"), "holds a species that is no element")],
)
def test_structures_without_one_element_per_site_are_refused(species: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Structures.from_pymatgen([structure_with(species)])


def test_materials_need_as_many_structures_as_compositions(salts: list[Structure]) -> None:
    with pytest.raises(ValueError, match="6 structures for 1 compositions"):
        Materials(compositions("NaCl"), Structures.from_pymatgen(salts))


@pytest.mark.parametrize(
    "name",
    [
        *(
            "a.cif",
            "b.CIF",
            "c.json",
            "d.poscar",
            "e.vasp",
            "POSCAR",
            "poscar_1",
            "CONTCAR.x",
            "CONTCAR",
            "NaCl_CONTCAR",
        ),
        *("NaCl.POSCAR", "POSCAR-unitcell", "POSCAR1", "POSCAR.gz", "x.cif.gz", "x.cif.bz2", "x.json.xz", "x.mcif"),
        *("NaCl_CONTCAR", "x.contcar", "X.VASP", "many.cif#second", "XDATCAR"),
    ],
)
def test_structure_files_are_known_by_their_names(name: str) -> None:
    assert is_structure_file(Path("folder") / name)


@pytest.mark.parametrize(
    "name", ["NaCl", "Fe2O3", "a.csv", "cif", "POSCAR.csv", "Ca(OH)2", "CuSO4.5H2O", "carbon", "OSCAR", "gz"]
)
def test_formulas_are_no_names_of_structure_files(name: str) -> None:
    assert not is_structure_file(Path(name))


@pytest.mark.parametrize("name", ["NaCl.cif", "CaO.vasp", "NaF.json"])
def test_every_kind_of_structure_file_is_read(structure_folder: Path, name: str) -> None:
    (cation, anion, length), _ = ROCK_SALTS[name.split(".")[0]]
    structure = read_structure(structure_folder / name).to_pymatgen()
    assert structure.composition == Composition({cation: 4, anion: 4})
    assert structure.lattice.a == pytest.approx(length)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.cif", None, "no such structure file"),
        ("a.txt", b"", "not known as a structure file, and its content is neither CIF"),
        ("a.cif", b"", "not readable as CIF"),
        ("a.cif", b"data_a\n_cell_length_a 3\n", "not readable as CIF"),
        ("a.cif", b"\xff\xfe\x00", "not readable as text"),
        ("a.cif", b"data_a\0b", "binary zeros"),
        ("a.cif.gz", b"data_a", "not readable"),
        ("POSCAR", b"NaCl\n1.0\n", "not readable as POSCAR"),
        ("XDATCAR", b"", "a trajectory"),
        ("a.json", b"{", "not a pymatgen structure in JSON"),
        ("a.json", b"[1]", "not a pymatgen structure in JSON"),
        ("a.json", b'{"@class": "Composition"}', "not a pymatgen structure in JSON"),
    ],
)
def test_a_broken_structure_file_is_named(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError) as error:
        read_structure(path)
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)


def test_json_is_read_as_text_and_as_a_dictionary(salts: list[Structure]) -> None:
    fields = salts[0].as_dict()
    for content in (fields, json.dumps(fields)):
        assert crystal_of_json(content).to_pymatgen() == salts[0]


def test_formulas_keep_their_spelling_as_labels() -> None:
    read = read_materials(["NaCl", "Xx2O", "CuSO4.5H2O", 7])
    assert read.labels == ["NaCl", "Xx2O", "CuSO4.5H2O", "7"]
    assert set(read.failures) == {1, 3}
    assert "7 is no formula, Composition or Structure" in read.failures[3]
    assert set(read.notes) == {2}
    assert read.materials.compositions.n_atoms.tolist() == [2, 0, 21, 0]


def test_pymatgen_compositions_are_read(salts: list[Structure]) -> None:
    items = [Composition("Fe2O3"), Composition({"D": 1, "H": 1, "O": 1}), "NaCl", Composition({"X0": 1}), Composition()]
    read = read_materials(items)
    assert read.materials.compositions.keys()[:2] == compositions("Fe2O3", "H2O").keys()
    assert set(read.failures) == {2, 3, 4}
    assert "no Composition, but others in the same call are" in read.failures[2]
    assert read.labels[0] == "Fe2O3"


def test_paths_and_structures_are_read_side_by_side(structure_folder: Path, salts: list[Structure]) -> None:
    items = ["structures/NaCl.cif", structure_folder / "CaO.vasp", salts[3], salts[3].as_dict(), "gone.cif", "NaCl"]
    read = read_materials(items)
    assert read.labels == ["NaCl", "CaO", "MgO", "MgO", "gone.cif", "?"]
    assert set(read.failures) == {4, 5}
    assert read.materials.structures is not None
    assert read.materials.structures.n_sites.tolist() == [8, 8, 8, 8, 0, 0]
    assert read.materials.compositions.chemical_systems() == ["Cl-Na", "Ca-O", "Mg-O", "Mg-O", "", ""]


def test_relative_paths_start_where_the_table_lies(structure_folder: Path) -> None:
    assert read_structures(["NaCl.cif"], structure_folder).failures == {}
    assert "no such structure file" in read_structures(["NaCl.cif"]).failures[0]


ODD_COMPOSITIONS = {
    "Li-2 Mg4": ({"Li": -2, "Mg": 4}, "the amount -2 of Li is outside 1e-08 to 1e+08"),
    "of species": ({"Mg": 1, "Mg2+": -1}, "the amount -1 of Mg2+"),
    "partly negative": ({"Mg": 3, "Mg2+": -1, "O": 2}, "the amount -1 of Mg2+"),
    "huge": ({"Na": 1e12, "Cl": 1}, "the amount 1e+12 of Na"),
    "infinite": ({"Na": float("inf"), "Cl": 1}, "the amount inf of Na"),
    "no number": ({"Na": float("nan"), "Cl": 1}, "the amount nan of Na"),
    "a dummy": ({"X0+": 1, "O": 1}, "X0+ is no element"),
    "nothing": ({}, "it holds no element"),
}


@pytest.mark.parametrize("name", ODD_COMPOSITIONS)
def test_an_odd_composition_fails_by_itself_and_says_why(name: str) -> None:
    amounts, message = ODD_COMPOSITIONS[name]
    odd = Composition(amounts, allow_negative=True)
    if name == "no number":
        odd._data = {key: float("nan") if str(key) == "Na" else 1.0 for key in Composition("NaCl")}
    read = read_materials([Composition("NaCl"), odd, Composition("MgO")])
    assert list(read.failures) == [1]
    assert message in read.failures[1]
    assert read.materials.compositions.n_atoms.tolist() == [2, 0, 2]
    assert (read.labels[0], read.labels[2]) == ("NaCl", "MgO")


class Unspeakable:
    """An object of foreign code whose spelling fails."""

    def __repr__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize("item", [None, 3, float("nan"), object(), Unspeakable(), "NaCl" * 1000, [Composition("Fe")]])
def test_what_is_no_composition_fails_by_itself_in_a_short_message(item: object) -> None:
    read = read_materials([Composition("NaCl"), item])
    assert list(read.failures) == [1]
    assert len(read.failures[1]) < 200


def test_oxidation_states_and_isotopes_of_a_composition_are_read_as_their_elements() -> None:
    states = Composition({"Fe2+": 1, "Fe3+": 2, "O2-": 4})
    read = read_materials([states, Composition("D2O"), Composition({Species("T", 1): 2, "O": 1})])
    assert read.failures == {}
    assert read.materials.compositions.keys() == compositions("Fe3O4", "H2O", "H2O").keys()
    assert read.materials.compositions.n_elements.tolist() == [2, 2, 2]
    assert read.notes == {1: "composition H2O: D read as H", 2: "composition H2O: T read as H"}


def test_quotations_are_short_and_printable() -> None:
    assert quoted("NaCl") == "'NaCl'"
    assert quoted("Na\nCl\0") == r"'Na\nCl\x00'"
    assert len(quoted("(" * 1_000_000)) == MOST_SIGNS
    assert len(shortened("x" * 81)) == MOST_SIGNS
    assert "cannot be shown: RuntimeError" in quoted(Unspeakable())
