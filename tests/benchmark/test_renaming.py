"""A model of a benchmark under another name."""

from __future__ import annotations

import numpy as np

from formation_mlp.benchmark.outcome import SEEN_FORMULA, About, Outcome
from formation_mlp.benchmark.renaming import renamed
from formation_mlp.benchmark.results import Results, results_of


def results() -> Results:
    y = np.array([-1.0, -2.0, -3.0])
    marks = np.full(3, SEEN_FORMULA, np.int8)
    named = {"mlp": True, "mlp_regressor": False}
    outcomes = [
        Outcome(
            name, is_network, "", 0, 1.0, 9, "test", ["a", "b", "c"], ["NaCl", "KCl", "LiF"], marks, y,
            y + shift, 0.1, 1.0, 1.0, 0.1, None, 5, "parameters", [(0.1, 0.3), (1.0, 0.1)],
        )
        for shift, (name, is_network) in enumerate(named.items(), 1)
    ]  # fmt: skip
    return results_of(outcomes, About("holdout", "", "mlp", "regression", 0.5, "energy", "", {}))


def test_a_model_has_its_new_name_everywhere_and_others_keep_theirs() -> None:
    found = renamed(results(), "mlp", "residual")
    assert found.about.main == "residual"
    assert [one.model for one in found.models] == ["residual", "mlp_regressor"]
    assert (
        set(found.cost) == set(found.novelty.scores) == set(found.divisions[0].scores) == {"residual", "mlp_regressor"}
    )
    assert found.opponent == "mlp_regressor"
    assert all(one.second == "residual" for one in found.comparisons)


def test_a_name_that_another_model_has_is_not_taken() -> None:
    assert renamed(results(), "mlp", "mlp_regressor").about.main == "mlp"
    assert renamed(results(), "none", "residual").about.main == "mlp"
