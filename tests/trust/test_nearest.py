"""The nearest of many points, nearly always, and never one that is nearer than the nearest."""

from __future__ import annotations

import numpy as np
import pytest

from formation_mlp.trust import nearest
from formation_mlp.trust.nearest import Points


def clusters(n: int, q: int = 8, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(30, q)) * 2
    return (centres[generator.integers(0, 30, n)] + 0.4 * generator.normal(size=(n, q))).astype(np.float32)


def by_force(rows: np.ndarray, points: Points) -> np.ndarray:
    """Distances to the nearest of the points as they are kept."""
    kept = points.grid.astype(float) * points.step
    return np.array([np.sqrt(((kept - row) ** 2).sum(axis=1).min()) for row in rows.astype(float)])


def fitted(points: np.ndarray) -> Points:
    return Points.fit(points, np.random.default_rng(0))


def test_the_distance_is_that_to_the_nearest_point_for_nearly_all_rows() -> None:
    points, rows = fitted(clusters(5000)), clusters(1000, seed=1)
    found, exact = points.distance(rows), by_force(rows, points)
    assert (found >= exact - 1e-3).all()
    assert (found <= exact + 1e-3).mean() > 0.95
    assert found.mean() < 1.03 * exact.mean()


@pytest.mark.parametrize("n", [1, 2, 3, 17, 64])
def test_few_points_are_all_searched(n: int) -> None:
    points, rows = fitted(clusters(n)), clusters(200, seed=1)
    np.testing.assert_allclose(points.distance(rows), by_force(rows, points), atol=2e-3)


def test_coordinates_are_kept_to_half_a_step() -> None:
    given = clusters(500)
    points = fitted(given)
    kept = points.grid * points.step
    assert points.grid.dtype == np.int8
    order, own_order = np.lexsort(np.round(given / points.step).T), np.lexsort(points.grid.T)
    assert np.abs(given[order] - kept[own_order]).max() <= 0.501 * points.step.max()
    assert points.distance(given).max() < points.step.max() * np.sqrt(8) / 2 + 1e-3


def test_every_point_lies_in_one_cell() -> None:
    points = fitted(clusters(3000))
    assert points.starts[0] == 0
    assert points.starts[-1] == len(points.grid) == 3000
    assert (np.diff(points.starts) >= 0).all()
    assert len(points.centres) == 55  # the root of 3000
    assert len(fitted(clusters(70_000)).centres) == nearest.MOST_CELLS


def test_equal_points_and_columns_without_spread_are_no_trouble() -> None:
    same = np.tile(np.array([1.0, 0.0, -2.0], np.float32), (500, 1))
    points = fitted(same)
    np.testing.assert_allclose(points.distance(same[:3]), 0, atol=0.02)
    np.testing.assert_allclose(points.distance(same[:3] + np.array([0, 3, 4], np.float32)), 5, rtol=0.01)


def test_blocks_of_rows_leave_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    points, rows = fitted(clusters(2000)), clusters(700, seed=1)
    at_once = points.distance(rows)
    monkeypatch.setattr(nearest, "BLOCK", 3)
    np.testing.assert_allclose(points.distance(rows), at_once, atol=1e-3)


def test_no_rows_have_no_distances() -> None:
    assert fitted(clusters(10)).distance(clusters(0)).shape == (0,)


@pytest.mark.parametrize("change", ["grid", "step", "starts", "centres"])
def test_arrays_that_do_not_fit_are_refused(change: str) -> None:
    points = fitted(clusters(100))
    arrays = {name: getattr(points, name) for name in ("grid", "step", "starts", "centres")}
    with pytest.raises(ValueError, match="points: "):
        Points(**arrays | {change: arrays[change][:-1]})
