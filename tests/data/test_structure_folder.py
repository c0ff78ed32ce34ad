"""A folder of structures, and the table beside them that gives their energies, as people lay them down."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from formation_mlp.config.schema import DataConfig, TaskConfig
from formation_mlp.data.dataset import load_dataset
from formation_mlp.data.discovery import discover
from formation_mlp.data.sources import read_table
from formation_mlp.errors import DataError
from formation_mlp.materials.structure.access import only_files_of
from formation_mlp.materials.structure.below import located, structures_below
from formation_mlp.prediction.inputs import expanded
from support.structures import rock_salt

SALTS = {"NaCl": (-2.131, 5.6), "MgO": (-3.118, 4.2), "LiF": (-3.195, 4.0), "KBr": (-2.040, 6.6)}
ENERGIES = {name: energy for name, (energy, _) in SALTS.items()}


def symbols(name: str) -> list[str]:
    return re.findall("[A-Z][a-z]?", name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of four rock salts as CIF."""
    for name, (_, length) in SALTS.items():
        cation, anion = symbols(name)
        rock_salt(cation, anion, length).to(str(tmp_path / f"{name}.cif"), fmt="cif")
    return tmp_path


def read(folder: Path) -> dict[str, float]:
    found = discover(str(folder))
    assert found.kind == "structures"
    dataset = load_dataset(DataConfig(**found.data), TaskConfig())
    return dict(zip(dataset.ids, dataset.y.round(4).tolist(), strict=True))


def csv(header: str | None, row: Callable[[str, float], str]) -> str:
    lines = [] if header is None else [header]
    return "\n".join([*lines, *(row(name, energy) for name, energy in ENERGIES.items())]) + "\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("id_prop.csv", csv(None, lambda name, energy: f"{name},{energy}")),
        ("id_prop.csv", csv(None, lambda name, energy: f"{name}.cif,{energy}")),
        ("id_prop.csv", csv("cif_id,formation_energy", lambda name, energy: f"{name},{energy}")),
        ("energies.csv", csv("file,E_f (eV/atom)", lambda name, energy: f"{name}.cif,{energy}")),
        ("targets.csv", csv("id,e_form", lambda name, energy: f"{name},{energy}")),
        ("dft results.csv", csv("no,e_form,structure", lambda name, energy: f"1,{energy},cifs/{name}.cif")),
        ("table.tsv", csv("E_f [eV/at]\tid\tmaterial", lambda name, energy: f"{energy}\t7\t{name}")),
        ("t.csv", csv("id,name,E_f meV/atom", lambda name, energy: f"x{name},{name},{1000 * energy}")),
    ],
)
def test_a_table_beside_the_structures_gives_their_energies(folder: Path, name: str, content: str) -> None:
    (folder / name).write_text(content, encoding="utf-8")
    assert read(folder) == pytest.approx(ENERGIES)


def test_a_workbook_beside_the_structures_gives_their_energies(folder: Path) -> None:
    pd.DataFrame({"cif": ENERGIES.keys(), "Ef (eV/atom)": ENERGIES.values()}).to_excel(folder / "t.xlsx", index=False)
    assert read(folder) == pytest.approx(ENERGIES)
    assert any("'t.xlsx'" in note for note in discover(str(folder)).notes)


