"""The fused routing, against finite differences and against `route`."""

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from capsnet_study.routing import kernels
from capsnet_study.routing.fused import fused_route
from tests.routing.problems import by_fused, by_plain, leaves_of, problem, results

INF, NAN = float("inf"), float("nan")
GRADIENTS = pytest.mark.parametrize("gradient", ["full", "last"])
PRECISIONS = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])

layers = st.fixed_dictionaries(
    {
        "batch": st.integers(1, 40),
        "lower": st.tuples(st.integers(1, 8), st.integers(1, 9)),
        "upper": st.tuples(st.integers(1, 6), st.integers(1, 9)),
        "n_iter": st.integers(1, 10),
        "eta": st.sampled_from([0.0, 0.01, 1.0]) | st.floats(0, 1),
        "gradient": st.sampled_from(["full", "last"]),
        "bias": st.booleans(),
        "seed": st.integers(0, 10_000),
    }
)


def errors(found, expected) -> dict[str, float]:
    """Return the largest difference over the largest value, by tensor."""
    assert found.keys() == expected.keys()
    sizes = {name: wanted.abs().max().item() or 1.0 for name, wanted in expected.items()}
    return {
        name: (found[name].double() - wanted).abs().max().item() / sizes[name]
        for name, wanted in expected.items()
    }


def assert_near(found, expected, tolerance):
    for name, error in errors(found, expected).items():
        assert error <= tolerance, name  # NaN is not


# Gradients


@pytest.mark.parametrize("n_iter, eta, bias", [(1, 1.0, True), (2, 1.0, False), (4, 0.3, True)])
def test_the_full_gradient_passes_through_all_iterations(n_iter, eta, bias):
    """Compared with finite differences, of v and of c."""
    case = problem(2, (3, 2), (3, 2), n_iter, eta, bias=bias, scale=3)
    assert torch.autograd.gradcheck(lambda *leaves: by_fused(case, *leaves), leaves_of(case))


def test_couplings_alone_have_a_gradient():
    """As in a loss that depends on c and not on v."""
    case = problem(2, (4, 3), (3, 5), 3, 0.6)
    du = []
    for way in (by_fused, by_plain):
        leaves = leaves_of(case)
        du += torch.autograd.grad(way(case, *leaves)[1][:, :, 0].sum(), leaves[0])
    assert du[1].any()
    torch.testing.assert_close(du[0], du[1])


# Agreement with `route`


@given(layers)
@example(dict(batch=1, lower=(1, 1), upper=(1, 1), n_iter=4, eta=1.0, gradient="full", bias=True))
@example(dict(batch=1, lower=(5, 3), upper=(1, 7), n_iter=10, eta=0.5, gradient="full", bias=True))
@example(dict(batch=33, lower=(1, 8), upper=(4, 5), n_iter=10, eta=1.0, gradient="last"))
@example(dict(batch=17, lower=(8, 8), upper=(6, 16), n_iter=9, eta=1.0, gradient="full"))
def test_agrees_with_route(drawn):
    """In float32 within 1e-5 of float64; sums that cancel may be as bad as the plain ones are."""
    case = problem(**drawn)
    single, exact = case.to(torch.float32), results(case, by_plain)
    unavoidable = errors(results(single, by_plain), exact)
    for name, error in errors(results(single), exact).items():
        assert error <= 1e-5 + 4 * unavoidable[name], name


@given(layers, st.sampled_from([1.0, 10.0, 1000.0]))
def test_agrees_with_route_in_double_precision(drawn, scale):
    """Of large inputs, too, whose softmax magnifies the rounding of float32."""
    case = problem(**drawn, scale=scale)
    assert_near(results(case), results(case, by_plain), 1e-8)


def test_an_empty_batch_is_allowed():
    found = results(problem(0, (4, 3), (3, 5)))
    assert found["v"].shape == (0, 3, 5) and found["c"].shape == (0, 4, 3)
    assert not found["dweight"].any()


@given(st.lists(st.floats(-80, 0), min_size=1, max_size=40), st.sampled_from(["f4", "f8"]))
@example([0.0, -80.0, -math.log(2), math.nextafter(-math.log(2), 0)], "f8")
def test_the_exponential_is_accurate_to_its_last_digits(exponents, dtype):
    found = np.array(exponents, dtype)
    expected = np.exp(found.astype("f8"))
    kernels._exp_below(np.zeros_like(found), found)
    np.testing.assert_allclose(found, expected, rtol=16 * np.finfo(dtype).eps)


def test_the_exponential_is_constant_below_minus_80_and_keeps_nan():
    found = np.array([-81.0, -1e30, -INF, NAN], "f4")
    kernels._exp_below(np.zeros_like(found), found)
    np.testing.assert_allclose(found, [np.exp(-80)] * 3 + [NAN], rtol=1e-6)


