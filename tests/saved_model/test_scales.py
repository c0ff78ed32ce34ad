"""The shipped model `composition` on each of its energy scales."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from formation_mlp import load
from formation_mlp.saved_model.predictor import Predictor
from support.commands import Outcome

Command = Callable[..., Outcome]
FORMULAS = ["NaCl", "MgO", "Al2O3", "CsBr", "HgTiAu"]
PUBLISHED = {"mp2020": {"CsBr": -2.05}, "mp2019": {"CsBr": -1.79}, "measured": {"NaCl": -2.13, "MgO": -3.12}}
"""eV/atom: of the Materials Project of 2021 and of 2019, and measured at 298 K."""


@pytest.fixture(scope="module")
def composition() -> Predictor:
    return load("composition")


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("scale", PUBLISHED)
def test_each_scale_has_its_own_energies(composition: Predictor, scale: str) -> None:
    expected = PUBLISHED[scale]
    found = composition.predict(list(expected), scale=scale)
    np.testing.assert_allclose(found, list(expected.values()), atol=0.08)


def test_one_scale_is_the_default_and_every_row_says_so(composition: Predictor, command: Command) -> None:
    assert composition.scale == "mp2020"
    outcome = command("predict", *FORMULAS)
    lines = rows(outcome.succeeded())
    assert {line["scale"] for line in lines} == {"mp2020"}
    assert "scale mp2020" in outcome.err
    np.testing.assert_allclose([float(line["prediction"]) for line in lines], composition.predict(FORMULAS), atol=2e-5)


def test_all_scales_have_a_column_each_with_an_interval(composition: Predictor, command: Command) -> None:
    lines = rows(command("predict", *FORMULAS, "--scale", "all").succeeded())
    for scale in ("mp2019", "oqmd", "measured"):
        found = [float(line[scale]) for line in lines]
        np.testing.assert_allclose(found, composition.predict(FORMULAS, scale=scale), atol=2e-5)
        for line in lines:
            assert float(line[f"{scale}_lo90"]) <= float(line[scale]) <= float(line[f"{scale}_hi90"])


def test_measured_is_the_name_of_a_model(composition: Predictor, command: Command) -> None:
    (line,) = rows(command("predict", "measured", "NaCl").succeeded())
    assert line["scale"] == "measured"
    assert float(line["prediction"]) == pytest.approx(composition.predict(["NaCl"], scale="measured")[0], abs=2e-5)
    assert "energy scale measured" in command("models").succeeded()
    assert command("models", "measured").succeeded().startswith("composition: ")


def test_a_scale_that_the_model_does_not_know_is_refused(command: Command) -> None:
    assert (
        "answers on mp2020, mp2019, oqmd, measured, not on mp2018"
        in command("predict", "NaCl", "--scale", "mp2018").refused()
    )
    assert "Did you mean 'oqmd'?" in command("predict", "NaCl", "--scale", "oqdm").refused()


def test_what_databases_list_is_known_and_the_rest_hypothetical(composition: Predictor, command: Command) -> None:
    found = composition.predict_rows(FORMULAS, level=0.9)
    assert found.population == ["known", "known", "known", "known", "hypothetical"]
    known = composition.predict_rows(["NaCl"], level=0.9, population="known")
    wide = composition.predict_rows(["NaCl"], level=0.9, population="hypothetical")
    assert known.lo is not None
    assert known.hi is not None
    assert wide.lo is not None
    assert wide.hi is not None
    assert wide.hi[0] - wide.lo[0] > known.hi[0] - known.lo[0]
    (line,) = rows(command("predict", "NaCl", "--population", "hypothetical").succeeded())
    assert line["population"] == "hypothetical"
    assert "unknown population" in command("predict", "NaCl", "--population", "new").refused()


def test_trust_and_the_expected_error_go_together(composition: Predictor) -> None:
    found = composition.predict_rows(["NaCl", "PuXe2", "MnF7"])
    assert found.trust == ["high", "low", "low"]
    assert found.expected_error is not None
    assert found.expected_error[0] < 0.045


def test_a_table_may_not_be_resumed_on_another_scale(command: Command, workplace: Path) -> None:
    (workplace / "in.csv").write_text("formula\nNaCl\nMgO\n")
    command("predict", "--csv", "in.csv", "--out", "out.csv").succeeded()
    assert "exists" in command("predict", "--csv", "in.csv", "--out", "out.csv", "--scale", "oqmd").refused()


def test_an_element_is_said_to_be_the_zero_of_its_scale(composition: Predictor) -> None:
    found = composition.predict_rows(["Fe", "Cl2", "NaCl"])
    assert ["zero by definition" in warning for warning in found.warnings] == [True, True, False]
