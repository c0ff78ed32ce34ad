"""Energies that declare no scale are held against the known phases."""

from __future__ import annotations

import numpy as np
import pytest

from formation_mlp.hulls.known_phases import ORIGINS, known_phases
from formation_mlp.hulls.scale_evidence import FEWEST, ScaleEvidence, scale_evidence


@pytest.mark.parametrize("scale", ["mp2020", "mp2019"])
def test_energies_look_like_the_scale_that_they_are_on(scale: str) -> None:
    phases = known_phases(scale, np.array([3, 26, 8]))
    noise = np.random.default_rng(0).normal(0, 0.02, len(phases))
    found = scale_evidence(phases.compositions, phases.energies + noise)
    assert found.clear == scale
    assert found.n == int(np.sum(phases.origins != ORIGINS.index("predicted")))
    assert found.errors[scale] == pytest.approx(0.016, abs=0.004)


def test_nothing_is_clear_of_few_compounds_of_far_ones_or_between_scales() -> None:
    phases = known_phases("mp2020", np.array([3, 26, 8]))
    few = phases.take(np.arange(FEWEST - 1))
    assert scale_evidence(few.compositions, few.energies).clear == ""
    assert scale_evidence(phases.compositions, phases.energies + 0.5).clear == ""
    assert ScaleEvidence(50, {"mp2020": 0.05, "mp2019": 0.06}).clear == ""
    nothing = scale_evidence(phases.compositions, np.full(len(phases), np.nan))
    assert (nothing.n, nothing.clear, nothing.allows("mp2019")) == (0, "", True)
