"""The verbs convert and scales, as a user meets them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from formation_mlp.data.sources import bundled_path
from formation_mlp.scales.scale import SCALES
from support.commands import Outcome

Command = Callable[..., Outcome]
Writer = Callable[..., Path]
ROWS = [("Fe2O3", -1.75), ("AgBr", -0.25), ("Na2O2", -1.2), ("nonsense", -1.0), ("KCl", ""), ("NiAl", -0.65)]
WAY = ("--from", "mp2019", "--to", "mp2020")


def table_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_table_is_converted_row_by_row(command: Command, write_csv: Writer, workplace: Path) -> None:
    write_csv(ROWS)
    done = command("convert", "table.csv", *WAY, "--out", "new.csv")
    assert done.succeeded() == ""
    rows = table_of((workplace / "new.csv").read_text(encoding="utf-8"))
    assert [row["formula"] for row in rows] == [formula for formula, _ in ROWS]
    assert [bool(row["converted"]) for row in rows] == [True, True, True, False, False, True]
    assert [bool(row["error"]) for row in rows] == [False, False, False, True, True, False]
    assert float(rows[1]["converted"]) == pytest.approx(-0.25 - 0.267, abs=0.02)
    assert float(rows[1]["lo90"]) < float(rows[1]["converted"]) < float(rows[1]["hi90"])
    assert rows[2]["warning"].startswith("oxygen with fewer electrons")
    assert {row["scale"] for row in rows} == {"mp2020"}
    assert "2 of 6 rows have no number; the column 'error' says why" in done.err
    about = json.loads((workplace / "new.csv.about.json").read_text(encoding="utf-8"))
    assert (about["from"], about["to"], about["rows"], about["rows_without_number"]) == ("mp2019", "mp2020", 6, 2)
    assert list(about["columns"]) == list(rows[0])


def test_a_pipe_gets_the_same_rows_as_a_file(command: Command, write_csv: Writer, workplace: Path) -> None:
    write_csv(ROWS)
    command("convert", "table.csv", *WAY, "--out", "new.csv").succeeded()
    assert command("convert", "table.csv", *WAY).succeeded() == (workplace / "new.csv").read_text(encoding="utf-8")


def test_columns_and_units_are_named(command: Command, write_csv: Writer) -> None:
    write_csv([("NaCl", -203.0), ("MgO", -296.0)], ("material", "heat"))
    named = ("--formula", "material", "--column", "heat", "--unit", "kJ/mol")
    rows = table_of(command("convert", "table.csv", *WAY, *named).succeeded())
    assert float(rows[0]["energy"]) == pytest.approx(-2.104, abs=0.001)


def test_a_unit_that_known_compounds_speak_against_is_told(command: Command, write_csv: Writer) -> None:
    bundled = table_of(Path(bundled_path()).read_text(encoding="utf-8"))[:40]
    energies = [(row["formula"], 1000 * float(row["formation_enthalpy_per_atom"])) for row in bundled]
    write_csv(energies, ("formula", "E_f"))
    doubt = "look at the unit of column 'E_f' of table.csv: in kJ/mol"
    assert doubt in command("convert", "table.csv", *WAY, "--unit", "kJ/mol").err
    assert "look at the unit" not in command("convert", "table.csv", *WAY, "--unit", "meV/atom").err


def test_a_table_of_another_scale_is_refused(command: Command, write_csv: Writer) -> None:
    write_csv([("NaCl", -2.1)])
    text = command("convert", "table.csv", *WAY).succeeded()
    Path("new.csv").write_text(text, encoding="utf-8")
    message = command("convert", "new.csv", *WAY, "--column", "converted").refused()
    assert "says that energies there are on the scale 'mp2020'. Write --from mp2020" in message
    back = ("--from", "mp2020", "--to", "mp2019", "--column", "converted")
    assert float(table_of(command("convert", "new.csv", *back).succeeded())[0]["converted"]) == pytest.approx(-2.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--from", "mp2002", "--to", "mp2020"), "--from: unknown energy scale 'mp2002'"),
        (("--from", "oqmd", "--to", "measured"), "From oqmd there is a way to: mp2018, mp2019, mp2020."),
        ((*WAY, "--column", "energi"), "--column: the table has no column 'energi'"),
        ((*WAY, "--out", "table.csv", "--overwrite"), "is what is read here"),
        ((*WAY, "--out", "new.xlsx"), "does not end in .csv"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(
    arguments: tuple[str, ...], message: str, command: Command, write_csv: Writer, workplace: Path
) -> None:
    before = write_csv(ROWS).read_bytes()
    assert message in command("convert", "table.csv", *arguments).refused()
    assert [path.name for path in workplace.iterdir()] == ["table.csv"]
    assert (workplace / "table.csv").read_bytes() == before


def test_an_existing_file_stays_unless_told_otherwise(command: Command, write_csv: Writer) -> None:
    write_csv(ROWS)
    Path("new.csv").write_text("mine", encoding="utf-8")
    assert "exists" in command("convert", "table.csv", *WAY, "--out", "new.csv").refused()
    assert Path("new.csv").read_text(encoding="utf-8") == "mine"
    command("convert", "table.csv", *WAY, "--out", "new.csv", "--overwrite").succeeded()


def test_scales_are_listed_and_explained(command: Command) -> None:
    listed = command("scales").succeeded()
    assert [line.split()[0] for line in listed.splitlines()[2:7]] == list(SCALES)
    assert "GGA_GGA+U_R2SCAN by default" in " ".join(command("scales", "mp2020").succeeded().split())
    assert "Did you mean 'oqmd'?" in command("scales", "oqdm").refused()
