"""What each scale says of itself, and how it is asked for."""

from __future__ import annotations

from dataclasses import fields

import pytest

from formation_mlp.errors import ConfigError
from formation_mlp.scales.scale import DEFAULT, POPULATIONS, SCALES, Scale, scale_named


@pytest.mark.parametrize("name", SCALES)
def test_a_scale_says_all_there_is_to_say(name: str) -> None:
    scale = SCALES[name]
    assert scale.name == name
    assert scale.population in POPULATIONS
    assert all(str(getattr(scale, field.name)).strip() for field in fields(Scale))


def test_the_default_comes_first() -> None:
    assert next(iter(SCALES)) == DEFAULT == "mp2020"


def test_only_measured_energies_belong_to_a_temperature() -> None:
    assert {scale.name: scale.temperature_K for scale in SCALES.values() if scale.temperature_K} == {"measured": 298.15}


def test_an_unknown_scale_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match=r"--scale: unknown energy scale 'mp2002'.*Did you mean 'mp2020'\?"):
        scale_named("mp2002", "--scale")
