"""CIF: what is certain is read, said where the text does not say it, and all else is refused with the reason."""

from __future__ import annotations

import csv
import tracemalloc
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import gemmi
import numpy as np
import pytest

from formation_mlp.errors import DataError
from formation_mlp.materials.inputs import read_materials, read_structures
from formation_mlp.materials.reduced_formula import reduced_formula
from formation_mlp.materials.structure.cif import crystal_from_cif
from formation_mlp.materials.structure.cif_elements import elements_of
from formation_mlp.materials.structure.cif_sites import sites_of
from formation_mlp.materials.structure.cif_text import blocks_of
from formation_mlp.materials.structure.crystal import Crystal
from formation_mlp.materials.structure.declared_sum import parse_moiety, parse_sum
from formation_mlp.materials.structure.space_groups import of_symbol
from support.structures import rock_salt

CUBIC = (5.64, 5.64, 5.64, 90, 90, 90)
HEXAGONAL = (3.589, 3.589, 4.911, 90, 90, 120)
MONOCLINIC = (5.1505, 5.2116, 5.3173, 90, 99.23, 90)
SALT = ("Na1 0 0 0", "Cl1 .5 .5 .5")
EIGHT_CARBONS = "_chemical_formula_sum C\n_cell_formula_units_Z 8"
BISMUTH = (4.546, 4.546, 11.862, 90, 90, 120)
RHOMBOHEDRAL = (4.746, 4.746, 4.746, 57.23, 57.23, 57.23)
DIAMOND = (3.567, 3.567, 3.567, 90, 90, 90)
ZIRCONIA = ("Zr1 0.2754 0.0395 0.2083", "O1 0.0700 0.3317 0.3447", "O2 0.4496 0.7569 0.4792")


def cif(
    sites: tuple[str, ...] = SALT,
    cell: tuple[float, ...] = CUBIC,
    group: str | None = "F m -3 m",
    columns: str = "label fract_x fract_y fract_z",
    name: str = "data_x",
    more: str = "",
) -> str:
    """Return the text of a CIF."""
    tags = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    lines = [name, *(f"_cell_{tag} {value}" for tag, value in zip(tags, cell, strict=True)), *more.splitlines()]
    if group is not None:
        lines.append(f"_symmetry_space_group_name_H-M '{group}'")
    return "\n".join([*lines, "loop_", *(f"_atom_site_{column}" for column in columns.split()), *sites, ""])


def contents(crystal: Crystal) -> tuple[str, int]:
    return reduced_formula(crystal.z), len(crystal.z)


@pytest.mark.parametrize(
    ("text", "formula", "n"),
    [
        (cif(), "NaCl", 8),
        (cif(group="Fm-3m"), "NaCl", 8),
        (cif(group="F_m_-3_m"), "NaCl", 8),
        (cif(group="F m 3 m"), "NaCl", 8),
        (cif(group=None, more="_space_group_name_Hall '-F 4 2 3'"), "NaCl", 8),
        (cif(group=None, more="_space_group.name_H-M_alt 'F m -3 m'"), "NaCl", 8),
        (cif(ZIRCONIA, MONOCLINIC, "P 21/c"), "ZrO2", 12),
        (cif(ZIRCONIA, MONOCLINIC, "P2(1)/c"), "ZrO2", 12),
        (cif(ZIRCONIA, MONOCLINIC, "P 1 21/c 1"), "ZrO2", 12),
        (cif(("Ca1 0 0 0", "O1 0.3333 0.6667 0.2341"), HEXAGONAL, "P -3 m 1"), "CaO2", 3),
        (cif(("Ca1 0 0 0", "O1 0.333 0.667 0.2341"), HEXAGONAL, "P -3 m 1"), "CaO2", 3),
        (cif(("Ca1 0 0 0", "O1 .33 .67 .2341"), HEXAGONAL, "P -3 m 1"), "CaO2", 3),
        (cif(("Bi1 0 0 .234",), BISMUTH, "R -3 m"), "Bi", 6),
        (cif(("Bi1 .234 .234 .234",), RHOMBOHEDRAL, "R -3 m"), "Bi", 2),
        (cif(("C1 0 0 0",), DIAMOND, "F d -3 m :1"), "C", 8),
        (cif(("C1 .125 .125 .125",), DIAMOND, "F d -3 m :2"), "C", 8),
        (cif(("C1 0 0 0",), DIAMOND, "F d -3 m", more=EIGHT_CARBONS), "C", 8),
        (cif(group="P 1"), "NaCl", 2),
        (cif(group="F m -3 m (225)"), "NaCl", 8),
        (cif(("Na1 0 0 0", "Cl1 1/2 1/2 1/2")), "NaCl", 8),
        (cif(("ZR1 0 0 0", "Cl1 .5 .5 .5")), "ZrCl", 8),
        (cif(cell=("5.640(2)", "5.64(1)", "5.64", 90, 90, "90.")), "NaCl", 8),  # type: ignore[arg-type]
        (cif(("Na1 . . .", "Cl1 .5 .5 .5")), "NaCl", 8),
        (cif().replace("\n", "\r\n"), "NaCl", 8),
        (cif().upper().replace("NA1", "Na1").replace("CL1", "Cl1"), "NaCl", 8),
        (cif(name="data_two words"), "NaCl", 8),
        (cif(name="# no header"), "NaCl", 8),
        (cif(name="# a comment\ndata_x"), "NaCl", 8),
        (cif(name="data_title\n_journal_year 1999\ndata_x"), "NaCl", 8),
        (cif(more="_publ_section_title 'the chemist's title' and more"), "NaCl", 8),
    ],
)
def test_what_is_certain_is_read(text: str, formula: str, n: int) -> None:
    assert contents(crystal_from_cif(text)) == (formula, n)


