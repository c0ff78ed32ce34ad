"""Rows that are computed in blocks: all of them, in their order, and each the same whatever stands beside it."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from numpy.typing import NDArray

from formation_mlp.system import blocks
from formation_mlp.system.blocks import are_rows_alone, in_blocks, one_thread_each, product, rows_alone, side_by_side
from formation_mlp.typing import Ints


@pytest.mark.parametrize("n", [1, 5, 6, 7, 12, 100])
def test_all_rows_come_back_in_their_order_from_blocks_of_one_size(n: int) -> None:
    sizes = []

    def double(a: Ints, b: Ints) -> Ints:
        sizes.append((len(a), len(b)))
        total: Ints = a + b
        return total

    a = np.arange(n)
    np.testing.assert_array_equal(in_blocks(double, a, a, rows=6), 2 * a)
    assert set(sizes) == {(6, 6)}
    assert len(sizes) == -(-n // 6)


def test_a_product_has_the_same_bits_for_any_number_of_rows_and_in_any_order() -> None:
    generator = np.random.default_rng(0)
    for k, m in ((132, 16), (300, 1), (64, 64)):
        X, W = generator.normal(size=(700, k)).astype(np.float32), generator.normal(size=(k, m)).astype(np.float32)
        whole = in_blocks(lambda rows, W=W: product(rows, W), X)
        for n in (1, 2, 3, 100, 192, 193, 577):
            np.testing.assert_array_equal(in_blocks(lambda rows, W=W: product(rows, W), X[:n]), whole[:n])
        order = generator.permutation(len(X))
        np.testing.assert_array_equal(in_blocks(lambda rows, W=W: product(rows, W), X[order]), whole[order])


def test_blocks_are_shared_by_threads() -> None:
    barrier, names = threading.Barrier(2, timeout=600), set()

    def work(item: int) -> np.ndarray:
        barrier.wait()
        names.add(threading.get_ident())
        return np.array([item])

    assert [int(one[0]) for one in side_by_side(work, range(4), 2)] == [0, 1, 2, 3]
    assert len(names) == 2


def test_products_are_limited_to_a_thread_and_set_free_again() -> None:
    from threadpoolctl import threadpool_info, threadpool_limits

    def threads() -> set[int]:
        return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}

    with threadpool_limits(2, user_api="blas"):
        with one_thread_each() as before:
            assert (threads(), before) == ({1}, 2)
            with one_thread_each() as inner:
                assert (threads(), inner) == ({1}, 2)
            assert threads() == {1}
        assert threads() == {2}
        assert not are_rows_alone()
        with rows_alone():
            assert are_rows_alone()
            assert threads() == {1}
        assert not are_rows_alone()
        assert threads() == {2}


@pytest.mark.parametrize(("k", "m"), [(14, 64), (128, 4), (64, 4), (128, 64), (755, 384), (384, 3), (64, 1)])
def test_a_few_rows_are_a_smaller_block_with_the_bits_of_a_whole_one(k: int, m: int) -> None:
    generator = np.random.default_rng(0)
    X, W = generator.normal(size=(192, k)).astype(np.float32), generator.normal(size=(m, k)).astype(np.float32).T
    sizes = []

    def function(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        sizes.append(len(rows))
        pairs: NDArray[np.float32] = product(np.repeat(rows, 3, axis=0), W)  # several rows of a product belong to a row
        return pairs[::3]

    with rows_alone():
        whole = in_blocks(function, X)
        for n in (1, 16, 17, 96, 97):
            np.testing.assert_array_equal(in_blocks(function, X[:n]), whole[:n])
    assert sizes == [192, 16, 16, 96, 96, 192]


def test_a_product_whose_bits_depend_on_its_size_is_a_whole_one(monkeypatch: pytest.MonkeyPatch) -> None:
    heights = []

    def sums(rows: NDArray[np.float32], matrix: NDArray[np.float32], _size: int) -> NDArray[np.float32]:
        heights.append(len(rows))
        total: NDArray[np.float32] = rows @ matrix + np.float32(len(rows))
        return total

    monkeypatch.setattr(blocks, "_in_groups", sums)
    blocks._has_bits_of.cache_clear()
    X, W = np.ones((3, 5), np.float32), np.ones((5, 2), np.float32)
    with rows_alone():
        found = in_blocks(lambda rows: product(rows, W), X)
    blocks._has_bits_of.cache_clear()
    np.testing.assert_array_equal(found, np.full((3, 2), 5 + 192))
    assert heights[-1] == 192
