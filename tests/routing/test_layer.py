"""A layer of capsules."""

import math

import pytest
import torch

from capsnet_study.routing import CapsuleLayer, route

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
    matrices = layer.weight.view(7, 3, 4, 5)
    votes = layer.votes(u)
    assert votes.shape == (2, 7, 4, 5)
    torch.testing.assert_close(votes, torch.einsum("nid,idjk->nijk", u, matrices))
    by_hand = sum(u[1, 6, d] * matrices[6, d, 2] for d in range(3))
    torch.testing.assert_close(votes[1, 6, 2], by_hand)


@pytest.mark.parametrize("gradient", ["full", "last"])
@pytest.mark.parametrize("bias", [False, True])
def test_forward_routes_the_votes(u, gradient, bias):
    layer = layer_of(gradient=gradient, bias=bias)
    expected = route(layer.votes(u), 3, 0.7, gradient, layer.bias)
    for found, wanted in zip(layer(u), expected, strict=True):
        torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("gradient", ["full", "last"])
def test_gradients_of_forward_are_those_of_route(u, gradient):
    layer = layer_of(gradient=gradient, bias=True)
    parameters = [layer.weight, layer.bias]
    found = torch.autograd.grad(layer(u)[0].square().sum(), parameters)
    reference = route(layer.votes(u), 3, 0.7, gradient, layer.bias)[0]
    for one, other in zip(
        found, torch.autograd.grad(reference.square().sum(), parameters), strict=True
    ):
        torch.testing.assert_close(one, other)


def test_a_bias_moves_the_upper_capsules_without_any_input():
    layer = layer_of(bias=True)
    v, _ = layer(torch.zeros(2, 7, 3, dtype=torch.float64))
    r = layer.bias.norm(dim=1)
    torch.testing.assert_close(v.norm(dim=2), (r**2 / (1 + r**2)).expand(2, 4))
    assert layer_of().bias is None


def test_biases_start_at_zero():
    assert not CapsuleLayer(**SIZES, n_iter=1, eta=1.0, bias=True).bias.any()


def test_eta_set_anew_is_in_force_at_once(u):
    layer = layer_of()
    _, before = layer(u)
    layer.eta = 0.0
    _, after = layer(u)
    assert (before != 0.25).any() and (after == 0.25).all()


@pytest.mark.parametrize("gain", [0.5, 1.0, 3.0])
def test_the_gain_is_the_length_of_the_total_input_at_the_start(gain):
    """Under uniform coupling, with lower capsules of length 1 and random directions."""
    layer = CapsuleLayer(400, 8, 10, 16, n_iter=1, eta=1.0, init_gain=gain)
    layer.reset_parameters(torch.Generator().manual_seed(0))
    u = torch.randn(50, 400, 8, generator=torch.Generator().manual_seed(1))
    s = layer.votes(u / u.norm(dim=2, keepdim=True)).mean(dim=1) * 400 / 10
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


def test_the_generator_decides_the_weights():
    assert torch.equal(layer_of(0).weight, layer_of(0).weight)
    assert not torch.equal(layer_of(0).weight, layer_of(1).weight)


@pytest.mark.parametrize("wrong", [{"n_iter": 0}, {"eta": 1.5}])
def test_senseless_routing_is_refused(wrong):
    key, value = next(iter(wrong.items()))
    with pytest.raises(ValueError, match=f"{key} = {value}"):
        CapsuleLayer(**SIZES | {"n_iter": 3, "eta": 1.0} | wrong)