def listed(*operations: str, tag: str = "_symmetry_equiv_pos_as_xyz") -> str:
    return "\n".join(["loop_", tag, *(f"'{operation}'" for operation in operations)])


CENTRED = ("x,y,z", "x,y+1/2,z+1/2", "x+1/2,y,1/2+z", "X+0.5, Y+.5, Z")


@pytest.mark.parametrize(
    ("operations", "n"),
    [
        (listed(*CENTRED), 8),
        (listed(*CENTRED, tag="_space_group_symop_operation_xyz"), 8),
        (listed(*CENTRED, tag="_space_group_symop.operation_xyz"), 8),
        (listed("x,y,z,+1", tag="_space_group_symop_magn_operation.xyz")
         + "\n" + listed(*(f"{one},-1" for one in CENTRED), tag="_space_group_symop_magn_centering.xyz"), 8),
        (listed("x,y,z"), 2),
        (listed("1 x,y,z", "2 -x,-y,-z", "3 1/2+x,1/2+y,z", "4 1/2-x,1/2-y,-z"), 4),
        ("_symmetry_equiv_pos_as_xyz 'x,y,z'", 2),
    ],
)  # fmt: skip
def test_operations_that_the_file_lists_go_first(operations: str, n: int) -> None:
    assert len(crystal_from_cif(cif(group=None, more=operations)).z) == n


