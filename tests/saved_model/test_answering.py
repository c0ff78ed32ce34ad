"""What a person asks of a model in Python: every kind of input, and each question with its good and bad words."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Composition

from formation_mlp import Predictor, load
from formation_mlp.errors import CheckpointError, ConfigError, DataError
from formation_mlp.prediction.answers import answer
from formation_mlp.prediction.inputs import queries_of_items
from formation_mlp.saved_model.columns import COLUMNS, kind
from formation_mlp.saved_model.short_card import as_html, facts_of

FORMULAS = ["NaCl", "Fe2O3", "MgO"]
BAD = ["NaCl", "Xx2O", "MgO", ""]
INPUTS: dict[str, Any] = {
    "tuple": tuple(FORMULAS),
    "generator": (formula for formula in FORMULAS),
    "array": np.array(FORMULAS),
    "array of one column": np.array(FORMULAS, object)[:, None],
    "series": pd.Series(FORMULAS, index=[7, 3, 5]),
    "series of pandas' own text": pd.Series(FORMULAS, dtype="string"),
    "categories": pd.Series(FORMULAS, dtype="category"),
    "frame of one column": pd.DataFrame({"any name": FORMULAS}),
    "compositions": [Composition(formula) for formula in FORMULAS],
}


@pytest.fixture(scope="module")
def shipped() -> Predictor:
    return load("composition")


@pytest.mark.parametrize("inputs", INPUTS.values(), ids=INPUTS)
def test_every_container_of_materials_is_read(shipped: Predictor, inputs: Any) -> None:
    np.testing.assert_allclose(shipped.predict(inputs), shipped.predict(FORMULAS), rtol=1e-6)


@pytest.mark.parametrize("X", [np.array([FORMULAS] * 2), pd.DataFrame({"a": FORMULAS, "b": FORMULAS}), np.float64(3)])
def test_what_is_no_column_is_refused(shipped: Predictor, X: Any) -> None:
    for ask in (shipped.predict, shipped.predict_interval, shipped.predict_table, shipped.predict_rows):
        with pytest.raises(DataError, match=r"X: found .*but a list of inputs is expected"):
            ask(X)


def test_spread_and_intervals_are_those_of_the_rows(shipped: Predictor) -> None:
    rows = shipped.predict_rows(FORMULAS, level=0.8)
    value, std = shipped.predict(FORMULAS, return_std=True)
    np.testing.assert_array_equal(value, rows.values)
    np.testing.assert_array_equal(std, rows.std)
    ends = shipped.predict_interval(FORMULAS, 0.8)
    assert ends.shape == (3, 2)
    np.testing.assert_array_equal(ends.T, [rows.lo, rows.hi])
    assert shipped.predict_interval([]).shape == (0, 2)


def test_scale_and_population_are_words_of_every_question(shipped: Predictor) -> None:
    assert not np.array_equal(shipped.predict(FORMULAS, scale="oqmd"), shipped.predict(FORMULAS))
    (lo, hi), (lo_h, hi_h) = (shipped.predict_interval(FORMULAS, population=one).T for one in ("known", "hypothetical"))
    assert ((hi_h - lo_h) > (hi - lo)).all()
    table = shipped.predict_table(FORMULAS, scale="oqmd", population="hypothetical")
    assert set(table["scale"]) == {"oqmd"}
    assert set(table["population"]) == {"hypothetical"}
    np.testing.assert_array_equal(table["prediction"], shipped.predict(FORMULAS, scale="oqmd"))


def test_bad_formulas_are_an_error_by_default(shipped: Predictor) -> None:
    for ask in (shipped.predict, shipped.predict_interval):
        with pytest.raises(DataError, match=r"2 of 4 inputs have no prediction; number 1: .*Xx"):
            ask(BAD)


def test_coerced_bad_formulas_are_nan_and_named_in_one_warning(shipped: Predictor) -> None:
    good = [True, False, True, False]
    with pytest.warns(UserWarning, match=r"2 of 4 inputs have no prediction; number 1: .*Xx.*; number 3: ") as said:
        value, std = shipped.predict(BAD, return_std=True, errors="coerce")
    assert len(said) == 1
    assert Path(said[0].filename) == Path(__file__)
    with pytest.warns(UserWarning, match="2 of 4"):
        ends = shipped.predict_interval(BAD, errors="coerce")
    for column in (value, std, *ends.T):
        np.testing.assert_array_equal(np.isfinite(column), good)
    np.testing.assert_array_equal(value[good], shipped.predict(["NaCl", "MgO"]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shipped.predict(FORMULAS, errors="coerce")


def test_of_many_bad_formulas_a_warning_names_five(shipped: Predictor) -> None:
    with pytest.warns(UserWarning, match=r"9 of 9 inputs.*number 4: [^;]*; and 4 more$"):
        assert np.isnan(shipped.predict([f"Q{i}" for i in range(1, 10)], errors="coerce")).all()


@pytest.mark.parametrize("word", ["ignore", "", None, "Raise"])
def test_no_other_word_hides_a_missing_prediction(shipped: Predictor, word: Any) -> None:
    for ask in (shipped.predict, shipped.predict_interval):
        with pytest.raises(ConfigError, match=r"errors: found .*'raise', or 'coerce'"):
            ask(FORMULAS, errors=word)


def test_a_single_network_has_no_spread_and_says_what_to_ask(finished_run: Path) -> None:
    with pytest.raises(CheckpointError, match=r"return_std: the model has one member.*predict_interval"):
        load(finished_run).predict(FORMULAS, return_std=True)


@pytest.mark.parametrize("level", [0, 1, 1.5])
def test_a_level_lies_between_zero_and_one(shipped: Predictor, level: float) -> None:
    for ask in (shipped.predict_interval, lambda items, level: shipped.predict_table(items, level=level)):
        with pytest.raises(CheckpointError, match="a level lies between 0 and 1"):
            ask(FORMULAS, level)


# --- tables


@pytest.mark.parametrize("scale", [None, "measured", "all"])
@pytest.mark.parametrize("unit", [None, "kJ/mol"])
def test_a_table_holds_what_the_command_line_writes(scale: str | None, unit: str | None) -> None:
    ids, queries = queries_of_items(BAD, "composition")
    written = answer(queries, ids, scale=scale, unit=unit).columns
    table = load("composition").predict_table(BAD, scale=scale, unit=unit)
    assert list(table.columns) == [name for name in written if name != "id"]
    assert {kind(name) for name in table.columns} <= set(COLUMNS)
    for name in table.columns:
        if isinstance(written[name], list):
            assert table[name].tolist() == written[name]
        else:
            np.testing.assert_array_equal(table[name], written[name])


def test_a_table_keeps_the_index_and_tells_the_reason_of_each_failure(shipped: Predictor) -> None:
    for X in (pd.Series(BAD, index=list("abcd")), pd.DataFrame({"formula": BAD}, index=list("abcd"))):
        table = shipped.predict_table(X)
        assert table.index.tolist() == list("abcd")
        assert table["error"].astype(bool).tolist() == [False, True, False, True]
        assert table["prediction"].isna().tolist() == [False, True, False, True]
    assert shipped.predict_table(BAD).index.tolist() == [0, 1, 2, 3]
    assert len(shipped.predict_table([])) == 0


def test_a_classifier_answers_with_probabilities() -> None:
    stability = load("stability")
    table = stability.predict_table(FORMULAS)
    assert set(table["unit"]) == {"probability"}
    np.testing.assert_array_equal(table["prediction"], stability.predict(FORMULAS))
    with pytest.raises(ConfigError, match=r"^unit: the model predicts a probability"):
        stability.predict_table(FORMULAS, unit="kJ/mol")
    with pytest.raises(CheckpointError, match="the model is a classifier"):
        stability.predict_interval(FORMULAS)


@pytest.mark.parametrize("unit", ["kJ", "eV/formula"])
def test_a_unit_is_one_per_atom(shipped: Predictor, unit: str) -> None:
    with pytest.raises(ConfigError, match=f"^unit: .*{unit}"):
        shipped.predict_table(FORMULAS, unit=unit)


# --- in a notebook


def test_a_notebook_shows_a_short_card(shipped: Predictor, finished_run: Path) -> None:
    page = shipped._repr_html_()
    for text in ("formation energy", "mp2020 (also mp2019, oqmd, measured)", "115683 rows", "MAE 0.0475", "not for"):
        assert text in page
    own = load(finished_run)
    assert "trained by its user" in own._repr_html_()
    assert repr(shipped) == "Predictor(formation energy, eV/atom)"
    assert "eV/atom" in repr(own)


def test_no_text_of_a_model_file_is_markup(shipped: Predictor) -> None:
    facts = facts_of(shipped.checkpoint, "") | {"origin": "<img src=x onerror=alert(1)> & 'quoted\""}
    page = as_html(facts)
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt; &amp; &#x27;quoted&quot;" in page
