"""A layer of capsules: votes, routing, initial weights, what it refuses, types and devices."""

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
from capsnet_study.routing.route import route, squash

SIZES = dict(in_caps=7, in_dim=3, out_caps=4, out_dim=5)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def layer_of(seed=0, **changed) -> CapsuleLayer:
    layer = CapsuleLayer(**SIZES | dict(n_iter=3, eta=0.7) | changed).double()
    layer.reset_parameters(seeded(seed))
    if layer.bias is not None:
        torch.nn.init.normal_(layer.bias, generator=seeded(seed))
    return layer


@pytest.fixture
def u():
    return torch.randn(2, 7, 3, generator=seeded(), dtype=torch.float64)


@pytest.fixture(params=["fused", "plain"])
def path(request, monkeypatch):
    """Route by each of the two implementations."""
    monkeypatch.setenv("CAPS_ROUTING", request.param)


@pytest.fixture
def unchecked():
    """Leave out the checks of types and shapes that only tests have."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def test_each_vote_is_a_matrix_times_a_lower_capsule(u):
    layer = layer_of()
    votes = layer.votes(u)
    assert layer.weight.shape == (7, 4, 5, 3) and votes.shape == (2, 7, 4, 5)
    for n, i, j in product(range(2), range(7), range(4)):
        torch.testing.assert_close(votes[n, i, j], layer.weight[i, j] @ u[n, i])


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize(
    "options",
    [{}, {"bias": True}, {"gradient": "last"}, {"temperature": 2.0, "bias": True}],
    ids=str,
)
def test_a_layer_routes_its_votes_with_their_gradients(u, options):
    layer = layer_of(**options)
    leaves = [u.requires_grad_(), *layer.parameters()]
    found = layer(u)
    expected = route(
        layer.votes(u), 3, 0.7, layer.gradient, layer.bias, options.get("temperature", 1.0)
    )
    torch.testing.assert_close(found, expected)
    grads = [torch.autograd.grad(v.square().sum(), leaves) for v in (found[0], expected[0])]
    torch.testing.assert_close(*grads)


@pytest.mark.usefixtures("path")
def test_a_new_eta_is_in_force_at_once_and_checked(u):
    layer = layer_of()
    _, before = layer(u)
    layer.eta = 0.0
    _, after = layer(u)
    assert (before != 0.25).any() and (after == 0.25).all()
    layer.eta = 1.5
    with pytest.raises(ValueError, match=r"eta = 1\.5"):
        layer(u)


# Initial weights


@pytest.mark.parametrize("gain, length", [(0.5, 1.0), (3.0, 1.0), (1.0, 0.2)])
def test_the_gain_is_the_length_of_total_inputs_at_the_start(gain, length):
    """Under uniform coupling, with lower capsules of the given length and random directions."""
    sizes = (400, 8, 10, 16)
    layer = CapsuleLayer(*sizes, n_iter=1, eta=1.0, init_gain=gain, in_length=length, bias=True)
    layer.reset_parameters(seeded())
    u = torch.randn(50, 400, 8, generator=seeded(1))
    u *= length / u.norm(dim=2, keepdim=True)
    s = layer.votes(u).mean(dim=1) * 400 / 10
    assert s.square().sum(dim=2).mean().sqrt().item() == pytest.approx(gain, rel=0.05)
    assert not layer.bias.any()
    within = (layer.weight.abs() < layer.weight.std()).float().mean().item()
    assert within == pytest.approx(0.6827, abs=0.005)  # normal


# What is refused


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    "wrong",
    [
        {"n_iter": 2.5},
        {"eta": math.nan},
        {"temperature": math.inf},
        {"algorithm": "magic"},
        {"out_dim": "6"},
        {"in_length": -1.0},
    ],
    ids=str,
)
def test_invalid_parameters_are_refused_in_one_line(wrong):
    ((key, value),) = wrong.items()
    with pytest.raises(ValueError, match=f"^{key} = {re.escape(repr(value))}: .*[^.]$"):
        CapsuleLayer(**SIZES | {"n_iter": 2, "eta": 1.0} | wrong)


@pytest.mark.usefixtures("unchecked")
def test_numbers_of_numpy_are_accepted():
    layer = CapsuleLayer(np.int64(7), 3, 4, 5, np.int64(3), np.float32(0.5))
    assert (layer.n_iter, layer.eta) == (3, 0.5)
    assert layer(torch.ones(2, 7, 3))[0].shape == (2, 4, 5)


@pytest.mark.usefixtures("path", "unchecked")
@pytest.mark.parametrize("shape", [(7, 3), (2, 6, 3), (2, 7, 4)])
def test_lower_capsules_of_another_shape_are_refused(shape):
    """Compiled code would read beyond the end of an array."""
    with pytest.raises(ValueError, match=r"\[batch, 7, 3\] is needed"):
        CapsuleLayer(**SIZES, n_iter=2, eta=1.0)(torch.ones(shape))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_lower_capsules_of_another_type_are_refused(algorithm):
    layer = CapsuleLayer(**SIZES, n_iter=2, eta=1.0, algorithm=algorithm)
    for dtype in (torch.float64, torch.float16, torch.int64):
        for routed in (layer, layer.votes):
            with pytest.raises(ValueError, match=rf"{dtype}.*u\.to\(torch\.float32\)"):
                routed(torch.ones(2, 7, 3).to(dtype))


@pytest.mark.usefixtures("unchecked")
def test_votes_and_biases_of_other_types_are_refused():
    with pytest.raises(ValueError, match=r"^votes are torch\.int64"):
        route(torch.ones(2, 3, 4, 5, dtype=torch.int64), 3, 1.0)
    with pytest.raises(ValueError, match=r"^bias: torch\.float64 is not torch\.float32"):
        route(torch.ones(2, 3, 4, 5), 3, 1.0, bias=torch.ones(4, 5, dtype=torch.float64))


# Devices and types


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_layer_is_made_on_a_device_and_of_a_type(algorithm):
    made = {"device": "meta", "dtype": torch.float16}
    layer = CapsuleLayer(**SIZES, n_iter=2, eta=1.0, bias=True, algorithm=algorithm, **made)
    held = [*layer.parameters(), *layer.buffers()]
    assert {(one.device.type, one.dtype) for one in held} == {("meta", torch.float16)}
    v, _ = layer(torch.ones(2, 7, 3, **made))
    assert v.shape == (2, 4, 5) and v.device.type == "meta"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("autocast", [False, True])
def test_half_precision_differs_by_rounding_only(algorithm, dtype, autocast):
    """In value and gradient, whether weights are of that type or `torch.autocast` converts."""
    layer = CapsuleLayer(60, 8, 10, 16, 2, 1.0, bias=True, algorithm=algorithm)
    layer.reset_parameters(seeded())
    u = squash(torch.randn(4, 60, 8, generator=seeded(1)))
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
