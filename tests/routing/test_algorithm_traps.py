"""What is easily got wrong in each of the other routings."""

import math
from dataclasses import replace

import pytest
import torch

from capsnet_study.routing.algorithms import ALGORITHMS
from capsnet_study.routing.route import route, squash
from tests.routing.algorithm_problems import close, problem


@pytest.mark.parametrize("name", ["attention", "kmeans"])
def test_attention_and_kmeans_do_not_accumulate_logits(name):
    """However many iterations, a logit is at most as long as its vote: |a_j| <= 1."""
    given = problem(name)
    longest = given.votes.norm(dim=-1).amax(dim=-1)
    for n_iter in (2, 20, 200):
        logits = given.solve(n_iter)[1].log()
        assert (logits.amax(dim=-1) - logits.amin(dim=-1) <= 2 * longest).all()


def test_attention_leaves_the_length_of_capsules_free():
    """A LayerNorm of the output would fix it."""
    for scale, lowest, highest in [(0.01, 0.0, 0.01), (30.0, 0.95, 1.0)]:
        v, _ = problem("attention", bias=False, scale=scale).solve(3)
        assert lowest < v.norm(dim=-1).max() < highest


def test_self_attention_includes_each_capsule_in_its_own_sum():
    """A single lower capsule agrees with itself: its longest vote gets the most."""
    given = problem("self_attention", (1, 1, 4, 3))
    square = given.votes.square().sum(dim=-1)
    close(given.solve(2)[1], (square / math.sqrt(3)).softmax(dim=-1))


def test_self_routing_ignores_votes_in_its_couplings():
    given = problem("self_routing")
    other = replace(given, votes=given.votes.flip(1))
    assert torch.equal(given.solve(2)[1], other.solve(2)[1])


def test_two_classes_of_self_routing_can_both_be_present():
    """Activations as in the original add up to 1 over the classes: no two of them pass 0.9."""
    given = problem("self_routing", (1, 20, 4, 3), bias=False)
    votes = torch.zeros_like(given.votes)
    votes[:, :, :2] = 3.0
    v, _ = replace(given, votes=votes).solve(2)
    assert (v.norm(dim=-1)[0] > torch.tensor([0.9, 0.9, -1, -1])).all()


def test_the_gain_of_max_min_makes_up_for_its_larger_weights():
    """Total inputs start about as long as under uniform coupling."""
    _, c = problem("max_min", (4, 400, 10, 16), scale=0.02).solve(3)
    row_sum = 1 / c.amax(dim=-1)  # the largest weight is 1
    assert ALGORITHMS["max_min"].gain(10) * row_sum.mean().item() == pytest.approx(1, abs=0.1)
    assert all(one.gain(10) == 1 for name, one in ALGORITHMS.items() if name != "max_min")


def test_the_leak_comes_last_and_takes_votes_that_agree_with_nothing():
    given = problem("leaky", bias=False)
    votes = given.votes[:1, :1].expand(1, 5, 4, 3)
    _, c = replace(given, votes=votes, u=given.u[:1], bias=-20 * votes[0, 0]).solve(5)
    assert (c[..., -1] > 0.25).all()


def test_over_lower_shares_out_each_upper_capsule():
    """A single lower capsule has the weight I/J = 1/J, whatever its votes."""
    given = problem("over_lower", (2, 1, 4, 3), scale=3)
    for n_iter in (1, 3, 5):
        close(given.solve(n_iter)[0], squash(given.votes[:, 0] / 4 + given.bias))
    given = problem("over_lower")
    assert (given.solve(3)[0] - route(given.votes, 3, 1.0, bias=given.bias)[0]).norm() > 0.01


def test_fixed_random_couplings_are_the_same_for_every_sample():
    _, c = problem("fixed_random").solve(2)
    assert torch.equal(c[0], c[1])


def test_masses_of_em_do_not_depend_on_the_number_of_lower_capsules():
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


def test_gaussians_of_em_are_active_where_votes_agree():
    given = problem("em", (1, 50, 2, 8), bias=False)
    equal = {"beta_u": torch.zeros(2).double(), "beta_a": torch.zeros(2).double()}
    votes = given.votes.clone()
    votes[:, :, 0] = 1 + votes[:, :, 0] / 100
    v, _ = replace(given, votes=votes, tensors=equal).solve(3)
    assert v[0, 0].norm() > max(0.5, v[0, 1].norm())


def test_a_gaussian_of_em_without_votes_stays_finite():
    """One is so much nearer to all votes that the other's mass underflows."""
    given = problem("em", (1, 4, 2, 3), bias=False, scale=1e-3)
    votes = given.votes.clone()
    votes[:, :, 1] *= 1e6
    votes = votes.float().requires_grad_()
    float_tensors = {name: x.float() for name, x in given.tensors.items()}
    v, c = replace(given, votes=votes, u=given.u.float(), tensors=float_tensors).solve(5)
    v.sum().backward()
    assert (c[..., 1] == 0).any() and torch.isfinite(v).all() and torch.isfinite(votes.grad).all()
