"""Compounds of elements that no training row holds have wider intervals, by what left-out elements taught."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.elements import ATOMIC_NUMBER, SYMBOLS
from formation_mlp.materials.inputs import read_materials
from formation_mlp.saved_model.predictor import Predictor, load
from formation_mlp.trust.unseen_elements import Rule, rule, unseen_among, widened
from formation_mlp.typing import Bools

ONES = np.full(3, 0.1)


def compositions_of(*formulas: str) -> Compositions:
    return read_materials(list(formulas)).materials.compositions


def all_but(*symbols: str) -> Bools:
    is_seen = np.ones(len(SYMBOLS), np.bool_)
    is_seen[[ATOMIC_NUMBER[symbol] for symbol in symbols]] = False
    return is_seen


def without(predictor: Predictor, *symbols: str) -> Predictor:
    """Return a model that says it has never seen some elements."""
    errors = predictor.checkpoint.errors
    assert errors is not None
    pairs = errors.pairs.copy()
    for symbol in symbols:
        pairs[ATOMIC_NUMBER[symbol]] = 0
        pairs[:, ATOMIC_NUMBER[symbol]] = 0
    return Predictor(replace(predictor.checkpoint, errors=replace(errors, pairs=pairs)))


def test_what_is_seen_keeps_its_interval() -> None:
    compositions = compositions_of("NaCl", "CaF2", "ZrO2")
    below, above, size = widened(-ONES, ONES, ONES, 0.9, compositions, all_but("Xe"))
    np.testing.assert_array_equal([-below, above, size], [ONES, ONES, ONES])


def test_only_compounds_of_unseen_elements_are_widened() -> None:
    compositions = compositions_of("NaCl", "CaF2", "ZrO2")
    below, above, size = widened(-ONES, ONES, ONES, 0.9, compositions, all_but("F"))
    assert (above > ONES).tolist() == (-below > ONES).tolist() == (size > ONES).tolist() == [False, True, False]
    assert ONES.tolist() == [0.1] * 3  # what was given is not changed


def test_an_interval_that_is_wider_already_stays() -> None:
    wide = np.array([7.0])
    below, above, size = widened(-wide, wide, wide, 0.9, compositions_of("CaF2"), all_but("F"))
    assert (below[0], above[0], size[0]) == (-7, 7, 7)


def test_without_a_level_there_are_expected_errors_only() -> None:
    nothing = np.full(1, np.nan)
    below, above, size = widened(nothing, nothing, np.full(1, 0.01), None, compositions_of("CaF2"), all_but("F"))
    assert np.isnan([below[0], above[0]]).all()
    assert size[0] > 0.1


@pytest.mark.parametrize(
    ("near", "far"),
    [
        ("NaZr2", "NaF2"),  # hafnium resembles zirconium, nothing resembles fluorine
        ("NaZr2", "NaB2"),
        ("Na9F", "NaF"),
        ("Na9Zr", "NaZr"),
    ],
)
def test_errors_grow_with_the_share_and_the_strangeness_of_unseen_elements(near: str, far: str) -> None:
    sizes = rule().size(unseen_among(compositions_of(near, far), all_but("Zr", "F", "B")))
    assert sizes[0] < sizes[1]


def test_all_elements_may_be_unseen() -> None:
    found = unseen_among(compositions_of("NaCl"), np.zeros(len(SYMBOLS), np.bool_))
    assert found.fraction == pytest.approx(1)
    assert np.isfinite(rule().half_width(0.9, found)).all()


@pytest.mark.parametrize("symbol", ["H", "Xe", "Rn", "Pu", "Og"])
def test_each_element_has_a_rule(symbol: str) -> None:
    found = unseen_among(compositions_of(f"{symbol}2O3"), all_but(symbol))
    assert 0.01 < rule().size(found)[0] < 2


def test_higher_levels_are_wider() -> None:
    found = unseen_among(compositions_of("CaF2"), all_but("F"))
    widths = [float(rule().half_width(level, found)[0]) for level in (0.1, 0.5, 0.8, 0.9, 0.95, 0.999)]
    assert widths == sorted(widths)
    assert widths[1] < widths[3]


def test_the_shipped_rule_is_complete() -> None:
    known = rule()
    assert len(known.coefficients) == 4
    assert (np.diff(known.levels) > 0).all()
    assert (np.diff(known.factors) >= 0).all()
    assert len(known.elements) >= 20
    assert not {"Li", "Se", "F", "Sn", "Mn", "La", "W", "Cl"} & set(known.elements)
    assert isinstance(known, Rule)


def test_a_model_that_has_not_seen_an_element_says_so_by_its_intervals() -> None:
    formulas = ["CaF2", "NaCl", "LiFeO2"]
    known = load("composition").predict_rows(formulas, level=0.9)
    found = without(load("composition"), "F").predict_rows(formulas, level=0.9)
    assert known.lo is not None
    assert known.hi is not None
    assert found.lo is not None
    assert found.hi is not None
    assert known.expected_error is not None
    assert found.expected_error is not None
    assert found.hi[0] - found.lo[0] > 3 * (known.hi[0] - known.lo[0])
    assert found.expected_error[0] > 3 * known.expected_error[0]
    np.testing.assert_array_equal(found.hi[1:], known.hi[1:])
    np.testing.assert_array_equal(found.values, known.values)
