"""What holds of any formula: tried on many that no one has chosen."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.errors import FormationMLPError
from formation_mlp.materials.formula import reading as formula_module
from formation_mlp.materials.formula.atoms import FormulaError
from formation_mlp.materials.formula.reading import ParsedFormulas, parse_formulas
from formation_mlp.materials.formula.text import Reading, read_formula

pytestmark = pytest.mark.slow

bounded = settings(derandomize=True, deadline=None, max_examples=300)

AMOUNT = st.one_of(
    st.just(""),
    st.integers(2, 9).map(str),
    st.integers(11, 99).filter(lambda n: n % 10 > 0).map(str),
    st.integers(1, 9999).map(lambda n: f"0.{n:04d}"),
)
ATOM = st.tuples(st.sampled_from([s for s in SYMBOLS[1:] if s not in ("I", "V")]), AMOUNT).map("".join)
GROUP = st.tuples(st.lists(ATOM, min_size=1, max_size=3).map("".join), st.integers(2, 9)).map(
    lambda pair: f"({pair[0]}){pair[1]}"
)
FORMULA = st.lists(st.one_of(ATOM, ATOM, GROUP), min_size=1, max_size=5).map("".join)
PIECES = [*"CHONFDTIVxyz0123456789.,()[]{}·*+-_/:%$@ e\n\0", "Na", "Fe", "H2O", "SI", "CO", "203", "02", ".5", "(III)"]
PIECES += ["₂", "½", "α", "С", "\u200b", "\ufeff", "\u00a0", "\ud800", "(s)", "rutile", " 2", "NH3", "<sub>", "😀"]
TEXT = st.one_of(st.text(max_size=40), st.lists(st.sampled_from(PIECES), max_size=12).map("".join))


@bounded
@given(FORMULA)
def test_a_valid_formula_is_read_as_by_pymatgen(formula: str) -> None:
    from pymatgen.core import Composition

    parsed = parse_formulas([formula])
    assert parsed.failures == {}
    expected = Composition(formula)
    column = parsed.compositions
    assert [SYMBOLS[z] for z in column.z.tolist()] == [element.symbol for element in expected]
    assert column.amount.tolist() == list(expected.values())


@bounded
@given(FORMULA)
def test_blanks_around_every_element_change_nothing(formula: str) -> None:
    spaced = "".join(f" {sign}" if sign.isupper() or sign == "(" else sign for sign in formula)
    one, other = parse_formulas([formula]), parse_formulas([spaced])
    assert other.failures == {}
    assert one.compositions.formulas() == other.compositions.formulas()


@bounded
@given(TEXT)
def test_any_text_gives_amounts_or_a_short_reason(text: str) -> None:
    reading: Reading | FormulaError
    try:
        reading = read_formula(text)
    except FormulaError as error:
        reading = error
    if isinstance(reading, FormulaError):
        assert isinstance(reading, FormationMLPError)
        assert 0 < len(str(reading)) < 600
        return
    assert reading.amounts
    assert all(math.isfinite(amount) and amount > 0 for amount in reading.amounts.values())
    assert len(reading.note) < 600


@bounded
@given(TEXT)
def test_whatever_is_suggested_can_be_read(text: str) -> None:
    reason = parse_formulas([text]).failures.get(0, "")
    _, asked, offered = reason.partition("Did you mean ")
    for suggestion in offered.removesuffix("?").split(" or ") if asked else []:
        assert parse_formulas([suggestion]).failures == {}


@bounded
@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.binary(), st.lists(st.text())))
def test_what_is_no_text_is_a_missing_formula(item: Any) -> None:
    assert "missing" in parse_formulas([item]).failures[0]


def spelled_out(parsed: ParsedFormulas) -> tuple[object, ...]:
    column = parsed.compositions
    return column.row_ptr.tolist(), column.z.tolist(), column.amount.tolist(), parsed.failures, parsed.notes


@settings(bounded, max_examples=100)
@given(st.lists(st.one_of(TEXT, FORMULA), max_size=30))
def test_the_scanner_of_long_columns_and_the_parser_agree(column: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(formula_module, "SCAN_FROM", len(column) + 1)
        one_by_one = parse_formulas(column)
        patch.setattr(formula_module, "SCAN_FROM", 0)
        scanned = parse_formulas(column)
    assert spelled_out(one_by_one) == spelled_out(scanned)
    assert np.array_equal(one_by_one.compositions.n_elements, scanned.compositions.n_elements)