@pytest.mark.parametrize(
    ("sites", "columns", "declared", "formula", "note"),
    [
        (("Fe1 0 0 0", "O1 .5 .5 .5"), "label fract_x fract_y fract_z", "Fe O", "FeO", ""),
        (("Fe2A 0 0 0", "O_1 .5 .5 .5"), "label fract_x fract_y fract_z", "", "FeO", ""),
        (("NaM 0 0 0", "Cl .5 .5 .5"), "label fract_x fract_y fract_z", "", "NaCl", ""),
        (("a Fe3+ 0 0 0", "b O2- .5 .5 .5"), "label type_symbol fract_x fract_y fract_z", "", "FeO", ""),
        (("a Fe+3 0 0 0", "b O-2 .5 .5 .5"), "label type_symbol fract_x fract_y fract_z", "", "FeO", ""),
        (("a LI 0 0 0", "b F .5 .5 .5"), "label type_symbol fract_x fract_y fract_z", "", "LiF", ""),
        (
            ("a NA 0 0 0", "b CL .5 .5 .5"),
            "label type_symbol fract_x fract_y fract_z",
            "",
            "NaCl",
            "'NA' is read as Na",
        ),
        (("NA1 0 0 0", "CL1 .5 .5 .5"), "label fract_x fract_y fract_z", "Na Cl", "NaCl", ""),
        (("CA1 0 0 0", "C1 .5 .5 .5"), "label fract_x fract_y fract_z", "Ca C", "CaC", ""),
        (("D1 0 0 0", "F1 .5 .5 .5"), "label fract_x fract_y fract_z", "D F", "HF", "D read as hydrogen"),
        (("Na1 0 0 0", "OH .5 .5 .5"), "label fract_x fract_y fract_z", "Na O", "NaO", "'OH' is read as O"),
        (("VA 0 0 0", "O1 .5 .5 .5"), "label fract_x fract_y fract_z", "V O", "VO", "'VA' is read as V"),
        (("Ho1 0 0 0", "F1 .5 .5 .5"), "label fract_x fract_y fract_z", "H F", "HF", "'Ho1' is read as H"),
    ],
)
def test_names_of_sites_are_read_as_the_declared_formula_has_them(
    sites: tuple[str, ...], columns: str, declared: str, formula: str, note: str
) -> None:
    more = f"_chemical_formula_sum '{declared}'" if declared else ""
    crystal = crystal_from_cif(cif(sites, columns=columns, more=more))
    assert reduced_formula(crystal.z).replace("Na2O2", "NaO") == formula
    assert note in "; ".join(crystal.notes)
    assert bool(note) == bool(crystal.notes)


@pytest.mark.parametrize(
    ("more", "note"),
    [
        ("_chemical_formula_sum 'Na0.98 Cl'", "the file declares Na0.98 Cl, but its sites give NaCl"),
        ("_chemical_formula_sum 'Na Cl, 2(H2 O)'", "'Na Cl, 2(H2 O)' is not understood, nor compared with the sites"),
        ("_chemical_formula_sum 'Na Cl'\n_cell_formula_units_Z 4", "declares Z = 4 of Na Cl in the cell"),
        ("_chemical_formula_sum 'Na2 Cl2'\n_cell_formula_units_Z 2", "declares Z = 2 of Na2 Cl2"),
        ("_chemical_formula_sum 'Na Cl'\n_cell_formula_units_Z 1", ""),
    ],
)
def test_a_declared_formula_that_does_not_fit_is_said(more: str, note: str) -> None:
    notes = "; ".join(crystal_from_cif(cif(group="P 1", more=more)).notes)
    assert note in notes
    assert bool(note) == bool(notes)


def test_sites_of_several_atoms_without_symmetry_are_said() -> None:
    columns = "label symmetry_multiplicity fract_x fract_y fract_z"
    (note,) = crystal_from_cif(cif(("Na1 4 0 0 0", "Cl1 4 .5 .5 .5"), group="P 1", columns=columns)).notes
    assert note.startswith("the file declares sites of several atoms each, but lists no symmetry")


def test_a_setting_that_is_left_by_exclusion_is_said() -> None:
    spinel = ("Mg1 .125 .125 .125", "Al1 .5 .5 .5", "O1 .2624 .2624 .2624")
    crystal = crystal_from_cif(
        cif(spinel, (8.08, 8.08, 8.08, 90, 90, 90), "F d -3 m", more="_chemical_formula_sum 'Al2 Mg O4'")
    )
    assert contents(crystal) == ("MgAl2O4", 56)
    assert crystal.notes[0].startswith("symmetry read as F d -3 m:2: as F d -3 m:1 it would be no material")


