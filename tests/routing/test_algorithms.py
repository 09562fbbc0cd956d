"""The other routings: against plain loops, and what they have in common."""

import math
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from capsnet_study.routing.algorithms import ALGORITHMS
from capsnet_study.routing.layer import CapsuleLayer
from capsnet_study.routing.params import ONE_UPDATE, AlgorithmName, InForce
from tests.routing import algorithm_oracles as oracles
from tests.routing.algorithm_problems import (
    CASES,
    DEGENERATE,
    NAMES,
    Problem,
    close,
    problem,
    silent,
)


def by_loops(drawn: Problem, n_iter: int) -> tuple[Tensor, Tensor]:
    bias = None if drawn.bias is None else drawn.bias.numpy()
    tensors = {name: tensor.numpy() for name, tensor in drawn.tensors.items()}
    solved = [
        getattr(oracles, drawn.name)(votes.numpy(), u.numpy(), n_iter, bias, **tensors)
        for votes, u in zip(drawn.votes, drawn.u, strict=True)
    ]
    v, c = zip(*solved, strict=True)
    return torch.tensor(np.stack(v)), torch.tensor(np.stack(c))


# Each against its equations


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("name, n_iter", CASES)
def test_equals_the_equations(name, n_iter, bias):
    for seed in range(3):
        drawn = problem(name, bias=bias, seed=seed)
        for found, expected in zip(drawn.solve(n_iter), by_loops(drawn, n_iter), strict=True):
            close(found, expected)


@settings(max_examples=150)
@given(
    st.sampled_from(CASES),
    st.tuples(*(st.integers(1, high) for high in (2, 6, 5, 4))),
    st.integers(0, 10_000),
    st.booleans(),
    st.sampled_from([0.1, 1.0, 5.0]),
)
def test_equals_the_equations_for_any_shape(case, shape, seed, bias, scale):
    name, n_iter = case
    drawn = problem(name, shape, bias, seed, scale)
    for found, expected in zip(drawn.solve(n_iter), by_loops(drawn, n_iter), strict=True):
        close(found, expected, 1e-7)


@pytest.mark.parametrize("name, n_iter", CASES)
def test_keeps_the_type_of_the_votes(name, n_iter):
    exact = problem(name)
    drawn = exact.changed(Tensor.float)
    for found, expected in zip(drawn.solve(n_iter), exact.solve(n_iter), strict=True):
        assert found.dtype == torch.float32
        close(found.double(), expected, 1e-4)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("name, n_iter", CASES)
def test_the_gradient_is_that_of_all_iterations(name, n_iter, bias):
    """Against finite differences, of v and of c."""
    drawn = problem(name, (1, 2, 3, 2), bias)

    def solve(*leaves):
        each = iter(leaves)
        return drawn.changed(lambda _: next(each)).solve(n_iter)

    leaves = [leaf.clone().requires_grad_() for leaf in drawn.leaves]
    assert torch.autograd.gradcheck(solve, leaves)


# What all have in common


@pytest.mark.parametrize("name, n_iter", CASES)
def test_couplings_are_distributions_and_lengths_are_below_1(name, n_iter):
    for seed, scale in enumerate([0.01, 1.0, 3.0]):
        v, c = problem(name, seed=seed, scale=scale).solve(n_iter)
        assert v.shape == (2, 4, 3) and c.shape == (2, 5, 5 if name == "leaky" else 4)
        assert (c >= 0).all()
        close(c.sum(dim=-1), torch.ones(2, 5, dtype=torch.float64))
        assert (v.norm(dim=-1) < 1).all()


@pytest.mark.parametrize("name", NAMES)
def test_one_iteration_is_uniform_coupling(name):
    _, c = problem(name, scale=3).solve(1)
    entropy = torch.special.entr(c).sum(dim=-1)
    close(entropy, torch.full((2, 5), math.log(5 if name == "leaky" else 4), dtype=torch.float64))


@pytest.mark.parametrize("name", NAMES)
def test_a_second_iteration_is_not(name):
    _, c = problem(name).solve(2)
    entropy = torch.special.entr(c).sum(dim=-1)
    assert (entropy < math.log(c.shape[-1]) - 1e-4).all()


@pytest.mark.parametrize("name, n_iter", CASES)
def test_samples_do_not_mix(name, n_iter):
    drawn = problem(name, (3, 5, 4, 3))
    alone = replace(drawn, votes=drawn.votes[1:2], u=drawn.u[1:2])
    for found, expected in zip(alone.solve(n_iter), drawn.solve(n_iter), strict=True):
        close(found[0], expected[1])


