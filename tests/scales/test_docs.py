"""The page about scales says what the stored maps say."""

from __future__ import annotations

import pytest

from formation_mlp.scales.kinds import KINDS
from formation_mlp.scales.maps import pairs, stored
from support.paths import ROOT

PAGE = (ROOT / "docs" / "scales.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("from_", "to"), pairs())
def test_the_table_of_pairs_is_that_of_the_maps(from_: str, to: str) -> None:
    raw = stored()["maps"][f"{from_} {to}"]
    numbers = [f"{raw[key]:.4f}" for key in ("exam_mean_before", "exam_mean", "exam_median")]
    counts = [f"{raw['n']:,}", f"{raw['n_exam']:,}"]
    assert f"| {' | '.join([from_, to, *counts, *numbers])} | {100 * raw['exam_coverage']:.1f} % |" in PAGE


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_compound_is_shown(kind: str) -> None:
    assert f"\n| {kind} | " in PAGE