# Near the ends of the range, and beyond it


@pytest.mark.parametrize(
    "dtype, scale, n_iter, gradient",
    [
        (torch.float64, 1e-170, 3, "full"),
        (torch.float64, 1e-170, 3, "last"),
        (torch.float64, 1e160, 1, "full"),
        (torch.float32, 1e-25, 1, "full"),
        (torch.float32, 1e25, 1, "full"),
        (torch.float64, 0.0, 4, "full"),
        (torch.float64, 0.0, 4, "last"),
    ],
)
def test_zeros_and_vectors_whose_squares_overflow_are_routed(dtype, scale, n_iter, gradient):
    case = problem(3, (4, 3), (3, 5), n_iter, 0.6, gradient, bias=False)
    case = replace(case, weight=case.weight * scale)
    found, exact = results(case.to(dtype)), results(case, by_plain)
    assert found["dweight"].any() == (scale > 0)
    if dtype == torch.float32:  # v and du are below or above its numbers
        found, exact = ({"dweight": part["dweight"]} for part in (found, exact))
    assert_near(found, exact, 1e-9 if dtype == torch.float64 else 1e-5)


@PRECISIONS
@pytest.mark.parametrize("wrong", [1e25, 1e-25, 0.0, INF, -INF, NAN])
@pytest.mark.parametrize("gradient, n_iter", [("full", 1), ("full", 3), ("last", 3)])
def test_an_unusual_sample_changes_no_other_and_nan_comes_through(wrong, gradient, n_iter, dtype):
    """To the last bit; NaN appears just where the plain routing has it."""
    case = problem(18, (4, 3), (3, 5), n_iter, 0.6, gradient, dtype=dtype)
    clean = results(case)
    case.u[17, 2, 1] = wrong
    found, expected = results(case), results(case, by_plain)
    for name in ("v", "c"):
        assert torch.equal(found[name].isnan(), expected[name].isnan())
    assert found["v"][17].isnan().all() == (not math.isfinite(wrong))
    for name in ("v", "c", "du"):
        assert torch.equal(found[name][:17], clean[name][:17])


# Repeatability


def test_values_of_other_samples_do_not_matter():
    """To the last bit."""
    case = problem(19, (6, 7), (5, 9), 4, dtype=torch.float32)
    other = problem(19, (6, 7), (5, 9), 4, seed=1, dtype=torch.float32)
    for kept in (0, 7, 18):
        mixed = replace(case, u=other.u.clone())
        mixed.u[kept] = case.u[kept]
        found, expected = results(mixed), results(case)
        for name in ("v", "c", "du"):
            assert torch.equal(found[name][kept], expected[name][kept])
            assert not torch.equal(found[name], expected[name])


@pytest.mark.parametrize("alone", [1, 15, 16, 33])
def test_the_size_of_the_batch_matters_for_rounding_only(alone):
    """BLAS and the compiler treat the last samples, which fill no register, differently."""
    case = problem(37, (6, 8), (10, 16), 4, dtype=torch.float32)
    whole, part = results(case), results(replace(case, u=case.u[:alone].contiguous()))
    for name in ("v", "c", "du"):
        assert_near({name: part[name]}, {name: whole[name][:alone].double()}, 1e-6)


@PRECISIONS
def test_the_number_of_threads_does_not_matter(dtype):
    """To the last bit, also where the BLAS would share a product among its threads."""
    case, found = problem(301, (2, 8), (33, 17), dtype=dtype), []
    for blas, threads in product((1, 2), (1, 2, 4)):
        with threadpool_limits(blas):
            torch.set_num_threads(threads)
            found.append(results(case))
    torch.set_num_threads(1)
    for other in found[1:]:
        assert all(torch.equal(other[name], value) for name, value in found[0].items())


# Memory, of nine iterations compared with one

COUPLINGS, TOTALS, VOTES = 8 * 400 * 10 * 4, 8 * 10 * 16 * 4, 8 * 400 * 10 * 16 * 4  # bytes


def saved_bytes(n_iter: int, gradient: str) -> int:
    """Return how much is kept from the forward to the backward pass."""
    case = problem(8, (400, 8), (10, 16), n_iter, gradient=gradient, dtype=torch.float32)
    kept: dict[int, int] = {}

    def note(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    weight = case.weight.requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        outputs = fused_route(case.u, weight, n_iter, 0.7, gradient, case.bias)
    assert all(output.isfinite().all() for output in outputs)  # and none is freed before
    return sum(kept.values())


def test_each_iteration_keeps_its_couplings_and_no_votes():
    growth = saved_bytes(9, "full") - saved_bytes(1, "full")
    assert growth == 8 * (COUPLINGS + TOTALS) < 0.53 * VOTES
    assert saved_bytes(9, "last") - saved_bytes(1, "last") == 8 * TOTALS
