"""The fused routing, against finite differences and against `route`."""

import math
import tracemalloc
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from capsnet_study.routing import kernels
from capsnet_study.routing.fused import fused_route
from capsnet_study.routing.route import squash
from tests.routing.problems import by_fused, by_plain, problem, results, tensors_of

INF, NAN = float("inf"), float("nan")

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


def assert_same(found, expected):
    for name, wanted in expected.items():
        assert torch.equal(found[name], wanted), name


# Gradients


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("eta", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("n_iter", [1, 2, 4])
def test_the_full_gradient_is_that_of_all_iterations(n_iter, eta, bias):
    """Against finite differences, of v and of c."""
    case = problem(2, (3, 2), (3, 2), n_iter, eta, bias=bias, scale=3)
    leaves = [part.requires_grad_() for part in tensors_of(case)]
    assert torch.autograd.gradcheck(
        lambda u, weight, bias=None: by_fused(case, u, weight, bias), leaves
    )


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("eta", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("n_iter", [1, 2, 4])
def test_the_last_gradient_is_that_of_the_last_sum(n_iter, eta, bias):
    """Against finite differences of v, as a function of all but the couplings."""
    case = problem(2, (3, 2), (3, 2), n_iter, eta, "last", bias=bias, scale=3)
    leaves = [part.requires_grad_() for part in tensors_of(case)]
    v, c = by_fused(case, *leaves, *[None] * (not bias))
    assert not c.requires_grad

    class WithTheSameCouplings(torch.autograd.Function):
        """The value with couplings held fast, the gradient of the fused routing."""

        @staticmethod
        def forward(ctx, u, weight, *bias):
            ctx.save_for_backward(u, weight, *bias)
            s = torch.einsum("nij,ijdk,nik->njd", c, weight, u)
            return squash(s + bias[0] if bias else s)

        @staticmethod
        def backward(ctx, dv):
            saved = [part.detach().requires_grad_() for part in ctx.saved_tensors]
            with torch.enable_grad():
                v, _ = by_fused(case, *saved, *[None] * (not bias))
            return torch.autograd.grad(v, saved, dv)

    torch.testing.assert_close(WithTheSameCouplings.apply(*leaves), v)
    assert torch.autograd.gradcheck(WithTheSameCouplings.apply, leaves)


def test_the_gradient_of_the_couplings_alone():
    """As in a loss that looks at c and not at v."""
    case = problem(2, (4, 3), (3, 5), 3, 0.6)
    du = []
    for way in (by_fused, by_plain):
        u = case.u.clone().requires_grad_()
        _, c = way(case, u, case.weight, case.bias)
        du += torch.autograd.grad(c[:, :, 0].sum(), u)
    assert du[1].any()
    torch.testing.assert_close(du[0], du[1])


# Agreement with `route`


@settings(max_examples=100)
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


@settings(max_examples=25)
@given(layers, st.sampled_from([10.0, 100.0, 1000.0]))
def test_agrees_with_route_on_large_inputs(drawn, scale):
    """In float64: the softmax of large logits magnifies the rounding of float32, in both."""
    case = problem(**drawn, scale=scale)
    assert_near(results(case), results(case, by_plain), 1e-8)


@pytest.mark.parametrize("gradient", ["full", "last"])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_agrees_with_route_where_there_is_no_input(dtype, bias, gradient):
    """All-zero lower capsules, a single zero one, and weights of zero."""
    case = problem(3, (4, 3), (3, 5), 4, 0.6, gradient, bias=bias)
    one = case.u.clone()
    one[1, 2] = 0
    for changed in (
        replace(case, u=torch.zeros_like(case.u)),
        replace(case, u=one),
        replace(case, weight=torch.zeros_like(case.weight)),
    ):
        assert_near(results(changed.to(dtype)), results(changed, by_plain), 1e-5)


def test_an_empty_batch_is_no_fault():
    case = problem(0, (4, 3), (3, 5))
    found = results(case)
    assert found["v"].shape == (0, 3, 5) and found["c"].shape == (0, 4, 3)
    assert not found["dweight"].any()


@given(st.lists(st.floats(-80, 0), min_size=1, max_size=40), st.sampled_from(["f4", "f8"]))
@example([0.0, -80.0, -math.log(2), math.nextafter(-math.log(2), 0)], "f8")
def test_the_exponential_is_good_to_its_last_digits(exponents, dtype):
    found = np.array(exponents, dtype)
    expected = np.exp(found.astype("f8"))
    kernels._exp_below(np.zeros_like(found), found)
    np.testing.assert_allclose(found, expected, rtol=16 * np.finfo(dtype).eps)


def test_the_exponential_ends_at_minus_80_and_lets_nan_through():
    found = np.array([-81.0, -1e30, -INF, NAN], "f4")
    kernels._exp_below(np.zeros_like(found), found)
    np.testing.assert_allclose(found, [np.exp(-80)] * 3 + [NAN], rtol=1e-6)


# Near the ends of the range


@pytest.mark.parametrize("gradient", ["full", "last"])
@pytest.mark.parametrize("scale, n_iter", [(1e-170, 3), (1e160, 1)])
def test_agrees_with_route_where_squares_are_no_numbers(scale, n_iter, gradient):
    case = problem(3, (4, 3), (3, 5), n_iter, 0.6, gradient, bias=False)
    case = replace(case, weight=case.weight * scale)
    found = results(case)
    assert_near(found, results(case, by_plain), 1e-9)
    assert found["dweight"].any()


@pytest.mark.parametrize("scale", [1e-25, 1e25])
def test_single_precision_is_right_where_squares_are_no_numbers(scale):
    """As double precision is, whose squares are."""
    case = problem(3, (4, 3), (3, 5), 1, bias=False)
    case = replace(case, weight=case.weight * scale)
    exact = {"dweight": results(case, by_plain)["dweight"]}
    for way in (by_fused, by_plain):
        found = results(case.to(torch.float32), way)
        assert_near({"dweight": found["dweight"]}, exact, 1e-5)


def test_a_sample_near_the_ends_changes_no_other():
    """To the last bit."""
    case = problem(9, (4, 3), (3, 5), 3, 0.6, bias=False, dtype=torch.float32)
    clean = results(case)
    case.u[2], case.u[5], case.u[6] = 1e25, 1e-25, 0
    found = results(case)
    for name in ("v", "c", "du"):
        assert found[name].isfinite().all()
        for kept in (0, 1, 3, 4, 7, 8):
            assert torch.equal(found[name][kept], clean[name][kept])


# What is not a number


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("wrong", [INF, -INF, NAN])
@pytest.mark.parametrize("gradient, n_iter", [("full", 1), ("full", 3), ("last", 3)])
def test_what_is_not_finite_comes_out_as_nan(wrong, gradient, n_iter, dtype):
    """Of a lower capsule: in its sample, just where the plain routing has it, and in no other."""
    case = problem(18, (4, 3), (3, 5), n_iter, 0.6, gradient, dtype=dtype)
    clean = results(case)
    case.u[17, 2, 1] = wrong
    found, expected = results(case), results(case, by_plain)
    for name in ("v", "c"):
        assert torch.equal(found[name].isnan(), expected[name].isnan())
    assert found["v"][17].isnan().all()
    assert found["c"][17].isnan().all() or n_iter == 1
    assert not found["du"][17].isfinite().any()
    for name in ("v", "c", "du"):
        assert torch.equal(found[name][:17], clean[name][:17])


@pytest.mark.parametrize("wrong", [INF, -INF, NAN])
def test_nor_does_a_weight_that_is_not_finite_get_lost(wrong):
    case = problem(2, (4, 3), (3, 5), dtype=torch.float32)
    case.weight[1, 2, 3, 0] = wrong
    found, expected = results(case), results(case, by_plain)
    for name in ("v", "c"):
        assert torch.equal(found[name].isnan(), expected[name].isnan())
    assert found["v"][:, 2].isnan().all() and found["c"].isnan().all()


def test_votes_beyond_all_numbers_come_out_as_nan():
    case = problem(2, (4, 3), (3, 5), dtype=torch.float32)
    case.u[0], case.weight[:] = 1e30, 1e30
    v, c = by_fused(case, case.u, case.weight, case.bias)
    assert v[0].isnan().all() and c[0].isnan().all()


# Repeatability


@pytest.mark.parametrize("gradient", ["full", "last"])
def test_two_runs_agree_to_the_last_bit(gradient):
    case = problem(33, (6, 8), (10, 16), 4, gradient=gradient, dtype=torch.float32)
    assert_same(results(case), results(case))


def test_no_value_of_a_batch_mate_matters():
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


@pytest.mark.parametrize("alone", [1, 2, 15, 16, 17, 33])
def test_nor_does_the_size_of_the_batch_but_for_rounding(alone):
    """BLAS and the compiler take the last samples, that fill no register, another way."""
    case = problem(37, (6, 8), (10, 16), 4, dtype=torch.float32)
    whole, part = results(case), results(replace(case, u=case.u[:alone].contiguous()))
    for name in ("v", "c", "du"):
        assert_near({name: part[name]}, {name: whole[name][:alone].double()}, 1e-6)


@pytest.mark.parametrize(
    "case",
    [
        problem(128, (2, 8), (32, 16), dtype=torch.float32),
        problem(301, (2, 8), (33, 17), dtype=torch.float32),
        problem(301, (2, 8), (33, 17), dtype=torch.float64),
    ],
    ids=["study", "ragged", "ragged64"],
)
def test_the_number_of_threads_does_not_matter(case):
    """Not even where the BLAS would share a product among its threads."""
    found = {}
    for blas, threads in product((1, 2), (1, 2, 4)):
        with threadpool_limits(blas):
            torch.set_num_threads(threads)
            found[blas, threads] = results(case)
    torch.set_num_threads(1)
    for others in found.values():
        assert_same(others, found[1, 1])


# Memory, with n_iter 9 beside 1: the study's most iterations

SIZE = dict(batch=8, lower=(400, 8), upper=(10, 16))
COUPLINGS, TOTALS, VOTES = 8 * 400 * 10 * 4, 8 * 10 * 16 * 4, 8 * 400 * 10 * 16 * 4  # bytes


def saved_bytes(n_iter: int, gradient: str) -> int:
    """Count what is kept from the forward to the backward pass."""
    case = problem(**SIZE, n_iter=n_iter, gradient=gradient, dtype=torch.float32)
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
    """8 iterations more cost 8 / 16 of the votes, and what belongs to the upper capsules alone."""
    growth = saved_bytes(9, "full") - saved_bytes(1, "full")
    assert growth == 8 * (COUPLINGS + TOTALS)
    assert growth < 0.53 * VOTES
    assert saved_bytes(9, "last") - saved_bytes(1, "last") == 8 * TOTALS


def peak_of_backward(n_iter: int) -> int:
    """Count the bytes of the backward kernel's arrays; uncompiled, so that they can be traced."""
    case = problem(**SIZE, dtype=torch.float32)
    u, weight = case.u.permute(1, 2, 0).contiguous().numpy(), case.weight.numpy()
    proposed = np.empty((n_iter - 1, 400, 10, 8), "f4")
    s, _ = kernels.forward(u, weight, case.bias.numpy(), n_iter, 0.7, proposed)
    arrays = (u, weight, s, proposed, np.ones_like(s[-1]), np.empty((0, 0, 0), "f4"))
    kernels.backward_full.py_func(*arrays, 0.7)  # what it calls is compiled now
    tracemalloc.start()
    kernels.backward_full.py_func(*arrays, 0.7)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def test_the_backward_pass_needs_as_much_again():
    """The gradient of the logits of each iteration: 8 / 16 of the votes."""
    growth = peak_of_backward(9) - peak_of_backward(1)
    assert growth < 8 * (COUPLINGS + 3 * TOTALS) < 0.58 * VOTES
