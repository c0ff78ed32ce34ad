"""A table without a declared energy scale is told on which scale its energies seem to be, if that is clear."""

from __future__ import annotations

import numpy as np
import pytest

from formation_mlp.runs.warm_start import scale_to_declare

SCALES = ["mp2020", "mp2019", "oqmd"]


@pytest.mark.parametrize(
    ("errors", "named"),
    [
        ([0.025, 0.062, 0.15], "mp2020"),
        ([0.062, 0.025, 0.15], "mp2019"),
        ([0.15, 0.15, 0.04], "oqmd"),
        ([0.05, 0.06, 0.15], ""),  # not clear
        ([0.2, 0.4, 0.5], ""),  # near none
    ],
)
def test_the_nearest_scale_is_named_where_it_is_clear(errors: list[float], named: str) -> None:
    said = scale_to_declare(SCALES, np.array(errors))
    assert said.startswith(f"these energies look like {named} (") if named else not said


@pytest.mark.parametrize(("place", "is_told"), [(0, True), (1, True), (2, False)])
def test_known_phases_are_promised_only_on_scales_that_have_some(place: int, is_told: bool) -> None:
    errors = np.full(3, 0.2)
    errors[place] = 0.02
    assert ("known phases compete" in scale_to_declare(SCALES, errors)) == is_told
