"""Layers that several threads use at once, and the number of threads of the BLAS meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from capsnet_study.routing.threads import one_thread
from tests.routing.problems import by_fused, problem


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def two_threads():
    """Let the BLAS share products."""
    case = problem(1, (1, 1), (1, 1))
    by_fused(case, case.u, case.weight, case.bias)  # loads the BLAS
    with threadpool_limits(2, user_api="blas"):
        yield


def test_blas_has_one_thread_until_the_last_of_overlapping_calls_has_ended():
    first_is_in, second_is_in, first_is_out = (Barrier(2) for _ in range(3))

    def first():
        with one_thread:
            first_is_in.wait()
            second_is_in.wait()
        first_is_out.wait()

    def second():
        first_is_in.wait()
        with one_thread:
            second_is_in.wait()
            first_is_out.wait()
            return blas_threads()

    with ThreadPoolExecutor(2) as pool:
        outer, inner = pool.submit(first), pool.submit(second)
        outer.result()
        assert inner.result() == {1}
    assert blas_threads() == {2}


def test_concurrent_calls_give_the_same_bits_and_restore_the_number_of_threads():
    case = problem(128, (2, 8), (32, 16), dtype=torch.float32)

    def route(_):
        v, c = by_fused(case, case.u, case.weight, case.bias)
        return v.numpy().tobytes() + c.numpy().tobytes()

    expected = route(0)
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(route, range(200))) == {expected}
    assert blas_threads() == {2}
