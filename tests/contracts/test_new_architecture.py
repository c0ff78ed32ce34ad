"""An architecture is what the README says: one function and one line, and its name once more for configurations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor, nn

from formation_mlp import load
from formation_mlp.config.names import NAMES
from formation_mlp.config.schema import ModelConfig
from formation_mlp.explain.explanation import Explainer
from formation_mlp.models.networks import ARCHITECTURES
from formation_mlp.runs import network as network_run
from formation_mlp.runs.progress import Reporter
from formation_mlp.saved_model.checkpoint import load_tensors
from support.commands import Outcome


class Toy(nn.Module):
    """A sum of a linear network and a hidden layer."""

    def __init__(self, d_in: int, d_hidden: int, n_outputs: int) -> None:
        super().__init__()
        self.straight, self.hidden = nn.Linear(d_in, n_outputs), nn.Linear(d_in, d_hidden)
        self.head = nn.Linear(d_hidden, n_outputs)

    def forward(self, X: Tensor) -> Tensor:
        output: Tensor = (self.straight(X) + self.head(self.hidden(X).tanh())).squeeze(-1)
        return output


def toy(d_in: int, config: ModelConfig, n_outputs: int) -> nn.Module:
    return Toy(d_in, config.hidden[0], n_outputs)


def tensors_of(run: str) -> dict[str, list[float]]:
    tensors, _ = load_tensors(Path(run) / "model.safetensors", "model", "numpy")
    return {name: array.tolist() for name, array in tensors.items()}


def test_a_new_architecture_is_trained_resumed_saved_read_and_explained(
    tiny_config: Callable[..., Path],
    command: Callable[..., Outcome],
    monkeypatch: pytest.MonkeyPatch,
    without_figures: None,
) -> None:
    monkeypatch.setitem(ARCHITECTURES, "toy", toy)
    names: Any = NAMES
    monkeypatch.setitem(names, "model.architecture", (*NAMES["model.architecture"], "toy"))
    monkeypatch.setattr(network_run, "SAVE_EVERY_SECONDS", 0.0)
    path = tiny_config(model={"architecture": "toy", "hidden": [5, 3]}, training={"max_epochs": 4})
    command("train", path, "-q", "--set", "output=whole").succeeded()

    def interrupted(_reporter: Reporter, record: Any, _score: str) -> None:
        if record.epoch == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Reporter, "epoch", interrupted)
        assert command("train", path).code == 130
    command("train", path, "-q", "--resume").succeeded()
    assert tensors_of("run") == tensors_of("whole")
    assert command("predict", "run", "NaCl").succeeded().splitlines()[1].startswith("NaCl,")
    command("evaluate", "run").succeeded()
    predictor = load("run")
    values = predictor.predict(["NaCl", "Fe2O3"])
    predictor.checkpoint.save(Path("again.safetensors"))
    np.testing.assert_array_equal(load("again.safetensors").predict(["NaCl", "Fe2O3"]), values)
    (one,) = Explainer(predictor).explain(["NaCl"])
    assert one.attributions.sum() == pytest.approx(one.prediction - one.baseline, rel=1e-4)
