"""What is easily got wrong in each of the other routings."""

import math
from dataclasses import replace

import pytest
import torch

from capsnet_study.routing.algorithms import ALGORITHMS
from capsnet_study.routing.others import exponential_squash
from capsnet_study.routing.route import route, squash
from tests.routing.algorithm_problems import NAMES, all_equal, close, problem


@pytest.mark.parametrize("name", ["attention", "kmeans"])
def test_comparisons_are_not_accumulated(name):
    """However many iterations, a logit is no longer than its vote: |a_j| <= 1."""
    given = problem(name)
    longest = given.votes.norm(dim=-1).amax(dim=-1)
    for n_iter in (2, 20, 200):
        logits = given.solve(n_iter)[1].log()
        assert (logits.amax(dim=-1) - logits.amin(dim=-1) <= 2 * longest).all()


def test_attention_leaves_the_length_of_its_capsules_free():
    """A LayerNorm of the output would fix it."""
    for scale, lowest, highest in [(0.01, 0.0, 0.01), (30.0, 0.95, 1.0)]:
        v, _ = problem("attention", bias=False, scale=scale).solve(3)
        assert lowest < v.norm(dim=-1).max() < highest


def test_self_attention_is_measured_before_beta():
    given = problem("self_attention")
    without = replace(given, tensors={"beta": torch.zeros(5, 4, dtype=torch.float64)})
    (v, c), (other_v, other_c) = given.solve(2), without.solve(2)
    assert torch.equal(c, other_c) and (v - other_v).norm() > 0.1


def test_self_attention_sums_over_all_lower_capsules():
    """One alone agrees with itself: its longest vote gets the most."""
    given = problem("self_attention", (1, 1, 4, 3))
    square = given.votes.square().sum(dim=-1)
    close(given.solve(2)[1], (square / math.sqrt(3)).softmax(dim=-1))


def test_self_attention_squashes_with_an_exponential():
    s = torch.tensor([[3.0, 4.0], [0.0, 1e-3], [0.0, 0.0]], dtype=torch.float64)
    expected = s * torch.tensor([[(1 - math.exp(-5)) / 5], [1 - 1e-3 / 2 + 1e-6 / 6], [1.0]])
    close(exponential_squash(s), expected.double(), 1e-7)
    at_zero = torch.zeros(2, 3, requires_grad=True)
    exponential_squash(at_zero).sum().backward()
    close(at_zero.grad, torch.ones(2, 3))


def test_self_routing_starts_uniform_and_looks_at_no_vote():
    given = problem("self_routing")
    start = replace(given, tensors={k: torch.zeros_like(x) for k, x in given.tensors.items()})
    assert (start.solve(2)[1] == 0.25).all()
    other = replace(given, votes=given.votes.flip(1))
    assert torch.equal(given.solve(2)[1], other.solve(2)[1])


def test_two_classes_of_self_routing_can_both_be_present():
    """Their own activations add up to 1 over the classes: two of them never pass 0.9."""
    given = problem("self_routing", (1, 20, 4, 3), bias=False)
    votes = torch.zeros_like(given.votes)
    votes[:, :, :2] = 3.0
    v, _ = replace(given, votes=votes).solve(2)
    assert (v.norm(dim=-1)[0] > torch.tensor([0.9, 0.9, -1, -1])).all()


def test_silent_capsules_have_no_say_in_self_routing():
    given = problem("self_routing", bias=False)
    u = given.u.clone()
    u[:, 1:] = 0
    v, c = replace(given, u=u).solve(2)
    weight = u[:, :1].norm(dim=-1, keepdim=True) * c[:, :1]
    close(v, squash((weight.unsqueeze(-1) * given.votes[:, :1]).sum(dim=1)))


def test_max_min_starts_from_1():
    given = problem("max_min")
    close(given.solve(1)[0], squash(given.votes.sum(dim=1) + given.bias))


def test_max_min_gives_the_best_all_and_the_worst_nothing():
    _, c = problem("max_min").solve(3)
    assert (c.amin(dim=-1) == 0).all()
    assert (c.amax(dim=-1) > 0.25).all()


def test_equal_logits_of_max_min_stay_uniform():
    assert (all_equal(problem("max_min", bias=False)).solve(3)[1] == 0.25).all()
    assert (problem("max_min", (2, 5, 1, 3)).solve(3)[1] == 1).all()


