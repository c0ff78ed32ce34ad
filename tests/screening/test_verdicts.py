"""How sure a verdict is follows from the members, each with its own hull, from known errors and the classifier."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from formation_mlp import load
from formation_mlp.hulls.chance import chance_of_known, fitted
from formation_mlp.hulls.hull import CompetingPhases, decomposition_energies
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.materials.inputs import read_materials
from formation_mlp.screening.alarm import alarm
from formation_mlp.screening.candidates import candidates_of
from formation_mlp.screening.chances import Errors, at_ninety, chances, product_errors
from formation_mlp.screening.competition import against_one_another
from formation_mlp.screening.members import member_energies, spread_of_distances
from formation_mlp.screening.screen import screen
from support.commands import Outcome

Command = Callable[..., Outcome]
Writer = Callable[..., Path]


def test_the_members_answer_as_the_model_does() -> None:
    model = load("composition")
    read = read_materials(["NaCl", "Fe2O3", "LiFePO4"])
    members, shares = member_energies(model, read)
    assert members.shape == (len(shares), 3)
    assert shares @ members == pytest.approx(model.predict(["NaCl", "Fe2O3", "LiFePO4"]), abs=1e-6)


def test_what_all_members_get_wrong_alike_cancels() -> None:
    formulas = ["Li2O", "Fe2O3", "LiFeO2"]
    compositions = parse_formulas(formulas).compositions
    energies = np.array([-2.0, -1.7, -1.9])
    competition = against_one_another(compositions, energies, formulas)
    shares = np.array([0.5, 0.5])
    shift = 0.1 * np.array([2, 3, 2]) / np.array([3, 5, 4])  # as much per oxygen or so; products balance the atoms
    oxygen = compositions.fractions()[compositions.z == 8] * 0.3
    alike = np.stack([energies - oxygen, energies + oxygen])
    spread = spread_of_distances(competition, compositions, alike, shares)
    assert spread[2] == pytest.approx(0, abs=1e-12)
    assert spread[0] == pytest.approx(oxygen[0])
    unlike = np.stack([energies - shift, energies + shift])
    found = [decomposition_energies(compositions, own).energy for own in unlike]
    assert spread_of_distances(competition, compositions, unlike, shares) == pytest.approx(np.std(found, axis=0))


def test_errors_of_products_enter_by_their_shares() -> None:
    known = CompetingPhases(parse_formulas(["Li2O", "Fe2O3"]).compositions, [-2.0, -1.7])
    found = known.decompose(parse_formulas(["LiFeO2", "Li3O"]).compositions, [-1.9, -1.0])
    added = product_errors(found, np.array([0.08, 0.04]))
    assert added == pytest.approx([np.hypot(3 / 8 * 0.08, 5 / 8 * 0.04), 3 / 4 * 0.08])


def test_hull_and_classifier_are_joined_unless_the_energy_is_known() -> None:
    energy = np.array([-0.05, 0.02, -0.05, 0.02])
    own = np.array([np.nan, np.nan, 0.0, 0.01])
    errors = Errors(np.full(4, 0.1), np.full(4, 0.02), own, np.zeros(4))
    low, high = (chances(energy, errors, np.full(4, p), 0.9) for p in (0.1, 0.9))
    assert np.all(low.joined[:2] < high.joined[:2])
    assert low.joined[2:] == pytest.approx(high.joined[2:])
    spread = np.hypot([0.0, 0.01], 0.02)
    assert low.joined[2:] == pytest.approx(chance_of_known(energy[2:], spread))
    joint = fitted("members").joint
    assert low.joined[:2] == pytest.approx(joint.chance(np.full(2, 0.1), low.by_hull[:2]))
    assert np.all((low.low < energy) & (energy < low.high))
    wide = chances(energy, Errors(errors.half_width, errors.spread, own, np.full(4, 0.2)), np.full(4, 0.1), 0.9)
    assert np.all(wide.high - wide.low > low.high - low.low)
    assert set(low.stable) <= {"yes", "perhaps", "no"}


def test_half_widths_of_other_levels() -> None:
    assert at_ninety(np.array([0.1]), 0.9) == pytest.approx([0.1], rel=1e-3)
    assert at_ninety(np.array([0.1]), 0.5) == pytest.approx([0.1 * 1.645 / 0.6745], rel=1e-3)


def test_stability_shows_the_columns_of_a_screening(command: Command, write_csv: Writer) -> None:
    rows = [("NaCl", "-2.1", "-2.16", "-2.04"), ("Na3Cl", "-0.9", "-1.0", "-0.8"), ("Na2O", "-1.4", "", "")]
    rows += [("NaCl3", "-1.29", "-1.3", "-1.2"), ("Na", "0.05", "0.01", "0.06")]
    table = write_csv(rows, ["formula", "prediction", "lo90", "hi90"])
    outcome = command("stability", table, "--out", "hull.csv")
    outcome.succeeded()
    with Path("hull.csv").open(encoding="utf-8", newline="") as file:
        lines = {line["formula"]: line for line in csv.DictReader(file)}
    assert float(lines["NaCl"]["p_stable"]) > 0.9 > 0.6 > float(lines["Na3Cl"]["p_stable"])
    assert (lines["NaCl3"]["stable"], lines["NaCl3"]["p_stable"]) == ("doubtful", "")
    assert (lines["Na"]["stable"], lines["Na"]["energy"], lines["Na"]["p_stable"]) == ("yes", "0.000000", "1.000000")
    assert not any("NaCl3" in one["products"] for one in lines.values())
    assert "1 row has more anions than known states can charge" in outcome.err
    assert "1 row is an element; elements compete at 0 eV/atom, which is their energy by definition" in outcome.err
    assert "do not compete, since more anions are in them than known states can charge: " in outcome.err
    assert lines["NaCl"]["stable"] == "yes"
    assert lines["Na2O"]["p_stable"] == lines["Na2O"]["stable"] == ""
    line = lines["Na3Cl"]
    assert float(line["decomposition_lo90"]) < float(line["decomposition_energy"]) < float(line["decomposition_hi90"])
    assert "1 compound has no interval" in outcome.err
    screened = screen(candidates_of("Na-Cl")).answers.columns
    assert {"p_stable", "p_hull", "p_classifier", "decomposition_lo90", "decomposition_hi90", "known"} <= set(screened)
    assert set(line) & set(screened) >= {"p_stable", "p_hull", "p_classifier", "decomposition_lo90", "known"}


def test_a_table_without_intervals_has_no_chances(command: Command, write_csv: Writer) -> None:
    table = write_csv([("NaCl", "-2.1")], ["formula", "prediction"])
    outcome = command("stability", table, "--out", "hull.csv")
    outcome.succeeded()
    assert "no chances to be stable: the table has no columns lo90 and hi90" in outcome.err


def test_a_model_that_cannot_order_is_said_first(command: Command, finished_run: Path) -> None:
    usual = screen(candidates_of("Li-Fe-O"))
    assert alarm(usual) == ""
    outcome = command("screen", "Li-Fe-O", "--all", "--model", finished_run)
    outcome.succeeded()
    first = outcome.err.splitlines()[0]
    assert first.startswith("warning: ")
    assert "on the hull: this model cannot order them" in first
