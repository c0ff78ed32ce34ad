"""Energies of one scale on another."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from formation_mlp.errors import ConfigError
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.scales.convert import FEW, FEWEST, Converted, convert
from formation_mlp.scales.kinds import KINDS
from formation_mlp.scales.maps import map_between, pairs, stored
from formation_mlp.scales.scale import SCALES
from formation_mlp.scales.terms import NAMES
from formation_mlp.scales.text import explanation


def converted(formulas: list[str], energies: list[float], from_: str = "mp2019", to: str = "mp2020") -> Converted:
    return convert(parse_formulas(formulas).compositions, energies, from_, to)


@pytest.mark.parametrize(("from_", "to"), pairs())
def test_a_map_is_complete_and_says_how_good_it_is(from_: str, to: str) -> None:
    raw = stored()["maps"][f"{from_} {to}"]
    assert raw["residuals"].keys() == KINDS.keys()
    assert {(group, name) for group, terms in raw["terms"].items() for name in terms} <= set(NAMES)
    assert raw["exam_mean"] < raw["exam_mean_before"]
    assert raw["n"] > 100
    assert map_between(from_, to).half_widths["oxides"] == map_between(to, from_).half_widths["oxides"] > 0


def test_every_source_of_a_map_is_named_with_its_licence() -> None:
    assert stored()["sources"].keys() == SCALES.keys()
    assert not any(word in str(stored()["sources"]) for word in ("GPL", "JANAF", "OBIGT", "HP-ds633"))
    assert "CC BY 4.0" in stored()["licence"]


@pytest.mark.parametrize(("from_", "to"), pairs())
def test_there_and_back_is_the_same_energy(from_: str, to: str) -> None:
    formulas, energies = ["Fe2O3", "NaCl", "ZnS", "Na2O2", "NiAl", "Mg3N2"], [-1.7, -2.1, -1.0, -1.3, -0.6, -0.9]
    there = converted(formulas, energies, from_, to)
    back = converted(formulas, there.values.tolist(), to, from_)
    assert not there.errors
    assert back.values.tolist() == pytest.approx(energies)
    assert (there.lo < there.values).all()
    assert (there.values - there.lo).tolist() == pytest.approx((back.hi - back.values).tolist())


def test_the_published_corrections_are_found_again() -> None:
    """AgBr has none in 2012 and -0.534 eV per Br in 2020; for intermetallics neither has any."""
    found = converted(["AgBr", "PbSe", "NiAl"], [0.0, 0.0, 0.0])
    assert found.values.tolist() == pytest.approx([-0.267, -0.236, 0.0], abs=0.02)


def test_the_maps_between_releases_agree_with_the_way_over_a_third() -> None:
    formulas, energies = ["AgBr", "PbSe", "Fe2O3", "TiO2"], [-0.3, -0.5, -1.7, -3.4]
    direct = converted(formulas, energies, "mp2018", "mp2020").values
    middle = converted(formulas, energies, "mp2018", "mp2019").values.tolist()
    assert converted(formulas, middle).values.tolist() == pytest.approx(direct.tolist(), abs=0.02)


def test_elements_are_the_zero_of_every_scale() -> None:
    found = converted(["Fe", "N2", "O2"], [0.0, 0.0, 0.1])
    assert found.values.tolist() == found.lo.tolist() == found.hi.tolist() == [0.0, 0.0, 0.1]


def test_ambiguous_compounds_have_a_warning_and_a_wider_interval() -> None:
    found = converted(["BaSO4", "Mn4Be3Ge3SO12", "Na2O2", "BaO"], [-2.0, -2.0, -1.3, -2.8])
    width = found.hi - found.lo
    assert sorted(found.warnings) == [0, 1, 2]
    assert (width[:3] > width[3]).all()
    assert "S may be anion or cation" in found.warnings[1]


def test_a_row_that_cannot_be_converted_says_why_and_keeps_its_place() -> None:
    compositions = parse_formulas(["NaCl", "EsCl3", "?", "KCl", "NpN"]).compositions
    found = convert(compositions, [-2.1, -2.0, -1.0, float("nan"), -1.4], "oqmd", "mp2020")
    assert np.isfinite(found.values).tolist()[:4] == [True, False, False, False]
    assert found.errors[1] == "no compounds of Es are known on both scales: nothing says how it moves"
    assert (found.errors[2], found.errors[3]) == ("no composition", "no energy")
    assert not found.warnings.keys() & found.errors.keys()
    assert np.isnan(found.lo[[1, 2, 3]]).all()


def test_elements_with_few_compounds_have_a_warning() -> None:
    counts = map_between("mp2019", "measured").n_compounds
    symbol, n = next((symbol, n) for symbol, n in counts.items() if FEWEST <= n < FEW and symbol not in ("Eu", "Gd"))
    found = converted([f"{symbol}O", f"{symbol}F"], [-2.0, -2.0], "mp2019", "measured")
    assert all(f"only {n} compounds of {symbol} are known" in text for text in found.warnings.values())
    assert len(found.warnings) == 2


def test_what_no_data_connect_is_refused_with_what_is_possible() -> None:
    with pytest.raises(ConfigError, match=r"--from oqmd --to measured: too few .* a way to: mp2018, mp2019, mp2020\."):
        map_between("oqmd", "measured")
    with pytest.raises(ConfigError, match=r"--to: the energies are on the scale 'mp2020' already"):
        map_between("mp2020", "mp2020")
    with pytest.raises(ConfigError, match=r"--from: unknown energy scale 'mp'"):
        map_between("mp", "mp2020")


@pytest.mark.parametrize("name", SCALES)
def test_an_explanation_names_the_ways_to_other_scales(name: str) -> None:
    text = explanation(name)
    others = {b if a == name else a for a, b in pairs() if name in (a, b)}
    assert {line.split()[0] for line in text.splitlines() if line.startswith(tuple(SCALES))} == others | {f"{name}:"}
    assert SCALES[name].licence.split(",", 1)[0] in text


def test_left_out_compounds_agree_as_well_as_the_map_says(shared_data: Path) -> None:
    """Half of the val rows of critexam whose formula occurs, unwithheld, in mp20_mpts52."""
    lowest: dict[str, float] = {}
    with gzip.open(shared_data / "mp20_mpts52_structures/mp20_mpts52_structures.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            if row["formation_energy_per_atom"]:
                value = float(row["formation_energy_per_atom"])
                lowest[row["formula"]] = min(value, lowest.get(row["formula"], value))
    with gzip.open(shared_data / "critexam/critexam_mp.csv.gz", "rt") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "val" and row["formula"] in lowest][::2]
    given = [float(row["formation_energy_per_atom"]) for row in rows]
    truth = np.array([lowest[row["formula"]] for row in rows])
    found = converted([row["formula"] for row in rows], given)
    good = np.isfinite(found.values)
    errors = np.abs(found.values - truth)[good]
    inside = ((found.lo <= truth) & (truth <= found.hi))[good].mean()
    assert good.mean() > 0.99
    assert errors.mean() < 0.012 < 0.045 < np.abs(np.array(given) - truth).mean()
    assert np.median(errors) < 0.0025
    assert 0.87 < inside < 0.93