def test_rows_of_max_min_add_up_to_half_of_what_they_could():
    """So that the gain keeps total inputs about as long as under uniform coupling."""
    _, c = problem("max_min", (4, 400, 10, 16), scale=0.02).solve(3)
    row_sum = 1 / c.amax(dim=-1)  # the largest weight is 1
    assert ALGORITHMS["max_min"].gain(10) * row_sum.mean().item() == pytest.approx(1, abs=0.1)
    assert all(ALGORITHMS[name].gain(10) == 1 for name in NAMES if name != "max_min")


def test_the_leak_comes_last_and_takes_what_agrees_with_nothing():
    given = problem("leaky", bias=False)
    _, start = given.solve(1)
    assert (start == 0.2).all()
    votes = given.votes[:, :1].expand_as(given.votes)
    _, c = replace(given, votes=votes[:1], u=given.u[:1], bias=-20 * votes[0, 0]).solve(5)
    assert (c[..., -1] > 0.25).all()


def test_the_leak_is_taken_from_the_votes():
    given = problem("leaky")
    v, c = given.solve(3)
    s = torch.einsum("bij,bijd->bjd", c[..., :4], given.votes) + given.bias
    close(v, squash(s))


def test_over_lower_shares_out_each_upper_capsule():
    """Whatever the votes: a single lower capsule is all there is, with weight I/J = 1/J."""
    given = problem("over_lower", (2, 1, 4, 3), scale=3)
    for n_iter in (1, 3, 5):
        close(given.solve(n_iter)[0], squash(given.votes[:, 0] / 4 + given.bias))


def test_over_lower_starts_like_the_paper_and_then_differs():
    given = problem("over_lower")
    close(given.solve(1)[0], route(given.votes, 1, 1.0, bias=given.bias)[0])
    assert (given.solve(3)[0] - route(given.votes, 3, 1.0, bias=given.bias)[0]).norm() > 0.01


def test_fixed_random_couplings_are_the_same_for_every_sample():
    given = problem("fixed_random")
    _, c = given.solve(2)
    assert torch.equal(c[0], c[1])
    assert torch.equal(c, replace(given, votes=given.votes.flip(0)).solve(2)[1])


def test_masses_of_em_do_not_depend_on_how_many_lower_capsules_there_are():
    """Every lower capsule twice: the same."""
    given = problem("em")
    twice = replace(given, votes=given.votes.repeat(1, 2, 1, 1), u=given.u.repeat(1, 2, 1))
    (v, c), (found_v, found_c) = given.solve(3), twice.solve(3)
    close(found_v, v)
    close(found_c, c.repeat(1, 2, 1))


def test_a_bias_turns_capsules_of_em_and_leaves_their_length():
    given = problem("em")
    v, c = given.solve(3)
    plain_v, plain_c = replace(given, bias=None).solve(3)
    close(v.norm(dim=-1), plain_v.norm(dim=-1))
    assert torch.equal(c, plain_c) and (v - plain_v).norm() > 0.1


def test_certain_gaussians_of_em_are_active():
    """A cost below that of others: votes that agree."""
    given = problem("em", (1, 50, 2, 8), bias=False)
    equal = {"beta_u": torch.zeros(2).double(), "beta_a": torch.zeros(2).double()}
    votes = given.votes.clone()
    votes[:, :, 0] = 1 + votes[:, :, 0] / 100
    v, _ = replace(given, votes=votes, tensors=equal).solve(3)
    assert v[0, 0].norm() > max(0.5, v[0, 1].norm())


def test_a_gaussian_of_em_that_nobody_votes_for_is_no_number_problem():
    """One is far nearer to all votes: the other's mass underflows."""
    given = problem("em", (1, 4, 2, 3), bias=False, scale=1e-3)
    votes = given.votes.clone()
    votes[:, :, 1] *= 1e6
    votes = votes.float().requires_grad_()
    float_tensors = {name: x.float() for name, x in given.tensors.items()}
    v, c = replace(given, votes=votes, u=given.u.float(), tensors=float_tensors).solve(5)
    v.sum().backward()
    assert (c[..., 1] == 0).any() and torch.isfinite(v).all() and torch.isfinite(votes.grad).all()
