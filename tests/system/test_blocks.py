"""Rows that are computed in blocks: all of them, in their order, and each the same whatever stands beside it."""

from __future__ import annotations

import threading

import numpy as np
import pytest

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
