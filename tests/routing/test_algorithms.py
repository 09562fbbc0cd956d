"""All routings: against their equations, and what they have in common."""

import math
from dataclasses import replace
from typing import get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from capsnet_study.routing.algorithms import ALGORITHMS
from capsnet_study.routing.layer import CapsuleLayer
from capsnet_study.routing.params import ONE_UPDATE, AlgorithmName, InForce
from tests.routing.algorithm_problems import CASES, DEGENERATE, Problem, close, problem, silent

EACH_CASE = pytest.mark.parametrize("name, n_iter", CASES)
EACH = pytest.mark.parametrize("name", ALGORITHMS)
OTHERS = pytest.mark.parametrize("name", list(ALGORITHMS)[1:])


def test_dynamic_routing_comes_first_and_all_names_of_parameters_exist():
    assert tuple(ALGORITHMS) == get_args(AlgorithmName) and next(iter(ALGORITHMS)) == "dynamic"
    assert set(ONE_UPDATE) < set(ALGORITHMS)


@EACH_CASE
@given(
    st.tuples(*(st.integers(1, high) for high in (2, 6, 5, 4))),
    st.booleans(),
    st.integers(0, 10_000),
    st.sampled_from([0.1, 1.0, 5.0]),
)
def test_matches_the_equations(name, n_iter, shape, bias, seed, scale):
    drawn = problem(name, shape, bias, seed, scale)
    for found, expected in zip(drawn.solve(n_iter), drawn.solve_by_oracle(n_iter), strict=True):
        close(found, expected, 1e-7)


@EACH_CASE
def test_the_gradient_passes_through_all_iterations(name, n_iter):
    """Compared with finite differences, of v and of c."""
    drawn = problem(name, (1, 2, 3, 2))

    def solve(*leaves):
        each = iter(leaves)
        return drawn.changed(lambda _: next(each)).solve(n_iter)

    leaves = [leaf.clone().requires_grad_() for leaf in drawn.leaves]
    assert torch.autograd.gradcheck(solve, leaves)


@EACH
def test_couplings_are_distributions_uniform_at_first_and_then_not(name):
    entries = 5 if name == "leaky" else 4
    for n_iter in (1, 2):
        v, c = problem(name).solve(n_iter)
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
    drawn = problem(name, (3, 5, 4, 3))
    alone = replace(drawn, votes=drawn.votes[1:2], u=drawn.u[1:2])
    for found, expected in zip(alone.solve(2), drawn.solve(2), strict=True):
        close(found[0], expected[1])


@EACH
def test_the_order_of_capsules_does_not_matter(name):
    drawn = problem(name)
    lower, upper = torch.tensor([3, 0, 4, 1, 2]), torch.tensor([2, 0, 3, 1])
    orders = {"in_caps": lower, "out_caps": upper}
    dims = ALGORITHMS[name].learnt | ALGORITHMS[name].drawn
    tensors = dict(drawn.tensors)
    for each in tensors:
        for axis, dim in enumerate(dims[each]):
            if dim in orders:
                tensors[each] = tensors[each].index_select(axis, orders[dim])
    votes = drawn.votes[:, lower][:, :, upper]
    v, c = Problem(name, votes, drawn.u[:, lower], drawn.bias[upper], tensors).solve(2)
    expected_v, expected_c = drawn.solve(2)
    close(v, expected_v[:, upper])
    entries = torch.cat([upper, torch.tensor([4])]) if name == "leaky" else upper
    close(c, expected_c[:, lower][:, :, entries])


@pytest.mark.parametrize("kind", DEGENERATE)
@EACH_CASE
def test_degenerate_inputs_give_finite_values_and_gradients(name, n_iter, kind):
    for dtype, bias in ((torch.float32, False), (torch.float32, True), (torch.float64, False)):
        drawn = DEGENERATE[kind](problem(name, bias=bias))
        drawn = drawn.changed(lambda leaf, dtype=dtype: leaf.to(dtype).clone().requires_grad_())
        v, c = drawn.solve(n_iter)
        assert v.dtype == c.dtype == dtype
        assert torch.isfinite(v).all() and (v.norm(dim=-1) <= 1 + 1e-6).all()
        close(c.sum(dim=-1), torch.ones_like(c[..., 0]), 1e-5)
        (v * torch.linspace(-1, 2, v.numel(), dtype=dtype).view_as(v)).sum().backward()
        for leaf in drawn.leaves:
            assert leaf.grad is None or torch.isfinite(leaf.grad).all()


@EACH
def test_capsules_without_input_or_bias_are_silent(name):
    v, _ = silent(problem(name, bias=False)).solve(2)
    assert not v.any()


# In a layer


@OTHERS
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
    for found, wanted in zip(layer(u), expected, strict=True):
        torch.testing.assert_close(found, wanted)
    layer.set_routing(InForce(1, 1.0))
    assert (layer(u)[1] == 0.25).all()


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