@pytest.mark.parametrize(
    ("symbol", "sites", "cell", "n"),
    [
        *((name, ("Bi1 0 0 .234",), BISMUTH, 6) for name in ("R -3 m HR", "R-3mHR", "R -3 m (H)", "R -3 2/m H")),
        *((name, ("Bi1 .234 .234 .234",), RHOMBOHEDRAL, 2) for name in ("R -3 m RS", "R -3 m R", "R-32/m :R")),
        *((name, ("C1 0 0 0",), DIAMOND, 8) for name in ("F d -3 m S", "Fd-3mS", "F 41/d -3 2/m (origin 1)")),
        *((name, ("C1 .125 .125 .125",), DIAMOND, 8) for name in ("F d -3 m Z", "Fd-3m, origin 2", "F 4/d -3 2/m O2")),
        *((name, SALT, CUBIC, 8) for name in ("F 4/m -3 2/m", "F_4/m_-3_2/m", "F4/m-32/m", "F 2/m 2/m 2/m")),
        ("P 6_3/m 2/m 2/c", ("Mg1 .3333 .6667 .25",), (3.21, 3.21, 5.21, 90, 90, 120), 2),
        ("P 21/n 21/m 21/a", ("Ca1 .1 .25 .3", "S1 .4 .25 .1"), (7, 8, 9, 90, 90, 90), 8),
    ],
)  # fmt: skip
def test_symbols_are_read_with_their_endings_and_in_full(
    symbol: str, sites: tuple[str, ...], cell: tuple[float, ...], n: int
) -> None:
    crystal = crystal_from_cif(cif(sites, cell, symbol))
    assert len(crystal.z) == n
    assert bool(crystal.notes) == symbol.endswith((" HR", "mHR", "RS", "S", "Z"))


def test_every_short_symbol_with_an_origin_or_axes_is_found_under_its_database_ending() -> None:
    endings = {"1": "S", "2": "Z", "H": "HR", "R": "RS"}
    for setting in gemmi.spacegroup_table():
        if setting.ext in endings:
            (found,), _ = of_symbol(f"{setting.hm.replace(' ', '')}{endings[setting.ext]}")
            assert found.xhm() == setting.xhm()


def test_a_mark_of_byte_order_before_a_text_is_passed_over() -> None:
    assert read_structures(["\ufeff" + cif()]).labels == ["NaCl"]


def test_dummies_and_alternatives_are_said() -> None:
    columns = "label fract_x fract_y fract_z calc_flag"
    crystal = crystal_from_cif(cif(("Na1 0 0 0 d", "Cl1 .5 .5 .5 d", "Cg1 ? ? ? dum"), group="P 1", columns=columns))
    assert contents(crystal) == ("NaCl", 2)
    assert crystal.notes == ("left out Cg1: marked as no atom (_atom_site_calc_flag dum)",)
    alternatives = ("Na1 0 0 0 .", "Cl1 .5 .5 .5 1", "Cl2 .7 .7 .7 2")
    columns = "label fract_x fract_y fract_z disorder_group"
    (note,) = crystal_from_cif(cif(alternatives, group="P 1", columns=columns)).notes
    assert note.startswith("alternatives of a disordered structure (Cl1, Cl2) are all read")


@pytest.mark.parametrize(
    "label", ["HO2", "NH3", "VA", "OH", "Wat", "Uh", "OW1", "AlSi", "O-H", "Nh1", "X1", "CA1", "1"]
)
def test_names_that_are_no_element_are_refused_without_a_formula(label: str) -> None:
    with pytest.raises(DataError, match=f"label '{label}' is no element"):
        crystal_from_cif(cif(("Na1 0 0 0", f"{label} .5 .5 .5")))


def test_the_atoms_are_counted_few_times_however_many_readings_the_labels_have() -> None:
    names = ["CO1", "HO1", "NI1", "SN1", "C2", "H2", "N2", "S2", "O2", "I2"]
    sites = sites_of(blocks_of(cif(tuple(f"{name} .{i} 0 0" for i, name in enumerate(names))))[0])
    calls = []

    def count(symbols: Sequence[str]) -> Mapping[str, float]:
        calls.append(symbols)
        return dict(Counter(symbols))

    symbols, _ = elements_of(sites, parse_sum("Co Ho Ni Sn C H N S O I"), count)
    assert symbols == ["Co", "Ho", "Ni", "Sn", "C", "H", "N", "S", "O", "I"]
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("labels", "formula", "note"),
    [
        (("NA1", "CL1"), "NaCl", "labels in capitals are read as elements: NA1 as Na, CL1 as Cl"),
        (("FE2A", "O1"), "FeO", "FE2A as Fe"),
        (("MG1", "S1"), "MgS", "MG1 as Mg"),
        (("AL", "P"), "AlP", "AL as Al"),
    ],
)
def test_labels_in_capitals_that_leave_one_reading_are_read_and_said(
    labels: tuple[str, str], formula: str, note: str
) -> None:
    crystal = crystal_from_cif(cif((f"{labels[0]} 0 0 0", f"{labels[1]} .5 .5 .5")))
    assert contents(crystal) == (formula, 8)
    assert note in crystal.notes[0]


