"""Boosted trees as members of an ensemble: trained, saved without code, and named where they go wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from formation_mlp.errors import CheckpointError, ConfigError
from formation_mlp.models import boosted_trees
from formation_mlp.models.boosted_trees import BoostedTrees
from support.commands import python_environment
from support.networks import noisy_classes, smooth_problem

pytest.importorskip("lightgbm")

SMALL = {"num_iterations": 30, "num_leaves": 7, "min_data_in_leaf": 5, "learning_rate": 0.1}


def grown(
    classify: bool = False, seed: int = 0, n: int = 200, **options: Any
) -> tuple[BoostedTrees, np.ndarray, np.ndarray]:
    """Return trees on half of a problem, and its other half."""
    X, y = noisy_classes(n) if classify else smooth_problem(n)
    half = n // 2
    fitted = BoostedTrees.fit(
        X[:half], y[:half], X[half:], y[half:], classify=classify, options=SMALL | options, seed=seed, threads=1
    )
    return fitted, X[half:], y[half:]


def test_trees_learn_energies() -> None:
    trees, X, y = grown()
    prediction = trees.predict(X)
    assert prediction.dtype == np.float64
    assert np.abs(prediction - y).mean() < 0.7 * np.abs(y - y.mean()).mean()


def test_trees_learn_probabilities() -> None:
    trees, X, y = grown(classify=True)
    p = trees.predict(X)
    assert ((p > 0) & (p < 1)).all()
    log_loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    share = y.mean()
    assert log_loss < -(share * np.log(share) + (1 - share) * np.log(1 - share))


def test_the_val_rows_decide_when_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boosted_trees, "PATIENCE", 5)
    keys: dict[str, Any] = {"num_iterations": 400, "learning_rate": 0.3, "min_data_in_leaf": 1}
    trees, X, y = grown(**keys)
    assert trees.n_trees < 400
    alone, _, _ = grown(**keys | {"num_iterations": trees.n_trees})
    np.testing.assert_array_equal(trees.predict(X), alone.predict(X))
    earlier, _, _ = grown(**keys | {"num_iterations": trees.n_trees - 1})
    assert np.mean((trees.predict(X) - y) ** 2) <= np.mean((earlier.predict(X) - y) ** 2)


@pytest.mark.parametrize("classify", [False, True])
def test_saved_trees_predict_exactly_the_same(classify: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boosted_trees, "PATIENCE", 5)
    trees, X, _ = grown(classify, num_iterations=300, learning_rate=0.3)
    weights = trees.weights()
    assert {(tensor.dtype, tensor.ndim) for tensor in weights.values()} == {(torch.uint8, 1)}
    again = BoostedTrees.from_weights(weights)
    np.testing.assert_array_equal(again.predict(X), trees.predict(X))
    assert again.n_trees == trees.n_trees < 300
    assert all(torch.equal(tensor, again.weights()[name]) for name, tensor in weights.items())


def test_the_saved_text_is_a_copy_that_may_be_changed() -> None:
    trees, X, _ = grown()
    before = trees.predict(X)
    for tensor in trees.weights().values():
        tensor.zero_()
    np.testing.assert_array_equal(trees.predict(X), before)


def test_the_seed_decides_all_that_is_random() -> None:
    found = [grown(seed=seed, feature_fraction=0.5)[0].weights()["text"].tolist() for seed in (0, 0, 1, 2**40)]
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_leaves": 1}, r"ensemble.members: boosted_trees: LightGBM refuses \{.*'num_leaves': 1.*\}: "),
        ({"boosting": "gbd"}, "LightGBM refuses .*'boosting': 'gbd'"),
        ({"num_leafs": 7}, "'num_leafs'"),
    ],
)
def test_an_option_that_lightgbm_does_not_take_is_named(options: dict[str, int] | dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        grown(**options)


DAMAGE = {
    "no tensor": {},
    "an empty one": {"text": torch.zeros(0, dtype=torch.uint8)},
    "other text": {"text": torch.frombuffer(bytearray(b"formula,target\n"), dtype=torch.uint8)},
    "bytes that are no text": {"text": torch.full((50,), 255, dtype=torch.uint8)},
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_text_is_refused(damage: dict[Any, Any] | dict[str, Tensor]) -> None:
    with pytest.raises(CheckpointError, match=r"the boosted trees in the model file are damaged: .*Train again\."):
        BoostedTrees.from_weights(damage)


@pytest.mark.slow
def test_a_text_that_is_cut_off_is_refused_and_does_not_end_the_process(tmp_path: Path) -> None:
    """LightGBM does not check what it reads: the process would be aborted by half a text."""
    text = grown()[0].weights()
    torch.save(text | {"text": text["text"][: len(text["text"]) // 2]}, tmp_path / "half")
    code = f"""
import torch
from formation_mlp.errors import CheckpointError
from formation_mlp.models.boosted_trees import BoostedTrees
try:
    BoostedTrees.from_weights(torch.load({str(tmp_path / "half")!r}))
except CheckpointError as error:
    print("refused:", error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=python_environment(), check=False)
    assert done.returncode == 0
    assert done.stdout.startswith(b"refused: the boosted trees in the model file are damaged")


def test_without_lightgbm_the_message_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = grown()[0].weights()
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    for call in (grown, lambda: BoostedTrees.from_weights(weights)):
        with pytest.raises(ConfigError, match=r"boosted trees need LightGBM. Install it with: pip install"):
            call()
