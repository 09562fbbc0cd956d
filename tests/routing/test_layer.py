"""A layer of capsules."""

import copy
import math
import re
from itertools import product

import jaxtyping
import numpy as np
import pytest
import torch

from capsnet_study.routing.algorithms import ALGORITHMS
from capsnet_study.routing.layer import CapsuleLayer
from capsnet_study.routing.params import InForce
from capsnet_study.routing.route import route, squash

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
    usual, heavy = (layer_of(eta=1.0, algorithm=name) for name in ("dynamic", "max_min"))
    torch.testing.assert_close(heavy.weight, usual.weight * 2 / 4)


def test_the_generator_decides_the_weights():
    assert torch.equal(layer_of(0).weight, layer_of(0).weight)
    assert not torch.equal(layer_of(0).weight, layer_of(1).weight)


# What is refused; without the checks of types and shapes that tests add


@pytest.fixture
def unchecked():
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


SENSELESS = [
    {"n_iter": 0},
    {"n_iter": 2.5},
    {"n_iter": True},
    {"eta": 1.5},
    {"eta": math.nan},
    {"eta": math.inf},
    {"gradient": "first"},
    {"temperature": 0.0},
    {"temperature": -1.0},
    {"temperature": math.nan},
    {"temperature": math.inf},
    {"couplings_of": "nobody"},
    {"algorithm": "magic"},
    {"in_caps": 0},
    {"in_dim": -1},
    {"out_caps": 2.5},
    {"out_dim": "6"},
    {"init_gain": math.nan},
    {"init_gain": 0.0},
    {"in_length": -1.0},
]
IGNORED = [
    ("kmeans", {"eta": 0.5}),
    ("em", {"gradient": "last"}),
    ("attention", {"temperature": 2.0}),
    ("leaky", {"couplings_of": "other"}),
    ("self_routing", {"n_iter": 3}),
]


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("wrong", SENSELESS, ids=str)
def test_senseless_parameters_are_refused_in_one_line(wrong):
    key, value = next(iter(wrong.items()))
    with pytest.raises(ValueError, match=f"^{key} = {re.escape(repr(value))}: .*[^.]$"):
        CapsuleLayer(**SIZES | {"n_iter": 2, "eta": 1.0} | wrong)


@pytest.mark.parametrize("algorithm, ignored", IGNORED)
def test_options_that_an_algorithm_would_ignore_are_refused(algorithm, ignored):
    key, value = next(iter(ignored.items()))
    with pytest.raises(ValueError, match=f"^{key} = {value!r}: with algorithm = '{algorithm}'"):
        CapsuleLayer(**SIZES | {"n_iter": 2, "eta": 1.0} | ignored, algorithm=algorithm)


@pytest.mark.usefixtures("unchecked")
def test_numbers_of_numpy_are_numbers():
    layer = CapsuleLayer(np.int64(7), 3, 4, 5, np.int64(3), np.float32(0.5))
    assert (layer.n_iter, layer.eta) == (3, 0.5)
    assert layer(torch.ones(2, 7, 3))[0].shape == (2, 4, 5)


@pytest.mark.usefixtures("path", "unchecked")
@pytest.mark.parametrize("wrong", [{"n_iter": 2.5}, {"eta": math.nan}, {"temperature": 0.0}])
def test_what_is_set_later_is_refused_when_it_is_used(u, wrong):
    layer, (key, value) = layer_of(), next(iter(wrong.items()))
    setattr(layer, key, value)
    with pytest.raises(ValueError, match=f"^{key} = {value}"):
        layer(u)


@pytest.mark.parametrize("certainty", [-0.1, 0.0, 1.0, math.nan])
def test_a_certainty_beyond_0_to_1_is_refused(u, certainty):
    layer = layer_of(eta=1.0)
    layer.set_routing(InForce(3, 1.0, certainty))
    with pytest.raises(ValueError, match=f"^certainty = {certainty}"):
        layer(u)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.int64])
def test_lower_capsules_of_another_type_are_refused_in_one_line(algorithm, dtype):
    """By the fused path, by the votes of the plain one, and by each algorithm."""
    layer = CapsuleLayer(**SIZES, n_iter=2, eta=1.0, algorithm=algorithm)
    for routed in (layer, layer.votes):
        with pytest.raises(ValueError) as refusal:
            routed(torch.ones(2, 7, 3).to(dtype))
        message = str(refusal.value)
        assert "\n" not in message and len(message) < 150
        assert f"{dtype}" in message and "u.to(torch.float32)" in message


@pytest.mark.usefixtures("unchecked")
def test_votes_and_biases_of_other_types_are_refused():
    with pytest.raises(ValueError, match=r"^votes are torch\.int64"):
        route(torch.ones(2, 3, 4, 5, dtype=torch.int64), 3, 1.0)
    with pytest.raises(ValueError, match=r"^bias: torch\.float64 is not torch\.float32"):
        route(torch.ones(2, 3, 4, 5), 3, 1.0, bias=torch.ones(4, 5, dtype=torch.float64))


@pytest.mark.usefixtures("path", "unchecked")
@pytest.mark.parametrize("shape", [(7, 3), (2, 6, 3), (2, 7, 4)])
def test_lower_capsules_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"\[batch, 7, 3\] is needed"):
        CapsuleLayer(**SIZES, n_iter=2, eta=1.0)(torch.ones(shape))


# Device and type


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_layer_is_made_on_a_device_and_of_a_type(algorithm):
    made = {"device": "meta", "dtype": torch.float16}
    layer = CapsuleLayer(**SIZES, n_iter=2, eta=1.0, bias=True, algorithm=algorithm, **made)
    held = [*layer.parameters(), *layer.buffers()]
    assert {(one.device.type, one.dtype) for one in held} == {("meta", torch.float16)}
    v, _ = layer(torch.ones(2, 7, 3, **made))
    assert v.shape == (2, 4, 5) and v.device.type == "meta"


def test_initial_weights_can_be_skipped():
    layer = torch.nn.utils.skip_init(CapsuleLayer, **SIZES, n_iter=2, eta=1.0, dtype=torch.float64)
    assert layer.weight.device.type == "cpu" and layer.weight.dtype == torch.float64
    layer.reset_parameters(torch.Generator().manual_seed(0))
    assert torch.equal(layer.weight, layer_of().weight)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("autocast", [False, True])
def test_half_precision_gives_the_same_but_for_rounding(algorithm, dtype, autocast):
    """Value and gradient; its own types, or those that autocast makes of float32."""
    layer = CapsuleLayer(60, 8, 10, 16, 2, 1.0, bias=True, algorithm=algorithm)
    layer.reset_parameters(torch.Generator().manual_seed(0))
    u = squash(torch.randn(4, 60, 8, generator=torch.Generator().manual_seed(1)))
    found = []
    for half in (False, True):
        one = copy.deepcopy(layer).to(dtype if half and not autocast else torch.float32)
        lower = u.to(dtype if half else torch.float32).requires_grad_()
        with torch.autocast("cpu", dtype, enabled=half and autocast):
            v, c = one(lower)
        du, dweight = torch.autograd.grad(v.float().pow(3).sum(), [lower, one.weight])
        found.append([part.detach().float() for part in (v, c, du, dweight)])
    tolerance = 40 * torch.finfo(dtype).eps
    for exact, rounded in zip(*found, strict=True):
        assert (rounded - exact).norm() < tolerance * exact.norm()