@pytest.mark.parametrize(
    "labels",
    [
        *((one, "O1") for one in ("CO1", "HO2", "NI1", "SN1", "CS1", "OH1", "TM1", "TA1", "RE1", "MN1", "NA-B", "FEO")),
        ("NA1", "N1"), ("NA1", "NB1"), ("CA1", "C1"), ("CA1", "Na1"), ("CL1", "CR1"),
    ],
)  # fmt: skip
def test_labels_in_capitals_with_two_readings_are_refused(labels: tuple[str, str]) -> None:
    with pytest.raises(DataError, match="is no element, and what it means is uncertain"):
        crystal_from_cif(cif((f"{labels[0]} 0 0 0", f"{labels[1]} .5 .5 .5")))


@pytest.mark.parametrize(
    ("sites", "more", "said"),
    [
        (("Mg1 Na 0 0 0", "Cl1 Cl .5 .5 .5"), "", "Mg1 as Na"),
        (("Mg1 Na+ 0 0 0", "S1 Cl- .5 .5 .5"), "", "Mg1 as Na"),
        (("Na1 Na 0 0 0", "S1 Cl .5 .5 .5"), "", "S1 as Cl"),
        (("Mg1 Na 0 0 0", "Cl1 Cl .5 .5 .5"), "_chemical_formula_sum 'Mg Cl'", "Mg1 as Na"),
        (("Mg1 Na 0 0 0", "Cl1 Cl .5 .5 .5"), "_chemical_formula_sum 'Na Cl'", ""),
        (("M1 Na 0 0 0", "Cl1 Cl .5 .5 .5"), "", ""),
        (("B1 Na 0 0 0", "Cl1 Cl .5 .5 .5"), "", ""),
        (("C1 Na 0 0 0", "S1 Cl .5 .5 .5"), "", ""),
        (("Na1 Na+ 0 0 0", "D1 H .5 .5 .5"), "", ""),
        (("NaA Na 0 0 0", "OW O .5 .5 .5"), "", ""),
    ],
)
def test_labels_that_name_another_element_than_the_type_are_said(sites: tuple[str, ...], more: str, said: str) -> None:
    notes = crystal_from_cif(cif(sites, columns="label type_symbol fract_x fract_y fract_z", more=more)).notes
    about = [note for note in notes if note.startswith("labels and type symbols name different elements")]
    assert bool(about) == bool(said)
    assert said in "".join(about)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (cif(("T1 0 0 0", "O1 .5 .5 .5")), "label 'T1' is no element"),
        (cif(("T1 0 0 0", "O1 .5 .5 .5"), more="_chemical_formula_sum 'Si O H'"), "label 'T1' is no element"),
        (cif(("MN1 0 0 0", "O1 .5 .5 .5")), "label 'MN1' is no element"),
        (cif(("RE1 0 0 0", "O1 .5 .5 .5")), "label 'RE1' is no element"),
        (cif(("Na1 0 0 1/0",)), "site Na1 has no place"),
        (cif(("Na1 .1 .27 .05", "Cl1 .3 .1 .4"), (7, 8, 9, 90, 90, 90), "Ccce"), "may mean C c c a:1 or C c c a:2"),
        (
            cif(group="F 4/m -3 2/m (225)", more="_symmetry_Int_Tables_number 225\n" + listed("x,y,z", "-x,-y,-z")),
            "has 192 operations, but lists 2",
        ),
        (cif(cell=("5_64", 5.64, 5.64, 90, 90, 90)), "_cell_length_a is '5_64'"),  # type: ignore[arg-type]
        (cif(group="P 1", more="_space_group_name_H-M_alt 'F m -3 m'"), "'P 1', 'F m -3 m' are different space groups"),
        (cif(group=None, more="_space_group_magn.name_BNS 'Fm-3m'"), "of the magnetic group 'Fm-3m' no symmetry"),
        (cif(group="P m 3 m S"), "symmetry is uncertain: the space-group symbol 'P m 3 m S' is unknown"),
        (cif(("Bi1 0 0 .234",), BISMUTH, "R -3 m RS"), "R -3 m:R does not fit the cell"),
        (cif(("Bi1 0 0 .234",), BISMUTH, "R -3 m RS"), "the cell would fit R -3 m:H"),
        (cif(group="P 21/m 21/m 21/m"), "'P 21/m 21/m 21/m' is unknown"),
        (cif(group="F d -3 m"), "may mean F d -3 m:1 or F d -3 m:2"),
        (cif(group="P 21/c", cell=(5, 6, 7, 90, 90, 80)), "does not fit the cell"),
        (cif(more="_symmetry_Int_Tables_number 221"), "are different space groups"),
        (cif(group=None, more="_symmetry_Int_Tables_number 300"), "'300' is no space group"),
        (cif(more=listed("x,y,z", "-x,y,z", "x,-y,z")), "no whole group"),
        (cif(more=listed("x,y,z", "y,x")), "does not consist of three parts"),
        (cif(more=listed("x,y,q")), "is not understood"),
        (cif(more=listed("x,y," + "1" * 3000 + "q")), "is not understood"),
        (cif(more=listed("x,x,z")), "maps no lattice"),
        (cif(more=listed("x,y,z", "y,z,x", "z,x,y"), cell=(5, 6, 7, 90, 90, 90)), "do not map the cell onto itself"),
        (cif(more=listed("x,y,z", "-x,-y,-z")), "has 192 operations, but lists 2"),
        (cif(("Na1 0 0 ?", "Cl1 .5 .5 .5")), "site Na1 has no place"),
        (cif(("Na1 0 0 inf",)), "site Na1 has no place"),
        (cif(("Na1 0 0 nan",)), "site Na1 has no place"),
        (cif().replace("_cell_length_a 5.64", "_cell_length_a ?"), "_cell_length_a is missing"),
        (cif().replace("_cell_angle_beta 90", "_cell_angle_beta 190"), "no cell with the angles"),
        (cif().replace("_cell_length_b 5.64", "_cell_length_b 0"), "edges of"),
        (cif() + "_cell_length_a 6\n", "occurs twice with different values"),
        (cif(("Na1 0 0 0", "Cl1 .5 .5")), "not readable as CIF: line"),
        (cif(more="_cell_wave_vector_seq_id 1"), "modulated"),
        ("data_x\n_cell_length_a 3\n", "no atoms in it"),
        ("", "not readable as CIF"),
        (cif() + cif(name="data_y"), "2 structures in one file: x (NaCl), y (NaCl)"),
    ],
)  # fmt: skip
def test_what_is_not_certain_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(DataError) as error:
        crystal_from_cif(text)
    assert reason in str(error.value)


