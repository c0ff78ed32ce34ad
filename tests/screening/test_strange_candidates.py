"""Candidates that a hull must not lean on: elements, systems without known phases, oxidation states nobody knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from formation_mlp.errors import ConfigError
from formation_mlp.figures.labels import formula_label
from formation_mlp.hulls.known_phases import known_phases
from formation_mlp.saved_model.checkpoint import Checkpoint, model_path
from formation_mlp.screening.candidates import candidates_of
from formation_mlp.screening.diagram import diagram
from formation_mlp.screening.screen import Screening, screen
from formation_mlp.screening.summary import in_words
from formation_mlp.trust.own_rows import OwnRows
from support.commands import Outcome

Command = Callable[..., Outcome]


def column(screening: Screening, name: str) -> dict[str, object]:
    columns = screening.answers.columns
    return dict(zip(columns["formula"], list(columns[name]), strict=True))


@pytest.mark.parametrize(
    ("system", "known", "proposed"),
    [("Na-Cl", ["NaCl"], ["NaCl3", "NaCl7"]), ("Li-O", ["Li2O", "Li2O2"], ["LiO8"]), ("K-F", ["KF"], ["KF3"])],
)
def test_compounds_with_excess_anions_are_doubtful_and_bear_no_hull(
    system: str, known: list[str], proposed: list[str]
) -> None:
    found = screen(candidates_of(system, unbalanced=True))
    stable, chance, distance = (column(found, name) for name in ("stable", "p_stable", "decomposition_energy"))
    assert [name for name, word in stable.items() if word == "yes"] == known
    assert set(proposed) <= {name for name, word in stable.items() if word == "doubtful"}
    assert all(np.isnan(chance[name]) and np.isfinite(distance[name]) for name in proposed)  # type: ignore[call-overload]
    assert set(known) == set(list(stable)[: len(known)])
    products = {name for text in found.answers.columns["products"] for name in text.split()}
    assert not products & set(proposed)
    assert set(proposed) <= set(found.competition.left_out)
    assert proposed[0] in in_words(found)[2]
    labels = {text.get_text() for text in diagram(found).axes[0].texts}
    columns = found.answers.columns
    pairs = zip(columns["formula"], columns["stable"], strict=True)
    assert not {formula_label(formula) for formula, stable in pairs if stable == "doubtful"} & labels


def test_elements_are_zero_and_certain(command: Command) -> None:
    command("screen", "-", "--out", "o.csv", stdin="Fe\nO2\nFe2O3\nFeO\n").succeeded()
    lines = {line.split(",")[0]: line.split(",") for line in Path("o.csv").read_text(encoding="utf-8").splitlines()}
    for name in ("Fe", "O2"):
        row = dict(zip(lines["formula"], lines[name], strict=True))
        assert row["known"] == "element"
        assert row["stable"] == "yes"
        numbers = [row[n] for n in row if n.startswith(("decomposition", "prediction", "lo", "hi"))]
        assert numbers == ["0.000000"] * 6


def test_a_model_without_scales_has_elements_at_zero_too(finished_run: Path, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("Na\nNaCl\n")
    found = screen(candidates_of(str(tmp_path / "list.txt")), model=str(finished_run))
    assert column(found, "decomposition_energy")["Na"] == 0
    assert column(found, "stable")["Na"] == "yes"


def test_another_scale_brings_its_own_predictions_and_phases() -> None:
    for scale in ("mp2020", "mp2019"):
        found = screen(candidates_of("Fe-O"), scale=scale)
        known = known_phases(scale, np.array([8, 26]))
        assert column(found, "known_energy")["Fe2O3"] == pytest.approx(known.energies[known.formulas.index("Fe2O3")])
        assert set(column(found, "scale").values()) == {scale}
        assert f"scale {scale}:" in in_words(found)[1]
    alone = in_words(screen(candidates_of("Fe-O"), scale="measured"))
    assert any("no known phase competes" in line for line in alone)
    with pytest.raises(ConfigError, match="answers on mp2020"):
        screen(candidates_of("Fe-O"), scale="mp2018")


def test_known_compounds_have_a_distance_of_some_width() -> None:
    columns = screen(candidates_of("Na-Cl")).answers.columns
    width = np.asarray(columns["decomposition_hi90"]) - np.asarray(columns["decomposition_lo90"])
    assert width.min() > 2 * 1.6 * 0.01


def test_a_calibrated_model_shifts_what_it_predicts_and_nothing_else(tmp_path: Path) -> None:
    model = Checkpoint.load(model_path("composition"), "numpy")
    assert model.errors is not None
    own = OwnRows("own.csv", "composition", "mp2020", 0.05, 1.0, model.errors.levels, *_scores(60))
    replace(model, own=own).save(tmp_path / "own.safetensors")
    plain, shifted = (
        screen(candidates_of("Li-Fe-O"), model=name) for name in (None, str(tmp_path / "own.safetensors"))
    )
    moved: dict[str, list[float]] = {}
    for phase, word, energy in zip(*(_phases(shifted)), strict=True):
        before = dict(zip(*_phases(plain)[::2], strict=True))[phase]
        moved.setdefault(word, []).append(energy - before)
    assert set(moved) == {"own", "converted", "predicted", "candidate"}
    for word, differences in moved.items():
        assert differences == pytest.approx(
            [0.0 if word in ("own", "converted") else 0.05] * len(differences), abs=1e-5
        )
    assert "the calibration moves predictions by +0.050 eV/atom, those of known phases included" in in_words(shifted)[2]
    assert "calibration" not in in_words(plain)[2]


def _scores(n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.linspace(0.1, 1, n, dtype=np.float32), np.ones(n, np.uint32)


def _phases(screening: Screening) -> tuple[list[str], list[str], list[float]]:
    phases = screening.competition.phases
    return phases.formulas, phases.words, phases.energies.tolist()


def test_a_system_without_known_phases_is_ranked() -> None:
    found = screen(candidates_of("Xe-F"))
    assert len(found.answers) > 0
    assert "known" not in found.answers.columns


def test_a_compound_of_an_unknown_state_makes_no_other_unstable() -> None:
    usual = screen(candidates_of("Mn-F")).answers.columns
    every = screen(candidates_of("Mn-F", all_states=True)).answers.columns
    assert "MnF7" in every["formula"]
    for formula in ("MnF2", "MnF3", "MnF4"):
        before, after = (
            float(np.asarray(columns["decomposition_energy"])[list(columns["formula"]).index(formula)])
            for columns in (usual, every)
        )
        assert before == after
