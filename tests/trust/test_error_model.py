"""Intervals of their own for each row, which hold in each group of rows."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.errors import CheckpointError
from formation_mlp.materials.inputs import read_materials
from formation_mlp.runs.error_fit import OutOfSample, calibrated, fit_error_model, halves, power_of
from formation_mlp.trust.error_inputs import Asked, pair_counts
from formation_mlp.trust.error_model import ErrorModel, Errors, scores_of
from formation_mlp.trust.levels import Level, levels_of, meaning, trust_of
from formation_mlp.trust.listed import are_listed, fingerprints
from formation_mlp.typing import Bools, Floats

SYMBOLS = ["Li", "Na", "K", "Mg", "Ca", "Al", "Fe", "Cu", "Ni", "Ti"]
FORMULAS = [f"{a}{i}{x}{j}" for a in SYMBOLS for x in ("O", "F", "Cl", "S") for i in range(1, 6) for j in range(1, 6)]
N = 3 * len(FORMULAS)


class Rows(NamedTuple):
    """Answers, their errors and groups, and which of them are calibrated on."""

    asked: Asked
    error: Floats
    group: NDArray[np.str_]
    scored: Bools


def rows_of(seed: int) -> Rows:
    """Return errors that are ten times larger for fluorides, and ten times larger still on the second scale."""
    generator = np.random.default_rng(seed)
    compositions: Compositions = read_materials(FORMULAS * 3).materials.compositions
    fluoride = np.array(["F" in formula.replace("Fe", "") for formula in FORMULAS * 3])
    scale = generator.integers(2, size=N)
    size = 0.02 * np.where(fluoride, 10.0, 1.0) * np.where(scale == 1, 3.0, 1.0)
    answers = generator.normal(-2, 0.5, (N, 2))
    asked = Asked(
        compositions,
        generator.normal(size=(N, 4)),
        generator.random(N),
        answers,
        scale,
        np.zeros(N, np.bool_),
    )
    group = np.array(["mp2020/known", "oqmd/known"])[scale]
    return Rows(asked, generator.normal(0, size), group, generator.random(N) < 0.4)


@pytest.fixture(scope="module")
def model() -> ErrorModel:
    rows = rows_of(0)
    pairs = pair_counts(rows.asked.compositions)
    known = OutOfSample(rows.asked.inputs(pairs), rows.error, rows.group, rows.scored, np.ones(N))
    return fit_error_model(known, pairs, np.unique(fingerprints(rows.asked.compositions)), 0)


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_intervals_hold_in_each_group_of_new_rows(model: ErrorModel, level: float) -> None:
    new = rows_of(1)
    errors = model.errors(new.asked)
    for group in ("mp2020/known", "oqmd/known"):
        low, high = model.ends(level, errors, group)
        of_group = new.group == group
        held = ((low <= new.error) & (new.error <= high))[of_group].mean()
        assert abs(held - level) < 4 * np.sqrt(level * (1 - level) * (1 / of_group.sum() + 1 / model.starts[1]))


def test_each_row_has_a_width_of_its_own(model: ErrorModel) -> None:
    new = rows_of(1)
    low, high = model.ends(0.9, model.errors(new.asked), "mp2020/known")
    width = high - low
    fluoride = np.array(["F" in formula.replace("Fe", "") for formula in FORMULAS * 3])
    own = new.group == "mp2020/known"
    assert np.median(width[fluoride & own]) > 4 * np.median(width[~fluoride & own])
    size = model.errors(new.asked).size
    assert np.corrcoef(size, np.abs(new.error))[0, 1] > 0.4


def test_what_is_expected_of_a_row_does_not_depend_on_the_others(model: ErrorModel) -> None:
    asked = rows_of(1).asked
    whole = model.errors(asked)
    some = np.array([3, 500, 7])
    part = Asked(
        asked.compositions.take(some),
        asked.components[some],
        asked.distance[some],
        asked.answers[some],
        asked.scale[some],
        asked.is_hypothetical[some],
    )
    for own, all_ in zip(model.errors(part), whole, strict=True):
        np.testing.assert_array_equal(own, all_[some])


def test_a_group_without_scores_has_the_widest_intervals(model: ErrorModel) -> None:
    factors = [model.factor(0.9, group) for group in model.groups]
    assert model.factor(0.9, "measured/hypothetical") == max(factors)
    assert model.has_group("oqmd/known")
    assert not model.has_group("measured/hypothetical")


def test_a_level_takes_enough_rows(model: ErrorModel) -> None:
    assert "at most 0.99" in model.reason(0.99999)
    assert "between 0 and 1" in model.reason(1.0)
    with pytest.raises(CheckpointError, match="validation rows"):
        model.ends(0.99999, model.errors(rows_of(1).asked), "oqmd/known")


def test_it_comes_back_from_a_file_as_it_was(model: ErrorModel) -> None:
    arrays, plain = model.dump()
    again = ErrorModel.restore(arrays, plain)
    asked = rows_of(1).asked
    np.testing.assert_array_equal(again.errors(asked).low, model.errors(asked).low)
    assert again.levels == model.levels
    assert again.groups == model.groups


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("starts", lambda a: a[:-1]),
        ("scores", lambda a: a * np.nan),
        ("weights.first.weight", lambda a: a.T),
        ("width", lambda a: a * 0),
        ("pairs", lambda a: a[:5]),
        ("more", lambda _: np.zeros(1)),
    ],
)
def test_what_does_not_fit_is_refused(model: ErrorModel, name: str, change: object) -> None:
    arrays, plain = model.dump()
    arrays[name] = change(arrays.get(name, np.zeros(1)))  # type: ignore[operator]
    with pytest.raises(ValueError, match=r"errors|scores|weights|width|pairs|starts"):
        ErrorModel.restore(arrays, plain)


def test_the_score_of_a_row_is_the_factor_at_which_its_interval_ends_there(model: ErrorModel) -> None:
    new = rows_of(2)
    errors = model.errors(new.asked)
    scores = scores_of(errors, new.error)
    half, middle = (errors.high - errors.low) / 2, (errors.high + errors.low) / 2
    np.testing.assert_allclose(np.abs(new.error - middle), scores * half)


def test_the_rarest_pair_of_elements_counts_the_rows_that_hold_both() -> None:
    counts = pair_counts(read_materials(["NaCl", "KCl", "NaKCl2", "Fe"]).materials.compositions)
    assert int(counts[11, 17]) == int(counts[17, 11]) == 2
    assert int(counts[26, 26]) == 1
    assert int(counts[11, 26]) == 0


def test_a_compound_is_listed_however_its_formula_is_written() -> None:
    listed = np.unique(fingerprints(read_materials(["Fe2O3", "NaCl"]).materials.compositions))
    asked = read_materials(["O6Fe4", "ClNa", "Fe3O4", "NaCl2", "Fe0.4O0.6"]).materials.compositions
    assert are_listed(asked, listed).tolist() == [True, True, False, False, True]


def test_halves_keep_a_formula_together() -> None:
    second = halves(["a", "b", "a", "c", "b"] * 50, 0)
    assert second[0] == second[2]
    assert second[1] == second[4]


def test_levels_say_the_errors_that_their_rows_had() -> None:
    size, error = np.array([0.01, 0.02, 0.08, 0.5]), np.array([0.01, -0.03, 0.1, -0.4])
    levels = levels_of(size, error)
    assert [level.mean_error for level in levels] == [0.02, 0.1, 0.4]
    assert trust_of(size, np.array([False, True, False, False]), levels) == ["high", "low", "medium", "low"]
    assert meaning(levels).startswith("high (up to 0.045), medium (up to 0.11), low (above) by the expected error; ")
    assert meaning(levels).endswith("off by 0.02, 0.1, 0.4 eV/atom on average")
    assert replace(levels[0], name="low") == Level("low", levels[0].up_to, 0.02)


def test_levels_say_the_errors_on_each_scale_that_has_enough_rows() -> None:
    size, error = np.full(70, 0.03), np.repeat([0.02, 0.04, 0.05], [30, 30, 10])
    high, medium, _ = levels_of(size, error, np.repeat(["mp2020", "measured", "oqmd"], [30, 30, 10]))
    assert high.by_scale == {"mp2020": 0.02, "measured": 0.04}
    assert high.error_on("oqmd") == high.mean_error == pytest.approx(0.0329)
    assert medium.by_scale == {}
    assert "off by 0.04, " in meaning([high, medium], "measured")
    assert Level(**high.as_json()) == high
    assert "by_scale" not in medium.as_json()


def test_where_expected_errors_tell_rows_apart_less_than_they_say_they_move_together() -> None:
    generator = np.random.default_rng(0)
    size = np.exp(generator.normal(-3, 1, 4000))
    error = generator.laplace(size=4000)
    assert power_of(size, size * error) == pytest.approx(1, abs=0.1)
    assert power_of(size, size**0.4 * error) == pytest.approx(0.4, abs=0.1)
    assert power_of(size, error) == pytest.approx(0, abs=0.1)
    assert power_of(size, size**2 * error) == 1  # never further apart than the network says


def test_a_group_has_the_mean_error_of_its_rows_whatever_its_power(model: ErrorModel) -> None:
    rows = rows_of(3)
    expected = model.errors(rows.asked)
    generator = np.random.default_rng(4)
    error = np.where(rows.group == "oqmd/known", generator.laplace(0, 0.1, N), rows.error)
    known = OutOfSample(rows.asked.inputs(model.pairs), error, rows.group, np.ones(N, np.bool_), np.ones(N))
    found = calibrated(model, expected, known)
    by_group = dict(zip(found.groups, found.powers.tolist(), strict=True))
    assert by_group["oqmd/known"] < 0.3
    assert by_group["mp2020/known"] > 0.7
    for group in found.groups:
        own = rows.group == group
        sizes = found.sizes(Errors(*(column[own] for column in expected)), group)
        assert sizes.mean() == pytest.approx(np.abs(error[own]).mean(), rel=1e-4)


def test_a_group_without_rows_has_the_largest_expected_error_of_all(model: ErrorModel) -> None:
    errors = model.errors(rows_of(3).asked)
    of_groups = np.stack([model.sizes(errors, group) for group in model.groups])
    np.testing.assert_array_equal(model.sizes(errors, "mp2018/known"), of_groups.max(axis=0))


def test_a_file_without_powers_is_one_of_an_earlier_version(model: ErrorModel) -> None:
    arrays, plain = model.dump()
    del arrays["powers"]
    assert ErrorModel.restore(arrays, plain).powers.tolist() == [1.0] * len(model.groups)


def test_on_one_scale_it_expects_what_it_did_where_the_scales_differ_as_on_average(model: ErrorModel) -> None:
    new = rows_of(1)
    own = new.asked.scale == 1
    k = len(model.centre)
    inputs = new.asked.inputs(model.pairs)[own]
    inputs[:, k - 5] = model.centre[k - 5]  # the difference from the first scale, which the narrower model is not told
    one = model.for_scales([1], 2)
    answers = new.asked.answers[np.flatnonzero(own), 1][:, None]
    asked = replace(
        new.asked,
        compositions=new.asked.compositions.take(np.flatnonzero(own)),
        components=new.asked.components[own],
        distance=new.asked.distance[own],
        answers=answers,
        scale=np.zeros(own.sum(), np.int64),
        is_hypothetical=new.asked.is_hypothetical[own],
    )
    for found, wanted in zip(one.errors(asked), model.expected(inputs), strict=True):
        assert found == pytest.approx(wanted, rel=1e-4)
    assert one.groups == ()
    both = model.for_scales([0, 1], 2)
    assert both.errors(new.asked).size == pytest.approx(model.errors(new.asked).size, rel=1e-5)
    swapped = replace(new.asked, answers=new.asked.answers[:, ::-1], scale=1 - new.asked.scale)
    assert model.for_scales([1, 0], 2).errors(swapped).size == pytest.approx(model.errors(new.asked).size, rel=1e-4)


def test_known_powers_are_kept(model: ErrorModel) -> None:
    rows = rows_of(1)
    few = OutOfSample(rows.asked.inputs(model.pairs), rows.error, rows.group, rows.scored, np.ones(N))
    again = calibrated(model, model.errors(rows.asked), few, {"oqmd/known": 0.25})
    assert dict(zip(again.groups, again.powers.tolist(), strict=True))["oqmd/known"] == 0.25


def test_a_symmetric_model_reaches_to_both_sides_as_far_as_its_farther_quantile(model: ErrorModel) -> None:
    asked = rows_of(1).asked
    errors, both = model.errors(asked), replace(model, is_symmetric=True)
    even = both.errors(asked)
    np.testing.assert_array_equal(even.high, np.maximum(-errors.low, errors.high))
    np.testing.assert_array_equal(even.low, -even.high)
    np.testing.assert_array_equal(even.size, errors.size)
    arrays, plain = both.dump()
    assert ErrorModel.restore(arrays, plain).is_symmetric
    assert not ErrorModel.restore(*model.dump()).is_symmetric
