"""The known phases of the package compete by default, each with an energy whose origin is said."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from formation_mlp.errors import CheckpointError, ConfigError, DataError
from formation_mlp.hulls import known_phases as module
from formation_mlp.hulls.hull import CompetingPhases
from formation_mlp.hulls.known_phases import ORIGINS, KnownPhases, description, known_phases, scales, table_bytes
from formation_mlp.hulls.stability import judge
from formation_mlp.materials.formula.reading import parse_formulas
from support.commands import Outcome
from support.paths import SHARED_DATA

Command = Callable[..., Outcome]
Writer = Callable[..., Path]


@pytest.fixture(scope="module")
def phases() -> KnownPhases:
    return known_phases("mp2020")


def test_each_compound_stands_once_with_an_energy_and_its_origin(phases: KnownPhases) -> None:
    assert len(phases) > 70_000
    assert len(set(phases.compositions.keys())) == len(phases)
    assert phases.compositions.n_elements.min() == 2
    assert np.isfinite(phases.energies).all()
    is_own = phases.origins == ORIGINS.index("own")
    assert (phases.errors[is_own] == 0).all()
    assert (phases.errors[~is_own] > 0).all()
    assert set(phases.words) == set(ORIGINS)
    rows = np.arange(0, len(phases), 997)
    read = parse_formulas([phases.formulas[row] for row in rows.tolist()])
    assert read.compositions.keys() == phases.compositions.take(rows).keys()


def test_the_scales_hold_the_same_compounds_at_other_energies(phases: KnownPhases) -> None:
    older = known_phases("mp2019")
    assert older.formulas == phases.formulas
    assert 0.02 < np.abs(older.energies - phases.energies).mean() < 0.1
    with pytest.raises(ConfigError, match=r"unknown energy scale 'mp202'.*Did you mean 'mp2020'"):
        known_phases("mp202")


def test_a_system_has_its_phases_and_those_of_its_parts(phases: KnownPhases) -> None:
    found = known_phases("mp2020", np.array([3, 8, 26]))
    assert {"Li2O", "Fe2O3", "LiFe5O8"} <= set(found.formulas)
    systems = set(found.compositions.chemical_systems())
    assert systems <= {"Li-O", "Fe-O", "Fe-Li", "Fe-Li-O"}
    assert len(found) == sum(system in systems for system in phases.compositions.chemical_systems())


def test_no_phase_lies_far_above_the_hull_of_all(phases: KnownPhases) -> None:
    older = known_phases("mp2019")
    above = [
        CompetingPhases(each.compositions, each.energies).decompose(each.compositions, each.energies).energy
        for each in (phases, older)
    ]
    assert np.min(above, axis=0).max() <= 0.2 + 1e-5


@pytest.mark.skipif(not SHARED_DATA.exists(), reason="needs the tables in ../shared/data")
def test_nothing_that_is_held_out_in_a_source_has_its_value_in_the_table(phases: KnownPhases) -> None:
    withheld = {
        "critexam/critexam_mp.csv.gz": ("split", "test"),
        "mp20_mpts52_structures/mp20_mpts52_structures.csv.gz": ("holdout", True),
        "experimental_enthalpies/experimental_formation_enthalpies.csv.gz": ("holdout", True),
        "janaf_temperature/janaf_temperature.csv.gz": ("holdout", True),
    }
    words = dict(zip(phases.compositions.keys(), phases.words, strict=True))
    for path, (column, value) in withheld.items():
        frame = pd.read_csv(SHARED_DATA / path, keep_default_na=False, na_values=[""], usecols=["formula", column])
        formulas = frame["formula"][frame[column] == value].tolist()
        found = [words[key] for key in parse_formulas(formulas).compositions.keys() if key in words]  # noqa: SIM118
        assert len(found) > 20
        assert set(found) == {"predicted"}, path


def test_where_it_comes_from_is_in_the_file() -> None:
    said = description()
    assert said["licence"] == "CC BY 4.0"
    assert scales() == ("mp2020", "mp2019")
    assert module.PATH.stat().st_size < 5_000_000


def test_a_damaged_table_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    content = bytearray(module.PATH.read_bytes())
    content[-1] ^= 1
    path = tmp_path / "known.safetensors"
    path.write_bytes(content)
    monkeypatch.setattr(module, "PATH", path)
    module._file.cache_clear()
    try:
        with pytest.raises(CheckpointError, match="not the table of known phases"):
            scales()
    finally:
        module._file.cache_clear()


def test_what_is_written_is_read_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    compositions = parse_formulas(["NaCl", "Ca(OH)2"]).compositions
    numbers = np.array([-2.1, -2.0]), np.array([0.0, 0.03]), np.array([0, 2])
    one = KnownPhases(compositions, ["NaCl", "Ca(OH)2"], *numbers, "mp2020")
    path = tmp_path / "known.safetensors"
    path.write_bytes(table_bytes([one], {}))
    monkeypatch.setattr(module, "PATH", path)
    for cached in (module._file, module._table):
        cached.cache_clear()
    try:
        found = known_phases("mp2020", np.array([1, 8, 20]))
        assert (found.formulas, found.words) == (["Ca(OH)2"], ["predicted"])
        assert found.energies == pytest.approx([-2.0])
        assert found.errors == pytest.approx([0.03], abs=1e-4)
    finally:
        for cached in (module._file, module._table):
            cached.cache_clear()
    half = replace(one.take(np.array([0])), compositions=parse_formulas(["Na0.5Cl"]).compositions)
    with pytest.raises(ValueError, match="no whole number"):
        table_bytes([half], {})


def lines_of(path: str) -> dict[str, dict[str, str]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return {line["formula"]: line for line in csv.DictReader(file)}


def test_known_phases_compete_with_a_table_unless_told_otherwise(command: Command, write_csv: Writer) -> None:
    rows = [("Na2O", "-1.4"), ("Na3OCl", "-1.5"), ("NaCl3", "-0.2")]
    table = write_csv(rows, ["formula", "prediction"])
    outcome = command("stability", table, "--out", "hull.csv")
    outcome.succeeded()
    lines = lines_of("hull.csv")
    assert lines["NaCl3"]["known"] in ("", *ORIGINS)
    assert "NaCl" in lines["NaCl3"]["products"].split()
    assert lines["Na2O"]["known"] in ORIGINS
    assert "known phases of these elements compete" in outcome.err
    assert "mp2020 is assumed" in outcome.err
    command("stability", table, "--out", "alone.csv", "--competing", "none").succeeded()
    alone = lines_of("alone.csv")
    assert alone["NaCl3"]["products"] == "1 Na + 3 Cl"
    assert "known" not in alone["NaCl3"]


def test_a_row_takes_the_place_of_its_known_phase(command: Command, write_csv: Writer) -> None:
    table = write_csv([("NaCl", "-1.0")], ["formula", "prediction"])
    command("stability", table, "--out", "hull.csv").succeeded()
    (line,) = lines_of("hull.csv").values()
    assert line["products"] != "1 NaCl"
    assert line["known"] in ORIGINS


def test_energies_of_other_scales_meet_no_known_phases(command: Command, write_csv: Writer) -> None:
    table = write_csv([("NaCl", "-2.0", "oqmd")], ["formula", "prediction", "scale"])
    outcome = command("stability", table, "--out", "hull.csv")
    outcome.succeeded()
    assert "no known phases compete: the energies are on the scale oqmd" in outcome.err
    assert lines_of("hull.csv")["NaCl"]["products"] == "1 Na + 1 Cl"
    refusal = command("stability", table, "--out", "other.csv", "--scale", "mp2018").refused()
    assert "found mp2018, but the column 'scale'" in refusal
    plain = write_csv([("NaCl", "-2.0")], ["formula", "prediction"])
    other = command("stability", plain, "--out", "other.csv", "--scale", "mp2018")
    other.succeeded()
    assert "on the scale mp2018" in other.err
    assert "mp2021" in command("stability", plain, "--out", "o.csv", "--scale", "mp2021").refused()


def test_a_table_of_two_scales_makes_no_hull(write_csv: Writer) -> None:
    table = write_csv([("NaCl", "-2.0", "oqmd"), ("KCl", "-2.1", "mp2020")], ["formula", "prediction", "scale"])
    with pytest.raises(DataError, match="several energy scales: mp2020, oqmd"):
        judge(table)


def test_a_truth_keeps_the_known_phases_out(write_csv: Writer) -> None:
    table = write_csv([("NaCl", "-2.0", "-2.1"), ("NaCl3", "-0.2", "-0.3")], ["formula", "prediction", "truth"])
    judged = judge(table, truth="truth")
    assert judged.known is None
    assert any("no known phases compete where a truth is given" in note for note in judged.notes)