def test_two_tables_of_the_files_are_asked_for(folder: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (folder / name).write_text(csv("file,e_form", lambda name, energy: f"{name},{energy}"), encoding="utf-8")
    (folder / "other.csv").write_text("element,radius\nNa,1\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"2 tables name the structure files: 'a.csv', 'b.csv'"):
        read_table(str(folder))
    (folder / "b.csv").rename(folder / "energies.csv")
    assert read(folder) == pytest.approx(ENERGIES)


def test_files_without_an_energy_and_energies_without_a_file_are_told(folder: Path) -> None:
    lines = csv("file,e_form", lambda name, energy: f"{name},{energy}").replace("KBr", "CsF")
    (folder / "energies.csv").write_text(lines, encoding="utf-8")
    found = discover(str(folder))
    assert any(note.startswith("1 row has no energy") for note in found.notes)
    assert any("CsF.cif: no such structure file" in note for note in found.notes)


def test_a_folder_without_energies_is_told_how_to_give_them(folder: Path) -> None:
    with pytest.raises(DataError, match=r"--target: .* into the folder, or beside it"):
        discover(str(folder))


def test_the_table_of_elements_of_cgcnn_is_no_structure(folder: Path) -> None:
    (folder / "id_prop.csv").write_text(csv(None, lambda name, energy: f"{name},{energy}"), encoding="utf-8")
    (folder / "atom_init.json").write_text('{"1": [0, 1]}', encoding="utf-8")
    assert set(read_table(str(folder))["id"]) == set(ENERGIES)


@pytest.mark.parametrize("column", ["structure", "CIF file", "path", "xyz"])
def test_paths_of_structures_may_stand_in_a_column_of_any_name(folder: Path, column: str) -> None:
    table = pd.DataFrame({"no": range(4), column: [f"{name}.cif" for name in SALTS], "Ef (eV/atom)": ENERGIES.values()})
    table.to_csv(folder / "paths.csv", index=False)
    found = discover(str(folder / "paths.csv"))
    assert (found.kind, found.data["structure"]) == ("structures", column)
    assert load_dataset(DataConfig(**found.data), TaskConfig()).y == pytest.approx(list(ENERGIES.values()))


def frame_of(name: str, comment: str) -> str:
    cation, anion = symbols(name)
    lattice = "4 0 0 0 4 0 0 0 4"
    head = f'Lattice="{lattice}" Properties=species:S:1:pos:R:3 {comment} pbc="T T T"'
    return f"2\n{head}\n{cation} 0 0 0\n{anion} 2 2 2\n"


@pytest.mark.parametrize("key", ["formation_energy_per_atom", "formation_energy", "e_form"])
def test_frames_of_extended_xyz_carry_their_energies(tmp_path: Path, key: str) -> None:
    text = "".join(frame_of(name, f"energy=-9.5 {key}={energy}") for name, energy in ENERGIES.items())
    path = tmp_path / "frames.extxyz"
    path.write_text(text, encoding="utf-8")
    found = discover(str(path))
    assert (found.kind, found.data["target"]) == ("structures", key)
    assert load_dataset(DataConfig(**found.data), TaskConfig()).y == pytest.approx(list(ENERGIES.values()))
    (tmp_path / "more").mkdir()
    for name, energy in ENERGIES.items():
        (tmp_path / "more" / f"{name}.xyz").write_text(frame_of(name, f"{key}={energy}"), encoding="utf-8")
    assert read(tmp_path / "more") == pytest.approx({f"{name}#1": energy for name, energy in ENERGIES.items()})


@pytest.mark.parametrize("name", ["energies.csv", "my table.csv"])
def test_numbers_name_files_from_which_a_spreadsheet_has_cut_zeros(folder: Path, name: str) -> None:
    for i, salt in enumerate(SALTS, 1):
        (folder / f"{salt}.cif").rename(folder / f"{i:03}.cif")
    rows = [f"{i},{energy}" for i, energy in enumerate(ENERGIES.values(), 1)]
    (folder / name).write_text("\n".join(["file,E_form (eV/atom)", *rows]) + "\n", encoding="utf-8")
    assert read(folder) == {f"{i:03}": energy for i, energy in enumerate(ENERGIES.values(), 1)}
    notes = discover(str(folder)).notes
    assert any(
        "4 numbers there are names of files without the zeros before it, such as 1 for 001." in note for note in notes
    )
    assert not any("no energy" in note for note in notes)


def test_numbers_that_might_be_two_files_are_not_matched(folder: Path) -> None:
    for i, salt in enumerate(SALTS):
        (folder / f"{salt}.cif").rename(folder / ("0" * i + "1.cif"))
    (folder / "energies.csv").write_text("file,E_form (eV/atom)\n1,-2.1\n02,-3\n", encoding="utf-8")
    assert "02.cif" in set(read_table(str(folder))["structure"])


def test_a_table_beside_the_folder_is_taken(folder: Path, tmp_path: Path) -> None:
    inside = tmp_path / "structures"
    inside.mkdir()
    for path in folder.glob("*.cif"):
        path.rename(inside / path.name)
    (tmp_path / "energies.csv").write_text("name,energy\nx,1\ny,2\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"into the folder, or beside it under the name energies\.csv"):
        discover(str(inside))
    content = csv("file,E_f (eV/atom)", lambda name, energy: f"{name},{energy}")
    (tmp_path / "energies.csv").write_text(content, encoding="utf-8")
    assert read(inside) == ENERGIES
    (tmp_path / "targets.csv").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match="2 tables beside it name its files"):
        discover(str(inside))


def as_calculations(folder: Path) -> dict[str, float]:
    """Give each structure a folder of its own, with a POSCAR that is something else; return names and energies."""
    for i, salt in enumerate(SALTS):
        place = folder / "calcs" / f"calc_{i:03}"
        place.mkdir(parents=True)
        rock_salt("Cs", "I", 9.0).to(str(place / "POSCAR"), fmt="poscar")
        cation, anion = symbols(salt)
        rock_salt(cation, anion, SALTS[salt][1]).to(str(place / "CONTCAR"), fmt="poscar")
        (place / "OUTCAR").write_text("free energy TOTEN", encoding="utf-8")
        (folder / f"{salt}.cif").unlink()
    return {f"calc_{i:03}": energy for i, energy in enumerate(ENERGIES.values())}


def table_of(energies: dict[str, float], path: Path, prefix: str = "", **more: list[str]) -> Path:
    frame = pd.DataFrame({"run": [prefix + name for name in energies], "E_f (eV/atom)": energies.values(), **more})
    frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("prefix", ["", "calcs/"])
def test_a_column_names_the_folders_of_calculations(folder: Path, prefix: str) -> None:
    energies = as_calculations(folder)
    path = table_of(energies, folder / "results.csv", prefix)
    found = discover(str(path))
    assert (found.kind, found.data["structure"], found.data["id"]) == ("structures", "run", "run")
    dataset = load_dataset(DataConfig(**found.data), TaskConfig())
    assert dataset.formulas == tuple(SALTS)
    assert dict(zip(dataset.ids, dataset.y, strict=True)) == pytest.approx(
        {prefix + name: e for name, e in energies.items()}
    )


def test_a_column_names_files_of_a_folder_beside_the_table(folder: Path) -> None:
    (folder / "cifs").mkdir()
    for path in folder.glob("*.cif"):
        path.rename(folder / "cifs" / f"salt {path.name}")
    for ending in ("", ".cif"):
        found = discover(str(table_of({f"salt {name}{ending}": e for name, e in ENERGIES.items()}, folder / "t.csv")))
        assert (found.kind, found.data["structure"]) == ("structures", "run")
        assert load_dataset(DataConfig(**found.data), TaskConfig()).formulas == tuple(SALTS)


def test_formulas_beside_names_of_files_are_taken_and_the_files_told(folder: Path) -> None:
    path = table_of(as_calculations(folder), folder / "results.csv", Compound=list(SALTS))
    found = discover(str(path))
    assert (found.kind, found.data["formula"]) == ("compositions", "Compound")
    assert any("with --structure 'run'" in note for note in found.notes)
    assert discover(str(path), structure="run").kind == "structures"


def test_a_folder_of_calculations_is_read_with_the_table_in_it_or_beside_it(folder: Path) -> None:
    energies = as_calculations(folder)
    table_of(energies, folder / "energies.csv")
    assert read(folder / "calcs") == pytest.approx(energies)
    (folder / "energies.csv").rename(folder / "calcs" / "my results.csv")
    assert read(folder / "calcs") == pytest.approx(energies)


def test_structures_in_folders_of_a_folder_of_structures_are_told(folder: Path) -> None:
    (folder / "energies.csv").write_text(csv("file,e_form", lambda name, energy: f"{name},{energy}"), encoding="utf-8")
    (folder / "old").mkdir()
    rock_salt("Cs", "I", 9.0).to(str(folder / "old" / "CsI.cif"), fmt="cif")
    assert read(folder) == pytest.approx(ENERGIES)
    assert any(
        "1 structure of a folder in it is not read, such as old/CsI.cif" in n for n in discover(str(folder)).notes
    )


def test_structures_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for place in ("a", "b", ".hidden"):
        for ending in ("", ".vasp"):
            (tmp_path / place).mkdir(exist_ok=True)
            rock_salt("Na", "Cl", 5.6).to(str(tmp_path / place / f"salt{ending or '.cif'}"), fmt="poscar")
    (tmp_path / "a" / "salt.vasp").unlink()
    assert structures_below(tmp_path) == {
        "a/salt": "a/salt.cif",
        "b/salt.cif": "b/salt.cif",
        "b/salt.vasp": "b/salt.vasp",
    }


def test_an_empty_end_of_a_calculation_gives_way_to_its_beginning(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "CONTCAR").touch()
    (tmp_path / "run" / "POSCAR").write_text("a structure", encoding="utf-8")
    assert structures_below(tmp_path) == {"run": "run/POSCAR"}


def test_no_name_leads_to_a_file_where_only_those_of_one_folder_may_be_read(folder: Path) -> None:
    energies = as_calculations(folder)
    with only_files_of(folder / "elsewhere"):
        assert located(list(energies), folder) == list(energies)
    assert located(list(energies), folder) == [f"calcs/{name}/CONTCAR" for name in energies]


def test_files_and_calculations_may_lie_in_one_folder(folder: Path) -> None:
    energies = as_calculations(folder)
    rock_salt("Li", "Cl", 5.1).to(str(folder / "calcs" / "single.cif"), fmt="cif")
    (folder / "calcs" / "old").mkdir()
    rock_salt("Cs", "I", 9.0).to(str(folder / "calcs" / "old" / "CsI.cif"), fmt="cif")
    table_of(energies | {"single": -2.1}, folder / "calcs" / "energies.csv")
    assert read(folder / "calcs") == pytest.approx(energies | {"single": -2.1})
    notes = discover(str(folder / "calcs")).notes
    assert any("1 structure of a folder in it is not read, such as old/CsI.cif" in note for note in notes)
    assert not any("cannot be read" in note for note in notes)


def test_a_beginning_beside_another_structure_is_not_taken_for_the_end(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    for name in ("POSCAR", "relaxed.cif"):
        (tmp_path / "run" / name).write_text("a structure", encoding="utf-8")
    assert structures_below(tmp_path) == {"POSCAR": "run/POSCAR", "relaxed": "run/relaxed.cif"}
    (tmp_path / "run" / "CONTCAR").write_text("a structure", encoding="utf-8")
    assert structures_below(tmp_path) == {"run": "run/CONTCAR"}


def test_a_folder_to_predict_gives_its_files_and_those_of_its_folders(folder: Path) -> None:
    (folder / "run").mkdir()
    rock_salt("Cs", "I", 9.0).to(str(folder / "run" / "CONTCAR"), fmt="poscar")
    named, is_file = expanded([str(folder)])
    assert named == [str(folder / f"{name}.cif") for name in sorted(SALTS)] + [str(folder / "run" / "CONTCAR")]
    assert all(is_file)


def test_a_structure_that_is_missing_is_not_taken_from_another_folder(folder: Path) -> None:
    (folder / "a").mkdir()
    (folder / "NaCl.cif").rename(folder / "a" / "NaCl.cif")
    for path in folder.glob("*.cif"):
        path.unlink()
    (folder / "run_2").mkdir()
    rock_salt("Mg", "O", 4.2).to(str(folder / "run_2" / "CONTCAR"), fmt="poscar")
    rows = "file,e_form\na/NaCl.cif,-2.1\nb/NaCl.cif,-2\nrun_1/CONTCAR,-1\nrun_2/CONTCAR,-3\n"
    (folder / "energies.csv").write_text(rows, encoding="utf-8")
    frame = read_table(str(folder))
    dataset = load_dataset(DataConfig(path=str(folder), invalid="drop"), TaskConfig())
    assert dict(zip(dataset.formulas, dataset.y, strict=True)) == {"NaCl": -2.1, "MgO": -3.0}
    assert len(frame) == 4
