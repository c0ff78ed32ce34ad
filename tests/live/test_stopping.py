"""Early stopping in the browser is that of the package's training loop, on curves of real runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from formation_mlp.training.state import LoopState
from live.support import Page


def expected(losses: list[float], patience: int) -> dict[str, int]:
    state = LoopState()
    for loss in losses:
        state.advance(loss)
        if state.finished(len(losses), patience):
            break
    return {"stop": state.epoch, "best": state.best_epoch}


@pytest.mark.parametrize("name", ["heart", "energy"])
def test_every_patience(scripts: Callable[..., Any], name: str) -> None:
    code = """
    const {val} = live.data.curves[arguments[0]];
    return [val, Array.from({length: 60}, (_, i) => live.stopping(val, i + 1))];
    """
    val, found = scripts(code, name)
    assert found == [expected(val, patience) for patience in range(1, 61)]


def test_ties_are_no_improvement(scripts: Callable[..., Any]) -> None:
    losses = [3.0, 2.0, 2.0, 2.0, 1.0]
    assert scripts("return live.stopping(arguments[0], 2)", losses) == expected(losses, 2) == {"stop": 4, "best": 2}


def test_what_the_page_says_of_the_runs(scripts: Callable[..., Any]) -> None:
    curves = scripts("return live.data.curves")
    heart, energy = curves["heart"], curves["energy"]
    assert (heart["nWeights"], heart["nTrain"], len(heart["val"]), energy["nTrain"]) == (122_625, 300, 60, 1_495)
    assert int(np.argmin(heart["val"])) + 1 == 5
    assert heart["train"][-1] == min(heart["train"])
    reached = [expected(energy["val"], patience)["best"] for patience in range(1, 61)]
    assert 80 in reached
    assert reached[-1] == int(np.argmin(energy["val"])) + 1 > 80


def test_a_reader_moves_patience(open_page: Callable[..., Page]) -> None:
    page = open_page("stopping")
    page.slide("Patience", 10)
    assert (page.number("stops after epoch"), page.number("keeps epoch")) == (15, 5)
    assert page.sentence == "It saves 45 epochs and keeps the best of all 60 epochs."
    page.choose("Training", "energy")
    page.slide("Patience", 1)
    early = page.number("validation loss")
    assert "but misses epoch" in page.sentence
    page.slide("Patience", 60)
    assert page.number("validation loss") < early