@pytest.mark.parametrize(
    ("occupancy", "reason"),
    [
        ("0", "site Na1: its occupancy 0 is not above 0"),
        ("-1", "site Na1: its occupancy -1 is not above 0"),
        ("nan", "site Na1: its occupancy nan is not above 0"),
        ("1.2", "site Na1: its occupancy 1.2 exceeds 1"),
        ("full", "site Na1: its occupancy 'full' is no number"),
        (".5", "partially occupied sites (Na1 0.5)"),
        ("0.98(1)", "partially occupied"),
        (".", ""),
        ("1.02", ""),
        ("1.000(3)", ""),
        ("?", ""),
    ],
)
def test_occupancies(occupancy: str, reason: str) -> None:
    text = cif((f"Na1 0 0 0 {occupancy}", "Cl1 .5 .5 .5 1"), columns="label fract_x fract_y fract_z occupancy")
    if reason:
        with pytest.raises(DataError) as error:
            crystal_from_cif(text)
        assert reason in str(error.value)
    else:
        crystal = crystal_from_cif(text)
        assert contents(crystal) == ("NaCl", 8)
        assert bool(crystal.notes) == (occupancy == "?")


def test_two_charges_of_one_element_at_one_place_are_one_site() -> None:
    sites = ("a Fe2+ 0 0 0 .5", "b Fe3+ 0 0 0 .5", "c O2- .5 .5 .5 1")
    crystal = crystal_from_cif(cif(sites, columns="label type_symbol fract_x fract_y fract_z occupancy"))
    assert contents(crystal) == ("FeO", 8)


