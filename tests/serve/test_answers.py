"""The service answers with the words and numbers of the command line."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from formation_mlp.serve.state import Service
from support.commands import Outcome

Call = Callable[..., Outcome]


def asked(client: TestClient, verb: str, **words: Any) -> Any:
    """Return the answer of a verb, which must be one."""
    answer = client.post(f"/api/v1/{verb}", json=words)
    assert answer.status_code == 200, answer.text
    return answer.json()


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def assert_same_cells(found: Sequence[dict[str, Any]], printed: Sequence[dict[str, str]]) -> None:
    """Compare rows of the service with those of a csv file, numbers to the last digit that is written."""
    assert len(found) == len(printed)
    for row, cells in zip(found, printed, strict=True):
        assert list(row) == list(cells)
        for name, cell in cells.items():
            value = row[name]
            same = value == float(cell) if isinstance(value, float) else (value or "") == cell
            assert same, (name, value, cell)


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ({}, []),
        ({"scale": "all", "level": 0.5}, ["--scale", "all", "--level", "0.5"]),
        ({"unit": "kcal/mol", "population": "hypothetical"}, ["--unit", "kcal/mol", "--population", "hypothetical"]),
        ({"model": "stability"}, ["--stable"]),
        ({"model": "measured", "strict": True}, ["--model", "measured", "--strict"]),
    ],
)
def test_formulas_have_the_columns_and_numbers_of_the_command_line(
    client: TestClient, command: Call, rows: list[tuple[str, str]], words: dict[str, Any], options: list[str]
) -> None:
    formulas = [formula for formula, _ in rows[:20]] + ["NaCl2x", "PuNe2", "Xx"]
    found = asked(client, "predict", formulas=formulas, **words)
    Path("in.csv").write_text("\n".join(["formula", *formulas]))
    command("predict", *options, "--csv", "in.csv", "--out", "out.csv").succeeded()
    assert_same_cells(found["rows"], table(Path("out.csv").read_text()))
    assert found["n_rows"] == len(formulas)
    assert found["n_failed"] == sum(bool(row["error"]) for row in found["rows"]) >= 2
    assert list(found["columns"]) == list(found["rows"][0])


def test_a_text_that_names_a_file_is_no_file_here(client: TestClient, tmp_path: Any) -> None:
    path = tmp_path / "NaCl.vasp"
    path.write_text("NaCl\n1.0\n5 0 0\n0 5 0\n0 0 5\nNa Cl\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n")
    (row,) = asked(client, "predict", formulas=[str(path)])["rows"]
    assert row["prediction"] is None
    assert "element" in row["error"] or "formula" in row["error"]


def test_details_say_why_an_answer_is_trusted_and_what_is_known(client: TestClient, service: Service) -> None:
    salt, unlike = asked(client, "predict", formulas=["NaCl", "PuNe2"], details=True)["rows"]
    told = salt["details"]
    assert told["database"]["formula"] == "NaCl"
    assert told["database"]["scale"] == salt["scale"]
    assert told["oxidation_states"] == "Na+1 Cl-1"
    assert len(told["nearest_known"]) == 5
    assert all(one["formula"] != "NaCl" for one in told["nearest_known"])
    distances = [one["distance"] for one in told["nearest_known"]]
    assert distances == sorted(distances)
    assert told["trust_because"][0].startswith(salt["trust"])
    assert unlike["trust"] == "low"
    assert any("never seen in training: Ne" in reason for reason in unlike["details"]["trust_because"])
    assert unlike["details"]["database"] is None


def test_an_explanation_adds_up_to_the_difference(client: TestClient) -> None:
    found = asked(client, "explain", formula="NaCl")
    total = sum(one["amount"] for one in found["contributions"])
    assert total == pytest.approx(found["prediction"] - found["baseline"], abs=1e-4)
    (row,) = asked(client, "predict", formulas=["NaCl"])["rows"]
    assert found["prediction"] == pytest.approx(row["prediction"], abs=2e-5)


def test_a_rough_explanation_adds_up_as_far_as_was_asked(client: TestClient) -> None:
    exact, rough = (asked(client, "explain", formula="NaCl", tolerance=tolerance) for tolerance in (1e-5, 1e-3))
    difference = exact["prediction"] - exact["baseline"]
    assert sum(one["amount"] for one in rough["contributions"]) == pytest.approx(difference, rel=2e-3)
    fine = {one["name"]: one["amount"] for one in exact["contributions"]}
    assert {one["name"] for one in rough["contributions"]} == set(fine)
    for one in rough["contributions"]:
        assert one["amount"] == pytest.approx(fine[one["name"]], abs=2e-3 * abs(difference))


def test_a_system_is_screened_as_by_the_command_line(client: TestClient, command: Call, workplace: Any) -> None:
    found = asked(client, "screen", elements=["Fe", "O"], max_atoms=8)
    out = workplace / "screened.csv"
    command("screen", "Fe-O", "--max-atoms", "8", "--out", str(out)).succeeded()
    assert_same_cells(found["rows"], table(out.read_text()))
    diagram = found["diagram"]
    assert diagram["elements"] == ["Fe", "O"]
    corners = {"Fe", "O"} | {point["formula"] for point in diagram["points"] if point["on_hull"]}
    names = [*diagram["elements"], *(point["formula"] for point in diagram["points"])]
    assert {names[end] for line in diagram["tie_lines"] for end in line} == corners


def test_own_compounds_are_screened_beside_the_system(client: TestClient) -> None:
    found = asked(client, "screen", elements=["Fe", "O"], max_atoms=5, compounds=[{"formula": "Fe7O8"}])
    assert any(row["formula"] == "Fe7O8" for row in found["rows"])
    refused = client.post("/api/v1/screen", json={"elements": ["Fe", "O"], "compounds": [{"formula": "NaCl"}]})
    assert refused.status_code == 422
    assert "compounds, row 1: 'NaCl' holds an element that is not in Fe-O" in refused.json()["detail"]


def test_a_compound_with_an_energy_takes_the_place_of_a_known_phase(client: TestClient) -> None:
    def screened(**words: Any) -> tuple[Any, dict[str, Any]]:
        found = asked(client, "screen", elements=["Fe", "O"], max_atoms=5, **words)
        return found, {row["formula"]: row for row in found["rows"]}

    _, before = screened()
    found, after = screened(compounds=[{"formula": "Fe2O3", "energy": -2.5}, {"formula": "Fe7O8", "energy": -0.1}])
    assert (after["Fe2O3"]["known"], after["Fe2O3"]["known_energy"], after["Fe2O3"]["stable"]) == ("given", -2.5, "yes")
    assert after["Fe7O8"]["known_energy"] == -0.1
    assert after["Fe7O8"]["decomposition_energy"] > 1
    assert after["FeO"]["decomposition_energy"] > before["FeO"]["decomposition_energy"]
    assert "2 given" in " ".join(found["said"])
    measured, rows = screened(compounds=[{"formula": "Fe2O3", "energy": -1.7}], scale="measured")
    assert (rows["Fe2O3"]["known"], rows["Fe2O3"]["known_energy"]) == ("given", -1.7)
    assert "no known phase competes" in " ".join(measured["said"])
    in_kj, _ = screened(compounds=[{"formula": "Fe2O3", "energy": -2.5 * 96.48533212}], unit="kJ/mol")
    assert in_kj["rows"][0]["known_energy"] == pytest.approx(-2.5, abs=1e-6)


def test_energies_are_judged_as_by_the_command_line(client: TestClient, command: Call, workplace: Any) -> None:
    energies = {"NaCl": -2.1, "NaCl2": -1.0, "Na2Cl": -0.9}
    found = asked(client, "stability", compounds=[{"formula": f, "energy": e} for f, e in energies.items()])
    (workplace / "in.csv").write_text("formula,energy\n" + "".join(f"{f},{e}\n" for f, e in energies.items()))
    command("stability", "in.csv", "--energy", "energy", "--unit", "eV/atom", "--out", "out.csv").succeeded()
    assert_same_cells(found["rows"], table((workplace / "out.csv").read_text()))
    assert {point["formula"] for point in found["diagram"]["points"]} >= set(energies)


def test_predictions_are_judged_with_their_intervals_as_by_the_command_line(
    client: TestClient, command: Call, workplace: Any
) -> None:
    command("predict", "--out", "predicted.csv", "NaCl", "NaCl2", "Na2Cl", "Na", "NaCl9").succeeded()
    rows = table((workplace / "predicted.csv").read_text())
    compounds = [
        {"formula": row["formula"], "energy": float(row["prediction"])}
        | {name: float(row[name]) for name in ("lo90", "hi90") if row["formula"] != "Na2Cl"}
        for row in rows
    ]
    found = asked(client, "stability", compounds=compounds, scale="mp2020")
    for row in rows:
        if row["formula"] == "Na2Cl":
            row["lo90"] = row["hi90"] = ""
    with (workplace / "in.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    command("stability", "in.csv", "--out", "out.csv").succeeded()
    assert_same_cells(found["rows"], table((workplace / "out.csv").read_text()))
    by_formula = {row["formula"]: row for row in found["rows"]}
    assert by_formula["NaCl"]["p_stable"] > 0.5
    assert by_formula["Na2Cl"]["p_stable"] is None
    assert "1 compound has no interval, and no chance to be stable" in found["notes"]
    assert any(point["p_stable"] is not None for point in found["diagram"]["points"])


def test_models_and_scales_are_listed(client: TestClient) -> None:
    models = {one["name"]: one for one in client.get("/api/v1/models").json()["models"]}
    assert {"composition", "structure", "stability", "measured"} <= set(models)
    assert models["measured"]["scale"] == "measured"
    assert models["structure"]["input"] == "structure"
    scales = client.get("/api/v1/scales").json()
    assert scales["default"] in [scale["name"] for scale in scales["scales"]]
    assert client.get("/healthz").json()["status"] == "ok"
