"""The reference implementation of routing (paper eq. 1-3)."""

import math

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from capsnet_study.routing.route import route, squash, total_input
from tests.routing import oracles
from tests.routing.algorithm_problems import close

GRADIENTS = pytest.mark.parametrize("gradient", ["full", "last"])
problems = st.tuples(
    st.tuples(*(st.integers(1, high) for high in (3, 6, 5, 7))),  # shape: batch, I, J, D
    st.integers(1, 9),  # n_iter
    st.sampled_from([0.0, 0.01, 1.0]) | st.floats(0, 1),  # eta
    st.integers(0, 10_000),  # seed
)


def draw(shape, seed=0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(shape, generator=generator, dtype=torch.float64)


@GRADIENTS
@given(
    problems, st.sampled_from([0.01, 1.0, 10.0]), st.sampled_from([0.5, 1.0, 3.0]), st.booleans()
)
@example(((3, 7, 4, 5), 9, 1.0, 0), 1.0, 1.0, True)
@example(((3, 7, 4, 5), 6, 0.01, 0), 1.0, 2.0, False)
def test_matches_the_equations(gradient, drawn, scale, temperature, with_bias):
    shape, n_iter, eta, seed = drawn
    votes = draw(shape, seed, scale)
    bias = draw(shape[2:], seed + 1) if with_bias else None
    found_v, found_c = route(votes, n_iter, eta, gradient, bias, temperature)
    for sample, v, c in zip(votes.numpy(), found_v.numpy(), found_c.numpy(), strict=True):
        own_bias = None if bias is None else bias.numpy()
        expected = oracles.dynamic(sample, None, n_iter, own_bias, eta, temperature)
        close(torch.tensor(v), torch.tensor(expected[0]))
        close(torch.tensor(c), torch.tensor(expected[1]))


def test_two_iterations_by_hand():
    """One lower capsule, two upper ones: s = u / 2, b = <v, u>, c = softmax_j(b)."""
    votes = torch.tensor([[[[2.0], [0.0]]]], dtype=torch.float64)
    first = 1**2 / (1 + 1**2)  # squash of 0.5 * 2
    certain = 1 / (1 + math.exp(-2 * first))  # softmax of (2 * first, 0)
    s = certain * 2
    v, c = route(votes, 2, 1.0)
    close(c, torch.tensor([[[certain, 1 - certain]]]).double(), 1e-7)
    close(v, torch.tensor([[[s**2 / (1 + s**2)], [0.0]]]).double(), 1e-7)
    _, half_way = route(votes, 2, 0.5)
    close(half_way[0, 0, 0].item(), (certain + 0.5) / 2)


@given(problems)
def test_rows_of_couplings_sum_to_1_and_slow_updates_keep_a_uniform_part(drawn):
    shape, n_iter, eta, seed = drawn
    _, c = route(draw(shape, seed, 20.0), n_iter, eta)
    close(c.sum(dim=2), torch.ones(shape[:2], dtype=torch.float64))
    assert c.min() >= (1 - eta) ** (n_iter - 1) / shape[2] - 1e-12


def gradient_of(v, votes):
    return torch.autograd.grad((v * draw(v.shape, 1)).sum(), votes)[0]


@pytest.mark.parametrize("n_iter, eta", [(1, 1.0), (4, 0.0), (2, 1.0), (3, 0.1), (6, 1.0)])
def test_the_last_gradient_takes_couplings_as_constants(n_iter, eta):
    votes = draw((2, 5, 4, 3), scale=2).requires_grad_()
    v, c = route(votes, n_iter, eta, "last")
    assert not c.requires_grad
    last = gradient_of(v, votes)
    close(last, gradient_of(squash(total_input(c, votes, None)), votes))
    full = gradient_of(route(votes, n_iter, eta)[0], votes)
    routed = n_iter > 1 and eta > 0
    assert ((full - last).norm() > 0.01 * last.norm()) == routed


@pytest.mark.parametrize(
    "wrong", [{"n_iter": 0}, {"n_iter": -1}, {"eta": -0.1}, {"eta": 1.1}, {"eta": math.nan}]
)
def test_parameters_out_of_range_are_refused(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(ValueError, match=f"{name} = {value}"):
        route(draw((1, 2, 3, 4)), **{"n_iter": 3, "eta": 1.0} | wrong)