@pytest.mark.parametrize("name, n_iter", CASES)
def test_the_order_of_capsules_does_not_matter(name, n_iter):
    drawn = problem(name)
    lower, upper = torch.tensor([3, 0, 4, 1, 2]), torch.tensor([2, 0, 3, 1])
    orders = {"in_caps": lower, "out_caps": upper}
    algorithm = ALGORITHMS[name]
    tensors = {}
    for each, tensor in drawn.tensors.items():
        for axis, dim in enumerate({**algorithm.learnt, **algorithm.drawn}[each]):
            if dim in orders:
                tensor = tensor.index_select(axis, orders[dim])
        tensors[each] = tensor
    turned = Problem(
        name, drawn.votes[:, lower][:, :, upper], drawn.u[:, lower], drawn.bias[upper], tensors
    )
    v, c = drawn.solve(n_iter)
    found_v, found_c = turned.solve(n_iter)
    close(found_v, v[:, upper])
    entries = torch.cat([upper, torch.tensor([4])]) if name == "leaky" else upper
    close(found_c, c[:, lower][:, :, entries])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", DEGENERATE)
@pytest.mark.parametrize("name, n_iter", CASES)
def test_degenerate_inputs_harm_neither_value_nor_gradient(name, n_iter, kind, dtype):
    for bias in (False, True):
        drawn = DEGENERATE[kind](problem(name, bias=bias))
        drawn = drawn.changed(lambda leaf: leaf.to(dtype).clone().requires_grad_())
        v, c = drawn.solve(n_iter)
        assert torch.isfinite(v).all() and torch.isfinite(c).all()
        close(c.sum(dim=-1), torch.ones_like(c[..., 0]), 1e-5)
        assert (v.norm(dim=-1) <= 1 + 1e-6).all()
        wanted = torch.linspace(-1, 2, v.numel(), dtype=dtype).view_as(v)
        (v * wanted).sum().backward()
        for leaf in drawn.leaves:
            assert leaf.grad is None or torch.isfinite(leaf.grad).all()


@pytest.mark.parametrize("name, n_iter", CASES)
def test_without_input_or_bias_capsules_are_silent(name, n_iter):
    v, _ = silent(problem(name, bias=False)).solve(n_iter)
    assert not v.any()


# The table


def test_the_table_has_all_that_parameters_may_name():
    assert list(ALGORITHMS) == list(get_args(AlgorithmName))
    assert set(ONE_UPDATE) < set(ALGORITHMS)


@pytest.mark.parametrize("name", NAMES)
def test_a_layer_routes_by_the_algorithm_that_it_names(name):
    layer = CapsuleLayer(6, 3, 4, 5, 2, 1.0, bias=True, algorithm=name).double()
    layer.reset_parameters(torch.Generator().manual_seed(0))
    u = torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    tensors = {one: getattr(layer, one) for one in ALGORITHMS[name].tensors}
    expected = ALGORITHMS[name].route(layer.votes(u), u, 2, layer.bias, **tensors)
    for found, wanted in zip(layer(u), expected, strict=True):
        torch.testing.assert_close(found, wanted)
    learnt = {one for one, _ in layer.named_parameters()} - {"weight", "bias"}
    assert learnt == set(ALGORITHMS[name].learnt)
    assert all((getattr(layer, one) == 0).all() for one in learnt)


@pytest.mark.parametrize("name", NAMES)
def test_a_layer_that_does_not_route_has_uniform_coupling(name):
    layer = CapsuleLayer(6, 3, 4, 5, 2, 1.0, algorithm=name)
    layer.set_routing(InForce(1, 1.0))
    _, c = layer(torch.rand(2, 6, 3))
    assert (c == 0.25).all()


def test_what_is_drawn_comes_from_the_generator_and_is_kept_with_the_weights():
    layers = [CapsuleLayer(6, 3, 4, 5, 2, 1.0, algorithm="fixed_random") for _ in range(2)]
    for layer in layers:
        layer.reset_parameters(torch.Generator().manual_seed(3))
    first, second = (layer.state_dict()["route_logits"] for layer in layers)
    assert torch.equal(first, second) and first.std() > 0.5


def test_what_is_drawn_leaves_the_weights_of_further_layers_alone():
    after = []
    for name in ("fixed_random", "dynamic"):
        generator = torch.Generator().manual_seed(3)
        CapsuleLayer(6, 3, 4, 5, 2, 1.0, algorithm=name).reset_parameters(generator)
        after.append(torch.rand(3, generator=generator))
    assert torch.equal(*after)
