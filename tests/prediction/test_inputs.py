"""`predict` and structures: which arguments are files, what is said of them, and what no argument is taken for."""

from __future__ import annotations

import csv
import gzip
import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from formation_mlp.materials.formula import text
from formation_mlp.materials.formula.atoms import count_atoms
from support.commands import Outcome
from support.structures import ROCK_SALTS, rock_salt

Command = Callable[..., Outcome]


def rows(outcome: Outcome) -> list[dict[str, str]]:
    """Return the answers that went to a pipe."""
    assert "Traceback" not in outcome.err
    return list(csv.DictReader(io.StringIO(outcome.out)))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("POSCAR", "poscar"), ("CONTCAR", "poscar"), ("NaCl_CONTCAR", "poscar"), ("x.contcar", "poscar")),
        *(("X.CIF", "cif"), ("x.mcif", "cif"), ("salt.txt", "cif"), ("salt", "poscar"), ("x.json", "json")),
    ],
)
@pytest.mark.parametrize("packed", ["", ".gz"])
def test_a_file_that_is_there_and_looks_like_a_structure_is_one(
    workplace: Path, command: Command, name: str, kind: str, packed: str
) -> None:
    content = rock_salt("Na", "Cl", 5.64).to(fmt=kind).encode()
    (workplace / (name + packed)).write_bytes(gzip.compress(content) if packed else content)
    outcome = command("predict", name + packed)
    assert outcome.code == 0, outcome.err
    (row,) = rows(outcome)
    assert (row["id"], row["formula"], row["sites"], row["space_group"]) == (name + packed, "NaCl", "8", "Fm-3m (225)")


def test_a_folder_stands_for_its_structures(structure_folder: Path, command: Command) -> None:
    (structure_folder / "notes.json").write_text('{"made": "by hand"}', encoding="utf-8")
    found = rows(command("predict", "structures"))
    assert {row["formula"] for row in found} == set(ROCK_SALTS)
    assert {Path(row["id"]).parent.name for row in found} == {"structures"}
    assert all(row["prediction"] for row in found)


def test_several_structures_of_a_file_are_several_rows(workplace: Path, command: Command) -> None:
    parts = [rock_salt("Na", "Cl", 5.64).to(fmt="cif"), rock_salt("K", "Cl", 6.3).to(fmt="cif")]
    (workplace / "two.cif").write_text("\n".join(parts), encoding="utf-8")
    found = rows(command("predict", "two.cif", "MgO", "two.cif#KCl"))
    assert [row["id"] for row in found] == ["two.cif#NaCl", "two.cif#KCl", "", "two.cif#KCl"]
    assert [row["formula"] for row in found] == ["NaCl", "KCl", "MgO", "KCl"]


def test_a_formula_stays_one_beside_a_file_of_its_name(workplace: Path, command: Command) -> None:
    (workplace / "NaCl").write_text(rock_salt("K", "Cl", 6.3).to(fmt="poscar"), encoding="utf-8")
    assert [row["formula"] for row in rows(command("predict", "NaCl", "./NaCl"))] == ["NaCl", "KCl"]


def test_an_answer_that_fails_names_its_file_and_no_formula(workplace: Path, command: Command) -> None:
    outcome = command("predict", "gone.cif", "NaCl")
    first, second = rows(outcome)
    assert (first["id"], first["formula"], first["prediction"], first["sites"]) == ("gone.cif", "", "", "")
    assert "gone.cif: no such structure file" in first["error"]
    assert (second["id"], second["formula"]) == ("", "NaCl")


@pytest.mark.parametrize("name", ["in.csv", "in.csv.gz", "IN.CSV", "in.parquet", "in.xyz", "POSCAR.csv"])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_table_is_given_with_its_option(workplace: Path, command: Command, name: str, is_there: bool) -> None:
    if is_there:
        (workplace / name).write_text("formula\nNaCl\n", encoding="utf-8")
    outcome = command("predict", name)
    assert outcome.code == 2
    assert f"formation-mlp predict --csv {name}" in outcome.err


def test_a_model_alone_is_told_from_a_material(workplace: Path, command: Command) -> None:
    outcome = command("predict", "composition", stdin="")
    assert outcome.code == 2
    assert "'composition' is the model, but no material is named" in outcome.err
    assert [row["formula"] for row in rows(command("predict", "composition", stdin="NaCl\n"))] == ["NaCl"]


def test_a_run_folder_stays_a_model(finished_run: Path, workplace: Path, command: Command) -> None:
    shutil.copytree(finished_run, workplace / "run")
    (workplace / "run" / "salt.cif").write_text(rock_salt("Na", "Cl", 5.64).to(fmt="cif"), encoding="utf-8")
    assert [row["formula"] for row in rows(command("predict", "run", "NaCl"))] == ["NaCl"]


@pytest.mark.parametrize("name", ["x.cif.gz", "x.cif.bz2", "POSCAR.xz"])
def test_a_packed_file_that_is_damaged_or_endless_is_refused(workplace: Path, command: Command, name: str) -> None:
    (workplace / name).write_bytes(b"nonsense")
    (row,) = rows(command("predict", name))
    assert "not readable" in row["error"]


def test_what_unpacks_without_end_is_refused(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from formation_mlp.errors import DataError
    from formation_mlp.materials.structure import files as structure_files
    from formation_mlp.materials.structure import packed_text

    monkeypatch.setattr(packed_text, "MOST_BYTES", 10_000)
    (workplace / "x.cif.gz").write_bytes(gzip.compress(b"#" * 1_000_000))
    with pytest.raises(DataError, match=r"holds more than 0.01 MB"):
        structure_files.read_structure(workplace / "x.cif.gz")


def test_the_first_formula_is_parsed_once(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read to tell it from a model, and again with all materials."""
    parsed: list[str] = []
    monkeypatch.setattr(text, "count_atoms", lambda part: parsed.append(part) or count_atoms(part))  # type: ignore[func-returns-value]
    command("predict", "Fe7Co3O13", "Fe7Co5O13").succeeded()
    assert parsed == ["Fe7Co3O13", "Fe7Co5O13"]
