"""Candidates that a hull must not lean on: of elements without known phases, and of oxidation states nobody knows."""

from __future__ import annotations

import numpy as np

from formation_mlp.screening.candidates import candidates_of
from formation_mlp.screening.screen import screen


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