def test_partial_occupancy_is_said_before_atoms_that_are_too_near() -> None:
    text = cif(("Na1 0 0 0 .5", "Na2 0.05 0 0 .5"), columns="label fract_x fract_y fract_z occupancy")
    assert "partially occupied" in read_structures([text]).failures[0]
    assert "nearer than 0.5 angstrom" in read_structures([text.replace(" .5\n", " 1\n")]).failures[0]


@pytest.mark.parametrize(
    ("declared", "note"),
    [
        ("Na Cl", ""),
        ("Na4 Cl4", ""),
        ("Cl1.00 Na1.00", ""),
        ("Na0.5 Cl0.5", ""),
        ("Na 1+ Cl 1-", None),
        ("?", ""),
        ("Na4 Cl4 H8 O4", "declares Na4 Cl4 H8 O4, but its sites give NaCl"),
        ("Na Cl2", "declares Na Cl2"),
        ("K Cl", "declares K Cl"),
        ("C60 H60", "declares C60 H60"),
    ],
)
def test_the_declared_formula_is_compared_with_the_sites(declared: str, note: str | None) -> None:
    notes = crystal_from_cif(cif(more=f"_chemical_formula_sum '{declared}'")).notes
    if note is not None:
        assert note in "; ".join(notes)
        assert bool(note) == bool(notes)


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("Ca H2 O2", {"Ca": 1, "H": 2, "O": 2}),
        ("Mg1.8 Fe.2 Si O4", {"Mg": 1.8, "Fe": 0.2, "Si": 1, "O": 4}),
        ("C10 H8 D2 N2 2+", {"C": 10, "H": 10, "N": 2}),
        ("H2O", {"H": 2, "O": 1}),
        ("C6 H6, Cl2", {"C": 6, "H": 6, "Cl": 2}),
        ("Fe0 O1", {"O": 1}),
    ],
)
def test_sums_are_parsed(text: str, amounts: dict[str, float]) -> None:
    found = parse_sum(text)
    assert found is not None
    assert found.amounts == pytest.approx(amounts)


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("Na 1+, Cl 1-", {"Na": 1, "Cl": 1}),
        ("Na +, Cl -", {"Na": 1, "Cl": 1}),
        ("C6 H6, 0.5(H2 O)", {"C": 6, "H": 7, "O": 0.5}),
        ("Co 2+, 2(Cl 1-), 6(H2 O)", {"Co": 1, "Cl": 2, "H": 12, "O": 6}),
        ("n(C6 H6)", None),
        ("(C6 H6)n", None),
        ("2(C6 H6", None),
        ("NaCl, water", None),
        ("", None),
        ("Na,, Cl", None),
    ],
)
def test_formulas_of_parts_are_parsed(text: str, amounts: dict[str, float] | None) -> None:
    found = parse_moiety(text)
    assert (None if found is None else dict(found.amounts)) == amounts


@pytest.mark.parametrize(
    ("more", "note"),
    [
        ("_chemical_formula_moiety 'Na 1+, Cl 1-'", ""),
        ("_chemical_formula_moiety 'Na Cl, n(H2 O)'", ""),
        ("_chemical_formula_moiety 'Na Cl, 2(H2 O)'", "(_chemical_formula_moiety), but its sites give NaCl"),
        ("_chemical_formula_moiety 'K Cl'\n_chemical_formula_sum 'Na Cl'", ""),
        ("_exptl_crystal_density_diffrn 2.164(1)", ""),
        ("_exptl_crystal_density_diffrn 2164", ""),
        ("_exptl_crystal_density_diffrn ?", ""),
        ("_exptl_crystal_density_diffrn 1.98", "a density of 1.98 g/cm3, but its sites give 2.164 g/cm3"),
        ("_exptl_crystal_density_diffrn 1.98\n_chemical_formula_sum 'Na F'", "declares Na F"),
    ],
)
def test_declared_parts_and_density_are_compared_with_the_sites(more: str, note: str) -> None:
    notes = crystal_from_cif(cif(more=more)).notes
    assert len(notes) == bool(note)
    assert note in "".join(notes)


