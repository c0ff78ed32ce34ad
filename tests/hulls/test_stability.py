"""Tables of formation energies become tables of decomposition energies, row by row, and scores."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from formation_mlp.data.sources import bundled_path
from formation_mlp.errors import DataError, FormationMLPError
from formation_mlp.hulls.energy_table import read_energy_table
from formation_mlp.hulls.stability import judge
from formation_mlp.hulls.verdicts import stability_scores
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.targets.metrics import call_scores
from support.commands import Outcome, leftovers

Command = Callable[..., Outcome]
Writer = Callable[..., Path]

ALONE = ("--competing", "none")
"""No known phases: only the compounds of a table compete."""

ROWS = [
    ("Li2O", "-2.0"),
    ("Fe2O3", "-1.7"),
    ("LiFeO2", "-1.8"),
    ("Li5FeO4", ""),
    ("Xx2O", "-1.0"),
    ("Fe3O4", "-1.65"),
    ("FeO", "inf"),
    ("Fe", "0.1"),
]


def lines_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def table(write_csv: Writer) -> Path:
    return write_csv(ROWS, ["formula", "prediction"])


def test_every_row_keeps_its_place_with_its_energy_or_its_reason(command: Command, table: Path) -> None:
    outcome = command("stability", table, "--out", "new/hull.csv", *ALONE)
    assert outcome.succeeded() == ""
    lines = lines_of(Path("new/hull.csv"))
    assert list(lines[0]) == ["formula", "energy", "decomposition_energy", "stable", "products", "warning", "error"]
    assert [line["formula"] for line in lines] == [formula for formula, _ in ROWS]
    energies = ["-2.000000", "-0.160000", "0.012500", "", "", "-0.030952", "", "0.100000"]
    assert [line["decomposition_energy"] for line in lines] == energies
    assert [line["stable"] for line in lines] == ["yes", "yes", "no", "", "", "yes", "", "no"]
    assert [line["energy"] for line in lines][:4] == ["-2.000000", "-1.700000", "-1.800000", ""]
    assert [line["error"] for line in lines if not line["stable"]] == [
        "no prediction",
        "formula 'Xx2O': " + parse_formulas(["Xx2O"]).failures[0].removeprefix("formula 'Xx2O': "),
        "prediction 'inf' is not finite",
    ]
    assert not leftovers(Path())
    assert "5 compounds, 3 stable" in outcome.err
    assert "3 of 8 rows of" in outcome.err
    assert "do not compete:\n  row 4: no prediction" in outcome.err
    assert "1 row is an element" in outcome.err


def test_products_balance_as_a_chemist_writes_them(command: Command, table: Path) -> None:
    command("stability", table, "--out", "hull.csv", *ALONE).succeeded()
    lines = {line["formula"]: line["products"] for line in lines_of(Path("hull.csv"))}
    assert lines["LiFeO2"] == "0.5 Li2O + 0.5 Fe2O3"
    assert lines["Li2O"] == "2 Li + 1 O"
    assert lines["Li5FeO4"] == ""
    for formula in ("LiFeO2", "Fe2O3", "Fe3O4"):
        atoms: Counter[int] = Counter()
        for part in lines[formula].split(" + "):
            amount, product = part.split()
            composition = parse_formulas([product]).compositions
            for z, n in zip(composition.z.tolist(), composition.amount.tolist(), strict=True):
                atoms[z] += float(amount) * n
        own = parse_formulas([formula]).compositions
        assert dict(atoms) == pytest.approx(dict(zip(own.z.tolist(), own.amount.tolist(), strict=True)), abs=1e-4)


def test_ids_and_quiet(command: Command, write_csv: Writer) -> None:
    path = write_csv([("a", "NaCl", "-2.1"), ("b", "KCl", "-2.2")], ["id", "formula", "formation_energy_per_atom"])
    outcome = command("stability", path, "--out", "hull.csv", *ALONE, "--quiet")
    assert outcome.succeeded() == outcome.err == ""
    assert [line["id"] for line in lines_of(Path("hull.csv"))] == ["a", "b"]


@pytest.mark.parametrize("unit", ["eV/atom", "kJ/mol", "eV/formula"])
@pytest.mark.parametrize("told", ["option", "column"])
def test_energies_are_converted_from_the_unit_that_is_given(
    command: Command, write_csv: Writer, unit: str, told: str
) -> None:
    factors = {"eV/atom": (1, 1), "kJ/mol": (96.48533212331,) * 2, "eV/formula": (3, 4)}[unit]
    rows = [("Li2O", -2.0 * factors[0], unit), ("LiO3", -1.2 * factors[1], unit)]
    path = write_csv(rows, ["formula", "energy", "unit" if told == "column" else "remark"])
    options = ["--unit", unit] if told == "option" else []
    command("stability", path, "--out", "hull.csv", *ALONE, "--energy", "energy", *options).succeeded()
    first, second = lines_of(Path("hull.csv"))
    assert (first["energy"], second["energy"]) == ("-2.000000", "-1.200000")
    assert (first["decomposition_energy"], second["decomposition_energy"]) == ("-1.466667", "-0.450000")


def test_a_unit_that_known_compounds_speak_against_is_told(command: Command, write_csv: Writer) -> None:
    rows = [(row["formula"], row["formation_enthalpy_per_atom"]) for row in lines_of(bundled_path())[:40]]
    right = write_csv(rows, ["formula", "e_form"])
    wrong = write_csv([(formula, 96 * float(energy)) for formula, energy in rows], ["formula", "e_form"], name="kj.csv")
    options = ("--unit", "eV/atom", "--out", "hull.csv", "--overwrite")
    assert "look at the unit" not in command("stability", right, *options).err
    assert "look at the unit of column 'e_form' of " in command("stability", wrong, *options).err
    beside = command("stability", right, *options, "--competing", wrong, "--competing-unit", "eV/atom").err
    assert "look at the unit of column 'e_form' of " in beside


def test_other_phases_compete_but_are_not_judged(command: Command, table: Path, write_csv: Writer) -> None:
    others = write_csv(
        [("Li5FeO4", "-2.2"), ("Fe2O3", "-1.72"), ("?", "1")],
        ["formula", "formation_energy_per_atom"],
        name="dft.csv",
    )
    outcome = command("stability", table, "--out", "hull.csv", "--competing", others)
    outcome.succeeded()
    lines = {line["formula"]: line for line in lines_of(Path("hull.csv"))}
    assert len(lines) == len(ROWS)
    assert lines["Li5FeO4"]["stable"] == ""
    assert lines["Fe2O3"]["decomposition_energy"] == "0.020000"
    assert lines["Fe2O3"]["products"] == "1 Fe2O3"
    assert lines["LiFeO2"]["products"] == "0.2 Li5FeO4 + 0.4 Fe2O3"
    assert "1 compositions are in both tables" in outcome.err
    assert "1 of 3 rows of" in outcome.err


def test_true_formation_energies_make_true_hulls_of_all_rows_that_have_one(command: Command, write_csv: Writer) -> None:
    rows = [
        ("Li2O", "-2.0", "-2.1"),
        ("Fe2O3", "-1.7", "-1.6"),
        ("LiFeO2", "-1.8", "-1.9"),
        ("LiFe5O8", "-1.79", "-1.0"),
        ("Li5FeO4", "", "-2.5"),
        ("FeO", "-1.4", ""),
    ]
    path = write_csv(rows, ["formula", "prediction", "truth"])
    outcome = command("stability", path, "--out", "hull.csv", *ALONE, "--truth", "truth")
    lines = {line["formula"]: line for line in lines_of(Path("hull.csv"))}
    fe2o3, li5feo4, lifeo2 = -1.6, -2.5, -1.9
    mixture = 0.2 * 10 / 4 * li5feo4 + 0.4 * 5 / 4 * fe2o3
    assert float(lines["LiFeO2"]["true_decomposition_energy"]) == pytest.approx(lifeo2 - mixture, abs=1e-6)
    assert [line["truly_stable"] for line in lines.values()] == ["yes", "yes", "no", "no", "yes", ""]
    assert lines["Li5FeO4"]["decomposition_energy"] == ""
    header, _, numbers = outcome.succeeded().splitlines()
    assert header.split() == ["rows", "MAE", "accuracy", "F1", "FPR", "ROC-AUC"]
    assert numbers.split()[0] == "4"
    assert "1 compound has no truth and is not scored" in outcome.err


def test_true_decomposition_energies_are_taken_as_they_are(command: Command, write_csv: Writer) -> None:
    rows = [("NaCl", "-2.0", "-2.5"), ("NaCl3", "-0.1", "0.1"), ("KCl", "-2.2", "-2.2"), ("CsCl", "-1.9", "")]
    path = write_csv(rows, ["formula", "prediction", "published"])
    outcome = command("stability", path, "--out", "hull.csv", *ALONE, "--true-decomposition", "published")
    found = [-2.0 + 0.1 * 2 / 3, -0.1 + 2.0 / 2, -2.2]
    mae = (abs(found[0] + 2.5) + abs(found[1] - 0.1)) / 3
    assert outcome.succeeded().splitlines()[2].split() == ["3", f"{mae:.4f}", "1.0000", "1.0000", "0.0000", "1.0000"]
    assert [line["truly_stable"] for line in lines_of(Path("hull.csv"))] == ["yes", "no", "yes", ""]


def test_scores_are_those_of_scikit_learn() -> None:
    from sklearn import metrics

    rng = np.random.default_rng(0)
    truth = rng.normal(0.05, 0.2, 400)
    found = truth + rng.normal(0, 0.1, 400)
    stable, called = truth <= 0, found <= 0
    scores = stability_scores(truth, found)
    matrix = metrics.confusion_matrix(stable, called)
    assert scores == pytest.approx(
        {
            "MAE": metrics.mean_absolute_error(truth, found),
            "accuracy": metrics.accuracy_score(stable, called),
            "F1": metrics.f1_score(stable, called),
            "FPR": matrix[0, 1] / matrix[0].sum(),
            "ROC-AUC": metrics.roc_auc_score(stable, -found),
        }
    )


def test_a_decomposition_energy_of_zero_is_stable() -> None:
    scores = stability_scores(np.array([0.0, 0.0, 1e-6]), np.array([0.0, -1.0, 1e-6]))
    assert scores["accuracy"] == scores["F1"] == 1


def test_scores_without_both_classes_are_not_made_up() -> None:
    yes = np.array([True, True])
    scores = call_scores(yes, yes, np.array([0.5, 0.6]))
    assert scores["accuracy"] == scores["F1"] == 1
    assert np.isnan(scores["FPR"])
    assert np.isnan(scores["ROC-AUC"])
    assert call_scores(~yes, ~yes, np.array([0.5, 0.6]))["F1"] == 0


@pytest.mark.parametrize(
    ("rows", "header", "options", "message"),
    [
        ([("NaCl", "")], ("formula", "prediction"), [], "no row has both a formula and an energy"),
        ([("NaCl", "-2")], ("formula", "number"), [], "--energy: no column is called"),
        ([("rock salt", "-2")], ("name", "prediction"), [], "no column is called formula"),
        (
            [("NaCl", "-30")],
            ("formula", "Hf (kJ/mol)"),
            [],
            "--unit: column 'Hf (kJ/mol)' says kJ/mol, but not whether",
        ),
        ([("NaCl", "-2")], ("formula", "prediction"), ["--formula", "name"], "--formula: the table has no column"),
        ([("NaCl", "-411")], ("formula", "prediction"), [], "looks like kJ/mol"),
        ([("NaCl", "0.9"), ("KCl", "0.8"), ("NaF", "0")], ("formula", "prediction"), [], "looks like probabilities"),
        ([("NaCl", "0.9", "probability")], ("formula", "prediction", "unit"), [], "the table holds probabilities"),
        ([("NaCl", "-2")], ("formula", "prediction"), ["--unit", "eV"], "--unit: unknown unit 'eV'"),
        (
            [("NaCl", "-2", "x")],
            ("formula", "prediction", "true"),
            ["--truth", "true"],
            "--truth, row 1: true 'x' is no",
        ),
        ([("NaCl", "-2")], ("formula", "prediction"), ["--true-decomposition", "d"], "--true-decomposition: the table"),
        (
            [("NaCl", "-2")],
            ("formula", "prediction"),
            ["--truth", "a", "--true-decomposition", "b"],
            "give one of them",
        ),
        ([("NaCl", "-2", "")], ("formula", "prediction", "t"), ["--truth", "t"], "has a true one in column 't'"),
        ([("NaCl", "-2")], ("formula", "prediction"), ["--competing", "none.csv"], "does not exist"),
    ],
)
def test_what_makes_no_hull_is_refused(
    command: Command,
    write_csv: Writer,
    rows: list[tuple[str, ...]],
    header: tuple[str, ...],
    options: list[str],
    message: str,
) -> None:
    path = write_csv(rows, header)
    assert message in command("stability", path, "--out", "hull.csv", *ALONE, *options).refused()
    assert not Path("hull.csv").exists()


def test_only_csv_is_written(command: Command, table: Path) -> None:
    assert "does not end in .csv" in command("stability", table, "--out", "hull.xlsx", *ALONE).refused()


def test_a_row_with_several_units_is_refused(write_csv: Writer) -> None:
    path = write_csv([("NaCl", "-2", "eV/atom"), ("KCl", "-2", "kJ/mol")], ("formula", "prediction", "unit"))
    with pytest.raises(DataError, match="several units: eV/atom, kJ/mol"):
        read_energy_table(path)
    with pytest.raises(FormationMLPError, match="unknown unit"):
        read_energy_table(path, unit="Ry")


def test_parquet_is_read_and_polymorphs_are_counted(workplace: Path) -> None:
    frame = pd.DataFrame({"formula": ["TiO2", "Ti2O4", "Ti2O3"], "prediction": [-3.2, -3.3, None]})
    frame.to_parquet(workplace / "in.parquet")
    judged = judge(workplace / "in.parquet", known=False)
    assert judged.energy[:2].tolist() == pytest.approx([0.1, -3.3])
    assert judged.products == ["0.5 Ti2O4", "2 Ti + 4 O", ""]
    assert "1 row repeats the composition of another row; the lowest of them competes" in judged.notes
    assert judged.scores() is None


def test_structures_are_judged_by_their_composition(structure_folder: Path, command: Command, workplace: Path) -> None:
    command(
        "stability", structure_folder, "--out", "hull.csv", *ALONE, "--energy", "formation_energy_per_atom"
    ).succeeded()
    lines = {line["id"]: line for line in lines_of(workplace / "hull.csv")}
    assert lines["NaF"]["products"] == "4 Na + 4 F"
    assert lines["NaF"]["stable"] == "yes"


def test_an_oxidation_state_that_nobody_knows_is_warned_of(command: Command, write_csv: Writer) -> None:
    table = write_csv([("MnF7", -1.9), ("MnF2", -2.9), ("Xx", -1)], ["formula", "prediction"])
    command("stability", table, "--out", "hull.csv", *ALONE)
    warnings = [line["warning"] for line in lines_of(Path("hull.csv"))]
    assert warnings == ["no known compound has Mn+7 with F (known: +2 to +4)", "", ""]
