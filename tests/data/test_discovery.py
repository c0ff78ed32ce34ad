"""Tables under the names that people give to columns: read where it is certain, else refused with the whole list."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from formation_mlp.config.schema import DataConfig, TaskConfig
from formation_mlp.data.dataset import load_dataset
from formation_mlp.data.discovery import Discovery, discover
from formation_mlp.errors import DataError
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.units import KJ_PER_KCAL, KJ_PER_MOL

MEASURED = {
    "NaCl": -2.131,
    "MgO": -3.118,
    "Al2O3": -3.474,
    "Fe2O3": -1.709,
    "SiO2": -3.147,
    "CaF2": -4.233,
    "Li2O": -2.067,
    "TiO2": -3.262,
    "BaCO3": -2.522,
    "CaSO4": -2.477,
    "K2SO4": -2.128,
    "ZnS": -1.068,
}
"""eV/atom."""
FORMULAS = list(MEASURED)
ENERGIES = np.array(list(MEASURED.values()))
N_ATOMS = parse_formulas(FORMULAS).compositions.n_atoms
IN_UNIT = {
    "eV/atom": ENERGIES,
    "meV/atom": 1000 * ENERGIES,
    "kJ/mol": KJ_PER_MOL * ENERGIES,
    "kcal/mol": KJ_PER_MOL / KJ_PER_KCAL * ENERGIES,
    "eV/formula": ENERGIES * N_ATOMS,
    "kJ/mol-formula": KJ_PER_MOL * ENERGIES * N_ATOMS,
    "kcal/mol-formula": KJ_PER_MOL / KJ_PER_KCAL * ENERGIES * N_ATOMS,
    "J/mol": 1000 * KJ_PER_MOL * ENERGIES,
    "J/mol-formula": 1000 * KJ_PER_MOL * ENERGIES * N_ATOMS,
}
UNKNOWN = ["Ac2AgIr", "AcAg3Pb", "Ac3TcBi", "AcHoPd2", "PaTe3I", "PaAc2Re"]
"""Compounds that no table of measurements knows."""


def found_in(folder: Path, table: dict[str, Any], **named: Any) -> Discovery:
    path = folder / "table.csv"
    pd.DataFrame(table).to_csv(path, index=False)
    return discover(str(path), **named)


def refusal(folder: Path, table: dict[str, Any], **named: Any) -> str:
    with pytest.raises(DataError) as error:
        found_in(folder, table, **named)
    return str(error.value)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Compound",
            "Material",
            "Formula (reduced)",
            "chemical_formula",
            "chemicalFormula",
            "pretty_formula",
            "Formel",
        ),
        *("Verbindung", "Summenformel", "composition", "COMPOSITION", "Phase", "name", "Fórmula", "xyz", "Unnamed"),
    ],
)
def test_formulas_are_found_by_name_or_cells(tmp_path: Path, name: str) -> None:
    found = found_in(tmp_path, {name: FORMULAS, "e_form": ENERGIES})
    assert (found.data["formula"], found.kind, found.n_rows) == (name, "compositions", len(FORMULAS))


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("E_f [eV/at]", "eV/atom"),
        ("E_f (eV/atom)", "eV/atom"),
        ("Ef_eV_per_atom", "eV/atom"),
        ("Ef", "eV/atom"),
        ("Ef_DFT", "eV/atom"),
        ("E_{form} (eV)", "eV/atom"),
        ("e_form", "eV/atom"),
        ("formation_energy_per_atom", "eV/atom"),
        ("formationEnergyPerAtom", "eV/atom"),
        ("formation_energy_peratom", "eV/atom"),
        ("delta_e", "eV/atom"),
        ("enthalpy_formation_atom", "eV/atom"),
        ("Hform meV/atom", "meV/atom"),
        ("Hf (kJ/mol)", "kJ/mol"),
        ("Hf (kJ/mol)", "kJ/mol-formula"),
        ("dHf", "kJ/mol-formula"),
        ("ΔHf", "kJ/mol"),
        ("ΔfH° [kJ mol⁻¹]", "kJ/mol-formula"),
        ("ΔfH°(298 K) / kJ·mol⁻¹", "kJ/mol-formula"),
        ("H_f_298 [kJ/mol]", "kJ/mol-formula"),
        ("hf kJ/mol-atom", "kJ/mol"),
        ("heat of formation (kcal/mol)", "kcal/mol-formula"),
        ("Formation enthalpy [kJ/(mol atom)]", "kJ/mol"),
        ("Hf (J/mol)", "J/mol"),
        ("dHf J/mol of atoms", "J/mol"),
        ("Hf298 [J mol-1]", "J/mol-formula"),
        ("Ef eV/f.u.", "eV/formula"),
        ("Formation energy (eV/formula)", "eV/formula"),
        ("Formation energy (eV)", "eV/formula"),
        ("Bildungsenthalpie", "kJ/mol-formula"),
        ("Bildungsenergie pro Atom", "eV/atom"),
        ("Enthalpie de formation (kJ/mol)", "kJ/mol-formula"),
        ("E_f measured", "eV/atom"),
        ("target", "eV/atom"),
    ],
)
def test_energies_and_their_unit_are_found(tmp_path: Path, name: str, unit: str) -> None:
    shift = 0.05  # as far as computed energies lie from measured ones
    values = IN_UNIT[unit] * (1 + shift)
    found = found_in(tmp_path, {"Compound": FORMULAS, name: values, "band_gap": 1.5, "energy_above_hull": 0.01})
    assert (found.data["target"], found.data["unit"]) == (name, unit)
    dataset = load_dataset(DataConfig(**found.data), TaskConfig())
    assert dataset.y == pytest.approx(ENERGIES * (1 + shift), abs=2e-3)


@pytest.mark.parametrize(
    ("name", "measured"),
    [
        ("Bildungsenthalpie (kJ/mol-atom)", False),
        ("Bildungswärme (kJ/mol-atom)", False),
        ("ΔHf (kJ/mol-atom)", False),
        ("heat of formation (kJ/mol-atom)", False),
        ("Enthalpie de formation (kJ/mol-atom)", False),
        ("enthalpy_formation_atom (kJ/mol-atom)", False),
        ("Bildungsenthalpie gemessen (kJ/mol-atom)", True),
        ("Hf exp. (kJ/mol-atom)", True),
        ("Hf (calorimetry, kJ/mol-atom)", True),
        ("Enthalpie de formation mesurée (kJ/mol-atom)", True),
        ("Hf 298 K (kJ/mol-atom)", True),
    ],
)
def test_a_word_for_enthalpy_is_no_proof_of_a_measurement(tmp_path: Path, name: str, measured: bool) -> None:
    """Known compounds go before names: where they lie near their measured enthalpies, or far from them."""
    energies = -30.0 * np.arange(1, 7)
    assert found_in(tmp_path, {"formula": UNKNOWN, name: energies}).measured == measured
    assert found_in(tmp_path, {"formula": FORMULAS, name: IN_UNIT["kJ/mol"]}).measured
    computed = found_in(tmp_path, {"formula": FORMULAS, name: IN_UNIT["kJ/mol"] + 0.08 * 96.485})
    assert not computed.measured
    (said,) = [note for note in computed.notes if note.startswith("The energies are taken as computed: 12 known")]
    assert ("'--kind measured' would follow it" in said) == measured


def test_energies_that_are_the_measured_ones_count_as_measured(tmp_path: Path) -> None:
    assert found_in(tmp_path, {"Compound": FORMULAS, "e_form": ENERGIES}).measured


def test_a_source_says_what_the_energies_are(tmp_path: Path) -> None:
    table = {"Compound": FORMULAS, "Hf enthalpy of formation": ENERGIES * 1.05, "source": "PBE, VASP 6"}
    found = found_in(tmp_path, table)
    assert (found.measured, found.data["source"]) == (False, "PBE, VASP 6")


@pytest.mark.parametrize(
    "name",
    [
        *(
            "energy_above_hull",
            "e_above_hull",
            "band_gap",
            "Eg",
            "total_energy",
            "E_tot",
            "volume",
            "density",
            "E_fermi",
        ),
        *("cohesive_energy", "vacancy formation energy", "formation_energy_uncertainty", "nsites", "predicted_e_form"),
        *("enthalpy of mixing", "Bandlücke", "Gesamtenergie", "decomposition_energy", "dG_f gibbs", "x"),
    ],
)
def test_other_quantities_are_no_formation_energies(tmp_path: Path, name: str) -> None:
    message = refusal(tmp_path, {"formula": FORMULAS, name: ENERGIES})
    assert "--target: no column is called like a formation energy" in message
    assert f"Columns of numbers: {name!r}" in message


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        (("formation_energy_per_atom", "energy_per_atom"), "formation_energy_per_atom"),
        (("formation_energy_per_atom", "total_energy"), "formation_energy_per_atom"),
        (("Ef", "target"), "Ef"),
        (("energy", "e_form"), "e_form"),
    ],
)
def test_a_plainer_name_decides(tmp_path: Path, names: tuple[str, str], taken: str) -> None:
    first, second = names
    table = {"formula": FORMULAS, first: ENERGIES, second: ENERGIES}
    table[next(name for name in names if name != taken)] = np.linspace(-9, -3, len(FORMULAS))
    assert found_in(tmp_path, table).data["target"] == taken


def test_one_quantity_in_two_units_is_taken_per_atom(tmp_path: Path) -> None:
    table = {
        "formula": FORMULAS,
        "Hf (kJ/mol)": IN_UNIT["kJ/mol-formula"],
        "formation_energy": IN_UNIT["eV/formula"],
        "formation_energy_per_atom": ENERGIES,
    }
    found = found_in(tmp_path, table)
    assert (found.data["target"], found.data["unit"]) == ("formation_energy_per_atom", "eV/atom")
    assert any("'Hf (kJ/mol)'" in note for note in found.notes)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ef_DFT", "Ef_exp"), ("formation_energy_per_atom", "Hf_exp"), ("e_form", "Ef"), ("Ef PBE", "Ef SCAN")],
)
def test_energies_of_two_origins_are_not_chosen_between(tmp_path: Path, one: str, other: str) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, len(FORMULAS))
    message = refusal(tmp_path, {"formula": FORMULAS, one: ENERGIES, other: ENERGIES + noise})
    assert "--target: 2 columns may hold the formation energies" in message
    assert repr(one) in message
    assert repr(other) in message
    named = found_in(tmp_path, {"formula": FORMULAS, one: ENERGIES, other: ENERGIES + noise}, target=other)
    assert named.data["target"] == other


def test_all_that_is_not_certain_stands_in_one_message(tmp_path: Path) -> None:
    table = {"who": ["Meier", "Schulz"] * 6, "label": ["Co", "No", "In"] * 4, "gap": ENERGIES}
    message = refusal(tmp_path, table)
    assert "2 things are not certain" in message
    assert "--formula: no column holds formulas" in message
    assert "--target: no column is called" in message
    message = refusal(tmp_path, table, target="nope", unit="Kelvin")
    assert "--target: the table has no column 'nope'" in message
    assert "--unit: unknown unit 'Kelvin'" in message


def test_labels_that_are_elements_are_no_formulas(tmp_path: Path) -> None:
    table = {"label": ["Co", "No", "In"] * 4, "stuff": FORMULAS, "e_form": ENERGIES}
    assert found_in(tmp_path, table).data["formula"] == "stuff"


@pytest.mark.parametrize("other", ["prototype", "structure_type", "anonymous_formula", "products"])
def test_prototypes_are_no_formulas(tmp_path: Path, other: str) -> None:
    table = {other: ["NaCl", "CaF2", "ZnS"] * 4, "x": FORMULAS, "e_form": ENERGIES}
    assert found_in(tmp_path, table).data["formula"] == "x"


def test_different_columns_of_formulas_are_not_chosen_between(tmp_path: Path) -> None:
    table = {"a": FORMULAS, "b": FORMULAS[::-1], "e_form": ENERGIES}
    assert "--formula: 2 columns hold formulas, and not the same: 'a', 'b'" in refusal(tmp_path, table)
    assert found_in(tmp_path, table, formula="a").data["formula"] == "a"


@pytest.mark.parametrize("energies", [-50.0 * np.arange(1, 7), 30.0 * np.arange(-3, 3)])
def test_kilojoules_of_unknown_compounds_are_asked_for(tmp_path: Path, energies: Any) -> None:
    message = refusal(tmp_path, {"formula": UNKNOWN, "Hf (kJ/mol)": energies})
    assert "--unit: column 'Hf (kJ/mol)' says kJ/mol, but not whether per atom or per formula unit" in message
    assert "Name it: kJ/mol or kJ/mol-formula" in message
    found = found_in(tmp_path, {"formula": UNKNOWN, "Hf (kJ/mol)": energies}, unit="kJ/mol f.u.")
    assert found.data["unit"] == "kJ/mol-formula"


def test_what_no_compound_reaches_per_atom_is_per_formula(tmp_path: Path) -> None:
    found = found_in(tmp_path, {"formula": UNKNOWN, "Hf (kJ/mol)": -300.0 * np.arange(1, 7)})
    assert found.data["unit"] == "kJ/mol-formula"


def test_large_numbers_without_a_unit_are_asked_for(tmp_path: Path) -> None:
    message = refusal(tmp_path, {"formula": UNKNOWN, "dHf": -60.0 * np.arange(1, 7)})
    assert "--unit: column 'dHf' names no unit" in message


def test_a_vague_name_needs_known_compounds_or_the_user(tmp_path: Path) -> None:
    assert found_in(tmp_path, {"formula": FORMULAS, "energy": ENERGIES}).data["target"] == "energy"
    unknown = {"formula": UNKNOWN, "energy": -0.1 * np.arange(1, 7)}
    assert "--target: column 'energy' may hold formation energies or others" in refusal(tmp_path, unknown)
    assert found_in(tmp_path, unknown, target="energy").data["unit"] == "eV/atom"


def test_reversed_signs_are_refused(tmp_path: Path) -> None:
    assert "the signs are the wrong way round" in refusal(tmp_path, {"formula": FORMULAS, "e_form": -ENERGIES})


def test_total_energies_under_a_wrong_name_are_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, {"formula": FORMULAS, "Ef (eV/atom)": ENERGIES - 5})
    assert "--target: in column 'Ef (eV/atom)' the numbers are no formation energies in eV/atom" in message


@pytest.mark.parametrize("blank", ["", "NaN", "n/a", "NA", "null", "-"])
def test_rows_without_an_energy_are_counted_however_many(tmp_path: Path, blank: str) -> None:
    energies = [*map(str, ENERGIES[:-7]), *[blank] * 7]
    found = found_in(tmp_path, {"formula": FORMULAS, "e_form": energies})
    assert "7 rows have no energy and are not used." in found.notes
    dataset = load_dataset(DataConfig(**found.data), TaskConfig())
    assert len(dataset) == 5
    assert {row.reason for row in dataset.left_out} == {"no target"}


@pytest.mark.parametrize("blank", ["", "n/a", "None", "-"])
def test_rows_without_a_formula_are_counted(tmp_path: Path, blank: str) -> None:
    formulas = [*FORMULAS[:-3], *[blank] * 3]
    found = found_in(tmp_path, {"formula": formulas, "e_form": ENERGIES})
    assert "3 rows have no formula and are not used." in found.notes
    dataset = load_dataset(DataConfig(**found.data), TaskConfig())
    assert [row.id for row in dataset.left_out] == ["10", "11", "12"]


@pytest.mark.parametrize("name", ["e_form", "energy"])
@pytest.mark.parametrize("is_named", [True, False])
def test_bad_energies_of_a_settled_column_are_left_out_by_name(tmp_path: Path, name: str, is_named: bool) -> None:
    energies = ["inf", "?", "low", "1,5", "~3", "wide", *map(str, ENERGIES[6:])]
    table, asked = {"formula": FORMULAS, name: energies}, {"target": name} if is_named else {}
    if name == "energy" and not is_named:
        message = refusal(tmp_path, table)
        assert f"--target: in column {name!r} 6 of 12 rows cannot be read:" in message
        assert f"say --target {name!r}, and they are left out" in message
        return
    found = found_in(tmp_path, table, **asked)
    (note,) = [note for note in found.notes if "cannot be read" in note]
    assert note.splitlines() == [
        "6 of 12 rows cannot be read and are left out:",
        "  row 1: 'inf' is not finite",
        "  row 2: '?' is no number",
        "  row 3: 'low' is no number",
        "  row 4: '1,5' is no number: write a point, not a comma, before the decimals, and no sign between thousands",
        "  row 5: '~3' is no number: leave out the sign before it, or the row",
        "  ... and 1 more, which the report names",
    ]
    dataset = load_dataset(DataConfig(**found.data), TaskConfig())
    assert [row.id for row in dataset.left_out] == list("123456")


@pytest.mark.parametrize(("name", "asked"), [("formula", {}), ("what", {"formula": "what"})])
def test_bad_formulas_of_a_settled_column_are_left_out_by_name(
    tmp_path: Path, name: str, asked: dict[str, str]
) -> None:
    formulas = [*FORMULAS[:4], "rust", "Xx2", *FORMULAS[6:]]
    found = found_in(tmp_path, {name: formulas, "e_form": ENERGIES}, **asked)
    (note,) = [note for note in found.notes if "cannot be read" in note]
    assert note.startswith("2 of 12 rows cannot be read and are left out:\n  row 5: formula 'rust'")
    assert "\n  row 6: formula 'Xx2': 'Xx' is no element" in note


def test_more_than_half_of_bad_rows_is_refused_in_any_column(tmp_path: Path) -> None:
    bad = ["?"] * 7
    message = refusal(tmp_path, {"formula": FORMULAS, "e_form": [*bad, *map(str, ENERGIES[7:])]}, target="e_form")
    assert "--target: in column 'e_form' 7 of 12 rows cannot be read:" in message
    assert "That is more than half of them." in message
    message = refusal(tmp_path, {"formula": [*bad, *FORMULAS[7:]], "e_form": ENERGIES}, formula="formula")
    assert "--formula: in column 'formula' 7 of 12 rows cannot be read:" in message


def test_bad_files_of_a_folder_are_left_out_by_name(structure_folder: Path) -> None:
    files = sorted(path.stem for path in structure_folder.glob("*.cif"))
    (structure_folder / f"{files[0]}.cif").write_text("data_x\n", encoding="utf-8")
    lines = [f"{name},-{i + 1}.5" for i, name in enumerate([*files, "gone"])]
    (structure_folder / "targets.csv").write_text("\n".join(["id,e_form", *lines]), encoding="utf-8")
    found = discover(str(structure_folder), unit="eV/atom")
    (note,) = [note for note in found.notes if "cannot be read" in note]
    assert note.startswith(f"2 of {len(lines)} rows cannot be read and are left out:\n  row {files[0]}: ")
    assert "\n  row gone: " in note


def test_equal_energies_are_nothing_to_learn(tmp_path: Path) -> None:
    message = refusal(tmp_path, {"formula": FORMULAS, "e_form": [-1.0] * 12})
    assert "--target: all energies in column 'e_form' are -1: there is nothing to learn" in message
    assert "--unit" not in message


@pytest.mark.parametrize(
    ("ids", "taken"), [(list("abcdefghijkl"), "mp-id"), (["a"] * 12, None), (["", *"bcdefghijkl"], None)]
)
def test_rows_are_named_by_unique_names_only(tmp_path: Path, ids: list[str], taken: str | None) -> None:
    found = found_in(tmp_path, {"formula": FORMULAS, "mp-id": ids, "e_form": ENERGIES})
    assert found.data.get("id") == taken


def test_repeated_ids_give_way_to_row_numbers(tmp_path: Path) -> None:
    found = found_in(tmp_path, {"formula": FORMULAS, "material_id": ["mp-1", "mp-2"] * 6, "e_form": ENERGIES})
    assert found.data["id"] == "row_number"
    assert load_dataset(DataConfig(**found.data), TaskConfig()).ids[:2] == ("1", "2")
    message = refusal(tmp_path, {"formula": FORMULAS, "n": [1] * 12, "e_form": ENERGIES}, id="n")
    assert "--id: in column 'n' a name is blank or occurs twice" in message


def test_a_table_without_names_of_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("NaCl,-2.1\nMgO,-3.0\n", encoding="utf-8")
    with pytest.raises(DataError, match="it is a row, and the names of the columns are missing"):
        discover(str(path))


def test_amounts_of_elements_are_no_energies(tmp_path: Path) -> None:
    table = {"formula": FORMULAS, "Hf": 0.0, "O": 0.5, "Na": 0.5, "e_form": ENERGIES}
    assert found_in(tmp_path, table).data["target"] == "e_form"


def test_the_scale_of_each_row_is_kept(tmp_path: Path) -> None:
    assert found_in(tmp_path, {"formula": FORMULAS, "e_form": ENERGIES, "scale": "oqmd"}).data["scale"] == "scale"
    assert "scale" not in found_in(tmp_path, {"formula": FORMULAS, "e_form": ENERGIES, "scale": 3}).data


def test_a_list_of_records_is_read_like_a_table(tmp_path: Path) -> None:
    path = tmp_path / "table.jsonl"
    rows = [{"Material": name, "Ef (eV/at)": value} for name, value in MEASURED.items()]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    found = discover(str(path))
    assert found.data == {
        "path": str(path),
        "invalid": "drop",
        "formula": "Material",
        "target": "Ef (eV/at)",
        "unit": "eV/atom",
    }


def test_the_bundled_table_is_found_to_be_measured() -> None:
    found = discover("bundled")
    assert (found.measured, found.data["target"], found.data["formula"], found.n_rows) == (
        *(True, "formation_enthalpy_per_atom", "formula", 2135),
    )


@pytest.mark.parametrize(("name", "unit"), [("E_f [eV/at]", "eV/atom"), ("Hf (kJ/mol)", "kJ/mol-formula")])
def test_a_configuration_need_not_name_what_is_plain(tmp_path: Path, name: str, unit: str) -> None:
    path = tmp_path / "table.csv"
    pd.DataFrame({"Verbindung": FORMULAS, name: IN_UNIT[unit]}).to_csv(path, index=False)
    dataset = load_dataset(DataConfig(path=str(path)), TaskConfig())
    assert dataset.y == pytest.approx(ENERGIES)
    assert dataset.target.declared_unit == unit
    assert any(f"is in {unit}, as" in note for note in dataset.notes)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"a": FORMULAS, "b": FORMULAS[::-1], "e_form": ENERGIES}, "data.formula: 2 columns hold formulas"),
        ({"formula": FORMULAS, "Ef PBE": ENERGIES, "Ef exp": ENERGIES - 1}, "data.target: 2 columns may hold"),
        ({"formula": UNKNOWN, "Hf (kJ/mol)": -30.0 * np.arange(6)}, "data.unit: column 'Hf (kJ/mol)' says kJ/mol, but"),
        ({"formula": FORMULAS, "energy": ENERGIES}, "data.target: no column is called"),
    ],
)
def test_a_configuration_is_asked_for_what_is_not(tmp_path: Path, table: dict[str, Any], message: str) -> None:
    path = tmp_path / "table.csv"
    pd.DataFrame(table).to_csv(path, index=False)
    with pytest.raises(DataError) as error:
        load_dataset(DataConfig(path=str(path)), TaskConfig())
    assert message in str(error.value)


GAPS = [("NaCl", 8.5), ("MgO", 7.8), ("Al2O3", 8.8), ("Fe2O3", 2.1), ("SiO2", 9.0)]
UNKNOWN_GAPS = [(f"Na{i}Cl7", i + 0.5) for i in range(1, 7)]


@pytest.mark.parametrize("rows", [GAPS, UNKNOWN_GAPS])
@pytest.mark.parametrize("name", ["y", "target", "value"])
def test_numbers_that_are_never_negative_are_no_formation_energies_by_a_vague_name(
    write_csv: Callable[..., Path], rows: list[tuple[str, float]], name: str
) -> None:
    path = str(write_csv(rows, ["formula", name]))
    with pytest.raises(DataError, match=rf"--target: column '{name}' holds no negative number, as band gaps"):
        discover(path)
    assert discover(path, target=name, unit="eV/atom").data["target"] == name if rows is UNKNOWN_GAPS else True


def test_a_plain_name_is_believed_with_a_word_of_doubt(write_csv: Callable[..., Path]) -> None:
    found = discover(str(write_csv(UNKNOWN_GAPS, ["formula", "e_form"])))
    assert any("'e_form' is the right one: it holds no negative number" in note for note in found.notes)
    negative = [(formula, -gap) for formula, gap in UNKNOWN_GAPS[:4]]
    found = discover(str(write_csv(negative, ["formula", "e_form"])))
    assert not any("no negative number" in note for note in found.notes)


def test_equal_energies_are_said_before_a_unit_is_asked_for(write_csv: Callable[..., Path]) -> None:
    path = str(write_csv([("rust", -1.5), ("salt", -1.5), ("lime", -1.5)], ["formula", "Hf (kJ/mol)"]))
    with pytest.raises(DataError, match="there is nothing to learn") as caught:
        discover(path)
    assert "--unit" not in str(caught.value)


def test_the_first_cells_that_are_no_formulas_are_shown_and_the_others_counted(write_csv: Callable[..., Path]) -> None:
    path = str(write_csv([("Fe2 Co O4 2+", -1 - 0.1 * i) for i in range(7)], ["formula", "e_form"]))
    with pytest.raises(DataError, match="In 'formula', 7 cells cannot be read:") as caught:
        discover(path)
    assert str(caught.value).count("it is a charge") == 5
    assert "... and 2 more" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "named", "points"),
    [
        ("x,gap\nfoo,1\nbar,2\n", {}, ["--formula: no column", "--target: no column", "give it with --unit."]),
        ("x,Ef\nfoo bar,1\nbar x,2\n", {}, ["--formula: no column", "--unit: column 'Ef'"]),
        (
            "x,Ef\nfoo bar,1\nbar x,2\n",
            {"formula": "y", "id": "z"},
            ["--formula: the table has no column 'y'", "--id: the table has no", "--unit: column 'Ef'"],
        ),
        ("Compound,gap\nNaCl,1\nMgO,2\n", {"id": "z"}, ["--id: the table has no", "--target: no column"]),
        (
            "x,gap\nfoo,1\nbar,2\n",
            {"target": "gab", "unit": "eV/furlong"},
            ["--target: the table has no column 'gab'", "--unit: unknown unit", "--formula: no column"],
        ),
    ],
)
def test_everything_that_is_missing_is_named_at_once(
    tmp_path: Path, text: str, named: dict[str, Any], points: list[str]
) -> None:
    table = tmp_path / "table.csv"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as refused:
        discover(str(table), **named)
    for point in points:
        assert point in str(refused.value)
    assert ("give it with --unit" in str(refused.value)) is ("--target" in str(refused.value) and "unit" not in named)


@pytest.mark.parametrize(
    ("cells", "advice"),
    [
        (["-411,153", "-601,600", "-1,675,700"], "leave out the commas between thousands"),
        (["-411'153", "-601'600", "-1'675'700"], "leave out the sign between thousands"),
        (["-411 153", "-601 600", "-1 675 700"], "write one number without blanks"),
        (["-411,1", "-601,6", "-1675,7"], "write a point, not a comma"),
    ],
)
@pytest.mark.parametrize("name", ["Hf (J/mol)", "column 2"])
def test_numbers_in_another_form_are_named_with_what_to_write(
    tmp_path: Path, cells: list[str], advice: str, name: str
) -> None:
    text = refusal(tmp_path, {"Compound": ["NaCl", "MgO", "Al2O3"], name: cells})
    assert f"--target: {name!r}" in text
    assert "3 of 3 rows hold no number" in text
    assert advice in text


def test_a_line_of_units_below_the_names_is_heeded(tmp_path: Path) -> None:
    rows = [["", "kJ/mol of atoms", "A"]] + [[a, f"{b:.1f}", "4"] for a, b in zip(UNKNOWN, [-20.0] * 6, strict=True)]
    pd.DataFrame(rows, columns=["compound", "dHf", "a"]).to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(DataError, match="all energies in column 'dHf' are -20"):
        discover(str(tmp_path / "table.csv"))
    rows[1][1] = "-25"
    pd.DataFrame(rows, columns=["compound", "dHf", "a"]).to_csv(tmp_path / "table.csv", index=False)
    found = discover(str(tmp_path / "table.csv"))
    assert found.data["unit"] == "kJ/mol"
    assert "Row 1 names the unit of 'dHf': 'kJ/mol of atoms'." in found.notes


def test_text_of_windows_is_read_and_told(tmp_path: Path) -> None:
    table = "Verbindung;Bildungsenergie [eV/Atom];Bemerkung\n" + "".join(
        f"{a};{b:.4f}".replace(".", ",") + ";geprüft\n" for a, b in MEASURED.items()
    )
    (tmp_path / "t.csv").write_bytes(table.encode("cp1252"))
    found = discover(str(tmp_path / "t.csv"))
    assert found.data["encoding"] == "cp1252"
    assert "The text is not in UTF-8 and is read as cp1252, such as 'geprüft'; --encoding names another." in found.notes
    assert len(load_dataset(DataConfig(**found.data), TaskConfig())) == len(MEASURED)
    (tmp_path / "t.csv").write_bytes(table.encode("cp1252") + b"NaCl;-2,1;\x81\n")
    with pytest.raises(DataError, match="not text in UTF-8"):
        discover(str(tmp_path / "t.csv"))
