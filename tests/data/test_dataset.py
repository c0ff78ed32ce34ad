"""From a table to checked rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from formation_mlp.config.schema import DataConfig, TaskConfig
from formation_mlp.data.dataset import dataset_from_frame, load_dataset, materials_of_frame
from formation_mlp.data.records import Dataset, LeftOut, Target
from formation_mlp.errors import DataError
from formation_mlp.materials.inputs import read_materials
from support.structures import ROCK_SALTS, rock_salt

FORMULAS = ["NaCl", "MgO", "Al2O3", "Fe2O3"]
ENERGIES = [-2.131, -3.118, -3.458, -1.709]
CLASSES = TaskConfig(type="classification")


def table(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"formula": FORMULAS, "target": ENERGIES} | columns)


def dataset(frame: pd.DataFrame, task: TaskConfig | None = None, column: str | None = None, **keys: Any) -> Dataset:
    return dataset_from_frame(frame, DataConfig(path="table.csv", **keys), task or TaskConfig(), column)


def refusal(frame: pd.DataFrame, task: TaskConfig | None = None, column: str | None = None, **keys: Any) -> str:
    with pytest.raises(DataError) as error:
        dataset(frame, task, column, **keys)
    return str(error.value)


def test_a_table_becomes_rows_with_a_meaning() -> None:
    data = dataset(table(), unit="eV/atom", source="measured")
    assert data.ids == ("1", "2", "3", "4")
    assert data.formulas == tuple(FORMULAS)
    assert data.y.tolist() == ENERGIES
    assert data.target == Target("target", "eV/atom", "measured", "eV/atom")
    assert data.materials.compositions.n_atoms.tolist() == [2, 2, 5, 5]
    assert (data.left_out, data.notes) == ((), ())


@pytest.mark.parametrize(
    "target",
    ["formation_energy_per_atom", "Formation_Energy_Per_Atom", "E_form", "formation_energy_peratom", "delta_e"],
)
@pytest.mark.parametrize("formula", ["formula", "Composition", "REDUCED_FORMULA", "pretty_formula"])
def test_columns_are_found_by_their_usual_names_in_any_case(formula: str, target: str) -> None:
    frame = pd.DataFrame({"other": range(4), formula: FORMULAS, target: ENERGIES, "Material_ID": list("abcd")})
    data = dataset(frame)
    assert data.target.name == target
    assert data.formulas == tuple(FORMULAS)
    assert data.ids == tuple("abcd")


def test_columns_of_other_names_are_named() -> None:
    frame = table(formula=["?"] * 4, target=[0] * 4, mat=FORMULAS, dH=ENERGIES, no=[7, 8, 9, 10])
    data = dataset(frame, formula="mat", target="dH", id="no")
    assert data.ids == ("7", "8", "9", "10")
    assert data.y.tolist() == ENERGIES


def test_the_first_usual_name_goes_before_the_others() -> None:
    assert dataset(table(formation_energy_per_atom=[0.0, 0.1, 0.2, 0.3])).target.name == "formation_energy_per_atom"


@pytest.mark.parametrize(
    ("frame", "keys", "message"),
    [
        (table(), {"target": "targte"}, "data.target: the table has no column 'targte'. Columns: formula, target. Did"),
        (table(), {"formula": "fromula"}, "Did you mean 'formula'?"),
        (
            table().rename(columns={"target": "targte"}),
            {},
            "the right one with data.target. Did you mean 'targte'?",
        ),
        (table().rename(columns={"target": "y"}), {}, "data.target: no column is called formation_energy_per_atom or"),
        (
            table(formula=["rock salt", "periclase", "corundum", "rust"]).rename(columns={"formula": "name"}),
            {},
            "data.formula: no column is called formula or composition",
        ),
        (table(target=[""] * 4), {}, "data.target: column 'target' is empty"),
        (table(target=[None, np.nan, "", None]), {}, "data.target: column 'target' is empty"),
        (table(formula=[None, "", "", np.nan]), {}, "data.formula: column 'formula' is empty"),
        (table(target=[-1, -2, "inf", 0]), {}, "column 'target', row 3: 'inf' is not finite"),
        (table(target=[-1, -2, 0, float("-inf")]), {}, "column 'target', row 4: -inf is not finite"),
        (table(target=["n/a", "nan", "-", "NULL"]), {}, "data.target: column 'target' is empty"),
        (table(target=["-1", "0", "0", "?"]), {}, "column 'target', row 4: '?' is no number"),
        (table(target=["-1", "-0,5", "0", "0"]), {}, "column 'target', row 2: '-0,5' is no number"),
        (table(target=[True, False, True, False]), {}, "column 'target', row 1: True is no number"),
        (table(id=["a", "b", "a", "b"]), {}, "column 'id': 2 ids occur twice, the first is 'a'"),
        (table(id=["a", "b", "", "c"]), {}, "column 'id': an id is blank"),
        (table(id=["a", "b", None, "c"]), {}, "column 'id': an id is blank"),
        (table(target=[-411.2, -601.6, -1675.7, -824.2]), {}, "data.unit: not declared, and values reach 1676"),
        (table(target=[-5.1, -5.2, -7.3, -6.4]), {}, "which looks like total energies"),
    ],
)
def test_a_wrong_column_is_refused(frame: pd.DataFrame, keys: dict[str, Any], message: str) -> None:
    assert message in refusal(frame, **keys)


@pytest.mark.parametrize(
    ("unit", "factors"),
    [
        ("eV/atom", [1, 1, 1, 1]),
        ("meV/atom", [1e3] * 4),
        ("kJ/mol", [96.48533212331] * 4),
        ("eV/formula", [2, 2, 5, 5]),
        ("kJ/mol-formula", [2 * 96.48533212331] * 2 + [5 * 96.48533212331] * 2),
    ],
)
def test_every_declared_unit_ends_as_the_same_energies_per_atom(unit: str, factors: list[float]) -> None:
    frame = table(target=[energy * factor for energy, factor in zip(ENERGIES, factors, strict=True)])
    data = dataset(frame, unit=unit)
    np.testing.assert_allclose(data.y, ENERGIES, rtol=1e-12)
    assert data.target == Target("target", "eV/atom", None, unit)


def test_rows_without_a_target_are_left_out_by_name() -> None:
    data = dataset(table(target=[-2.1, None, "", -1.7], id=list("abcd")))
    assert data.ids == ("a", "d")
    assert data.left_out == (LeftOut("b", "no target"), LeftOut("c", "no target"))
    assert data.notes == ("2 rows have no target and are not used",)


@pytest.mark.parametrize("dtype", ["Float64", "float32", "object", "string"])
def test_missing_cells_of_every_kind_are_missing(dtype: Any) -> None:
    target = pd.Series([-2.0, None, -3.5, -1.75]).astype(dtype)
    assert dataset(table(target=target, formula=pd.Series(FORMULAS, dtype="string"))).y.tolist() == [-2.0, -3.5, -1.75]


WRONG = ["Xx2O", "NACL", "Li1-xCoO2", "", "Na0Cl", "Na-1Cl"]


def test_rows_that_cannot_be_read_stop_with_the_first_of_them_named() -> None:
    message = refusal(pd.DataFrame({"formula": ["MgO", *WRONG], "target": 0.0}))
    head, *lines = message.splitlines()
    assert head == "table.csv: 6 rows cannot be used"
    assert [line.split(":")[0].strip() for line in lines[:5]] == ["row 2", "row 3", "row 4", "row 5", "row 6"]
    assert "Did you mean NaCl?" in lines[1]
    assert "... and 1 more" in lines[5]
    assert "data.invalid: drop" in lines[6]


def test_rows_that_cannot_be_read_are_dropped_by_name_if_asked() -> None:
    frame = pd.DataFrame({"formula": ["MgO", *WRONG, "NaCl"], "target": [-3.1, *[0.0] * len(WRONG), -2.1]})
    data = dataset(frame, invalid="drop")
    assert data.ids == ("1", "8")
    assert data.y.tolist() == [-3.1, -2.1]
    assert [row.id for row in data.left_out] == ["2", "3", "4", "5", "6", "7"]
    for row, formula in zip(data.left_out, WRONG, strict=True):
        assert repr(formula) in row.reason
    assert data.notes == ("6 rows cannot be read and are left out; the report names them",)


def test_a_wrong_formula_without_a_target_is_no_obstacle() -> None:
    data = dataset(table(formula=["NaCl", "Xx", "Al2O3", "Fe2O3"], target=[-2.1, "", -3.4, -1.7]))
    assert data.left_out == (LeftOut("2", "no target"),)


def test_nothing_left_is_an_error() -> None:
    assert "no row is left: 2 of 2 rows cannot be read" in refusal(
        pd.DataFrame({"formula": ["Xx", "Yy"], "target": [0.0, 1.0]}), invalid="drop"
    )


def test_sodium_nitride_is_a_formula_and_remarked() -> None:
    data = dataset(table(formula=["NaN", "MgO", "CuSO4.5H2O", "Fe2O3"]))
    assert data.materials.compositions.chemical_systems()[0] == "N-Na"
    assert data.materials.compositions.n_atoms[2] == 21
    assert len(data.notes) == 1
    assert data.notes[0].startswith("2 rows are read with a remark, such as: formula 'NaN': read as sodium nitride")


@pytest.mark.parametrize(
    "classes",
    [
        [0, 1, 1, 0],
        [0.0, 1.0, 1.0, 0.0],
        ["0", "1", "1.0", "0"],
        [False, True, True, False],
        ["False", "True", "true", "FALSE"],
    ],
)
def test_classes_are_zero_and_one_or_false_and_true(classes: list[Any]) -> None:
    data = dataset(table(target=classes), CLASSES)
    assert data.y.tolist() == [0, 1, 1, 0]
    assert data.target.unit == ""


@pytest.mark.parametrize(
    ("task", "keys", "message"),
    [
        (CLASSES, {}, "so every value must be 0 or 1; found -3.458. Give task.boundary"),
        (CLASSES, {"duplicates": "mean"}, "data.duplicates: 'mean' is for energies; classes can only be kept"),
        (CLASSES, {"duplicates": "lowest"}, "data.duplicates: 'lowest' is for energies"),
    ],
)
def test_energies_are_no_classes(task: TaskConfig, keys: dict[str, str], message: str) -> None:
    assert message in refusal(table(), task, **keys)


def test_energies_with_a_boundary_stay_energies() -> None:
    data = dataset(table(), TaskConfig(type="classification", boundary=-2.0), duplicates="mean")
    assert data.y.tolist() == ENERGIES
    assert data.target.unit == "eV/atom"


def test_the_column_of_the_split_comes_along() -> None:
    frame = table(target=[-2.1, "", -3.4, -1.7], where=["train", "test", "val", None])
    assert dataset(frame, column="where").parts == ("train", "val", "")
    assert "split.column: the table has no column 'wher'" in refusal(frame, column="wher")


# --- auxiliary targets

GAP = TaskConfig(auxiliary={"gap": 0.5, "volume": 0.1})


def test_auxiliary_targets_are_columns_in_the_order_asked_for_and_blank_cells_are_missing() -> None:
    frame = table(volume=[1, 2, 3, 4], gap=["8.5", "", None, "2.0"])
    data = dataset(frame, GAP)
    assert data.auxiliary is not None
    np.testing.assert_array_equal(data.auxiliary, [[8.5, 1], [np.nan, 2], [np.nan, 3], [2.0, 4]])
    assert dataset(frame).auxiliary is None


def test_the_target_alone_decides_which_rows_are_kept() -> None:
    frame = table(target=[-2.1, "", -3.4, -1.7], gap=[np.nan, 1.0, 5.0, np.nan], volume=[1, 2, "", 4])
    data = dataset(frame, GAP)
    assert data.ids == ("1", "3", "4")
    assert data.auxiliary is not None
    np.testing.assert_array_equal(data.auxiliary, [[np.nan, 1], [5, np.nan], [np.nan, 4]])
    assert data.left_out == (LeftOut("2", "no target"),)


def test_auxiliary_targets_stay_as_they_are_in_the_table() -> None:
    data = dataset(table(target=[-211.0, -311, -345, -170], gap=[900.0, 1, 2, 3], volume=4.0), GAP, unit="kJ/mol")
    assert data.auxiliary is not None
    assert data.auxiliary[:, 0].tolist() == [900, 1, 2, 3]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"volume": [1, 2, 3, 4]}, "task.auxiliary.gap: the table has no column 'gap'"),
        ({"volume": [1, 2, 3, 4], "gapp": [1] * 4}, "Did you mean 'gapp'?"),
        (
            {"volume": [1, 2, 3, 4], "gap": [1, "wide", 2, 3]},
            "task.auxiliary: column 'gap', row 2: 'wide' is no number",
        ),
        ({"volume": [1, 2, "inf", 4], "gap": [1] * 4}, "task.auxiliary: column 'volume', row 3: 'inf' is not finite"),
        ({"volume": [1, 2, 3, 4], "gap": [""] * 4}, "task.auxiliary: column 'gap' is empty"),
    ],
)
def test_a_wrong_auxiliary_column_is_refused(columns: dict[str, list[object]], message: str) -> None:
    assert message in refusal(table(**columns), GAP)


def test_taking_and_merging_rows_takes_their_auxiliary_targets_along() -> None:
    frame = table(formula=["NaCl", "MgO", "Na2Cl2", "Fe2O3"], gap=[8.5, 7.7, 1.0, 2.0], volume=["", 2, 3, 4])
    frame["target"] = [-2.0, -3.0, -2.2, -1.7]
    for duplicates, first in (("lowest", 1.0), ("mean", 8.5)):
        data = dataset(frame, GAP, duplicates=duplicates)
        assert data.auxiliary is not None
        assert first in data.auxiliary[:, 0]
        assert len(data) == len(data.auxiliary) == 3
    part = dataset(frame, GAP).take([3, 0])
    assert part.auxiliary is not None
    np.testing.assert_array_equal(part.auxiliary, [[2, 4], [8.5, np.nan]])


def test_structures_come_from_a_folder(structure_folder: Path) -> None:
    data = load_dataset(DataConfig(path=str(structure_folder)), TaskConfig())
    assert data.materials.structures is not None
    assert data.materials.structures.n_sites.tolist() == [8] * len(ROCK_SALTS)
    assert dict(zip(data.ids, data.y, strict=True)) == {name: energy for name, (_, energy) in ROCK_SALTS.items()}


def test_a_broken_or_missing_structure_is_named_or_dropped(structure_folder: Path) -> None:
    (structure_folder / "MgO.cif").write_text("data_MgO\n_cell_length_a 4.2\n")
    (structure_folder / "NaF.json").write_text('{"lattice": 1}')
    (structure_folder / "KCl.cif").unlink()
    config = DataConfig(path=str(structure_folder))
    with pytest.raises(DataError, match="3 rows cannot be used") as error:
        load_dataset(config, TaskConfig())
    message = str(error.value)
    assert "row KCl" in message
    assert "KCl.cif: no such structure file" in message
    assert "MgO.cif: not readable as CIF" in message
    assert "NaF.json: not a pymatgen structure in JSON" in message
    data = load_dataset(config.model_copy(update={"invalid": "drop"}), TaskConfig())
    assert set(data.ids) == {"NaCl", "LiF", "CaO"}
    assert {row.id for row in data.left_out} == {"KCl", "MgO", "NaF"}


def test_a_column_of_structures_may_hold_json_objects_or_paths(structure_folder: Path) -> None:
    salt = rock_salt("Na", "Cl", 5.64)
    cells = [json.dumps(salt.as_dict()), salt.as_dict(), salt, "structures/NaCl.cif"]
    frame = table(structure=cells)
    frame.attrs["folder"] = str(structure_folder.parent)
    data = dataset(frame)
    assert data.materials.structures is not None
    np.testing.assert_allclose(data.materials.structures.lattice, [np.eye(3) * 5.64] * 4, atol=1e-6)
    assert data.formulas == ("NaCl",) * 4


@pytest.mark.parametrize(
    ("name", "formulas", "remarks"),
    [
        ("formula", ["ClNa", "MgO", "Na4Cl4", "Cl0.499Na.501"], {1: "'formula' says 'MgO', but the structure is NaCl"}),
        ("formula_pretty", ["NaCl", "NaCl2", "K", "NaCl"], {1: "says 'NaCl2'", 2: "says 'K'"}),
        ("composition", [{"Na": 1, "Cl": 1}, {"Na": 1}, "", None], {1: "says 'Na1'"}),
        ("formula", ["salt", "?", "AB", ""], {}),
        ("note", ["MgO"] * 4, {}),
    ],
)  # fmt: skip
def test_a_formula_beside_a_structure_of_another_compound_is_said(
    name: str, formulas: Sequence[object], remarks: dict[int, str]
) -> None:
    salt = rock_salt("Na", "Cl", 5.64)
    frame = pd.DataFrame({name: formulas, "structure": [salt] * 4, "target": ENERGIES})
    notes = materials_of_frame(frame, DataConfig(path="table.csv")).notes
    assert list(notes) == list(remarks)
    assert all(text in notes[row] for row, text in remarks.items())
    asked = {"structure": "structure", "formula": name}
    assert list(materials_of_frame(frame, DataConfig(path="table.csv", **asked)).notes) == (
        [0, 1, 2, 3] if name == "note" else list(remarks)
    )


def test_two_columns_of_formulas_beside_structures_are_passed_over() -> None:
    salt = rock_salt("Na", "Cl", 5.64)
    frame = pd.DataFrame({"formula": ["K"], "Formula": ["K"], "structure": [salt]})
    assert not materials_of_frame(frame, DataConfig(path="table.csv")).notes


def test_formulas_asked_for_go_before_a_structure_column_found_by_its_name() -> None:
    frame = table(structure=["rocksalt", "rocksalt", "corundum", "corundum"])
    assert "'rocksalt' is no structure: give a file" in refusal(frame)
    assert dataset(frame, formula="formula").materials.structures is None


def test_a_long_cell_that_is_no_structure_is_shown_in_part() -> None:
    message = refusal(table(structure=["x y " * 1000] * 4))
    assert len(message) < 1000
    assert "row 1: 'x y x y" in message


READ = read_materials(["NaCl", "MgO"])
WHOLE: dict[str, Any] = {
    "ids": ("a", "b"),
    "formulas": ("NaCl", "MgO"),
    "materials": READ.materials,
    "y": np.array([-2.1, -3.1]),
    "target": Target("e", "eV/atom"),
}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"ids": ("a",)}, "unequal length"),
        ({"y": np.zeros(3)}, "unequal length"),
        ({"parts": ("train",)}, "unequal length"),
        ({"auxiliary": np.zeros((3, 1))}, "unequal length"),
        ({"ids": ("a", "a")}, "not unique"),
        ({"y": np.array([0.0, np.nan])}, "not finite"),
    ],
)
def test_rows_that_do_not_belong_together_are_no_data_set(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Dataset(**WHOLE | wrong)


def test_taking_rows_takes_every_column() -> None:
    whole = Dataset(**WHOLE, parts=("train", "val"), notes=("first",))
    part = whole.take([1], [LeftOut("a", "why")], ["second"])
    assert (part.ids, part.formulas, part.y.tolist(), part.parts) == (("b",), ("MgO",), [-3.1], ("val",))
    assert part.keys() == ["O500000 Mg500000"]
    assert part.left_out == (LeftOut("a", "why"),)
    assert part.notes == ("first", "second")


def test_withheld_targets_of_a_published_table_are_left_out(shared_data: Path) -> None:
    path = shared_data / "experimental_enthalpies" / "experimental_formation_enthalpies.csv.gz"
    data = load_dataset(DataConfig(path=str(path)), TaskConfig())
    assert len(data) == 2442
    assert len(data.left_out) == 261
    assert data.target.name == "formation_enthalpy_per_atom"
