"""The networks and curves that the pages carry come from the package: trained anew, they are as good."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from live.support import module
from support.paths import ROOT

pytestmark = pytest.mark.slow

energy_network, training_curves = (
    module(ROOT / "scripts" / "site" / "live_data", name) for name in ("energy_network", "training_curves")
)


def test_curves_are_those_of_a_run(scripts: Callable[..., Any]) -> None:
    """Processors differ in their last digits, and training lets them grow: the beginning is the same."""
    made = training_curves.curves()
    for name, shown in scripts("return live.data.curves").items():
        for part in ("train", "val"):
            np.testing.assert_allclose(shown[part][:3], made[name][part][:3], rtol=0.02)
            assert np.min(shown[part]) == pytest.approx(np.min(made[name][part]), rel=0.3)
        for count in ("nTrain", "nVal", "nWeights"):
            assert shown[count] == made[name][count]


def test_network_is_that_of_the_package(scripts: Callable[..., Any]) -> None:
    """Trained weights may differ between processors; all else, and how good they are, may not."""
    shown, made = scripts("return live.data.energy"), energy_network.energy()
    assert shown.keys() == made.keys()
    for key in ("median", "centre", "scale"):
        a, b = (np.frombuffer(base64.b64decode(data.pop(key)), "<f8") for data in (shown, made))
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    assert shown.pop("target") == pytest.approx(made.pop("target"), rel=1e-12)
    assert shown.pop("testMAE") == pytest.approx(made.pop("testMAE"), abs=0.02)
    weights, others = shown.pop("weights"), made.pop("weights")
    assert {name: one["shape"] for name, one in weights.items()} == {name: one["shape"] for name, one in others.items()}
    assert shown == made
