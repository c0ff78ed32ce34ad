"""Chemical systems are enumerated completely, ranked by exact hulls, and drawn as pymatgen draws them."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from formation_mlp import figures, load
from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.chemistry.oxidation_states import load_oxidation_states
from formation_mlp.errors import DataError
from formation_mlp.figures.label_choice import MOST, named_points
from formation_mlp.figures.labels import formula_label, place_labels
from formation_mlp.figures.style import new_figure
from formation_mlp.hulls.chance import fitted
from formation_mlp.hulls.facets import lower_facets, tie_lines
from formation_mlp.hulls.hull import CompetingPhases, decomposition_energies
from formation_mlp.hulls.known_phases import ORIGINS
from formation_mlp.hulls.scale_evidence import ScaleEvidence
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.saved_model.checkpoint import Checkpoint, model_path
from formation_mlp.saved_model.columns import Columns
from formation_mlp.saved_model.named import named_model
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.screening import compositions as enumeration
from formation_mlp.screening.balance import is_balanced, oxidation_states
from formation_mlp.screening.candidates import candidates_of
from formation_mlp.screening.compositions import enumerate_compositions, formula_texts, n_compositions, read_system
from formation_mlp.screening.diagram import diagram
from formation_mlp.screening.screen import Screening, screen
from formation_mlp.screening.summary import in_words
from support.commands import Outcome, leftovers

Command = Callable[..., Outcome]
Writer = Callable[..., Path]


def lines_of(path: Path | str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def amounts_by_hand(k: int, most: int) -> list[tuple[int, ...]]:
    every = product(range(most + 1), repeat=k)
    return [n for n in every if 0 < sum(n) <= most and math.gcd(*n) == 1 and sum(map(bool, n)) > 1]


@pytest.mark.parametrize(("system", "most"), [("Na-Cl", 12), ("Li-Fe-O", 12), ("Li-Fe-P-O", 9), ("H-C-N-O-S", 6)])
def test_every_reduced_composition_is_listed_once(system: str, most: int) -> None:
    elements = read_system(system)
    found = enumerate_compositions(elements, most)
    ordered = sorted(elements, key=enumeration.electronegativity)
    expected = {
        tuple((z, n) for z, n in zip(ordered, row, strict=True) if n) for row in amounts_by_hand(len(elements), most)
    }
    rows = [
        tuple(zip(found.z[a:b].tolist(), found.amount[a:b].tolist(), strict=True))
        for a, b in zip(found.row_ptr[:-1], found.row_ptr[1:], strict=True)
    ]
    assert len(rows) == len(set(rows)) == n_compositions(len(elements), most)
    assert set(rows) == expected
    assert found.n_atoms.tolist() == sorted(found.n_atoms.tolist())


def test_the_number_of_compositions_is_known_without_a_list() -> None:
    assert n_compositions(4, 20) == len(enumerate_compositions(read_system("Li-Fe-P-O"), 20)) == 9369
    assert [n_compositions(2, most) for most in (1, 2, 3, 4)] == [0, 1, 3, 5]


def test_formulas_name_the_most_electronegative_element_last() -> None:
    found = formula_texts(enumerate_compositions(read_system("O-P-Fe-Li"), 7))
    assert "LiFePO4" in found
    assert "Li2O2" in found
    assert "LiO" not in found
    assert not parse_formulas(found).failures


def smact_like(system: str, most: int) -> set[str]:
    """Return the formulas that are neutral with one oxidation state an element, cations and anions both present."""
    elements = sorted(read_system(system), key=enumeration.electronegativity)
    states = load_oxidation_states()["icsd"]
    found = set()
    for row in amounts_by_hand(len(elements), most):
        present = [(z, n) for z, n in zip(elements, row, strict=True) if n]
        if any(
            sum(n * q for (_, n), q in zip(present, charges, strict=True)) == 0
            for charges in product(*(states[z] for z, _ in present))
        ):
            found.add("".join(f"{SYMBOLS[z]}{n if n > 1 else ''}" for z, n in present))
    return found


@pytest.mark.parametrize("system", ["Li-Fe-O", "Ca-Ti-O", "Cu-Zn", "Li-P-S", "H-C-N"])
def test_what_balances_with_one_state_an_element_is_always_among_the_balanced(system: str) -> None:
    every = enumerate_compositions(read_system(system), 9)
    balanced = {text for text, good in zip(formula_texts(every), is_balanced(every), strict=True) if good}
    assert smact_like(system, 9) <= balanced
    assert bool(balanced) == (system != "Cu-Zn")


def neutral_by_hand(present: list[tuple[int, int]]) -> bool:
    """Say by trying everything whether each element can be cation or anion, mixed, or single with one rare state."""
    tables = load_oxidation_states()
    most = max((z for z, _ in present), key=enumeration.electronegativity)
    mixed, single = [], []
    for z, n in present:
        sums = set()
        for sign in (1, -1):
            states = [q for q in tables["icsd"][z] if sign * q > 0]
            totals = {0}
            for _ in range(n):
                totals = {total + q for total in totals for q in states}
            sums |= totals
        mixed.append(sums)
        rare = set(tables["known"][z]) - set(tables["icsd"][z]) - {0}
        usual = [(n * q, 0) for q in tables["icsd"][z] if q]
        single.append(usual + [(n * q, 1) for q in rare if q < 0 or z != most])
    return any(sum(choice) == 0 for choice in product(*mixed)) or any(
        sum(q for q, _ in choice) == 0 and sum(r for _, r in choice) < 2 for choice in product(*single)
    )


@pytest.mark.parametrize("system", ["Li-Fe-O", "Na-Cl-O", "Fe-P-S", "H-N-C"])
def test_the_balanced_are_those_that_trying_everything_finds(system: str) -> None:
    every = enumerate_compositions(read_system(system), 8)
    found = is_balanced(every)
    for row, (a, b) in enumerate(zip(every.row_ptr[:-1], every.row_ptr[1:], strict=True)):
        present = list(zip(every.z[a:b].tolist(), every.amount[a:b].astype(int).tolist(), strict=True))
        assert found[row] == neutral_by_hand(present), formula_texts(every.take([row]))


def test_oxidation_states_add_up_to_zero_wherever_a_formula_is_balanced() -> None:
    every = enumerate_compositions(read_system("Na-Fe-P-O"), 10)
    texts = oxidation_states(every)
    assert [bool(text) for text in texts] == is_balanced(every).tolist()
    for text, a, b in zip(texts, every.row_ptr[:-1], every.row_ptr[1:], strict=True):
        states = [float(part.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")) for part in text.split()]
        total = sum(q * n for q, n in zip(states, every.amount[a:b], strict=False))
        assert total == pytest.approx(0, abs=0.05), text


def test_the_states_that_a_chemist_would_name() -> None:
    formulas = ["Fe3O4", "LiFePO4", "FeS2", "Na2O2", "KMnO4", "CO", "NH3", "CaTiO3", "AgCu"]
    assert oxidation_states(parse_formulas(formulas).compositions) == [
        "Fe+2.67 O-2",
        "Li+1 Fe+2 P+5 O-2",
        "Fe+2 S-1",
        "Na+1 O-1",
        "K+1 Mn+7 O-2",
        "C+2 O-2",
        "N-3 H+1",
        "Ca+2 Ti+4 O-2",
        "",
    ]


@pytest.fixture(scope="module")
def lithium_iron_oxygen() -> Screening:
    return screen(candidates_of("Li-Fe-O"), known=False)


def test_ranks_follow_from_the_predictions_and_the_hull(lithium_iron_oxygen: Screening) -> None:
    answers = lithium_iron_oxygen.answers
    formulas = list(answers.columns["formula"])
    energies = load("composition").predict(formulas)
    assert np.asarray(answers.columns["prediction"]) == pytest.approx(energies, abs=1e-6)
    expected = decomposition_energies(parse_formulas(formulas).compositions, energies).energy
    assert lithium_iron_oxygen.decomposition_energy == pytest.approx(expected, abs=1e-5)
    assert np.all(np.diff(np.asarray(answers.columns["p_stable"])) <= 1e-3)
    chances = load("stability").predict(formulas)
    assert np.asarray(answers.columns["p_classifier"]) == pytest.approx(chances, abs=1e-6)
    given = [lithium_iron_oxygen.candidates.formulas[row] for row in lithium_iron_oxygen.rows]
    assert given == formulas
    assert answers.columns["stable"] == _words(answers.columns)
    assert {"yes", "perhaps", "no"} == set(answers.columns["stable"])


def _words(columns: Columns) -> list[str]:
    """Return what `p_stable` makes of candidates that are judged by predictions."""
    threshold = fitted("members").joint.threshold
    chances = np.asarray(columns["p_stable"], float).tolist()
    return ["yes" if p >= threshold else "perhaps" if p >= 0.1 else "no" for p in chances]


def test_another_classifier_may_be_asked(lithium_iron_oxygen: Screening, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    model = Checkpoint.load(model_path("stability"), "numpy")
    first = replace(model.members[0], share=1.0)
    replace(model, members=(first,)).save(other)
    found = screen(candidates_of("Li-Fe-O"), classifier=str(other), known=False).answers.columns
    usual = lithium_iron_oxygen.answers.columns
    assert set(found["formula"]) == set(usual["formula"])
    chances = load(other).predict(list(found["formula"]))
    assert np.asarray(found["p_classifier"]) == pytest.approx(chances, abs=1e-6)
    assert sorted(np.asarray(found["p_hull"])) == pytest.approx(sorted(np.asarray(usual["p_hull"])), abs=1e-6)
    assert np.abs(np.asarray(found["p_stable"]) - np.asarray(usual["p_stable"])).max() > 1e-3


def test_known_oxides_of_lithium_and_iron_are_on_the_predicted_hull(lithium_iron_oxygen: Screening) -> None:
    columns = lithium_iron_oxygen.answers.columns
    energies = lithium_iron_oxygen.decomposition_energy.tolist()
    stable = {formula for formula, energy in zip(columns["formula"], energies, strict=True) if energy <= 0}
    assert {"Li2O", "Li2O2", "FeO", "Fe2O3", "Fe3O4", "LiFeO2"} <= stable
    assert len(stable) < 15


def test_hull_and_tie_lines_are_those_of_pymatgen(lithium_iron_oxygen: Screening) -> None:
    from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
    from pymatgen.core import Composition

    columns = lithium_iron_oxygen.answers.columns
    formulas, energies = list(columns["formula"]), np.asarray(columns["prediction"], float)
    entries = [PDEntry(Composition(symbol), 0.0) for symbol in ("Li", "Fe", "O")]
    for formula, energy in zip(formulas, energies, strict=True):
        composition = Composition(formula)
        entries.append(PDEntry(composition, energy * composition.num_atoms))
    theirs = PhaseDiagram(entries)
    above = [theirs.get_e_above_hull(entry) for entry in entries[3:]]
    assert np.maximum(lithium_iron_oxygen.decomposition_energy, 0) == pytest.approx(above, abs=1e-8)
    stable = [i for i, d in enumerate(lithium_iron_oxygen.decomposition_energy) if d <= 0]
    names = ["Li", "Fe", "O", *(formulas[i] for i in stable)]
    shares = np.array(
        [[Composition(name).get_atomic_fraction(symbol) for symbol in ("Li", "Fe", "O")] for name in names]
    )
    facets = lower_facets(shares, np.concatenate([np.zeros(3), energies[stable]]))

    def name(entry: PDEntry) -> str:
        return "O" if entry.reduced_formula == "O2" else entry.reduced_formula

    expected = {frozenset(name(theirs.qhull_entries[i]) for i in facet) for facet in theirs.facets}
    assert {frozenset(names[i] for i in facet) for facet in facets} == expected
    pairs = {frozenset(pair) for facet in expected for pair in product(facet, facet) if len(set(pair)) == 2}
    assert {frozenset(names[i] for i in pair) for pair in tie_lines(facets)} == pairs


@pytest.mark.parametrize(("seed", "k"), [(0, 2), (1, 3), (2, 3), (3, 4)])
def test_lower_facets_hold_up_all_phases_and_cover_all_compositions(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    shares = np.vstack([np.eye(k), rng.dirichlet(np.ones(k), 12)])
    energies = np.concatenate([np.zeros(k), -rng.random(12)])
    facets = lower_facets(shares, energies)
    area = 0.0
    for facet in facets:
        corners = shares[facet]
        assert np.all(shares @ np.linalg.solve(corners, energies[facet]) <= energies + 1e-9)
        area += abs(np.linalg.det(corners))
    assert area == pytest.approx(1)


def test_elements_without_a_stable_compound_make_one_facet() -> None:
    assert lower_facets(np.eye(3), np.zeros(3)).tolist() == [[0, 1, 2]]
    assert tie_lines(np.array([[0, 1, 2]])).tolist() == [[0, 1], [0, 2], [1, 2]]


def text_boxes(figure: Figure) -> list[tuple[str, np.ndarray]]:
    figure.draw_without_rendering()
    ax = figure.axes[0]
    return [(text.get_text(), np.asarray(text.get_window_extent().extents)) for text in ax.texts if text.get_text()]


def test_the_picture_names_every_stable_phase_once_without_overlap(lithium_iron_oxygen: Screening) -> None:
    figure = diagram(lithium_iron_oxygen)
    boxes = text_boxes(figure)
    columns = lithium_iron_oxygen.answers.columns
    energies = lithium_iron_oxygen.decomposition_energy.tolist()
    stable = [f for f, energy in zip(columns["formula"], energies, strict=True) if energy <= 0]
    written = [text for text, _ in boxes]
    assert len(set(written)) == len(written) <= 3 + MOST
    assert {"Li", "Fe", "O", *map(formula_label, stable)} <= set(written)
    axes: Any = figure.axes
    boxes += [("legend", axes[0].get_legend().get_window_extent().extents), ("bar", axes[1].get_tightbbox().extents)]
    width, height = figure.bbox.size
    for i, (name, a) in enumerate(boxes):
        assert np.all(a >= 0), name
        assert a[2] <= width, name
        assert a[3] <= height, name
        for other, b in boxes[:i]:
            assert np.any(np.minimum(a[2:], b[2:]) <= np.maximum(a[:2], b[:2])), (name, other)
    assert figure.axes[1].get_ylabel() == "energy above the hull (meV/atom)"
    marks = {str(c.get_label()): len(np.asarray(c.get_offsets())) for c in figure.axes[0].collections}
    assert marks["on the hull"] == len(stable) + 3
    unnamed = [n for label, n in marks.items() if label.startswith("_")]
    assert sum(unnamed) == len(columns["formula"]) - len(stable)


def test_labels_in_a_crowd_do_not_hide_one_another() -> None:
    figure = new_figure(5, 5)
    ax = figure.add_subplot(xlim=(0, 1), ylim=(0, 1))
    rng = np.random.default_rng(0)
    places = 0.5 + 0.02 * rng.normal(size=(12, 2))
    place_labels(ax, places, [f"Li{i}FeO{i}" for i in range(12)], np.zeros((12, 2)), places, fontsize=8)
    boxes = [box for _, box in text_boxes(figure)]
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            assert np.any(np.minimum(a[2:], b[2:]) <= np.maximum(a[:2], b[:2]))


def test_labels_without_room_are_left_out_and_the_first_are_kept() -> None:
    figure = new_figure(2, 2)
    ax = figure.add_subplot(xlim=(0, 1), ylim=(0, 1))
    places = np.full((40, 2), 0.5)
    names = [f"Li{i}FeO{i}" for i in range(40)]
    left_out = place_labels(ax, places, names, np.zeros((40, 2)), places, fontsize=8)
    boxes = text_boxes(figure)
    assert left_out == 40 - len(boxes) > 0
    assert boxes[0][0] == names[0]
    frame = np.asarray(ax.bbox.extents)
    for _, box in boxes:
        assert np.all(box[:2] >= frame[:2])
        assert np.all(box[2:] <= frame[2:])


def test_the_most_important_points_are_named_first() -> None:
    on_hull = np.array([True, True, True, False, False, False, False])
    below = np.array([False, False, False, True, False, False, False])
    known = np.array([False, True, True, False, True, True, False])
    chance = np.array([0.95, 0.4, 0.8, 0.5, 0.05, 0.3, np.nan])
    assert named_points(on_hull, below, known, chance).tolist() == [2, 1, 0, 3]
    assert named_points(on_hull, below, known, chance, most=2).tolist() == [2, 1]
    assert named_points(on_hull, below).tolist() == [0, 1, 2, 3]
    assert len(named_points(np.ones(40, np.bool_), np.zeros(40, np.bool_))) == MOST


def test_a_phase_below_the_hull_of_others_is_a_diamond_and_no_corner() -> None:
    shares = np.array([[0.5, 0.5], [0.25, 0.75], [0.75, 0.25]])
    above = np.array([-0.5, -0.05, 0.1])
    figure = figures.phase_diagram(
        ["Na", "Cl"],
        shares,
        np.array([-1.0, -0.55, -0.4]),
        ["NaCl", "NaCl3", "Na3Cl"],
        above,
        np.array([True, False, False]),
    )
    ax = figure.axes[0]
    marks = {c.get_label(): np.asarray(c.get_offsets()) for c in ax.collections}
    assert marks["below that hull"].tolist() == [[0.75, -0.55]]
    assert marks["on the hull"].tolist() == [[1 - 1.0, 0], [1.0, 0], [0.5, -1.0]]
    assert {text.get_text() for text in ax.texts} == {"NaCl", "NaCl$_{3}$"}
    drawn = [np.asarray(line.get_xdata()).tolist() for line in ax.lines]
    ends = {tuple(x) for x in drawn if len(x) == 2}
    assert {(0.0, 0.5), (1.0, 0.5)} <= ends
    assert ax.get_ylabel() == "formation energy (eV/atom)"


def test_known_compounds_are_filled_and_new_ones_hollow_and_larger_the_surer() -> None:
    shares = np.array([[0.5, 0.5], [0.25, 0.75], [0.75, 0.25], [0.4, 0.6]])
    figure = figures.phase_diagram(
        ["Na", "Cl"],
        shares,
        np.array([-1.0, -0.55, -0.4, -0.6]),
        ["NaCl", "NaCl3", "Na3Cl", "Na2Cl3"],
        np.array([0.0, 0.0, 0.1, 0.2]),
        np.array([True, True, False, False]),
        None,
        np.array([True, False, True, False]),
        np.array([np.nan, 0.9, 0.0, 0.4]),
    )
    axes: Any = figure.axes[0]
    marks = {c.get_label(): c for c in axes.collections if len(c.get_offsets())}
    assert marks["known, on the hull"].get_offsets().tolist() == [[0, 0], [1, 0], [0.5, -1.0]]
    hollow = marks["new, on the hull"]
    assert hollow.get_offsets().tolist() == [[0.75, -0.55]]
    assert hollow.get_facecolor().tolist() == [[1, 1, 1, 1]]
    (above,) = (c for label, c in marks.items() if label.startswith("_"))
    assert above.get_offsets().tolist() == [[0.6, -0.6], [0.25, -0.4]]
    faces = above.get_facecolor()
    assert faces[0].tolist() == [1, 1, 1, 1]
    assert faces[1].tolist() != [1, 1, 1, 1]
    large, small = above.get_sizes()
    assert large > small
    names = {text.get_text() for text in axes.get_legend().get_texts()}
    assert {"known, on the hull", "new, on the hull", "known, above it", "new, above it", "size: p_stable 0.9"} <= names


def test_what_cannot_be_drawn_raises() -> None:
    with pytest.raises(ValueError, match="two or three elements"):
        figures.phase_diagram(["A"], np.ones((1, 1)), np.zeros(1), ["A"], np.zeros(1))
    with pytest.raises(ValueError, match="two or three elements"):
        figures.phase_diagram(["A", "B"], np.full((2, 2), 0.5), np.zeros(1), ["AB"], np.zeros(1))


def test_the_command_writes_a_table_its_meaning_and_a_picture(command: Command) -> None:
    outcome = command(
        "screen", "Ca-Ti-O", "--max-atoms", "7", "--competing", "none", "--out", "new/cto.csv", "--top", "3"
    )
    printed = outcome.succeeded().splitlines()
    assert printed[0].split()[:4] == ["formula", "stable", "p_stable", "decomposition_energy"]
    assert [line.split()[0] for line in printed[2:5]] == ["CaO", "TiO2", "CaTiO3"]
    lines = lines_of("new/cto.csv")
    assert printed[5] == f"({len(lines) - 3} more rows)"
    assert [line["formula"] for line in lines[:3]] == ["CaO", "TiO2", "CaTiO3"]
    assert "CaTiO3" in [line["formula"] for line in lines]
    about = json.loads(Path("new/cto.csv.about.json").read_text(encoding="utf-8"))
    assert list(about["columns"]) == list(lines[0])
    assert all(about["columns"].values())
    assert about["figure"] == "cto.png"
    assert about["page"] == "cto.html"
    assert Path("new/cto.png").read_bytes().startswith(b"\x89PNG")
    assert "<title>Ca-Ti-O: " in Path("new/cto.html").read_text(encoding="utf-8")
    assert "Ca-Ti-O: 85 compositions of up to 7 atoms" in outcome.err
    assert f"competing: {len(lines)} predictions, each against all others" in outcome.err
    assert not leftovers(Path())


def test_quiet_says_nothing_but_the_table(command: Command) -> None:
    outcome = command("screen", "Na-Cl", "-q")
    assert len(outcome.succeeded().splitlines()) == 3
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("kind", ["csv", "parquet", "txt", "-"])
def test_a_list_of_formulas_is_ranked_as_it_is(command: Command, kind: str) -> None:
    formulas = ["Fe2O3", "NaCl", "Fe3O4", "Xx2O", "Na3Cl", "FeO", "Fe"]
    source = f"list.{kind}"
    frame = pd.DataFrame({"name": [*"abcdefg"], "formula": formulas})
    if kind == "csv":
        frame.to_csv(source, index=False)
    elif kind == "parquet":
        frame.to_parquet(source)
    else:
        Path("list.txt").write_text("\n".join(formulas) + "\n", encoding="utf-8")
    text = "\n".join(formulas) if kind == "-" else ""
    outcome = command("screen", "-" if kind == "-" else source, "--competing", "none", "--out", "out.csv", stdin=text)
    outcome.succeeded()
    lines = lines_of("out.csv")
    assert sorted(line["formula"] for line in lines) == sorted(formulas)
    assert lines[-1]["formula"] == "Xx2O"
    assert "'Xx' is no element" in lines[-1]["error"]
    assert lines[-1]["decomposition_energy"] == lines[-1]["products"] == lines[-1]["stable"] == ""
    assert lines[0]["formula"] == "NaCl"
    products = {line["formula"]: line["products"] for line in lines}
    assert products["FeO"] == "0.25 Fe + 0.25 Fe3O4"
    assert "1 of 7 rows has no prediction" in outcome.err
    assert "no picture: these are drawn of two or three elements, and here are 4" in outcome.err


def test_a_list_longer_than_a_part_is_predicted_in_parts(monkeypatch: pytest.MonkeyPatch, workplace: Path) -> None:
    from formation_mlp.screening import screen as module

    path = workplace / "list.txt"
    path.write_text("NaCl\nXx\nFeO\nFe2O3\nNa2O\n", encoding="utf-8")
    whole = screen(candidates_of(str(path)))
    monkeypatch.setattr(module, "ROWS_PER_PART", 2)
    seen: list[tuple[int, int]] = []
    parts = screen(candidates_of(str(path)), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(2, 5), (4, 5), (5, 5)]
    assert parts.rows.tolist() == whole.rows.tolist()
    for name, values in whole.answers.columns.items():
        if isinstance(values, list):
            assert parts.answers.columns[name] == values
        else:
            assert np.asarray(parts.answers.columns[name]) == pytest.approx(values, abs=1e-6, nan_ok=True)


def test_known_phases_compete_and_take_the_place_of_predictions(lithium_iron_oxygen: Screening) -> None:
    found = screen(candidates_of("Li-Fe-O"))
    columns, alone = found.answers.columns, lithium_iron_oxygen.answers.columns
    assert set(columns["formula"]) == set(alone["formula"])
    known = dict(zip(columns["formula"], columns["known"], strict=True))
    assert known["Fe2O3"] in ORIGINS
    assert known["LiFe3O5"] == ""
    energies = np.asarray(columns["known_energy"], float)
    assert [word in ("own", "converted") for word in columns["known"]] == np.isfinite(energies).tolist()
    phases = found.competition.phases
    assert len(set(phases.compositions.keys())) == len(phases)
    assert {"LiFe5O8"} <= set(phases.formulas)
    judged = CompetingPhases(phases.compositions, phases.energies)
    rows = found.compositions.take(found.rows)
    assert found.decomposition_energy == pytest.approx(judged.decompose(rows, found.energies).energy, abs=1e-9)
    named = dict(zip(columns["formula"], columns["products"], strict=True))
    assert "LiFeO2" in named["LiFe3O5"].split()
    assert not any(known[name] for text in columns["new_products"] for name in text.split())
    assert "known phases of these elements (in a database" in in_words(found)[2]
    assert re.search(r"are on the hull \(\d+ known, \d+ new\)", in_words(found)[3])


def test_what_is_called_stable_is_said_and_what_is_on_the_hull_without_being_called_so(
    lithium_iron_oxygen: Screening,
) -> None:
    found = lithium_iron_oxygen
    columns, threshold = found.answers.columns, found.threshold
    assert threshold == fitted("members").joint.threshold
    (line,) = (line for line in in_words(found) if line.startswith("stable: "))
    assert line == f"stable: yes from p_stable {threshold:.2f} on, perhaps from 0.1 on"
    judged = zip(columns["formula"], columns["stable"], found.decomposition_energy, found.is_judged, strict=True)
    weak = [name for name, word, energy, is_one in judged if is_one and energy <= 0 and word in ("no", "perhaps")]
    (line,) = (line for line in in_words(found) if line.startswith("on the hull, but not 'yes'"))
    assert [name for name in weak if f" {name} (" in line] == weak[:5] != []
    assert "hull 0." in line


def test_a_model_of_unknown_scale_meets_no_known_phases_unless_its_user_says_the_scale(
    command: Command, finished_run: Path
) -> None:
    asked = ("screen", "Na-Cl", "--all", "--max-atoms", "3", "--model", finished_run)
    outcome = command(*asked)
    outcome.succeeded()
    assert outcome.err.startswith("warning: no known phase competes: ")
    assert "on no declared scale, and there are known phases on mp2020 and mp2019" in outcome.err
    said = command(*asked, "--scale", "mp2019")
    said.succeeded()
    assert "warning: no known" not in said.err
    assert "known phases of these elements" in said.err
    assert re.search(
        r"scale: mp2019, as you say, for the model declares none; \d known compounds? (is|are) too few", said.err
    )
    assert "scale: unknown energy scale 'mp2091'" in command(*asked, "--scale", "mp2091").refused()


def test_a_scale_that_the_energies_do_not_look_like_is_warned_of_and_one_that_they_do_is_named(
    finished_run: Path,
) -> None:
    named, candidates = named_model(str(finished_run), ""), candidates_of("Na-Cl", max_atoms=3, unbalanced=True)
    checkpoint = named.predictor.checkpoint
    unsaid = replace(checkpoint, target=replace(checkpoint.target, source=None))
    found = screen(candidates, model=replace(named, predictor=Predictor(unsaid)))
    seen = ScaleEvidence(20, {"mp2020": 0.03, "mp2019": 0.13})
    assert "with --scale mp2020 known ones do" in in_words(replace(found, evidence=seen))[0]
    assert "--scale" not in in_words(replace(found, evidence=ScaleEvidence(5, seen.errors)))[0]
    measured = screen(candidates, model=named)
    assert "--scale" not in in_words(replace(measured, evidence=seen))[0]
    said = screen(candidates, model=named, scale="mp2019")
    assert "you say mp2019, and its energies look like mp2020" in in_words(replace(said, evidence=seen))[0]
    far = ScaleEvidence(20, {"mp2019": 0.83, "mp2020": 0.84})
    assert "you say mp2019, and its energies lie far from it" in in_words(replace(said, evidence=far))[0]
    near = ScaleEvidence(20, {"mp2019": 0.03, "mp2020": 0.13})
    assert not any("you say" in line for line in in_words(replace(said, evidence=near)) if line.startswith("warning"))


def test_a_table_competes_instead_of_the_predictions(command: Command, write_csv: Writer) -> None:
    known = [("NaCl", "-2.2"), ("Na3Cl", "-1.5"), ("KCl", "-2.3"), ("Na2Cl", "")]
    table = write_csv(known, ["formula", "formation_energy_per_atom"], name="known.csv")
    outcome = command("screen", "Na-Cl", "--all", "--max-atoms", "4", "--competing", table, "--out", "out.csv")
    outcome.succeeded()
    lines = {line["formula"]: line for line in lines_of("out.csv")}
    assert set(lines) == {"NaCl", "NaCl2", "Na2Cl", "NaCl3", "Na3Cl"}
    assert [line["known"] for line in lines.values()].count("yes") == 2
    assert lines["NaCl"]["known"] == lines["Na3Cl"]["known"] == "yes"
    for formula, share, product_text in [("NaCl2", 2 / 3, "1 NaCl + 1 Cl"), ("NaCl", 1.0, "1 NaCl")]:
        line = lines[formula]
        assert float(line["decomposition_energy"]) == pytest.approx(float(line["prediction"]) + share * 2.2, abs=2e-6)
        assert line["products"] == product_text
    assert "competing: 2 compounds of" in outcome.err
    assert "2 are in the table" in outcome.err
    assert Path("out.png").exists()


def test_a_picture_against_a_table_shows_its_hull(workplace: Path, write_csv: Writer) -> None:
    table = write_csv([("Na2O", "-0.3"), ("NaO", "-0.1")], ["formula", "formation_energy_per_atom"])
    found = screen(candidates_of("Na-O", max_atoms=4), competing=table)
    assert "1 of 2 candidates is below" in in_words(found)[3] or "2 of 2 candidates are below" in in_words(found)[3]
    marks = {c.get_label(): len(np.asarray(c.get_offsets())) for c in diagram(found).axes[0].collections}
    assert marks["known, on the hull"] == 3
    assert marks["below that hull"] == 1  # the peroxide; the oxide is a corner, known to the table


def test_a_trained_model_without_intervals_can_be_asked(command: Command, finished_run: Path) -> None:
    lines = command("screen", "Na-Cl", "--all", "--max-atoms", "3", "--model", finished_run, "--out", "o.csv")
    lines.succeeded()
    stable = {line["formula"]: line["stable"] for line in lines_of("o.csv")}
    assert set(stable.values()) <= {"yes", "perhaps", "no", "doubtful"}
    assert [formula for formula, word in stable.items() if word == "doubtful"] == ["NaCl2"]
    assert f"model {finished_run}" in lines.err


def test_the_level_names_the_columns(command: Command) -> None:
    command("screen", "Na-Cl", "--level", "0.8", "--out", "o.csv").succeeded()
    (line,) = lines_of("o.csv")
    assert float(line["lo80"]) < float(line["prediction"]) < float(line["hi80"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Fe"], "'Fe' is one element"),
        (["Li-Fe-Fe"], "names an element twice"),
        (["Li-Fee-O"], "'Fee' is no element"),
        (["li-fe-o"], "Did you mean 'Li'?"),
        (["LiFeO2"], "Did you mean 'Li-Fe-O'?"),
        (["Cu-Zn"], "none of the 45 compositions of Cu-Zn with up to 12 atoms can be charge-balanced"),
        (["Li-Fe-P-O-S-F-Cl", "--max-atoms", "40"], "Try --max-atoms 22 (1,525,196)"),
        (["none.csv"], "none.csv"),
        (["none.txt"], "none.txt: not readable as a list of formulas: No such file or directory"),
        (["table.csv", "--formula", "name"], "--formula: the table has no column 'name'"),
        (["Na-Cl", "--formula", "name"], "is a chemical system. Leave it out"),
        (["empty.txt"], "holds no formula"),
        (["Na-Cl", "--model", "stability"], "--model: stability predicts a probability"),
        (["Na-Cl", "--classifier", "composition"], "--classifier: composition predicts energies"),
        (["Na-Cl", "--classifier", "stabilit"], "Did you mean 'stability'?"),
        (["Na-Cl", "--model", "structure"], "--model: structure needs crystal structures"),
        (["Na-Cl", "--competing", "table.csv"], "no compound of table.csv consists of the elements of Na-Cl alone"),
        (["Na-Cl", "--competing", "none.csv"], "does not exist"),
        (["Na-Cl", "--out", "out.parquet"], "does not end in .csv"),
        (["Na-Cl", "--figure", "out.jpg"], "does not end in .png"),
        (["Li-Fe-P-O", "--figure", "out.png"], "diagrams are drawn of two or three elements; Li-Fe-P-O has 4"),
        (["wrong.txt"], "no formula of wrong.txt has a prediction: formula 'Qq'"),
        (["-"], "standard input holds no formula"),
    ],
)
def test_what_cannot_be_screened_is_refused(
    command: Command, write_csv: Writer, arguments: list[str], message: str
) -> None:
    write_csv([("KBr", "-2.0")])
    Path("empty.txt").write_text("\n", encoding="utf-8")
    Path("wrong.txt").write_text("Qq\n", encoding="utf-8")
    assert message in command("screen", *arguments).refused()


def test_no_list_is_longer_than_memory_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enumeration, "MOST", 100)
    with pytest.raises(DataError, match=r"3 elements have 331 compositions of .* Try --max-atoms 6 \(52\)"):
        enumerate_compositions(read_system("Li-Fe-O"), 12)
    assert len(enumerate_compositions(read_system("Li-Fe-O"), 6)) == 52
