"""Distances to the hull have intervals that hold, and chances that are neither too high nor too low."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from formation_mlp.errors import CheckpointError
from formation_mlp.hulls import chance as module
from formation_mlp.hulls.chance import (
    KINDS,
    Fitted,
    HullErrors,
    Joint,
    best_threshold,
    chance_of_known,
    fitted,
    logit,
    scale_of_distance,
)


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_intervals_hold_and_chances_are_shares(level: float) -> None:
    rng = np.random.default_rng(0)
    scale = rng.uniform(0.01, 0.2, 40_000)
    found = rng.normal(0.05, 0.2, len(scale))
    truth = found + scale * rng.standard_t(3, len(scale))
    errors = HullErrors.fit(((truth - found) / scale)[:20_000])
    found, scale, truth = found[20_000:], scale[20_000:], truth[20_000:]
    low, high = errors.interval(level, found, scale)
    assert np.mean((low <= truth) & (truth <= high)) == pytest.approx(level, abs=0.01)
    chances = errors.chance(found, scale)
    assert chances.mean() == pytest.approx(np.mean(truth <= 0), abs=0.01)
    assert chances.min() >= 0
    assert chances.max() <= 1
    assert np.all(np.diff(errors.chance(np.linspace(-1, 1, 99), np.full(99, 0.1))) <= 0)
    assert errors.chance(np.array([0.0]), np.array([1.0])) == pytest.approx(np.mean(found >= truth), abs=0.02)


def test_the_joint_is_scikit_learns_logistic_regression() -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(1)
    classifier, hull = rng.uniform(0, 1, (2, 3000))
    is_stable = rng.uniform(0, 1, 3000) < (classifier + hull) / 2
    found = Joint.fit(classifier, hull, is_stable)
    X = np.stack([logit(classifier), logit(hull)], axis=1)
    theirs = LogisticRegression(C=1e9, tol=1e-10, max_iter=1000).fit(X, is_stable)
    expected = [theirs.intercept_[0], *theirs.coef_[0]]
    assert [found.intercept, found.of_classifier, found.of_hull] == pytest.approx(expected, abs=1e-4)
    assert found.chance(classifier, hull) == pytest.approx(theirs.predict_proba(X)[:, 1], abs=1e-4)


def test_the_threshold_has_the_best_f1() -> None:
    from sklearn.metrics import f1_score

    rng = np.random.default_rng(2)
    chance = rng.uniform(0, 1, 300)
    is_stable = rng.uniform(0, 1, 300) < chance
    best = best_threshold(chance, is_stable)
    scores = [f1_score(is_stable, chance >= each) for each in chance]
    assert f1_score(is_stable, chance >= best) == pytest.approx(max(scores))


def test_a_scale_is_made_of_what_is_there() -> None:
    half = np.array([0.1, 0.2])
    assert scale_of_distance(None, half)[0] == "interval"
    kind, scale = scale_of_distance(np.array([0.04, 0.0]), half)
    assert kind == "members"
    assert scale == pytest.approx([0.05, 0.06])


def test_energies_of_the_database_are_compared_with_their_own_errors() -> None:
    found = chance_of_known(np.array([-0.5, 0.0, 0.5, 0.02]), np.array([0.0, 0.0, 0.0, 0.1]))
    assert found[:3] == pytest.approx([1, 0.5, 0])
    assert 0.4 < found[3] < 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_fitted_is_in_the_package(kind: str) -> None:
    known = fitted(kind)
    assert Fitted.of(known.described()).described() == known.described()
    assert known.joint.of_classifier > 0
    assert known.joint.of_hull > 0
    low, high = known.errors.interval(0.9, np.zeros(1), np.ones(1))
    assert low[0] < 0 < high[0]


def test_a_damaged_table_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "joint.json"
    path.write_text('{"format": 1, "kinds": {"members": {"quantiles": [1, 0], "joint": {}}}}', encoding="utf-8")
    monkeypatch.setattr(module, "PATH", path)
    fitted.cache_clear()
    try:
        with pytest.raises(CheckpointError, match="no rising numbers"):
            fitted("members")
        path.unlink()
        with pytest.raises(CheckpointError, match="Install again"):
            fitted("members")
    finally:
        fitted.cache_clear()
