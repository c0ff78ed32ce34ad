"""The lines of the page `plain_torch` read a model as the package does, without importing it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from formation_mlp import load
from formation_mlp.features.engine.table import featurize
from formation_mlp.materials.inputs import read_materials
from formation_mlp.saved_model.checkpoint import model_path
from formation_mlp.saved_model.predictor import Predictor
from support.commands import Outcome
from support.pages import blocks
from support.paths import ROOT
from support.structures import ROCK_SALTS, rock_salt

(CODE,) = blocks((ROOT / "docs" / "plain_torch.md").read_text(encoding="utf-8"), "python")


def answers(path: Path, predictor: Predictor, items: list[Any], member: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return what the lines answer on the first scale, and what the package does."""
    names: dict[str, Any] = {}
    exec(compile(CODE, "plain_torch.md", "exec"), names)  # noqa: S102 (our own page)
    read = read_materials(items)
    X = featurize(read.materials, predictor.features).X
    found = names["load_member"](path, member)(torch.as_tensor(X))
    return found[:, 0].numpy(), predictor.predict_members(X, read.materials.compositions)[member]


def test_the_code_is_short_and_imports_nothing_of_this_package() -> None:
    assert len([line for line in CODE.splitlines() if line.strip()]) < 25
    code = f"import sys\n{CODE}\nassert 'formation_mlp' not in sys.modules"
    assert "formation_mlp" not in CODE.replace('["formation_mlp"]', "")
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_residual_member_of_a_shipped_model() -> None:
    predictor = load("structure")
    items = [rock_salt(*cell) for cell, _ in ROCK_SALTS.values()]
    found, expected = answers(model_path("structure"), predictor, items)
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("architecture", ["mlp", "residual"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_trained_member(
    architecture: str,
    activation: str,
    tiny_config: Callable[..., Path],
    command: Callable[..., Outcome],
    without_figures: None,
) -> None:
    model = {"architecture": architecture, "activation": activation, "hidden": [8, 8]}
    command("train", tiny_config(model=model), "-q", "--set", "output=runs/own").succeeded()
    path = model_path("runs/own")
    found, expected = answers(path, load(path), ["NaCl", "Fe2O3", "XeF2"])
    assert np.ptp(expected) > 0.001
    np.testing.assert_allclose(found, expected, atol=1e-5)
