"""All routings: against their equations, and what they have in common."""

import math
from typing import get_args

import pytest
import torch
from hypothesis import given as drawing
from hypothesis import strategies as st

from capsnet_study.routing.algorithms import ALGORITHMS
from capsnet_study.routing.layer import CapsuleLayer
from capsnet_study.routing.params import AlgorithmName, InForce
from tests.routing.algorithm_problems import (
    CASES,
    DEGENERATE,
    close,
    problem,
    solve,
    solve_by_oracle,
)

EACH_CASE = pytest.mark.parametrize("name, n_iter", CASES)
EACH = pytest.mark.parametrize("name", ALGORITHMS)


@EACH_CASE
@drawing(
    st.tuples(*(st.integers(1, high) for high in (2, 6, 5, 4))),
    st.booleans(),
    st.integers(0, 10_000),
    st.sampled_from([0.1, 1.0, 5.0]),
)
def test_matches_the_equations(name, n_iter, shape, bias, seed, scale):
    given = problem(name, shape, bias, seed, scale)
    for found, expected in zip(
        solve(name, given, n_iter), solve_by_oracle(name, given, n_iter), strict=True
    ):
        close(found, expected, 1e-7)


@EACH_CASE
def test_the_gradient_passes_through_all_iterations(name, n_iter):
    """Compared with finite differences, of v and of c."""
    given = problem(name, (1, 2, 3, 2))
    leaves = [leaf.requires_grad_() for leaf in given.values()]
    assert torch.autograd.gradcheck(
        lambda *leaves: solve(name, dict(zip(given, leaves, strict=True)), n_iter), leaves
    )


@EACH
def test_couplings_are_distributions_uniform_at_first_and_then_not(name):
    entries = 5 if name == "leaky" else 4
    for n_iter in (1, 2):
        v, c = solve(name, problem(name), n_iter)
        assert v.shape == (2, 4, 3) and c.shape == (2, 5, entries)
        assert (v.norm(dim=-1) < 1).all() and (c >= 0).all()
        close(c.sum(dim=-1), torch.ones(2, 5, dtype=torch.float64))
        entropy = torch.special.entr(c).sum(dim=-1)
        if n_iter == 1:
            close(entropy, torch.full_like(entropy, math.log(entries)))
        else:
            assert (entropy < math.log(entries) - 1e-4).all()


@EACH
def test_samples_do_not_depend_on_each_other(name):
    given = problem(name, (3, 5, 4, 3))
    alone = given | {"votes": given["votes"][1:2], "u": given["u"][1:2]}
    for found, expected in zip(solve(name, alone, 2), solve(name, given, 2), strict=True):
        close(found[0], expected[1])


@EACH
def test_the_order_of_capsules_does_not_matter(name):
    given = problem(name)
    orders = {"in_caps": torch.tensor([3, 0, 4, 1, 2]), "out_caps": torch.tensor([2, 0, 3, 1])}
    dims = {"votes": ("batch", "in_caps", "out_caps"), "u": ("batch", "in_caps")}
    dims |= {"bias": ("out_caps",)} | ALGORITHMS[name].learnt | ALGORITHMS[name].drawn

    def permuted(x, dims):
        for axis, dim in enumerate(dims):
            x = x.index_select(axis, orders[dim]) if dim in orders else x
        return x

    v, c = solve(name, {each: permuted(x, dims[each]) for each, x in given.items()}, 2)
    expected_v, expected_c = solve(name, given, 2)
    close(v, permuted(expected_v, ("batch", "out_caps")))
    close(c[..., :4], permuted(expected_c[..., :4], dims["votes"]))


@pytest.mark.parametrize("kind", DEGENERATE)
@EACH_CASE
def test_degenerate_inputs_give_finite_values_and_gradients(name, n_iter, kind):
    for dtype, bias in ((torch.float32, False), (torch.float32, True), (torch.float64, False)):
        given = problem(name, bias=bias)
        given["votes"], given["u"] = DEGENERATE[kind](given["votes"], given["u"])
        given = {each: x.to(dtype).clone().requires_grad_() for each, x in given.items()}
        v, c = solve(name, given, n_iter)
        assert v.dtype == c.dtype == dtype
        assert torch.isfinite(v).all() and (v.norm(dim=-1) <= 1 + 1e-6).all()
        assert bias or kind != "silent" or not v.any()
        close(c.sum(dim=-1), torch.ones_like(c[..., 0]), 1e-5)
        (v * torch.linspace(-1, 2, v.numel(), dtype=dtype).view_as(v)).sum().backward()
        for leaf in given.values():
            assert leaf.grad is None or torch.isfinite(leaf.grad).all()


def test_a_gaussian_of_em_without_votes_stays_finite():
    """One is so much nearer to all votes that the other's mass underflows."""
    given = {key: x.float() for key, x in problem("em", (1, 4, 2, 3), False, scale=1e-3).items()}
    given["votes"][:, :, 1] *= 1e6
    votes = given["votes"].requires_grad_()
    v, c = solve("em", given, 5)
    v.sum().backward()
    assert (c[..., 1] == 0).any() and torch.isfinite(v).all() and torch.isfinite(votes.grad).all()


# In a layer


@pytest.mark.parametrize("name", [name for name in ALGORITHMS if name != "dynamic"])
def test_a_layer_routes_by_the_algorithm_it_names_or_not_at_all(name):
    layer = CapsuleLayer(6, 3, 4, 5, 2, 1.0, bias=True, algorithm=name).double()
    layer.reset_parameters(torch.Generator().manual_seed(0))
    u = torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    algorithm = ALGORITHMS[name]
    learnt = {one: weight for one, weight in layer.named_parameters() if one in algorithm.learnt}
    assert learnt.keys() == algorithm.learnt.keys()
    assert not any(weight.any() for weight in learnt.values())
    tensors = {one: getattr(layer, one) for one in algorithm.tensors}
    expected = algorithm.route(layer.votes(u), u, 2, layer.bias, **tensors)
    torch.testing.assert_close(layer(u), expected)
    layer.set_routing(InForce(1, 1.0))
    assert (layer(u)[1] == 0.25).all()


def test_the_gain_of_max_min_makes_up_for_its_larger_weights():
    """Total inputs start about as long as under uniform coupling."""
    assert tuple(ALGORITHMS) == get_args(AlgorithmName)
    _, c = solve("max_min", problem("max_min", (4, 400, 10, 16), scale=0.02), 3)
    row_sum = 1 / c.amax(dim=-1)  # the largest weight is 1
    assert ALGORITHMS["max_min"].gain(10) * row_sum.mean().item() == pytest.approx(1, abs=0.1)
    assert all(one.gain(10) == 1 for name, one in ALGORITHMS.items() if name != "max_min")
    usual, heavy = (CapsuleLayer(6, 3, 4, 5, 2, 1.0, algorithm=name) for name in ("em", "max_min"))
    for layer in (usual, heavy):
        layer.reset_parameters(torch.Generator().manual_seed(0))
    close(heavy.weight, usual.weight * 2 / 4, 1e-6)


def test_drawn_tensors_are_seeded_and_do_not_change_the_weights_drawn_after_them():
    kept, after = [], []
    for name in ("fixed_random", "fixed_random", "dynamic"):
        generator = torch.Generator().manual_seed(3)
        layer = CapsuleLayer(6, 3, 4, 5, 2, 1.0, algorithm=name)
        layer.reset_parameters(generator)
        kept.append(layer.state_dict().get("route_logits"))
        after.append(torch.rand(3, generator=generator))
    assert torch.equal(kept[0], kept[1]) and kept[0].std() > 0.5
    assert torch.equal(after[0], after[2])
