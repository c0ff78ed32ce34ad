"""Whatever is done to the file of a model, it is refused in a sentence, or it predicts what it predicted before."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formation_mlp import load
from formation_mlp.errors import CheckpointError
from formation_mlp.saved_model.checkpoint import save_tensors
from formation_mlp.system.tensor_file import TensorFile, read_file
from support.paths import GOLDEN

pytestmark = pytest.mark.slow

MODEL = GOLDEN / "model_format_5.safetensors"
FORMULAS = ["NaCl", "Fe2O3", "CsBr"]
bounded = settings(derandomize=True, deadline=None, max_examples=200)

STATED = read_file(MODEL)
CONTENT = MODEL.read_bytes()
BEFORE = load(MODEL).predict_rows(FORMULAS, level=0.5)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value in plain data, that of mappings and lists too."""
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*path, key))


def changed(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    description: dict[str, Any] = copy.deepcopy(STATED.description)
    node: Any = description
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return description


PLACES = list(places(STATED.description))
FREE = {("target_scaler", "centre"), ("target_scaler", "scale")}
"""Numbers that another model could have: with another one, another model answers."""

plain = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from([10**30, -1, 0, 1, 1e308, -1e308, 5e-324, "\ud800", "a\0b", "eV/atom", "O"]),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=20),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def check(path: Path, *, same: bool = True) -> None:
    """Load a file that was tampered with, and predict with it."""
    reason = ""
    try:
        model = load(path)
        found = model.predict_rows(FORMULAS, level=0.5 if model.has_intervals else None)
    except CheckpointError as error:
        reason = str(error)
    if reason:
        assert str(path) in reason or "features" in reason
        assert len(reason) < 1500
        return
    good = [not error for error in found.errors]
    assert np.isfinite(found.values[good]).all()
    assert (np.abs(found.values[good]) <= 20).all()
    if same:
        np.testing.assert_array_equal(found.values[good], BEFORE.values[good])


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tampered") / "model.safetensors"


@bounded
@given(st.sampled_from(PLACES), plain)
def test_an_edited_description_whose_digest_is_right_is_refused_or_changes_nothing(
    path: Path, place: tuple[Any, ...], value: Any
) -> None:
    save_tensors(path, STATED.arrays, changed(place, value))
    check(path, same=place not in FREE and place[0] != "members")


@bounded
@given(st.sampled_from(PLACES))
def test_a_description_that_lacks_something_is_refused_or_changes_nothing(path: Path, place: tuple[Any, ...]) -> None:
    description = changed(place, None)
    node: Any = description
    for key in place[:-1]:
        node = node[key]
    del node[place[-1]]
    save_tensors(path, STATED.arrays, description)
    check(path)


@bounded
@given(st.integers(0, 8 * len(CONTENT) - 1))
def test_a_flipped_bit_anywhere_in_the_file_is_found(path: Path, bit: int) -> None:
    content = bytearray(CONTENT)
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"damaged|changed|format|not a model"):
        load(path)


@bounded
@given(st.sampled_from(sorted(STATED.arrays)), st.integers(0, 2**32), st.integers(0, 7))
def test_a_flipped_bit_of_a_number_whose_digest_is_right_gives_finite_numbers_or_a_reason(
    path: Path, name: str, place: int, bit: int
) -> None:
    array = STATED.arrays[name].copy()
    numbers = array.reshape(-1).view(np.uint8)
    numbers[place % len(numbers)] ^= 1 << bit
    save_tensors(path, STATED.arrays | {name: array}, STATED.description)
    check(path, same=False)


@bounded
@given(
    st.sampled_from(sorted(STATED.arrays)),
    st.sampled_from(["<f4", "<f8", "<i8", "<i4", "u1", "i1", "?"]),
    st.lists(st.integers(0, 5), max_size=3),
)
def test_an_array_of_another_kind_is_refused(path: Path, name: str, dtype: Any, shape: Any) -> None:
    array = np.ones(shape, dtype)
    save_tensors(path, STATED.arrays | {name: array}, STATED.description)
    if (array.dtype, array.shape) != (STATED.arrays[name].dtype, STATED.arrays[name].shape):
        with pytest.raises(CheckpointError, match=str(path)):
            load(path)


@bounded
@given(st.integers(0, len(CONTENT) - 1), st.binary(max_size=40), st.integers(0, 60))
def test_bytes_that_are_cut_out_or_put_in_are_found(path: Path, start: int, inserted: bytes, n_cut: int) -> None:
    content = CONTENT[:start] + inserted + CONTENT[start + n_cut :]
    path.write_bytes(content)
    if content != CONTENT:
        with pytest.raises(CheckpointError, match=r"damaged|changed|format|not a model"):
            load(path)


def test_what_is_read_is_what_was_written() -> None:
    assert isinstance(STATED, TensorFile)
    assert STATED.stated == STATED.digest()
    assert STATED.description["format"] == 5
