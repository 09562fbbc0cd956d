"""A layer of capsules."""

import math
from itertools import product

import pytest
import torch

from capsnet_study.routing.layer import CapsuleLayer
from capsnet_study.routing.route import route

SIZES = dict(in_caps=7, in_dim=3, out_caps=4, out_dim=5)


def layer_of(seed=0, **changed) -> CapsuleLayer:
    layer = CapsuleLayer(**SIZES | dict(n_iter=3, eta=0.7) | changed).double()
    layer.reset_parameters(torch.Generator().manual_seed(seed))
    if layer.bias is not None:
        torch.nn.init.normal_(layer.bias, generator=torch.Generator().manual_seed(seed))
    return layer


@pytest.fixture
def u():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 7, 3, generator=generator, dtype=torch.float64)


def test_each_vote_is_a_matrix_times_a_lower_capsule(u):
    layer = layer_of()
    votes = layer.votes(u)
    assert layer.weight.shape == (7, 4, 5, 3) and votes.shape == (2, 7, 4, 5)
    for n, i, j in product(range(2), range(7), range(4)):
        torch.testing.assert_close(votes[n, i, j], layer.weight[i, j] @ u[n, i])


@pytest.fixture(params=["fused", "plain"])
def path(request, monkeypatch):
    """Take one way of routing and then the other."""
    monkeypatch.setenv("CAPS_ROUTING", request.param)


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("gradient", ["full", "last"])
@pytest.mark.parametrize("bias", [False, True])
def test_forward_routes_the_votes(u, gradient, bias):
    layer = layer_of(gradient=gradient, bias=bias)
    expected = route(layer.votes(u), 3, 0.7, gradient, layer.bias)
    for found, wanted in zip(layer(u), expected, strict=True):
        torch.testing.assert_close(found, wanted)


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("gradient", ["full", "last"])
def test_gradients_of_forward_are_those_of_route(u, gradient):
    layer = layer_of(gradient=gradient, bias=True)
    leaves = [u.requires_grad_(), layer.weight, layer.bias]
    found = torch.autograd.grad(layer(u)[0].square().sum(), leaves)
    reference = route(layer.votes(u), 3, 0.7, gradient, layer.bias)[0]
    for one, other in zip(
        found, torch.autograd.grad(reference.square().sum(), leaves), strict=True
    ):
        torch.testing.assert_close(one, other)


@pytest.mark.usefixtures("path")
def test_a_bias_moves_the_upper_capsules_without_any_input():
    layer = layer_of(bias=True)
    v, _ = layer(torch.zeros(2, 7, 3, dtype=torch.float64))
    r = layer.bias.norm(dim=1)
    torch.testing.assert_close(v.norm(dim=2), (r**2 / (1 + r**2)).expand(2, 4))
    assert layer_of().bias is None


def test_biases_start_at_zero():
    assert not CapsuleLayer(**SIZES, n_iter=1, eta=1.0, bias=True).bias.any()


@pytest.mark.usefixtures("path")
def test_eta_set_anew_is_in_force_at_once(u):
    layer = layer_of()
    _, before = layer(u)
    layer.eta = 0.0
    _, after = layer(u)
    assert (before != 0.25).any() and (after == 0.25).all()
    layer.eta = 1.5
    with pytest.raises(ValueError, match=r"eta = 1\.5"):
        layer(u)


@pytest.mark.parametrize("gain, length", [(0.5, 1.0), (1.0, 1.0), (3.0, 1.0), (1.0, 0.2)])
def test_the_gain_is_the_length_of_the_total_input_at_the_start(gain, length):
    """Under uniform coupling, with lower capsules of the given length and random directions."""
    sizes = (400, 8, 10, 16)
    layer = CapsuleLayer(*sizes, n_iter=1, eta=1.0, init_gain=gain, in_length=length)
    layer.reset_parameters(torch.Generator().manual_seed(0))
    u = torch.randn(50, 400, 8, generator=torch.Generator().manual_seed(1))
    u *= length / u.norm(dim=2, keepdim=True)
    s = layer.votes(u).mean(dim=1) * 400 / 10
    root_mean_square = s.square().sum(dim=2).mean().sqrt().item()
    assert root_mean_square == pytest.approx(gain, rel=0.05)


def test_weights_are_normal_with_the_documented_deviation():
    layer = CapsuleLayer(400, 8, 10, 16, n_iter=1, eta=1.0, init_gain=2.0)
    layer.reset_parameters(torch.Generator().manual_seed(0))
    std = 2.0 * 10 / math.sqrt(400 * 16)
    assert layer.weight.std().item() == pytest.approx(std, rel=0.01)
    assert layer.weight.mean().item() == pytest.approx(0, abs=std / 100)
    within = (layer.weight.abs() < std).float().mean().item()
    assert within == pytest.approx(0.6827, abs=0.005)


def test_weights_start_smaller_where_an_algorithm_couples_more():
    """Couplings of max-min are 1/2 on average, not 1/J."""
    usual, heavy = (layer_of(algorithm=name) for name in ("dynamic", "max_min"))
    torch.testing.assert_close(heavy.weight, usual.weight * 2 / 4)


def test_the_generator_decides_the_weights():
    assert torch.equal(layer_of(0).weight, layer_of(0).weight)
    assert not torch.equal(layer_of(0).weight, layer_of(1).weight)


@pytest.mark.parametrize("wrong", [{"n_iter": 0}, {"eta": 1.5}])
def test_senseless_routing_is_refused(wrong):
    key, value = next(iter(wrong.items()))
    with pytest.raises(ValueError, match=f"{key} = {value}"):
        CapsuleLayer(**SIZES | {"n_iter": 3, "eta": 1.0} | wrong)
