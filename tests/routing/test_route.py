"""Routing and squash, against plain loops and by hand."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from capsnet_study.routing.route import route, squash
from tests.routing.reference import route_batch

N_ITERS = [1, 2, 3, 5, 9]
ETAS = [0.0, 0.01, 0.5, 1.0]

shapes = st.tuples(*(st.integers(1, high) for high in (3, 6, 5, 7)))  # batch, I, J, D
seeds = st.integers(0, 10_000)
rates = st.floats(0, 1)


def draw(shape, seed=0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(shape, generator=generator, dtype=torch.float64)


def close(found, expected, tolerance=1e-12):
    torch.testing.assert_close(
        torch.as_tensor(found), torch.as_tensor(expected), rtol=tolerance, atol=tolerance
    )


@pytest.mark.parametrize("gradient", ["full", "last"])
@pytest.mark.parametrize("eta", ETAS)
@pytest.mark.parametrize("n_iter", N_ITERS)
def test_equals_the_equations(n_iter, eta, gradient):
    votes = draw((3, 7, 4, 5))
    for found, expected in zip(
        route(votes, n_iter, eta, gradient), route_batch(votes.numpy(), n_iter, eta), strict=True
    ):
        close(found, expected)


@settings(max_examples=40)
@given(shapes, seeds, st.integers(1, 6), rates, st.sampled_from([0.01, 1.0, 10.0]), st.booleans())
def test_equals_the_equations_for_any_shape(shape, seed, n_iter, eta, scale, with_bias):
    votes = draw(shape, seed, scale)
    bias = draw(shape[2:], seed + 1) if with_bias else None
    expected = route_batch(votes.numpy(), n_iter, eta, None if bias is None else bias.numpy())
    v, c = route(votes, n_iter, eta, bias=bias)
    close(v, expected[0], 1e-9)
    close(c, expected[1], 1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_keeps_the_type_of_the_votes(dtype):
    votes = draw((2, 3, 4, 5))
    v, c = route(votes.to(dtype), 3, 0.5)
    assert v.dtype == c.dtype == dtype
    close(v.double(), route_batch(votes.numpy(), 3, 0.5)[0], 1e-5)


def test_two_iterations_by_hand():
    """One lower capsule, two upper ones: s = u / 2, b = <v, u>, c = softmax(b)."""
    votes = torch.tensor([[[[2.0], [0.0]]]], dtype=torch.float64)
    first = 1**2 / (1 + 1**2)  # squash of 0.5 * 2
    certain = 1 / (1 + math.exp(-2 * first))  # softmax of (2 * first, 0)
    s = certain * 2
    v, c = route(votes, 2, 1.0)
    close(c, np.array([[[certain, 1 - certain]]]))
    close(v, np.array([[[s**2 / (1 + s**2)], [0.0]]]))
    _, half_way = route(votes, 2, 0.5)
    close(half_way, np.array([[[(certain + 0.5) / 2, 1 - (certain + 0.5) / 2]]]))


@pytest.mark.parametrize("n_iter, eta", [(1, 1.0), (1, 0.3), (5, 0.0)])
def test_one_iteration_or_no_update_is_uniform_coupling(n_iter, eta):
    votes = draw((2, 6, 4, 3), scale=5)
    v, c = route(votes, n_iter, eta)
    close(c, torch.full((2, 6, 4), 0.25, dtype=torch.float64))
    close(v, squash(votes.mean(dim=1) * 6 / 4))


def test_a_rate_of_one_is_routing_by_agreement():
    """Procedure 1 of Sabour et al. 2017: couplings are the softmax of the summed agreements."""
    votes = draw((2, 6, 4, 3))
    b = torch.zeros(2, 6, 4, dtype=torch.float64)
    for _ in range(4):
        c = b.softmax(dim=2)
        v = squash((c[..., None] * votes).sum(dim=1))
        b = b + (votes * v[:, None]).sum(dim=-1)
    found_v, found_c = route(votes, 4, 1.0)
    close(found_v, v)
    close(found_c, c)


def test_each_iteration_counts():
    votes = draw((1, 6, 4, 3), scale=2)
    found = [route(votes, n_iter, 1.0)[1] for n_iter in range(1, 7)]
    for earlier, later in pairwise(found):
        assert (earlier - later).abs().max() > 1e-3


@settings(max_examples=25)
@given(shapes, seeds, st.integers(1, 6), rates)
def test_each_lower_capsule_spends_exactly_itself(shape, seed, n_iter, eta):
    _, c = route(draw(shape, seed, 3.0), n_iter, eta)
    close(c.sum(dim=2), torch.ones(shape[:2], dtype=torch.float64))
    assert (c >= 0).all()


def test_upper_capsules_compete_for_a_lower_one_and_not_the_reverse():
    """All lower capsules vote for upper capsule 0 alone: each gives it more than its share."""
    votes = torch.zeros(1, 5, 3, 2, dtype=torch.float64)
    votes[:, :, 0] = torch.tensor([2.0, 1.0])
    _, c = route(votes, 3, 1.0)
    assert (c[0, :, 0] > 0.9).all()  # softmax over the five lower capsules would give 0.2
    assert (c[0, :, 1:] < 0.1).all()


def test_a_single_upper_capsule_gets_everything():
    _, c = route(draw((2, 5, 1, 3), scale=4), 4, 0.7)
    close(c, torch.ones(2, 5, 1, dtype=torch.float64))


@settings(max_examples=25)
@given(shapes, seeds, st.integers(1, 7), rates)
def test_slow_updates_keep_a_part_of_the_coupling_uniform(shape, seed, n_iter, eta):
    _, c = route(draw(shape, seed, 20.0), n_iter, eta)
    assert c.min() >= (1 - eta) ** (n_iter - 1) / shape[2] - 1e-12


def test_the_smallest_rate_of_the_study_leaves_the_entropy_near_its_maximum():
    _, c = route(draw((4, 50, 10, 8), scale=100), 6, 0.01)
    entropy = torch.special.entr(c).sum(dim=2).mean()
    assert entropy / math.log(10) > 0.97
    assert c.min() >= 0.0951 - 1e-4


@pytest.mark.parametrize("gradient", ["full", "last"])
def test_a_sample_does_not_depend_on_its_batch_mates(gradient):
    votes = draw((5, 6, 4, 3), scale=2)
    together = route(votes, 4, 0.6, gradient)
    for index in range(5):
        alone = route(votes[index : index + 1], 4, 0.6, gradient)
        for one, all_of_them in zip(alone, together, strict=True):
            close(one[0], all_of_them[index])


def test_nor_does_its_gradient():
    votes = draw((3, 6, 4, 3), scale=2).requires_grad_()
    v, c = route(votes, 3, 0.6)
    (grad,) = torch.autograd.grad(v[1].sum() + c[1, 0, 0], votes)
    assert grad[1].abs().min() > 0
    assert not grad[[0, 2]].any()


@settings(max_examples=30)
@given(seeds)
def test_the_order_of_capsules_means_nothing(seed):
    votes = draw((2, 6, 4, 3), seed)
    generator = torch.Generator().manual_seed(seed)
    lower, upper = (torch.randperm(size, generator=generator) for size in (6, 4))
    v, c = route(votes, 3, 0.7)
    permuted_v, permuted_c = route(votes[:, lower][:, :, upper], 3, 0.7)
    close(permuted_v, v[:, upper])
    close(permuted_c, c[:, lower][:, :, upper])


@pytest.mark.parametrize("n_iter, eta", [(1, 1.0), (2, 1.0), (3, 0.3), (5, 1.0), (6, 0.01)])
@pytest.mark.parametrize("with_bias", [False, True])
def test_the_full_gradient_is_that_of_all_iterations(n_iter, eta, with_bias):
    """Against finite differences, of v and of c."""
    votes = draw((1, 2, 3, 2)).requires_grad_()
    bias = draw((3, 2), 1).requires_grad_() if with_bias else None
    assert torch.autograd.gradcheck(
        lambda votes, bias: route(votes, n_iter, eta, "full", bias), (votes, bias)
    )


@pytest.mark.parametrize("n_iter, eta", [(1, 1.0), (2, 1.0), (3, 0.3), (6, 1.0)])
def test_the_last_gradient_takes_couplings_as_constants(n_iter, eta):
    """d|s|/(1+|s|^2) s by hand, times c."""
    votes, wanted = draw((2, 5, 4, 3)).requires_grad_(), draw((2, 4, 3), 1)
    v, c = route(votes, n_iter, eta, "last")
    (found,) = torch.autograd.grad((v * wanted).sum(), votes)
    assert not c.requires_grad

    expected = np.empty(votes.shape)
    for n in range(2):
        for j in range(4):
            s = sum(c[n, i, j].item() * votes[n, i, j].detach().numpy() for i in range(5))
            r = math.sqrt(s @ s)
            jacobian = r / (1 + r**2) * np.eye(3)
            jacobian += (1 - r**2) / (1 + r**2) ** 2 / r * np.outer(s, s)
            for i in range(5):
                expected[n, i, j] = c[n, i, j].item() * jacobian @ wanted[n, j].numpy()
    close(found, expected)


def gradients(n_iter, eta):
    votes, wanted = draw((2, 5, 4, 3), scale=2).requires_grad_(), draw((2, 4, 3), 1)
    return (
        torch.autograd.grad((route(votes, n_iter, eta, kind)[0] * wanted).sum(), votes)[0]
        for kind in ("full", "last")
    )


@pytest.mark.parametrize("n_iter, eta", [(1, 1.0), (4, 0.0)])
def test_both_gradients_agree_where_nothing_is_routed(n_iter, eta):
    full, last = gradients(n_iter, eta)
    close(full, last)


@pytest.mark.parametrize("n_iter, eta", [(2, 1.0), (3, 0.1), (6, 1.0)])
def test_both_gradients_differ_where_something_is(n_iter, eta):
    full, last = gradients(n_iter, eta)
    assert (full - last).norm() > 0.01 * last.norm()


@pytest.mark.parametrize("gradient", ["full", "last"])
def test_silent_capsules_stay_silent_and_harm_no_gradient(gradient):
    votes = torch.zeros(1, 3, 4, 2, requires_grad=True)
    v, c = route(votes, 3, 1.0, gradient)
    assert not v.any() and (c == 0.25).all()
    v.sum().backward()
    assert torch.isfinite(votes.grad).all()


@pytest.mark.parametrize("n_iter", [0, -1])
def test_without_an_iteration_there_is_nothing_to_do(n_iter):
    with pytest.raises(ValueError, match=f"n_iter = {n_iter}"):
        route(draw((1, 2, 3, 4)), n_iter, 1.0)


@pytest.mark.parametrize("eta", [-0.1, 1.1, math.nan])
def test_rates_outside_0_to_1_are_refused(eta):
    with pytest.raises(ValueError, match=f"eta = {eta}"):
        route(draw((1, 2, 3, 4)), 3, eta)