def test_no_density_is_compared_where_deuterium_is_read_as_hydrogen() -> None:
    more = "_exptl_crystal_density_diffrn 9"
    (note,) = crystal_from_cif(cif(("Li1 0 0 0", "D1 .5 .5 .5"), more=more)).notes
    assert note == "D read as hydrogen, H"


@pytest.mark.parametrize("text", ["", "?", "Xx2 O", "(Ca O)2", "2(C6 H6)", "about NaCl"])
def test_sums_that_are_not_understood_are_left_aside(text: str) -> None:
    assert parse_sum(text) is None


def test_one_of_several_structures_is_named_after_a_mark(workplace: Path) -> None:
    second = cif(("K1 0 0 0", "Cl1 .5 .5 .5"), (6.3,) * 3 + (90,) * 3, name="data_sylvite")
    (workplace / "two.cif").write_text(cif(name="data_salt") + second, encoding="utf-8")
    read = read_materials(["two.cif#sylvite", "two.cif#salt", "two.cif", "two.cif#gone"])
    assert read.labels[:2] == ["KCl", "NaCl"]
    assert "2 structures in one file: salt (NaCl), sylvite (KCl)" in read.failures[2]
    assert "no structure is called 'gone'. Structures: salt, sylvite" in read.failures[3]


def test_a_name_of_a_megabyte_makes_no_message_of_a_megabyte() -> None:
    assert len(read_structures([f"data_{'x' * 1_000_000}\n_cell_length_a 3\n"]).failures[0]) <= 1000


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-8-sig", "utf-16"])
def test_every_usual_encoding_is_read(workplace: Path, encoding: str) -> None:
    (workplace / "a.cif").write_bytes(cif(more="_publ_author_name 'Göran'").encode(encoding))
    assert read_materials(["a.cif"]).labels == ["NaCl"]


@pytest.mark.parametrize("length", [4.2, 5.64])
def test_what_pymatgen_writes_is_read_as_pymatgen_reads_it(length: float) -> None:
    from pymatgen.io.cif import CifWriter

    structure = rock_salt("Na", "Cl", length)
    for symprec in (None, 0.01):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of spglib
            text = str(CifWriter(structure, symprec=symprec))
        crystal = crystal_from_cif(text)
        assert crystal.to_pymatgen().matches(structure)
        assert not crystal.notes


@pytest.mark.slow
def test_real_files_are_read_as_pymatgen_reads_them(shared_data: Path) -> None:
    from pymatgen.core import Structure

    folder = shared_data.parent / "corpus"
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent")
    rows = list(csv.DictReader((folder / "manifest.csv").read_text(encoding="utf-8").splitlines()))
    names = [row["file"] for row in rows if row["file"].endswith(".cif") and "|" not in row["must"]]
    for name in names:
        crystal = crystal_from_cif((folder / "files" / name).read_text(encoding="latin-1"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = Structure.from_file(folder / "files" / name)
        assert np.allclose(crystal.lattice, expected.lattice.matrix), name
        assert reduced_formula(crystal.z) == expected.composition.reduced_formula, name
        assert len(crystal.z) == len(expected), name
        assert not crystal.notes, name
    assert len(names) > 100


@pytest.mark.slow
def test_long_lists_take_little_memory() -> None:
    places = np.random.default_rng(0).uniform(0, 1, (50, 3)).round(4).tolist()
    sites = tuple(f"C{i} {x} {y} {z}" for i, (x, y, z) in enumerate(places))
    large = (90.0, 90.0, 90.0, 90.0, 90.0, 90.0)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=r"may mean F d -3 m:1 or F d -3 m:2"):
            crystal_from_cif(cif(sites, large, "F d -3 m"))
        with pytest.raises(DataError, match="holds more than 10,000 atoms"):
            crystal_from_cif(cif(sites, large, None, more=listed(*(f"x,y,z+{i}/1000" for i in range(1000)))))
        assert tracemalloc.get_traced_memory()[1] < 300e6
    finally:
        tracemalloc.stop()
